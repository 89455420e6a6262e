"""Verdicts with bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.objective import Budgeting, NoTraffic
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import Edges, Totals, add, site_days, total
from sankofa_observe.slo.verdict import Attainment, Verdict, allowed_bad, attain, judge
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
    assert verdict == judge(SLICES, attainment(good, bad, unknown))


@given(states=st.lists(st.sampled_from(["good", "bad", "hidden good", "hidden bad"]), min_size=1, max_size=300))
def test_the_truth_is_inside_the_bounds_and_never_contradicted(states: list[str]) -> None:
    """Whatever the hidden slots were, the truth lies between the bounds, and no certain verdict is wrong."""
    shown = {"good": SlotState.GOOD, "bad": SlotState.BAD}
    slots = [builders.slot(60 * n, shown.get(state, SlotState.UNKNOWN)) for n, state in enumerate(states)]
    found = attain(SLICES, total(slots))
    truly_good = sum(state.endswith("good") for state in states)
    truly = Verdict.BREACH if ratio_below(truly_good, len(states), SLICES.target_ppm) else Verdict.MET

    assert found.good <= truly_good <= found.high_good
    assert judge(SLICES, found) in {truly, Verdict.UNDETERMINED}


def test_idle_slots_count_as_the_agreement_says() -> None:
    """A slot without traffic is good, or out of the base, by the spec's own words."""
    slots = [builders.slot(0), builders.slot(60, SlotState.NO_TRAFFIC)]
    excluded = replace(SLICES, no_traffic=NoTraffic.EXCLUDED)

    assert (attain(SLICES, total(slots)).good, attain(SLICES, total(slots)).base) == (2, 2)
    assert (attain(excluded, total(slots)).good, attain(excluded, total(slots)).base) == (1, 1)


def test_coverage_says_how_much_was_known() -> None:
    """Slots that are not UNKNOWN over all slots."""
    states = (SlotState.GOOD, SlotState.UNKNOWN, SlotState.NO_TRAFFIC)
    found = attain(SLICES, total([builders.slot(60 * n, state) for n, state in enumerate(states)]))

    assert (found.good, found.bad, found.unknown, found.coverage_ppm) == (2, 0, 1, 666_666)


@pytest.mark.parametrize(
    ("totals", "edges", "counts"),
    [
        (Totals(good=90, bad=10), Edges(), (90, 10, 0)),
        (Totals(good=90, bad=10, hidden=7), Edges(), (90, 10, 7)),
        (Totals(good=90, bad=10, blind=30, busiest=20), Edges(), (90, 10, 20)),  # half a slot, twice the busiest
        (Totals(good=90, bad=10, blind=1, busiest=20), Edges(), (90, 10, 1)),  # rounded up
        # A gap over the start: five good and one bad are counted here, and may be of the time before.
        (Totals(good=90, bad=10), Edges(over_good=5, over_bad=1), (85, 9, 6)),
        # A gap over the end: what is counted after it may be of this period.
        (Totals(good=90, bad=10), Edges(after_good=5, after_bad=1, after_hidden=2), (90, 10, 8)),
        # Three of the valid ones may still turn good, and two of the good ones are of valid ones before the start.
        (Totals(good=90, bad=10), Edges(settling=3, settled=2), (88, 7, 5)),
        (Totals(good=90, bad=1), Edges(settling=30), (90, 0, 1)),  # no more than there are
        (
            Totals(good=90, bad=-4),
            Edges(),
            (86, 0, 4),
        ),  # more good than valid: four of them are of valid ones elsewhere
    ],
)
def test_occurrences_take_what_is_not_certain_off_what_is(
    totals: Totals, edges: Edges, counts: tuple[int, int, int]
) -> None:
    """Good, bad and unknown of a period: hidden events, blind time, and what its two edges leave open."""
    found = attain(EVENTS, totals, edges)
    assert (found.good, found.bad, found.unknown) == counts


def test_blind_time_without_anything_to_measure_by_has_no_bound() -> None:
    """With nothing known the verdict is undetermined, not empty and not met, and no ratio is shown."""
    found = attain(EVENTS, total([builders.slot(60 * n, SlotState.UNKNOWN, hidden=0, blind=60) for n in range(3)]))

    assert (found.bounded, found.low_ppm, found.high_ppm) == (False, None, None)
    assert judge(EVENTS, found) is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("states", "rule", "verdict"),
    [
        ([SlotState.NO_TRAFFIC] * 3, NoTraffic.GOOD, Verdict.MET),
        ([SlotState.NO_TRAFFIC] * 3, NoTraffic.EXCLUDED, Verdict.UNDETERMINED),
        ([SlotState.NO_TRAFFIC, SlotState.UNKNOWN], NoTraffic.GOOD, Verdict.UNDETERMINED),
        ([], NoTraffic.GOOD, Verdict.UNDETERMINED),
    ],
)
def test_idle_period_is_met_where_idle_time_is_good(states: list[SlotState], rule: NoTraffic, verdict: Verdict) -> None:
    """Without any event there is no base; that nothing was asked is only known where every slot is."""
    slots = [builders.slot(60 * n, state, good=0, hidden=0) for n, state in enumerate(states)]
    idle = replace(EVENTS, no_traffic=rule)
    assert judge(idle, attain(idle, total(slots))) is verdict


@given(states=st.lists(st.sampled_from(list(SlotState)), min_size=1, max_size=40), cut=st.integers(0, 40))
def test_totals_of_parts_are_the_totals_of_the_whole(states: list[SlotState], cut: int) -> None:
    """However a stretch of time is cut."""
    slots = [builders.slot(60 * n, state) for n, state in enumerate(states)]
    assert add([total(slots[:cut]), total(slots[cut:])]) == total(slots)


def test_a_day_knows_its_longest_bad_run_and_those_at_its_ends() -> None:
    """A run may go on in the next day, so the runs at the ends are kept."""
    good, bad = SlotState.GOOD, SlotState.BAD
    states = [bad, bad, good, bad, bad, bad, good, bad]
    [day] = site_days(builders.slot(60 * n, state) for n, state in enumerate(states))
    assert (day.slots, day.longest_bad, day.head_bad, day.tail_bad) == (8, 3, 2, 1)


def test_the_budget_is_in_whole_slots_and_never_clamped() -> None:
    """Half a percent of 1,000 slots is five; how far over it one is can be read off the counts."""
    assert allowed_bad(attainment(900, 100, 0), 995_000) == 5
