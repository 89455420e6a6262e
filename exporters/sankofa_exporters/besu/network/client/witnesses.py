"""The heads that the witnesses of a network give, and which of them can be believed together.

A witness that refuses, hangs, lies about its clock or belongs to another chain is not counted, and its failure is reported.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sankofa_exporters.besu.network.snapshot.heads import Heads, Sighting
from sankofa_exporters.besu.node.snapshot import parse_head, parse_quantity
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget


@dataclass(frozen=True, kw_only=True)
class Witness:
    """One node that is asked for a network."""

    name: str
    client: RpcClient


async def look(witnesses: Sequence[Witness], module: BesuModule, clock: Callable[[], float], budget: Budget) -> Heads:
    """Ask all at the same time, none longer than its share; raises `CollectorError` when nobody can be believed."""
    share = budget.slice(module.witness_timeout_seconds)
    answers = await asyncio.gather(*(_ask(one, module, clock, share) for one in witnesses))
    found = [one for one in answers if isinstance(one, Sighting)]
    failures = {one.name: answer for one, answer in zip(witnesses, answers, strict=True) if isinstance(answer, Failure)}
    chain_id = module.chain_id or _common_chain(found)
    strangers = [one for one in found if one.chain_id != chain_id]
    failures |= {
        one.witness: Failure(kind=Kind.DECODE, reason=f"another chain: its id is {one.chain_id}") for one in strangers
    }
    believed = tuple(one for one in found if one not in strangers)
    if not believed:
        name, failure = next(iter(failures.items()))
        raise CollectorError(failure.kind, f"no witness can be believed; {name}: {failure.reason}")
    return Heads(believed=believed, failures=failures)


def _common_chain(found: Sequence[Sighting]) -> int | None:
    """The chain that most witnesses are of; None when it is disputed."""
    ranked = Counter(one.chain_id for one in found).most_common(2)
    disputed = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    return ranked[0][0] if ranked and not disputed else None


async def _ask(witness: Witness, module: BesuModule, clock: Callable[[], float], budget: Budget) -> Sighting | Failure:
    asked_at = clock()
    try:
        block, chain = await witness.client.many(
            [("eth_getBlockByNumber", ["latest", False]), ("eth_chainId", [])], budget
        )
        for answer in (block, chain):
            if isinstance(answer, CollectorError):
                return answer.failure
        head = replace(parse_head(block), asked_at=asked_at)
        chain_id = parse_quantity(chain, "eth_chainId")
    except CollectorError as error:
        return error.failure
    if head.age_seconds(clock()) < -module.max_clock_skew_seconds:
        return Failure(kind=Kind.STALE, reason="the head's timestamp is in the future; compare the clocks")
    return Sighting(witness=witness.name, head=head, chain_id=chain_id, block=block)
