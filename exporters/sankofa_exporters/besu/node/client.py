"""What a node says about itself, asked in one batch by the first collector that wants it.

The consensus API is not known beforehand: all are asked until one answers, then only that one. A method that is missing
or switched off costs its own collector.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.besu.node.snapshot import (
    Chain,
    Peers,
    Pool,
    parse_besu_pool,
    parse_client_version,
    parse_node_key,
    parse_peer_keys,
    parse_pool_status,
    parse_quantity,
    parse_syncing,
)
from sankofa_exporters.besu.rpc.client import Call, RpcClient
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import (
    APIS,
    first_answer,
    parse_address,
    parse_validators,
    parse_votes,
)
from sankofa_exporters.besu.settings import Role
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.shared import Once

BASIC = ("eth_chainId", "web3_clientVersion", "net_peerCount", "eth_syncing")
FULL = ("eth_gasPrice",)
POOL = ("txpool_besuStatistics", "txpool_status")
OWN = ("admin_nodeInfo", "eth_coinbase")


@dataclass(kw_only=True)
class KnownApi:
    """Which consensus API a node answers; remembered between probes, forgotten when it stops."""

    name: str | None = None

    def candidates(self) -> tuple[str, ...]:
        return (self.name,) if self.name else tuple(APIS)


@dataclass(kw_only=True)
class Described:
    """One probe's answers."""

    client: RpcClient
    api: KnownApi
    role: Role = "replica"
    consensus: bool = True
    skip: Collection[str] = ()
    answers: Once[Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Once(fetch=self._ask)

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

    async def txpool(self, budget: Budget) -> Pool:
        try:
            return parse_besu_pool(await self._answer("txpool_besuStatistics", budget))
        except CollectorError as error:
            if error.failure.kind is not Kind.PERMISSION:
                raise
        return parse_pool_status(await self._answer("txpool_status", budget))

    async def validators(self, budget: Budget) -> tuple[bytes, ...]:
        name, value = await self._consensus_answer("validators", budget)
        found = parse_validators(value, APIS[name].validators)
        self.api.name = name
        return found

    async def votes(self, budget: Budget) -> Mapping[bytes, bool]:
        name, value = await self._consensus_answer("votes", budget)
        return parse_votes(value, APIS[name].votes)

    async def validator_peers(self, budget: Budget) -> Peers:
        """Which validators this node is connected to; needs ADMIN for the peers and the consensus API for the validators."""
        connected = parse_peer_keys(await self._answer("admin_peers", budget))
        validators = await self.validators(budget)
        own = await self.own_address(budget)
        return Peers(validators=tuple(one for one in validators if one != own), connected=connected)

    async def is_validator(self, budget: Budget) -> bool:
        own = await self.own_address(budget)
        if own is None:
            raise CollectorError(
                Kind.PERMISSION, "the node tells its own address neither by admin_nodeInfo nor otherwise"
            )
        return own in await self.validators(budget)

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

    async def _consensus_answer(self, what: str, budget: Budget) -> tuple[str, Any]:
        answers = await self.answers.get(budget)
        methods = {getattr(api, what): name for name, api in APIS.items() if getattr(api, what) in answers}
        for method, name in methods.items():
            if not isinstance(answers[method], CollectorError):
                return name, answers[method]
        self.api.name = None
        first_answer([answers[method] for method in methods])
        raise CollectorError(Kind.PERMISSION, "no consensus API")

    async def _answer(self, method: str, budget: Budget) -> Any:
        answers = await self.answers.get(budget)
        answer = answers.get(method, CollectorError(Kind.PERMISSION, f"{method}: not asked"))
        if isinstance(answer, CollectorError):
            raise CollectorError.of(answer.failure)
        return answer

    async def _ask(self, budget: Budget) -> Mapping[str, Any]:
        calls = list(self._calls())
        answers = await self.client.many(calls, budget)
        return {method: answer for (method, _), answer in zip(calls, answers, strict=True)}

    def _calls(self) -> list[Call]:
        calls: list[Call] = [(name, []) for name in BASIC]
        if self.role == "light":
            return calls
        calls += [(name, []) for name in (*FULL, *(() if "txpool" in self.skip else POOL))]
        if not self.consensus:
            return calls
        for name in self.api.candidates():
            calls += [(APIS[name].validators, ["latest"]), (APIS[name].votes, [])]
        if "validator_peers" not in self.skip:
            calls.append(("admin_peers", []))
        if "validator_peers" not in self.skip or self.role == "validator":
            calls += [(name, []) for name in OWN]
        return calls
