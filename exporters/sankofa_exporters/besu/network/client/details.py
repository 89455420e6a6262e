"""What describes a network and is asked seldom: how many transactions wait, and who decides the next block."""

from __future__ import annotations

from sankofa_exporters.besu.node.snapshot import Pool, parse_besu_pool, parse_pool_status
from sankofa_exporters.besu.rpc.client import Call, RpcClient, is_missing, result_of
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import APIS, BY_DIALECT, NEXT, parse_validators
from sankofa_exporters.probe.budget import Budget


async def ask_waiting(client: RpcClient, budget: Budget) -> Pool | None:
    """The node's pool; None when it has no such API. Raises `CollectorError` for everything else."""
    besu, other = await client.many([("txpool_besuStatistics", []), ("txpool_status", [])], budget)
    for answer, parse in ((besu, parse_besu_pool), (other, parse_pool_status)):
        if not is_missing(answer):
            return parse(result_of(answer))
    return None


async def ask_next_validators(client: RpcClient, dialect: str, budget: Budget) -> tuple[bytes, ...] | None:
    """The set of the block that is yet to be made; None when no API tells it. Raises `CollectorError` otherwise."""
    methods = [APIS[name].validators for name in BY_DIALECT.get(dialect, ()) if APIS[name].tells_next]
    calls: list[Call] = [(method, [NEXT]) for method in methods]
    for method, answer in zip(methods, await client.many(calls, budget) if calls else (), strict=True):
        if not is_missing(answer):
            return parse_validators(result_of(answer), method)
    return None
