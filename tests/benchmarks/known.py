"""Sites whose events are known: what happened at each scrape of one event SLI, and what Prometheus would have stored of it.

An event belongs to the first scheduled scrape at or after it; that is the truth here. Growth is noisy and follows the hour of day,
good and valid are two counters, each site is scraped at its own instants. Some sites lose scrapes, some restart once: then the
events between the last scrape and the restart happened, and no counter ever showed them.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period

from .remote_write import STALE, Series

SCRAPE = 15
GOOD, VALID, UP = "bench_good_total", "bench_valid_total", "up"
RESTARTS_EACH, LOSES_EACH, BURSTS_EACH = 25, 10, 8  # of so many sites one
SEEN, FAILED, MISSED = range(3)  # a failed scrape leaves marks of staleness, one that was missed leaves nothing
EDGE_SCRAPES = 8  # of the stretch: nothing is lost there, so that the truth of the stretch is not in doubt


@dataclass(frozen=True, kw_only=True)
class Known:
    """One site: `bad` and `valid` are the events of each scrape, `shown_…` what the counters showed there."""

    name: str
    job: str
    first_ms: int
    bad: array[int]
    valid: array[int]
    shown_good: array[int]
    shown_valid: array[int]
    how: array[int]
    restarted: bool

    def truth(self, period: Period) -> tuple[int, int]:
        """The bad and the valid events whose scrape lies in the period."""
        low, high = (self._scrape_at(at) for at in (period.starts_at, period.ends_at))
        return sum(self.bad[low:high]), sum(self.valid[low:high])

    def by_the_clock(self, period: Period) -> tuple[float, float]:
        """As they would have happened, had those of a scrape been spread evenly since the one before it."""
        bad, valid = map(float, self.truth(period))
        for at, sign in ((period.starts_at, -1), (period.ends_at, 1)):
            nth = self._scrape_at(at)  # of the events of this scrape, the share before the instant
            share = 1 - (self.first_ms + nth * SCRAPE * 1000 - at * 1000) / (SCRAPE * 1000)
            bad, valid = bad + sign * share * self.bad[nth], valid + sign * share * self.valid[nth]
        return bad, valid

    def series(self, period: Period) -> Iterator[Series]:
        """What was written in the period, metric by metric."""
        own = range(self._scrape_at(period.starts_at), min(self._scrape_at(period.ends_at), len(self.valid)))
        written = [nth for nth in own if self.how[nth] != MISSED]
        times = [self.first_ms + nth * SCRAPE * 1000 for nth in written]
        for metric, shown in ((GOOD, self.shown_good), (VALID, self.shown_valid)):
            values = [shown[nth] if self.how[nth] == SEEN else STALE for nth in written]
            yield Series(labels=self._labels(metric), times=times, values=values)
        yield Series(labels=self._labels(UP), times=times, values=[int(self.how[nth] == SEEN) for nth in written])

    def _labels(self, metric: str) -> dict[str, str]:
        return {"__name__": metric, "instance": f"{self.name}:9100", "job": self.job, "site": self.name}

    def _scrape_at(self, at: int) -> int:
        """The number of the first scrape at or after an instant."""
        return max(0, -((self.first_ms - at * 1000) // (SCRAPE * 1000)))


def known_sites(job: str, count: int, written: Period, stretch: Period) -> list[Known]:
    """So many sites, the same in every run but for the time of day; faults lie within the stretch."""
    return [_known(job, nth, written, stretch) for nth in range(count)]


def _known(job: str, nth: int, written: Period, stretch: Period) -> Known:
    chance = random.Random(f"{job} {nth}")
    first_ms = written.starts_at * 1000 + chance.randrange(1, SCRAPE * 1000)
    count = (written.ends_at * 1000 - first_ms) // (SCRAPE * 1000)
    inside = range(
        (stretch.starts_at - written.starts_at) // SCRAPE + EDGE_SCRAPES,
        (stretch.ends_at - written.starts_at) // SCRAPE - EDGE_SCRAPES,
    )
    restart = chance.choice(inside) if nth % RESTARTS_EACH == 7 else -1
    lost = chance.sample(inside, 3) if nth % LOSES_EACH == 3 else []
    burst = chance.choice(inside) if nth % BURSTS_EACH == 5 else -1000
    site = Known(
        name=f"{job}-{nth:04}", job=job, first_ms=first_ms, restarted=restart >= 0,
        bad=array("q"), valid=array("q"), shown_good=array("q"), shown_valid=array("q"), how=array("b"),
    )  # fmt: skip
    usual, shown_valid = chance.uniform(3, 40), chance.randrange(10**5, 10**7)
    shown_good = shown_valid - chance.randrange(shown_valid // 100)
    for at in range(count):
        hour = 2 * math.pi * (first_ms // 1000 + at * SCRAPE) / DAY_SECONDS
        mean = usual * (1 + math.sin(hour) / 2)
        valid = max(0, round(chance.gauss(mean, math.sqrt(mean))))
        bad = min(valid, int(valid * (0.2 if 0 <= at - burst < 40 else 0.003) + chance.random()))
        seen_bad, seen_valid = bad, valid
        if at == restart:
            part = chance.random()
            seen_bad, seen_valid = int(bad * part), int((valid - bad) * part) + int(bad * part)
            shown_good = shown_valid = 0
        shown_good, shown_valid = shown_good + seen_valid - seen_bad, shown_valid + seen_valid
        site.bad.append(bad)
        site.valid.append(valid)
        site.shown_good.append(shown_good)
        site.shown_valid.append(shown_valid)
        site.how.append((FAILED if lost.index(at) % 2 else MISSED) if at in lost else SEEN)
    return site
