"""Per-node calls: every online node is asked for what is due, a few nodes at a time, each alone with its trouble.

A node that does not answer costs its own families and a bounded time: after a timeout or a refusal the rest of its visit
is not tried, and nodes that failed last time are visited last. Answers are remembered for a period, and the first
repeat of each comes early by a share of it, so that a large cluster is not asked all at once ever after.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget

from .memory import Memory
from .snapshot.cluster import Cluster

V = TypeVar("V")
LANES = 3  # nodes at a time: as many connections as the client keeps open
NODE_SECONDS = 3.0  # a visit's own time, of a deadline that is rarely under 4.5 s
LAST_SECONDS = 0.05  # with less than this left, a node is not asked and what is remembered stands
GIVE_UP = frozenset({Kind.TIMEOUT, Kind.REFUSED, Kind.DNS, Kind.TLS})
CAP_PERIODS = 3
CAP_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One thing to ask of every node; `ask` does the I/O and parses."""

    name: str
    ask: Callable[[str, Budget], Awaitable[Any]]
    period_seconds: float

    @property
    def cap_seconds(self) -> float:
        return max(CAP_SECONDS, CAP_PERIODS * self.period_seconds)


@dataclass(frozen=True, kw_only=True)
class ByNode(Generic[V]):
    """One errand's answers; a node without one is not known."""

    answers: Mapping[str, V]
    ages: Mapping[str, float]

    @property
    def oldest_first(self) -> list[str]:
        return sorted(self.answers, key=lambda node: (-self.ages[node], node))

    @property
    def age_seconds(self) -> float:
        """Of the oldest answer that is still believed."""
        return max(self.ages.values(), default=0.0)

    def nodes_of(self, cluster: Cluster | None) -> Iterable[str]:
        """Every node that should have answered."""
        return self.answers if cluster is None else cluster.online


@dataclass(kw_only=True)
class Visits:
    """What was heard of each node, and the going round."""

    errands: tuple[Errand, ...]
    clock: Callable[[], float] = time.monotonic
    memory: Memory = field(default_factory=Memory)
    repeated: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)

    async def go(self, nodes: Iterable[str], budget: Budget) -> None:
        """Visit the nodes; never raises."""
        lanes = asyncio.Semaphore(LANES)
        present = sorted(nodes, key=lambda node: (node in self.silent, node))
        self._forget_all_but(set(present))
        await asyncio.gather(*(self._visit(node, lanes, budget) for node in present))

    def recall(self, errand: Errand, nodes: Iterable[str]) -> ByNode[Any]:
        """The answers that are young enough; raises the first node's trouble when there is not one answer."""
        now, trouble = self.clock(), None
        answers, ages = {}, {}
        for node in nodes:
            try:
                aged = self.memory.recall(_key(node, errand), errand.cap_seconds, now)
            except CollectorError as error:
                trouble = trouble or error
            else:
                answers[node], ages[node] = aged.value, aged.age_seconds
        if trouble and not answers:
            raise trouble
        return ByNode(answers=answers, ages=ages)

    async def _visit(self, node: str, lanes: asyncio.Semaphore, budget: Budget) -> None:
        due = [errand for errand in self.errands if self._is_due(node, errand)]
        if not due:
            return
        async with lanes:
            visit = budget.slice(NODE_SECONDS)
            trouble: Failure | None = None
            for errand in due:
                if visit.remaining() < LAST_SECONDS and trouble is None:
                    return
                trouble = await self._run(node, errand, visit, trouble)

    async def _run(self, node: str, errand: Errand, visit: Budget, trouble: Failure | None) -> Failure | None:
        """Ask and note; returns the trouble that makes the rest of the visit pointless."""
        value: Any = trouble
        if trouble is None:
            try:
                value = await errand.ask(node, visit)
            except CollectorError as error:
                value = error.failure
            except Exception as error:  # noqa: BLE001 - isolation: one node's odd answer must not cost the others
                value = Failure(kind=Kind.DECODE, reason=f"unexpected {type(error).__name__}")
        key = _key(node, errand)
        if key in self.memory.noted:
            self.repeated.add(key)
        self.memory.note(key, value, self.clock())
        gone = isinstance(value, Failure) and value.kind in GIVE_UP
        (self.silent.add if gone else self.silent.discard)(node)
        return value if gone else None

    def _is_due(self, node: str, errand: Errand) -> bool:
        key = _key(node, errand)
        share = 1.0 if key in self.repeated else (zlib.crc32(key.encode()) % 100 + 1) / 100
        return self.memory.overdue(key, errand.period_seconds * share, self.clock()) >= 1

    def _forget_all_but(self, nodes: set[str]) -> None:
        """A node that went offline is asked anew when it is back, and a removed one leaves nothing behind."""
        for key in [key for key in self.memory.noted if key.partition("/")[0] not in nodes]:
            self.memory.forget(key)
            self.repeated.discard(key)
        self.silent &= nodes


def _key(node: str, errand: Errand) -> str:
    """A node's name has no slash."""
    return f"{node}/{errand.name}"
