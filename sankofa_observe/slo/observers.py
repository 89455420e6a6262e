"""Several observers of one site, and what they say together: a vote with two thresholds, and no observer that is believed alone.

Each observer reads its own Prometheus and counts slots of its own. So many must call a slot bad before it is, so many must call it
good before that is believed, and what reaches neither is unknown: one that is down, late or blind says nothing, and one that lies
decides nothing. Slots are put to the vote where slots are what is budgeted. Events are not, because observers scrape at other instants
and an event falls into another slot of each: there each one's bounds over the period are what is voted on, by the same thresholds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sankofa_observe.slo.quorum import Quorum, vote
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import Edges
from sankofa_observe.slo.verdict import Attainment


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one observer counted of a period: every slot in order, and what stands beside them."""

    slots: Sequence[Slot]
    edges: Edges


def merged(quorum: Quorum, every: Sequence[Seen]) -> list[Slot]:
    """The slots of all observers together; only their states are of all."""
    if len(every) == 1:
        return list(every[0].slots)
    return [
        Slot(slo=of_each[0].slo, site=of_each[0].site, starts_at=of_each[0].starts_at, state=_voted(quorum, of_each))
        for of_each in zip(*(seen.slots for seen in every), strict=True)
    ]


def _voted(quorum: Quorum, of_each: Iterable[Slot]) -> SlotState:
    return vote(quorum, Counter(one.state for one in of_each))


def attained(quorum: Quorum, each: Sequence[Attainment]) -> Attainment:
    """The bounds of all observers together, from each one's bounds over the same period.

    So many as make a slot BAD must say that its share was at most `high`; so many as make one GOOD, that it was at least `low`. Who saw
    no event, or cannot say how many there were, says nothing. The shares are told as counts of the middle base, rounded apart: one
    observer's base decides nothing, and no rounding makes a breach or a met.
    """
    if len(each) == 1:
        return each[0]
    telling = sorted((one for one in each if one.bounded and one.base), key=lambda one: one.base)
    high = _nth(sorted(Fraction(one.high_good, one.base) for one in telling), quorum.bad)
    low = _nth(sorted((Fraction(one.good, one.base) for one in telling), reverse=True), quorum.good)
    if high is None and low is None:
        busiest = min(each, key=lambda one: one.slots.get(SlotState.NO_TRAFFIC, 0))
        idle = all(one.bounded and not one.base for one in each)
        return replace(busiest, good=0, bad=0, unknown=0, bounded=idle)
    middle = telling[(len(telling) - 1) // 2]
    at_most, at_least = 1 if high is None else high, 0 if low is None else low
    most, good = math.ceil(at_most * middle.base), math.floor(min(at_least, at_most) * middle.base)
    return replace(middle, good=good, bad=middle.base - most, unknown=most - good)


def _nth(shares: Sequence[Fraction], needed: int) -> Fraction | None:
    """What so many of them say, where there are so many."""
    return shares[needed - 1] if len(shares) >= needed else None
