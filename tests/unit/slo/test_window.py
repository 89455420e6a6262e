"""Calendar periods in named zones, and fixed ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.window import (
    FIRST_AT,
    LAST_AT,
    MOST_PERIODS,
    CalendarUnit,
    CalendarWindow,
    FixedWindow,
    RollingWindow,
    periods_between,
)
from sankofa_observe.units import Period

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Nairobi")
# Zones that change their clocks at midnight, by half an hour, or lost a day: midnight may be missing, or there twice.
ODD_ZONES = (
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "America/Asuncion",
)
HOUR = 3600


QUARTER_HOUR = 900


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("zone", "inside", "starts", "ends", "hours"),
    [
        ("UTC", "2026-02-10T00:00", "2026-02-01T00:00", "2026-03-01T00:00", 28 * 24),
        ("UTC", "2028-02-29T23:59", "2028-02-01T00:00", "2028-03-01T00:00", 29 * 24),
        ("Europe/Berlin", "2026-03-15T12:00", "2026-02-28T23:00", "2026-03-31T22:00", 743),
        ("Europe/Berlin", "2026-10-15T12:00", "2026-09-30T22:00", "2026-10-31T23:00", 745),
        ("America/New_York", "2026-03-15T12:00", "2026-03-01T05:00", "2026-04-01T04:00", 743),
        ("America/New_York", "2026-11-15T12:00", "2026-11-01T04:00", "2026-12-01T05:00", 721),
        ("Asia/Kolkata", "2026-06-15T12:00", "2026-05-31T18:30", "2026-06-30T18:30", 30 * 24),
        ("Africa/Nairobi", "2026-01-31T21:00", "2026-01-31T21:00", "2026-02-28T21:00", 28 * 24),
        ("Pacific/Apia", "2011-12-15T12:00", "2011-12-01T10:00", "2011-12-31T10:00", 30 * 24),  # 30 December never was
    ],
)
def test_a_month_begins_and_ends_at_local_midnight(zone: str, inside: str, starts: str, ends: str, hours: int) -> None:
    """Month edges are right to the second over clock changes, a leap day, half-hour zones and a day that never was."""
    period = CalendarWindow(unit=CalendarUnit.MONTH, zone=zone).period_at(utc(inside))

    assert Period(starts_at=utc(starts), ends_at=utc(ends)) == period
    assert hours * HOUR == period.seconds


@pytest.mark.parametrize(
    ("unit", "starts", "ends"),
    [
        (CalendarUnit.DAY, "2026-11-24T00:00", "2026-11-25T00:00"),
        (CalendarUnit.WEEK, "2026-11-23T00:00", "2026-11-30T00:00"),
        (CalendarUnit.QUARTER, "2026-10-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_days_weeks_and_quarters_begin_where_people_say(unit: CalendarUnit, starts: str, ends: str) -> None:
    """A week begins on Monday, a quarter in January, April, July or October."""
    period = CalendarWindow(unit=unit, zone="UTC").period_at(utc("2026-11-24T10:30"))

    assert Period(starts_at=utc(starts), ends_at=utc(ends)) == period


@given(
    at=st.integers(utc("1995-01-01T00:00"), utc("2045-01-01T00:00")),
    unit=st.sampled_from(list(CalendarUnit)),
    zone=st.sampled_from(ZONES + ODD_ZONES),
)
def test_calendar_periods_hold_their_instant_and_touch(at: int, unit: CalendarUnit, zone: str) -> None:
    """Every instant lies in its period, and the next period begins where this one ends."""
    window = CalendarWindow(unit=unit, zone=zone)
    period = window.period_at(at)

    assert at in period
    assert period.ends_at == window.period_at(period.ends_at).starts_at
    assert period == window.period_at(period.ends_at - 1)


@given(at=st.integers(0, 2**33), seconds=st.integers(1, 10**6), anchor_at=st.integers(0, 2**33))
def test_fixed_periods_are_whole_lengths_from_their_anchor(at: int, seconds: int, anchor_at: int) -> None:
    """A fixed period holds its instant, has its length, and lies a whole number of lengths from the anchor."""
    period = FixedWindow(seconds=seconds, anchor_at=anchor_at).period_at(at)

    assert at in period
    assert (seconds, 0) == (period.seconds, (period.starts_at - anchor_at) % seconds)


@given(at=st.integers(0, 2**33), steps=st.integers(1, 40), step_seconds=st.sampled_from([60, 900, 86_400]))
def test_a_rolling_period_holds_its_instant_and_moves_on_by_a_step(at: int, steps: int, step_seconds: int) -> None:
    """It has its length, begins and ends on steps, and is the same until the step ends."""
    window = RollingWindow(seconds=steps * step_seconds, step_seconds=step_seconds)
    period = window.period_at(at)

    assert (at in period, period.seconds, period.ends_at % step_seconds) == (True, steps * step_seconds, 0)
    assert window.period_at(period.ends_at - 1) == period
    assert window.period_at(period.ends_at).starts_at == period.starts_at + step_seconds


def test_periods_between_are_whole_and_in_order() -> None:
    """Only periods that lie wholly inside are given: neither the broken first nor the open last."""
    window = FixedWindow(seconds=10, anchor_at=0)

    assert [(p.starts_at, p.ends_at) for p in periods_between(window, 3, 39)] == [(10, 20), (20, 30)]
    assert [(p.starts_at, p.ends_at) for p in periods_between(window, 0, 10)] == [(0, 10)]
    assert list(periods_between(window, 0, 9)) == []


@pytest.mark.parametrize(
    ("zone", "inside", "starts", "ends"),
    [
        ("Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 hours
        ("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
        ("America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T03:00", "2018-11-05T02:00"),  # begins at 01:00
        ("America/Sao_Paulo", "2018-02-17T12:00", "2018-02-17T02:00", "2018-02-18T03:00"),  # 23:00 comes twice
        (
            "America/Havana",
            "2026-11-01T12:00",
            "2026-11-01T04:00",
            "2026-11-02T05:00",
        ),  # midnight comes twice: the first
        ("Pacific/Apia", "2011-12-30T09:59", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00", "2011-12-31T10:00"),  # the 31st follows the 29th
    ],
)
def test_a_day_of_a_changed_clock_has_its_true_length(zone: str, inside: str, starts: str, ends: str) -> None:
    """A day begins at the first instant of its date, also where midnight is skipped or comes twice."""
    period = CalendarWindow(unit=CalendarUnit.DAY, zone=zone).period_at(utc(inside))

    assert Period(starts_at=utc(starts), ends_at=utc(ends)) == period


WINDOWS = [
    *(CalendarWindow(unit=unit, zone=zone) for unit in CalendarUnit for zone in ("UTC", "Pacific/Apia")),
    FixedWindow(seconds=600, anchor_at=0),
]


@given(at=st.integers(-(2**70), 2**70), window=st.sampled_from(WINDOWS))
@example(at=LAST_AT, window=WINDOWS[-2])
@example(at=FIRST_AT, window=WINDOWS[-2])
@example(at=LAST_AT + 1, window=WINDOWS[0])
@example(at=253_402_300_800, window=WINDOWS[0])
def test_an_instant_that_no_calendar_has_is_told_as_a_wrong_clock(
    at: int, window: CalendarWindow | FixedWindow
) -> None:
    """By name and by its second, in place of whatever the calendar raises; up to the last one there is a period around it."""
    if FIRST_AT <= at <= LAST_AT:
        assert at in window.period_at(at)
        return
    with pytest.raises(InvalidInput, match=f"second {at} is beyond what a calendar has.*is a clock wrong"):
        window.period_at(at)
    if at > LAST_AT:
        with pytest.raises(InvalidInput, match="is a clock wrong"):
            periods_between(window, 0, at)


def test_more_periods_than_any_agreement_has_are_told_before_one_is_made() -> None:
    """Twenty years of ten minutes, or thousands of years of days: a clock is wrong, and costs nothing but a sentence."""
    for window, until_at in (
        (FixedWindow(seconds=600, anchor_at=0), 20 * 365 * 86_400),
        (FixedWindow(seconds=1, anchor_at=0), MOST_PERIODS + 1),
        (CalendarWindow(unit=CalendarUnit.DAY, zone="UTC"), 3000 * 366 * 86_400),
    ):
        with pytest.raises(InvalidInput, match=f"expected {MOST_PERIODS} at most: is a clock wrong"):
            periods_between(window, 0, until_at)
    assert sum(1 for _ in periods_between(FixedWindow(seconds=1, anchor_at=0), 0, 1000)) == 1000


def first_day_of(unit: CalendarUnit, day: date) -> date:
    """The first day of the unit around a day, found by going back day by day."""
    while not (
        unit is CalendarUnit.DAY
        or (unit is CalendarUnit.WEEK and day.isoweekday() == 1)
        or (unit is CalendarUnit.MONTH and day.day == 1)
        or (unit is CalendarUnit.QUARTER and day.day == 1 and day.month in {1, 4, 7, 10})
    ):
        day -= timedelta(days=1)
    return day


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Chatham"],
)  # fmt: skip
def test_periods_are_those_of_a_walk_by_the_clock_on_the_wall(zone: str) -> None:
    """Brute force over a leap year and the next: a period begins where the wall first shows a day of another one.

    Both clock changes are in it, of an hour and of half an hour, at night and at midnight, in zones of 45 minutes too.
    """
    wall, since, until = ZoneInfo(zone), utc("2028-01-01T00:00"), utc("2029-12-31T00:00")
    days = [(at, datetime.fromtimestamp(at, wall).date()) for at in range(since, until, QUARTER_HOUR)]
    new = [(at, day) for (_, before), (at, day) in pairwise(days) if day != before]
    for unit in CalendarUnit:
        edges = [
            at for (_, before), (at, day) in pairwise(new) if first_day_of(unit, day) != first_day_of(unit, before)
        ]
        wanted = [Period(starts_at=low, ends_at=high) for low, high in pairwise(edges)]

        found = periods_between(CalendarWindow(unit=unit, zone=zone), edges[0], edges[-1])
        assert list(islice(found, len(wanted) + 1)) == wanted
        assert len(wanted) > 5
