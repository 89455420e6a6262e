"""Logs of contracts named by the module: permission changes, and the events of SLA contracts with the gas they used.

A bounded range of blocks each probe, from a cursor that moves only when everything of the range was read. Asked of a
witness that has the whole range: one that lags would answer with fewer logs, and no error. A restart begins at the head.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.system.stream import PERMISSION_EVENT
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import parse_address
from sankofa_exporters.besu.rpc.snapshot.keys import keccak256, text_of
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading.coerce import hex_int, text

MAX_LOGS = 10_000  # of one range
RECEIPTS_AT_ONCE = 100
OTHER = "other"
SLA_EVENTS = (
    "AgreementProposed(bytes32,address,address,bytes32,bytes32)",
    "AgreementActivated(bytes32)",
    "AgreementTerminated(bytes32,address,uint48)",
    "SettlementReported(bytes32,bytes32,bytes32,uint48,uint48,uint64,uint64,uint32,uint96,bytes32,bytes32,uint32,uint48)",
    "SettlementDisputed(bytes32,address,bytes32,bytes32)",
    "DisputeResolved(bytes32,uint8,uint64,uint64,uint32,uint96,uint32,bytes32)",
    "SettlementFinalized(bytes32,bytes32,uint96,uint96)",
    "CreditAccrued(bytes32,bytes32,uint96)",
    "CreditRedeemed(bytes32,bytes32,uint96)",
    "AttestorsSet(uint32,bytes32,address[],uint8)",
)


class Log(NamedTuple):
    """What is needed of a log."""

    number: int
    address: str
    topic: str
    transaction: str


def topics_of(signatures: Sequence[str]) -> dict[str, str]:
    """Topic to event name."""
    return {
        "0x" + keccak256(signature.encode()).hex(): signature.partition("(")[0]
        for signature in (*SLA_EVENTS, *signatures)
    }


@dataclass(kw_only=True)
class ContractWatch:
    """Counters of one network's contracts."""

    module: BesuModule
    cursor: int | None = None
    permission_changes: int = 0
    sla_events: Counter[str] = field(default_factory=Counter)
    sla_gas_used: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)  # two scrapes must not count one range twice

    def __post_init__(self) -> None:
        self.names = topics_of(self.module.sla_events)

    @property
    def addresses(self) -> list[str]:
        return [*self.module.permission_contracts, *self.module.sla_contracts]

    async def advance(self, client: RpcClient, head: int, budget: Budget) -> None:
        """Read the next range up to `head`, which `client` has."""
        async with self.lock:
            if self.cursor is None:
                self.cursor = head
            if head <= self.cursor:
                return
            low, high = self.cursor + 1, min(head, self.cursor + self.module.logs_range_blocks)
            wanted = {"fromBlock": hex(low), "toBlock": hex(high), "address": self.addresses}
            logs = parse_logs(await client.call("eth_getLogs", [wanted], budget), low, high)
            mine = [log for log in logs if log.address in self.module.sla_contracts]
            gas_used = await _gas(client, sorted({log.transaction for log in mine}), budget)
            self.permission_changes += sum(log.address in self.module.permission_contracts for log in logs)
            self.sla_events.update(self.names.get(log.topic, OTHER) for log in mine)
            self.sla_gas_used += gas_used
            self.cursor = high

    def samples(self) -> Iterator[Sample]:
        if self.module.permission_contracts:
            yield Sample(f.SECURITY_EVENTS, self.permission_changes, (PERMISSION_EVENT,))
        if self.module.sla_contracts:
            for name in sorted({*self.names.values(), OTHER}):
                yield Sample(f.SLA_EVENTS, self.sla_events[name], (name,))
            yield Sample(f.SLA_GAS, self.sla_gas_used)


def parse_logs(value: Any, low: int, high: int) -> list[Log]:
    """`eth_getLogs`: strict, because a log that is left out would be an event that never happened."""
    if not isinstance(value, list):
        raise CollectorError(Kind.DECODE, "eth_getLogs: no list")
    if len(value) > MAX_LOGS:
        raise CollectorError(Kind.LIMIT, f"eth_getLogs: more than {MAX_LOGS} logs; lower logs_range_blocks")
    found: dict[tuple[int, str, int], Log] = {}
    for item in value:
        if isinstance(item, Mapping) and item.get("removed") is True:
            continue
        index, log = _log(item)
        if not low <= log.number <= high:
            raise CollectorError(Kind.DECODE, "eth_getLogs: a log of another block than those asked for")
        found[log.number, log.transaction, index] = log
    return list(found.values())


def _log(item: Any) -> tuple[int, Log]:
    fields = item if isinstance(item, Mapping) else {}
    number, index = hex_int(fields.get("blockNumber")), hex_int(fields.get("logIndex"))
    topics, transaction = fields.get("topics"), text(fields.get("transactionHash"))
    if number is None or index is None or transaction is None or not isinstance(topics, list):
        raise CollectorError(Kind.DECODE, "eth_getLogs: a log without block, index, transaction or topics")
    topic = topics[0].lower() if topics and isinstance(topics[0], str) else ""
    address = text_of(parse_address(fields.get("address"), "eth_getLogs"))
    return index, Log(number=number, address=address, topic=topic, transaction=transaction)


async def _gas(client: RpcClient, transactions: Sequence[str], budget: Budget) -> int:
    """Gas used by these transactions; raises `CollectorError` when one receipt is missing."""
    total = 0
    for start in range(0, len(transactions), RECEIPTS_AT_ONCE):
        chunk = transactions[start : start + RECEIPTS_AT_ONCE]
        for receipt in await client.many([("eth_getTransactionReceipt", [one]) for one in chunk], budget):
            if isinstance(receipt, CollectorError):
                raise CollectorError.of(receipt.failure)
            used = hex_int(receipt.get("gasUsed")) if isinstance(receipt, Mapping) else None
            if used is None:
                raise CollectorError(Kind.DECODE, "eth_getTransactionReceipt: no gasUsed")
            total += used
    return total
