"""What leans on the same samples as slots that are counted, and is amended with them.

How many samples a slot was counted from is all that tells later whether something came late. Once the slot of a late sample has
been counted from it, nothing points at the slots around that lean on that sample too: they are amended before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sankofa_observe.pipeline.reading import read_counted
from sankofa_observe.ports import SampleSource, SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.plain import Counted
from sankofa_observe.slo.slot import Slot
from sankofa_observe.units import Period


def what_leans(
    slo: Slo, counted: Counted, period: Period, *, source: SampleSource, table: SlotTable
) -> Iterator[Counted]:
    """The slots around a period that follow from what was counted in it for the first time, counted anew."""
    around: dict[Period, list[str]] = defaultdict(list)
    for site, stretch in (*_before(slo, counted, period), *_leaning(slo, counted, period, table)):
        around[stretch].append(site)
    for stretch, sites in around.items():
        yield read_counted(slo, sites, stretch, source)


def _before(slo: Slo, counted: Counted, period: Period) -> Iterator[tuple[str, Period]]:
    """By site the slot before the first one, where something of that or a later one may belong before it."""
    for one in counted.slots:
        if one.starts_at == period.starts_at and _reaches_back(one):
            yield one.site, Period(starts_at=one.starts_at - slo.slot.seconds, ends_at=one.starts_at)


def _reaches_back(slot: Slot) -> bool:
    return bool(slot.over_good or slot.over_bad or slot.over_hidden)


def _leaning(slo: Slo, counted: Counted, period: Period, table: SlotTable) -> Iterator[tuple[str, Period]]:
    """By site the stretches before and after the period that lean on slots of which samples came late."""
    marks = table.watermarks(slo.name)
    if all(at < period.starts_at for at in marks.values()):
        return  # at a regular turn nothing of it stands yet
    for site, (first, last) in table.late(counted).items():
        low = max(0, first - slo.lean_after_seconds - slo.slot.seconds)
        high = min(last + slo.lean_before_seconds, marks[site]) + slo.slot.seconds
        if low < period.starts_at:
            yield site, Period(starts_at=low, ends_at=period.starts_at)
        if period.ends_at < high:
            yield site, Period(starts_at=period.ends_at, ends_at=high)
