"""Our own HTTP canary, which asks the yard's gateway as a user would; its target and place come from the yard's fleet file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers

# The bound of an edge site's promise, asked as fast as the lab scrapes.
_SETTINGS = "modules: {edge: {objective_seconds: 0.01, interval_seconds: 0.5, timeout_seconds: 0.5}}\n"
MODULE = "edge"


@dataclass(kw_only=True)
class Canary:
    """`sankofa-exporter canary http` over a fleet file."""

    processes: Processes
    metrics: int = field(default_factory=free_port)
    agent: Child | None = None

    @property
    def exporter(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    def start(self, fleet: Path) -> None:
        settings = self.processes.folder / "canary.yml"
        settings.write_text(_SETTINGS, encoding="utf-8")
        command = [
            str(Path(sys.executable).parent / "sankofa-exporter"), "canary", "http", f"--config.file={settings}",
            f"--fleet.file={fleet}", f"--web.listen-address={self.exporter}",
        ]  # fmt: skip
        self.agent = self.processes.start("canary", command)
        self.processes.wait_until(self.agent, answers(f"http://{self.exporter}/-/ready"))

    def wait_for_answers(self, target: str) -> None:
        """Until a request of the target is counted; the first scrape begins them."""
        assert self.agent is not None  # noqa: S101  it was started
        page = f"http://{self.exporter}/probe?target={target}"
        self.processes.wait_until(self.agent, lambda: "sankofa_canary_requests_total " in local.get(page).text)
