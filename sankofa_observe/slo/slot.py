"""Slots: one site under one SLO, cut into equal stretches of UTC and counted, exactly.

Every figure is an integer. What was not seen stands beside what was: as events that may exist (`hidden`), as time without any
measure of how many (`blind`), as events whose slot is not certain (`over_…`, `settling`). The state is GOOD, BAD or NO_TRAFFIC
only where every placement of those gives it. How they are counted: `counter` for events, `gauge` for states and levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.units import Period


class SlotState(StrEnum):
    GOOD = "GOOD"
    BAD = "BAD"
    NO_TRAFFIC = "NO_TRAFFIC"  # every source was seen, and nothing was asked of the service
    UNKNOWN = "UNKNOWN"  # what was not seen could make it one or the other


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One slot of one site under one SLO.

    For counters, `good` and `bad` are events that are certain to exist and are counted here; `bad` may be negative where a
    good event is counted later than its valid one. For gauges they are scrapes. `seen` of `expected` scrapes were usable.
    `proof` is what the figures follow from, kept of every slot that is not GOOD: see `counter.Parcel` and `gauge`.
    """

    slo: str
    site: str
    starts_at: int
    good: int = 0
    bad: int = 0
    hidden: int = 0  # events that may exist, and may be good or bad
    blind: int = 0  # seconds, added up over sources, for which nothing says how many events there may be
    over_good: int = 0  # good events counted in this slot or later that may belong before its start
    over_bad: int = 0
    over_hidden: int = 0
    settling: int = 0  # valid events of this slot that may become good after its end
    expected: int = 0
    seen: int = 0
    samples: int = 0  # raw samples the source answered inside the slot: what later tells that some came late
    state: SlotState = SlotState.UNKNOWN
    reasons: tuple[str, ...] = ()  # why something is not certain, each once, in order
    proof: tuple[object, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class SlotKey:
    """Whose slots are counted, and by which rule."""

    slo: str
    site: str
    rule: SlotRule

    def unknown(self, start: int, reason: str = "not observed") -> Slot:
        """A slot of which nothing was recorded, or nothing could be read."""
        rule = self.rule
        return Slot(
            slo=self.slo,
            site=self.site,
            starts_at=start,
            blind=rule.seconds,
            expected=rule.expected,
            reasons=(reason,),
        )


def slot_starts(period: Period, seconds: int) -> range:
    """Starts of the slots that lie wholly inside the period; slots are aligned to the Unix epoch."""
    first = -(-period.starts_at // seconds) * seconds
    return range(first, period.ends_at - seconds + 1, seconds)


def whole_slots(period: Period, seconds: int) -> Period | None:
    """From the first to the last of the slots that lie wholly inside the period; None where none does."""
    start, end = -(-period.starts_at // seconds) * seconds, period.ends_at // seconds * seconds
    return Period(starts_at=start, ends_at=end) if start < end else None


def in_order(reasons: Sequence[str]) -> tuple[str, ...]:
    """Each reason once, sorted: two counts of the same samples read the same."""
    return tuple(sorted(set(reasons)))
