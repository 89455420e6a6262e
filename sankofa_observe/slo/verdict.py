"""The judgement of one closed period: bounds first, then met, breach or undetermined.

`low` counts what is not known as bad, `high` counts it as good. A breach is certain when even `high` misses the target; met
is certain when even `low` reaches it; between them a person looks, and nothing is paid by itself. Compared in integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """

    good: int
    bad: int
    unknown: int
    slots: Mapping[SlotState, int]

    @property
    def base(self) -> int:
        return self.good + self.bad + self.unknown

    @property
    def high_good(self) -> int:
        """Good if everything unknown was good: what a certain breach is measured against, and reported."""
        return self.good + self.unknown

    @property
    def low_ppm(self) -> int | None:
        return floor_ppm(self.good, self.base) if self.base else None

    @property
    def high_ppm(self) -> int | None:
        return floor_ppm(self.high_good, self.base) if self.base else None

    @property
    def coverage_ppm(self) -> int:
        """Known slots over all slots that count."""
        counting = sum(self.slots.values()) - self.slots.get(SlotState.EXCLUDED, 0)
        known = counting - self.slots.get(SlotState.UNKNOWN, 0) - self.slots.get(SlotState.RECOVERED, 0)
        return floor_ppm(known, counting) if counting else 0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The slots of one site and one period, added up: what a verdict is drawn from."""

    states: Mapping[SlotState, int]
    good: int  # events (or samples) of every slot that is not EXCLUDED
    valid: int
    busiest: int  # the most events in one slot that is neither UNKNOWN nor EXCLUDED


def tally(slots: Iterable[Slot]) -> Tally:
    slots = list(slots)
    counted = [slot for slot in slots if slot.state is not SlotState.EXCLUDED]
    return Tally(
        states=dict(Counter(slot.state for slot in slots)),
        good=sum(slot.good for slot in counted),
        valid=sum(slot.valid for slot in counted),
        busiest=max((slot.valid for slot in counted if slot.state is not SlotState.UNKNOWN), default=0),
    )


def attain(slo: Slo, total: Tally) -> Attainment:
    """Read the tally under the SLO's budgeting method.

    How many events an UNKNOWN slot hides cannot be known: each counts as the busiest known slot, the stated and conservative
    stand-in (decision 0004). With no known slot at all one event stands for each, so that the verdict is undetermined
    rather than empty.
    """
    states = total.states
    if slo.budgeting is Budgeting.TIMESLICES:
        idle = states.get(SlotState.NO_TRAFFIC, 0) if slo.no_traffic is NoTraffic.GOOD else 0
        return Attainment(
            good=states.get(SlotState.GOOD, 0) + idle,
            bad=states.get(SlotState.BAD, 0),
            unknown=states.get(SlotState.UNKNOWN, 0) + states.get(SlotState.RECOVERED, 0),
            slots=states,
        )
    hidden = states.get(SlotState.UNKNOWN, 0) * max(total.busiest, 1)
    return Attainment(good=total.good, bad=total.valid - total.good, unknown=hidden, slots=states)


def judge(attainment: Attainment, target_ppm: int) -> Verdict:
    """Compare the bounds with the target; without any base nothing can be said."""
    if attainment.base == 0:
        return Verdict.UNDETERMINED
    if ratio_below(attainment.high_good, attainment.base, target_ppm):
        return Verdict.BREACH
    if not ratio_below(attainment.good, attainment.base, target_ppm):
        return Verdict.MET
    return Verdict.UNDETERMINED


def allowed_bad(attainment: Attainment, target_ppm: int) -> int:
    """The error budget so far, in whole slots or events; how far over it one is, is never clamped."""
    return attainment.base * (PPM - target_ppm) // PPM
