"""A clock and a source of samples that a test moves and writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import RawSeries, SampleSet
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class FixedClock:
    """A clock that moves only when told."""

    at: int

    def now(self) -> int:
        return self.at

    def forward(self, seconds: int) -> None:
        self.at += seconds


@dataclass(kw_only=True)
class ScriptedSamples:
    """Series as a test wrote them; answers by metric name and by the site matcher of `for_sites`."""

    series: list[RawSeries] = field(default_factory=list)
    complete: bool = True
    away: bool = False
    ahead: float | None = 0
    scraped_at: int = 2**53  # when anything was last scraped: as it is, it goes on scraping
    reads: list[tuple[str, Period]] = field(default_factory=list)

    def add(self, name: str, samples: Iterable[tuple[int, object]], **labels: str) -> None:
        """Add a series; samples are (milliseconds, value)."""
        points = [(at, str(value)) for at, value in samples]
        self.series.append(RawSeries(labels={"__name__": name, **labels}, samples=points))

    def read(self, selector: str, period: Period) -> SampleSet:
        if self.away:
            raise Unavailable("scripted samples: switched away")
        self.reads.append((selector, period))
        found = [replace(one, samples=_within(one, period)) for one in self.series if _selected(one, selector)]
        return SampleSet(series=[one for one in found if one.samples], complete=self.complete)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = defaultdict(int)
        for series in self.read(selector, period).series:
            for at in dict(series.samples):
                found[series.labels.get("site", ""), at // 3_600_000 * 3600] += 1
        return found

    def newest_at(self) -> int:
        if self.away:
            raise Unavailable("scripted samples: switched away")
        return self.scraped_at

    def ahead_seconds(self) -> float | None:
        if self.away:
            raise Unavailable("scripted samples: switched away")
        return self.ahead


def _within(series: RawSeries, period: Period) -> list[tuple[int, str]]:
    return [one for one in series.samples if period.starts_at * 1000 <= one[0] < period.ends_at * 1000]


def _selected(series: RawSeries, selector: str) -> bool:
    name, _, matchers = selector.partition("{")
    if series.labels["__name__"] != name:
        return False
    for label, operator, value in re.findall(r'(\w+)(=~|=)"((?:\\.|[^"\\])*)"', matchers):
        wanted, seen = value.replace("\\\\", "\\"), series.labels.get(label, "")
        if not (re.fullmatch(wanted, seen) if operator == "=~" else wanted == seen):
            return False
    return True
