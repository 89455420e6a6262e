"""A period as it is judged: from day totals where a verdict is drawn, slot by slot where a proof is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.ports import HOUR_SECONDS, SlotTable
from sankofa_observe.sla.overlay import Overlay, Part, Run, Use, attained, of_slots
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.observers import Seen
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
from sankofa_observe.units import Period, rfc3339, union, without


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
        return _counted_twice(self.counted, self.slots) if self.counted > self.slots else ""

    def attainment(self, slo: Slo) -> Attainment:
        return attain(slo, self.totals, self.edges)


@dataclass(frozen=True, kw_only=True)
class PeriodSlots(Seen):
    """One that was never recorded is UNKNOWN, not absent."""

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
    slo: Slo, sites: Sequence[str], cuts: Mapping[Period, Sequence[Run]], table: SlotTable
) -> Mapping[tuple[str, Period], Attainment | str]:
    """What sites attain in periods under overlays that cut each of them into its runs, or why that cannot be said.

    The periods do not overlap. Where events float over the edges of runs, what is left out and what lies beside a period is read too.
    """
    events = isinstance(slo.indicator, RatioIndicator)
    every = [run for cut in cuts.values() for run in cut]
    asked = [run.period for run in every if events or run.use is Use.JUDGED]
    asked += _beside(slo, asked) if events else []
    spans, lost = table.cut(slo.counted_as, sites, asked), {period: _lost(cut, table) for period, cut in cuts.items()}
    found: dict[tuple[str, Period], Attainment | str] = {}
    for site in sites:
        own = {one: span for one in asked if (span := spans.get((site, one)))}
        at = {slot.starts_at: slot for one in own.values() for slot in (one.first, one.last)} if events else {}
        key = SlotKey(slo=slo.counted_as, site=site, rule=slo.slot)
        for period, cut in cuts.items():
            found[site, period] = lost[period] or _over_runs(slo, key, cut, own, at)
    return found


def _over_runs(
    slo: Slo, key: SlotKey, cut: Sequence[Run], spans: Mapping[Period, SiteSpan], at: Mapping[int, Slot]
) -> Attainment | str:
    parts, step = [], slo.slot.seconds
    for run in cut:
        slots = run.period.seconds // step
        if run.use is Use.LEFT_OUT:
            parts.append(Part(use=run.use, slots=slots))
            continue
        span = spans.get(run.period)
        if span and span.slots > slots:
            return _counted_twice(span.slots, slots)
        edge = _edges(run.period, step, at) if at else Edges()
        parts.append(Part(use=run.use, slots=slots, totals=_totals(key, span, slots), edges=edge))
    return attained(slo, parts)


def _beside(slo: Slo, runs: Sequence[Period]) -> list[Period]:
    """Whole hours around runs, as far as no run covers them: the slots that touch their edges are the first or the last of these."""
    outer = (
        Period(
            starts_at=(one.starts_at - slo.slot.seconds) // HOUR_SECONDS * HOUR_SECONDS,
            ends_at=(one.ends_at // HOUR_SECONDS + 1) * HOUR_SECONDS,
        )
        for one in runs
    )
    return [piece for one in union(outer) for piece in without(one, runs)]


def _lost(cut: Sequence[Run], table: SlotTable) -> str:
    """Why slots are needed that are no longer kept, or nothing: of a day without slots its hours are left."""
    for run in cut:
        for at in (run.period.starts_at, run.period.ends_at) if run.use is not Use.LEFT_OUT else ():
            if at % HOUR_SECONDS and table.forgotten(Period(starts_at=at - 1, ends_at=at + 1)):
                return f"slots of {rfc3339(at)[:10]} are no longer kept (retention_years), and {rfc3339(at)} cuts an hour of that day"
    return ""


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
    expected, counted = len(slot_starts(period, slo.slot.seconds)), found.slots if found else 0
    at = {**outside, **({slot.starts_at: slot for slot in (found.first, found.last)} if found else {})}
    edge, key = _edges(period, slo.slot.seconds, at), SlotKey(slo=slo.counted_as, site=site, rule=slo.slot)
    return PeriodTotals(
        totals=_totals(key, found, counted if so_far else expected),
        edges=edge,
        slots=expected,
        counted=counted,
        digest=digest_of([*([found.lines] if found else ()), repr(edge)]),
        days=_days(found.lines) if found else {},
    )


def _edges(period: Period, step: int, at: Mapping[int, Slot]) -> Edges:
    return edges(
        at.get(period.starts_at),
        at.get(period.starts_at - step),
        at.get(period.ends_at - step),
        at.get(period.ends_at),
    )


def _totals(key: SlotKey, found: SiteSpan | None, slots: int) -> Totals:
    """Of so many slots, those that were recorded and those that never were."""
    if found and found.slots == slots:
        return found.totals
    return add([unrecorded(key, slots - (found.slots if found else 0)), *([found.totals] if found else ())])


def _counted_twice(counted: int, slots: int) -> str:
    return (
        f"{counted} slots are recorded where its slot length gives {slots}: it was counted with another one as "
        "well; give the SLO of the other slot length a name of its own"
    )


def _days(lines: str) -> dict[int, str]:
    return {int(start): digest for start, _, digest in (line.partition(":") for line in lines.splitlines())}
