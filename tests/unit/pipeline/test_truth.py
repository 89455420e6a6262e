"""The whole engine against an oracle that knows every event: what is not seen may widen the bounds, never move them off the truth."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sankofa_observe.pipeline.observe import read_slots
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, SlotRule
from sankofa_observe.slo.verdict import Verdict, attain, judge, tally
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period, ratio_below
from tests import builders

Scrape = tuple[int, int, bool, bool]
"""Good and bad events since the scrape before, whether the counter was reset just before them, and whether it is seen."""

START, SLOT, EVERY = builders.START, 60, 15
RULE = SlotRule(seconds=SLOT, scrape_seconds=EVERY, target_ppm=900_000)
INDICATOR = RatioIndicator(good="good", valid="valid")


def scrapes(*, resets: bool) -> st.SearchStrategy[list[Scrape]]:
    """Eight slots of four scrapes; long stretches of them unseen."""
    one = st.tuples(st.integers(0, 20), st.sampled_from([0, 0, 0, 1, 5]), st.booleans() if resets else st.just(False))
    return st.lists(one, min_size=32, max_size=32).flatmap(
        lambda events: st.lists(
            st.tuples(st.integers(0, 31), st.integers(1, 9)), max_size=3
        ).map(lambda gaps: [(*event, not any(a <= n < a + b for a, b in gaps)) for n, event in enumerate(events)])
    )  # fmt: skip


def series(seen: list[Scrape]) -> ScriptedSamples:
    """The counters as they are scraped, from one scrape before the period."""
    source, good, valid = ScriptedSamples(), 7, 9
    points = [(START * 1000 - EVERY * 1000, good, valid)]
    for n, (fine, wrong, reset, shown) in enumerate(seen):
        good, valid = (0, 0) if reset else (good, valid)
        good, valid = good + fine, valid + fine + wrong
        if shown:
            points.append(((START + n * EVERY) * 1000, good, valid))
    source.add("good", [(at, value) for at, value, _ in points], site="edge-1")
    source.add("valid", [(at, value) for at, _, value in points], site="edge-1")
    return source


def true_good_slots(seen: list[Scrape]) -> int:
    """Slots that are good or idle, by all events."""
    found = 0
    for first in range(0, len(seen), SLOT // EVERY):
        events = seen[first : first + SLOT // EVERY]
        good, bad = sum(one[0] for one in events), sum(one[1] for one in events)
        found += not ratio_below(good, good + bad, RULE.target_ppm)
    return found


@pytest.mark.parametrize("target_ppm", [500_000, 875_000, 999_000])
@given(seen=scrapes(resets=False))
def test_truth_of_slots_is_within_the_bounds_over_any_gap(target_ppm: int, seen: list[Scrape]) -> None:
    """Slots of counters, any of them unseen: the true number of good slots is in [low, high], and no verdict is wrong."""
    slo = builders.slo(indicator=INDICATOR, slot=RULE, target_ppm=target_ppm)
    period = Period(starts_at=START, ends_at=START + len(seen) * EVERY)
    attained = attain(slo, tally(read_slots(slo, ["edge-1"], period, series(seen))))
    truth = true_good_slots(seen)

    assert attained.base == len(seen) * EVERY // SLOT
    assert attained.good <= truth <= attained.high_good
    below = ratio_below(truth, attained.base, target_ppm)
    assert judge(attained, target_ppm) in {Verdict.UNDETERMINED, Verdict.BREACH if below else Verdict.MET}


@given(seen=scrapes(resets=True))
def test_events_of_seen_scrapes_are_counted_to_the_last_one(seen: list[Scrape]) -> None:
    """While every scrape is seen, resets or not, the sums over slots are those of the oracle: 0 events off."""
    whole = [(good, bad, reset, True) for good, bad, reset, _ in seen]
    slo = builders.slo(indicator=INDICATOR, slot=RULE, budgeting=Budgeting.OCCURRENCES)
    period = Period(starts_at=START, ends_at=START + len(seen) * EVERY)
    # A reset is told by a value that falls: after one that nothing preceded, or that grew past it at once, it is not one.
    told = _resets_that_show(whole)
    attained = attain(slo, tally(read_slots(slo, ["edge-1"], period, series(told))))

    assert (sum(one[0] for one in told), sum(one[1] for one in told)) == (attained.good, attained.bad)


def _resets_that_show(seen: list[Scrape]) -> list[Scrape]:
    told, good, valid = [], 7, 9
    for fine, wrong, reset, shown in seen:
        shows = reset and (fine < good or fine + wrong < valid)
        good, valid = (fine, fine + wrong) if shows else (good + fine, valid + fine + wrong)
        told.append((fine, wrong, shows, shown))
    return told


@given(seen=scrapes(resets=False))
@example(seen=[(5, 0, False, True)] * 4 + [(0, 5, False, False)] * 4 + [(5, 0, False, True)] * 24)
def test_events_over_a_gap_that_the_counter_outlived_are_all_counted(seen: list[Scrape]) -> None:
    """Without a reset no event is lost, wherever the gap is, while a later scrape is seen."""
    closed = [*seen[:-1], (*seen[-1][:3], True)]
    slo = builders.slo(indicator=INDICATOR, slot=RULE, budgeting=Budgeting.OCCURRENCES)
    period = Period(starts_at=START, ends_at=START + len(closed) * EVERY)
    total = tally(read_slots(slo, ["edge-1"], period, series(closed)))

    good, bad = sum(one[0] for one in closed), sum(one[1] for one in closed)
    assert (good, good + bad) == (total.good, total.valid)


def test_seeded_months_are_counted_to_the_event() -> None:
    """A day of counters at 15 s with a reset an hour: the sums are the oracle's."""
    chance = random.Random(11)
    seen = [(chance.randrange(40), chance.random() < 0.01, chance.random() < 1 / 240, True) for _ in range(5760)]
    told = _resets_that_show([(good, int(bad), reset, shown) for good, bad, reset, shown in seen])
    slo = builders.slo(indicator=INDICATOR, slot=RULE, budgeting=Budgeting.OCCURRENCES)
    slots = read_slots(slo, ["edge-1"], Period(starts_at=START, ends_at=START + 86_400), series(told))

    assert len(slots) == 1440
    assert (sum(one[0] for one in told), sum(one[0] + one[1] for one in told)) == (
        sum(slot.good for slot in slots),
        sum(slot.valid for slot in slots),
    )
