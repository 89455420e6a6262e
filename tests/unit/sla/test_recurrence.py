"""When planned work takes place: local time is kept over clock changes, and what would drift or never end is refused by name."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.recurrence import LOCAL_FORMAT, Schedule, drifts, expanded
from sankofa_observe.units import rfc3339

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Nairobi", "Australia/Lord_Howe")
# What Debian's zone database has beside zones: with leap seconds, of this machine, or of nowhere.
OTHERWISE_ELSEWHERE = ("posix/UTC", "right/Europe/Berlin", "localtime", "posixrules", "Factory")


def schedule(
    begins: str = "2027-01-10T02:00:00", *, zone: str = "Europe/Berlin", seconds: int = 7200, rule: str = ""
) -> Schedule:
    return Schedule(zone=zone, begins=begins, length_seconds=seconds, rule=rule)


def told(one: Schedule) -> list[str]:
    return [f"{each.where}: {each.problem}" for each in expanded(one).problems]


def starts(one: Schedule) -> list[str]:
    return [rfc3339(each.period.starts_at) for each in expanded(one).occurrences]


def test_a_window_is_once_where_no_rule_says_more() -> None:
    """From local time to UTC, for so long in elapsed time."""
    [one] = expanded(schedule()).occurrences

    assert str(one.period) == "2027-01-10T01:00:00Z/2027-01-10T03:00:00Z"


@pytest.mark.parametrize(
    ("zone", "begins", "rule", "wanted"),
    [
        (
            "Europe/Berlin",
            "2027-03-20T02:00:00",
            "FREQ=WEEKLY;COUNT=3",
            ["2027-03-20T01:00:00Z", "2027-03-27T01:00:00Z", "2027-04-03T00:00:00Z"],
        ),
        (
            "Europe/Berlin",
            "2027-10-24T04:00:00",
            "FREQ=WEEKLY;COUNT=2",
            ["2027-10-24T02:00:00Z", "2027-10-31T03:00:00Z"],
        ),
        (
            "America/New_York",
            "2027-03-13T02:00:00",
            "FREQ=DAILY;COUNT=3",
            ["2027-03-13T07:00:00Z", "2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z"],
        ),
        (
            "Asia/Kolkata",
            "2027-03-31T02:00:00",
            "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2",
            ["2027-03-30T20:30:00Z", "2027-04-29T20:30:00Z"],
        ),
        (
            "Africa/Nairobi",
            "2027-01-03T02:00:00",
            "FREQ=MONTHLY;BYDAY=1SU;UNTIL=20270301T000000Z",
            ["2027-01-02T23:00:00Z", "2027-02-06T23:00:00Z"],
        ),
        (
            "Australia/Lord_Howe",
            "2027-04-03T03:00:00",
            "FREQ=DAILY;COUNT=2",
            ["2027-04-02T16:00:00Z", "2027-04-03T16:30:00Z"],
        ),
    ],
)  # fmt: skip
def test_a_series_keeps_its_local_time(zone: str, begins: str, rule: str, wanted: list[str]) -> None:
    """Before and after a clock change, in zones of whole and half hours."""
    assert starts(schedule(begins, zone=zone, rule=rule)) == wanted


@pytest.mark.parametrize(
    ("begins", "wanted", "note"),
    [
        ("2027-03-28T02:30:00", "2027-03-28T01:30:00Z", "2027-03-28T02:30:00 is skipped by the clocks of Europe/Berlin: begins at 03:30:00 there"),
        ("2027-10-31T02:30:00", "2027-10-31T00:30:00Z", "2027-10-31T02:30:00 comes twice in Europe/Berlin: begins at the first"),
        ("2027-03-28T03:00:00", "2027-03-28T01:00:00Z", ""),
    ],
)  # fmt: skip
def test_an_hour_that_is_skipped_or_comes_twice_is_read_by_a_stated_rule(begins: str, wanted: str, note: str) -> None:
    """RFC 5545: the offset before the change, and the first of two; it is said where it happened."""
    [one] = expanded(schedule(begins)).occurrences

    assert (rfc3339(one.period.starts_at), one.note) == (wanted, note)


@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1)), st.integers(1, 70))  # noqa: DTZ001
def test_days_in_a_row_are_the_local_days_of_that_zone(zone: str, first: datetime, count: int) -> None:
    """The specification: every day, the wall clock shows the same, but where the clocks skip that time."""
    first = first.replace(microsecond=0)
    found = expanded(
        schedule(first.strftime(LOCAL_FORMAT), zone=zone, seconds=60, rule=f"FREQ=DAILY;COUNT={count}")
    ).occurrences
    clock = [datetime.fromtimestamp(one.period.starts_at, ZoneInfo(zone)).replace(tzinfo=None) for one in found]
    wanted = [first + timedelta(days=n) for n in range(count)]

    assert len(found) == count
    assert all(shown == local or one.note for one, shown, local in zip(found, clock, wanted, strict=True))
    assert all(one.period.ends_at <= later.period.starts_at for one, later in pairwise(found))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"zone": "Europe/Atlantis"}, "zone: 'Europe/Atlantis' is no zone of the IANA database"),
        ({"zone": "../etc/passwd"}, "zone: '../etc/passwd' is no zone of the IANA database"),
        *[({"zone": zone}, f"zone: '{zone}' is no zone of the IANA database") for zone in OTHERWISE_ELSEWHERE],
        ({"begins": "2027-1-10T2:00:00"}, "from: '2027-1-10T2:00:00' is no local time"),
        ({"begins": "\N{FULLWIDTH DIGIT TWO}027-01-10T02:00:00"}, "from: '\N{FULLWIDTH DIGIT TWO}027-01-10T02:00:00' is no local time"),
        ({"rule": "FREQ=WEEKLY;BYDAY=1SU;COUNT=2"}, "rrule: BYDAY=1SU has no meaning with FREQ=WEEKLY (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=DAILY;BYDAY=MO,-1SU;COUNT=2"}, "rrule: BYDAY=-1SU has no meaning with FREQ=DAILY (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1SU;COUNT=2"}, "rrule: BYDAY=1SU has no meaning with BYWEEKNO (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=WEEKLY;BYMONTHDAY=10;COUNT=2"}, "rrule: BYMONTHDAY=10 has no meaning with FREQ=WEEKLY (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=MONTHLY;BYYEARDAY=10;COUNT=2"}, "rrule: BYYEARDAY=10 has no meaning with FREQ=MONTHLY (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=DAILY;BYWEEKNO=1;COUNT=2"}, "rrule: BYWEEKNO=1 has no meaning with FREQ=DAILY (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=DAILY;BYMONTH=1,13;COUNT=1"}, "rrule: BYMONTH=13: expected a whole number from 1 to 12, and not 0"),
        ({"rule": "FREQ=DAILY;BYMONTHDAY=10,-99;COUNT=1"}, "rrule: BYMONTHDAY=-99: expected a whole number from -31 to 31, and not 0"),
        ({"rule": "FREQ=YEARLY;BYYEARDAY=0,10;COUNT=1"}, "rrule: BYYEARDAY=0: expected a whole number from -366 to 366, and not 0"),
        ({"begins": "2027-02-30T02:00:00"}, "from: '2027-02-30T02:00:00' is no local time"),
        ({"begins": "2027-01-10T02:00:00Z"}, "from: '2027-01-10T02:00:00Z' is no local time"),
        ({"begins": "1970-01-10T02:00:00"}, "from: 1970-01-10T02:00:00: expected a year from 2026 to 2100"),
        ({"seconds": 0}, "for: 0 s: expected 1 s to 31622400 s (366 days)"),
        ({"rule": "FREQ=WEEKLY"}, "rrule: it has neither COUNT nor UNTIL: it never ends"),
        ({"rule": "FREQ=WEEKLY;COUNT=2;UNTIL=20280101T000000Z"}, "rrule: it has both COUNT and UNTIL"),
        ({"rule": "FREQ=HOURLY;COUNT=2"}, "rrule: FREQ=HOURLY drifts over a clock change: a local hour is skipped or comes twice"),
        ({"rule": "FREQ=FORTNIGHTLY;COUNT=2"}, "rrule: FREQ is 'FORTNIGHTLY'"),
        ({"rule": "FREQ=DAILY;COUNT=2;BYHOUR=4"}, "rrule: BYHOUR: the time of day is that of --from"),
        ({"rule": "FREQ=DAILY;COUNT=2;COUNT=3"}, "rrule: 'FREQ=DAILY;COUNT=2;COUNT=3' has a part twice"),
        ({"rule": "FREQ=DAILY;COUNT=2;EXDATE=20270111"}, "rrule: 'EXDATE=20270111' is no part of a rule"),
        ({"rule": "FREQ=DAILY;COUNT=0"}, "rrule: COUNT=0: expected a whole number from 1 to 9999"),
        ({"rule": "FREQ=DAILY;UNTIL=20270301"}, "rrule: UNTIL=20270301: expected UTC like 20271231T235959Z (RFC 5545, 3.3.10)"),
        ({"rule": "FREQ=DAILY;UNTIL=20260101T000000Z"}, "rrule: 'FREQ=DAILY;UNTIL=20260101T000000Z' has no occurrence from 2027-01-10T02:00:00 on"),
        ({"rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=2"}, "rrule: the first occurrence is 2027-01-11T02:00:00, and --from is 2027-01-10T02:00:00"),
        ({"rule": "FREQ=WEEKLY;BYDAY=XX;COUNT=2"}, "rrule: 'FREQ=WEEKLY;BYDAY=XX;COUNT=2': "),
        ({"rule": "FREQ=DAILY;COUNT=2", "seconds": 90_000}, "for: 90000 s: the occurrence of 2027-01-10T01:00:00Z has not ended when the next one begins"),
        ({"rule": "FREQ=DAILY;COUNT=1001"}, "rrule: it has more than 1000 occurrences, or goes on for more than 1830 days"),
        ({"rule": "FREQ=DAILY;UNTIL=20291006T235959Z"}, "rrule: it has more than 1000 occurrences, or goes on for more than 1830 days"),
        ({"rule": "FREQ=YEARLY;INTERVAL=9999;COUNT=2"}, "rrule: it has more than 1000 occurrences, or goes on for more than 1830 days"),
        ({"rule": "FREQ=YEARLY;UNTIL=99991231T000000Z"}, "rrule: it has more than 1000 occurrences, or goes on for more than 1830 days"),
        ({"rule": "FREQ=YEARLY;COUNT=7"}, "rrule: it has more than 1000 occurrences, or goes on for more than 1830 days"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused_by_name(changes: dict[str, str], wanted: str) -> None:
    """The part, what was seen and what was expected."""
    found = told(schedule(**changes))  # type: ignore[arg-type]

    assert len(found) == 1
    assert found[0].startswith(wanted)


def test_a_series_has_a_thousand_occurrences_at_most_and_all_of_them() -> None:
    """Whichever way its end is told."""
    for end in ("COUNT=1000", "UNTIL=20291005T235959Z"):
        found = expanded(schedule(rule=f"FREQ=DAILY;{end}"))
        assert (len(found.occurrences), found.problems) == (1000, ())


def test_everything_that_is_wrong_is_told_in_one_run() -> None:
    """One edit mends it."""
    wrong = schedule("soon", zone="Nowhere", seconds=-1, rule="FREQ=SECONDLY;BYSECOND=1")

    assert [one.where for one in expanded(wrong).problems] == ["zone", "from", "for", "rrule", "rrule", "rrule"]


@pytest.mark.parametrize(
    ("zone", "rule", "agreement_zone", "refused"),
    [
        ("UTC", "FREQ=WEEKLY;COUNT=20", "Europe/Berlin", True),
        ("Etc/GMT-1", "FREQ=WEEKLY;COUNT=20", "America/New_York", True),
        ("UTC", "FREQ=WEEKLY;COUNT=4", "Europe/Berlin", False),  # over before the clocks change
        ("UTC", "", "Europe/Berlin", False),
        ("UTC", "FREQ=WEEKLY;COUNT=20", "Africa/Nairobi", False),
        ("Africa/Nairobi", "FREQ=WEEKLY;COUNT=20", "Europe/Berlin", False),  # the local time of a place is meant
        ("Europe/Berlin", "FREQ=WEEKLY;COUNT=20", "Europe/Berlin", False),
    ],
)
def test_a_series_in_no_place_must_not_move_against_the_agreement(
    zone: str, rule: str, agreement_zone: str, refused: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """02:00 UTC each week is 03:00 in winter and 04:00 in summer: whoever means 03:00 is told, and what to write."""
    one = schedule(zone=zone, rule=rule)
    found = list(drifts(one, expanded(one).occurrences, {"acme": agreement_zone}))

    assert bool(found) is refused
    if agreement_zone == "Europe/Berlin" and refused:
        assert found[0].problem == (
            "it stays at 02:00 UTC, and so moves in Europe/Berlin, the zone of agreement acme, from 03:00 on 2027-03-21 to "
            "04:00 on 2027-03-28"
        )
        assert found[0].hint.startswith("--zone Europe/Berlin keeps the local time")


@pytest.mark.parametrize(("year", "taken"), [(2025, False), (2026, True), (2100, True), (2101, False)])
def test_a_schedule_begins_from_2026_to_2100(year: int, taken: bool) -> None:  # noqa: FBT001
    """Both of them taken in."""
    assert (expanded(schedule(f"{year}-06-01T02:00:00")).problems == ()) is taken
