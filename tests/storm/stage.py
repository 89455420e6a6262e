"""A scenario on the rig: moments that are named as they come, and what reached people between them.

Lengths are production's. A bound holds while Prometheus evaluates: what it missed (RulerLate's series) is added to each bound, so
that a busy machine is slow here and not wrong; and a RulerLate that the machine has earned is no page of the scenario.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.alertmanager.render import render
from deploy.lab.pace import measured
from deploy.lab.processes import Processes
from deploy.lab.storm.fleet import Fleet
from deploy.lab.storm.notifications import FIRING, RESOLVED, Told
from deploy.lab.storm.rig import Rig
from deploy.lab.storm.world import World
from sankofa_observe import telemetry
from sankofa_rules import prometheus
from sankofa_rules.book import alerts, documents
from sankofa_rules.fault_to_page import fault_to_page
from sankofa_rules.ourselves import RULER_MISSED_LEAST
from sankofa_rules.pace import SCRAPE_SECONDS

SLOWER = 2.0  # from this pace on a machine is given more time for each scrape
DELIVERY_SECONDS = 1.0  # of the wall clock: notifier, Alertmanager and webhook are processes of this machine
RESTART_SECONDS = 40  # away, as long as an update of the host takes
BOUNDS = {alert.name: fault_to_page(alert.evidence) for alert in alerts() if alert.evidence}


def factor_for(wanted: float) -> float:
    """How many times faster than production a machine of this pace can be trusted to evaluate."""
    return max(1.0, wanted * min(1.0, SLOWER / measured().wall))


@dataclass(kw_only=True)
class Stage:
    """A rig, the moments of its scenario, and what was missed in it."""

    rig: Rig
    moments: dict[str, float] = field(default_factory=dict)
    missed: float = 0  # an allowance that was kept before the scenario itself made Prometheus miss something
    ruler_is_drilled: bool = False  # RulerLate is a page of the scenario, whoever has earned it

    def now(self, name: str) -> float:
        self.moments[name] = time.time()
        return self.moments[name]

    def warm(self, of_production: float) -> None:
        """Until every target is scraped and expected, and then so long."""
        wanted = sum(len(site.systems) for site in self.rig.world.fleet.sites.values())
        self.rig.until(lambda: self._count(telemetry.TARGET_EXPECTED) == wanted, 300)
        self.rig.until(lambda: self._count('up{job!="prometheus"} == 1') >= wanted, 300)
        self.rig.run_for(of_production)

    def _count(self, series: str) -> float:
        return sum(float(one["value"][1]) for one in self.rig.query(f"count({series})"))

    def told(self, since: float = 0) -> list[Told]:
        """All that came as a page since then, without what this machine alone has earned."""
        found = self.rig.told(since=since)
        if self.ruler_is_drilled or not any(one.name == RULER_LATE for one in found) or not self._machine_is_late():
            return found
        return [one for one in found if one.name != RULER_LATE]

    def _machine_is_late(self) -> bool:
        """Some group of rules missed so many evaluations in all, as Prometheus itself counts them, that a page says so."""
        (most,) = self.rig.query(f"max(max_over_time({prometheus.MISSED}[1d]))")
        return float(most["value"][1]) >= RULER_MISSED_LEAST

    def pages(self, since: str, until: str | None = None, *, status: str = FIRING) -> list[Told]:
        """Page notifications that arrived between two moments, in order."""
        end = self.moments[until] if until else float("inf")
        return [one for one in self.told(self.moments[since]) if one.at < end and one.status == status]

    def named(self, since: str, until: str | None = None, *, status: str = FIRING) -> Counter[tuple[str, str]]:
        """How often each page was told, by alert and what it is about."""
        return Counter((one.name, subject(one)) for one in self.pages(since, until, status=status))

    def wait_for(self, name: str, of_production: float, *, status: str = FIRING, since: str, **labels: str) -> Told:
        """The first page of this name and these labels."""
        found: list[Told] = []

        def arrived() -> bool:
            found[:] = [one for one in self.pages(since, status=status) if one.is_of(name, labels)]
            return bool(found)

        self.rig.until(arrived, of_production)
        return found[0]

    def wait_until_resolved(self, of_production: float) -> None:
        """Until no page is open."""
        self.rig.until(lambda: not self.open_pages(), of_production)

    def open_pages(self) -> set[tuple[str, str]]:
        """What was told last as firing."""
        last = {one.fingerprint: one for one in self.told()}
        return {(one.name, subject(one)) for one in last.values() if one.status == FIRING}

    def took(self, page: Told, since: str) -> float:
        """Seconds of production from a moment to the page."""
        return (page.at - self.moments[since]) * self.rig.factor

    def allowance(self) -> float:
        """Seconds of production that this machine itself cost so far: evaluations it missed, and the way to the webhook."""
        missed = sum(float(one["value"][1]) for one in self.rig.query(f"max({prometheus.MISSED})"))
        return missed * SCRAPE_SECONDS + DELIVERY_SECONDS * self.rig.factor

    def restart_prometheus(self) -> None:
        self.rig.children["prometheus"].stop()
        self.rig.run_for(RESTART_SECONDS)
        self.rig.start_prometheus()

    def restart_alertmanager(self) -> None:
        self.rig.children["alertmanager"].stop()
        self.rig.start_alertmanager()

    def report(self) -> str:
        """All that was told, in seconds of production after the first moment."""
        first = min(self.moments.values())
        lines = {at: f"-- {name}" for name, at in self.moments.items()}
        lines |= {one.at: str(one) for one in self.rig.told()}
        return "\n".join(f"{(at - first) * self.rig.factor:7.0f} s  {text}" for at, text in sorted(lines.items()))


def subject(one: Told) -> str:
    """What a page is about, in the narrowest word it has."""
    labels = one.labels
    narrow = [labels.get(name, "") for name in ("site", "region", "tier", "observer", "network")]
    return next((word for word in narrow if word not in ("", "all")), "fleet")


def lives(pages: Iterable[Told]) -> Mapping[tuple[str, str], list[str]]:
    """Of each page the statuses it was told with, repeats left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in pages:
        told = found.setdefault((one.name, subject(one)), [])
        if told[-1:] != [one.status]:
            told.append(one.status)
    return found


ONCE = [FIRING, RESOLVED]
RULER_LATE = "RulerLate"


@contextmanager
def staged(
    folder: Path, fleet: Fleet, factor: float, *, targets: bool = True, ruler_is_drilled: bool = False
) -> Iterator[Stage]:
    """The rig with all rules and routes as they are installed, over a fleet that is well."""
    with Processes(folder=folder) as processes:
        world = World(fleet=fleet, factor=factor_for(factor))
        rig = Rig(processes=processes, world=world, rules=documents(), routes=render)
        stage = Stage(rig=rig, ruler_is_drilled=ruler_is_drilled)
        try:
            rig.start(targets=targets)
            stage.now("started")
            yield stage
        finally:
            sys.stdout.write(stage.report() + "\n")  # pytest shows it beside what failed
            rig.stop()
