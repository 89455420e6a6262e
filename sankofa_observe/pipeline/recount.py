"""recount: count again what a person names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sankofa_observe.pipeline.counting import Observed, count
from sankofa_observe.ports import Clock, SampleSource, SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import whole_slots
from sankofa_observe.units import Period


def recount(
    slo: Slo,
    sites: Sequence[str],
    period: Period,
    *,
    source: SampleSource,
    table: SlotTable,
    clock: Clock,
    anyhow: bool = False,
) -> Iterator[Observed]:
    """Count every slot of the period again; what came out otherwise is a revision, `anyhow` also what did from fewer samples."""
    counted = slo.counted_in(period)
    whole = counted and whole_slots(counted, slo.slot.seconds)
    if whole is not None and sites:
        yield from count(slo, sites, whole, source=source, table=table, clock=clock, anyhow=anyhow)
