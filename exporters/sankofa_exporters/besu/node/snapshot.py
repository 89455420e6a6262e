"""What a node answered, parsed once into frozen values; every quantity of Ethereum's JSON-RPC is a hex string.

The head decides the verdict, so its number and timestamp must be there; everything else may be absent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.besu.rpc.snapshot.dialects import Undecodable, decode_extra
from sankofa_exporters.besu.rpc.snapshot.keys import address_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, hex_int, text

MAX_PEERS = 1_024
MAX_CLIENTS = 15
OTHER_CLIENT = "other"
ENGINES = (
    "qbft",
    "ibft2",
    "ibft",
    "istanbul",
    "clique",
)  # of a genesis that names two, the later one in a chain's life
LISTING = frozenset({"qbft", "ibft2", "ibft1"})  # dialects whose headers list the validators, unless a contract does
KEY_BYTES = 64
_CLIENT = re.compile(r"[a-z][a-z0-9._-]{0,31}")
MAX_TIMESTAMP = 1 << 40  # some 30,000 years; beyond it a header is nonsense, not a date


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest block's header, as far as it is needed, and when the node was asked for it."""

    number: int
    timestamp: int
    transactions: int | None
    gas_used_ratio: float | None
    lists_validators: bool | None = None  # None for a header of no dialect that we know
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

    @property
    def total(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True, kw_only=True)
class Sync:
    """Whether the node fetches blocks; `distance` is how many it lacks of those it knows of, None when it does not say."""

    syncing: bool
    distance: int | None


@dataclass(frozen=True, kw_only=True)
class Validators:
    """The set of the newest block, and of the block after it where the node tells it."""

    newest: tuple[bytes, ...]
    following: tuple[bytes, ...] | None


@dataclass(frozen=True, kw_only=True)
class Peers:
    """The other validators, the addresses that belong to the keys of connected peers, and the peers by client."""

    validators: tuple[bytes, ...]
    connected: frozenset[bytes]
    clients: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Seconds of the genesis configuration; None for what the node does not show."""

    block: float | None = None
    empty_block: float | None = None
    round_timeout: float | None = None


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
        lists_validators=_lists_validators(block.get("extraData")),
    )


def _lists_validators(extra: Any) -> bool | None:
    try:
        found = decode_extra(bytes.fromhex(extra[2:])) if isinstance(extra, str) and extra[:2] == "0x" else None
    except (Undecodable, ValueError):
        return None
    return None if found is None or found.dialect not in LISTING else bool(found.validators)


def parse_quantity(value: Any, method: str) -> int:
    found = hex_int(value)
    if found is None:
        raise _unreadable(f"{method}: not a quantity")
    return found


def parse_sync(value: Any) -> Sync:
    """`eth_syncing`: false, or an object that Besu may leave behind with current == highest (its issue 2253)."""
    if value is False:
        return Sync(syncing=False, distance=None)
    if not isinstance(value, Mapping):
        raise _unreadable("eth_syncing: neither false nor an object")
    current, highest = hex_int(value.get("currentBlock")), hex_int(value.get("highestBlock"))
    if current is None or highest is None:
        raise _unreadable("eth_syncing: no currentBlock or no highestBlock")
    return Sync(syncing=current < highest, distance=max(0, highest - current))


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


def parse_clients(value: Any) -> Mapping[str, int]:
    """`admin_peers`: how many peers run which client, by the name before the first slash; a few names, then `other`."""
    names = [_client_name(peer.get("name")) for peer in value if isinstance(peer, Mapping)]
    kept = {name for name, _ in Counter(names).most_common(MAX_CLIENTS)}
    return Counter(name if name in kept else OTHER_CLIENT for name in names)


def _client_name(value: Any) -> str:
    """Lower case, as peers write it both ways; a client chooses its own name, so only a plain word is taken over."""
    name = value.partition("/")[0].lower() if isinstance(value, str) else ""
    return name if _CLIENT.fullmatch(name) else OTHER_CLIENT


def parse_periods(value: Any) -> Periods:
    """`admin_nodeInfo`: the BFT part of the genesis configuration; names are compared without regard to case."""
    config = _inside(value, "protocols", "eth", "config")
    for engine in ENGINES:
        found = _lower(config.get(engine))
        if found:
            return Periods(
                block=_milliseconds(found.get("xblockperiodmilliseconds")) or _seconds(found.get("blockperiodseconds")),
                empty_block=_seconds(found.get("emptyblockperiodseconds")),
                round_timeout=_seconds(found.get("requesttimeoutseconds")),
            )
    return Periods()


def _inside(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return _lower(value)


def _lower(value: Any) -> Mapping[str, Any]:
    return {str(key).lower(): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def _seconds(value: Any) -> float | None:
    """Besu writes 0 for an empty-block period that is not set."""
    found = amount(value)
    return found if found and found < MAX_TIMESTAMP else None


def _milliseconds(value: Any) -> float | None:
    found = _seconds(value)
    return None if found is None else found / 1_000


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
