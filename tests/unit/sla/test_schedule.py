"""What a miss of one promise is worth: bands, steps and shares; and the schedules that providers have published."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.schedule import (
    Counted,
    CreditBand,
    Measured,
    Proportional,
    Rounding,
    Schedule,
    Steps,
    band_problems,
    credit_of,
    credit_ppm,
    most_of,
)
from sankofa_observe.sla.stacking import Credit, CreditRules, period_credit
from sankofa_observe.units import PPM
from tests.unit.sla.published import MONTH_MINUTES, REPRODUCED

# Azure-like: under 99.99 % a tenth, under 99.9 % a quarter, under 95 % all of it.
BANDS = tuple(
    CreditBand(below_ppm=b, credit_ppm=c) for b, c in ((999_900, 100_000), (999_000, 250_000), (950_000, PPM))
)


@pytest.mark.parametrize(
    ("good", "valid", "credit"),
    [
        (10_000, 10_000, 0),
        (9_999, 10_000, 0),  # the edge belongs to the better band
        (99_989, 100_000, 100_000),
        (999, 1_000, 100_000),
        (9_989, 10_000, 250_000),
        (95, 100, 250_000),
        (9_499, 10_000, PPM),
        (0, 1, PPM),
    ],
)
def test_the_lowest_band_that_is_missed_is_paid(good: int, valid: int, credit: int) -> None:
    """Attainment under a band's edge credits that band; at the edge it is the better one."""
    assert credit == credit_ppm(good, valid, BANDS)


edges = st.lists(st.integers(1, PPM), min_size=1, max_size=6, unique=True).map(
    lambda found: sorted(found, reverse=True)
)


