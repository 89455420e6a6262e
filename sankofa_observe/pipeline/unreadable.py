"""Answers that nobody can use cost the slots that lean on them: those of one site are UNKNOWN, and everything else is counted.

A read that cannot be used is halved, by sites and then by time, down to a slot of one site. While a slot is young it is left out, with
all that follow it, and asked for again: an answer may have been torn once. Later it is UNKNOWN, counted from no sample, so that
the look for late samples counts it as soon as it can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import Unusable
from sankofa_observe.pipeline.reading import read_counted
from sankofa_observe.ports import SampleSource
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.plain import Counted
from sankofa_observe.slo.slot import SlotKey
from sankofa_observe.units import Period

REASON = "not readable"
MOST_FAILED_READS = 500  # of one read that is halved; a source that fails so often is taken to be away


@dataclass(kw_only=True)
class Readable:
    """Reads what can be read of the slots of one SLO; `problem` is the first answer that could not be used."""

    slo: Slo
    source: SampleSource
    settled_at: int  # a slot that ended before is UNKNOWN where it cannot be read
    problem: Unusable | None = None
    waiting: set[str] = field(default_factory=set)  # sites of which slots were left out
    _failed: int = 0

    def read(self, sites: Sequence[str], period: Period, undoubted: Collection[str] = ()) -> Counted:
        """The slots of a period.

        Raises:
            Unavailable: the source is away, or so many of its answers cannot be used that it is no better.
        """
        self._failed = 0
        return Counted.of(list(self._parts(sites, period, undoubted)))

    def _parts(self, sites: Sequence[str], period: Period, undoubted: Collection[str]) -> Iterator[Counted]:
        if self.waiting.issuperset(sites):
            return
        try:
            yield read_counted(self.slo, sites, period, self.source, undoubted=undoubted)
        except Unusable as error:
            self.problem = self.problem or error
            self._failed += 1
            if self._failed > MOST_FAILED_READS:
                raise
            halves = list(self._halves(sites, period))
            for some, stretch in halves:
                yield from self._parts(some, stretch, undoubted)
            if not halves:
                yield self._slot(sites[0], period)

    def _halves(self, sites: Sequence[str], period: Period) -> Iterator[tuple[Sequence[str], Period]]:
        middle = len(sites) // 2
        slots = period.seconds // self.slo.slot.seconds
        if middle:
            yield sites[:middle], period
            yield sites[middle:], period
        elif slots > 1:
            at = period.starts_at + slots // 2 * self.slo.slot.seconds
            yield sites, Period(starts_at=period.starts_at, ends_at=at)
            yield sites, Period(starts_at=at, ends_at=period.ends_at)

    def _slot(self, site: str, period: Period) -> Counted:
        if period.ends_at > self.settled_at:
            self.waiting.add(site)
            return Counted()
        key = SlotKey(slo=self.slo.counted_as, site=site, rule=self.slo.slot)
        return Counted(slots=[key.unknown(period.starts_at, REASON)])
