"""What a running period costs and may cost: by the schedule that prices a breach, in whole minor units."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.agreement import Promise
from sankofa_observe.sla.outlook import Outlook, SoFar, outlook
from sankofa_observe.sla.penalty import owed as credit_of
from sankofa_observe.sla.schedule import Counted, CreditBand, Formula, Proportional, Rounding, Steps
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.verdict import Attainment
from tests.builders import agreement, slo

# 10 % of a fee of 1,250.00 USD below 99.5 %, 25 % below 99 %, 40 % below 95 %; all credits together 50 % at most.
EDGE = agreement()
BANDED = EDGE.promises[0]
STEPS = Steps(credit_ppm=50_000, each_seconds=1_800, rounding=Rounding.COMPLETED)


def so_far(good: int, bad: int, unknown: int = 0, *, left: int) -> SoFar:
    attained = Attainment(good=good, bad=bad, unknown=unknown, slots={})
    return SoFar(attained=attained, passed_slots=good + bad + unknown, left_slots=left)


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (so_far(500, 0, left=500), Outlook(now_minor=0, next_minor=12_500, slots_to_next=6, at_risk_minor=0)),
        (so_far(496, 4, left=500), Outlook(now_minor=0, next_minor=12_500, slots_to_next=2, at_risk_minor=12_500)),
        (so_far(492, 8, left=500), Outlook(now_minor=12_500, next_minor=31_250, slots_to_next=3, at_risk_minor=18_750)),
        (so_far(400, 99, 1, left=500), Outlook(now_minor=50_000, next_minor=None, slots_to_next=None, at_risk_minor=0)),
        (so_far(492, 0, 8, left=2), Outlook(now_minor=0, next_minor=None, slots_to_next=None, at_risk_minor=0)),
        (so_far(497, 2, left=1), Outlook(now_minor=0, next_minor=12_500, slots_to_next=1, at_risk_minor=0)),
        (so_far(994, 6, left=0), Outlook(now_minor=12_500, next_minor=None, slots_to_next=None, at_risk_minor=0)),
    ],
)
def test_outlook_is_what_the_bands_say_of_a_thousand_slots(passed: SoFar, expected: Outlook) -> None:
    """Of the period as it stands, of the slot that reaches the next band, and of its end at the same share of bad slots."""
    assert outlook(EDGE, BANDED, passed) == expected


@pytest.mark.parametrize(
    "passed",
    [
        so_far(0, 0, 500, left=500),
        so_far(0, 0, left=1000),
        SoFar(attained=Attainment(good=5, bad=5, unknown=0, slots={}, bounded=False), passed_slots=10, left_slots=5),
    ],
)
def test_outlook_of_what_nobody_knows_is_none_and_not_zero(passed: SoFar) -> None:
    """No known slot, no slot at all, or no base: neither a figure nor a promise of nothing."""
    assert outlook(EDGE, BANDED, passed) is None


def test_outlook_never_exceeds_the_cap() -> None:
    """An agreement that credits 20 % at most has no band beyond that."""
    capped = replace(EDGE, cap_ppm=200_000)
    assert outlook(capped, BANDED, so_far(492, 8, left=500)) == Outlook(
        now_minor=12_500, next_minor=25_000, slots_to_next=3, at_risk_minor=12_500
    )


def test_outlook_of_events_counts_slots_of_average_traffic() -> None:
    """A thousand requests in ten slots: half a slot of failures is half a band's worth, and two slots are the next band."""
    events = replace(BANDED, slo=slo(budgeting=Budgeting.OCCURRENCES))
    passed = SoFar(attained=Attainment(good=1000, bad=0, unknown=0, slots={}), passed_slots=10, left_slots=390)
    assert outlook(EDGE, events, passed) == Outlook(now_minor=0, next_minor=12_500, slots_to_next=3, at_risk_minor=0)


FORMULAS = st.sampled_from(
    [
        None,
        STEPS,
        Proportional(factor_ppm=3_000_000),
        Proportional(factor_ppm=1_000_000, counted=Counted.BEYOND),
        Steps(credit_ppm=10_000, each_ppm=1_000, counted=Counted.BEYOND, rounding=Rounding.STARTED),
    ]
)
SLOTS = st.integers(0, 400)


def promise(formula: Formula | None) -> Promise:
    bands = () if formula else (CreditBand(below_ppm=995_000, credit_ppm=100_000), CreditBand(below_ppm=900_000, credit_ppm=400_000))  # fmt: skip
    return replace(BANDED, bands=bands, formula=formula)


@given(formula=FORMULAS, good=SLOTS, bad=SLOTS, unknown=SLOTS, left=SLOTS)
def test_outlook_names_the_first_slot_that_makes_it_dearer(
    formula: Formula | None, good: int, bad: int, unknown: int, left: int
) -> None:
    """Tried slot by slot under every form of schedule: none before it costs more, and it does."""
    own, passed = promise(formula), so_far(good, bad, unknown, left=left)
    found = outlook(EDGE, own, passed)
    if not good + bad:
        assert found is None
        return
    assert found is not None
    valid = good + bad + unknown + left
    owed = [EDGE.credit_minor([credit_of(EDGE, own, good=valid - bad - more, valid=valid)]) for more in range(left + 1)]
    first = next((more for more, amount in enumerate(owed) if amount > owed[0]), None)
    assert (found.now_minor, found.slots_to_next) == (owed[0], first)
    assert found.next_minor == (None if first is None else owed[first])
    assert found.at_risk_minor == owed[left * bad // (good + bad)] - owed[0]