@given(edges=edges, good=st.integers(0, 10**12), bad=st.integers(0, 10**12))
def test_a_credit_is_that_of_an_exact_fraction(edges: list[int], good: int, bad: int) -> None:
    """Integers give what fractions give, and fewer good never credit less."""
    if good + bad == 0:
        return
    bands = [CreditBand(below_ppm=edge, credit_ppm=n * 1000) for n, edge in enumerate(edges, 1)]
    reached = [b.credit_ppm for b in bands if Fraction(good, good + bad) < Fraction(b.below_ppm, PPM)]

    assert max(reached, default=0) == credit_ppm(good, good + bad, bands)
    assert credit_ppm(good // 2, good + bad, bands) >= credit_ppm(good, good + bad, bands)


@pytest.mark.parametrize(
    ("bands", "problems"),
    [
        ([], ["no band: a promise without a credit is no promise"]),
        ([(990_000, 100)], ["the first band starts at 990000 ppm, expected the objective, 999900 ppm"]),
        ([(999_900, 100), (999_900, 200)], ["band 999900 ppm follows 999900 ppm, expected a lower one"]),
        ([(999_900, 100), (990_000, 100)], ["credit 100 ppm follows 100 ppm, expected a higher one"]),
        ([(999_900, 0)], ["band below 999900 ppm credits 0 ppm, expected 1 to 1000000"]),
        ([(999_900, 100), (990_000, 200)], []),
    ],
)
def test_a_schedule_falls_and_pays_more_at_each_step(bands: list[tuple[int, int]], problems: list[str]) -> None:
    """A schedule starts at the objective, falls strictly, and pays strictly more; what is not so is named."""
    made = [CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in bands]

    assert problems == band_problems(made, 999_900)


@pytest.mark.parametrize("case", REPRODUCED)
def test_a_published_schedule_is_reproduced_to_the_minor_unit(case: str) -> None:
    """By minutes of downtime in a month of 30 days, what its words give."""
    of = REPRODUCED[case]
    owed = {}
    for minutes in of.owed:
        measured = Measured(good=MONTH_MINUTES - minutes, valid=MONTH_MINUTES, slot_seconds=60)
        credit = credit_of(of.schedule, of.fee_minor, of.target_ppm, measured)
        owed[minutes] = period_credit(of.rules, of.fee_minor, of.cap_ppm, [credit])
    assert owed == of.owed


def alone(fee: int, credit: Credit) -> int:
    """What one credit comes to by itself."""
    return period_credit(CreditRules(), fee, PPM, [credit])


def specified(schedule: Schedule, fee: int, target_ppm: int, measured: Measured) -> int:
    """The specification: fractions, and one rounding at the end."""
    attained, target = Fraction(measured.good, measured.valid), Fraction(target_ppm, PPM)
    if attained >= target:
        return 0
    if isinstance(schedule, tuple):
        reached = [one.credit_ppm for one in schedule if attained < Fraction(one.below_ppm, PPM)]
        return fee * max([0, *reached]) // PPM
    lost: Fraction = (target if schedule.counted is Counted.BEYOND else Fraction(1)) - attained
    if isinstance(schedule, Proportional):
        return min(int(fee * lost * Fraction(schedule.factor_ppm, PPM)), fee)
    if schedule.each_ppm:
        steps = lost / Fraction(schedule.each_ppm, PPM)
    else:
        steps = lost * measured.valid * measured.slot_seconds / schedule.each_seconds
    whole = ceil(steps) if schedule.rounding is Rounding.STARTED else floor(steps)
    return fee * min(whole * schedule.credit_ppm, PPM) // PPM


counted = st.sampled_from(Counted)
formulas = st.one_of(
    st.builds(Proportional, factor_ppm=st.integers(1, 100 * PPM), counted=counted),
    st.builds(
        lambda size, in_seconds, **given: Steps(**{"each_seconds" if in_seconds else "each_ppm": size}, **given),
        st.integers(1, 10_000),
        st.booleans(),
        credit_ppm=st.integers(1, PPM),
        counted=counted,
        rounding=st.sampled_from(Rounding),
    ),
)
schedules = st.one_of(
    formulas,
    edges.map(lambda found: tuple(CreditBand(below_ppm=edge, credit_ppm=n * 1000) for n, edge in enumerate(found, 1))),
)


@given(
    schedule=schedules,
    fee=st.integers(1, 2**53 - 1),
    target_ppm=st.integers(1, PPM),
    valid=st.integers(1, 50_000),
    more=st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)),
    slot_seconds=st.integers(1, 600),
)
def test_a_credit_is_what_fractions_give_never_less_for_more_bad_and_never_over_the_fee(
    *, schedule: Schedule, fee: int, target_ppm: int, valid: int, more: tuple[int, int], slot_seconds: int
) -> None:
    """Of any schedule: exact to the minor unit, monotone in what was bad, and within the most that it can cost."""
    fewer, rest = sorted(min(one, valid) for one in more)
    paid = []
    for bad in (fewer, rest):
        measured = Measured(good=valid - bad, valid=valid, slot_seconds=slot_seconds)
        paid.append(alone(fee, credit_of(schedule, fee, target_ppm, measured)))
        assert paid[-1] == specified(schedule, fee, target_ppm, measured)
    assert paid[0] <= paid[1] <= alone(fee, most_of(schedule, fee))


def test_seconds_cannot_be_asked_of_events() -> None:
    """Events have no length, and are not priced as if they had."""
    with pytest.raises(ValueError, match="each 60 s: events have no seconds"):
        credit_of(Steps(each_seconds=60, credit_ppm=1), 100, 999_000, Measured(good=1, valid=2))


@pytest.mark.parametrize(
    "given_fields",
    [{}, {"each_seconds": 1, "each_ppm": 1}, {"each_seconds": -1}, {"each_ppm": 1, "credit_ppm": 0}, {"each_ppm": 1, "credit_ppm": PPM + 1}],
)  # fmt: skip
def test_steps_have_one_size_and_a_credit(given_fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Steps(**{"credit_ppm": 1, **given_fields})  # type: ignore[arg-type]
