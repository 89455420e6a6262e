"""What the receipts of a block say about contracts: who was called, whether it failed, what it cost, what was emitted.

A receipt that cannot be read is left out and counted as rejected; a list that is not the block's is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Reason, by_identity, reject
from sankofa_exporters.reading.coerce import hex_int, text

METHOD = "eth_getBlockReceipts"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One transaction's outcome; `contract` is whom it was sent to, None for a creation. Addresses are in lower case."""

    contract: str | None
    reverted: bool
    gas_used: int
    events: tuple[tuple[str, str], ...]  # address and topic


def parse_receipts(value: Any, *, number: int, expected: int | None) -> list[Receipt]:
    """`eth_getBlockReceipts`, or a list of `eth_getTransactionReceipt`; `expected` is how many the verified header has."""
    if not isinstance(value, list):
        raise CollectorError(Kind.DECODE, f"{METHOD}: no list for block {number}")
    if expected is not None and len(value) != expected:
        raise CollectorError(
            Kind.DECODE, f"{METHOD}: {len(value)} receipts for the {expected} transactions of block {number}"
        )
    rows = list(_rows(value, number))
    reject(Reason.UNREADABLE, len(value) - len(rows))
    return list(by_identity(rows).values())


def _rows(value: list[Any], number: int) -> Iterator[tuple[str, Receipt]]:
    for item in value:
        fields = item if isinstance(item, Mapping) else {}
        block = hex_int(fields.get("blockNumber"))
        if block is not None and block != number:
            raise CollectorError(Kind.DECODE, f"{METHOD}: a receipt of block {block} for block {number}")
        transaction, receipt = text(fields.get("transactionHash")), _receipt(fields)
        if block is not None and transaction is not None and receipt is not None:
            yield transaction, receipt


def _receipt(fields: Mapping[str, Any]) -> Receipt | None:
    status, gas_used, to, logs = (fields.get(name) for name in ("status", "gasUsed", "to", "logs"))
    used = hex_int(gas_used)
    events = [_event(log) for log in logs] if isinstance(logs, list) else [None]
    if hex_int(status) not in {0, 1} or used is None or not (to is None or text(to)) or None in events:
        return None
    return Receipt(
        contract=None if to is None else str(to).lower(),
        reverted=hex_int(status) == 0,
        gas_used=used,
        events=tuple(event for event in events if event is not None),
    )


def _event(log: Any) -> tuple[str, str] | None:
    fields = log if isinstance(log, Mapping) else {}
    address, topics = text(fields.get("address")), fields.get("topics")
    if address is None or not isinstance(topics, list):
        return None
    topic = topics[0].lower() if topics and isinstance(topics[0], str) else ""
    return address.lower(), topic
