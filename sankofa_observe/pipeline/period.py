"""A period as it is judged: from day totals where a verdict is drawn, slot by slot where a proof is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.overlay import Overlay, Part, Run, Use, attained, of_slots
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotKey, slot_starts
from sankofa_observe.slo.totals import (
    Edges,
    SiteSpan,
    Totals,
    add,
    digest_of,
    edges,
    unrecorded,
)
from sankofa_observe.slo.verdict import Attainment, attain
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class PeriodTotals:
    """One site's slots of a period, added up; `digest` names the very slots that this was drawn from."""

    totals: Totals
    edges: Edges
    slots: int  # of the period
    counted: int  # of them, those that were ever recorded
    digest: str
    days: Mapping[int, str]  # of each UTC day, by its first second, the digest of its slots

    @property
    def problem(self) -> str:
        """Why no verdict follows from these slots, or nothing."""
        if self.counted <= self.slots:
            return ""
        return (
            f"{self.counted} slots are recorded where its slot length gives {self.slots}: it was counted with another one as "
            "well; give the SLO of the other slot length a name of its own"
        )

    def attainment(self, slo: Slo) -> Attainment:
        return attain(slo, self.totals, self.edges)


@dataclass(frozen=True, kw_only=True)
class PeriodSlots:
    """Every slot of a period in order; one that was never recorded is UNKNOWN, not absent."""

    slots: list[Slot]
    edges: Edges

    def attainment(self, slo: Slo, overlay: Overlay | None = None) -> Attainment:
        return of_slots(slo, self.slots, self.edges, overlay or Overlay())


def with_neighbours(period: Period, slo: Slo) -> Period:
    """The period and a slot on each side, of which a part may belong to it."""
    return Period(starts_at=period.starts_at - slo.slot.seconds, ends_at=period.ends_at + slo.slot.seconds)


def period_slots(slo: Slo, site: str, period: Period, table: SlotTable) -> PeriodSlots:
    """The slots of a period as they stand."""
    return arranged(slo, site, period, table.read(slo.counted_as, [site], with_neighbours(period, slo)))


def arranged(slo: Slo, site: str, period: Period, slots: list[Slot]) -> PeriodSlots:
    """Slots that were read with their neighbours, put in order."""
    key, stored = SlotKey(slo=slo.counted_as, site=site, rule=slo.slot), {slot.starts_at: slot for slot in slots}
    starts = slot_starts(period, slo.slot.seconds)
    found = [stored.get(start) or key.unknown(start) for start in starts]
    before, after = stored.get(starts[0] - slo.slot.seconds), stored.get(starts[-1] + slo.slot.seconds)
    return PeriodSlots(slots=found, edges=edges(found[0], before, found[-1], after))


def period_totals(
    slo: Slo, sites: Sequence[str], period: Period, table: SlotTable, *, so_far: bool = False
) -> Mapping[str, PeriodTotals]:
    """All sites at once, from totals; of slots only those at the edges are read.

    A slot that was never recorded is UNKNOWN; with `so_far`, of a period that still runs, it is left out.
    """
    spans, outside = table.spans(slo.counted_as, sites, period), _outside(slo, sites, period, table)
    return {site: _put_together(slo, site, period, spans.get(site), outside[site], so_far=so_far) for site in sites}


def laid_over(
    slo: Slo, sites: Sequence[str], period: Period, cut: Sequence[Run], table: SlotTable
) -> Mapping[str, Attainment | str]:
    """What sites attain under an overlay that cuts their period into these runs, or why that cannot be said.

    Of whole days their totals are read, of days that a run cuts the slots. A run's neighbours are those beside it: what is left
    out is read as well where events float over its edges.
    """
    events = isinstance(slo.indicator, RatioIndicator)
    asked = [run.period for run in cut if events or run.use is Use.JUDGED]
    spans = table.cut(slo.counted_as, sites, asked)
    outside = _outside(slo, sites, period, table) if events else {site: {} for site in sites}
    return {
        site: _over_runs(slo, site, cut, {one: spans.get((site, one)) for one in asked}, outside[site])
        for site in sites
    }


def _over_runs(
    slo: Slo, site: str, cut: Sequence[Run], spans: Mapping[Period, SiteSpan | None], outside: Mapping[int, Slot]
) -> Attainment | str:
    at = {**outside, **{slot.starts_at: slot for one in spans.values() if one for slot in (one.first, one.last)}}
    parts = []
    for run in cut:
        found = _put_together(slo, site, run.period, spans.get(run.period), at, so_far=run.period not in spans)
        if found.problem:
            return found.problem
        parts.append(Part(use=run.use, slots=found.slots, totals=found.totals, edges=found.edges))
    return attained(slo, parts)


def _outside(slo: Slo, sites: Sequence[str], period: Period, table: SlotTable) -> Mapping[str, Mapping[int, Slot]]:
    """By site the slots on each side of a period."""
    outer, found = with_neighbours(period, slo), {site: dict[int, Slot]() for site in sites}
    for start, end in ((outer.starts_at, period.starts_at), (period.ends_at, outer.ends_at)):
        for slot in table.read(slo.counted_as, sites, Period(starts_at=start, ends_at=end)):
            found[slot.site][slot.starts_at] = slot
    return found


def _put_together(
    slo: Slo, site: str, period: Period, found: SiteSpan | None, outside: Mapping[int, Slot], *, so_far: bool
) -> PeriodTotals:
    expected, step = len(slot_starts(period, slo.slot.seconds)), slo.slot.seconds
    counted = found.slots if found else 0
    at = {**outside, **({slot.starts_at: slot for slot in (found.first, found.last)} if found else {})}
    edge = edges(
        *(at.get(one) for one in (period.starts_at, period.starts_at - step, period.ends_at - step, period.ends_at))
    )
    unseen = unrecorded(SlotKey(slo=slo.counted_as, site=site, rule=slo.slot), 0 if so_far else expected - counted)
    return PeriodTotals(
        totals=add([unseen, *([found.totals] if found else ())]),
        edges=edge,
        slots=expected,
        counted=counted,
        digest=digest_of([*([found.lines] if found else ()), repr(edge)]),
        days=_days(found.lines) if found else {},
    )


def _days(lines: str) -> dict[int, str]:
    return {int(start): digest for start, _, digest in (line.partition(":") for line in lines.splitlines())}
