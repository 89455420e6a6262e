"""Counters of contracts by their receipts: transactions, reverts, gas and named events, each block once.

A cursor stands on the last counted block and moves only when all receipts up to there were read. With a `cursor_file` it
outlives the process: what happened while no exporter ran is counted by the next one. Killed between counting and writing it
counts the last probe's blocks again. The file says whose it is, so that two networks that share a path never take each other's.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.client.receipts import receipts_of
from sankofa_exporters.besu.network.snapshot.receipts import Receipt
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.model.rejected import Reason, reject
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.coerce import text

from .contracts import OTHER, topics_of

log = logging.getLogger(__name__)
Owner = Mapping[str, Any]  # the network that a cursor is of, as JSON has it
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
    witnesses: tuple[str, ...] = ()
    file: Path | None = None
    owner: Owner | None = None  # of the cursor in the file; None before it was looked at
    cursor: int | None = None
    at_once: int = BLOCKS_AT_ONCE
    transactions: Counter[str] = field(default_factory=Counter)
    reverts: Counter[str] = field(default_factory=Counter)
    gas_used: Counter[str] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @classmethod
    def of(cls, module: BesuModule, witnesses: Iterable[str] = ()) -> Executions:
        watched = {*module.permission_contracts, *module.sla_contracts}
        labels = {address: address for address in sorted(watched)}
        labels |= {address: name for name, address in module.contracts.items()}
        names = topics_of((*SECURITY_EVENTS, *module.sla_events, *module.contract_events))
        return cls(labels=labels, names=names, file=module.cursor_file, witnesses=tuple(sorted(witnesses)))

    async def advance(self, head: Seen, view: ChainView, budget: Budget) -> None:
        """Count the next blocks up to `head`; raises `CollectorError`, and then has counted none of them."""
        async with self.lock:
            if self.cursor is None or head.number + LOST_BLOCKS < self.cursor:
                self.cursor = await self._begin(head, budget)
            if head.number <= self.cursor:
                return
            last = min(head.number, self.cursor + self.at_once)
            receipts = await self._read(head, view, range(self.cursor + 1, last + 1), budget)
            for receipt in receipts:
                self._count(receipt)
            self.cursor = last
            await self._store()

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

    async def _begin(self, head: Seen, budget: Budget) -> int:
        """Where the last process stood, or at the head."""
        if self.file is None:
            return head.number
        self.owner = {
            "chain_id": head.chain_id,
            "genesis": await _genesis(head.client, budget),
            "witnesses": list(self.witnesses),
            "contracts": sorted(self.labels),
        }
        stored = None if self.cursor is not None else await in_thread(_load, self.file)
        if stored is not None and stored.get("network") != self.owner:
            reject(Reason.UNREADABLE)
            log.warning(
                "cursor of another network: counting begins at the head; with {target} in cursor_file each has its own",
                extra={"file": str(self.file), "block": head.number},
            )
            stored = None
        block = None if stored is None else stored.get("block")
        return block if type(block) is int and 0 <= head.number - block <= LOST_BLOCKS else head.number

    async def _store(self) -> None:
        if self.file is None or self.owner is None or self.cursor is None:
            return
        try:
            await in_thread(_save, self.file, self.owner, self.cursor)
        except OSError as error:
            log.warning("cursor not stored", extra={"file": str(self.file), "reason": error.strerror})


async def _genesis(client: RpcClient, budget: Budget) -> str:
    """The hash of block 0, which tells networks of one chain id apart; empty for a node that does not have the block."""
    block = await client.call("eth_getBlockByNumber", ["0x0", False], budget)
    return (text(block.get("hash")) or "") if isinstance(block, Mapping) else ""


def _load(file: Path) -> Mapping[str, Any] | None:
    """What the last process wrote; None for a file that is empty or broken."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _save(file: Path, owner: Owner, block: int) -> None:
    """In one step, so that a crash leaves the old cursor or the new one."""
    beside = file.with_name(f".{file.name}.new")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps({"network": owner, "block": block}) + "\n", encoding="utf-8")
    beside.replace(file)
