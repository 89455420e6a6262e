"""Details of a network, remembered with their age: each probe asks the pool of one witness, and who decides next when that is due."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.besu.node.snapshot import Pool
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged, Remembered

WAITING_CAP_SECONDS = 300.0
NO_POOL_SECONDS = 30.0  # a witness without the API is asked again after so long
NEXT_PERIOD_SECONDS, NEXT_CAP_SECONDS = 15.0, 120.0


@dataclass(frozen=True)
class Answer:
    """What a node answered, or that it has no such answer: both are worth remembering."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Details:
    """Of one network: the pool of each witness by name, and the validators of the next block."""

    waiting: Mapping[str, Remembered[Answer]]
    following: Remembered[Answer]

    @classmethod
    def of(cls, names: Iterable[str]) -> Details:
        return cls(
            waiting={
                name: Remembered(
                    name=f"pool of {name}",
                    period_seconds=NO_POOL_SECONDS,
                    cap_seconds=WAITING_CAP_SECONDS,
                )
                for name in names
            },
            following=Remembered(
                name="next validators", period_seconds=NEXT_PERIOD_SECONDS, cap_seconds=NEXT_CAP_SECONDS
            ),
        )

    def pools(self) -> Mapping[str, Aged[Pool]]:
        """The pools that are known, by witness."""
        found = {name: one.believable() for name, one in self.waiting.items()}
        return {
            name: Aged(value=aged.value.value, age_seconds=aged.age_seconds)
            for name, aged in found.items()
            if aged is not None and aged.value.value is not None
        }

    def cancel(self) -> None:
        for one in (self.following, *self.waiting.values()):
            one.cancel()


Question = tuple[Remembered[Answer], Callable[[Budget], Awaitable[Any]]]


async def ask_if_due(question: Question, seconds: float) -> None:
    """Ask, and wait for it for so long; its attempt has its own deadline."""
    one, ask = question
    if one.is_due(time.monotonic()):
        await _ask(one, ask, seconds)


async def ask_next_pool(questions: Iterable[Question], seconds: float) -> Pool | None:
    """Ask the witness that was not asked for longest; the pool it told, or None where it told none in time."""
    now = time.monotonic()
    due = [(one, ask) for one, ask in questions if one.is_due(now, every=0 if _may_have_pool(one) else None)]
    if not due:
        return None
    chosen, ask = min(due, key=lambda each: each[0].tried_at or float("-inf"))
    await _ask(chosen, ask, seconds)
    told = chosen.believable() if chosen.answered_at == chosen.tried_at else None
    return None if told is None else told.value.value


def _may_have_pool(one: Remembered[Answer]) -> bool:
    return one.value is None or one.value.value is not None


async def _ask(one: Remembered[Answer], ask: Callable[[Budget], Awaitable[Any]], seconds: float) -> None:
    async def answered(budget: Budget) -> Answer:
        return Answer(await ask(budget))

    one.begin(answered)
    await one.wait(seconds)
