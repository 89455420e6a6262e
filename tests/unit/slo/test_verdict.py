"""Verdicts with bounds."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.objective import Budgeting, NoTraffic
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.verdict import Attainment, Tally, Verdict, allowed_bad, attain, judge, tally
from sankofa_observe.units import ratio_below
from tests import builders

SLICES = builders.slo()
EVENTS = builders.slo(budgeting=Budgeting.OCCURRENCES)


def attainment(good: int, bad: int, unknown: int) -> Attainment:
    return Attainment(good=good, bad=bad, unknown=unknown, slots={})


@pytest.mark.parametrize(
    ("good", "bad", "unknown", "verdict"),
    [
        (995, 5, 0, Verdict.MET),  # exactly the target is a promise kept
        (994, 6, 0, Verdict.BREACH),
        (1000, 0, 0, Verdict.MET),
        (0, 1000, 0, Verdict.BREACH),
        (990, 0, 10, Verdict.UNDETERMINED),  # between 99.0 % and 100 %
        (990, 6, 4, Verdict.BREACH),  # even with all unknown good: 99.4 %
        (995, 0, 5, Verdict.MET),  # even with all unknown bad: 99.5 %
        (0, 0, 1000, Verdict.UNDETERMINED),
        (0, 0, 0, Verdict.UNDETERMINED),
    ],
)
def test_a_verdict_is_certain_or_undetermined(good: int, bad: int, unknown: int, verdict: Verdict) -> None:
    """A breach is certain when even the high bound misses, met when even the low bound reaches the target."""
    assert verdict == judge(attainment(good, bad, unknown), 995_000)


@given(states=st.lists(st.sampled_from(["good", "bad", "hidden good", "hidden bad"]), min_size=1, max_size=300))
def test_the_truth_is_inside_the_bounds_and_never_contradicted(states: list[str]) -> None:
    """Whatever the hidden slots were, the truth lies between the bounds, and no certain verdict is wrong."""
    shown = {"good": SlotState.GOOD, "bad": SlotState.BAD}
    slots = [builders.slot(60 * n, shown.get(state, SlotState.UNKNOWN)) for n, state in enumerate(states)]
    found = attain(SLICES, tally(slots))
    truly_good = sum(state.endswith("good") for state in states)
    truly = Verdict.BREACH if ratio_below(truly_good, len(states), SLICES.target_ppm) else Verdict.MET

    assert found.good <= truly_good <= found.high_good
    assert judge(found, SLICES.target_ppm) in {truly, Verdict.UNDETERMINED}


@given(
    slots=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), min_size=1, max_size=60),
)
def test_event_bounds_hold_while_no_hidden_slot_is_busier_than_a_known_one(slots: list[tuple[int, int, bool]]) -> None:
    """Hidden slots with at most as many events as the busiest known slot never make a certain verdict wrong."""
    busiest = max((good + bad for good, bad, hidden in slots if not hidden), default=0)
    real = [(g, b, h) for g, b, h in slots if not h or g + b <= busiest]
    shown = [_events(n, 0 if h else g, 0 if h else g + b, hidden=h) for n, (g, b, h) in enumerate(real)]
    truly_good, truly_valid = sum(g for g, _, _ in real), sum(g + b for g, b, _ in real)
    verdict = judge(attain(EVENTS, tally(shown)), EVENTS.target_ppm)

    if truly_valid:
        truly = Verdict.BREACH if ratio_below(truly_good, truly_valid, EVENTS.target_ppm) else Verdict.MET
        assert verdict in {truly, Verdict.UNDETERMINED}


def _events(n: int, good: int, valid: int, *, hidden: bool) -> Slot:
    state = SlotState.UNKNOWN if hidden else SlotState.GOOD if valid else SlotState.NO_TRAFFIC
    return builders.slot(60 * n, state, good=good, valid=valid)


def test_idle_slots_count_as_the_agreement_says() -> None:
    """A slot without traffic is good, or out of the base, by the spec's own words."""
    slots = [builders.slot(0), builders.slot(60, SlotState.NO_TRAFFIC)]
    excluded = replace(SLICES, no_traffic=NoTraffic.EXCLUDED)

    assert (attain(SLICES, tally(slots)).good, attain(SLICES, tally(slots)).base) == (2, 2)
    assert (attain(excluded, tally(slots)).good, attain(excluded, tally(slots)).base) == (1, 1)


def test_recovered_time_is_held_apart_and_excluded_time_is_out() -> None:
    """RECOVERED counts as unknown time, EXCLUDED counts nowhere; coverage says how much was known."""
    states = (SlotState.GOOD, SlotState.RECOVERED, SlotState.EXCLUDED, SlotState.BAD)
    found = attain(SLICES, tally([builders.slot(60 * n, state) for n, state in enumerate(states)]))

    assert (found.good, found.bad, found.unknown) == (1, 1, 1)
    assert found.coverage_ppm == 666_666


def test_a_blind_period_hides_at_least_an_event_a_slot() -> None:
    """With nothing known the verdict is undetermined, not empty and not met."""
    found = attain(EVENTS, tally([builders.slot(60 * n, SlotState.UNKNOWN) for n in range(3)]))

    assert (found.good, found.bad, found.unknown) == (0, 0, 3)
    assert judge(found, EVENTS.target_ppm) == Verdict.UNDETERMINED


def test_the_budget_is_in_whole_slots_and_never_clamped() -> None:
    """Half a percent of 1,000 slots is five; how far over it one is can be read off the counts."""
    assert allowed_bad(attainment(900, 100, 0), 995_000) == 5


def test_a_tally_can_be_written_as_plain_data() -> None:
    """A tally and an attainment turn into dictionaries, because commands print them as JSON."""
    total = tally([builders.slot(0), builders.slot(60, SlotState.BAD)])

    assert asdict(total)["states"] == {"GOOD": 1, "BAD": 1}
    assert Tally(states={SlotState.GOOD: 1, SlotState.BAD: 1}, good=7, valid=8, busiest=4) == total
