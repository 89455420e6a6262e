"""Over which time: calendar periods in a named zone or fixed lengths from an anchor for agreements, rolling ones for alerting.

A period is half-open and in UTC seconds. Calendar edges are local midnights, so a month has 28 to 31 days and a month with
a clock change an hour more or less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sankofa_observe.errors import InvalidInput
from sankofa_observe.units import Period

# What Python's calendar has, with a year to spare on each side for zones and for the period around an instant.
FIRST_AT, LAST_AT = -62_104_060_800, 253_370_764_800
MOST_PERIODS = 1_000_000
"""Between two instants: of ten minutes each, 19 years. A clock that is wrong must not cost a scheduler its turns."""


# Files of the zone database that are no zones, or that mean another thing on another machine.
_NO_ZONE = re.compile(r"(?:right|posix)/.*|localtime|posixrules|Factory")


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database; raises `ValueError`, `KeyError` or `OSError` where it is none."""
    if _NO_ZONE.fullmatch(name):
        raise ValueError("it is no time zone of the IANA database")
    return ZoneInfo(name)


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
        """The period that contains the instant `at`; raises `InvalidInput` where the calendar has none."""
        _refuse_beyond(at)
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
        """The period that contains the instant `at`; raises `InvalidInput` where the calendar has none."""
        _refuse_beyond(at)
        starts_at = self.anchor_at + (at - self.anchor_at) // self.seconds * self.seconds
        return Period(starts_at=starts_at, ends_at=starts_at + self.seconds)


@dataclass(frozen=True, kw_only=True)
class RollingWindow:
    """The last stretch of one length, which moves on by steps; for budgets that are watched, and for no agreement.

    Its periods overlap, so a month has no one verdict and a miss would be paid for again at each step.
    """

    seconds: int
    step_seconds: int  # a day where the length is one of whole days, so that it is added up from days, else a slot

    def period_at(self, at: int) -> Period:
        """The stretch that ends with the step that contains `at`; raises `InvalidInput` where the calendar has none."""
        _refuse_beyond(at)
        ends_at = at // self.step_seconds * self.step_seconds + self.step_seconds
        return Period(starts_at=ends_at - self.seconds, ends_at=ends_at)


Window = CalendarWindow | FixedWindow | RollingWindow


def window_words(window: Window) -> str:
    """What its periods are, as people say it."""
    match window:
        case CalendarWindow():
            return f"periods of a {window.unit} in {window.zone}"
        case FixedWindow():
            return f"periods of {window.seconds} s from second {window.anchor_at}"
        case RollingWindow():
            return f"the last {window.seconds} s"


def periods_between(window: Window, from_at: int, until_at: int) -> Iterator[Period]:
    """The whole periods that lie inside `[from_at, until_at]`, oldest first; each is made when it is asked for.

    Raises:
        InvalidInput: an instant that no calendar has, or more periods than `MOST_PERIODS`: a clock is wrong.
    """
    _refuse_beyond(until_at)
    first = window.period_at(from_at)
    if (number := (until_at - from_at) // first.seconds) > MOST_PERIODS:
        raise InvalidInput(
            f"{number} periods of {first.seconds} s lie between second {from_at} and second {until_at}, expected "
            f"{MOST_PERIODS} at most: is a clock wrong? nothing was judged"
        )
    return _periods(window, first if first.starts_at >= from_at else window.period_at(first.ends_at), until_at)


def _periods(window: Window, period: Period, until_at: int) -> Iterator[Period]:
    while period.ends_at <= until_at:
        yield period
        period = window.period_at(period.ends_at)


def _refuse_beyond(at: int) -> None:
    if not FIRST_AT <= at <= LAST_AT:
        raise InvalidInput(f"second {at} is beyond what a calendar has, the years 2 to 9998: is a clock wrong?")


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
