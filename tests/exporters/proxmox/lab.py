"""A running fake of a Proxmox cluster, an exporter that watches it, and what the exporter says."""

from __future__ import annotations

import sys
from copy import copy
from pathlib import Path
from shutil import copytree
from typing import Any

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import CHECKOUT
from sankofa_exporters.config.settings import Document
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.proxmox.settings import ProxmoxModule, ProxmoxTarget
from sankofa_exporters.proxmox.system import SYSTEM
from sankofa_exporters.proxmox.system.schedule import QUESTIONS
from sankofa_exporters.serving.app import Exporter
from sankofa_exporters.serving.files import Settings
from tests.exporters.watching import Values, Watch
from tests.pace import limit


class Lab:
    """A running fake cluster, its switch, and an exporter that watches it."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        port, control = free_port(), free_port()
        script = [sys.executable, str(CHECKOUT / "deploy" / "lab" / "fakepve_cluster.py")]
        ports = ["--port", str(port), "--control-port", str(control), "--folder", str(folder)]
        self.url, self.control, self.folder = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{control}", folder
        self.child = processes.start(f"fakepve-{port}", [*script, *ports])
        processes.wait_until(self.child, answers(self.control))

    def start_over(self, **options: str | int) -> Lab:
        """The same process with a cluster as freshly started, with other `nodes`, `guests`, `release` or rights `without`."""
        local.post(f"{self.control}/start-over", params=options, timeout=limit(5)).raise_for_status()
        return self

    def with_files(self, folder: Path) -> Lab:
        """The same cluster, seen by an exporter that has token and CA in a folder of its own."""
        own = copy(self)
        own.folder = Path(copytree(self.folder, folder))
        return own

    def switch(self, *paths: str) -> None:
        for path in paths:
            local.post(f"{self.control}{path}", timeout=limit(5)).raise_for_status()

    def calls(self) -> dict[str, int]:
        """How often each path was asked since the last look."""
        found: dict[str, int] = local.get(self.control, timeout=limit(5)).json()["calls"]
        self.switch("/calls/reset")
        return found

    def module(self, **changes: Any) -> ProxmoxModule:
        return ProxmoxModule(**{"token_file": self.folder / "token", "ca_file": self.folder / "ca.pem", **changes})

    def exporter(self, *seeds: str, limits: Bounds | None = None, **module: Any) -> Exporter:
        target = ProxmoxTarget(module="pve", endpoints=seeds or (self.url,))
        document = Document[ProxmoxModule, ProxmoxTarget](
            modules={"pve": self.module(**module)}, targets={"edge-1": target}, limits=limits or Bounds()
        )
        return Exporter(system=SYSTEM, settings=Settings(document=document))


async def warm(watch: Watch) -> Values:
    """After as many probes as it takes to have had every question's turn."""
    for _ in QUESTIONS:
        found = await watch.values()
    return found


def pair(found: Values) -> tuple[float, float]:
    return found["pve_up",], found["pve_known",]
