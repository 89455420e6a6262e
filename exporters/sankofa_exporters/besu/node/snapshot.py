"""What a node said, parsed once into frozen values; every quantity of Ethereum's JSON-RPC is a hex string.

The head decides the verdict, so its number and timestamp must be there; everything else may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.besu.rpc.snapshot.keys import address_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, hex_int, text

MAX_PEERS = 1_024
KEY_BYTES = 64
MAX_TIMESTAMP = 1 << 40  # some 30,000 years; beyond it a header is nonsense, not a date


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest block's header, as far as it is needed, and when the node was asked for it."""

    number: int
    timestamp: int
    transactions: int | None
    gas_used_ratio: float | None
    asked_at: float | None = None

    def age_seconds(self, now: float) -> float:
        return now - self.timestamp

    def judged_at(self, now: float) -> float:
        """It was the newest when the node was asked, or later: what we waited since is no age of the chain's."""
        return now if self.asked_at is None else min(now, self.asked_at)


@dataclass(frozen=True, kw_only=True)
class Chain:
    chain_id: int
    client_version: str | None


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The pool of waiting transactions, by part; `limit` is None when the node does not say."""

    parts: Mapping[str, int]
    limit: int | None


@dataclass(frozen=True, kw_only=True)
class Peers:
    """The other validators, and the addresses that belong to the keys of connected peers."""

    validators: tuple[bytes, ...]
    connected: frozenset[bytes]


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


def parse_besu_pool(value: Any) -> Pool:
    """`txpool_besuStatistics`: decimal numbers, unlike everything else; maxSize may be 0."""
    fields = value if isinstance(value, Mapping) else {}
    local, remote, limit = (_count(fields.get(name)) for name in ("localCount", "remoteCount", "maxSize"))
    if local is None or remote is None:
        raise _unreadable("txpool_besuStatistics: no localCount or no remoteCount")
    return Pool(parts={"local": local, "remote": remote}, limit=limit or None)


def parse_pool_status(value: Any) -> Pool:
    """`txpool_status` of Quorum and geth."""
    fields = value if isinstance(value, Mapping) else {}
    pending, queued = hex_int(fields.get("pending")), hex_int(fields.get("queued"))
    if pending is None or queued is None:
        raise _unreadable("txpool_status: no pending or no queued")
    return Pool(parts={"pending": pending, "queued": queued}, limit=None)


def parse_peer_keys(value: Any) -> frozenset[bytes]:
    """`admin_peers`: the addresses of the peers' node keys; a peer without a readable id is left out."""
    if not isinstance(value, list):
        raise _unreadable("admin_peers: no list")
    if len(value) > MAX_PEERS:
        raise CollectorError(Kind.LIMIT, f"admin_peers: more than {MAX_PEERS} peers")
    keys = [_key(peer) for peer in value]
    if value and not any(keys):
        raise _unreadable("admin_peers: no peer with an id")
    return frozenset(address_of(key) for key in keys if key)


def parse_node_key(value: Any) -> bytes:
    """`admin_nodeInfo`: the address of the node's own key."""
    key = _key(value)
    if key is None:
        raise _unreadable("admin_nodeInfo: no id")
    return address_of(key)


def _key(node: Any) -> bytes | None:
    """The public key in `id` (Besu; 0x or not), or in `enode` (Quorum's id is a hash of it)."""
    fields = node if isinstance(node, Mapping) else {}
    enode = fields.get("enode")
    written = (enode.removeprefix("enode://").partition("@")[0] if isinstance(enode, str) else None, fields.get("id"))
    for one in written:
        try:
            key = bytes.fromhex(one.removeprefix("0x")) if isinstance(one, str) else b""
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    return None


def _count(value: Any) -> int | None:
    found = amount(value) if not isinstance(value, str) else None
    return int(found) if found is not None and found < MAX_TIMESTAMP else None


def _ratio(used: int | None, limit: int | None) -> float | None:
    return used / limit if used is not None and limit else None


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
