"""Slots, counted from raw samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Sample, SlotKey, SlotState, count_events, count_states, slot_starts, unknown_slot
from sankofa_observe.units import Period

RULE = SlotRule(seconds=60, scrape_seconds=15)
KEY = SlotKey(slo="s", site="a", rule=RULE)
ONE = Period(starts_at=0, ends_at=60)


def scrapes(*values: tuple[int, int], every: int = 15, start: int = 0) -> list[Sample]:
    """Samples at the scrape interval: pairs of good and valid."""
    return [((start + n * every) * 1000, good, valid) for n, (good, valid) in enumerate(values)]


UP, DOWN, DUNNO = (1, 1), (0, 1), (0, 0)


@pytest.mark.parametrize(
    ("series", "counts", "state"),
    [
        ([scrapes(UP, UP, UP, UP)], (4, 4, 4), SlotState.GOOD),
        ([scrapes(UP, UP, DOWN, UP)], (3, 4, 4), SlotState.BAD),
        ([scrapes(DOWN, DOWN, DOWN, DOWN)], (0, 4, 4), SlotState.BAD),
        ([scrapes(UP, UP, UP)], (3, 3, 3), SlotState.UNKNOWN),  # three of four is under the floor of 80 %
        ([scrapes(UP, DUNNO, DUNNO, UP)], (2, 2, 2), SlotState.UNKNOWN),  # the exporter says it does not know
        ([scrapes(DOWN, DOWN)], (0, 2, 2), SlotState.UNKNOWN),  # down, but of too little to say
        ([], (0, 0, 0), SlotState.UNKNOWN),
        ([scrapes(UP, UP, UP, UP), scrapes(UP, DOWN, UP, UP)], (7, 8, 4), SlotState.BAD),  # the worst sample decides
        ([scrapes(UP, UP, UP, UP), scrapes(UP)], (5, 5, 4), SlotState.GOOD),  # the best coverage counts
    ],
)
def test_a_state_slot_is_decided_by_its_samples(
    series: list[list[Sample]], counts: tuple[int, int, int], state: SlotState
) -> None:
    """Good, valid and seen are counted, and the state keeps unknown apart from down and from good."""
    [slot] = count_states(KEY, ONE, series)

    assert (*counts, state) == (slot.good, slot.valid, slot.seen, slot.state)


def test_a_floor_that_is_reached_exactly_is_enough() -> None:
    """Three of four scrapes are enough for a floor of 75 %, and not for one part per million more."""
    states = []
    for floor_ppm in (750_000, 750_001):
        rule = SlotRule(seconds=60, scrape_seconds=15, coverage_floor_ppm=floor_ppm)
        [slot] = count_states(SlotKey(slo="s", site="a", rule=rule), ONE, [scrapes(UP, UP, UP)])
        states.append(slot.state)

    assert states == [SlotState.GOOD, SlotState.UNKNOWN]


def test_a_sample_on_an_edge_belongs_to_the_slot_it_begins() -> None:
    """A sample at the very end of a slot is the first of the next one, and none is counted twice."""
    slots = count_states(KEY, Period(starts_at=0, ends_at=120), [scrapes(*[UP] * 8)])

    assert [slot.valid for slot in slots] == [4, 4]
    assert [slot.samples[0][0][0] for slot in slots] == [0, 60_000]


def test_slots_lie_wholly_inside_their_period() -> None:
    """A slot that a period's edge would cut is in neither part."""
    assert list(slot_starts(Period(starts_at=30, ends_at=200), 60)) == [60, 120]
    assert list(slot_starts(Period(starts_at=0, ends_at=120), 60)) == [0, 60]


def test_nothing_recorded_is_unknown() -> None:
    """A slot of which nothing was recorded is UNKNOWN with zero of the expected samples."""
    slot = unknown_slot(KEY, 60)

    assert (slot.state, slot.seen, slot.expected) == (SlotState.UNKNOWN, 0, 4)


