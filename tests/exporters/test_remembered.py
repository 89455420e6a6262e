"""What is remembered belongs to nobody's deadline, and what a source says counts more than its silence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import LONGEST_WAIT_SECONDS, Remembered
from sankofa_exporters.probe.shared import Once, Shared
from tests.pace import limit


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def remembered(clock: Clock, **options: Any) -> Remembered[str]:
    return Remembered(name="snapshot", period_seconds=60, cap_seconds=180, clock=clock, **options)


async def attempt(one: Remembered[str], outcome: str | Failure) -> None:
    """One whole attempt with this outcome."""

    async def ask(_budget: Budget) -> str:
        if isinstance(outcome, Failure):
            raise CollectorError.of(outcome)
        return outcome

    one.begin(ask)
    await one.wait(limit(5))


def failure_of(one: Remembered[str]) -> Kind:
    with pytest.raises(CollectorError) as caught:
        one.recall()
    return caught.value.failure.kind


async def test_short_deadline_of_a_caller_ends_its_waiting_and_nothing_else() -> None:
    """Callers with long, short and long deadlines: the attempt goes on, is made once, and its answer is everybody's."""
    answered, asked = asyncio.Event(), 0
    one = remembered(Clock())

    async def ask(_budget: Budget) -> str:
        nonlocal asked
        asked += 1
        await answered.wait()
        return "pools"

    one.begin(ask)
    await one.wait(0)
    assert failure_of(one) is Kind.TIMEOUT
    one.begin(ask)
    answered.set()
    await one.wait(limit(5))

    assert (one.recall().value, asked, one.failure) == ("pools", 1, None)


async def test_own_deadline_is_handed_to_the_question_and_ends_it() -> None:
    """An attempt that nobody waits for any more ends all the same, and says after how long."""
    one = remembered(Clock(), deadline_seconds=0.05)
    budgets: list[float] = []

    async def ask(budget: Budget) -> str:
        budgets.append(budget.remaining())
        await asyncio.sleep(3600)
        return ""

    one.begin(ask)
    await one.wait(limit(5))

    assert failure_of(one) is Kind.TIMEOUT
    assert 0 < budgets[0] <= 0.05


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.REFUSED, Kind.DNS, Kind.TLS, Kind.LIMIT, Kind.HTTP])
async def test_silence_leaves_the_last_answer_until_it_is_too_old(kind: Kind) -> None:
    """A source that does not answer says nothing new; older than its cap, the failure is told."""
    clock = Clock()
    one = remembered(clock)
    await attempt(one, "pools")
    clock.now += 90
    await attempt(one, Failure(kind=kind, reason="away"))
    assert (one.recall().value, one.recall().age_seconds) == ("pools", 90)
    clock.now += 91

    assert failure_of(one) is kind


@pytest.mark.parametrize("kind", [Kind.AUTH, Kind.PERMISSION, Kind.DECODE, Kind.STALE])
async def test_what_the_source_says_takes_the_answers_place_at_once(kind: Kind) -> None:
    """A right that was taken away must not hide behind yesterday's answer."""
    one = remembered(Clock())
    await attempt(one, "pools")
    await attempt(one, Failure(kind=kind, reason="refused"))

    assert failure_of(one) is kind


async def test_failures_in_a_row_double_the_wait_and_an_answer_ends_it() -> None:
    """A source in trouble is asked less and less; one good answer and its period holds again."""
    one = remembered(Clock(), retry_seconds=15)
    waits = []
    for _ in range(9):
        await attempt(one, Failure(kind=Kind.TIMEOUT, reason="away"))
        waits.append(one.wait_seconds())
    await attempt(one, "pools")

    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    assert one.wait_seconds() == 60


@pytest.mark.parametrize(("asked_for", "wait"), [(1.0, 15), (120.0, 120), (1e9, LONGEST_WAIT_SECONDS)])
async def test_a_source_is_left_alone_as_long_as_it_asked_within_reason(asked_for: float, wait: float) -> None:
    """Its retry-after holds where it is longer than ours, and is no way to make us blind for good."""
    clock = Clock()
    one = remembered(clock, retry_seconds=15)
    await attempt(one, Failure(kind=Kind.LIMIT, reason="429", retry_after_seconds=asked_for))
    clock.now += wait - 1
    assert not one.is_due(clock.now)
    clock.now += 1

    assert one.is_due(clock.now)


async def test_clock_set_back_makes_nothing_young() -> None:
    """An answer of the future is no answer, and is asked for again at once."""
    clock = Clock()
    one = remembered(clock)
    await attempt(one, "pools")
    clock.now -= 500

    assert one.believable() is None
    assert one.is_due(clock.now)


async def test_defect_is_told_without_its_text() -> None:
    """An exception nobody expected may quote the payload: only its type is told, and the next attempt is made."""

    async def ask(_budget: Budget) -> str:
        raise KeyError("token-of-the-payload")

    one = remembered(Clock())
    one.begin(ask)
    await one.wait(limit(5))

    assert one.failure == Failure(kind=Kind.DECODE, reason="snapshot: unexpected KeyError")


async def test_collectors_of_a_probe_share_one_call_and_each_its_own_end() -> None:
    """Whoever is cut off takes nobody's answer along; a failure reaches each that asked."""
    answered, asked = asyncio.Event(), 0

    async def ask(_budget: Budget) -> str:
        nonlocal asked
        asked += 1
        await answered.wait()
        return "head"

    once = Once(fetch=ask)
    first, second = (asyncio.create_task(once.get(Budget.of(limit(5)))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    answered.set()

    assert await second == "head"
    assert asked == 1
    assert first.cancelled()


async def test_failure_of_a_shared_call_is_raised_afresh_for_each() -> None:
    """No trace grows from collector to collector."""

    async def ask() -> str:
        raise CollectorError(Kind.AUTH, "refused", retry_after_seconds=3)

    shared, raised = Shared(), []
    for _ in range(3):
        with pytest.raises(CollectorError) as caught:
            await shared.once("login", ask)
        raised.append(caught.value)

    assert len({id(one) for one in raised}) == 3
    assert {one.failure for one in raised} == {Failure(kind=Kind.AUTH, reason="refused", retry_after_seconds=3)}
