"""What an agreement means: the same answers that judging and pricing give, found without counting anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla import explain as explaining
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.explain import Budget, Step, explain
from sankofa_observe.sla.schedule import CreditBand, Steps, credit_ppm
from sankofa_observe.sla.stacking import Claim, CreditRules
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow
from sankofa_observe.units import PPM, Money
from tests.builders import START, agreement, slo

MONTHS = CalendarWindow(unit=CalendarUnit.MONTH, zone="Europe/Berlin")


def monthly(**changes: Any) -> Slo:
    return slo(window=MONTHS, **changes)


def agreed(one: Slo, bands: tuple[tuple[int, int], ...], **changes: Any) -> Agreement:
    made = tuple(CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in bands)
    return agreement(promises=(Promise(slo=one, site="edge-1", bands=made),), **changes)


@st.composite
def schedules(draw: Any) -> tuple[int, tuple[tuple[int, int], ...]]:
    """A target, and bands that fall from it and pay more and more."""
    below = sorted(draw(st.sets(st.integers(1, PPM - 1), min_size=1, max_size=4)), reverse=True)
    credits_ppm = sorted(draw(st.sets(st.integers(1, PPM), min_size=len(below), max_size=len(below))))
    return below[0], tuple(zip(below, credits_ppm, strict=True))


@given(schedule=schedules(), slots=st.integers(1, 300), fee=st.integers(1, 10**6), cap=st.integers(1, PPM))
def test_budgets_and_steps_are_what_trying_every_count_gives(
    schedule: tuple[int, tuple[tuple[int, int], ...]], slots: int, fee: int, cap: int
) -> None:
    """The most that may be bad, and each count from which more is owed, by plain fractions of whole numbers."""
    target_ppm, bands = schedule
    window = FixedWindow(seconds=slots * 60, anchor_at=START)
    found = explain(agreed(slo(window=window, target_ppm=target_ppm), bands, fee_minor=fee, cap_ppm=cap), START)
    (promise,) = found.promises

    met = [bad for bad in range(slots + 1) if (slots - bad) * PPM >= target_ppm * slots]
    made = tuple(CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in bands)
    owed = [min(fee * credit_ppm(slots - bad, slots, made) // PPM, fee * cap // PPM) for bad in range(slots + 1)]
    steps = [(bad, owed[bad]) for bad in range(1, slots + 1) if owed[bad] != owed[bad - 1]]

    assert promise.budgets == (Budget(seconds=slots * 60, base=slots, allowed=len(met) - 1),)
    assert [(one.bad, one.credit.amount_minor) for one in promise.steps] == steps
    assert promise.example.credit.amount_minor == owed[promise.example.bad]


def test_a_month_has_the_budget_of_its_length() -> None:
    """28 to 31 days; the credits are those of 30."""
    bands = ((999_000, 100_000), (990_000, 250_000))
    (promise,) = explain(agreed(monthly(target_ppm=999_000), bands), START).promises

    assert [(one.base, one.allowed) for one in promise.budgets] == [
        (40_320, 40),
        (41_760, 41),
        (43_200, 43),
        (44_640, 44),
    ]
    usd = {"currency": "USD", "exponent": 2}
    assert promise.steps == (
        Step(bad=44, good=43_156, credit=Money(amount_minor=12_500, **usd)),  # type: ignore[arg-type]
        Step(bad=433, good=42_767, credit=Money(amount_minor=31_250, **usd)),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("currency", "exponent", "fee", "shown"),
    [("JPY", 0, 5_000, "500 JPY"), ("KWD", 3, 5_000, "0.500 KWD"), ("USD", 2, 5_005, "5.00 USD")],
)
def test_money_has_the_decimals_of_its_currency(currency: str, exponent: int, fee: int, shown: str) -> None:
    """Minor units, rounded down as they are when they are owed."""
    terms = agreed(monthly(), ((995_000, 100_000),), currency=currency, exponent=exponent, fee_minor=fee)
    assert str(explain(terms, START).promises[0].steps[0].credit) == shown


def test_events_are_explained_of_a_million() -> None:
    """Nobody knows how many a period will have."""
    events = monthly(budgeting=Budgeting.OCCURRENCES, target_ppm=990_000)
    (promise,) = explain(agreed(events, ((990_000, 50_000),)), START).promises
    assert (promise.seconds, promise.budgets) == (0, (Budget(seconds=0, base=PPM, allowed=10_000),))


def test_periods_begin_with_the_agreement_and_show_their_clock_changes() -> None:
    """Three, from the one that is open; judged when the grace has ended, final when the dispute window has."""
    terms = agreed(monthly(), ((995_000, 100_000),), grace_seconds=600, dispute_window_seconds=50)
    starts = MONTHS.period_at(1_772_500_000)  # March 2026, in which the clock goes forward
    terms = replace(terms, starts_at=starts.starts_at)

    early, late = explain(terms, 0).periods, explain(terms, starts.ends_at + 5).periods
    assert ([one.period for one in early[1:]], len(early)) == ([one.period for one in late[:2]], explaining.PERIODS)
    assert [one.period.seconds // 3600 - 24 * days for one, days in zip(early, (31, 30, 31), strict=True)] == [-1, 0, 0]
    assert [len(one.changes) for one in early] == [1, 0, 0]
    assert [(one.judged_at, one.final_at) for one in early] == [
        (one.period.ends_at + 600, one.period.ends_at + 650) for one in early
    ]


@pytest.mark.parametrize(
    ("rules", "pays"),
    [
        (CreditRules(cap_year_minor=10**6), 12 * 62_500),  # twelve months at their cap
        (CreditRules(cap_year_minor=500_000), 500_000),
        (CreditRules(cap_year_minor=10**6, minimum_minor=70_000), 0),  # the cap of a month is under the least credit
        (CreditRules(), None),
    ],
)
def test_worst_year_is_capped(rules: CreditRules, pays: int | None) -> None:
    """All of the fee missed in each of twelve months, of which each pays half of it."""
    terms = agreed(monthly(), ((995_000, PPM),), fee_minor=125_000, cap_ppm=500_000, credit_rules=rules)
    found = explain(terms, START).worst_year
    assert (found.amount_minor if found else None) == pays


def test_a_formula_shows_its_first_steps_and_its_last() -> None:
    """A month has 720 hours, and 5 % each makes the whole fee of twenty; the claim is named by its end."""
    formula = Steps(each_seconds=3600, credit_ppm=50_000)
    one = Promise(slo=monthly(), site="edge-1", formula=formula)
    rules = CreditRules(claim=Claim(days=30))
    found = explain(agreement(promises=(one,), fee_minor=1_000, cap_ppm=PPM, credit_rules=rules), START)
    (promise,) = found.promises
    assert [(step.bad, step.credit.amount_minor) for step in promise.steps] == [
        (217, 150),  # 216 minutes are no miss; one more, and its three completed hours count
        (240, 200),
        (300, 250),
        (360, 300),
        (420, 350),
        (1_200, 1_000),
    ]
    assert found.periods[0].claim_ends_at == found.periods[0].period.ends_at + 30 * 86_400
