"""`cluster/resources`: nodes, guests and storages as they last described themselves. Read leniently, key by key.

Rows of other types (pool, sdn and, since 9, network) are left out. A guest's row outlives its node by five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, flag, text

from .rows import rows

GuestState = Literal["running", "stopped", "other", "unknown", "template"]


@dataclass(frozen=True, kw_only=True)
class Node:
    name: str
    online: bool | None
    cpu_ratio: float | None
    cpus: float | None
    memory_used: float | None
    memory: float | None
    root_used: float | None
    root: float | None
    uptime_seconds: float | None


class Guest(NamedTuple):
    """A tuple, because a frozen dataclass takes four times as long to make, and there may be thousands."""

    id: str
    kind: str
    name: str
    node: str
    status: str
    template: bool
    cpu_ratio: float | None
    memory_used: float | None
    memory: float | None
    uptime_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Storage:
    name: str
    node: str
    kind: str
    shared: bool
    status: str
    used: float | None
    size: float | None


@dataclass(frozen=True, kw_only=True)
class Resources:
    nodes: tuple[Node, ...]
    guests: tuple[Guest, ...]
    storages: tuple[Storage, ...]
    complete: bool  # every row could be read, and there is a node among them; else a count would be a guess


def parse_resources(data: Any) -> Resources:
    """Lenient: rows without identity are left out, odd values become absent."""
    nodes: list[Node] = []
    guests: list[Guest] = []
    storages: list[Storage] = []
    complete = True
    for row in rows(data, "cluster/resources"):
        match row.get("type"):
            case "node" if text(row.get("node")):
                nodes.append(_node(row))
            case "qemu" | "lxc" if text(row.get("id")) and text(row.get("node")):
                guests.append(_guest(row))
            case "storage" if text(row.get("storage")) and text(row.get("node")):
                storages.append(_storage(row))
            case kind:
                # Of a type that we do not count (sdn, pool, network), or a row that lost its identity.
                complete = complete and text(kind) is not None and kind not in {"node", "qemu", "lxc", "storage"}
    if not complete and not (nodes or guests or storages):
        raise CollectorError(Kind.DECODE, "cluster/resources: no row that can be read")
    return Resources(
        nodes=tuple(nodes), guests=tuple(guests), storages=tuple(storages), complete=complete and bool(nodes)
    )


def _node(row: Mapping[str, Any]) -> Node:
    status = row.get("status")
    return Node(
        name=row["node"],
        online={"online": True, "offline": False}.get(status) if isinstance(status, str) else None,
        cpu_ratio=amount(row.get("cpu")),
        cpus=amount(row.get("maxcpu")),
        memory_used=amount(row.get("mem")),
        memory=amount(row.get("maxmem")),
        root_used=amount(row.get("disk")),
        root=amount(row.get("maxdisk")),
        uptime_seconds=amount(row.get("uptime")),
    )


def _guest(row: Mapping[str, Any]) -> Guest:
    return Guest(
        id=row["id"],
        kind=row["type"],
        name=text(row.get("name")) or "",
        node=row["node"],
        status=text(row.get("status")) or "unknown",
        template=flag(row.get("template")) or False,
        cpu_ratio=amount(row.get("cpu")),
        memory_used=amount(row.get("mem")),
        memory=amount(row.get("maxmem")),
        uptime_seconds=amount(row.get("uptime")),
    )


def _storage(row: Mapping[str, Any]) -> Storage:
    return Storage(
        name=row["storage"],
        node=row["node"],
        kind=text(row.get("plugintype")) or "",
        shared=flag(row.get("shared")) or False,
        status=text(row.get("status")) or "unknown",
        used=amount(row.get("disk")),
        size=amount(row.get("maxdisk")),
    )
