"""How much slower than the reference this machine is at this moment, as one number, and what lengths follow from it.

The reference is a quiet machine of two cores (docs/reference/performance.md): two fixed loops at once take `REFERENCE_SECONDS`
there, so its pace is 1. A busy machine, one core or a slower processor give more. The number decides how long things take and
how long one waits; it never decides what is right.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from deploy.lab import children

LOOP = "def loop(x=0):\n    for i in range(2_500_000): x += i * i % 7\nloop()"
REFERENCE_SECONDS = 0.34
AT_ONCE = 2  # as many parts of the lab work at the same moment
SAMPLES_A_SLOT = 5


def measure() -> float:
    """Run the loops now; at least 1, because nothing is made shorter for a machine that is faster."""
    started = time.monotonic()
    running = [children.start([sys.executable, "-I", "-S", "-c", LOOP]) for _ in range(AT_ONCE)]
    for one in running:
        one.wait()
    taken = time.monotonic() - started
    for one in running:
        children.end(one, grace_seconds=0)
    return max(1.0, taken / REFERENCE_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The period and the outage in it. The outage begins and ends in the middle of a slot, far from the next scrape's slot."""

    scrape_seconds: int
    slots: int
    down_slot: int  # it begins in the middle of this slot, counted from 0,
    up_slot: int  # and ends in the middle of this one

    @property
    def slot_seconds(self) -> int:
        return SAMPLES_A_SLOT * self.scrape_seconds

    @property
    def period_seconds(self) -> int:
        return self.slots * self.slot_seconds

    @property
    def down_after_seconds(self) -> float:
        return (self.down_slot + 0.5) * self.slot_seconds

    @property
    def up_after_seconds(self) -> float:
        return (self.up_slot + 0.5) * self.slot_seconds


# From this pace on: a scrape has as many more seconds, and there are fewer slots, to keep the whole bearable. Each outage lasts
# at least 35 s: the alert holds for 15 s, and Alertmanager waits 5 s.
PLANS = (
    (1.0, Plan(scrape_seconds=1, slots=18, down_slot=4, up_slot=11)),
    (2.5, Plan(scrape_seconds=2, slots=12, down_slot=2, up_slot=7)),
    (5.0, Plan(scrape_seconds=3, slots=10, down_slot=2, up_slot=6)),
    (10.0, Plan(scrape_seconds=5, slots=8, down_slot=2, up_slot=5)),
)


def plan_for(pace: float) -> Plan:
    return next(plan for least, plan in reversed(PLANS) if pace >= least)
