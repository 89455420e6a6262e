"""What is known of one cluster between probes, and the asking.

Each probe makes three calls about the cluster, one slow one in turn, and visits the nodes that are due. When a witness
denies quorum the other seeds are asked too: only one partition of a split cluster can be quorate, so a single quorate
witness proves that the cluster lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed

from .client import ProxmoxClient
from .memory import Aged, Memory
from .snapshot.cluster import Cluster, parse_cluster
from .snapshot.ha import Ha, parse_ha
from .snapshot.resources import Resources, parse_resources
from .turns import QUESTIONS, Facts, Question, pick, signs
from .visits import ByNode, Errand, Visits

LAST_SECONDS = 0.05
VISITS_SHARE = 0.9  # of the time that is left: a probe ends with what it has


@dataclass(kw_only=True)
class Watch:
    """One cluster."""

    client: ProxmoxClient
    nodes: ProxmoxClient
    visits: Visits
    clock: Callable[[], float] = time.monotonic
    memory: Memory = field(default_factory=Memory)
    forward: set[str] = field(default_factory=set)
    before: Facts | None = None
    last: str | None = None

    @property
    def last_cluster(self) -> Cluster | None:
        """As it was last heard."""
        return None if self.before is None else self.before.cluster

    @property
    def clients(self) -> tuple[ProxmoxClient, ProxmoxClient]:
        return self.client, self.nodes

    async def read_tokens(self, _budget: Budget) -> None:
        """For both clients, which hold the same file."""
        for client in self.clients:
            await client.read_token()

    async def ask_cluster(self, budget: Budget) -> Cluster:
        """The view of the first quorate witness, else of the first readable one, else the first seed's trouble."""
        trouble: CollectorError | None = None
        denied: Cluster | None = None
        timed_out = False
        with observed() as own:
            for seed, share in self.client.turns():
                try:
                    reply = await self.client.ask(seed, "cluster/status", budget.slice(budget.remaining() * share))
                    view = parse_cluster(reply.data)
                except CollectorError as error:
                    trouble = trouble or error
                    timed_out |= error.failure.kind is Kind.TIMEOUT
                    continue
                if view.serves:
                    return view
                denied = denied or view
            unheard = timed_out and own.measured().mostly_ours
        if denied is None or unheard:  # a seed that we left no time to answer may be of the quorate partition
            raise trouble or CollectorError(Kind.TIMEOUT, "cluster/status: no seed was asked")
        return denied

    async def ask_resources(self, budget: Budget) -> Resources:
        return parse_resources((await self.client.get("cluster/resources", budget)).data)

    async def ask_ha(self, budget: Budget) -> Ha:
        reply = await self.client.get("cluster/ha/status/current", budget)
        return parse_ha(reply.data, reply.clock)

    async def ask_in_turn(self, facts: Facts, budget: Budget) -> None:
        """One slow question; never raises. What brought it forward is forgotten only when there is an answer."""
        self.forward |= signs(self.before, facts)
        self.before = facts.or_as(self.before)
        self._settle(facts)
        if budget.remaining() < LAST_SECONDS:
            return  # without time to answer, a failure would be ours, and would displace what is remembered
        question = pick(self.memory, self.forward, facts, self.last, self.clock())
        try:
            value = question.parse((await self.client.get(question.path, budget)).data, facts)
        except CollectorError as error:
            value = error.failure
        self.memory.note(question.name, value, self.clock())
        self.forward.discard(question.name)
        self.last = question.name

    def _settle(self, facts: Facts) -> None:
        """What a standalone node need not be asked for."""
        for question in QUESTIONS:
            if question.standalone is not None and facts.cluster is not None and facts.cluster.standalone:
                self.memory.note(question.name, question.standalone, self.clock())

    def open_questions(self) -> list[Question]:
        """Those that have had an answer, and the next one that has not: a first probe does not miss what comes later."""
        asked = [question for question in QUESTIONS if question.name in self.memory.noted]
        return [*asked, *[question for question in QUESTIONS if question not in asked][:1]]

    def recall(self, question: Question) -> Aged:
        return self.memory.recall(question.name, question.cap_seconds, self.clock())

    async def visit(self, cluster: Cluster, budget: Budget) -> None:
        online = [name for name, there in cluster.online.items() if there]
        await self.visits.go(online, budget.slice(budget.remaining() * VISITS_SHARE))

    def recall_nodes(self, errand: Errand, cluster: Cluster) -> ByNode[object]:
        return self.visits.recall(errand, [name for name, there in cluster.online.items() if there])
