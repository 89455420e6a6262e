"""What several credits come to: in a period, in a year, and until when they may be claimed."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import permutations
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.stacking import (
    BelowMinimum,
    Claim,
    Credit,
    CreditRules,
    Stacking,
    agreement_year,
    claim_ends_at,
    period_credit,
    rule_problems,
    year_credits,
    year_periods,
)
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow
from sankofa_observe.units import PPM, Period

credits_found = st.lists(
    st.one_of(st.builds(Credit, share_ppm=st.integers(0, PPM)), st.builds(Credit, amount_minor=st.integers(0, 2_000))),
    max_size=5,
)
shares_found = st.lists(st.integers(0, PPM), max_size=8)
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
    """Of a fee of 2,000 with a cap of a half: as shares of the fee, and as amounts of formulas."""
    for made in (
        [Credit(share_ppm=one * PPM // 2_000) for one in found],
        [Credit(amount_minor=one) for one in found],
        [Credit(share_ppm=one * PPM // 2_000) for one in found[:1]] + [Credit(amount_minor=one) for one in found[1:]],
    ):
        assert period_credit(CreditRules(**changes), 2_000, PPM // 2, made) == owed  # type: ignore[arg-type]


def test_shares_are_added_up_before_they_are_an_amount() -> None:
    """Three thirds of a unit are a unit: rounded one by one they would be nothing."""
    third = Credit(share_ppm=333_334)
    assert period_credit(CreditRules(), 1, PPM, [third, third, third]) == 1
    assert period_credit(CreditRules(), 1, PPM, [third]) == 0


def specified(of: CreditRules, fee: int, cap_ppm: int, shares: list[int]) -> int:
    """The specification, slowly: exact fractions, and one rounding down at the end."""
    fractions = [Fraction(one, PPM) for one in shares]
    together = max([Fraction(0), *fractions]) if of.stacking is Stacking.LARGEST else sum(fractions, Fraction(0))
    most = floor(fee * Fraction(cap_ppm, PPM))
    owed = floor(fee * min(together, Fraction(cap_ppm, PPM)))
    if owed == 0 or owed >= of.minimum_minor:
        return owed
    return min(of.minimum_minor, most) if of.below_minimum is BelowMinimum.MINIMUM else 0


@given(
    of=st.builds(
        CreditRules,
        stacking=st.sampled_from(Stacking),
        minimum_minor=st.one_of(st.integers(0, 1_000), st.integers(0, 2**56 - 1)),
        below_minimum=st.sampled_from(BelowMinimum),
        cap_year_minor=st.one_of(st.just(0), st.integers(1, 1_000), st.integers(1, 2**72 - 1)),
    ),
    fee=st.one_of(st.integers(1, 1_000), st.integers(1, 2**72 - 1)),
    cap_ppm=st.integers(1, PPM),
    year=st.lists(shares_found, max_size=6),
)
def test_the_rule_of_money_is_what_fractions_give(
    of: CreditRules, fee: int, cap_ppm: int, year: list[list[int]]
) -> None:
    """Periods and their year, over all that the contract can hold; what a year pays is the cut of its uncut sum at every step."""
    owed = [period_credit(of, fee, cap_ppm, [Credit(share_ppm=one) for one in shares]) for shares in year]
    assert owed == [specified(of, fee, cap_ppm, shares) for shares in year]
    paid = year_credits(of, owed)
    for n in range(len(owed) + 1):
        uncut = sum(owed[:n])
        assert sum(paid[:n]) == (min(uncut, of.cap_year_minor) if of.cap_year_minor else uncut)


@given(
    of=rules,
    fee=st.integers(1, 5_000),
    cap_ppm=st.integers(1, PPM),
    found=credits_found,
    at=st.integers(0, 4),
    more=st.integers(0, 1_000),
)
def test_a_period_pays_within_its_cap_never_less_for_more_and_in_no_order(
    *, of: CreditRules, fee: int, cap_ppm: int, found: list[Credit], at: int, more: int
) -> None:
    owed = period_credit(of, fee, cap_ppm, found)
    assert 0 <= owed <= fee * cap_ppm // PPM
    assert {period_credit(of, fee, cap_ppm, order) for order in permutations(found)} == {owed}
    worse = [_more(one, more) if n == at else one for n, one in enumerate(found)]
    assert period_credit(of, fee, cap_ppm, worse) >= owed


def _more(one: Credit, more: int) -> Credit:
    """Worse by the same form: more of the fee, or a larger amount."""
    if one.amount_minor:
        return Credit(amount_minor=one.amount_minor + more)
    return Credit(share_ppm=min(one.share_ppm + more * 1000, PPM))


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
    ("window", "expected"),
    [
        (MONTHS, 12),
        *((CalendarWindow(unit=unit, zone="UTC"), count) for unit, count in zip(CalendarUnit, (365, 52, 12, 4), strict=True)),
        (FixedWindow(seconds=600, anchor_at=0), 52_560),
        (FixedWindow(seconds=7 * 86_400, anchor_at=0), 52),
        (FixedWindow(seconds=400 * 86_400, anchor_at=0), 1),  # a year has one period at least
    ],
)  # fmt: skip
def test_a_year_has_so_many_periods(window: CalendarWindow | FixedWindow, expected: int) -> None:
    assert year_periods(window) == expected


@pytest.mark.parametrize(("index", "year"), [(6, 0), (17, 0), (18, 1), (29, 1), (30, 2)])
def test_a_year_of_an_agreement_is_counted_in_periods_from_its_first_one(index: int, year: int) -> None:
    """Of months, an agreement that begins with July has years that begin with July."""
    assert agreement_year(6, 12, index) == year


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
