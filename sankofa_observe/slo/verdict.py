"""The judgement of one closed period: bounds first, then met, breach or undetermined.

`low` counts what is not known as bad, `high` counts it as good. A breach is certain when even `high` misses the target; met
is certain when even `low` reaches it; between them a person looks, and nothing is paid by itself. Compared in integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import PPM, floor_ppm, ratio_below


class Verdict(StrEnum):
    MET = "met"
    BREACH = "breach"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """What was reached, as counts of slots or of events.

    `good` and `bad` are certain, `unknown` is not; their sum is the base. `slots` counts every slot by state, for display.
    `bounded` is False where nothing says how many events were missed, so that no base can be given.
    """

    good: int
    bad: int
    unknown: int
    slots: Mapping[SlotState, int]
    bounded: bool = True

    @property
    def base(self) -> int:
        return self.good + self.bad + self.unknown

    @property
    def high_good(self) -> int:
        """Good if everything unknown was good: what a certain breach is measured against, and reported."""
        return self.good + self.unknown

    @property
    def low_ppm(self) -> int | None:
        return floor_ppm(self.good, self.base) if self.base and self.bounded else None

    @property
    def high_ppm(self) -> int | None:
        return floor_ppm(self.high_good, self.base) if self.base and self.bounded else None

    @property
    def coverage_ppm(self) -> int:
        """Known slots over all slots."""
        every = sum(self.slots.values())
        return floor_ppm(every - self.slots.get(SlotState.UNKNOWN, 0), every) if every else 0


@dataclass(frozen=True, kw_only=True)
class Edges:
    """What stands at the two ends of a stretch of slots and may belong to either side of it."""

    over_good: int = 0  # counted in the stretch, and may belong before its start
    over_bad: int = 0
    settled: int = 0  # good events counted in the stretch whose valid ones may stand before its start
    after_good: int = 0  # counted after the stretch, and may belong to it
    after_bad: int = 0
    after_hidden: int = 0
    settling: int = 0  # valid events of the stretch that may become good after its end


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The slots of one site and one stretch of time, added up: what a verdict is drawn from."""

    states: Mapping[SlotState, int] = field(default_factory=dict)
    good: int = 0
    bad: int = 0
    hidden: int = 0
    blind: int = 0
    busiest: int = 0  # the most certain events in one slot


def total(slots: Sequence[Slot]) -> Totals:
    """The sums of slots; each later figure leans on these alone."""
    return Totals(
        states=dict(Counter(slot.state for slot in slots)),
        good=sum(slot.good for slot in slots),
        bad=sum(slot.bad for slot in slots),
        hidden=sum(slot.hidden for slot in slots),
        blind=sum(slot.blind for slot in slots),
        busiest=max((slot.good + slot.bad for slot in slots), default=0),
    )


def add(parts: Sequence[Totals]) -> Totals:
    """The totals of several stretches of one site, as of one."""
    states: Counter[SlotState] = Counter()
    for one in parts:
        states.update(one.states)
    return Totals(
        states=dict(states),
        good=sum(one.good for one in parts),
        bad=sum(one.bad for one in parts),
        hidden=sum(one.hidden for one in parts),
        blind=sum(one.blind for one in parts),
        busiest=max((one.busiest for one in parts), default=0),
    )


def edges(first: Slot | None, before: Slot | None, last: Slot | None, after: Slot | None) -> Edges:
    """The edges of a stretch from its first and last slot and their neighbours outside."""
    return Edges(
        over_good=first.over_good if first else 0,
        over_bad=first.over_bad if first else 0,
        settled=before.settling if before else 0,
        after_good=after.over_good if after else 0,
        after_bad=after.over_bad if after else 0,
        after_hidden=after.over_hidden if after else 0,
        settling=last.settling if last else 0,
    )


def attain(slo: Slo, totals: Totals, at: Edges | None = None) -> Attainment:
    """Read the totals under the SLO's budgeting method."""
    states = totals.states
    if slo.budgeting is Budgeting.TIMESLICES:
        idle = states.get(SlotState.NO_TRAFFIC, 0) if slo.no_traffic is NoTraffic.GOOD else 0
        return Attainment(
            good=states.get(SlotState.GOOD, 0) + idle,
            bad=states.get(SlotState.BAD, 0),
            unknown=states.get(SlotState.UNKNOWN, 0),
            slots=states,
        )
    return _occurrences(slo, totals, at or Edges())


def _occurrences(slo: Slo, totals: Totals, at: Edges) -> Attainment:
    """Events: what may belong to either side of an edge is taken off what is certain, and is possible."""
    good, bad = totals.good - at.over_good, totals.bad - at.over_bad
    unknown = totals.hidden + at.over_good + max(at.over_bad, 0)
    unknown += at.after_good + max(at.after_bad, 0) + at.after_hidden
    late, early = min(max(bad, 0), at.settling), min(good, at.settled)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    if bad < 0:  # more good than valid: so many of the good ones are of valid ones that are not here
        good, bad, unknown = good + bad, 0, unknown - bad
    # Time without any measure counts as twice the busiest slot there was.
    unknown += -(-2 * totals.blind * totals.busiest // slo.slot.seconds)
    bounded = not totals.blind or totals.busiest > 0
    return Attainment(good=good, bad=bad, unknown=unknown, slots=totals.states, bounded=bounded)


def judge(slo: Slo, attainment: Attainment) -> Verdict:
    """Compare the bounds with the target; without any base nothing can be said, but that idle time is good where it is."""
    if not attainment.bounded:
        return Verdict.UNDETERMINED
    if attainment.base == 0:
        idle = attainment.slots.get(SlotState.NO_TRAFFIC, 0)
        idle_only = idle > 0 and idle == sum(attainment.slots.values())
        return Verdict.MET if idle_only and slo.no_traffic is NoTraffic.GOOD else Verdict.UNDETERMINED
    if ratio_below(attainment.high_good, attainment.base, slo.target_ppm):
        return Verdict.BREACH
    if not ratio_below(attainment.good, attainment.base, slo.target_ppm):
        return Verdict.MET
    return Verdict.UNDETERMINED


def allowed_bad(attainment: Attainment, target_ppm: int) -> int:
    """The error budget so far, in whole slots or events; how far over it one is, is never clamped."""
    return attainment.base * (PPM - target_ppm) // PPM
