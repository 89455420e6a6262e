"""When the clocks of a zone change: a month with a change is an hour longer or shorter, and its budget with it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from sankofa_observe.units import Period

_STEP_SECONDS = 86_400  # two changes of a zone are never nearer to each other


@dataclass(frozen=True, kw_only=True)
class ClockChange:
    """At a UTC second the offset from UTC becomes another one, in seconds."""

    at: int
    before_seconds: int
    after_seconds: int


def clock_changes(zone: str, period: Period) -> list[ClockChange]:
    """The changes after the first instant of a period and before its end, in order."""
    named = ZoneInfo(zone)

    def offset(at: int) -> int:
        shift = datetime.fromtimestamp(at, named).utcoffset()
        return 0 if shift is None else int(shift.total_seconds())

    edges = [*range(period.starts_at, period.ends_at - 1, _STEP_SECONDS), period.ends_at - 1]
    found = []
    for low, high in pairwise(edges):
        before, after = offset(low), offset(high)
        if before != after:
            seconds = range(low, high + 1)
            at = seconds[bisect_left(seconds, True, key=lambda second: offset(second) != before)]
            found.append(ClockChange(at=at, before_seconds=before, after_seconds=after))
    return found
