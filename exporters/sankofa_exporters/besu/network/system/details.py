"""Details of a network in rotation: each probe asks the one that is longest overdue, and all are remembered with their age."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.besu.node.snapshot import Pool
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged, Remembered

WAITING_PERIOD_SECONDS, WAITING_CAP_SECONDS = 30.0, 300.0
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
                    period_seconds=WAITING_PERIOD_SECONDS,
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


async def ask_most_overdue(
    questions: Iterable[tuple[Remembered[Answer], Callable[[Budget], Awaitable[Any]]]], seconds: float
) -> None:
    """Ask the question that is longest due, if any is, and wait for it for so long; its attempt has its own deadline."""
    now = time.monotonic()
    due = [(one.overdue(now), at, one, ask) for at, (one, ask) in enumerate(questions) if one.is_due(now)]
    if not due:
        return
    _, _, chosen, ask = max(due, key=lambda each: (each[0], -each[1]))

    async def answered(budget: Budget) -> Answer:
        return Answer(await ask(budget))

    chosen.begin(answered)
    await chosen.wait(seconds)
