"""The judgement of one closed period: bounds first, then met, breach or undetermined.

`low` counts what is not known as bad, `high` counts it as good. A breach is certain when even `high` misses the target; met
is certain when even `low` reaches it; between them a person looks, and nothing is paid by itself. Compared in integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo
from sankofa_observe.slo.quorum import Quorum, View
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import Edges, Totals
from sankofa_observe.units import PPM, Period, floor_ppm, ratio_below


class Verdict(StrEnum):
    MET = "met"
    BREACH = "breach"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """What was reached, as counts of slots or of events.

    `good` and `bad` are certain, `unknown` is not; their sum is the base. `slots` counts every slot by state, for display.
    `bounded` is False where nothing says how many events were missed, so that no base can be given. `excluded` slots are in no other
    figure but `good`, where the agreement counts them as up.
    """

    good: int
    bad: int
    unknown: int
    slots: Mapping[SlotState, int]
    bounded: bool = True
    excluded: int = 0

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
class AttainmentRecord:
    """What one site attained of an SLO in one closed period, drawn once for every agreement that leans on it.

    Other slots, or other rules of counting them, give a later revision. `days` holds the digest of each UTC day's slots, by the
    second at which the day begins: two revisions differ in the days whose digests differ, or in what lies beside the period.
    """

    slo: str
    site: str
    period: Period
    revision: int
    attainment: Attainment
    slot_count: int
    samples: int  # raw samples that its slots were counted from, of all observers together
    slots_digest: str  # of the slots and edges that it was drawn from
    spec_digest: str
    days: Mapping[int, str]
    drawn_at: int
    views: tuple[View, ...] = ()  # what each observer alone would have said, where there are several
    quorum: Quorum = field(default_factory=Quorum)  # whose slots they are


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
    # What floats over the whole period is in `over_good` and not in the total: never less than none of it is certain.
    good, bad = max(totals.good - at.over_good, 0), totals.bad - at.over_bad
    unknown = totals.hidden + at.over_good + max(at.over_bad, 0)
    unknown += at.after_good + max(at.after_bad, 0) + at.after_hidden
    late, early = min(max(bad, 0), at.settling), min(good, at.settled)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    if bad < 0:  # more good than valid: so many of the good ones are of valid ones that are not here
        elsewhere = min(good, -bad)
        good, bad, unknown = good - elsewhere, 0, unknown + elsewhere
    unknown += unmeasured(slo, totals.blind, totals.busiest)
    bounded = not totals.blind or totals.busiest > 0
    return Attainment(good=good, bad=bad, unknown=unknown, slots=totals.states, bounded=bounded)


def unmeasured(slo: Slo, blind: int, busiest: int) -> int:
    """How many events time without any measure may hold: it counts as twice the busiest slot there was, rounded up."""
    return -(-2 * blind * busiest // slo.slot.seconds)


def judge(slo: Slo, attainment: Attainment) -> Verdict:
    """Compare the bounds with the target; without any base nothing can be said, but that idle time is good where it is.

    Where exclusions leave no slot at all, nothing was promised of the period, and nothing was missed.
    """
    if not attainment.bounded:
        return Verdict.UNDETERMINED
    if attainment.base == 0:
        idle, every = attainment.slots.get(SlotState.NO_TRAFFIC, 0), sum(attainment.slots.values())
        idle_only = 0 < idle == every and slo.no_traffic is NoTraffic.GOOD
        return Verdict.MET if idle_only or (attainment.excluded and not every) else Verdict.UNDETERMINED
    if ratio_below(attainment.high_good, attainment.base, slo.target_ppm):
        return Verdict.BREACH
    if not ratio_below(attainment.good, attainment.base, slo.target_ppm):
        return Verdict.MET
    return Verdict.UNDETERMINED


def allowed_bad(attainment: Attainment, target_ppm: int) -> int:
    """The error budget so far, in whole slots or events; how far over it one is, is never clamped."""
    return attainment.base * (PPM - target_ppm) // PPM
