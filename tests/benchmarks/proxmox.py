"""A 16-node, 1,000-guest cluster: our probe against prometheus-pve-exporter on the same fakepve, turn and turn about."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT, need_program

from .report import Row, Table, less
from .watched import cpu_seconds, peak_mib

NODES, GUESTS, ROUNDS = 16, 1_000, 15
BROKEN = (
    "nodes/*/replication",
    "cluster/ha/status/current",
    "cluster/backup-info/not-backed-up",
    "cluster/resources",
    "cluster/status",
    "version",
)


@dataclass(kw_only=True)
class Side:
    """One exporter under the same load."""

    name: str
    child: Child
    url: str
    durations: list[float]
    calls: int = 0
    cpu: float = 0.0

    def probe(self) -> httpx.Response:
        return local.get(self.url, timeout=30)

    def measure(self, control: str) -> None:
        local.post(f"{control}/calls/reset")
        before, started = cpu_seconds(self.child.process.pid), time.monotonic()
        self.probe().raise_for_status()
        self.durations.append(time.monotonic() - started)
        self.cpu += cpu_seconds(self.child.process.pid) - before
        self.calls += sum(local.get(control).json()["calls"].values())


def run() -> Table:
    with TemporaryDirectory() as folder, Processes(folder=Path(folder)) as processes:
        control, api = _cluster(processes)
        sides = (_ours(processes, api), _theirs(processes, api), _theirs(processes, api, "--no-collector.config"))
        for side in sides:
            side.probe()  # connections, caches and imports of both
        for _ in range(ROUNDS):
            for side in sides:
                side.measure(control)
        ours, theirs, lighter = sides
        rows = [
            *_rows(ours, theirs),
            _median("the peer without its collector of guests' configurations", ours, lighter),
        ]
        rows += [_with_broken(path, control, ours, theirs) for path in BROKEN]
    return Table(
        title=f"One probe of a Proxmox cluster with {NODES} nodes and {GUESTS:,} guests",
        peer="prometheus-pve-exporter",
        how=(
            f"Both exporters run as services against one fakepve over TLS and are probed in turn, {ROUNDS} times each; the "
            "first probe of each is not counted. Both run as they are installed; the peer then asks for the configuration of each "
            "guest of the node that answers."
        ),
        rows=rows,
        notes=(
            "Below the line: what is still delivered while one endpoint answers 500.",
            "The fake and both exporters share the machine, so wall time holds the fake's work for the calls of each.",
        ),
    )


def _cluster(processes: Processes) -> tuple[str, str]:
    port, control = free_port(), free_port()
    script = str(CHECKOUT / "deploy" / "lab" / "fakepve_cluster.py")
    size = ("--nodes", str(NODES), "--guests", str(GUESTS))
    ports = ("--port", str(port), "--control-port", str(control))
    child = processes.start("pve", [sys.executable, script, *size, *ports, "--folder", str(processes.folder)])
    processes.wait_until(child, answers(f"http://127.0.0.1:{control}/"), seconds=60)
    return f"http://127.0.0.1:{control}", f"https://127.0.0.1:{port}"


def _ours(processes: Processes, api: str) -> Side:
    folder, port = processes.folder, free_port()
    files = {"token_file": str(folder / "token"), "ca_file": str(folder / "ca.pem")}
    config = folder / "ours.yml"
    config.write_text(yaml.safe_dump({"modules": {"m": files}, "targets": {"c": {"module": "m", "endpoints": [api]}}}))
    options = ["proxmox", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    child = processes.start("ours", [need_program("sankofa-exporter"), *options])
    processes.wait_until(child, answers(f"http://127.0.0.1:{port}/-/ready"))
    return Side(name="ours", child=child, url=f"http://127.0.0.1:{port}/probe?target=c", durations=[])


def _theirs(processes: Processes, api: str, *more: str) -> Side:
    folder, port = processes.folder, free_port()
    user, _, rest = (folder / "token").read_text().strip().partition("!")
    name, _, value = rest.partition("=")
    config = folder / "theirs.yml"
    module = {"user": user, "token_name": name, "token_value": value, "verify_ssl": False}
    config.write_text(yaml.safe_dump({"default": module}))
    options = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", *more]
    child = processes.start(
        f"theirs{''.join(more)}", [need_program("pve_exporter"), *options], env={"PYTHONWARNINGS": "ignore"}
    )
    processes.wait_until(child, answers(f"http://127.0.0.1:{port}/"))
    target = api.removeprefix("https://")
    return Side(name="theirs", child=child, url=f"http://127.0.0.1:{port}/pve?target={target}", durations=[])


def _rows(ours: Side, theirs: Side) -> list[Row]:
    def each(value: Callable[[Side], float]) -> tuple[float, float]:
        return value(ours), value(theirs)

    return [
        _median("wall time of a probe, median", ours, theirs),
        less("wall time of a probe, slowest", *each(lambda side: max(side.durations) * 1000), "ms"),
        less("CPU of the exporter for a probe", *each(lambda side: side.cpu / ROUNDS * 1000), "ms"),
        less("upstream calls of a probe", *each(lambda side: side.calls / ROUNDS), ""),
        less("peak memory, all processes", *each(lambda side: peak_mib(side.child.process.pid)), "MiB"),
        Row(what="series of a probe", ours=_delivered(ours), peer=_delivered(theirs)),
    ]


def _median(what: str, ours: Side, theirs: Side) -> Row:
    return less(what, statistics.median(ours.durations) * 1000, statistics.median(theirs.durations) * 1000, "ms")


def _delivered(side: Side) -> str:
    answer = side.probe()
    series = sum(1 for line in answer.text.splitlines() if line and not line.startswith("#"))
    return f"{series:,}" if answer.is_success else f"none ({answer.status_code})"


def _with_broken(path: str, control: str, ours: Side, theirs: Side) -> Row:
    local.post(f"{control}/endpoint/{path}/500").raise_for_status()
    try:
        return Row(what=f"series while `{path}` answers 500", ours=_delivered(ours), peer=_delivered(theirs))
    finally:
        local.post(f"{control}/endpoint/{path}/ok").raise_for_status()
