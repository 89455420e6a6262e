"""Calendars: the periods of a window as indices, the ids that the contract gives them, and what no calendar has."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.calendar import FixedCalendar, TableCalendar, calendar_of
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, RollingWindow, Window
from sankofa_observe.units import Period, rfc3339

START = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
JULY = int(datetime(2027, 7, 1, tzinfo=UTC).timestamp())
UNITS, ZONES = tuple(CalendarUnit), ("UTC", "Africa/Nairobi", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
windows = st.one_of(
    st.builds(CalendarWindow, unit=st.sampled_from(UNITS[1:]), zone=st.sampled_from(ZONES)),
    st.builds(CalendarWindow, unit=st.just(CalendarUnit.DAY), zone=st.sampled_from(("UTC", "Africa/Nairobi"))),
    st.builds(FixedWindow, seconds=st.integers(60, 400 * 86_400), anchor_at=st.integers(0, 2**31)),
)
instants = st.integers(START, START + 10 * 365 * 86_400)


def window(unit: str, zone: str) -> CalendarWindow:
    return CalendarWindow(unit=CalendarUnit(unit), zone=zone)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (window("month", "UTC"), ("table", 120, "2027-01-01T00:00:00Z", "2037-01-01T00:00:00Z")),
        (window("month", "Africa/Nairobi"), ("table", 120, "2026-12-31T21:00:00Z", "2036-12-31T21:00:00Z")),
        (window("quarter", "Europe/Berlin"), ("table", 40, "2026-12-31T23:00:00Z", "2036-12-31T23:00:00Z")),
        # From the Monday before the first of January, which is a Friday, to the Monday after the last.
        (window("week", "Europe/Berlin"), ("table", 262, "2026-12-27T23:00:00Z", "2032-01-04T23:00:00Z")),
        (window("week", "Africa/Nairobi"), ("fixed", 1043, "2026-12-27T21:00:00Z", "2046-12-23T21:00:00Z")),
        (window("day", "UTC"), ("fixed", 7305, "2027-01-01T00:00:00Z", "2047-01-01T00:00:00Z")),
        (FixedWindow(seconds=600, anchor_at=START + 100), ("fixed", 1_051_920, "2026-12-31T23:51:40Z", "2046-12-31T23:51:40Z")),
        (FixedWindow(seconds=40 * 365 * 86_400, anchor_at=0), ("fixed", 1, "2009-12-22T00:00:00Z", "2049-12-12T00:00:00Z")),
    ],
)  # fmt: skip
def test_a_calendar_begins_with_the_year_of_its_agreement_and_reaches_so_far(
    of: Window, expected: tuple[str, int, str, str]
) -> None:
    """Whatever month the agreement begins in: agreements of one year and one window share it."""
    found = calendar_of(of, JULY)
    edges = (rfc3339(found.reaches.starts_at), rfc3339(found.reaches.ends_at))

    assert (found.kind, found.periods, *edges) == expected
    assert (found.bounds[0], found.bounds[-1], len(found.bounds)) == (*vars(found.reaches).values(), found.periods + 1)
    assert found == calendar_of(of, JULY + 86_400)


@given(of=windows, starts_at=instants, at=instants)
def test_an_index_is_of_the_period_of_the_window(of: Window, starts_at: int, at: int) -> None:
    """Both ways, for every period that the calendar has; one that it has not is refused, and so is what is no period."""
    calendar, period = calendar_of(of, starts_at), of.period_at(at)
    inside = calendar.reaches.starts_at <= period.starts_at and period.ends_at <= calendar.reaches.ends_at
    if not inside:
        with pytest.raises(InvalidInput, match="is no period of calendar"):
            calendar.index_of(period)
        return
    index = calendar.index_of(period)
    assert calendar.period_at(index) == period
    assert (calendar.bounds[index], calendar.bounds[index + 1]) == (period.starts_at, period.ends_at)
    with pytest.raises(InvalidInput, match="is no period of calendar"):
        calendar.index_of(Period(starts_at=period.starts_at, ends_at=period.ends_at + 1))


@given(of=windows, starts_at=instants)
def test_periods_of_a_calendar_touch_and_the_first_one_of_the_agreement_is_in_it(of: Window, starts_at: int) -> None:
    """No gap and no overlap, so that no instant is paid for twice; and none of more bounds than the contract takes."""
    calendar = calendar_of(of, starts_at)
    some = [calendar.period_at(index) for index in range(min(calendar.periods, 600))]
    assert all(one.ends_at == later.starts_at for one, later in pairwise(some))
    assert calendar.period_at(calendar.index_of(of.period_at(starts_at))) == of.period_at(starts_at)
    assert calendar.kind == "fixed" or len(calendar.bounds) <= 512


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=512, unique=True).map(sorted))
def test_the_id_of_a_table_is_what_the_contract_computes(bounds: list[int]) -> None:
    expected = keccak(encode(["uint48[]"], [bounds]))[:16]
    assert TableCalendar(bounds=tuple(bounds)).id == "0x" + expected.hex()


@given(st.integers(0, 2**40), st.integers(1, 2**32 - 1), st.integers(1, 2**20))
def test_the_id_of_a_fixed_calendar_is_what_the_contract_computes(anchor: int, seconds: int, periods: int) -> None:
    expected = keccak(encode(["uint48", "uint32", "uint32"], [anchor, seconds, periods]))[:16]
    assert FixedCalendar(anchor_at=anchor, seconds=seconds, periods=periods).id == "0x" + expected.hex()


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (window("day", "Europe/Berlin"), "take days in a zone whose clocks never change, such as UTC, or weeks or months"),
        (RollingWindow(seconds=86_400, step_seconds=60), "take a calendar period"),
        (FixedWindow(seconds=2**32, anchor_at=0), "the contract holds 4294967295 s at most; take shorter ones"),
    ],
)  # fmt: skip
def test_what_no_calendar_holds_is_refused_with_what_to_take(of: Window, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        calendar_of(of, START)


@pytest.mark.parametrize("index", [-1, 120])
def test_a_period_beyond_a_calendar_is_refused(index: int) -> None:
    """By what it has, and by no other period."""
    with pytest.raises(InvalidInput, match=f"period {index}: calendar 0x[0-9a-f]{{32}} has the periods 0 to 119"):
        calendar_of(window("month", "UTC"), START).period_at(index)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        *((TableCalendar, {"bounds": bounds}) for bounds in ((1,), (1, 1), (2, 1), (-1, 1), tuple(range(513)))),
        (FixedCalendar, {"anchor_at": 0, "seconds": 0, "periods": 1}),
        (FixedCalendar, {"anchor_at": 0, "seconds": 1, "periods": 2**32}),
        (FixedCalendar, {"anchor_at": -1, "seconds": 1, "periods": 1}),
    ],
)
def test_a_calendar_that_the_contract_refuses_cannot_be_made(kind: Any, words: dict[str, Any]) -> None:
    """What it has and what it may have is said."""
    with pytest.raises(ValueError, match="expected"):
        kind(**words)


@pytest.mark.parametrize(
    "changed", [{"anchor_at": -1}, {"seconds": 0}, {"seconds": 2**32}, {"periods": 0}, {"periods": 2**32}]
)
def test_a_fixed_calendar_has_what_the_contract_has_words_for(changed: dict[str, int]) -> None:
    """32 bits for both numbers, all of them; neither may be nothing."""
    most = {"anchor_at": 0, "seconds": 2**32 - 1, "periods": 2**32 - 1}
    assert FixedCalendar(**most).periods == 2**32 - 1
    with pytest.raises(ValueError, match="from second"):
        FixedCalendar(**{**most, **changed})
