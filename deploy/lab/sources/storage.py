"""A real Ceph cluster for the entry `ceph`, with a real client that writes at a rate, and our exporter."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes
from deploy.lab.sources.exporter import OwnExporter
from deploy.parts import CHECKOUT

BOOT_SECONDS = 120
OPERATIONS_A_SECOND = 20
SLOW_SECONDS = 4  # from when on an operation is slow, at pace 1.0; Ceph's default is 30
FRESH_SECONDS = 6
CLEAN = {"active+clean": 8}


@dataclass(kw_only=True)
class Storage:
    """One mon, one mgr, three OSDs in memory; a pool that serves with two copies of three."""

    processes: Processes
    control: int = field(default_factory=free_port)
    own: OwnExporter = field(init=False)
    child: Child | None = None

    def __post_init__(self) -> None:
        self.own = OwnExporter(processes=self.processes, words=("ceph",))

    def begin(self) -> None:
        """Start to boot."""
        script = str(CHECKOUT / "deploy" / "lab" / "ceph_cluster.py")
        folder = ["--folder", str(self.processes.folder / "ceph"), "--control-port", str(self.control)]
        self.child = self.processes.start("ceph-cluster", [sys.executable, script, *folder])

    def start(self) -> None:
        """Wait until it serves; small writes come from then on."""
        if self.child is None:
            self.begin()
        child = self.child
        assert child is not None  # noqa: S101  it was begun
        self.processes.wait_until(child, lambda: "ready {" in child.log.read_text(), seconds=BOOT_SECONDS)
        self.do(f"slow-after/{round(measured().length(SLOW_SECONDS))}")
        self.do(f"load/{OPERATIONS_A_SECOND}")

    def targets(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """As the fleet file has it: asked by dashboard and metrics, and by metrics alone, which costs a fifth."""
        state = self.state()
        by_metrics = {"module": "ceph", "mgrs": state["mgrs"]}
        return by_metrics | {"dashboards": state["dashboards"]}, by_metrics

    def watch(self, fleet: Path) -> None:
        """Start the exporter."""
        state = self.state()
        login = {"username": state["username"], "password_file": state["password_file"]}
        self.own.start({"ceph": {**login, "max_age_seconds": measured().length(FRESH_SECONDS)}}, fleet)

    def do(self, switch: str) -> None:
        local.post(self._url(switch), timeout=measured().limit(60)).raise_for_status()

    def state(self, what: str = "") -> Any:
        return local.get(self._url(what), timeout=measured().limit(60)).raise_for_status().json()

    def serving(self) -> bool:
        """All placement groups are clean."""
        rows = self.state("status")["pgmap"].get("pgs_by_state", [])
        return {row["state_name"]: row["count"] for row in rows} == CLEAN

    def slow(self) -> bool:
        """Ceph says that operations are slow."""
        return "SLOW_OPS" in json.dumps(self.state("status")["health"])

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.control}/{path}"
