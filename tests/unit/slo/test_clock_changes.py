"""When the clocks of a zone change, to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.clock_changes import ClockChange, clock_changes
from sankofa_observe.units import Period


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


CHANGES = {
    "Europe/Berlin": ("2026-03-01", "2026-04-01", [("2026-03-29T01:00", 3600, 7200)]),
    "Africa/Cairo": (
        "2026-04-01",
        "2026-11-01",
        [("2026-04-23T22:00", 7200, 10800), ("2026-10-29T21:00", 10800, 7200)],
    ),
    "Australia/Lord_Howe": ("2026-04-01", "2026-05-01", [("2026-04-04T15:00", 39600, 37800)]),
    "Africa/Casablanca": ("2026-02-01", "2026-04-01", [("2026-02-15T02:00", 3600, 0), ("2026-03-22T02:00", 0, 3600)]),
    "Pacific/Apia": ("2011-12-01", "2012-01-01", [("2011-12-30T10:00", -36000, 50400)]),
    "UTC": ("2026-01-01", "2027-01-01", []),
    "Africa/Nairobi": ("2026-01-01", "2027-01-01", []),
}


@pytest.mark.parametrize("zone", CHANGES)
def test_changes_of_a_zone_are_found(zone: str) -> None:
    """Both directions, half an hour, two near to each other, and a day that was left out."""
    start, end, expected = CHANGES[zone]
    period = Period(starts_at=utc(start), ends_at=utc(end))
    changes = [ClockChange(at=utc(at), before_seconds=before, after_seconds=after) for at, before, after in expected]
    assert clock_changes(zone, period) == changes


@given(
    zone=st.sampled_from(["America/Sao_Paulo", "Asia/Tehran", "Europe/Dublin", "America/Havana"]),
    first=st.integers(utc("2000-01-01") // 900, utc("2030-01-01") // 900),
    quarters=st.integers(1, 40 * 96),
)
def test_changes_are_those_that_every_quarter_of_an_hour_shows(zone: str, first: int, quarters: int) -> None:
    """One after the other, as a clock on the wall shows them."""
    named = ZoneInfo(zone)
    quarter_starts = range(first * 900, (first + quarters) * 900, 900)
    offsets = [(at, int(datetime.fromtimestamp(at, named).utcoffset().total_seconds())) for at in quarter_starts]  # type: ignore[union-attr]
    expected = [
        ClockChange(at=at, before_seconds=before, after_seconds=after)
        for (_, before), (at, after) in pairwise(offsets)
        if before != after
    ]
    assert clock_changes(zone, Period(starts_at=quarter_starts[0], ends_at=quarter_starts[-1] + 900)) == expected
