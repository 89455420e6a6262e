"""A running Ceph cluster with its switch, and an exporter that watches it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import CHECKOUT
from sankofa_exporters.ceph.settings import CephModule, CephTarget
from sankofa_exporters.ceph.system import SYSTEM
from sankofa_exporters.config.settings import Document
from sankofa_exporters.serving.app import Exporter
from sankofa_exporters.serving.files import Settings
from tests.exporters.watching import Values
from tests.pace import limit

BOOT_SECONDS = 120  # longer than the lab's own limit, which says why
MAP_SECONDS = 40  # a mgr is given up after 6 s in the lab, and the next one needs some to take over
FRESH_SECONDS = 6
LOOK_SECONDS = 0.5  # a look starts a Python of its own


# What is switched for a while, and how it is switched back.
AS_USUAL = {"full": "full/unset", "quota": "quota/0"}


class Lab:
    """A running cluster and its switch."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.undo: dict[str, str] = {}
        self.control = f"http://127.0.0.1:{(port := free_port())}"
        script = [
            sys.executable,
            str(CHECKOUT / "deploy" / "lab" / "ceph_cluster.py"),
            "--folder",
            str(folder / "ceph"),
        ]
        self.child = processes.start("ceph", [*script, "--mons", "3", "--mgrs", "2", "--control-port", str(port)])
        processes.wait_until(self.child, lambda: "ready {" in self.child.log.read_text(), seconds=BOOT_SECONDS)

    def state(self, path: str = "") -> Any:
        return local.get(f"{self.control}/{path}", timeout=limit(60)).raise_for_status().json()

    def switch(self, path: str) -> None:
        what = path.partition("/")[0]
        if what in AS_USUAL:
            self.undo[what] = AS_USUAL[what]
        local.post(f"{self.control}/{path}", timeout=limit(60)).raise_for_status()
        if path == AS_USUAL.get(what):
            del self.undo[what]

    def wait(self, ready: Callable[[Any], bool], path: str = "osdmap") -> None:
        deadline = time.monotonic() + limit(MAP_SECONDS)
        while not ready(seen := self.state(path)):
            assert time.monotonic() < deadline, seen
            time.sleep(LOOK_SECONDS)

    def clean(self) -> None:
        """Everything runs, nothing is full or has a quota, every PG is clean."""
        for name, state in self.state()["daemons"].items():
            if state != "running":
                self.switch(f"{name}/{'thaw' if state == 'frozen' else 'start'}")
        for change in [*self.undo.values()]:  # a test that failed has left them
            self.switch(change)
        self.wait(lambda status: states(status) == {"active+clean": 8} and quorate(status), "status")

    def password(self) -> str:
        return Path(self.state()["password_file"]).read_text().strip()

    def exporter(self, **module: Any) -> Exporter:
        state = self.state()
        settings = {
            "username": state["username"],
            "password_file": state["password_file"],
            "max_age_seconds": measured().length(FRESH_SECONDS),
        }
        target = CephTarget(module="ceph", mgrs=state["mgrs"], dashboards=state["dashboards"])
        document = Document[CephModule, CephTarget](
            modules={"ceph": CephModule(**{**settings, **module})}, targets={"edge-1": target}
        )
        return Exporter(system=SYSTEM, settings=Settings(document=document))


def states(status: Any) -> dict[str, int]:
    return {row["state_name"]: row["count"] for row in status["pgmap"].get("pgs_by_state", [])}


def quorate(status: Any) -> bool:
    return len(status["quorum"]) == 3 and status["mgrmap"]["available"] and status["mgrmap"]["num_standbys"] == 1


def pair(found: Values) -> tuple[float, float]:
    return found["ceph_up",], found["ceph_known",]


def fully_known(found: Values) -> bool:
    return found["ceph_witnesses",] == 2
