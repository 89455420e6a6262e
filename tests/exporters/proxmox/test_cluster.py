"""Against a running fake of Proxmox VE 9: the demo's faults, the bounds, and the secrecy of the token."""

from __future__ import annotations

import logging
import stat
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.lab.processes import CHECKOUT, Processes, answers, free_port
from sankofa_exporters.bounds import Bounds
from sankofa_exporters.proxmox.settings import ProxmoxModule, ProxmoxTarget
from sankofa_exporters.proxmox.system import SYSTEM
from sankofa_exporters.server import Exporter, build_app
from sankofa_exporters.settings import Document

pytestmark = pytest.mark.real("fakepve")
Values = dict[tuple[str, ...], float]


class Lab:
    """A running fake cluster, its switch, and an exporter that watches it."""

    def __init__(self, processes: Processes, folder: Path, *options: str) -> None:
        port, control = free_port(), free_port()
        script = [sys.executable, str(CHECKOUT / "deploy" / "lab" / "fakepve_cluster.py"), *options]
        ports = ["--port", str(port), "--control-port", str(control), "--folder", str(folder)]
        self.url, self.control, self.folder = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{control}", folder
        self.child = processes.start(f"fakepve-{port}", [*script, *ports])
        processes.wait_until(self.child, answers(self.control))

    def switch(self, path: str) -> None:
        httpx.post(f"{self.control}{path}", trust_env=False).raise_for_status()

    def module(self, **changes: Any) -> ProxmoxModule:
        return ProxmoxModule(**{"token_file": self.folder / "token", "ca_file": self.folder / "ca.pem", **changes})

    def exporter(self, *seeds: str, limits: Bounds | None = None, **module: Any) -> Exporter:
        target = ProxmoxTarget(module="pve", endpoints=seeds or (self.url,))
        document = Document[ProxmoxModule, ProxmoxTarget](
            modules={"pve": self.module(**module)}, targets={"edge-1": target}, limits=limits or Bounds()
        )
        return Exporter(system=SYSTEM, document=document)


@pytest.fixture
def lab(processes: Processes, tmp_path: Path) -> Lab:
    return Lab(processes, tmp_path / "pve")


