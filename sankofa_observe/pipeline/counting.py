"""Counting: a stretch of time becomes slots in the slot table. What observing and recounting have in common.

Cuts the reads to a bounded size, and amends what leans on the same samples. Counting twice adds nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.compared import lean_on_forgotten
from sankofa_observe.pipeline.leaning import what_leans
from sankofa_observe.pipeline.unreadable import Readable
from sankofa_observe.ports import Clock, SampleSource, SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period

PATIENCE_SECONDS = 3600  # with answers that cannot be used, before the slots that lean on them are not known
BEHIND_SECONDS = 60  # clocks that agree differ by less
MAX_SAMPLES_A_READ = 500_000  # Prometheus refuses above 50 million


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one step of observing did: for progress bars and for the log."""

    slo: str
    sites: int
    period: Period
    whole: Period  # all that is to be observed of these sites in this run
    added: int
    problem: str = ""  # an answer that could not be used: slots that lean on it are not known

    def __str__(self) -> str:
        told = f"; not all could be read: {self.problem}" if self.problem else ""
        return f"{self.slo}: {self.added} slots added for {self.sites} sites, {self.period}{told}"


def closed_at(source: SampleSource, clock: Clock, delay_seconds: int) -> int:
    """Up to when slots are closed: our clock says so, `delay_seconds` later, and the source has scraped past it.

    A clock of ours that runs ahead closes nothing.
    """
    return min(clock.now() - delay_seconds, source.newest_at())


def clock_is_right(source: SampleSource, clock: Clock) -> Iterator[Observed]:
    """Nothing to count; raises `Unavailable` where our clock is so far behind the source's that slots wait for it."""
    behind_seconds = source.newest_at() - clock.now()
    if behind_seconds > BEHIND_SECONDS:
        raise Unavailable(
            f"our clock is {behind_seconds} s behind that of the source, and slots are closed by the earlier one of the two; "
            "set the one that is wrong: nothing is lost meanwhile"
        )
    yield from ()


def count(
    slo: Slo,
    sites: Sequence[str],
    whole: Period,
    *,
    source: SampleSource,
    table: SlotTable,
    clock: Clock,
    anyhow: bool = False,
    trusting: bool = False,
) -> Iterator[Observed]:
    """Count the slots of a stretch; a slot that came out otherwise is a new revision.

    One that leans on samples which the source has no more stays as it stands, but `anyhow`.

    `trusting` reads little where nothing that stands before is uncertain: for slots that are counted as time goes by.

    Raises:
        Unavailable: the source is away, or some of its answers cannot be used and slots of these sites wait for better ones.
    """
    settled_at = clock.now() - slo.lean_after_seconds - PATIENCE_SECONDS
    waiting: set[str] = set()
    problem = None
    again = not (anyhow or trusting)
    gone = lean_on_forgotten(slo, sites, whole, source=source, table=table) if again else set()
    for period, names in _reads(slo, whole, sites):
        some = [one for one in names if one not in waiting]
        readable = Readable(slo=slo, source=source, settled_at=settled_at)
        counted = readable.read(some, period, _undoubted(slo, some, period, table) if trusting else ())
        beyond = Readable(slo=slo, source=source, settled_at=settled_at)
        around = list(what_leans(counted, period, readable=beyond, table=table))
        added = sum(table.amend(slots.without(gone), clock.now()) for slots in around)
        added += table.append(counted.without(gone), clock.now(), anyhow=anyhow)
        waiting |= readable.waiting
        problem = problem or readable.problem
        said = "" if readable.problem is None else str(readable.problem)
        yield Observed(slo=slo.name, sites=len(some), period=period, whole=whole, added=added, problem=said)
    if waiting and problem:
        raise problem


def align(at: int, slo: Slo) -> int:
    """The first slot's start at or after an instant."""
    return -(-at // slo.slot.seconds) * slo.slot.seconds


def _undoubted(slo: Slo, sites: Sequence[str], period: Period, table: SlotTable) -> set[str]:
    """The sites of which nothing that stands in the reach before the period is uncertain, and all of it stands."""
    reach_at = period.starts_at - slo.lean_before_seconds
    marks, doubted = table.watermarks(slo.counted_as), table.uncertain(slo.counted_as, reach_at)
    return {one for one in sites if one not in doubted and marks.get(one, -1) >= period.starts_at - slo.slot.seconds}


def _reads(slo: Slo, whole: Period, sites: Sequence[str]) -> Iterator[tuple[Period, Sequence[str]]]:
    """Reads of a day at most, and of so many sites that a selector answers a bounded number of samples."""
    length = min(whole.seconds, DAY_SECONDS // slo.slot.seconds * slo.slot.seconds)
    reach_seconds = length + slo.lean_before_seconds + slo.lean_after_seconds
    batch = max(1, MAX_SAMPLES_A_READ // (reach_seconds // slo.slot.scrape_seconds))
    for at in range(whole.starts_at, whole.ends_at, length):
        period = Period(starts_at=at, ends_at=min(at + length, whole.ends_at))
        for first in range(0, len(sites), batch):
            yield period, sites[first : first + batch]
