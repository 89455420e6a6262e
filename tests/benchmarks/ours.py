"""Our way: raw samples of a source into the slot table. Another source is a line in SOURCES."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.counting import Observed
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import period_totals
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.ports import SampleSet, SampleSource
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.testing import FixedClock
from sankofa_observe.units import Period
from tests import builders

from .known import GOOD, SCRAPE, VALID
from .way import Answer, Asked, Found

SLOT_SECONDS, DELAY_SECONDS = 60, 30
NEVER = 2**40  # seconds of a read from which on it is by remote read
SOURCES: Mapping[str, Callable[[str], SampleSource]] = {
    "JSON": lambda url: PrometheusSamples(url, remote_over_seconds=NEVER),
    "remote read": PrometheusSamples,
}


@dataclass(kw_only=True)
class Counted:
    """A source, and how many samples it has handed over."""

    source: SampleSource
    samples_read: int = 0

    def read(self, selector: str, period: Period) -> SampleSet:
        found = self.source.read(selector, period)
        self.samples_read += sum(len(one.samples) for one in found.series)
        return found

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        return self.source.samples(selector, period)

    def newest_at(self) -> int:
        return self.source.newest_at()

    def ahead_seconds(self) -> float | None:
        return self.source.ahead_seconds()


@dataclass(frozen=True, kw_only=True)
class Ours:
    """Raw samples into the slot table: as observed for the first time, or counted again where slots stand."""

    source: str
    again: bool = False

    def __call__(self, asked: Asked) -> Answer:
        answer, slo, clock = Answer(), _slo(asked), FixedClock(at=asked.period.ends_at + DELAY_SECONDS)
        table = DeltaSlots(Path(asked.folder), "observer-1")
        source = Counted(source=SOURCES[self.source](asked.url))
        ports: dict[str, Any] = {"source": source, "table": table, "clock": clock}
        with answer.timed():
            for _ in self._steps(slo, asked, ports):
                pass
        for site, totals in period_totals(slo, asked.sites, asked.period, table).items():
            reached = totals.attainment(slo)
            answer.found[site] = Found(bad=reached.bad, valid=reached.good + reached.bad, unknown=reached.unknown)
        table.close()
        answer.samples = source.samples_read
        return answer

    def _steps(self, slo: Slo, asked: Asked, ports: Mapping[str, Any]) -> Iterator[Observed]:
        if self.again:
            return recount(slo, asked.sites, asked.period, **ports)
        return observe(slo, asked.sites, asked.period.starts_at, delay_seconds=DELAY_SECONDS, **ports)


def _slo(asked: Asked) -> Slo:
    return builders.slo(
        "latency",
        indicator=RatioIndicator(good=asked.selector(GOOD), valid=asked.selector(VALID)),
        slot=SlotRule(seconds=SLOT_SECONDS, scrape_seconds=SCRAPE),
        budgeting=Budgeting.OCCURRENCES,
    )
