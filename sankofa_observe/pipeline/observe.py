"""observe: raw samples of a site become slots in the slot table.

Reads only closed slots, and looks again at recent slots of which something is not certain, because what comes after them may
settle it. Running it twice adds nothing the second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.counting import Observed, align, closed_at, count
from sankofa_observe.ports import Clock, SampleSource, SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.units import Period

ENDED_SECONDS = 86_400  # after the end of a version, nothing more is looked for


def observe(
    slo: Slo,
    sites: Sequence[str],
    since_at: int,
    *,
    source: SampleSource,
    table: SlotTable,
    clock: Clock,
    delay_seconds: int,
) -> Iterator[Observed]:
    """Bring the slots of one SLO up to date; `since_at` is where a site without any slot begins."""
    if not sites:
        return
    until_at = closed_at(source, clock, delay_seconds) // slo.slot.seconds * slo.slot.seconds
    counted = slo.counted_in(Period(starts_at=since_at, ends_at=max(until_at, since_at + 1)))
    if counted is None:
        return
    ended = counted.ends_at + ENDED_SECONDS < until_at
    until_at = min(until_at, counted.ends_at)
    starts = _starts(slo, sites, since_at=since_at, until_at=until_at, table=table, ended=ended)
    failed: list[Unavailable] = []
    for start in sorted(starts, reverse=True):  # who is up to date waits for nobody who is not
        whole = Period(starts_at=start, ends_at=until_at)
        try:
            yield from count(slo, starts[start], whole, source=source, table=table, clock=clock, trusting=True)
        except Unavailable as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _starts(
    slo: Slo, sites: Sequence[str], *, since_at: int, until_at: int, table: SlotTable, ended: bool
) -> Mapping[int, list[str]]:
    """Where to begin, per group of sites: after the newest slot, or at the oldest recent one that may still change.

    Of a version that has ended, only sites that were not counted to its end: nothing that comes changes the others any more.
    """
    marks = table.watermarks(slo.counted_as)
    begin = {site: marks[site] + slo.slot.seconds if site in marks else align(since_at, slo) for site in sites}
    if ended:
        begin = {site: start for site, start in begin.items() if start < until_at}
    if not begin:
        return {}
    # What may still change when a site was counted last: also where that was long ago.
    reach = slo.lean_after_seconds + slo.slot.seconds
    for site, start in table.uncertain(slo.counted_as, min(begin.values()) - reach).items():
        if site in begin:
            begin[site] = max(start, align(begin[site] - reach, slo))
    groups: dict[int, list[str]] = defaultdict(list)
    for site, start in begin.items():
        if start < until_at:
            groups[start].append(site)
    return groups
