"""Who is expected, seen by a real Prometheus: exporters and platform say it, and `up` joins with what they say.

One exporter and the platform's metrics, both real, over fleet files that differ: a target that the exporter has at another site, one
that it does not have, one of another source. Prometheus runs on the configuration that `deploy/prometheus` makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import prometheus_client
import pytest

from deploy.integrations.render import CATALOGUE
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from deploy.prometheus import render
from sankofa_exporters.config.place import PLACE_LABELS
from sankofa_exporters.serving.self_metrics import TARGET_INFO, TARGET_LABELS
from sankofa_observe import telemetry
from sankofa_observe.adapters.integrations.targets import target_groups, write_groups
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.operations.metrics import PipelineMetrics
from sankofa_observe.operations.registry import ProcessMetrics
from tests.pace import until

OBSERVER = "observer-east"
PLACE = (*PLACE_LABELS, "system")
JOIN = f"on ({', '.join(PLACE)})"
JOIN_TARGET = f"on ({', '.join(TARGET_LABELS)})"
EMPTY = "gateway-1"  # answers 200 with nothing in it
Row = tuple[str, ...]


def site(name: str, *nodes: str, gateway: str = "") -> dict[str, Any]:
    """A place with Besu nodes that nobody listens at, and a gateway where one is given."""
    besu = {"besu": {node: {"module": "node", "endpoint": "http://127.0.0.1:1"} for node in nodes}} if nodes else {}
    others = {"gateway": {EMPTY: {"address": gateway}}} if gateway else {}
    return {"name": name, "tier": "edge", "region": "r1", "targets": besu | others}


def fleet(file: Path, *sites: dict[str, Any]) -> Path:
    head = {"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "metadata": {"name": "f"}}
    file.write_text(json.dumps({**head, "spec": {"sites": sites}}))
    return file


class _Empty(BaseHTTPRequestHandler):
    """200, and not one family."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@dataclass(kw_only=True)
