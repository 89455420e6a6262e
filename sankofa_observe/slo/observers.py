"""Several observers of one site, and what they say together: a vote with two thresholds, and no observer that is believed alone.

Each observer reads its own Prometheus and counts slots of its own. So many must call a slot bad before it is, so many must call it
good before that is believed, and what reaches neither is unknown: one that is down, late or blind says nothing, and one that lies
decides nothing. Slots are put to the vote where slots are what is budgeted. Events are not, because observers scrape at other instants
and an event falls into another slot of each: there each one's bounds over the period are what is voted on, by the same thresholds.
"""

from __future__ import annotations

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

    So many as make a slot BAD must say that it was at most `high`; so many as make one GOOD, that it was at least `low`. Who saw no
    event, or cannot say how many there were, says nothing.
    """
    if len(each) == 1:
        return each[0]
    telling = [one for one in each if one.bounded and one.base]
    lowest, highest = sorted(telling, key=_high), sorted(telling, key=_low, reverse=True)
    high = lowest[quorum.bad - 1] if len(telling) >= quorum.bad else None
    low = highest[quorum.good - 1] if len(telling) >= quorum.good else None
    if high is None and low is None:
        busiest = min(each, key=lambda one: one.slots.get(SlotState.NO_TRAFFIC, 0))
        idle = all(one.bounded and not one.base for one in each)
        return replace(busiest, good=0, bad=0, unknown=0, bounded=idle)
    told = high or low
    assert told is not None  # noqa: S101  one of both is
    base, high_good = told.base, high.high_good if high else told.base
    good = min(high_good, low.good * base // low.base) if low else 0
    return replace(told, good=good, bad=base - high_good, unknown=high_good - good)


def _high(one: Attainment) -> tuple[Fraction, int]:
    return Fraction(one.high_good, one.base), one.base


def _low(one: Attainment) -> tuple[Fraction, int]:
    return Fraction(one.good, one.base), one.base
