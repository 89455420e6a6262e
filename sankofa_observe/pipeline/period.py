"""A period as it is judged: its slots in order, and what stands at its edges."""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotKey, slot_starts
from sankofa_observe.slo.verdict import Attainment, Edges, attain, edges, total
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class PeriodSlots:
    """Every slot of a period; one that was never recorded is UNKNOWN, not absent."""

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
