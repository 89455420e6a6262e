"""The past at another price: the same functions judge and price it, and a curve of steps says it for every objective."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.schedule import (
    Counted,
    CreditBand,
    Proportional,
    Schedule,
    Steps,
    band_problems,
)
from sankofa_observe.sla.stacking import CreditRules, Stacking
from sankofa_observe.sla.what_if import Change, Judgeable, Owed, curve, outcome, owed_together, under, within_year
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.units import PPM, Period
from tests.builders import FEE_MINOR, agreement, period, slo

AGREEMENT = agreement()
PROMISE = AGREEMENT.promises[0]  # 99.5 %: below 99.5 % 10 %, below 99 % 25 %, below 95 % 40 %
NAME = PROMISE.slo.name


def bands(*edges: tuple[int, int]) -> tuple[CreditBand, ...]:
    return tuple(CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in edges)


def attained(good: int, bad: int, unknown: int = 0, *, bounded: bool = True) -> Attainment:
    slots = {SlotState.GOOD: good, SlotState.BAD: bad, SlotState.UNKNOWN: unknown}
    return Attainment(good=good, bad=bad, unknown=unknown, slots=slots, bounded=bounded)


# --------------------------------------------------------------------------------------------------- another objective


@pytest.mark.parametrize(
    ("target_ppm", "expected"),
    [
        (995_000, PROMISE.bands),  # as it is
        (999_000, bands((999_000, 100_000), (990_000, 250_000), (950_000, 400_000))),
        (990_000, bands((990_000, 250_000), (950_000, 400_000))),
        (970_000, bands((970_000, 250_000), (950_000, 400_000))),
        (900_000, bands((900_000, 400_000))),
    ],
)
def test_schedule_under_another_objective(target_ppm: int, expected: tuple[CreditBand, ...]) -> None:
    """A miss is credited as the schedule credits such an attainment; it is a schedule that an agreement may have."""
    changed = under(PROMISE, target_ppm)
    assert (changed.slo.target_ppm, changed.bands) == (target_ppm, expected)
    assert band_problems(changed.bands, target_ppm) == []


def test_change_is_of_one_slo() -> None:
    """Promises of another one stay; another schedule brings its objective with it, unless one is named."""
    other = replace(PROMISE, slo=slo("latency"))
    new = bands((999_000, 200_000))
    assert Change(slo=NAME, target_ppm=999_000).of(other) is other
    assert Change(slo=NAME).of(PROMISE) == PROMISE
    assert Change(slo=NAME, schedule=new).of(PROMISE).slo.target_ppm == 999_000
    assert Change(slo=NAME, schedule=new).of(PROMISE).bands == new


# ------------------------------------------------------------------------------------------------------------ outcomes


@pytest.mark.parametrize(
    ("what", "verdict", "low", "high"),
    [
        (attained(1000, 0), Verdict.MET, 0, 0),
        (attained(994, 6), Verdict.BREACH, 12_500, 12_500),
        (attained(989, 6, 5), Verdict.BREACH, 12_500, 12_500),  # what is certain is owed
        (attained(940, 0, 60), Verdict.UNDETERMINED, 0, 50_000),
        (attained(0, 0, 100), Verdict.UNDETERMINED, 0, 50_000),
        (attained(5, 0, 5, bounded=False), Verdict.UNDETERMINED, 0, 50_000),
        (attained(0, 0), Verdict.UNDETERMINED, 0, 50_000),
    ],
)
def test_outcome_of_a_period(what: Attainment, verdict: Verdict, low: int, high: int) -> None:
    """What nobody can tell costs from nothing to all that is at stake, never zero alone."""
    found = outcome(AGREEMENT, PROMISE, what)
    assert (found.verdict, found.owed) == (verdict, Owed(low_minor=low, high_minor=high))


def test_sum_of_a_period_is_capped() -> None:
    """The two bounds each: half of the fee here."""
    bad = outcome(AGREEMENT, PROMISE, attained(1, 9))
    doubted = outcome(AGREEMENT, PROMISE, attained(1, 0, 9))
    assert owed_together(AGREEMENT, [bad, doubted]) == Owed(low_minor=50_000, high_minor=FEE_MINOR // 2)


def test_periods_of_a_year_are_paid_within_its_cap() -> None:
    """Each bound by itself, and without a cap nothing is taken away."""
    capped = replace(AGREEMENT, credit_rules=CreditRules(cap_year_minor=60_000))
    uncut = Owed(low_minor=50_000, high_minor=100_000)
    assert within_year(capped, uncut) == Owed(low_minor=50_000, high_minor=60_000)
    assert within_year(AGREEMENT, uncut) == uncut


# --------------------------------------------------------------------------------------------------------------- curve

COUNTS = st.builds(
    attained,
    st.integers(0, 2_000) | st.just(10**6),
    st.integers(0, 20),
    st.integers(0, 20),
    bounded=st.booleans() | st.just(True),
)
A_YEAR = 365 * 86_400 // period().seconds  # periods
ALL = (Steps(each_seconds=300, credit_ppm=50_000), Proportional(factor_ppm=10 * PPM))
SCHEDULES = st.sampled_from([(), bands((995_000, 100_000), (900_000, 999_999)), bands((999_999, 1)), *ALL])


def naive(of: list[Judgeable], change: Change, target_ppm: int) -> Owed:
    """The specification: judge and price everything anew under this objective."""
    groups: dict[Period, list[Judgeable]] = {}
    for one in of:
        groups.setdefault(one.period, []).append(one)
    years: dict[int, Owed] = {}
    for own, group in groups.items():
        made: Agreement = group[0].agreement
        outcomes = []
        for one in group:
            asked: Promise = one.promise
            if asked.slo.name == change.slo:
                asked = under(change.scheduled(asked), target_ppm)
            outcomes.append(outcome(made, asked, one.attained))
        year = made.year_at(own)
        years[year] = years.get(year, Owed()) + owed_together(made, outcomes)
    return sum((within_year(of[0].agreement, one) for one in years.values()), Owed())


@given(
    st.lists(st.tuples(COUNTS, st.sampled_from([0, 1, A_YEAR]), st.booleans()), max_size=8),
    SCHEDULES,
    st.lists(st.integers(1, PPM - 1), max_size=4),
    st.sampled_from(
        [
            CreditRules(),
            CreditRules(stacking=Stacking.LARGEST, minimum_minor=20_000),
            CreditRules(cap_year_minor=60_000),
        ]
    ),
)
def test_curve_says_what_judging_anew_would(
    drawn: list[tuple[Attainment, int, bool]], schedule: Schedule, objectives: list[int], rules: CreditRules
) -> None:
    """At every step, right before it, and anywhere between: one judgement a promise is enough for all objectives."""
    change = Change(slo=NAME, schedule=schedule)
    agreed = replace(AGREEMENT, credit_rules=rules)
    fixed = replace(PROMISE, slo=slo("latency", target_ppm=990_000))
    of = [
        Judgeable(agreement=agreed, promise=fixed if other else PROMISE, period=period(index), attained=counts)
        for counts, index, other in drawn
    ]
    steps = curve(of, change)
    asked = {*objectives, *(one.target_ppm for one in steps), *(one.target_ppm - 1 for one in steps)} - {0}
    found = {at: next((one.owed for one in reversed(steps) if one.target_ppm <= at), Owed()) for at in asked}
    assert found == {at: naive(of, change, at) for at in asked}
    assert [one.target_ppm for one in steps] == sorted({one.target_ppm for one in steps})


def test_a_formula_beyond_the_objective_is_priced_and_has_no_curve() -> None:
    """Five of 1,000 slots are allowed; the other six are priced tenfold."""
    formula = Proportional(factor_ppm=10 * PPM, counted=Counted.BEYOND)
    change, counts = Change(slo=NAME, schedule=formula), attained(989, 11)
    assert outcome(AGREEMENT, change.of(PROMISE), counts).owed.low_minor == FEE_MINOR * 6 * 10 // 1000
    one = Judgeable(agreement=AGREEMENT, promise=PROMISE, period=period(), attained=counts)
    with pytest.raises(ValueError, match="beyond the objective"):
        curve([one], change)
