"""What an agreement lays over slots when it judges: exclusions, and the time before a site was deployed. No slot changes by it.

A slot is taken when it lies wholly inside, in their union; one that is half inside stays. What is taken leaves the base, or counts as
up, as the agreement says. What is left falls into runs, each with edges of its own: what may stand on either side of an edge is
taken off by the later side and is possible for the earlier one, as at the edges of a period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sankofa_observe.slo import observers
from sankofa_observe.slo.indicator import OutageIndicator
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.observers import Seen, merged
from sankofa_observe.slo.outage import slots_to_fill
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot, SlotState, slot_starts, whole_slots
from sankofa_observe.slo.totals import Edges, Totals, edges, total
from sankofa_observe.slo.verdict import Attainment, attain, unmeasured
from sankofa_observe.units import Period, union


class ExcludedSlots(StrEnum):
    """What an agreement makes of a slot that is excluded."""

    LEAVES_BASE = "leaves-base"  # it is as if it had not been
    COUNTS_AS_UP = "counts-as-up"  # it is good; of events, those that were counted in it are


class Use(StrEnum):
    """What becomes of a run of slots."""

    JUDGED = "judged"
    LEFT_OUT = "left out"
    UP = "up"


@dataclass(frozen=True, kw_only=True, order=True)
class Applied:
    """One occurrence of an approved exclusion that reaches into a period."""

    starts_at: int
    ends_at: int
    exclusion_id: str


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """What lies over one promise in one period; `applied` is in order, each once.

    `since_at` is when the site was deployed, where that is inside the period or after it, or before by less than the SLO's reach; else
    0. Before it there is no base,
    whatever the agreement says of exclusions.
    """

    excluded_slots: ExcludedSlots = ExcludedSlots.LEAVES_BASE
    since_at: int = 0
    applied: tuple[Applied, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.since_at or self.applied)


@dataclass(frozen=True, kw_only=True, order=True)
class Run:
    """Slots in a row that share their use; `period` begins and ends on slots."""

    period: Period
    use: Use


@dataclass(frozen=True, kw_only=True)
class Part:
    """A run with what was counted in it; a run that is left out needs neither totals nor edges."""

    use: Use
    slots: int
    totals: Totals = field(default_factory=Totals)
    edges: Edges = field(default_factory=Edges)


def reach_seconds(slo: Slo) -> int:
    """How far beyond its end an exclusion takes slots: those of an outage are bad by slots before them, which it took."""
    if isinstance(slo.indicator, OutageIndicator):
        return (slots_to_fill(slo.indicator.limit_seconds, slo.slot.seconds) - 1) * slo.slot.seconds
    return 0


def runs(overlay: Overlay, period: Period, slot_seconds: int, reach: int = 0) -> list[Run]:
    """The slots of the period in runs, oldest first; `reach` is that of the SLO."""
    starts = slot_starts(period, slot_seconds)
    if not starts:
        return []
    low, high = starts[0], starts[-1] + slot_seconds
    since, before = overlay.since_at, low - reach - slot_seconds
    undeployed = [Period(starts_at=before, ends_at=since)] if since and since > before else []
    every = [*undeployed, *(Period(starts_at=one.starts_at, ends_at=one.ends_at) for one in overlay.applied)]
    leaving = undeployed if overlay.excluded_slots is ExcludedSlots.COUNTS_AS_UP else every
    out = _whole(leaving, slot_seconds, reach)
    found, at = [], low
    for one in _whole(every, slot_seconds, reach):
        start, end = max(one.starts_at, low), min(one.ends_at, high)
        if start >= end:
            continue
        left_until = max([start, *(min(end, left.ends_at) for left in out if start in left)])
        found += [*_run(at, start, Use.JUDGED), *_run(start, left_until, Use.LEFT_OUT), *_run(left_until, end, Use.UP)]
        at = end
    return [*found, *_run(at, high, Use.JUDGED)]


def _run(start: int, end: int, use: Use) -> Iterator[Run]:
    if start < end:
        yield Run(period=Period(starts_at=start, ends_at=end), use=use)


def _whole(periods: Iterable[Period], slot_seconds: int, reach: int) -> list[Period]:
    """The union of stretches, in those of the slots that lie wholly inside, and of those that follow from them."""
    inside = (whole_slots(one, slot_seconds) for one in union(periods))
    return union(Period(starts_at=one.starts_at, ends_at=one.ends_at + reach) for one in inside if one)


def attained(slo: Slo, parts: Sequence[Part]) -> Attainment:
    """What is attained over all parts together; of one part that is judged, what `slo.verdict.attain` says of it."""
    judged = [one for one in parts if one.use is Use.JUDGED]
    taken = sum(one.slots for one in parts if one.use is not Use.JUDGED)
    each = [attain(slo, replace(one.totals, blind=0) if one.totals.blind else one.totals, one.edges) for one in judged]
    states: Counter[SlotState] = Counter()
    for one in each:
        states.update(one.slots)
    found = Attainment(
        good=sum(one.good for one in each) + sum(_up(slo, one) for one in parts if one.use is Use.UP),
        bad=sum(one.bad for one in each),
        unknown=sum(one.unknown for one in each),
        slots=dict(states),
        excluded=taken,
    )
    if slo.budgeting is Budgeting.TIMESLICES:
        return found
    blind, busiest = sum(one.totals.blind for one in judged), max((one.totals.busiest for one in judged), default=0)
    unknown = found.unknown + unmeasured(slo, blind, busiest)
    return replace(found, unknown=unknown, bounded=not blind or busiest > 0)


def _up(slo: Slo, part: Part) -> int:
    """Slots; or the events that were certainly counted in the run, and are good by the agreement: of what nobody saw it says nothing."""
    if slo.budgeting is Budgeting.TIMESLICES:
        return part.slots
    return max(part.totals.good + part.totals.bad - part.edges.over_good - part.edges.over_bad, 0)


def of_observers(slo: Slo, quorum: Quorum, seen: Sequence[Seen], overlay: Overlay) -> Attainment:
    """From what every observer counted of a period: of slots by their votes, of events by each one's bounds."""
    if slo.budgeting is Budgeting.TIMESLICES:
        outer = seen[0].edges if len(seen) == 1 else Edges()
        return of_slots(slo, merged(quorum, seen), outer, overlay)
    return observers.attained(quorum, [of_slots(slo, each.slots, each.edges, overlay) for each in seen])


