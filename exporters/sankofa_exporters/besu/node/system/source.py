"""A node as a target: its head decides, everything else describes.

The role says what is asked. A replica serves reads: calls, pool, gas price. A validator must also be one, and say who
the others are. A light node follows the head and has no state to serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sankofa_exporters.besu.node import samples as s
from sankofa_exporters.besu.node.client import KnownApi, NodeClient
from sankofa_exporters.besu.node.families import KNOWN, UP
from sankofa_exporters.besu.node.snapshot import Head
from sankofa_exporters.besu.node.verdict import head_verdict
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.settings import BesuModule, Role
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.source import Collector, Results, Verdict, only

from .latency import CallLatency


@dataclass(frozen=True, kw_only=True)
class BesuSource:
    """One node."""

    client: RpcClient
    module: BesuModule
    role: Role = "replica"
    latency: CallLatency = field(default_factory=CallLatency)
    api: KnownApi = field(default_factory=KnownApi)
    clock: Callable[[], float] = time.time
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """The collectors of one probe; all but `head` and `call` share one batch."""
        node = NodeClient(
            client=self.client,
            api=self.api,
            role=self.role,
            consensus=self.module.consensus == "auto",
            skip=self.module.skip,
            max_clock_skew_seconds=self.module.max_clock_skew_seconds,
            clock=self.clock,
        )
        return (
            Collector(
                name="head", fetch=node.head, samples=lambda r: s.head_samples(r["head"]), age_seconds=Head.age_seconds
            ),
            Collector(name="chain", fetch=node.chain, samples=lambda r: s.chain_samples(r["chain"]), required=False),
            Collector(name="peers", fetch=node.peers, samples=lambda r: s.peer_samples(r["peers"]), required=False),
            Collector(name="sync", fetch=node.sync, samples=lambda r: s.sync_samples(r["sync"]), required=False),
            *(self._serving(node) if self.role != "light" else ()),
            *(self._consensus(node) if self.role != "light" and self.module.consensus == "auto" else ()),
        )

    def _serving(self, node: NodeClient) -> Iterator[Collector]:
        yield Collector(
            name="gas_price",
            fetch=node.gas_price,
            samples=lambda r: s.gas_price_samples(r["gas_price"]),
            required=False,
        )
        yield Collector(
            name="txpool", fetch=node.txpool, samples=lambda r: s.txpool_samples(r["txpool"]), required=False
        )
        # Its samples are the standing ones: the histogram is there whether or not this probe's calls went well.
        yield Collector(name="call", fetch=self._calls, samples=lambda _: (), required=False)

    def _consensus(self, node: NodeClient) -> Iterator[Collector]:
        """A validator that cannot say who the validators are is not doing its work; a replica need not know."""
        validates = self.role == "validator"
        yield Collector(
            name="validators",
            fetch=node.validators,
            samples=lambda r: s.validator_samples(r["validators"]),
            required=validates,
        )
        if validates:
            yield Collector(
                name="own",
                fetch=node.is_validator,
                samples=lambda r: s.own_samples(is_validator=r["own"]),
            )
        yield Collector(name="votes", fetch=node.votes, samples=lambda r: s.vote_samples(r["votes"]), required=False)
        yield Collector(
            name="validator_peers",
            fetch=node.validator_peers,
            samples=lambda r: s.validator_peer_samples(r["validator_peers"]),
            required=False,
        )
        yield Collector(
            name="periods", fetch=node.periods, samples=lambda r: s.period_samples(r["periods"]), required=False
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        return head_verdict(
            only(Head, results.get("head")),
            now=now,
            max_age_seconds=self.module.oldest_head_seconds,
            max_skew_seconds=self.module.max_clock_skew_seconds,
        )

    def standing(self) -> Iterable[Sample]:
        return self.latency.samples() if self.role != "light" else ()

    async def close(self) -> None:
        await self.client.http.aclose()

    async def _calls(self, budget: Budget) -> None:
        """N calls one after the other, so that they measure the node and not their own queue."""
        self.latency.begin_probe()
        failed: CollectorError | None = None
        for _ in range(self.module.calls_per_probe):
            if budget.remaining() == 0:
                break
            self.client.check_free()  # a call that is not made is neither slow nor an error
            failed = await self._one_call(budget.slice(self.module.call_timeout_seconds)) or failed
        if failed is not None:
            raise failed

    async def _one_call(self, budget: Budget) -> CollectorError | None:
        call = self.module.call
        with observed() as own:
            try:
                await self.client.call("eth_call", [{"to": call.to, "data": call.data}, "latest"], budget)
            except CollectorError as error:
                self.latency.failed(error.failure.kind, own.measured())
                return error
            except asyncio.CancelledError:  # cut off by the probe's own end, which comes first when we are late
                self.latency.failed(Kind.TIMEOUT, own.measured())
                raise
            self.latency.answered(own.measured())
        return None