class World:
    """The programs, and what the exporter reads."""

    url: str
    exporter: str
    exporters_fleet: Path

    def rows(self, expression: str, *labels: str) -> set[Row]:
        answer = local.get(f"{self.url}/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        return {tuple(one["metric"].get(label, "") for label in labels) for one in answer["data"]["result"]}

    def wait_for(self, ready: Callable[[], bool]) -> None:
        until(ready)


@pytest.fixture
def world(processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The platform has node-a at site a and node-b at site b; the exporter has node-a at site b, an old file, and node-b too."""
    empty = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    Thread(target=empty.serve_forever, daemon=True).start()
    gateway = f"127.0.0.1:{empty.server_port}"
    told = fleet(tmp_path / "fleet.yaml", site("a", "node-a", gateway=gateway), site("b", "node-b", "node-new"))
    old = fleet(tmp_path / "old.yaml", site("b", "node-a", "node-b"))

    process = ProcessMetrics()
    PipelineMetrics(process, load_catalog([told]))
    platform, _ = prometheus_client.start_http_server(0, "127.0.0.1", process.registry)
    exporter = f"127.0.0.1:{free_port()}"
    (tmp_path / "besu.yml").write_text("modules: {node: {}}\n")
    options = [f"--config.file={tmp_path}/besu.yml", f"--fleet.file={old}", f"--web.listen-address={exporter}"]
    child = processes.start("exporter", [sys.executable, "-m", "sankofa_exporters.cli", "besu", *options])

    write_groups(target_groups(CATALOGUE, told), tmp_path / "targets")
    monkeypatch.setattr(render, "DISCOVERY_SECONDS", 1)
    config = render.render(
        scrape_interval="1s",
        evaluation_interval="60s",
        exporters={"besu": render.Exporter(address=exporter)},
        platform=f"127.0.0.1:{platform.server_port}",
        alertmanager=None,
        rule_files=[],
        integrations={"gateway": ""},
        targets=str(tmp_path / "targets"),
        observer=OBSERVER,
    )
    (tmp_path / "prometheus.yml").write_text(config)
    processes.wait_until(child, answers(f"http://{exporter}/-/ready"))
    listen = f"127.0.0.1:{free_port()}"
    command = [need_program("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--web.listen-address={listen}"]
    server = processes.start("prometheus", [*command, f"--storage.tsdb.path={tmp_path}/data", "--log.level=warn"])
    processes.wait_until(server, answers(f"http://{listen}/-/ready"))
    yield World(url=f"http://{listen}", exporter=exporter, exporters_fleet=old)
    for one in (platform, empty):
        one.shutdown()
        one.server_close()


@pytest.mark.real("prometheus")
def test_expected_targets_are_told_by_both_and_join_with_up(world: World) -> None:
    """Where the two differ, where a scrape shows nothing, and where a target fell out of discovery, a join says which it is."""
    jobs = {"sankofa-besu", "gateway", "sankofa-exporter", "sankofa-platform"}
    world.wait_for(lambda: {job for (job,) in world.rows("up", "job")} == jobs)
    world.wait_for(lambda: len(world.rows(TARGET_INFO, "job", "target")) == 6)

    # Both say it in the same words; each is known by its job.
    both = f'{TARGET_INFO}{{job="sankofa-exporter"}} and {JOIN_TARGET} {TARGET_INFO}{{job="sankofa-platform"}}'
    assert world.rows(both, *TARGET_LABELS) == {("edge", "r1", "b", "besu", "node-b")}
    by = f'{TARGET_INFO}{{job="%s"}} unless {JOIN_TARGET} {TARGET_INFO}{{job="%s"}}'
    assert world.rows(by % ("sankofa-exporter", "sankofa-platform"), *TARGET_LABELS) == {
        ("edge", "r1", "b", "besu", "node-a")
    }
    assert world.rows(by % ("sankofa-platform", "sankofa-exporter"), *TARGET_LABELS) == {
        ("edge", "r1", "a", "besu", "node-a"),
        ("edge", "r1", "b", "besu", "node-new"),
        ("edge", "r1", "a", "gateway", EMPTY),
    }

    # Of site a's system besu nothing is scraped, though the exporter answers: it is expected and not there.
    missing = f"group by ({', '.join(PLACE)}) ({TARGET_INFO}) unless {JOIN} up"
    assert world.rows(missing, *PLACE) == {("edge", "r1", "a", "besu")}

    # A scrape of 200 without families is up, is expected, and shows nothing.
    shown = f'up{{system="gateway"}} == 1 and {JOIN} {TARGET_INFO} and on (instance) scrape_samples_scraped == 0'
    assert world.rows(shown, *PLACE, "instance") == {("edge", "r1", "a", "gateway", EMPTY)}

    # Every target names its observer, the observers' own processes too, and none of our labels had to give way.
    assert world.rows("up", "observer") == {(OBSERVER,)}
    assert world.rows('up{job="sankofa-exporter"}', "system") == {("besu",)}
    renamed = " or ".join(f'{{__name__=~"sankofa_.+",exported_{label}!=""}}' for label in (*TARGET_LABELS, "observer"))
    assert world.rows(renamed, "__name__") == set()

    # The exporter reads a file without node-b: `up` ends, and the platform still expects it.
    fleet(world.exporters_fleet, site("a", "node-a"))
    assert local.post(f"http://{world.exporter}/-/reload").text == "reloaded\n"
    world.wait_for(lambda: world.rows(missing, *PLACE) == {("edge", "r1", "b", "besu")})
    assert world.rows(f'{TARGET_INFO}{{job="sankofa-exporter"}}', *TARGET_LABELS) == {
        ("edge", "r1", "a", "besu", "node-a")
    }


def test_exporters_and_platform_name_the_series_of_expected_targets_alike() -> None:
    """Neither imports the other, and rules ask for one name."""
    assert (telemetry.TARGET_INFO.name, telemetry.TARGET_INFO.labels) == (TARGET_INFO, TARGET_LABELS)
