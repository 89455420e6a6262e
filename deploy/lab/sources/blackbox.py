"""The real blackbox exporter with the committed configuration, for the entries `blackbox` and `kubernetes-api`."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT, need_program

CONFIG = CHECKOUT / "deploy" / "integrations" / "agents" / "blackbox.yml"
OFFSET_SECONDS = (
    0.1  # of a scrape's time, kept for the answer: by default half of the second that the lab's scrapes have
)


@dataclass(kw_only=True)
class Blackbox:
    """Probes what it is told to; `agent` is killed to see that nobody is called down for it."""

    processes: Processes
    metrics: int = field(default_factory=free_port)
    agent: Child | None = None

    @property
    def exporter(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    def start(self) -> None:
        command = [
            need_program("prometheus-blackbox-exporter"),
            f"--config.file={CONFIG}",
            f"--timeout-offset={OFFSET_SECONDS}",
        ]
        self.agent = self.processes.start("blackbox", [*command, f"--web.listen-address={self.exporter}"])
        self.processes.wait_until(self.agent, answers(f"http://{self.exporter}/-/healthy"))
