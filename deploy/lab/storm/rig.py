"""A real Prometheus with all rules and a real Alertmanager with all routes over a world, at a pace of one's choice.

Everything that lasts is divided by `factor`: scrapes, evaluations, ranges, group times, the delay before an alert is sent again, and
how long a series counts as there. Two things cannot be: Prometheus takes over changed targets at most every 5 s of the wall
clock, and a process starts as fast as the machine lets it; so a scenario that has either in it is run at factor 3 or less.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.pager import Pager
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, LabError, Processes, answers
from deploy.lab.storm import scaled, scraping
from deploy.lab.storm.notifications import Told, told
from deploy.lab.storm.world import World
from deploy.parts import need_program
from sankofa_rules.pace import SCRAPE_SECONDS

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 5  # of work beside the waiting, at pace 1.0


class Routes(Protocol):
    """Alertmanager's configuration for a webhook's address, with seconds of so many milliseconds."""

    def __call__(self, webhook_url: str, /, *, second_ms: int) -> str: ...


@dataclass(kw_only=True)
class Rig:
    """Prometheus, Alertmanager and a webhook over `world`; `rules` by file name, at production's pace."""

    processes: Processes
    world: World
    rules: Mapping[str, str]
    routes: Routes
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("prometheus", "alertmanager")}
    )
    pager: Pager = field(default_factory=lambda: Pager(port=free_port()))
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def factor(self) -> float:
        return self.world.factor

    @property
    def folder(self) -> Path:
        return self.processes.folder

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    def seconds(self, of_production: float) -> float:
        """How long the stretch lasts here."""
        return of_production / self.factor

    def start(self, *, targets: bool = True) -> None:
        self.world.start()
        for name, text in self.rules.items():
            self._write(f"rules/{name}", scaled.rules(text, self.factor))
        self._write("alertmanager.yml", self.routes(self.pager.url, second_ms=round(1_000 / self.factor)))
        self._write("prometheus.yml", scraping.configuration(self.world, self.ports, self._ms(SCRAPE_SECONDS)))
        self.write_targets(empty=not targets)
        self.start_alertmanager()
        self.start_prometheus()

    def stop(self) -> None:
        self.pager.close()
        self.world.stop()

    def start_alertmanager(self) -> None:
        """With the data of the last one, if there was one."""
        self.children["alertmanager"] = start_alertmanager(
            self.processes,
            self.folder / "alertmanager.yml",
            f"127.0.0.1:{self.ports['alertmanager']}",
            log_level="info",
        )

    def start_prometheus(self) -> None:
        """With the data of the last one, if there was one."""
        self._run(
            "prometheus", "prometheus", f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}",
            f"--query.lookback-delta={self._ms(scaled.LOOKBACK_SECONDS)}",
            f"--rules.alert.resend-delay={self._ms(scaled.RESEND_SECONDS)}",
        )  # fmt: skip

    def _run(self, part: str, program: str, *options: str) -> None:
        child = self.processes.start(part, [need_program(program), *options])
        self.processes.wait_until(child, answers(self.url(part) + "/-/ready"))
        self.children[part] = child

    def write_targets(self, *, empty: bool = False) -> None:
        """The files from which Prometheus learns what to scrape."""
        for system in scraping.SYSTEMS:
            self._write(f"targets/{system}.json", json.dumps([] if empty else scraping.targets(self.world, system)))

    def _ms(self, seconds: float) -> str:
        return f"{round(1_000 * self.seconds(seconds))}ms"

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def told(self, path: str = "/page", *, since: float = 0) -> list[Told]:
        """All that came to the path since then."""
        return [one for one in told(list(self.pager.pages), path) if one.at >= since]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an instant query finds now."""
        asked = {"query": expression}
        answer = local.get(f"{self.url('prometheus')}/api/v1/query", params=asked, timeout=measured().limit(10))
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
        return found

    def run_for(self, of_production: float) -> float:
        """Let so many seconds of production pass; when they began, by the wall clock."""
        began = time.time()
        self.until(lambda: time.time() >= began + self.seconds(of_production), of_production)
        return began

    def until(self, ready: Callable[[], object], of_production: float) -> None:
        """Wait until `ready`; raises LabError when it is not so long after so many seconds of production, or a part died."""
        deadline = time.monotonic() + self.seconds(of_production) + measured().limit(PATIENCE_SECONDS)
        while not ready():
            if dead := self.processes.dead():
                raise LabError(f"{dead[0].name}: exited; its last lines:\n{dead[0].tail()}")
            if time.monotonic() > deadline:
                raise LabError(f"not so in {of_production:g} s at factor {self.factor:g}: {ready}")
            time.sleep(LOOK_SECONDS)
