"""`nodes/NODE/disks/zfs` and each pool's detail: a pool is healthy only down to its last device.

A pool whose root says ONLINE may have a degraded mirror, a device with errors, or damaged files. Sections such as
`logs`, `cache` and `spares` have no state of their own; a spare says AVAIL, or INUSE while it stands in for a device, and
has no counters. A tree without devices, or with one that does not say its state, shows bad states only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, text

from .rows import Row, Rows, count, path_name, read_rows, rows, unreadable

MAX_POOLS = 32
MAX_DEVICES = 5_000
GOOD = frozenset({"ONLINE", "AVAIL", "INUSE"})
BAD = frozenset({"DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED"})
SPARE = frozenset({"AVAIL", "INUSE"})
COUNTERS = ("read", "write", "cksum")
NO_ERRORS = "No known data errors"


@dataclass(frozen=True, kw_only=True)
class PoolRow:
    """A pool as the list has it."""

    name: str
    health: str
    size: float | None
    allocated: float | None
    fragmentation_ratio: float | None


@dataclass(frozen=True, kw_only=True)
class PoolDetail:
    """`devices` are the states of everything in the tree that has one, the root included.

    `complete` when there is a device below the root and each says its state; `device_errors` is None when a counter is missing.
    """

    devices: tuple[str, ...]
    errors: str
    device_errors: int | None
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Both answers about one pool; `detail` is None when only the list could be had."""

    row: PoolRow
    detail: PoolDetail | None

    @property
    def healthy(self) -> bool | None:
        """None when it is not known: the detail or a device's state is missing, or a state is one that we do not know."""
        if self.row.health in BAD:
            return False
        if self.detail is None:
            return None
        if any(state in BAD for state in self.detail.devices) or self.detail.errors != NO_ERRORS:
            return False
        return True if self.detail.complete and {self.row.health, *self.detail.devices} <= GOOD else None

    @property
    def devices_not_online(self) -> int | None:
        """Devices and groups below the root that are not in a good state; None while one's state is missing."""
        if self.detail is None or not self.detail.complete:
            return None
        return sum(state not in GOOD for state in self.detail.devices[1:])


@dataclass(frozen=True, kw_only=True)
class Zfs:
    """A node's pools; none where ZFS is not installed. `complete` when every row of the list could be read."""

    pools: tuple[Pool, ...]
    complete: bool = True


def parse_pools(data: Any) -> Rows[str, PoolRow]:
    """Pools by name; one that is missing here makes the list incomplete, so that it is missed."""
    found = rows(data, "disks/zfs")
    if len(found) > MAX_POOLS:
        raise CollectorError(Kind.LIMIT, f"disks/zfs: {len(found)} pools, over {MAX_POOLS}")
    return read_rows(found, _pool)


def _pool(row: Row) -> tuple[str, PoolRow] | None:
    name, health, percent = path_name(row.get("name")), text(row.get("health")), amount(row.get("frag"))
    if name is None or health is None:
        return None
    return name, PoolRow(
        name=name,
        health=health,
        size=amount(row.get("size")),
        allocated=amount(row.get("alloc")),
        fragmentation_ratio=None if percent is None else percent / 100,
    )


def parse_pool_detail(data: Any) -> PoolDetail:
    """Strict about states and errors; one counter that is missing, or is no count, leaves the sum unknown."""
    if not isinstance(data, Mapping):
        raise unreadable("disks/zfs/POOL: not an object")
    state, errors = text(data.get("state")), text(data.get("errors"))
    if state is None or errors is None or not isinstance(data.get("children"), list):
        raise unreadable("disks/zfs/POOL: without state, errors or children")
    tree = list(_below(data))
    states = [row["state"] for row in tree if "state" in row]
    if not all(isinstance(state, str) for state in states):
        raise unreadable("disks/zfs/POOL: a device whose state is no text")
    leaves = [row for row in tree if not row.get("children")]
    return PoolDetail(
        devices=(state, *states),
        errors=errors,
        device_errors=_device_errors(leaves),
        complete=bool(leaves) and all("state" in row for row in leaves),
    )


def _device_errors(leaves: Sequence[Row]) -> int | None:
    counted = [row for row in leaves if row.get("state") not in SPARE or any(key in row for key in COUNTERS)]
    counters = [count(row.get(key)) for row in counted for key in COUNTERS]
    known = [number for number in counters if number is not None]
    return sum(known) if known and len(known) == len(counters) else None


def _below(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every row below the root, without recursion: depth is the source's choice."""
    pending, seen = [root], 0
    while pending:
        children = pending.pop().get("children", [])
        if not isinstance(children, list) or not all(isinstance(child, Mapping) for child in children):
            raise unreadable("disks/zfs/POOL: children that are not objects")
        seen += len(children)
        if seen > MAX_DEVICES:
            raise CollectorError(Kind.LIMIT, f"disks/zfs/POOL: more than {MAX_DEVICES} devices")
        yield from children
        pending.extend(children)
