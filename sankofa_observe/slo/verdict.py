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


def attain(slo: Slo, slots: Iterable[Slot]) -> Attainment:
    """Add up the slots of one site and one period under the SLO's budgeting method."""
    slots = list(slots)
    states = Counter(slot.state for slot in slots)
    if slo.budgeting is Budgeting.TIMESLICES:
        idle = states[SlotState.NO_TRAFFIC] if slo.no_traffic is NoTraffic.GOOD else 0
        return Attainment(
            good=states[SlotState.GOOD] + idle,
            bad=states[SlotState.BAD],
            unknown=states[SlotState.UNKNOWN] + states[SlotState.RECOVERED],
            slots=states,
        )
    counted = [slot for slot in slots if slot.state is not SlotState.EXCLUDED]
    good = sum(slot.good for slot in counted)
    valid = sum(slot.valid for slot in counted)
    return Attainment(good=good, bad=valid - good, unknown=_unknown_events(counted, states), slots=states)


def _unknown_events(slots: list[Slot], states: Mapping[SlotState, int]) -> int:
    """How many events unknown slots may hide: each up to the busiest known slot of the period.

    The true number cannot be known; the busiest slot is the stated, conservative stand-in (decision 0004). With no known
    slot at all one event stands for all, so that the verdict is undetermined rather than empty.
    """
    busiest = max((slot.valid for slot in slots if slot.state is not SlotState.UNKNOWN), default=0)
    return states.get(SlotState.UNKNOWN, 0) * max(busiest, 1)


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
