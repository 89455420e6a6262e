"""A Besu node as a system of the exporter: settings in, a source with six collectors out.

Only `head` is required: a node that hides its net or web3 API loses those families and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.bounds import Bounds
from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.family import Family, Sample
from sankofa_exporters.fetch import open_client, tls_context
from sankofa_exporters.registry import System
from sankofa_exporters.runtime import Collector, Results, Verdict

from .client import RpcClient
from .collector import chain_samples, gas_price_samples, head_samples, head_verdict, peer_samples, sync_samples
from .families import FAMILIES, KNOWN, UP
from .latency import CallLatency
from .settings import BesuModule, BesuTarget
from .snapshot import Chain, Head, parse_client_version, parse_head, parse_quantity, parse_syncing

DESCRIBING = ("eth_chainId", "web3_clientVersion", "net_peerCount", "eth_syncing", "eth_gasPrice")


@dataclass(kw_only=True)
class Described:
    """What only describes the node, asked in one batch by the first collector that wants it."""

    client: RpcClient
    asked: asyncio.Task[dict[str, Any]] | None = None

    async def chain(self, budget: Budget) -> Chain:
        chain_id = parse_quantity(await self._answer("eth_chainId", budget), "eth_chainId")
        try:
            version = parse_client_version(await self._answer("web3_clientVersion", budget))
        except CollectorError as error:
            if error.failure.kind is not Kind.PERMISSION:
                raise
            version = None  # the web3 API is off: the chain id is still worth having
        return Chain(chain_id=chain_id, client_version=version)

    async def peers(self, budget: Budget) -> int:
        return parse_quantity(await self._answer("net_peerCount", budget), "net_peerCount")

    async def sync(self, budget: Budget) -> bool:
        return parse_syncing(await self._answer("eth_syncing", budget))

    async def gas_price(self, budget: Budget) -> int:
        return parse_quantity(await self._answer("eth_gasPrice", budget), "eth_gasPrice")

    async def _answer(self, method: str, budget: Budget) -> Any:
        if self.asked is None:
            self.asked = asyncio.create_task(self.client.batch(DESCRIBING, budget))
        # Shielded: a collector that is cancelled must not take the others' answers with it.
        answer = (await asyncio.shield(self.asked))[method]
        if isinstance(answer, CollectorError):
            raise CollectorError(answer.failure.kind, answer.failure.reason)
        return answer


@dataclass(frozen=True, kw_only=True)
class BesuSource:
    """One node."""

    client: RpcClient
    module: BesuModule
    latency: CallLatency = field(default_factory=CallLatency)
    clock: Callable[[], float] = time.time
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """The collectors of one probe; four of them share one batch."""
        described = Described(client=self.client)
        return (
            Collector(
                name="head", fetch=self._head, samples=lambda r: head_samples(r["head"]), age_seconds=Head.age_seconds
            ),
            Collector(name="chain", fetch=described.chain, samples=lambda r: chain_samples(r["chain"]), required=False),
            Collector(name="peers", fetch=described.peers, samples=lambda r: peer_samples(r["peers"]), required=False),
            Collector(
                name="sync", fetch=described.sync, samples=lambda r: sync_samples(syncing=r["sync"]), required=False
            ),
            Collector(
                name="gas_price",
                fetch=described.gas_price,
                samples=lambda r: gas_price_samples(r["gas_price"]),
                required=False,
            ),
            # Its samples are the standing ones: the histogram is there whether or not this probe's calls went well.
            Collector(name="call", fetch=self._calls, samples=lambda _: (), required=False),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        head = results["head"]
        return head_verdict(
            head if isinstance(head, Head) else None,
            now=now,
            max_age_seconds=self.module.max_head_age_seconds,
            max_skew_seconds=self.module.max_clock_skew_seconds,
        )

    def standing(self) -> Iterable[Sample]:
        return self.latency.samples()

    async def close(self) -> None:
        await self.client.http.aclose()

    async def _head(self, budget: Budget) -> Head:
        head = parse_head(await self.client.call("eth_getBlockByNumber", ["latest", False], budget))
        if head.age_seconds(self.clock()) < -self.module.max_clock_skew_seconds:
            raise CollectorError(Kind.STALE, "the head's timestamp is in the future; compare the clocks")
        return head

    async def _calls(self, budget: Budget) -> None:
        """N calls one after the other, so that they measure the node and not their own queue."""
        trouble: CollectorError | None = None
        for _ in range(self.module.calls_per_probe):
            if budget.remaining() == 0:
                break
            trouble = await self._one_call(budget.slice(self.module.call_timeout_seconds)) or trouble
        if trouble is not None:
            raise trouble

    async def _one_call(self, budget: Budget) -> CollectorError | None:
        call = self.module.call
        started = time.monotonic()
        try:
            await self.client.call("eth_call", [{"to": call.to, "data": call.data}, "latest"], budget)
        except CollectorError as error:
            self.latency.failed(error.failure.kind, time.monotonic() - started)
            return error
        self.latency.answered(time.monotonic() - started)
        return None


def open_source(module: BesuModule, target: BesuTarget, bounds: Bounds) -> BesuSource:
    verify = tls_context(module.ca_file) if target.endpoint.startswith("https:") else False
    client = RpcClient(http=open_client(verify=verify), endpoint=target.endpoint, body_bytes=bounds.body_bytes)
    return BesuSource(client=client, module=module)


SYSTEM = System(
    name="besu",
    title="Sankofa Besu exporter",
    default_address=":9546",
    module_type=BesuModule,
    target_type=BesuTarget,
    open=open_source,
    families=FAMILIES,
)
