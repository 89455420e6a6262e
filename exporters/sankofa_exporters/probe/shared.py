"""What several collectors of one probe need: each thing is asked once, by whoever wants it first.

It runs in a task of its own, so that a collector which is cut off takes nobody else's answer with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sankofa_exporters.model.failure import CollectorError, Failure

from .budget import Budget

V = TypeVar("V")


@dataclass(kw_only=True)
class Shared:
    """The questions of one probe by name; made anew for each probe."""

    tasks: dict[Hashable, asyncio.Task[Any]] = field(default_factory=dict, repr=False)

    async def once(self, name: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        """The answer, or the same `CollectorError` for each that asks; raised afresh, so that no trace grows."""
        if name not in self.tasks:
            self.tasks[name] = asyncio.create_task(_outcome(ask))
        result: V | Failure = await asyncio.shield(self.tasks[name])
        if isinstance(result, Failure):
            raise CollectorError.of(result)
        return result


@dataclass(kw_only=True)
class Once(Generic[V]):
    """One such question with a name of its own in the code."""

    fetch: Callable[[Budget], Awaitable[V]]
    shared: Shared = field(default_factory=Shared, repr=False)

    async def get(self, budget: Budget) -> V:
        return await self.shared.once("", lambda: self.fetch(budget))


async def _outcome(ask: Callable[[], Awaitable[V]]) -> V | Failure:
    """The failure as a value: a task that nobody waits for any more must not complain at its end."""
    try:
        return await ask()
    except CollectorError as error:
        return error.settled()
