"""What a node said, parsed once into frozen values; every quantity of Ethereum's JSON-RPC is a hex string.

The head decides the verdict, so its number and timestamp must be there; everything else may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.loose import hex_int, text

MAX_TIMESTAMP = 1 << 40  # some 30,000 years; beyond it a header is nonsense, not a date


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest block's header, as far as it is needed."""

    number: int
    timestamp: int
    transactions: int | None
    gas_used_ratio: float | None

    def age_seconds(self, now: float) -> float:
        return now - self.timestamp


@dataclass(frozen=True, kw_only=True)
class Chain:
    chain_id: int
    client_version: str | None


def parse_head(block: Any) -> Head:
    """`eth_getBlockByNumber("latest", false)`."""
    if not isinstance(block, Mapping):
        raise _unreadable("eth_getBlockByNumber: no block")
    number, timestamp = hex_int(block.get("number")), hex_int(block.get("timestamp"))
    if number is None or timestamp is None or timestamp > MAX_TIMESTAMP:
        raise _unreadable("eth_getBlockByNumber: no number or no timestamp")
    transactions = block.get("transactions")
    return Head(
        number=number,
        timestamp=timestamp,
        transactions=len(transactions) if isinstance(transactions, list) else None,
        gas_used_ratio=_ratio(hex_int(block.get("gasUsed")), hex_int(block.get("gasLimit"))),
    )


def parse_quantity(value: Any, method: str) -> int:
    found = hex_int(value)
    if found is None:
        raise _unreadable(f"{method}: not a quantity")
    return found


def parse_syncing(value: Any) -> bool:
    """`eth_syncing`: false, or an object that Besu may leave behind with current == highest (its issue 2253)."""
    if value is False:
        return False
    if not isinstance(value, Mapping):
        raise _unreadable("eth_syncing: neither false nor an object")
    current, highest = hex_int(value.get("currentBlock")), hex_int(value.get("highestBlock"))
    if current is None or highest is None:
        raise _unreadable("eth_syncing: no currentBlock or no highestBlock")
    return current < highest


def parse_client_version(value: Any) -> str:
    found = text(value)
    if found is None:
        raise _unreadable("web3_clientVersion: not a text")
    return found


def _ratio(used: int | None, limit: int | None) -> float | None:
    return used / limit if used is not None and limit else None


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
