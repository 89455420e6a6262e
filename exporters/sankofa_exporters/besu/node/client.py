"""What one probe asks a node: its head by itself, and everything that only describes in one batch.

The consensus API is not known beforehand: all are asked until one answers, then only that one. A method that is missing
or switched off costs its own collector.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sankofa_exporters.besu.rpc.client import Call, RpcClient, is_missing, result_of
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import (
    APIS,
    NEXT,
    first_answer,
    parse_address,
    parse_validators,
    parse_votes,
)
from sankofa_exporters.besu.settings import Role
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.shared import Shared

from .snapshot import (
    Chain,
    Head,
    Peers,
    Periods,
    Pool,
    Sync,
    Validators,
    parse_besu_pool,
    parse_client_version,
    parse_clients,
    parse_head,
    parse_node_key,
    parse_peer_keys,
    parse_periods,
    parse_pool_status,
    parse_quantity,
    parse_sync,
)

BASIC = ("eth_chainId", "web3_clientVersion", "net_peerCount", "eth_syncing")
FULL = ("eth_gasPrice",)
POOL = ("txpool_besuStatistics", "txpool_status")
OWN = ("admin_nodeInfo", "eth_coinbase")


@dataclass(kw_only=True)
class KnownApi:
    """Which consensus API a node answers; remembered between probes, forgotten when the node says that it is not there."""

    name: str | None = None

    def candidates(self) -> tuple[str, ...]:
        return (self.name,) if self.name else tuple(APIS)


@dataclass(kw_only=True)
class NodeClient:
    """One probe's questions and their answers."""

    client: RpcClient
    api: KnownApi
    role: Role = "replica"
    consensus: bool = True
    skip: Collection[str] = ()
    max_clock_skew_seconds: float = 15
    clock: Callable[[], float] = time.time
    shared: Shared = field(default_factory=Shared, repr=False)

    async def head(self, budget: Budget) -> Head:
        return await self.shared.once("head", lambda: self._head(budget))

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

    async def sync(self, budget: Budget) -> Sync:
        return parse_sync(await self._answer("eth_syncing", budget))

    async def gas_price(self, budget: Budget) -> int:
        return parse_quantity(await self._answer("eth_gasPrice", budget), "eth_gasPrice")

    async def txpool(self, budget: Budget) -> Pool:
        try:
            return parse_besu_pool(await self._answer("txpool_besuStatistics", budget))
        except CollectorError as error:
            if error.failure.kind is not Kind.PERMISSION:
                raise
        return parse_pool_status(await self._answer("txpool_status", budget))

    async def validators(self, budget: Budget) -> Validators:
        """The set of the newest block and, where the node tells it, of the block after it."""
        name, value = await self._consensus_answer("validators", budget)
        found = parse_validators(value, APIS[name].validators)
        self.api.name = name
        return Validators(newest=found, following=await self._next_validators(name, budget))

    async def votes(self, budget: Budget) -> Mapping[bytes, bool] | None:
        """None where nobody votes: the validators are in a contract, so Besu refuses the method for good."""
        try:
            name, value = await self._consensus_answer("votes", budget)
        except CollectorError:
            if await self._elects_by_contract(budget):
                return None
            raise
        return parse_votes(value, APIS[name].votes)

    async def validator_peers(self, budget: Budget) -> Peers:
        """Whom this node is connected to; needs ADMIN, and the consensus API to tell which of them validate."""
        answer = await self._answer("admin_peers", budget)
        validators = (await self.validators(budget)).newest
        own = await self.own_address(budget)
        return Peers(
            validators=tuple(one for one in validators if one != own),
            connected=parse_peer_keys(answer),
            clients=parse_clients(answer),
        )

    async def periods(self, budget: Budget) -> Periods:
        """Of the genesis, as `admin_nodeInfo` shows it; nothing of it without ADMIN."""
        try:
            return parse_periods(await self._answer("admin_nodeInfo", budget))
        except CollectorError as error:
            if error.failure.kind is not Kind.PERMISSION:
                raise
            return Periods()

    async def is_validator(self, budget: Budget) -> bool:
        own = await self.own_address(budget)
        if own is None:
            raise CollectorError(
                Kind.PERMISSION, "the node's own address is known neither by admin_nodeInfo nor otherwise"
            )
        return own in (await self.validators(budget)).newest

    async def own_address(self, budget: Budget) -> bytes | None:
        """By its node key; else by eth_coinbase, which is the validator's own address on Besu and not on Quorum."""
        try:
            return parse_node_key(await self._answer("admin_nodeInfo", budget))
        except CollectorError:
            pass
        try:
            name, _ = await self._consensus_answer("validators", budget)
            coinbase = await self._answer("eth_coinbase", budget)
            return parse_address(coinbase, "eth_coinbase") if name in {"qbft", "ibft"} else None
        except CollectorError:
            return None

    async def _head(self, budget: Budget) -> Head:
        asked_at = self.clock()
        block = await self.client.call("eth_getBlockByNumber", ["latest", False], budget)
        head = replace(parse_head(block), asked_at=asked_at)
        if head.age_seconds(self.clock()) < -self.max_clock_skew_seconds:
            raise CollectorError(Kind.STALE, "the head's timestamp is in the future; compare the clocks")
        return head

    async def _elects_by_contract(self, budget: Budget) -> bool:
        """The consensus API is there, and the newest header lists no validators."""
        try:
            await self._consensus_answer("validators", budget)
            return (await self.head(budget)).lists_validators is False
        except CollectorError:
            return False

    async def _next_validators(self, name: str, budget: Budget) -> tuple[bytes, ...] | None:
        try:
            answer = await self._answer(_next_of(APIS[name].validators), budget)
            return parse_validators(answer, APIS[name].validators)
        except CollectorError:
            return None

    async def _consensus_answer(self, what: str, budget: Budget) -> tuple[str, Any]:
        answers = await self._answers(budget)
        methods = {getattr(api, what): name for name, api in APIS.items() if getattr(api, what) in answers}
        for method, name in methods.items():
            if not isinstance(answers[method], CollectorError):
                return name, answers[method]
        if what == "validators" and all(is_missing(answers[method]) for method in methods):
            self.api.name = None
        if methods:
            first_answer([answers[method] for method in methods])
        raise CollectorError(Kind.PERMISSION, "no consensus API")

    async def _answer(self, method: str, budget: Budget) -> Any:
        answers = await self._answers(budget)
        answer = answers.get(method, CollectorError(Kind.PERMISSION, f"{method}: not asked"))
        return result_of(answer)

    async def _answers(self, budget: Budget) -> Mapping[str, Any]:
        return await self.shared.once("batch", lambda: self._ask(budget))

    async def _ask(self, budget: Budget) -> Mapping[str, Any]:
        calls = list(self._calls())
        answers = await self.client.many([call for _, call in calls], budget)
        return {name: answer for (name, _), answer in zip(calls, answers, strict=True)}

    def _calls(self) -> Iterator[tuple[str, Call]]:
        """The calls of the batch, each with the name of its answer."""
        names = [*BASIC]
        if self.role != "light":
            names += [*FULL, *(() if "txpool" in self.skip else POOL)]
        yield from ((name, (name, [])) for name in names)
        if self.role == "light" or not self.consensus:
            return
        for api in (APIS[name] for name in self.api.candidates()):
            yield api.validators, (api.validators, ["latest"])
            yield api.votes, (api.votes, [])
            if api.tells_next:
                yield _next_of(api.validators), (api.validators, [NEXT])
        if "validator_peers" not in self.skip:
            yield "admin_peers", ("admin_peers", [])
        if "validator_peers" not in self.skip or self.role == "validator":
            yield from ((name, (name, [])) for name in OWN)


def _next_of(method: str) -> str:
    return f"{method} {NEXT}"
