"""Our own HTTP canary, which asks the yard's gateway as a user would; its targets and places come from the yard's fleet file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deploy.lab.client import local
from deploy.lab.processes import Child, Processes
from deploy.lab.sources.exporter import OwnExporter

# A module a tier, with the bound of its promise, asked as fast as the lab scrapes.
_BOUNDS = {"edge": 0.01, "regional": 0.05, "core": 0.1}
_MODULES = {
    tier: {"objective_seconds": bound, "interval_seconds": 0.5, "timeout_seconds": 0.5}
    for tier, bound in _BOUNDS.items()
}
MODULE = "edge"


@dataclass(kw_only=True)
class Canary:
    """`sankofa-exporter canary http` over a fleet file."""

    processes: Processes
    own: OwnExporter = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnExporter(processes=self.processes, words=("canary", "http"))

    @property
    def exporter(self) -> str:
        return self.own.address

    @property
    def agent(self) -> Child | None:
        return self.own.agent

    def start(self, fleet: Path) -> None:
        self.own.start(_MODULES, fleet)

    def wait_for_answers(self, target: str) -> None:
        """Until a request of the target is counted; the first scrape begins them."""
        assert self.agent is not None  # noqa: S101  it was started
        page = f"http://{self.exporter}/probe?target={target}"
        self.processes.wait_until(self.agent, lambda: "sankofa_canary_requests_total " in local.get(page).text)
