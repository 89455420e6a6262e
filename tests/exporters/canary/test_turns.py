"""Every turn that has passed was taken or is counted as missed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.canary.system.turns import Turns


@given(st.integers(0, 10**6), st.sampled_from([0.25, 1.0, 15.0]), st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_turns_taken_and_missed_are_all_that_passed(began: int, interval: float, took: list[float]) -> None:
    """None is taken twice or before it is due, and none is caught up with; `took` is how long each request takes."""
    turns, turn, now, taken, missed = Turns(began=began, interval=interval), -1, float(began), [], 0
    for seconds in took:
        turn, skipped = turns.after(turn, now)
        now = max(now, turns.at(turn))
        taken.append((turn, now))
        missed += skipped
        now += seconds

    assert len(taken) + missed == turn + 1
    assert all(turns.at(one) <= at < turns.at(one) + interval for one, at in taken)
    assert all(one < other for (one, _), (other, _) in pairwise(taken))
