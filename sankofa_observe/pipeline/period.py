"""A period as it is judged: from day totals where a verdict is drawn, slot by slot where a proof is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotKey, slot_starts
from sankofa_observe.slo.totals import (
    Edges,
    SiteSpan,
    Totals,
    add,
    digest_of,
    edges,
    row_text,
    total,
    unrecorded,
    whole_days,
)
from sankofa_observe.slo.verdict import Attainment, attain
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class PeriodTotals:
    """One site's slots of a period, added up; `digest` names the very slots that this was drawn from."""

    totals: Totals
    edges: Edges
    slots: int
    digest: str

    def attainment(self, slo: Slo) -> Attainment:
        return attain(slo, self.totals, self.edges)


@dataclass(frozen=True, kw_only=True)
class PeriodSlots:
    """Every slot of a period in order; one that was never recorded is UNKNOWN, not absent."""

    slots: list[Slot]
    edges: Edges

    def attainment(self, slo: Slo) -> Attainment:
        return attain(slo, total(self.slots), self.edges)


def with_neighbours(period: Period, slo: Slo) -> Period:
    """The period and a slot on each side, of which a part may belong to it."""
    return Period(starts_at=period.starts_at - slo.slot.seconds, ends_at=period.ends_at + slo.slot.seconds)


def period_slots(slo: Slo, site: str, period: Period, table: SlotTable) -> PeriodSlots:
    """The slots of a period as they stand."""
    return arranged(slo, site, period, table.read(slo.name, [site], with_neighbours(period, slo)))


def arranged(slo: Slo, site: str, period: Period, slots: list[Slot]) -> PeriodSlots:
    """Slots that were read with their neighbours, put in order."""
    key, stored = SlotKey(slo=slo.name, site=site, rule=slo.slot), {slot.starts_at: slot for slot in slots}
    starts = slot_starts(period, slo.slot.seconds)
    found = [stored.get(start) or key.unknown(start) for start in starts]
    before, after = stored.get(starts[0] - slo.slot.seconds), stored.get(starts[-1] + slo.slot.seconds)
    return PeriodSlots(slots=found, edges=edges(found[0], before, found[-1], after))


def period_totals(
    slo: Slo, sites: Sequence[str], period: Period, table: SlotTable, *, so_far: bool = False
) -> Mapping[str, PeriodTotals]:
    """All sites at once: whole days by their totals, what is left at the two edges from slots.

    A slot that was never recorded is UNKNOWN; with `so_far`, of a period that still runs, it is left out.
    """
    days: Mapping[str, SiteSpan] = {}
    rest: dict[str, list[Slot]] = defaultdict(list)
    inner, outer = whole_days(period), with_neighbours(period, slo)
    pieces = [outer]
    if inner is not None:
        pieces = [
            Period(starts_at=outer.starts_at, ends_at=inner.starts_at),
            Period(starts_at=inner.ends_at, ends_at=outer.ends_at),
        ]
        days = table.spans(slo.name, sites, inner)
    for piece in pieces:
        for slot in table.read(slo.name, sites, piece):
            rest[slot.site].append(slot)
    return {site: _put_together(slo, site, period, days.get(site), rest[site], so_far=so_far) for site in sites}


def _put_together(
    slo: Slo, site: str, period: Period, days: SiteSpan | None, rest: Sequence[Slot], *, so_far: bool
) -> PeriodTotals:
    inside = [slot for slot in rest if slot.starts_at in period]
    expected = len(slot_starts(period, slo.slot.seconds))
    counted = len(inside) + (days.slots if days else 0)
    missing = unrecorded(SlotKey(slo=slo.name, site=site, rule=slo.slot), 0 if so_far else expected - counted)
    known = [*((days.first, days.last) if days else ()), *rest]
    at, step = {slot.starts_at: slot for slot in known}, slo.slot.seconds
    edge = edges(
        at.get(period.starts_at),
        at.get(period.starts_at - step),
        at.get(period.ends_at - step),
        at.get(period.ends_at),
    )
    lines = [*([days.lines] if days else ()), *(row_text(slot) for slot in inside), repr(edge)]
    return PeriodTotals(
        totals=add([total(inside), missing, *([days.totals] if days else ())]),
        edges=edge,
        slots=expected,
        digest=digest_of(lines),
    )
