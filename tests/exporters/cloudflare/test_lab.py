"""The exporter before both doubles as programs of their own: faults on the wire, bounds, deadlines, secrecy."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.lab.client import local
from deploy.lab.cloudflare_api_double import ACCOUNT
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import CHECKOUT
from sankofa_exporters.cloudflare.settings import AccountSettings, CloudflareModule, TunnelTarget
from sankofa_exporters.cloudflare.system import SYSTEM
from sankofa_exporters.config.settings import Document
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.serving.app import Exporter
from sankofa_exporters.serving.files import Settings
from tests.exporters.watching import watching
from tests.pace import growing, limit

from .recorded import TUNNEL, errors, pair

SCRIPTS = CHECKOUT / "deploy" / "lab"


class Lab:
    """Two connectors and an account as running programs, and their switches."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.folder = folder
        self.token_files = 0
        self.ports = [free_port(), free_port()]
        self.cloudflared, self.api, self.api_control = free_port(), free_port(), free_port()
        ports = [part for port in self.ports for part in ("--port", str(port))]
        self.start(processes, "cloudflared_double", self.cloudflared, *ports)
        options = ["--port", str(self.api), "--folder", str(folder), "--tunnel-id", TUNNEL]
        self.start(processes, "cloudflare_api_double", self.api_control, *options)

    def start(self, processes: Processes, name: str, control: int, *options: str) -> None:
        command = [sys.executable, str(SCRIPTS / f"{name}.py"), "--control-port", str(control), *options]
        processes.wait_until(processes.start(name, command), answers(f"http://127.0.0.1:{control}"))

    def switch(self, path: str) -> None:
        """`/api/…` is thrown at the account, everything else at the connectors."""
        account = path.startswith("/api/")
        url = f"http://127.0.0.1:{self.api_control if account else self.cloudflared}{path.removeprefix('/api')}"
        local.post(url).raise_for_status()

    def fresh_token_file(self) -> Path:
        """That a token was refused is remembered by its file, for as long as the process lives."""
        self.token_files += 1
        file = self.folder / f"token-{self.token_files}"
        file.write_text((self.folder / "token").read_text())
        return file

    def exporter(self, **module: float) -> Exporter:
        self.token_file = self.fresh_token_file()
        account = AccountSettings(
            account_id=ACCOUNT, token_file=self.token_file, api=f"http://127.0.0.1:{self.api}/client/v4"
        )
        target = TunnelTarget(
            module="m", tunnel_id=TUNNEL, connectors=tuple(f"127.0.0.1:{port}" for port in self.ports)
        )
        document = Document[CloudflareModule, TunnelTarget](
            modules={"m": CloudflareModule(account=account, **module)},
            targets={"edge-1": target},
            limits=Bounds(body_bytes=1_000_000),
        )
        return Exporter(system=SYSTEM, settings=Settings(document=document))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("tunnels")
    with Processes(folder=folder) as processes:
        yield Lab(processes, folder / "api")


FAULTS = {
    "500": "http",
    "503": "decode",
    "html": "decode",
    "garbage": "decode",
    "redirect": "http",
    "huge": "limit",
    "hang": "timeout",
    "drip": "timeout",
}


async def test_faults_of_connectors_have_their_kind_and_leave_the_account(lab: Lab) -> None:
    """Each fault at both connectors: the account alone, up; each address has its kind of failure."""
    found = {}
    for mode in FAULTS:
        patience = 0.5 if mode in {"hang", "drip"} else min(limit(3), 60)
        async with watching(lab.exporter(connector_timeout_seconds=patience)) as watch:
            lab.switch(f"/all/http/{mode}")
            answer = await watch.values()
            kinds = {kind for collector, kind in errors(answer) if collector.startswith("ready")}
            found[mode] = (pair(answer), answer["tunnel_witnesses",], kinds)
    lab.switch("/all/http/ok")

    assert found == {mode: ((1, 1), 1, {kind}) for mode, kind in FAULTS.items()}


async def test_faults_of_the_api_have_their_kind_and_leave_the_connectors(lab: Lab) -> None:
    """Each fault at a fresh account: the connectors alone, up."""
    expected = {**FAULTS, "401": "auth", "403": "permission", "malformed": "auth", "429": "limit"}
    del expected["503"]
    found = {}
    for mode in expected:
        lab.switch(f"/api/http/{mode}")
        for seconds in growing(0.8) if mode in {"hang", "drip"} else (limit(10),):
            async with watching(lab.exporter()) as watch:
                answer = await watch.values(scrape_timeout=seconds)
            kinds = {kind for collector, kind in errors(answer) if collector == "account"}
            found[mode] = (pair(answer), answer["tunnel_witnesses",], kinds)
            if answer["tunnel_witnesses",] == 1:
                break
    lab.switch("/api/http/ok")

    assert found == {mode: ((1, 1), 1, {kind}) for mode, kind in expected.items()}


async def test_silent_connector_delays_the_other_by_nothing(lab: Lab) -> None:
    """One hangs: the other's families are there before it is given up, and the probe ends with its time limit."""
    lab.switch(f"/{lab.ports[0]}/http/hang")
    silent, other = (f"ready 127.0.0.1:{port}" for port in lab.ports)
    for seconds in growing(0.5):
        async with watching(lab.exporter(connector_timeout_seconds=min(seconds, 60))) as watch:
            found = await watch.values(scrape_timeout=120)
        if found["collector_success", other]:
            break
    lab.switch("/all/http/ok")

    assert found["collector_duration_seconds", other] < found["collector_duration_seconds", silent]
    assert found["probe_duration_seconds",] < 119.5  # its own end, not the deadline's
    assert (pair(found), found["tunnel_witnesses",], found["tunnel_edge_sites",]) == ((1, 1), 2, 2)


async def test_lost_edge_ends_as_down_over_the_wire(lab: Lab) -> None:
    """Both connectors lose the edge and the account says down: down and known; an exporter started anew agrees at once."""
    lab.switch("/all/edge/lost")
    lab.switch(f"/api/tunnel/{TUNNEL}/down")
    async with watching(lab.exporter()) as watch:
        found = await watch.values()
    lab.switch("/all/edge/restored")
    lab.switch(f"/api/tunnel/{TUNNEL}/healthy")

    assert (pair(found), found["tunnel_witnesses",]) == ((0, 1), 2)


async def test_token_is_never_told(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Through every fault, at debug level: no answer, log line or repr holds the token."""
    caplog.set_level(logging.DEBUG)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # as the command sets them
    secret = (lab.folder / "token").read_text().strip()
    texts = []
    for mode in ("ok", "500", "401", "403", "malformed", "429", "html", "garbage", "redirect"):
        lab.switch(f"/api/http/{mode}")
        exporter = lab.exporter()
        async with watching(exporter) as watch:
            texts += [await watch.text(), repr(exporter), repr(list(exporter.sources.opened.values()))]
            texts += [
                (await watch.client.get(path)).text for path in ("/", "/metrics", "/probe?target=edge-1&debug=true")
            ]
    lab.switch("/api/http/ok")
    exporter = lab.exporter()
    lab.token_file.write_text(f"two words {secret}")
    async with watching(exporter) as watch:
        texts.append(await watch.text())

    assert len(secret) == 40
    assert not [text for text in [*texts, caplog.text] if secret in text]


def test_lab_writes_the_token_for_its_owner_only(lab: Lab) -> None:
    """The token file has mode 600."""
    assert stat.S_IMODE((lab.folder / "token").stat().st_mode) == 0o600