class Watch:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def text(self, *, scrape_timeout: float = 10) -> str:
        headers = {"x-prometheus-scrape-timeout-seconds": str(scrape_timeout)}
        answer = await self.client.get("/probe?target=edge-1", headers=headers)
        assert answer.status_code == 200
        return answer.text

    async def values(self, *, scrape_timeout: float = 10) -> Values:
        families = text_string_to_metric_families(await self.text(scrape_timeout=scrape_timeout))
        return {
            (sample.name.removeprefix("sankofa_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }


async def watching(exporter: Exporter) -> AsyncIterator[Watch]:
    app = build_app(exporter)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield Watch(client)


@pytest.fixture
async def watch(lab: Lab) -> AsyncIterator[Watch]:
    async for found in watching(lab.exporter(limits=Bounds(body_bytes=1_000_000))):
        yield found


def pair(found: Values) -> tuple[float, float]:
    return found["pve_up",], found["pve_known",]


async def test_quorum_and_nodes_follow_the_cluster(lab: Lab, watch: Watch) -> None:
    """Quorum lost is down, restored is up; a node offline takes its guests from running to unknown."""
    assert pair(await watch.values()) == (1, 1)

    lab.switch("/quorum/lost")
    lost = await watch.values()
    assert (pair(lost), lost["pve_cluster_quorate",]) == ((0, 1), 0)

    lab.switch("/quorum/restored")
    lab.switch("/node/pve2/offline")
    found = await watch.values()
    assert (pair(found), found["pve_quorum_margin_votes",], found["pve_node_online", "pve2"]) == ((1, 1), 0, 0)
    assert (found["pve_guest_known", "qemu/101"], found["pve_guests", "unknown"]) == (0, 2)


async def test_faults_of_the_api_are_unknown_with_their_kind(lab: Lab, watch: Watch) -> None:
    """500, 401, 403, HTML, redirect, garbage, a flood, a hang and a drip: up 0, known 0, and the right kind."""
    expected = {
        "500": "http",
        "401": "auth",
        "403": "permission",
        "html": "decode",
        "redirect": "http",
        "garbage": "decode",
        "huge": "limit",
        "hang": "timeout",
        "drip": "timeout",
    }
    found = {}
    for mode in expected:
        lab.switch(f"/http/{mode}")
        answer = await watch.values(scrape_timeout=0.8 if mode in {"hang", "drip"} else 5)
        found[mode] = (pair(answer), [key[2] for key in answer if key[:2] == ("collector_error", "cluster")])

    assert found == {mode: ((0, 0), [kind]) for mode, kind in expected.items()}

    lab.switch("/http/ok")
    assert pair(await watch.values()) == (1, 1)


async def test_dead_seeds_cost_time_and_not_the_verdict(lab: Lab) -> None:
    """A seed that refuses and one that speaks no TLS come first: the third answers, and next time it is asked first."""
    refuses, plain = f"https://127.0.0.1:{free_port()}", lab.control.replace("http:", "https:")
    async for watch in watching(lab.exporter(refuses, plain, lab.url)):
        assert pair(await watch.values()) == (1, 1)

        started = time.monotonic()
        assert pair(await watch.values()) == (1, 1)
        assert time.monotonic() - started < 0.5


async def test_quorate_witness_outweighs_a_lost_one(lab: Lab, processes: Processes) -> None:
    """The first seed sits in the minority and denies quorum; a later one is quorate, so the cluster lives."""
    minority = Lab(processes, lab.folder)
    minority.switch("/quorum/lost")
    async for watch in watching(lab.exporter(minority.url)):
        assert pair(await watch.values()) == (0, 1)
    async for watch in watching(lab.exporter(minority.url, lab.url)):
        assert pair(await watch.values()) == (1, 1)


async def test_wrong_ca_and_missing_token_are_told_apart(lab: Lab, processes: Processes, tmp_path: Path) -> None:
    """A cluster signed by another CA is tls; a token file that vanished is auth; both are unknown."""
    stranger = Lab(processes, tmp_path / "stranger")
    async for watch in watching(lab.exporter(ca_file=stranger.folder / "ca.pem")):
        found = await watch.values()
        assert (pair(found), found["collector_error", "cluster", "tls"]) == ((0, 0), 1)
    exporter = lab.exporter()
    (lab.folder / "token").unlink()
    async for watch in watching(exporter):
        found = await watch.values()
        assert (pair(found), found["collector_error", "cluster", "auth"]) == ((0, 0), 1)


async def test_missing_rights_are_named(processes: Processes, tmp_path: Path) -> None:
    """A token without VM.Audit sees no guests: nothing is counted and the missing right has a series."""
    weak = Lab(processes, tmp_path / "weak", "--without", "VM.Audit")
    async for watch in watching(weak.exporter()):
        found = await watch.values()

    assert found["pve_privilege_missing", "/vms", "VM.Audit"] == 1
    assert ("pve_guests", "running") not in found
    assert found["pve_guest_list_complete",] == 0


async def test_token_is_never_told(lab: Lab, watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Through every fault, at debug level: no answer, log line or repr holds the token's secret."""
    caplog.set_level(logging.DEBUG)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # as the command sets them
    secret = (lab.folder / "token").read_text().strip().partition("=")[2]
    texts = [repr(lab.exporter()), repr(lab.module())]
    for mode in ("ok", "500", "401", "403", "html", "redirect", "garbage"):
        lab.switch(f"/http/{mode}")
        texts.append(await watch.text())
    (lab.folder / "token").write_text(f"broken {secret}")
    texts.append(await watch.text())
    texts += [(await watch.client.get(path)).text for path in ("/", "/metrics")]

    assert len(secret) == 32
    assert not [text for text in [*texts, caplog.text] if secret in text]


def test_lab_writes_the_token_for_its_owner_only(lab: Lab) -> None:
    """The token file has mode 600."""
    assert stat.S_IMODE((lab.folder / "token").stat().st_mode) == 0o600


async def test_probe_asks_four_times(lab: Lab) -> None:
    """A probe in health is four upstream calls, each a GET."""
    exporter = lab.exporter()
    sent: list[str] = []
    source = exporter.source("edge-1", None)

    async def count(request: httpx.Request) -> None:
        sent.append(f"{request.method} {request.url.path}")

    source.client.http.event_hooks["request"].append(count)  # type: ignore[attr-defined]
    async for watch in watching(exporter):
        await watch.values()

    assert sorted(sent) == [
        "GET /api2/json/access/permissions",
        "GET /api2/json/cluster/resources",
        "GET /api2/json/cluster/status",
        "GET /api2/json/version",
    ]