@pytest.mark.parametrize(
    ("values", "good", "valid", "state"),
    [
        ([(0, 0), (10, 10), (20, 20), (30, 30), (40, 40)], 40, 40, SlotState.GOOD),
        ([(0, 0), (10, 10), (20, 20), (30, 31), (40, 41)], 40, 41, SlotState.BAD),
        ([(5, 5)] * 5, 0, 0, SlotState.NO_TRAFFIC),
        (
            [(90, 95), (95, 100), (2, 3), (4, 5), (6, 7)],
            11,
            12,
            SlotState.BAD,
        ),  # a restart: 5/5, then 2/3 since, 2/2, 2/2
    ],
)
def test_an_event_slot_counts_differences(
    values: list[tuple[int, int]], good: int, valid: int, state: SlotState
) -> None:
    """Events are differences of raw counters; after a reset what the counter shows was counted since."""
    [slot] = count_events(KEY, ONE, [scrapes(*values, start=-15)])

    assert (good, valid, state) == (slot.good, slot.valid, slot.state)


def test_a_gap_that_a_counter_outlived_is_recovered() -> None:
    """The events of a gap stand where the counter was seen again; the silent slots are RECOVERED, none is lost."""
    before, after = scrapes((0, 0), (10, 10), (20, 20), (30, 30)), scrapes((130, 131), (140, 141), start=180)
    slots = count_events(KEY, Period(starts_at=0, ends_at=240), [before + after])

    assert [s.state for s in slots[:3]] == [SlotState.GOOD, SlotState.RECOVERED, SlotState.RECOVERED]
    assert (sum(s.good for s in slots), sum(s.valid for s in slots)) == (140, 141)


def test_a_gap_with_a_reset_in_it_stays_unknown() -> None:
    """A counter that was reset in the gap proves nothing about it."""
    before, after = scrapes(*[(100, 100)] * 4), scrapes(*[(7, 7)] * 4, start=180)
    slots = count_events(KEY, Period(starts_at=0, ends_at=240), [before + after])

    assert [s.state for s in slots[1:3]] == [SlotState.UNKNOWN, SlotState.UNKNOWN]


steps = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), min_size=1, max_size=80)


