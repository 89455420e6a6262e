"""What is asked of every online node: each answer remembered by itself, a few nodes at a time.

A node is asked in a task of its own, which no probe's deadline ends. One that was silent is asked apart from the others and for
one thing only until it answers, so that any number of hanging nodes delays no other. The first repeat of each query comes early
by a share of its period, so that a large cluster is not asked all at once ever after.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Remembered
from sankofa_exporters.proxmox.snapshot.by_node import ByNode

LANES = 3  # nodes at a time: as many connections as the client keeps open
STALL_SECONDS, STALL_SHARE = 1.5, 0.25  # a probe that sees no answer for so long, or so much of its time, waits no more
SILENT = frozenset({Kind.TIMEOUT, Kind.REFUSED, Kind.DNS, Kind.TLS})
CAP_PERIODS = 3
CAP_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class NodeQuery:
    """One thing to ask of every node; `ask` does the I/O and parses."""

    name: str
    ask: Callable[[str, Budget], Awaitable[Any]]
    period_seconds: float


@dataclass(kw_only=True)
class NodePoller:
    """The answers of all nodes, and the tasks that fetch them."""

    queries: tuple[NodeQuery, ...]
    clock: Callable[[], float] = time.monotonic
    remembered: dict[tuple[str, str], Remembered[Any]] = field(default_factory=dict, repr=False)
    repeated: set[tuple[str, str]] = field(default_factory=set, repr=False)
    silent: set[str] = field(default_factory=set)
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LANES), repr=False)
    side_lane: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1), repr=False)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict, repr=False)
    ended: int = 0  # attempts

    def begin(self, nodes: Collection[str]) -> None:
        """Ask what is due of these nodes; all others are forgotten: one that is back is asked anew."""
        self._forget_all_but(set(nodes))
        for node in sorted(nodes):
            if node not in self.tasks and any(self._is_due(node, query) for query in self.queries):
                task = asyncio.get_running_loop().create_task(self._ask(node), name=f"proxmox-node-{node}")
                self.tasks[node] = task
                task.add_done_callback(partial(self._end, node))

    async def wait(self, budget: Budget) -> None:
        """Until all that was begun has ended, as long as answers keep coming."""
        stall = max(STALL_SECONDS, STALL_SHARE * budget.remaining())
        while self.tasks and budget.remaining():
            ended = self.ended
            await asyncio.wait(set(self.tasks.values()), timeout=min(stall, budget.remaining()))
            if self.ended == ended:
                return

    def recall(self, query: NodeQuery, nodes: Iterable[str]) -> ByNode[Any]:
        """The answers that are young enough; raises the first node's failure when there is not one."""
        failure: CollectorError | None = None
        answers, ages = {}, {}
        for node in nodes:
            try:
                aged = self._known(node, query).recall()
            except CollectorError as error:
                failure = failure or error
            else:
                answers[node], ages[node] = aged.value, aged.age_seconds
        if failure and not answers:
            raise failure
        return ByNode(answers=answers, ages=ages)

    def cancel(self) -> None:
        self._forget_all_but(set())

    def _known(self, node: str, query: NodeQuery) -> Remembered[Any]:
        key = (node, query.name)
        if key not in self.remembered:
            cap_seconds = max(CAP_SECONDS, CAP_PERIODS * query.period_seconds)
            self.remembered[key] = Remembered(
                name=f"{query.name} of {node}",
                period_seconds=query.period_seconds,
                cap_seconds=cap_seconds,
                clock=self.clock,
            )
        return self.remembered[key]

    async def _ask(self, node: str) -> None:
        async with self.side_lane if node in self.silent else self.lanes:
            for query in self.queries:
                if not self._is_due(node, query):
                    continue
                known = self._known(node, query)
                if known.was_tried:
                    self.repeated.add((node, query.name))
                known.begin(partial(query.ask, node))
                await known.wait(known.deadline_seconds + 1)
                self.ended += 1
                if known.failure is not None and known.failure.kind in SILENT:
                    self.silent.add(node)
                    return
                self.silent.discard(node)

    def _end(self, node: str, task: asyncio.Task[None]) -> None:
        if self.tasks.get(node) is task:
            del self.tasks[node]

    def _is_due(self, node: str, query: NodeQuery) -> bool:
        if (node, query.name) in self.repeated:
            return self._known(node, query).is_due(self.clock())
        share = (zlib.crc32(f"{node}/{query.name}".encode()) % 100 + 1) / 100
        return self._known(node, query).is_due(self.clock(), every=query.period_seconds * share)

    def _forget_all_but(self, nodes: set[str]) -> None:
        for key in [key for key in self.remembered if key[0] not in nodes]:
            self.remembered.pop(key).cancel()
            self.repeated.discard(key)
        for node in [node for node in self.tasks if node not in nodes]:
            self.tasks.pop(node).cancel()
        self.silent &= nodes
