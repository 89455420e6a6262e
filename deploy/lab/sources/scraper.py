"""A real Prometheus over the yard: its jobs are made of the catalogue and its targets of a fleet file, as in production."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.integrations.render import CATALOGUE
from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.lab.sources.yard import Yard
from deploy.parts import need_program
from deploy.prometheus.render import Exporter, render
from sankofa_observe.adapters.integrations.targets import target_groups, write_groups


@dataclass(kw_only=True)
class Scraper:
    """Scrapes every source of the yard each `scrape_seconds`."""

    processes: Processes
    yard: Yard
    scrape_seconds: int = 1
    name: str = "prometheus"  # of its program, files and data, where there are several
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        folder = self.processes.folder
        write_groups(target_groups(CATALOGUE, self.yard.fleet_file), folder / "targets")
        agents = {name: agent for name, (agent, _) in self.yard.scraped().items()}
        foreign = {name: agent for name, agent in agents.items() if name in CATALOGUE.foreign()}
        text = render(
            scrape_interval=f"{self.scrape_seconds}s",
            scrape_timeout=f"{self.scrape_seconds}s",
            evaluation_interval="60s",
            exporters={name: Exporter(address=agents[name]) for name in agents.keys() - foreign.keys()},
            platform=None,
            alertmanager=None,
            rule_files=[],
            integrations=foreign,
            targets=str(folder / "targets"),
            observer=self.name,
        )
        config = folder / f"{self.name}.yml"
        config.write_text(text, encoding="utf-8")
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        data = f"--storage.tsdb.path={folder / self.name}"
        command = [need_program("prometheus"), f"--config.file={config}", data, listen]
        child = self.processes.start(self.name, command)
        self.processes.wait_until(child, answers(f"{self.url}/-/ready"))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an instant query finds: labels as `metric`, and a `value` of time and text."""
        answer = local.get(
            f"{self.url}/api/v1/query", params={"query": expression}, timeout=measured().limit(10)
        ).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def values(self, expression: str) -> dict[str, float]:
        """The newest value by instance; an instance that is not scraped, or does not show the series, is not in it."""
        return {one["metric"]["instance"]: float(one["value"][1]) for one in self.query(expression)}
