"""One probe of a cluster: each call once, however many collectors wait for it.

Calls run as tasks of their own, so a collector that is cut off at the deadline does not cut off the others' answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Kind

from .memory import Aged
from .snapshot.cluster import Cluster
from .snapshot.ha import Ha
from .snapshot.resources import Resources
from .turns import Facts, Question
from .visits import ByNode, Errand
from .watch import Watch


class Round:
    """What the collectors of one probe share."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def cluster(self, budget: Budget) -> Cluster:
        found: Cluster = await self._first("cluster", self._watch.ask_cluster, budget)
        return found

    async def resources(self, budget: Budget) -> Resources:
        found: Resources = await self._first("resources", self._watch.ask_resources, budget)
        return found

    async def ha(self, budget: Budget) -> Ha:
        found: Ha = await self._first("ha", self._watch.ask_ha, budget)
        return found

    async def slow(self, question: Question, budget: Budget) -> Aged:
        """The question's answer, fresh when it is its turn."""
        await self._once("turn", self._turn, budget)
        return self._watch.recall(question)

    async def of_nodes(self, errand: Errand, budget: Budget) -> ByNode[Any]:
        """The errand's answers after this probe's visits."""
        cluster = await self.cluster(budget)
        await self._once("visits", self._visits, budget)
        return self._watch.recall_nodes(errand, cluster)

    async def _first(self, name: str, make: Callable[[Budget], Coroutine[Any, Any, Any]], budget: Budget) -> Any:
        """One of the three calls that wait for nothing but the token; all others wait for one of them."""
        await self._once("token", self._watch.read_tokens, budget)
        return await self._once(name, make, budget)

    async def _turn(self, budget: Budget) -> None:
        """After the three calls, because they may bring a question forward."""
        refused: set[str] = set()
        cluster = await _heard(self.cluster(budget), "cluster", refused)
        resources = await _heard(self.resources(budget), "resources", refused)
        await _heard(self.ha(budget), "ha", refused)
        facts = Facts(cluster=cluster, resources=resources, refused=frozenset(refused))
        await self._watch.ask_in_turn(facts, budget)

    async def _visits(self, budget: Budget) -> None:
        await self._watch.visit(await self.cluster(budget), budget)

    async def _once(self, name: str, make: Callable[[Budget], Coroutine[Any, Any, Any]], budget: Budget) -> Any:
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(make(budget), name=f"proxmox-{name}")
            self._tasks[name].add_done_callback(_retrieve)
        return await asyncio.shield(self._tasks[name])


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to hear of it, and that is no news for the log: the collector has told its own failure."""
    if not task.cancelled():
        task.exception()


async def _heard(answer: Awaitable[Any], name: str, refused: set[str]) -> Any:
    """The answer, or None; a refusal is noted."""
    try:
        return await answer
    except CollectorError as error:
        if error.failure.kind is Kind.PERMISSION:
            refused.add(name)
        return None
