"""A node as a target: its head decides, everything else describes.

The role says what is asked. A replica serves reads: calls, pool, gas price. A validator must also be one, and say who
the others are. A light node follows the head and has no state to serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sankofa_exporters.besu.node import samples as c
from sankofa_exporters.besu.node.client import Described, KnownApi
from sankofa_exporters.besu.node.families import KNOWN, UP
from sankofa_exporters.besu.node.snapshot import Head, parse_head
from sankofa_exporters.besu.node.system.latency import CallLatency
from sankofa_exporters.besu.node.verdict import head_verdict
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.settings import BesuModule, Role
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.source import Collector, Results, Verdict


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
        module = self.module
        said = Described(
            client=self.client, api=self.api, role=self.role, consensus=module.consensus == "auto", skip=module.skip
        )
        return [one for one in self._wanted(said) if one.name not in module.skip]

    def _wanted(self, said: Described) -> Sequence[Collector]:
        return (
            Collector(
                name="head", fetch=self._head, samples=lambda r: c.head_samples(r["head"]), age_seconds=Head.age_seconds
            ),
            Collector(name="chain", fetch=said.chain, samples=lambda r: c.chain_samples(r["chain"]), required=False),
            Collector(name="peers", fetch=said.peers, samples=lambda r: c.peer_samples(r["peers"]), required=False),
            Collector(
                name="sync", fetch=said.sync, samples=lambda r: c.sync_samples(syncing=r["sync"]), required=False
            ),
            *(self._serving(said) if self.role != "light" else ()),
            *(self._consensus(said) if self.role != "light" and self.module.consensus == "auto" else ()),
        )

    def _serving(self, said: Described) -> Iterator[Collector]:
        yield Collector(
            name="gas_price",
            fetch=said.gas_price,
            samples=lambda r: c.gas_price_samples(r["gas_price"]),
            required=False,
        )
        yield Collector(
            name="txpool", fetch=said.txpool, samples=lambda r: c.txpool_samples(r["txpool"]), required=False
        )
        # Its samples are the standing ones: the histogram is there whether or not this probe's calls went well.
        yield Collector(name="call", fetch=self._calls, samples=lambda _: (), required=False)

    def _consensus(self, said: Described) -> Iterator[Collector]:
        """A validator that cannot say who the validators are is not doing its work; a replica need not know."""
        validates = self.role == "validator"
        yield Collector(
            name="validators",
            fetch=said.validators,
            samples=lambda r: c.validator_samples(r["validators"]),
            required=validates,
        )
        if validates:
            yield Collector(
                name="own",
                fetch=said.is_validator,
                samples=lambda r: c.own_samples(is_validator=r["own"]),
            )
        yield Collector(name="votes", fetch=said.votes, samples=lambda r: c.vote_samples(r["votes"]), required=False)
        yield Collector(
            name="validator_peers",
            fetch=said.validator_peers,
            samples=lambda r: c.validator_peer_samples(r["validator_peers"]),
            required=False,
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        head = results["head"]
        return head_verdict(
            head if isinstance(head, Head) else None,
            now=now,
            max_age_seconds=self.module.oldest_head_seconds,
            max_skew_seconds=self.module.max_clock_skew_seconds,
        )

    def standing(self) -> Iterable[Sample]:
        return self.latency.samples() if self.role != "light" else ()

    async def close(self) -> None:
        await self.client.http.aclose()

    async def _head(self, budget: Budget) -> Head:
        asked_at = self.clock()
        block = await self.client.call("eth_getBlockByNumber", ["latest", False], budget)
        head = replace(parse_head(block), asked_at=asked_at)
        if head.age_seconds(self.clock()) < -self.module.max_clock_skew_seconds:
            raise CollectorError(Kind.STALE, "the head's timestamp is in the future; compare the clocks")
        return head

    async def _calls(self, budget: Budget) -> None:
        """N calls one after the other, so that they measure the node and not their own queue."""
        self.latency.begin_probe()
        trouble: CollectorError | None = None
        for _ in range(self.module.calls_per_probe):
            if budget.remaining() == 0:
                break
            trouble = await self._one_call(budget.slice(self.module.call_timeout_seconds)) or trouble
        if trouble is not None:
            raise trouble

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
