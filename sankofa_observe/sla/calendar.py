"""The calendar of an agreement: its periods as indices, the same ones off chain and on.

On chain a period is a number, and a calendar says when it begins and ends: a table of bounds, or one length from an anchor on. A
calendar there is immutable and ends, so where it begins and how far it reaches follows from nothing but the window and the year in
which the agreement starts: agreements of one window and one year share it, whoever publishes it.

It begins with the period that holds the first of January of that year, in the window's zone. One length is enough where no clock of
the zone changes in the 20 years that follow, and reaches that far. Else each bound is listed, 10 years of months or quarters and 5 of
weeks. Days in such a zone are refused: the contract's 512 bounds are 17 months of them, after which the agreement would have ended,
and what is shorter than a year has no year of credits either. A zone that changes its clocks by law later than a table was made is
another table, so another calendar: both parties and every attestor need the same data of time zones, as they do for slots.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from eth_hash.auto import keccak

from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.clock_changes import clock_changes
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, RollingWindow, Window
from sankofa_observe.units import Period, rfc3339

MOST_BOUNDS = 512  # of a table, in the contract
MOST_SECONDS = 2**32 - 1  # of one period of a fixed calendar, in the contract
FIXED_YEARS = 20
TABLE_YEARS = {CalendarUnit.WEEK: 5, CalendarUnit.MONTH: 10, CalendarUnit.QUARTER: 10}
_ID_BYTES = 16
_YEAR_SECONDS = 31_557_600  # of 365.25 days: how far a fixed calendar reaches is no date


@dataclass(frozen=True, kw_only=True)
class TableCalendar:
    """Periods between bounds that are listed: period `i` is from the bound `i` to the bound `i + 1`."""

    kind: ClassVar = "table"
    bounds: tuple[int, ...]

    def __post_init__(self) -> None:
        ascending = all(one < later for one, later in pairwise(self.bounds))
        if not 1 < len(self.bounds) <= MOST_BOUNDS or not ascending or self.bounds[0] < 0:
            raise ValueError(f"a table of {len(self.bounds)} bounds: expected 2 to {MOST_BOUNDS}, from 0 on, ascending")

    @property
    def id(self) -> str:
        """`bytes16(keccak256(abi.encode(uint48[] bounds)))`: where the list begins, how long it is, and it."""
        return _id(32, len(self.bounds), *self.bounds)

    @property
    def periods(self) -> int:
        return len(self.bounds) - 1

    @property
    def reaches(self) -> Period:
        return Period(starts_at=self.bounds[0], ends_at=self.bounds[-1])

    def period_at(self, index: int) -> Period:
        """The period of an index; raises `InvalidInput` where the calendar has none."""
        _refuse_beyond(self, index)
        return Period(starts_at=self.bounds[index], ends_at=self.bounds[index + 1])

    def index_of(self, period: Period) -> int:
        """The index of a period; raises `InvalidInput` where the calendar has none like it."""
        return _index_of(self, period, bisect_right(self.bounds, period.starts_at) - 1)


@dataclass(frozen=True, kw_only=True)
class FixedCalendar:
    """So many periods of one length, from an anchor on."""

    kind: ClassVar = "fixed"
    anchor_at: int
    seconds: int
    periods: int

    def __post_init__(self) -> None:
        if self.anchor_at < 0 or not 0 < self.seconds <= MOST_SECONDS or not 0 < self.periods <= MOST_SECONDS:
            raise ValueError(
                f"{self.periods} periods of {self.seconds} s from second {self.anchor_at}: expected 1 to {MOST_SECONDS} of both, from 0 on"
            )

    @property
    def id(self) -> str:
        """`bytes16(keccak256(abi.encode(uint48 anchor, uint32 seconds, uint32 periods)))`."""
        return _id(self.anchor_at, self.seconds, self.periods)

    @property
    def bounds(self) -> range:
        return range(self.anchor_at, self.reaches.ends_at + 1, self.seconds)

    @property
    def reaches(self) -> Period:
        return Period(starts_at=self.anchor_at, ends_at=self.anchor_at + self.seconds * self.periods)

    def period_at(self, index: int) -> Period:
        """The period of an index; raises `InvalidInput` where the calendar has none."""
        _refuse_beyond(self, index)
        starts_at = self.anchor_at + index * self.seconds
        return Period(starts_at=starts_at, ends_at=starts_at + self.seconds)

    def index_of(self, period: Period) -> int:
        """The index of a period; raises `InvalidInput` where the calendar has none like it."""
        return _index_of(self, period, (period.starts_at - self.anchor_at) // self.seconds)


Calendar = TableCalendar | FixedCalendar


@cache
def calendar_of(window: Window, starts_at: int) -> Calendar:
    """The calendar of an agreement with this window, of which the first version begins then.

    Raises:
        InvalidInput: the contract holds no calendar of such periods; what to take instead is said.
    """
    if isinstance(window, RollingWindow):
        raise InvalidInput("a rolling window has no calendar: its periods overlap; take a calendar period")
    zone = ZoneInfo(window.zone) if isinstance(window, CalendarWindow) else UTC
    year = datetime.fromtimestamp(starts_at, zone).year
    first = window.period_at(_january(year, zone))
    if not isinstance(window, CalendarWindow):
        return _fixed(first)
    if window.unit in {CalendarUnit.DAY, CalendarUnit.WEEK} and not _changes(window, first):
        return _fixed(first)
    years = TABLE_YEARS.get(window.unit)
    if years is None:
        raise InvalidInput(
            f"days in {window.zone}: its clocks change, so each bound is listed on chain, and {MOST_BOUNDS} of them end within 17 "
            "months; take days in a zone whose clocks never change, such as UTC, or weeks or months in this one"
        )
    return TableCalendar(bounds=_bounds(window, first, _january(year + years, zone)))


def _fixed(first: Period) -> FixedCalendar:
    if first.seconds > MOST_SECONDS:
        raise InvalidInput(
            f"periods of {first.seconds} s: the contract holds {MOST_SECONDS} s at most; take shorter ones"
        )
    periods = max(1, FIXED_YEARS * _YEAR_SECONDS // first.seconds)
    return FixedCalendar(anchor_at=first.starts_at, seconds=first.seconds, periods=periods)


def _changes(window: CalendarWindow, first: Period) -> bool:
    span = Period(starts_at=first.starts_at, ends_at=first.starts_at + FIXED_YEARS * _YEAR_SECONDS)
    return bool(clock_changes(window.zone, span))


def _bounds(window: CalendarWindow, first: Period, until_at: int) -> tuple[int, ...]:
    found = [first.starts_at, first.ends_at]
    while found[-1] < until_at:
        found.append(window.period_at(found[-1]).ends_at)
    return tuple(found)


def _january(year: int, zone: tzinfo) -> int:
    return int(datetime(year, 1, 1, tzinfo=zone).timestamp())


def _refuse_beyond(calendar: Calendar, index: int) -> None:
    if not 0 <= index < calendar.periods:
        raise InvalidInput(f"period {index}: calendar {calendar.id} has the periods 0 to {calendar.periods - 1}")


def _index_of(calendar: Calendar, period: Period, index: int) -> int:
    if 0 <= index < calendar.periods and calendar.period_at(index) == period:
        return index
    raise InvalidInput(
        f"{period} is no period of calendar {calendar.id}, which reaches from {rfc3339(calendar.reaches.starts_at)} to "
        f"{rfc3339(calendar.reaches.ends_at)}"
    )


def _id(*words: int) -> str:
    return "0x" + keccak(b"".join(word.to_bytes(32, "big") for word in words))[:_ID_BYTES].hex()
