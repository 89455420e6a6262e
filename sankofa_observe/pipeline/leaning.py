"""What leans on the same samples as slots that are counted, and is amended with them.

How many samples a slot was counted from is all that tells later whether something came late. Once the slot of a late sample has
been counted from it, nothing points at the slots around that lean on that sample too: they are amended before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sankofa_observe.pipeline.unreadable import Readable
from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.plain import Counted
from sankofa_observe.units import Period


def what_leans(counted: Counted, period: Period, *, readable: Readable, table: SlotTable) -> Iterator[Counted]:
    """The slots around a period that follow from what was counted in it for the first time, counted anew."""
    slo = readable.slo
    around: dict[Period, list[str]] = defaultdict(list)
    before = Period(starts_at=max(0, period.starts_at - slo.slot.seconds), ends_at=period.starts_at)
    around[before] += sorted(counted.reaching)
    for site, stretch in _leaning(slo, counted, period, table):
        around[stretch].append(site)
    for stretch, sites in around.items():
        if sites and stretch.seconds:
            yield readable.read(sites, stretch)


def _leaning(slo: Slo, counted: Counted, period: Period, table: SlotTable) -> Iterator[tuple[str, Period]]:
    """By site the stretches before and after the period that lean on slots of which samples came late."""
    marks = table.watermarks(slo.counted_as)
    if all(at < period.starts_at for at in marks.values()):
        return  # at a regular turn nothing of it stands yet
    for site, (first, last) in table.late(counted).items():
        low = max(0, first - slo.lean_after_seconds - slo.slot.seconds)
        high = min(last + slo.lean_before_seconds, marks[site]) + slo.slot.seconds
        if low < period.starts_at:
            yield site, Period(starts_at=low, ends_at=period.starts_at)
        if period.ends_at < high:
            yield site, Period(starts_at=period.ends_at, ends_at=high)
