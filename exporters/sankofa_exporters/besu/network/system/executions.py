"""Counters of contracts by their receipts: transactions, reverts, gas and named events, each block once.

A cursor stands on the last counted block and moves only when all receipts up to there were read. With a `cursor_file` it
outlives the process: what happened while no exporter ran is counted by the next one. Killed between counting and writing it
counts the last probe's blocks again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.client.receipts import receipts_of
from sankofa_exporters.besu.network.snapshot.receipts import Receipt
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread

from .contracts import OTHER, topics_of

log = logging.getLogger(__name__)
BLOCKS_AT_ONCE = 64
LOST_BLOCKS = 20_000  # a stored cursor further behind is given up, and so is one of a chain that begins anew
# Of OpenZeppelin's access control, ownership, pausing and proxies, as its contracts declare them.
SECURITY_EVENTS = (
    "RoleGranted(bytes32,address,address)",
    "RoleRevoked(bytes32,address,address)",
    "RoleAdminChanged(bytes32,bytes32,bytes32)",
    "OwnershipTransferred(address,address)",
    "Paused(address)",
    "Unpaused(address)",
    "Upgraded(address)",
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The head that receipts are read up to: a verified one where headers are read."""

    witness: str
    client: RpcClient
    chain_id: int
    number: int


@dataclass(kw_only=True)
class Executions:
    """Counters of one network's contracts; `labels` names each address."""

    labels: Mapping[str, str]
    names: Mapping[str, str]
    file: Path | None = None
    cursor: int | None = None
    at_once: int = BLOCKS_AT_ONCE
    transactions: Counter[str] = field(default_factory=Counter)
    reverts: Counter[str] = field(default_factory=Counter)
    gas_used: Counter[str] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @classmethod
    def of(cls, module: BesuModule) -> Executions:
        watched = {*module.permission_contracts, *module.sla_contracts}
        labels = {address: address for address in sorted(watched)}
        labels |= {address: name for name, address in module.contracts.items()}
        names = topics_of((*SECURITY_EVENTS, *module.sla_events, *module.contract_events))
        return cls(labels=labels, names=names, file=module.cursor_file)

    async def advance(self, head: Seen, view: ChainView, budget: Budget) -> None:
        """Count the next blocks up to `head`; raises `CollectorError`, and then has counted none of them."""
        async with self.lock:
            if self.cursor is None or head.number + LOST_BLOCKS < self.cursor:
                self.cursor = await self._begin(head)
            if head.number <= self.cursor:
                return
            last = min(head.number, self.cursor + self.at_once)
            receipts = await self._read(head, view, range(self.cursor + 1, last + 1), budget)
            for receipt in receipts:
                self._count(receipt)
            self.cursor = last
            await self._store(head.chain_id)

    def samples(self) -> Iterator[Sample]:
        if not self.labels:
            return
        named = sorted({*self.names.values(), OTHER})
        contracts = sorted(self.labels.values())
        for family, counts in (
            (f.CONTRACT_TRANSACTIONS, self.transactions),
            (f.CONTRACT_REVERTS, self.reverts),
            (f.CONTRACT_GAS, self.gas_used),
        ):
            for contract in contracts:
                yield Sample(family, counts[contract], (contract,))
        for contract in contracts:
            for event in named:
                yield Sample(f.CONTRACT_EVENTS, self.events[contract, event], (contract, event))
        yield from present((), (f.CONTRACT_BLOCK, self.cursor))

    async def _read(self, head: Seen, view: ChainView, numbers: range, budget: Budget) -> list[Receipt]:
        """Blocks whose verified header has no transactions are not asked for."""
        known = {number: view.at(head.witness, number) for number in numbers}
        wanted = {number: header.transactions if header else None for number, header in known.items()}
        wanted = {number: count for number, count in wanted.items() if count != 0}
        if not wanted:
            return []
        try:
            return await receipts_of(head.client, wanted, self.labels, budget)
        except CollectorError as error:
            if error.failure.kind is Kind.LIMIT:
                self.at_once = max(1, self.at_once // 2)  # fewer blocks fit into a body, or a batch
            raise

    def _count(self, receipt: Receipt) -> None:
        contract = self.labels.get(receipt.contract or "")
        if contract is not None:
            self.transactions[contract] += 1
            self.reverts[contract] += receipt.reverted
            self.gas_used[contract] += receipt.gas_used
        for address, topic in receipt.events:
            if (emitter := self.labels.get(address)) is not None:
                self.events[emitter, self.names.get(topic, OTHER)] += 1

    async def _begin(self, head: Seen) -> int:
        """Where the last process stood, or at the head."""
        stored = (
            None if self.file is None or self.cursor is not None else await in_thread(_load, self.file, head.chain_id)
        )
        if stored is None or not 0 <= head.number - stored <= LOST_BLOCKS:
            return head.number
        return stored

    async def _store(self, chain_id: int) -> None:
        if self.file is None or self.cursor is None:
            return
        try:
            await in_thread(_save, self.file, chain_id, self.cursor)
        except OSError as error:
            log.warning("cursor not stored", extra={"file": str(self.file), "reason": error.strerror})


def _load(file: Path, chain_id: int) -> int | None:
    """The number of a block of this chain; None for a file that is empty, broken or of another chain."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("chain_id") != chain_id or type(found.get("block")) is not int:
        return None
    return int(found["block"])


def _save(file: Path, chain_id: int, block: int) -> None:
    """In one step, so that a crash leaves the old cursor or the new one."""
    beside = file.with_name(f".{file.name}.new")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps({"chain_id": chain_id, "block": block}) + "\n", encoding="utf-8")
    beside.replace(file)
