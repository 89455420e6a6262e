"""What the platform makes of a histogram that is withheld where a call is not known: it may never decide by leaving out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_exporters.besu.node.families import CALL_BUCKETS
from sankofa_exporters.besu.node.system.histogram import FORGOTTEN_SECONDS, Histogram
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import LONGEST_GAP_SECONDS, Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import SlotKey, SlotState
from sankofa_observe.slo.source import selected_of
from sankofa_observe.slo.totals import total
from sankofa_observe.slo.verdict import Verdict, attain, judge
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.units import Period, ratio_below

SCRAPE, SLOT, TARGET_PPM = 15, 60, 990_000
RULE = SlotRule(seconds=SLOT, scrape_seconds=SCRAPE)
KEY = SlotKey(slo="latency", site="reg-1", rule=RULE)
SLO = Slo(
    name="latency",
    tier="regional",
    indicator=RatioIndicator(good="good", valid="valid"),
    target_ppm=TARGET_PPM,
    budgeting=Budgeting.OCCURRENCES,
    window=FixedWindow(seconds=86_400, anchor_at=0),
    slot=RULE,
)
Sample = tuple[int, int, int]
"""Milliseconds, and what the bucket of the bound and all buckets showed."""

FAST, SLOW, STARVED = "g", "s", "?"
PLACE = CALL_BUCKETS.index(0.2)
DURATIONS = {FAST: 0.01, SLOW: 0.4}


def scraped(calls: Sequence[str]) -> list[Sample]:
    """One call a probe, each 15 s: the samples that a Prometheus has of it afterwards."""
    now = 0.0
    histogram = Histogram(clock=lambda: now)
    samples = []
    for number, call in enumerate(calls):
        now = float(number * SCRAPE)
        histogram.begin_probe()
        if call == STARVED:
            histogram.interrupt()
        else:
            histogram.add(DURATIONS[call])
        shown = histogram.end_probe()
        if shown is not None:
            samples.append((int(now * 1000), shown.counts[PLACE], shown.counts[-1]))
    return samples


def judged(calls: Sequence[str]) -> tuple[Verdict, dict[SlotState, int]]:
    """A period from the second slot to the last whole one, so that the series begins before it."""
    period = Period(starts_at=SLOT, ends_at=len(calls) * SCRAPE // SLOT * SLOT)
    samples, labels = scraped(calls), {"job": "sankofa-besu", "instance": "replica-1"}
    good = (labels | {"__name__": "good", "le": "0.2"}, [(at, str(good)) for at, good, _ in samples])
    valid = (labels | {"__name__": "valid"}, [(at, str(valid)) for at, _, valid in samples])
    up = (labels | {"__name__": "up"}, [(number * SCRAPE * 1000, "1") for number in range(len(calls))])
    found = total(
        count_events(KEY, period, [one.source(15) for one in selected_of([good], [valid], [up], listed=["replica-1"])])
    )
    return judge(SLO, attain(SLO, found)), dict(found.states)


def test_forgotten_is_longer_than_the_platform_follows_a_counter() -> None:
    """The exporter imports nothing of the platform; the two constants belong together."""
    assert FORGOTTEN_SECONDS > LONGEST_GAP_SECONDS


@pytest.mark.parametrize("pattern", ["?", "?g", "g?", "??g", "?gg?g", "ggg?"])
def test_starved_all_the_time_is_undetermined(pattern: str) -> None:
    """Where each slot lacks a call nobody knows, however fast the calls are that were heard."""
    assert judged("g" * 4 + (pattern * 800)[:800])[0] is Verdict.UNDETERMINED


@pytest.mark.parametrize(("well", "verdict", "unknown"), [(FAST, Verdict.MET, 1), (SLOW, Verdict.BREACH, 0)])
def test_starved_a_little_still_decides(well: str, verdict: Verdict, unknown: int) -> None:
    """One call that is not known costs its slot where it could change it, and two thousand others decide."""
    found, states = judged(well * 1000 + STARVED + well * 1000)

    assert (found, states.get(SlotState.UNKNOWN, 0)) == (verdict, unknown)


@pytest.mark.parametrize(
    ("calls", "shown"),
    [
        ("ggg?gg", [1, 2, 3, 0, 2]),  # empty: a reader that got fewer answers than were rendered sees it too
        ("g?gg", [1, 0, 2]),  # the next has both
        ("g?g?ggg", [1, 0]),  # nothing is fewer than none: withheld until nobody follows the counter any more
        ("g?g?" + "g" * 125, [1, 0, 125]),
    ],
)
def test_reset_is_visible_in_every_answer_after_a_gap(calls: str, shown: list[int]) -> None:
    """Without it a reader would bridge the gap, and what is not known would be left out."""
    assert [valid for _, _, valid in scraped(calls)][: len(shown)] == shown


def test_known_slow_calls_survive_that_counting_begins_anew() -> None:
    """A slow call beside one that is not known is counted in what begins anew."""
    two_calls = Histogram()
    two_calls.begin_probe()
    two_calls.add(DURATIONS[SLOW])
    two_calls.interrupt()
    two_calls.end_probe()
    two_calls.begin_probe()
    found = two_calls.end_probe()

    assert found is not None
    assert (found.counts[PLACE], found.counts[-1]) == (0, 1)


CALLS = st.lists(
    st.tuples(st.sampled_from([FAST, FAST, FAST, SLOW, STARVED]), st.integers(1, 200)), min_size=1, max_size=30
).map(lambda runs: "".join(call * times for call, times in runs))


@settings(max_examples=60, deadline=None)
@given(st.one_of(CALLS, st.text(alphabet="gggggggggs?", min_size=40, max_size=400)))
def test_no_verdict_is_decided_by_calls_that_are_not_known(calls: str) -> None:
    """A breach is one even if all that is not known was fast, met is met even if all of it was slow."""
    calls = FAST * 4 + calls + FAST * 400
    verdict, _ = judged(calls[: len(calls) // 4 * 4])
    known = calls[4 : len(calls) // 4 * 4]
    slow, starved, base = known.count(SLOW), known.count(STARVED), len(known)

    if verdict is Verdict.BREACH:
        assert ratio_below(base - slow, base, TARGET_PPM)
    if verdict is Verdict.MET:
        assert not ratio_below(base - slow - starved, base, TARGET_PPM)
