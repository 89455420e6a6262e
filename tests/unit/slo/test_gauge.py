"""States and levels, cell by cell, and composites of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.gauge import Gauge, count_states, up_at
from sankofa_observe.slo.indicator import Combine, CompositeIndicator, LevelIndicator, Operator, Rule, Together
from sankofa_observe.slo.level import says
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import SlotKey, SlotState
from sankofa_observe.units import Period
from tests import builders

RULE = SlotRule(seconds=60, scrape_seconds=15)
KEY = SlotKey(slo="s", site="a", rule=RULE)
ONE = Period(starts_at=0, ends_at=60)
GOOD, BAD, UNKNOWN, IDLE = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN, SlotState.NO_TRAFFIC


def gauge(marks: str, name: str = "a/1", first: int = -1) -> Gauge:
    """A scrape each 15 s from one before the slot on: + up, - down, a dot where none was."""
    seen = {(first + n) * 15_000: mark == "+" for n, mark in enumerate(marks) if mark in "+-"}
    return Gauge(source=name, seen=seen)


@pytest.mark.parametrize(
    ("marks", "counts", "state"),
    [
        ("++++++", (4, 0, 0), GOOD),
        ("++-+++", (3, 1, 0), BAD),
        ("------", (0, 4, 0), BAD),
        ("++.+++", (4, 0, 0), GOOD),  # a lost scrape is what both neighbours are
        ("+-.-++", (1, 3, 0), BAD),
        ("++.-++", (2, 1, 1), BAD),  # the neighbours differ: not known, and down beside it
        ("-.++++", (3, 0, 1), UNKNOWN),  # down before, up after: it may have been down in the slot
        ("+..+++", (2, 0, 2), UNKNOWN),  # more than two and a half scrapes apart
        ("+....+", (0, 0, 4), UNKNOWN),
        ("......", (0, 0, 4), UNKNOWN),
        (".++++.", (4, 0, 0), GOOD),  # nothing outside is needed
        (".+++..", (3, 0, 1), UNKNOWN),  # the last one may still be seen later
    ],
)
def test_a_state_slot_is_decided_by_its_cells(marks: str, counts: tuple[int, int, int], state: SlotState) -> None:
    """Up, down and not known are counted; the state is certain only where every placement gives it."""
    [slot] = count_states(KEY, ONE, [gauge(marks)], Combine())
    assert ((slot.good, slot.bad, slot.hidden), slot.state) == (counts, state)


@pytest.mark.parametrize(
    ("marks", "state"),
    [
        (("+++...", "...+++"), GOOD),  # one source, whose labels have changed
        (("+++...", "....++"), GOOD),  # and that lost a scrape meanwhile
        (("+++...", "...-++"), BAD),
        (("++++..", "...+++"), UNKNOWN),  # two that stood together: one has gone, one is new
        (("+++???", "...+++"), UNKNOWN),  # one is there and does not know: the other is another
        (("++++++", "??????"), UNKNOWN),
    ],
)
def test_a_gauge_goes_on_under_other_labels(marks: tuple[str, str], state: SlotState) -> None:
    """A version in its labels makes no other source; what stands beside it does."""
    every = [
        replace(
            gauge(one, f"a/1{{version={n}}}"), samples=tuple(15_000 * (at - 1) for at, m in enumerate(one) if m != ".")
        )
        for n, one in enumerate(marks)
    ]
    [slot] = count_states(KEY, ONE, every, Combine())
    assert slot.state is state


@pytest.mark.parametrize(
    ("combine", "sources", "state"),
    [
        (Combine(), ["++++++", "++-+++"], BAD),
        (Combine(), ["++++++", "......"], UNKNOWN),
        (Combine(rule=Rule.ANY), ["++++++", "------"], GOOD),
        (Combine(rule=Rule.ANY), ["+-+-+-", "-+-+-+"], GOOD),  # at each moment one was up
        (Combine(rule=Rule.ANY), ["------", "......"], UNKNOWN),
        (Combine(rule=Rule.ANY), ["------", "-----+"], BAD),
        (Combine(rule=Rule.AT_LEAST, at_least=2), ["++++++", "++++++", "......"], GOOD),
        (Combine(rule=Rule.AT_LEAST, at_least=2), ["++++++", "------", "......"], UNKNOWN),
        (Combine(rule=Rule.AT_LEAST, at_least=2), ["++++++", "------", "------"], BAD),
        (Combine(), [], UNKNOWN),  # a site without any source is not known
    ],
)
def test_sources_of_a_site_are_combined_moment_by_moment(
    combine: Combine, sources: list[str], state: SlotState
) -> None:
    """`all`, `any` and `atLeast`, with what is not known placed both ways."""
    [slot] = count_states(KEY, ONE, [gauge(marks, f"a/{n}") for n, marks in enumerate(sources)], combine)
    assert slot.state is state


def test_a_state_takes_only_what_the_exporter_knows() -> None:
    """A scrape at which it does not know, says no 0 or 1, or lacks one of the two, is no sample."""
    up = {0: "1", 15: "0", 30: "NaN", 45: "1", 60: "2", 75: "1"}
    known = {0: "1", 15: "1", 30: "1", 45: "0", 60: "1", 90: "1"}
    assert up_at(up, known) == {0: True, 15: False}


@pytest.mark.parametrize(
    ("operator", "found"),
    [
        (Operator.LTE, [True, True, False, None, None, False]),
        (Operator.LT, [True, False, False, None, None, False]),
        (Operator.GTE, [False, True, True, None, None, True]),
        (Operator.GT, [False, False, True, None, None, True]),
    ],
)
def test_a_level_is_compared_as_it_was_written(operator: Operator, found: list[bool | None]) -> None:
    """0.1 is 0.1 and not the float beside it; what is no number is no sample."""
    texts = ["0.09999999999999999", "0.1", "0.10000000000000001", "NaN", "many", "+Inf"]
    indicator = LevelIndicator(level="x", operator=operator, bound=Decimal("0.1"))
    seen = says(dict(enumerate(texts)), {}, indicator, 15)
    assert [seen.get(n) for n in range(len(texts))] == found


@given(
    states=st.lists(st.sampled_from([True, False]), min_size=24, max_size=24),
    lost=st.sets(st.integers(0, 23)),
    offset=st.integers(0, 14_999),
)
def test_the_truth_is_never_contradicted_by_lost_scrapes(states: list[bool], lost: set[int], offset: int) -> None:
    """A state that lasts from scrape to scrape: whatever scrapes are lost, no slot is certain and wrong, but that a change
    between two seen scrapes of one kind leaves no trace.
    """
    seen = {n * 15_000 + offset: state for n, state in enumerate(states) if n not in lost}
    period = Period(starts_at=60, ends_at=300)
    for slot in count_states(KEY, period, [Gauge(source="a", seen=seen)], Combine()):
        shown = [state for at, state in seen.items() if slot.starts_at * 1000 <= at < (slot.starts_at + 60) * 1000]
        if slot.state is GOOD:
            assert all(shown)
        if slot.state is BAD:
            assert not all(shown) or not all(seen.values())


# ------------------------------------------------------------------------------------------------------------ composites


def whole(together: Together, states: Sequence[SlotState | None], *weights: int, share: int = 10**6) -> SlotState:
    names = [f"part-{n}" for n in range(len(states))]
    composite = CompositeIndicator(
        together=together, weights=dict(zip(names, weights or [1] * len(states), strict=True)), share_ppm=share
    )
    parts = {
        name: [builders.slot(0, state)] if state is not None else [] for name, state in zip(names, states, strict=True)
    }
    [slot] = compose(KEY, ONE, parts, composite)
    known = {name: state or UNKNOWN for name, state in zip(names, states, strict=True)}
    named = {UNKNOWN, BAD} if slot.state is BAD else {UNKNOWN}
    assert set(slot.reasons) == {f"{name} {one}" for name, one in known.items() if one in named}
    return slot.state


@pytest.mark.parametrize(
    ("together", "states", "state"),
    [
        (Together.ALL, [GOOD, IDLE], GOOD),
        (Together.ALL, [GOOD, BAD], BAD),
        (Together.ALL, [UNKNOWN, BAD], BAD),
        (Together.ALL, [GOOD, UNKNOWN], UNKNOWN),
        (Together.ALL, [GOOD, None], UNKNOWN),  # a part that was never recorded
        (Together.ANY, [BAD, GOOD], GOOD),
        (Together.ANY, [BAD, UNKNOWN], UNKNOWN),
        (Together.ANY, [BAD, BAD], BAD),
    ],
)
def test_a_composite_is_as_its_parts_make_it(
    together: Together, states: list[SlotState | None], state: SlotState
) -> None:
    """All or any, with what is not known placed both ways; the slot names the parts that made it bad or are not known."""
    assert whole(together, states) is state


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([GOOD, BAD, BAD], GOOD),
        ([BAD, GOOD, GOOD], BAD),
        ([UNKNOWN, GOOD, GOOD], UNKNOWN),
        ([GOOD, UNKNOWN, BAD], GOOD),
    ],
)
def test_a_weighted_composite_asks_for_a_share(states: list[SlotState | None], state: SlotState) -> None:
    """Of weights 3, 1 and 1 at least 60 % must be good."""
    assert whole(Together.WEIGHTED, states, 3, 1, 1, share=600_000) is state