@given(steps=steps)
def test_not_one_event_is_lost_or_invented(steps: list[tuple[int, int, bool]]) -> None:
    """On gap-free counters, restarts included, the slots add up to exactly what happened."""
    good = valid = 0
    values, happened_good, happened_valid = [(0, 0)], 0, 0
    for more_good, more_bad, restart in steps:
        if restart:
            good = valid = 0
        grown = (more_good + 1, more_good + more_bad + 1)  # a counter that grows: a restart to 0 is always seen
        if restart and (grown[0] >= values[-1][0] and grown[1] >= values[-1][1]):
            good, valid = values[-1]  # a restart that a scraper cannot see is none
        good, valid = good + grown[0], valid + grown[1]
        happened_good, happened_valid = happened_good + grown[0], happened_valid + grown[1]
        values.append((good, valid))
    end = -(-(len(values) * 15) // 60) * 60
    slots = count_events(KEY, Period(starts_at=0, ends_at=end), [scrapes(*values, start=-15)])

    assert (happened_good, happened_valid) == (sum(s.good for s in slots), sum(s.valid for s in slots))


@given(steps=steps, cut=st.integers(1, 19), gaps=st.sets(st.integers(0, 79)), more=steps)
def test_a_slot_depends_on_samples_and_not_on_where_a_read_was_cut(
    steps: list[tuple[int, int, bool]], cut: int, gaps: set[int], more: list[tuple[int, int, bool]]
) -> None:
    """A month counted at once has the slots, and their evidence, of the month counted in two parts."""
    series = [_kept(steps, gaps), _kept(more, set())]
    parts = [Period(starts_at=0, ends_at=60 * cut), Period(starts_at=60 * cut, ends_at=1200)]

    assert count_events(KEY, Period(starts_at=0, ends_at=1200), series) == [
        slot for part in parts for slot in count_events(KEY, part, series)
    ]


def _kept(steps: list[tuple[int, int, bool]], gaps: set[int]) -> list[Sample]:
    good = valid = 0
    values = []
    for more_good, more_bad, restart in steps:
        good, valid = (0, 0) if restart else (good, valid)
        good, valid = good + more_good, valid + more_good + more_bad
        values.append((good, valid))
    return [one for n, one in enumerate(scrapes(*values)) if n not in gaps]


@given(one=steps, other=steps)
def test_series_of_one_site_add_up(one: list[tuple[int, int, bool]], other: list[tuple[int, int, bool]]) -> None:
    """Events of several sources of one site are the sum of what each counts alone."""
    period = Period(starts_at=0, ends_at=1200)
    both = count_events(KEY, period, [_kept(one, set()), _kept(other, set())])
    alone = [count_events(KEY, period, [_kept(series, set())]) for series in (one, other)]

    assert [(s.good, s.valid) for s in both] == [
        (a.good + b.good, a.valid + b.valid) for a, b in zip(*alone, strict=True)
    ]


@pytest.mark.parametrize(
    ("gap_seconds", "states"),
    [(1800, {SlotState.RECOVERED}), (1815, {SlotState.UNKNOWN})],
)
def test_a_counter_is_followed_over_half_an_hour_and_no_longer(gap_seconds: int, states: set[SlotState]) -> None:
    """At half an hour exactly a gap is bridged, one scrape longer it is not and its events are in no slot."""
    after = scrapes((500, 500), (510, 510), start=gap_seconds + 45)
    slots = count_events(KEY, Period(starts_at=0, ends_at=3600), [scrapes(*[(100, 100)] * 4) + after])

    assert states == {slot.state for slot in slots[1:30]}
    assert (410 if states == {SlotState.RECOVERED} else 10) == sum(slot.good for slot in slots)


@pytest.mark.parametrize(
    ("values", "times", "state"),
    [
        ([(0, 0), (9, 9), (9, 9), (9, 9), (9, 9)], [-15, 0, 15, 45, 60], SlotState.RECOVERED),
        ([(0, 0), (9, 9)], [-15, 60], SlotState.RECOVERED),
        ([(0, 0), (9, 9)], [0, 60], SlotState.RECOVERED),  # a sample at the very start is before nothing that is missed
        ([(0, 0), (9, 9)], [1, 60], SlotState.UNKNOWN),  # one second of the slot has no counter
        ([(9, 9), (0, 0)], [-15, 60], SlotState.UNKNOWN),
        ([(9, 9), (0, 0), (1, 1)], [-30, -15, 60], SlotState.RECOVERED),  # reset before the slot
        ([(0, 0), (1, 1), (0, 0)], [-15, 60, 75], SlotState.RECOVERED),  # reset after it
    ],
)
def test_a_slot_is_recovered_where_a_counter_lived_over_all_of_it(
    values: list[tuple[int, int]], times: list[int], state: SlotState
) -> None:
    """From a sample at or before the start to one at or after the end, with no reset that touches the slot."""
    samples = [(at * 1000, *value) for at, value in zip(times, values, strict=True)]
    [slot] = count_events(KEY, ONE, [samples])

    assert state == slot.state


def test_evidence_of_a_slot_is_what_its_differences_need() -> None:
    """One sample before the slot; one after it as well where samples are lacking, to show that the gap was bridged."""
    samples = [(at * 1000, at + 30, at + 31) for at in (-30, -15, 0, 15, 30, 45, 120, 135)]
    slots = count_events(KEY, Period(starts_at=0, ends_at=120), [samples])

    assert [[one[0] // 1000 for one in slot.samples[0]] for slot in slots] == [[-15, 0, 15, 30, 45], [45, 120]]


def test_a_gap_in_which_one_of_two_counters_was_reset_is_unknown() -> None:
    """An idle replica that lived on says nothing of the one beside it, whose events went with its restart."""
    silent = range(60, 120)
    idle = [(at * 1000, 1, 1) for at in range(-15, 240, 15) if at not in silent]
    busy = [(at * 1000, at % 120, at % 120) for at in range(0, 240, 15) if at not in silent]
    slots = count_events(KEY, Period(starts_at=0, ends_at=240), [idle, busy])

    assert [slot.state for slot in slots] == [SlotState.GOOD, SlotState.UNKNOWN, SlotState.GOOD, SlotState.GOOD]
