"""What several credits come to: in a period, in a year, and until when they may be claimed."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.stacking import (
    BelowMinimum,
    Claim,
    CreditRules,
    Stacking,
    agreement_year,
    claim_ends_at,
    period_credit,
    rule_problems,
    year_credits,
)
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow
from sankofa_observe.units import Period

amounts = st.lists(st.integers(0, 1_000), max_size=5)
rules = st.builds(
    CreditRules,
    stacking=st.sampled_from(Stacking),
    minimum_minor=st.integers(0, 500),
    below_minimum=st.sampled_from(BelowMinimum),
    cap_year_minor=st.one_of(st.just(0), st.integers(500, 5_000)),
)


@pytest.mark.parametrize(
    ("changes", "found", "owed"),
    [
        ({}, [300, 200], 500),
        ({}, [], 0),
        ({"stacking": Stacking.LARGEST}, [300, 200], 300),  # the one that is better for the tenant, and no other
        ({"stacking": Stacking.LARGEST}, [], 0),
        ({}, [900, 900], 1_000),  # the cap
        ({"minimum_minor": 101}, [100], 0),
        ({"minimum_minor": 101}, [51, 50], 101),  # of what they come to together
        ({"minimum_minor": 101, "below_minimum": BelowMinimum.MINIMUM}, [100], 101),
        ({"minimum_minor": 101, "below_minimum": BelowMinimum.MINIMUM}, [0], 0),  # nothing was missed
    ],
)
def test_credits_of_a_period_are_stacked_capped_and_held_to_the_minimum(
    changes: dict[str, object], found: list[int], owed: int
) -> None:
    assert period_credit(CreditRules(**changes), 1_000, found) == owed  # type: ignore[arg-type]


@given(of=rules, cap=st.integers(500, 2_000), found=amounts, at=st.integers(0, 4), more=st.integers(0, 1_000))
def test_a_period_pays_within_its_cap_never_less_for_more_and_in_no_order(
    of: CreditRules, cap: int, found: list[int], at: int, more: int
) -> None:
    owed = period_credit(of, cap, found)
    assert 0 <= owed <= cap
    assert {period_credit(of, cap, order) for order in permutations(found)} == {owed}
    worse = [one + more * (n == at) for n, one in enumerate(found)]
    assert period_credit(of, cap, worse) >= owed


@given(
    of=rules, periods=st.lists(st.integers(0, 2_000), max_size=12), at=st.integers(0, 11), more=st.integers(0, 2_000)
)
def test_a_year_pays_within_its_cap_and_never_less_for_more(
    of: CreditRules, periods: list[int], at: int, more: int
) -> None:
    paid = year_credits(of, periods)
    assert sum(paid) == min(sum(periods), of.cap_year_minor or sum(periods))
    assert all(0 <= one <= owed for one, owed in zip(paid, periods, strict=True))
    worse = [one + more * (n == at) for n, one in enumerate(periods)]
    assert sum(year_credits(of, worse)) >= sum(paid)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


MONTHS = CalendarWindow(unit=CalendarUnit.MONTH, zone="Africa/Nairobi")


@pytest.mark.parametrize(
    ("begins", "year"),
    [("2026-12-31T21:00", 0), ("2027-11-30T21:00", 0), ("2027-12-31T21:00", 1), ("2028-12-31T21:00", 2)],
)
def test_a_year_of_an_agreement_ends_at_its_anniversary_where_the_parties_are(begins: str, year: int) -> None:
    """The new year of Nairobi is three hours before that of UTC."""
    starts_at = at("2026-12-31T21:00")
    assert agreement_year(MONTHS, starts_at, MONTHS.period_at(at(begins))) == year


def test_a_year_that_began_on_a_leap_day_ends_with_february() -> None:
    days = CalendarWindow(unit=CalendarUnit.DAY, zone="UTC")
    starts_at = at("2028-02-29")
    years = [agreement_year(days, starts_at, days.period_at(at(day))) for day in ("2029-02-28", "2029-03-01")]
    assert years == [0, 1]


@pytest.mark.parametrize(
    ("claim", "ends"),
    [
        (Claim(days=30), "2027-03-02T21:00"),
        (Claim(periods=1), "2027-02-28T21:00"),
        (Claim(periods=2), "2027-03-31T21:00"),  # to the end of the second billing cycle after it
    ],
)
def test_a_claim_ends_after_days_or_after_periods(claim: Claim, ends: str) -> None:
    january = MONTHS.period_at(at("2027-01-15"))
    assert claim_ends_at(claim, MONTHS, january) == at(ends)


def test_a_claim_is_of_periods_of_any_length() -> None:
    window = FixedWindow(seconds=600, anchor_at=0)
    assert claim_ends_at(Claim(periods=3), window, Period(starts_at=600, ends_at=1_200)) == 3_000


@pytest.mark.parametrize("given_fields", [{}, {"days": 1, "periods": 1}, {"days": -1}])
def test_a_claim_has_one_length(given_fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected exactly one"):
        Claim(**given_fields)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"minimum_minor": 1_000}, []),
        ({"minimum_minor": 1_001}, ["minimum_minor"]),
        ({"minimum_minor": 101, "cap_year_minor": 100}, ["cap_year_minor"]),
    ],
)
def test_a_minimum_fits_under_the_caps(changes: dict[str, int], names: list[str]) -> None:
    assert [name for name, _ in rule_problems(CreditRules(**changes), 1_000)] == names  # type: ignore[arg-type]
