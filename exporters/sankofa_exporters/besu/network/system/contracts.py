"""Logs of contracts named by the module: permission changes, and the events of SLA contracts with the gas they used.

A bounded range of blocks each probe, from a cursor that moves only when everything of the range was read. Asked of a
witness that has the whole range: one that lags would answer with fewer logs, and no error. A restart begins at the head.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.client.receipts import gas_of
from sankofa_exporters.besu.network.snapshot.logs import parse_logs
from sankofa_exporters.besu.network.system.stream import PERMISSION_EVENT
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.rpc.snapshot.keys import keccak256
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.budget import Budget

OTHER = "other"
_TERMS = (  # a struct is a tuple of its parts
    "(address,address,bytes32,bytes16,uint32,uint16,bytes3,uint8,uint72,uint32,uint72,uint56,uint8,uint8,"
    "uint32,uint32,uint32,uint32,uint32,uint32,uint32,(bytes32,(uint32,uint32)[])[])"
)
SLA_EVENTS = (
    "AgreementAccepted(bytes32,uint16,address,uint32,bytes32)",
    f"AgreementProposed(bytes32,address,uint16,uint48,{_TERMS})",
    "AgreementTerminated(bytes32,address,uint32)",
    "CalendarPublished(bytes16,uint48[])",
    "FixedCalendarPublished(bytes16,uint48,uint32,uint32)",
    "ProposalWithdrawn(bytes32,address,uint16)",
    "AttestorsAnnounced(address[],uint8,uint48)",
    "AttestorsSet(uint32,bytes32,address[],uint8)",
    "CreditRedeemed(bytes32,bytes32,uint80)",
    "DisputeResolved(bytes32,uint32,uint8,uint8,uint8,uint64,uint64,bytes32,uint32,bytes32)",
    "DisputeWithdrawn(bytes32,uint32,uint8,uint8,address)",
    "PeriodRootRecorded(bytes16,uint32,uint8,bytes32,uint32)",
    "RedemptionAnnounced(bytes32,bytes32,address,uint80,uint48,uint32)",
    "RedemptionObjected(bytes32,bytes32)",
    "RoleChangeAnnounced(uint8,address,uint48)",
    "RoleChanged(uint8,address,address)",
    "RowSkipped(bytes32,uint32,uint8,uint8,bytes4)",
    "SettlementDisputed(bytes32,uint32,uint8,uint8,address,bytes32,bytes32)",
    "SettlementFinalized(bytes32,uint32,uint8,uint8,uint80,int96,bool)",
    "SettlementReported(bytes32,uint32,uint8,uint8,uint64,uint64,bytes32,uint32,uint48,uint32)",
)


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
            gas_used = await gas_of(client, sorted({log.transaction for log in mine}), budget)
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
