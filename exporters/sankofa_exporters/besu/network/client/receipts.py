"""The receipts of blocks that have transactions: one batch, or two where the node knows no receipts by block."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sankofa_exporters.besu.network.snapshot.receipts import METHOD, Receipt, parse_receipts
from sankofa_exporters.besu.rpc.client import Call, RpcClient, is_missing, result_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.coerce import hex_int, text

RECEIPTS_AT_ONCE = 100


async def receipts_of(
    client: RpcClient, blocks: Mapping[int, int | None], contracts: Collection[str], budget: Budget
) -> list[Receipt]:
    """Of these blocks, each with its number of transactions where a header has it; raises `CollectorError`.

    A node without receipts by block is asked for those of transactions sent to the contracts: what a contract emits when
    another one calls it is then not seen.
    """
    answers = await client.many([(METHOD, [hex(number)]) for number in blocks], budget)
    if all(map(is_missing, answers)):
        return await _by_transaction(client, list(blocks), contracts, budget)
    return await in_thread(_parsed, answers, blocks)


def _parsed(answers: Sequence[Any], blocks: Mapping[int, int | None]) -> list[Receipt]:
    found: list[Receipt] = []
    for answer, (number, expected) in zip(map(result_of, answers), blocks.items(), strict=True):
        found += parse_receipts(answer, number=number, expected=expected)
    return found


async def _by_transaction(
    client: RpcClient, numbers: Sequence[int], contracts: Collection[str], budget: Budget
) -> list[Receipt]:
    blocks = await client.many([("eth_getBlockByNumber", [hex(number), True]) for number in numbers], budget)
    sent = [
        (number, transaction)
        for number, block in zip(numbers, blocks, strict=True)
        for transaction in _sent_to(result_of(block), number, contracts)
    ]
    found: list[Receipt] = []
    for start in range(0, len(sent), RECEIPTS_AT_ONCE):
        chunk = sent[start : start + RECEIPTS_AT_ONCE]
        calls: list[Call] = [("eth_getTransactionReceipt", [transaction]) for _, transaction in chunk]
        for (number, _), answer in zip(chunk, await client.many(calls, budget), strict=True):
            found += parse_receipts([result_of(answer)], number=number, expected=1)
    return found


def _sent_to(block: Any, number: int, contracts: Collection[str]) -> list[str]:
    transactions = block.get("transactions") if isinstance(block, Mapping) else None
    if not isinstance(transactions, list) or not all(isinstance(one, Mapping) for one in transactions):
        raise CollectorError(Kind.DECODE, f"eth_getBlockByNumber: no transactions of block {number}")
    hashes = [text(one.get("hash")) for one in transactions if str(one.get("to")).lower() in contracts]
    if None in hashes:
        raise CollectorError(Kind.DECODE, f"eth_getBlockByNumber: a transaction of block {number} without a hash")
    return [one for one in hashes if one is not None]


async def gas_of(client: RpcClient, transactions: Sequence[str], budget: Budget) -> int:
    """Gas used by these transactions; raises `CollectorError` when one receipt is missing."""
    total = 0
    for start in range(0, len(transactions), RECEIPTS_AT_ONCE):
        chunk = transactions[start : start + RECEIPTS_AT_ONCE]
        for receipt in await client.many([("eth_getTransactionReceipt", [one]) for one in chunk], budget):
            found = result_of(receipt)
            used = hex_int(found.get("gasUsed")) if isinstance(found, Mapping) else None
            if used is None:
                raise CollectorError(Kind.DECODE, "eth_getTransactionReceipt: no gasUsed")
            total += used
    return total