def of_slots(slo: Slo, slots: Sequence[Slot], outer: Edges, overlay: Overlay) -> Attainment:
    """From every slot of a period and its outer edges: the specification of what is drawn from totals."""
    first, step = slots[0].starts_at, slo.slot.seconds
    period = Period(starts_at=first, ends_at=slots[-1].starts_at + step)
    parts = []
    for run in runs(overlay, period, step, reach_seconds(slo)):
        low, high = (run.period.starts_at - first) // step, (run.period.ends_at - first) // step
        own = slots[low:high]
        before, after = slots[low - 1] if low else None, slots[high] if high < len(slots) else None
        inner = edges(own[0], before, own[-1], after)
        if before is None:
            inner = replace(inner, settled=outer.settled)
        if after is None:
            inner = replace(inner, after_good=outer.after_good, after_bad=outer.after_bad, after_hidden=outer.after_hidden)  # fmt: skip
        parts.append(Part(use=run.use, slots=len(own), totals=total(own), edges=inner))
    return attained(slo, parts)


def plain(overlay: Overlay) -> dict[str, Any]:
    """As records and evidence have it."""
    return {
        "excluded_slots": overlay.excluded_slots.value,
        "since_at": overlay.since_at,
        "exclusions": [[one.exclusion_id, one.starts_at, one.ends_at] for one in overlay.applied],
    }


def overlay_of_plain(told: Mapping[str, Any]) -> Overlay:
    """Raises `LookupError`, `TypeError` or `ValueError` where it is none."""
    applied = (Applied(starts_at=start, ends_at=end, exclusion_id=one) for one, start, end in told["exclusions"])
    return Overlay(
        excluded_slots=ExcludedSlots(told["excluded_slots"]), since_at=told["since_at"], applied=tuple(applied)
    )
