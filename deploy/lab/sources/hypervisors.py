"""A Proxmox cluster for the entry `proxmox`: fakepve with the lab's faults, and our exporter. What it does not show: decision 0010."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.lab.sources.exporter import OwnExporter
from deploy.parts import CHECKOUT

# What no promise leans on is not asked each second.
NOT_ASKED = ("zfs", "backup_tasks", "disks", "certificates", "snapshots", "stored_backups")


@dataclass(kw_only=True)
class Hypervisors:
    """Three nodes with six guests, each replicated."""

    processes: Processes
    port: int = field(default_factory=free_port)
    control: int = field(default_factory=free_port)
    own: OwnExporter = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnExporter(processes=self.processes, words=("proxmox",))

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.processes.folder / "pve"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        script = str(CHECKOUT / "deploy" / "lab" / "fakepve_cluster.py")
        ports = ["--port", str(self.port), "--control-port", str(self.control), "--folder", str(self.folder)]
        child = self.processes.start("pve", [sys.executable, script, "--nodes", "3", "--guests", "6", *ports])
        self.processes.wait_until(child, answers(f"http://127.0.0.1:{self.control}/"))

    def watch(self, fleet: Path) -> None:
        """Start the exporter; replication is asked for in each probe."""
        login = {"token_file": str(self.folder / "token"), "ca_file": str(self.folder / "ca.pem")}
        self.own.start({"pve": {**login, "node_refresh_seconds": 0, "skip": NOT_ASKED}}, fleet)

    def do(self, switch: str) -> None:
        local.post(f"http://127.0.0.1:{self.control}/{switch}", timeout=measured().limit(10)).raise_for_status()
