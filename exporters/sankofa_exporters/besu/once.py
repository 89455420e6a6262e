"""Something that several collectors of one probe need and that is fetched only once, by whoever wants it first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError

T = TypeVar("T")


@dataclass(kw_only=True)
class Once(Generic[T]):
    """The result, or the same `CollectorError` for each that asks; raised afresh, so that no trace grows."""

    fetch: Callable[[Budget], Awaitable[T]]
    task: asyncio.Task[T] | None = field(default=None, repr=False)

    async def get(self, budget: Budget) -> T:
        if self.task is None:
            self.task = asyncio.ensure_future(self._fetched(budget))
        try:
            # Shielded: a collector that is cancelled must not take the others' answer with it.
            return await asyncio.shield(self.task)
        except CollectorError as error:
            raise CollectorError(error.failure.kind, error.failure.reason) from None

    async def _fetched(self, budget: Budget) -> T:
        return await self.fetch(budget)
