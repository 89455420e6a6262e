"""One probe of a cluster: each call once, however many collectors wait for it.

Calls run as tasks of their own, so a collector that is cut off at the deadline does not cut off the others' answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget

from .memory import Aged
from .snapshot.cluster import Cluster
from .snapshot.ha import Ha
from .snapshot.resources import Resources
from .turns import Facts, Question
from .visits import ByNode, Errand
from .watch import Watch

V = TypeVar("V")
WAIT_SHARE = 0.5  # of the time that is left, for what is not needed but would help


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
        members = await self._once("visits", self._visits, budget)
        return self._watch.recall_nodes(errand, members)

    async def _first(self, name: str, make: Callable[[Budget], Coroutine[Any, Any, Any]], budget: Budget) -> Any:
        """One of the three calls that wait for nothing but the token; all others wait for one of them."""
        await self._once("token", self._watch.read_tokens, budget)
        return await self._once(name, make, budget)

    async def _turn(self, budget: Budget) -> None:
        """After the three calls, because they may bring a question forward; one that hangs is not waited for."""
        refused: set[str] = set()
        wait = budget.slice(budget.remaining() * WAIT_SHARE)
        cluster = await _heard(self.cluster(budget), "cluster", refused, wait)
        resources = await _heard(self.resources(budget), "resources", refused, wait)
        await _heard(self.ha(budget), "ha", refused, wait)
        facts = Facts(cluster=cluster, resources=resources, refused=frozenset(refused))
        await self._watch.ask_in_turn(facts, budget)

    async def _visits(self, budget: Budget) -> Cluster:
        """Visit who is online, or was when the status was last heard; without either there is nobody to visit."""
        wait = budget.slice(budget.remaining() * WAIT_SHARE)
        heard = await _heard(self.cluster(budget), "cluster", set(), wait)
        members = heard or self._watch.last_cluster or await self.cluster(budget)
        await self._watch.visit(members, budget)
        return members

    async def _once(self, name: str, make: Callable[[Budget], Coroutine[Any, Any, Any]], budget: Budget) -> Any:
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(make(budget), name=f"proxmox-{name}")
            self._tasks[name].add_done_callback(_retrieve)
        return await asyncio.shield(self._tasks[name])


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to hear of it, and that is no news for the log: the collector has told its own failure."""
    if not task.cancelled():
        task.exception()


async def _heard(answer: Awaitable[V], name: str, refused: set[str], wait: Budget) -> V | None:
    """The answer, or None when there is none in time; a refusal is noted."""
    try:
        async with asyncio.timeout(wait.remaining()):
            return await answer
    except CollectorError as error:
        if error.failure.kind is Kind.PERMISSION:
            refused.add(name)
    except TimeoutError:
        pass
    return None
