"""Bring the witnesses' headers up to date: a handful of new ones each probe, the whole window when there is none yet.

What one witness cannot give costs that witness only. Reading and recovering signatures is done in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sankofa_exporters.besu.network.client.witnesses import Witness
from sankofa_exporters.besu.network.snapshot.chains import Chains
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.besu.network.snapshot.heads import Heads, Sighting
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.besu.rpc.client import result_of
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread

AT_ONCE = 32  # headers in one batch: some 100 KiB, far more with many transactions
FEW = 4
REWIND = 8  # heights forgotten when a witness shows another parent than before


async def catch_up(
    view: ChainView, witnesses: Mapping[str, Witness], heads: Heads, window_blocks: int, budget: Budget
) -> Chains:
    """Raises `CollectorError` when no witness gives a header that is what it says."""
    names = [one.witness for one in heads.believed]
    tops = await asyncio.gather(
        *(_renew(view, witnesses[one.witness], one, window_blocks, budget) for one in heads.believed)
    )
    failures = {name: top for name, top in zip(names, tops, strict=True) if isinstance(top, Failure)}
    runs = {
        name: view.run(name, top, window_blocks + 1)
        for name, top in zip(names, tops, strict=True)
        if isinstance(top, Header)
    }
    if not runs:
        name, failure = next(iter(failures.items()))
        raise CollectorError(failure.kind, f"{name}: {failure.reason}")
    found = Chains(runs=runs, failures=failures, anchors={})
    return replace(found, anchors=await _anchors(view, witnesses[found.reference], found, budget))


async def _anchors(view: ChainView, reference: Witness, chains: Chains, budget: Budget) -> Mapping[int, Header]:
    lagging = {run[-1].number for run in chains.runs.values()}
    wanted = sorted(number for number in lagging if view.at(reference.name, number) is None)
    try:
        return {header.number: header for header in await fetch(view, reference, wanted, budget)} if wanted else {}
    except CollectorError:
        return {}  # not compared in this probe


async def _renew(
    view: ChainView, witness: Witness, seen: Sighting, window_blocks: int, budget: Budget
) -> Header | Failure:
    """The witness's head, with as much of the window below it as time allowed, newest first."""
    name = witness.name
    try:
        (top,) = await in_thread(view.read, [seen.block])
    except CollectorError as error:
        return error.failure
    _forget_other_history(view, name, top)
    view.learn(name, [top])
    wanted = view.missing(name, max(0, top.number - window_blocks), top.number)
    for start in range(len(wanted), 0, -AT_ONCE):
        try:
            view.learn(name, await fetch(view, witness, wanted[max(0, start - AT_ONCE) : start], budget))
        except CollectorError:
            break  # what is there is enough for a shorter window, and the next probe asks again
    run = view.run(name, top, window_blocks + 1)
    if len(run) <= window_blocks:
        view.drop(name, 0, run[0].number)  # what does not join the head is of an older history
    return top


def _forget_other_history(view: ChainView, name: str, top: Header) -> None:
    view.drop(name, top.number)
    parent = view.at(name, top.number - 1)
    if parent is not None and parent.hash != top.parent_hash:
        view.drop(name, top.number - REWIND)


async def fetch(view: ChainView, witness: Witness, numbers: Sequence[int], budget: Budget) -> list[Header]:
    """The verified headers of these heights; raises `CollectorError` when one is missing or is another's.

    Blocks with thousands of transactions make a body that is over the bound: then they come a few at a time.
    """
    try:
        return await _fetch(view, witness, numbers, budget)
    except CollectorError as error:
        if error.failure.kind is not Kind.LIMIT or len(numbers) <= FEW:
            raise
    found: list[Header] = []
    for start in range(0, len(numbers), FEW):
        found += await _fetch(view, witness, numbers[start : start + FEW], budget)
    return found


async def _fetch(view: ChainView, witness: Witness, numbers: Sequence[int], budget: Budget) -> list[Header]:
    calls: list[tuple[str, list[Any]]] = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
    blocks = await witness.client.many(calls, budget)
    found = await in_thread(view.read, [result_of(block) for block in blocks])
    if [header.number for header in found] != list(numbers):
        raise CollectorError(Kind.DECODE, "eth_getBlockByNumber: another block than the one asked for")
    return found
