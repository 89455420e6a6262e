"""The call budget: never more than its share in any five minutes, and less when the API says so."""

from __future__ import annotations

from email.utils import formatdate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.cloudflare.client.calls import FLOOR_CALLS, CallBudget, Left
from sankofa_exporters.reading.backoff import Backoff

from .recorded import START, Clock


def budget_of(calls: int = 600) -> tuple[CallBudget, Clock]:
    clock = Clock()
    return CallBudget(calls=calls, clock=clock, backoff=Backoff(clock=clock)), clock


@given(st.integers(200, 1_200), st.lists(st.floats(0, 40), min_size=1, max_size=60), st.integers(1, 300))
def test_no_five_minutes_ever_hold_more_than_the_share(calls: int, pauses: list[float], greed: int) -> None:
    """Whatever the rhythm and the greed of the callers."""
    budget, clock = budget_of(calls)
    made: list[float] = []
    for pause in pauses:
        clock.now += pause
        made += [clock.now for _ in range(greed) if budget.take()]
    worst = max((sum(at <= other < at + 300 for other in made) for at in made), default=0)

    assert worst <= calls


def test_reserve_is_kept_for_the_list() -> None:
    """Calls about connections leave ten tokens; the list may take the last."""
    budget, _ = budget_of()
    taken = sum(budget.take(keep=10) for _ in range(100))

    assert (taken, sum(budget.take() for _ in range(100))) == (50, 10)


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ('"default";r=50;t=30', Left(calls=50, resets_at=START + 30)),
        ('"burst";r=9;t=3, "default";r=500;t=200', Left(calls=9, resets_at=START + 3)),
        ('"default"; r=7; t=1', Left(calls=7, resets_at=START + 1)),
        ('"default";r=50;t=99999999', Left(calls=50, resets_at=START + 900)),
        ('"default";r=50', None),
        ('"default";r=-1;t=3', None),
        ('"default";r=1e9;t=3', None),
        ('"default";r=9999999999999;t=3', None),
        ("r=1;t=1", None),
        ("", None),
    ],
)
def test_ratelimit_header_is_read_or_left_alone(header: str, left: Left | None) -> None:
    """The scarcest item counts; what is odd changes nothing."""
    budget, _ = budget_of()
    budget.learn(httpx.Headers({"ratelimit": header}))

    assert budget.left == left


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "17", "ratelimit": '"d";r=0;t=99'}, 99),
        ({"ratelimit": '"d";r=0;t=99'}, 99),
        ({"retry-after": formatdate(START + 40, usegmt=True)}, 40),
        ({"retry-after": formatdate(START - 40, usegmt=True)}, 300),
        ({"retry-after": "soon"}, 300),
        ({"retry-after": "999999999"}, 900),
        ({"retry-after": "0"}, 300),
        ({}, 300),
    ],
)
def test_refusal_blocks_until_the_reset(headers: dict[str, str], wait: float) -> None:
    """429: until both retry-after and the header's reset have passed, else five minutes; no call before, one right after."""
    budget, clock = budget_of()
    budget.refused("http://api", httpx.Headers(headers), START)
    clock.now += wait - 0.5
    before = budget.may()
    clock.now += 0.5

    assert (before, budget.may()) == (False, True)


@pytest.mark.parametrize(
    ("left", "list_may", "connections_may"),
    [(FLOOR_CALLS + 1, True, True), (FLOOR_CALLS, True, False), (0, False, False)],
)
def test_what_the_api_says_is_left_bounds_us(left: int, list_may: bool, connections_may: bool) -> None:  # noqa: FBT001
    """Connections stop at the floor, the list at nothing; both go on when the window has ended."""
    budget, clock = budget_of()
    budget.learn(httpx.Headers({"ratelimit": f'"default";r={left};t=60'}))
    now = (budget.may(), budget.may(keep=10))
    clock.now += 60

    assert now == (list_may, connections_may)
    assert (budget.may(), budget.may(keep=10)) == (True, True)


def test_clock_that_jumps_back_only_makes_us_slower() -> None:
    """No token is won by a jump."""
    budget, clock = budget_of()
    while budget.take():
        pass
    clock.now -= 1_000

    assert not budget.take()
