"""The lengths of the story: the period, its slots and the outage in it, by the pace of the machine.

The pace decides how long things take and how long one waits; it never decides what is right.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLES_A_SLOT = 5
SHORTEST_OUTAGE_SECONDS = 35  # the alert holds for 15 s, Alertmanager waits 5 s, and a busy machine is late with both


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The period and the outage in it. The outage begins and ends in the middle of a slot, far from the next scrape's slot."""

    scrape_seconds: int
    slots: int
    down_slot: int  # it begins in the middle of this slot, counted from 0,
    up_slot: int  # and ends in the middle of this one

    def __post_init__(self) -> None:
        outage_seconds = self.up_after_seconds - self.down_after_seconds
        if outage_seconds < SHORTEST_OUTAGE_SECONDS:
            raise ValueError(f"an outage of {outage_seconds:g} s pages nobody; {SHORTEST_OUTAGE_SECONDS} s are needed")

    @property
    def slot_seconds(self) -> int:
        return SAMPLES_A_SLOT * self.scrape_seconds

    @property
    def grace_seconds(self) -> int:
        """What a slot leans on after its end: a gap of a slot, and two scrapes."""
        return self.slot_seconds + 2 * self.scrape_seconds

    @property
    def period_seconds(self) -> int:
        return self.slots * self.slot_seconds

    @property
    def down_after_seconds(self) -> float:
        return (self.down_slot + 0.5) * self.slot_seconds

    @property
    def up_after_seconds(self) -> float:
        return (self.up_slot + 0.5) * self.slot_seconds


# From this pace on: a scrape has as many more seconds, and there are fewer slots, to keep the whole bearable.
PLANS = (
    (1.0, Plan(scrape_seconds=1, slots=18, down_slot=4, up_slot=11)),
    (2.5, Plan(scrape_seconds=2, slots=12, down_slot=2, up_slot=7)),
    (5.0, Plan(scrape_seconds=3, slots=10, down_slot=2, up_slot=6)),
    (10.0, Plan(scrape_seconds=5, slots=8, down_slot=2, up_slot=5)),
)


def plan_for(pace: float) -> Plan:
    """The plan for a machine on which things take `pace` times as long."""
    return next(plan for least, plan in reversed(PLANS) if max(pace, 1.0) >= least)
