"""What the collectors of one probe share: each call once, whoever needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.shared import Shared
from sankofa_exporters.proxmox.snapshot.by_node import ByNode
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.ha import Ha
from sankofa_exporters.proxmox.snapshot.resources import Resources

from .node_queries import NodeQuery
from .rotation import Detail
from .schedule import Facts, Question
from .state import ClusterState

V = TypeVar("V")
WAIT_SHARE = 0.5  # of the time that is left, for what is not needed but would help
ANSWER_SHARE = 0.9  # of the time that is left: a probe ends with what it has


class Calls:
    """The calls of one probe."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._shared = Shared()

    async def cluster(self, budget: Budget) -> Cluster:
        return await self._status("cluster", self._state.ask_cluster, budget)

    async def resources(self, budget: Budget) -> Resources:
        return await self._status("resources", self._state.client.resources, budget)

    async def ha(self, budget: Budget) -> Ha:
        return await self._status("ha", self._state.client.ha_status, budget)

    async def slow(self, question: Question, budget: Budget) -> Aged[Any]:
        """The question's answer, fresh when it is its turn."""
        await self._shared.once("slow", partial(self._slow, budget))
        return self._state.schedule.recall(question)

    async def of_nodes(self, query: NodeQuery, budget: Budget) -> ByNode[Any]:
        """The query's answers, with those that this probe has waited for."""
        cluster = await self._shared.once("nodes", partial(self._nodes, budget))
        return self._state.poller.recall(query, cluster.members)

    async def detail(self, detail: Detail, budget: Budget) -> ByNode[Any]:
        """What is known of one kind of detail, with the one answer that this probe has asked for."""
        await self._shared.once("detail", partial(self._detail, budget))
        return self._state.rotation.recall(detail)

    async def _status(self, name: str, ask: Callable[[Budget], Awaitable[V]], budget: Budget) -> V:
        """One of the three calls that wait for nothing but the token; all others wait for one of them."""
        await self._shared.once("token", self._state.client.read_token)
        return await self._shared.once(name, partial(ask, budget))

    async def _slow(self, budget: Budget) -> None:
        attempt = self._state.schedule.begin(await self._shared.once("facts", partial(self._facts, budget)))
        if attempt is not None:
            await attempt.wait(budget.remaining() * ANSWER_SHARE)

    async def _detail(self, budget: Budget) -> None:
        await self._shared.once("facts", partial(self._facts, budget))
        attempt = self._state.begin_detail()
        if attempt is not None:
            await attempt.wait(budget.remaining() * WAIT_SHARE)

    async def _nodes(self, budget: Budget) -> Cluster:
        """Ask the nodes that are online, or were when the status was last answered; without either there is nobody to ask."""
        wait = budget.slice(budget.remaining() * WAIT_SHARE)
        cluster, _ = await _within(self.cluster(budget), wait)
        members = cluster or self._state.last_cluster() or await self.cluster(budget)
        self._state.poller.begin(members.members)
        await self._state.poller.wait(budget.slice(budget.remaining() * ANSWER_SHARE))
        return members

    async def _facts(self, budget: Budget) -> Facts:
        """After the three calls, because they may bring a question forward; one that hangs is not waited for."""
        wait = budget.slice(budget.remaining() * WAIT_SHARE)
        cluster, cluster_refused = await _within(self.cluster(budget), wait)
        resources, resources_refused = await _within(self.resources(budget), wait)
        _, ha_refused = await _within(self.ha(budget), wait)
        refusals = {"cluster": cluster_refused, "resources": resources_refused, "ha": ha_refused}
        facts = Facts(
            cluster=cluster,
            resources=resources,
            refused=frozenset(name for name, refused in refusals.items() if refused),
        )
        self._state.learn(facts)
        return facts


async def _within(answer: Awaitable[V], wait: Budget) -> tuple[V | None, bool]:
    """The answer, or None when there is none in time; and whether it was refused for want of a right."""
    try:
        async with asyncio.timeout(wait.remaining()):
            return await answer, False
    except CollectorError as error:
        return None, error.failure.kind is Kind.PERMISSION
    except TimeoutError:
        return None, False
