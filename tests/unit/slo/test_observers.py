"""Several observers: what they say of a slot by vote, of events by bounds, and what those among them that lie cannot do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sankofa_observe.sla.overlay import Overlay, of_observers, of_slots
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.observers import Seen, attained, merged
from sankofa_observe.slo.quorum import Quorum, View, vote
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import Edges
from sankofa_observe.slo.verdict import Attainment
from sankofa_observe.slo.votes import NOTHING, PLACE, STATES, States, counted, votes
from tests import builders

NAMES = ("ann", "bob", "eve", "ida", "joe")
GOOD, BAD, IDLE, UNKNOWN = SlotState.GOOD, SlotState.BAD, SlotState.NO_TRAFFIC, SlotState.UNKNOWN
WELL = {GOOD, IDLE}
QUORUMS = [
    Quorum(names=NAMES[:count], bad=bad, good=good)
    for count in range(1, len(NAMES) + 1)
    for bad in range(1, count + 1)
    for good in range(count // 2 + 1, count + 1)
]
quorums = st.sampled_from(QUORUMS)
states = st.sampled_from(SlotState)


def voted(quorum: Quorum, *seen: SlotState) -> SlotState:
    return vote(quorum, Counter(seen))


# ---------------------------------------------------------------------------------------------------------- who may observe


@pytest.mark.parametrize(
    ("names", "bad", "good"),
    [
        ((), 0, 1), ((), 2, 1), ((), 1, 0), ((), 1, 2),
        (NAMES[:2], 1, 1), (NAMES[:2], 3, 2), (NAMES[:2], 0, 2), (NAMES[:4], 1, 2), (NAMES[:4], 1, 5), (NAMES[:5], 1, 2),
        (("bob", "ann"), 1, 2), (("ann", "ann"), 1, 2),
    ],
)  # fmt: skip
def test_thresholds_that_cannot_be_or_let_a_tie_be_good_are_refused(
    names: tuple[str, ...], bad: int, good: int
) -> None:
    """From one to all of them for bad, more than half of them for good; each name once, in order."""
    with pytest.raises(ValueError, match="expected"):
        Quorum(names=names, bad=bad, good=good)


def test_a_quorum_tells_who_decides() -> None:
    """Nothing of the one observer that has no name; how many must have observed is what both need."""
    quorum = Quorum(names=NAMES[:3], bad=1, good=2)
    view = View(name="bob", good=8, bad=1, unknown=1, samples=80, verdict="breach")

    assert (str(Quorum()), len(Quorum()), Quorum().needed) == ("", 1, 1)
    assert (str(quorum), len(quorum), quorum.needed) == ("ann, bob, eve: bad where 1 say so, good where 2 do", 3, 2)
    assert Quorum(names=NAMES[:3], bad=3, good=2).needed == 3
    assert str(view) == "bob alone: breach (8 good, 1 bad, 1 unknown)"


# ------------------------------------------------------------------------------------------------------------------- a vote


def by_hand(quorum: Quorum, seen: tuple[SlotState, ...]) -> SlotState:
    """From every set of observers that is large enough, each looked at alone."""
    if any(set(some) == {BAD} for some in combinations(seen, quorum.bad)):
        return BAD
    if not any(set(some) <= WELL for some in combinations(seen, quorum.good)):
        return UNKNOWN
    return IDLE if seen.count(GOOD) <= seen.count(IDLE) else GOOD


@pytest.mark.parametrize("quorum", QUORUMS, ids=str)
def test_a_vote_is_what_every_set_of_observers_would_say(quorum: Quorum) -> None:
    """For each threshold, and each state of each observer."""
    every = [*product(SlotState, repeat=len(quorum))]

    assert [voted(quorum, *seen) for seen in every] == [by_hand(quorum, seen) for seen in every]


@pytest.mark.parametrize("quorum", QUORUMS, ids=str)
def test_votes_in_columns_are_those_of_each_slot(quorum: Quorum) -> None:
    """Of every combination of states, and how many there are of each."""
    every = [*product(SlotState, repeat=len(quorum))]
    expected = [voted(quorum, *seen) for seen in every]
    columns = [np.array([PLACE[seen[n]] for seen in every], np.int8) for n in range(len(quorum))]
    found = votes(quorum, columns)

    assert [STATES[place] for place in found] == expected
    assert counted(found) == dict(Counter(expected))
    assert counted(columns[0][columns[0] == PLACE[IDLE]]) == {IDLE: len(every) // len(STATES)}


def test_slots_that_are_not_there_are_unknown_and_those_between_are_none() -> None:
    """What lies before, behind or between the starts that are asked for is no slot of them: a table may hold another slot length."""
    starts = np.array([0, 60, 90, 120, 240])
    own = States(starts_at=starts, state=np.array([PLACE[one] for one in (BAD, GOOD, BAD, IDLE, BAD)], np.int8))

    assert [STATES[place] for place in own.over(range(60, 240, 60))] == [GOOD, IDLE, UNKNOWN]
    assert own.by_start() == {0: BAD, 60: GOOD, 90: BAD, 120: IDLE, 240: BAD}
    assert {STATES[place] for place in NOTHING.over(range(60, 240, 60))} == {UNKNOWN}


@given(quorum=quorums, data=st.data())
def test_fewer_liars_than_a_threshold_decide_nothing(quorum: Quorum, data: st.DataObject) -> None:
    """Not that a slot was bad which all others call good, and not that it was good which all others call bad."""
    count = len(quorum)
    for needed, honest, never in ((quorum.bad, list(WELL), {BAD}), (quorum.good, [BAD], WELL)):
        liars = data.draw(st.integers(0, needed - 1))
        lies = data.draw(st.lists(states, min_size=liars, max_size=liars))
        true = data.draw(st.lists(st.sampled_from(honest), min_size=count - liars, max_size=count - liars))
        assert voted(quorum, *lies, *true) not in never


@given(quorum=quorums, data=st.data())
def test_a_tie_is_never_good(quorum: Quorum, data: st.DataObject) -> None:
    """Half of them or fewer call it good: whatever the others say, it is not."""
    well = data.draw(st.integers(0, len(quorum) // 2))
    others = st.lists(st.sampled_from([BAD, UNKNOWN]), min_size=len(quorum) - well, max_size=len(quorum) - well)
    called = data.draw(st.lists(st.sampled_from(list(WELL)), min_size=well, max_size=well))

    assert voted(quorum, *called, *data.draw(others)) in {BAD, UNKNOWN}


@given(quorum=quorums, data=st.data())
def test_who_has_no_slot_counts_as_one_that_does_not_know(quorum: Quorum, data: st.DataObject) -> None:
    """Absent is not bad and not good."""
    seen = data.draw(st.lists(states, max_size=len(quorum)))

    assert voted(quorum, *seen) == voted(quorum, *seen, *[UNKNOWN] * (len(quorum) - len(seen)))


# ------------------------------------------------------------------------------------------------------------- slots and bounds


def slots(*seen: SlotState) -> list[Slot]:
    return [builders.slot(builders.START + 60 * n, state) for n, state in enumerate(seen)]


def of(*seen: SlotState) -> Seen:
    return Seen(slots=slots(*seen), edges=Edges())


@st.composite
def attainments(draw: st.DrawFn) -> Attainment:
    """Any bounds, and those of an observer that saw nothing or cannot say how much there was."""
    good, bad, unknown = draw(st.tuples(*[st.integers(0, 9)] * 3))
    idle = draw(st.integers(0, 3))
    return Attainment(
        good=good, bad=bad, unknown=unknown, slots={IDLE: idle, UNKNOWN: 3 - idle}, bounded=draw(st.integers(0, 4)) > 0
    )


def many(quorum: Quorum) -> st.SearchStrategy[list[Attainment]]:
    return st.lists(attainments(), min_size=len(quorum), max_size=len(quorum))


def shown(one: Attainment) -> tuple[int, int, int, bool]:
    return one.good, one.bad, one.unknown, one.bounded


TWO_OF_THREE = Quorum(names=NAMES[:3], bad=2, good=2)
DOWN = Attainment(good=0, bad=0, unknown=0, slots={UNKNOWN: 10}, bounded=False)


@given(seen=st.lists(states, min_size=1, max_size=20))
def test_one_observer_of_three_that_is_down_changes_nothing_where_the_others_agree(seen: list[SlotState]) -> None:
    """Its slots are all unknown: each slot is what both others saw."""
    down = of(*[UNKNOWN] * len(seen))

    assert [one.state for one in merged(TWO_OF_THREE, [of(*seen), down, of(*seen)])] == seen


@given(one=attainments())
def test_of_events_one_of_three_that_is_down_changes_nothing_either(one: Attainment) -> None:
    """The bounds are those that both others give; where they give none, nothing is said."""
    together = attained(TWO_OF_THREE, [one, DOWN, one])

    assert shown(together) == (shown(one) if one.bounded and one.base else (0, 0, 0, False))


@given(quorum=quorums, data=st.data())
def test_the_order_of_observers_does_not_matter(quorum: Quorum, data: st.DataObject) -> None:
    """Slots and bounds are the same, whoever is asked first."""
    every, states_of = data.draw(many(quorum)), st.lists(states, min_size=3, max_size=3)
    seen = [of(*data.draw(states_of)) for _ in range(len(quorum))]
    order = data.draw(st.permutations(range(len(quorum))))
    assume(len(quorum) > 1)

    assert shown(attained(quorum, [every[n] for n in order])) == shown(attained(quorum, every))
    assert merged(quorum, [seen[n] for n in order]) == merged(quorum, seen)


@given(quorum=quorums, data=st.data())
def test_bounds_of_several_are_counts(quorum: Quorum, data: st.DataObject) -> None:
    """Whatever each one says: none is under 0, the low bound is not over the high one, and their base is one that somebody counted."""
    every = data.draw(many(quorum))
    together = attained(quorum, every)

    assert min(together.good, together.bad, together.unknown) >= 0
    assert together.base in {0, *(one.base for one in every)}
    assert together.base or not together.bounded or all(one.bounded and not one.base for one in every)


@given(quorum=quorums, true=st.fractions(0, 1, max_denominator=12), data=st.data())
def test_bounds_hold_the_truth_while_liars_are_fewer_than_either_threshold(
    quorum: Quorum, true: Fraction, data: st.DataObject
) -> None:
    """Honest observers count other bases and know more or less; the others say anything. The share is between the bounds."""
    liars = data.draw(st.integers(0, min(quorum.bad, quorum.good) - 1))
    every = data.draw(st.lists(attainments(), min_size=liars, max_size=liars))
    for _ in range(len(quorum) - liars):
        base = data.draw(st.integers(0, 40))
        low = data.draw(st.integers(0, int(true * base)))
        high = data.draw(st.integers(-int(-true * base // 1), base))
        every.append(Attainment(good=low, bad=base - high, unknown=high - low, slots={GOOD: 3}))
    together = attained(quorum, data.draw(st.permutations(every)))

    assert together.good <= true * together.base <= together.high_good


@given(quorum=quorums, target=st.integers(1, 10**6), data=st.data())
def test_counts_say_no_breach_and_no_met_that_shares_do_not_say(
    quorum: Quorum, target: int, data: st.DataObject
) -> None:
    """The shares by hand, without a base: bad needs so many that are under the target at best, met so many that reach it, and no breach."""
    every, aim = data.draw(many(quorum)), Fraction(target, 10**6)
    telling = [one for one in every if one.bounded and one.base]
    under = sum(Fraction(one.high_good, one.base) < aim for one in telling) >= quorum.bad
    reached = sum(Fraction(one.good, one.base) >= aim for one in telling) >= quorum.good
    together = attained(quorum, every)
    if together.bounded and together.base and len(quorum) > 1:
        assert Fraction(together.high_good, together.base) >= aim or under
        assert Fraction(together.good, together.base) < aim or (reached and not under)


@given(quorum=st.sampled_from([one for one in QUORUMS if len(one) > 1]), data=st.data())
def test_no_liar_moves_the_base_beyond_what_honest_observers_counted(quorum: Quorum, data: st.DataObject) -> None:
    """Fewer liars than either threshold, and fewer than there are honest ones that tell: the base lies between theirs."""
    liars = data.draw(st.lists(attainments(), max_size=min(quorum.bad, quorum.good) - 1))
    least = max(quorum.needed, len(liars) + 1)
    assume(len(liars) + least <= len(quorum))
    count = data.draw(st.integers(least, len(quorum) - len(liars)))
    counts = data.draw(st.lists(st.tuples(*[st.integers(30, 40)] * 3), min_size=count, max_size=count))
    honest = [Attainment(good=good, bad=bad, unknown=unknown, slots={}) for good, bad, unknown in counts]
    together = attained(quorum, data.draw(st.permutations([*liars, *honest])))
    bases = [one.base for one in honest]

    assert min(bases) <= together.base <= max(bases)


@pytest.mark.parametrize("scale", [1, 10**12], ids=["tiny", "huge"])
def test_a_liar_between_two_honest_observers_gives_no_base(scale: int) -> None:
    """Its share stands between theirs, so it is the share of all; what it counted is not."""
    every = [
        Attainment(good=90, bad=10, unknown=0, slots={}),
        Attainment(good=99, bad=1, unknown=0, slots={}),
        Attainment(good=19 * scale, bad=scale, unknown=0, slots={}),
    ]

    assert shown(attained(TWO_OF_THREE, every)) == (95, 5, 0, True)


def test_bounds_of_three_are_the_middle_ones() -> None:
    """Two of three must agree on each: the second lowest high bound, and the second highest low bound, on the middle base."""
    every = [
        Attainment(good=90, bad=5, unknown=5, slots={}),  # 90 % to 95 %
        Attainment(good=176, bad=4, unknown=20, slots={}),  # 88 % to 98 %
        Attainment(good=5, bad=95, unknown=0, slots={}),  # 5 %: nobody else says so
    ]

    assert shown(attained(TWO_OF_THREE, every)) == (88, 5, 7, True)
    assert shown(attained(replace(TWO_OF_THREE, bad=1), every)) == (5, 95, 0, True)
    assert shown(attained(replace(TWO_OF_THREE, bad=3), every)) == (88, 2, 10, True)
    assert shown(attained(replace(TWO_OF_THREE, bad=3), [DOWN, *every[1:]])) == (5, 0, 95, True)


def test_shares_of_a_base_are_rounded_apart() -> None:
    """99 % of 3 events is between 2 and 3 of them; where both shares meet and bad wins, met is rounded by the lower one."""
    both = Quorum(names=NAMES[:2], bad=2, good=2)
    few, many_ = Attainment(good=2, bad=1, unknown=0, slots={}), Attainment(good=99, bad=1, unknown=0, slots={})
    all_good = Attainment(good=3, bad=0, unknown=0, slots={})

    assert shown(attained(both, [few, many_])) == (2, 0, 1, True)
    assert shown(attained(replace(TWO_OF_THREE, bad=1), [few, many_, many_])) == (66, 33, 1, True)
    assert shown(attained(replace(TWO_OF_THREE, bad=1), [all_good, all_good, many_])) == (2, 0, 1, True)


def test_a_tie_of_bounds_leaves_all_open() -> None:
    """Of two that both must agree, one saw all good and one all bad: from nothing to all."""
    both = Quorum(names=NAMES[:2], bad=2, good=2)
    every = [Attainment(good=10, bad=0, unknown=0, slots={}), Attainment(good=0, bad=10, unknown=0, slots={})]

    assert shown(attained(both, every)) == (0, 0, 10, True)


@pytest.mark.parametrize("budgeting", Budgeting)
@given(seen=st.lists(states, min_size=1, max_size=10), good=st.integers(0, 9), edge=st.integers(0, 9))
def test_with_one_observer_everything_is_what_it_was(
    budgeting: Budgeting, seen: list[SlotState], good: int, edge: int
) -> None:
    """By a name or without: its slots, its edges and its bounds are those of the period."""
    slo, alone = builders.slo(budgeting=budgeting), Seen(slots=slots(*seen), edges=Edges(settled=edge, after_good=edge))
    one = Attainment(good=good, bad=0, unknown=0, slots={}, bounded=False)
    for quorum in (Quorum(), Quorum(names=NAMES[:1])):
        assert [voted(quorum, state) for state in seen] == seen
        assert merged(quorum, [alone]) == alone.slots
        assert attained(quorum, [one]) is one
        assert of_observers(slo, quorum, [alone], Overlay()) == of_slots(slo, alone.slots, alone.edges, Overlay())
