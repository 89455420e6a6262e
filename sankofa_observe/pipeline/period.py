"""A period as it is judged: from day totals where a verdict is drawn, slot by slot where a proof is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.overlay import Overlay, Part, Run, Use, attained, of_slots
from sankofa_observe.slo.objective import Budgeting, Slo
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
    """All sites at once, from totals; of slots only those at the edges are read.

    A slot that was never recorded is UNKNOWN; with `so_far`, of a period that still runs, it is left out.
    """
    spans, outer = table.spans(slo.name, sites, period), with_neighbours(period, slo)
    outside: dict[str, dict[int, Slot]] = defaultdict(dict)
    for start, end in ((outer.starts_at, period.starts_at), (period.ends_at, outer.ends_at)):
        for slot in table.read(slo.name, sites, Period(starts_at=start, ends_at=end)):
            outside[slot.site][slot.starts_at] = slot
    return {site: _put_together(slo, site, period, spans.get(site), outside[site], so_far=so_far) for site in sites}


def laid_over(slo: Slo, sites: Sequence[str], cut: Sequence[Run], table: SlotTable) -> Mapping[str, Attainment | str]:
    """What sites attain under an overlay that cuts their period so, or why that cannot be said.

    Each run is drawn as a period of its own: of whole days their totals are read, of days that a run cuts only the slots it has.
    """
    counted = {run: period_totals(slo, sites, run.period, table) for run in cut if _counts(slo, run)}
    return {site: _over_runs(slo, cut, {run: found[site] for run, found in counted.items()}) for site in sites}


def _counts(slo: Slo, run: Run) -> bool:
    """Whether what was counted in a run matters: of one that is up only its events do, where events are counted."""
    return run.use is Use.JUDGED or (run.use is Use.UP and slo.budgeting is Budgeting.OCCURRENCES)


def _over_runs(slo: Slo, cut: Sequence[Run], counted: Mapping[Run, PeriodTotals]) -> Attainment | str:
    parts = []
    for run in cut:
        slots = run.period.seconds // slo.slot.seconds
        if (found := counted.get(run)) is None:
            parts.append(Part(use=run.use, slots=slots))
        elif found.problem:
            return found.problem
        else:
            parts.append(Part(use=run.use, slots=slots, totals=found.totals, edges=found.edges))
    return attained(slo, parts)


def _put_together(
    slo: Slo, site: str, period: Period, found: SiteSpan | None, outside: Mapping[int, Slot], *, so_far: bool
) -> PeriodTotals:
    expected, step = len(slot_starts(period, slo.slot.seconds)), slo.slot.seconds
    counted = found.slots if found else 0
    at = {slot.starts_at: slot for slot in (found.first, found.last)} if found else {}
    edge = edges(
        at.get(period.starts_at),
        outside.get(period.starts_at - step),
        at.get(period.ends_at - step),
        outside.get(period.ends_at),
    )
    unseen = unrecorded(SlotKey(slo=slo.name, site=site, rule=slo.slot), 0 if so_far else expected - counted)
    return PeriodTotals(
        totals=add([unseen, *([found.totals] if found else ())]),
        edges=edge,
        slots=expected,
        counted=counted,
        digest=digest_of([*([found.lines] if found else ()), repr(edge)]),
        days=_days(found.lines) if found else {},
    )


def _days(lines: str) -> dict[int, str]:
    return {int(start): digest for start, _, digest in (line.partition(":") for line in lines.split("\n"))}
