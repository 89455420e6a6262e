"""Over which time: calendar periods in a named zone for agreements, or fixed lengths from an anchor.

A period is half-open and in UTC seconds. Calendar edges are local midnights, so a month has 28 to 31 days and a month with
a clock change an hour more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sankofa_observe.units import Period


class CalendarUnit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, kw_only=True)
class CalendarWindow:
    """Calendar days, weeks (from Monday), months or quarters in an IANA zone."""

    unit: CalendarUnit
    zone: str

    def period_at(self, at: int) -> Period:
        """The period that contains the instant `at`."""
        zone = ZoneInfo(self.zone)
        local = datetime.fromtimestamp(at, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        first = _first_day(local, self.unit)
        return Period(starts_at=_utc(first, zone), ends_at=_utc(_next_first_day(first, self.unit), zone))


@dataclass(frozen=True, kw_only=True)
class FixedWindow:
    """Periods of one length, counted from an anchor; for short contracts and for trials."""

    seconds: int
    anchor_at: int

    def period_at(self, at: int) -> Period:
        starts_at = self.anchor_at + (at - self.anchor_at) // self.seconds * self.seconds
        return Period(starts_at=starts_at, ends_at=starts_at + self.seconds)


Window = CalendarWindow | FixedWindow


def periods_between(window: Window, from_at: int, until_at: int) -> Iterator[Period]:
    """The whole periods that lie inside `[from_at, until_at]`, oldest first."""
    period = window.period_at(from_at)
    if period.starts_at < from_at:
        period = window.period_at(period.ends_at)
    while period.ends_at <= until_at:
        yield period
        period = window.period_at(period.ends_at)


def _first_day(local: datetime, unit: CalendarUnit) -> datetime:
    match unit:
        case CalendarUnit.DAY:
            return local
        case CalendarUnit.WEEK:
            return local - timedelta(days=local.weekday())
        case CalendarUnit.MONTH:
            return local.replace(day=1)
        case CalendarUnit.QUARTER:
            return local.replace(month=3 * ((local.month - 1) // 3) + 1, day=1)


def _next_first_day(first: datetime, unit: CalendarUnit) -> datetime:
    match unit:
        case CalendarUnit.DAY:
            return first + timedelta(days=1)
        case CalendarUnit.WEEK:
            return first + timedelta(days=7)
        case CalendarUnit.MONTH:
            return (first + timedelta(days=31)).replace(day=1)
        case CalendarUnit.QUARTER:
            return (first + timedelta(days=93)).replace(day=1)


def _utc(local: datetime, zone: ZoneInfo) -> int:
    """Seconds of a local midnight; where the clock skips midnight, the first instant that exists."""
    naive = local.replace(tzinfo=None)
    return int(naive.replace(tzinfo=zone).timestamp())
