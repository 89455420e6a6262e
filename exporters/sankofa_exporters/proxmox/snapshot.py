"""What a Proxmox cluster said, parsed once into frozen values.

`cluster/status` decides the verdict, so its parser is strict: a row that cannot be read makes the whole answer
unreadable. `cluster/resources` only describes, so its parser drops what it cannot read, key by key. Payloads of both
are documented by Proxmox' API viewer; numbers may come as strings and absent keys are common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.loose import amount, flag, number, text

MAX_NODES = 1_000  # Proxmox itself recommends no more than 32; a longer list is not a cluster

GuestState = Literal["running", "stopped", "other", "unknown", "template"]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`cluster/status`: a standalone node has no name and no quorum of its own."""

    name: str | None
    quorate: bool | None
    online: Mapping[str, bool]

    @property
    def serves(self) -> bool:
        """Quorate (or standalone), and somebody is there."""
        return self.quorate is not False and any(self.online.values())

    @property
    def margin_votes(self) -> int:
        return sum(self.online.values()) - (len(self.online) // 2 + 1)


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


@dataclass(frozen=True, kw_only=True)
class Guest:
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


@dataclass(frozen=True, kw_only=True)
class Version:
    version: str
    release: str
    repoid: str


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """`access/permissions` of the token itself: path, privilege, and whether it reaches below the path."""

    held: Mapping[str, Mapping[str, bool]]

    def has(self, path: str, privilege: str) -> bool:
        """The nearest listed path decides; a privilege above it counts when it propagates."""
        for candidate in _upwards(path):
            if candidate in self.held:
                propagates = self.held[candidate].get(privilege)
                return propagates is not None and (candidate == path or propagates)
        return False


def _upwards(path: str) -> Iterator[str]:
    while path != "/":
        yield path
        path = path.rpartition("/")[0] or "/"
    yield "/"


def parse_cluster(data: Any) -> Cluster:
    """Strict: one cluster row at most, every node row readable, as many rows as the cluster says it has nodes."""
    rows = _rows(data, "cluster/status")
    heads = [row for row in rows if row.get("type") == "cluster"]
    online = _online([row for row in rows if row.get("type") == "node"])
    if len(heads) > 1 or (not heads and len(online) != 1):
        raise _unreadable(f"cluster/status: {len(heads)} cluster rows and {len(online)} node rows")
    if not heads:
        return Cluster(name=None, quorate=None, online=online)
    quorate, expected = flag(heads[0].get("quorate")), number(heads[0].get("nodes"))
    if quorate is None:
        raise _unreadable("cluster/status: quorate is not 0 or 1")
    if expected != len(online):
        # A shortened list must not look like a smaller, healthy cluster.
        raise _unreadable(f"cluster/status: {len(online)} of {expected or 0:g} nodes are listed")
    return Cluster(name=text(heads[0].get("name")), quorate=quorate, online=online)


def _online(rows: list[Mapping[str, Any]]) -> dict[str, bool]:
    if not 1 <= len(rows) <= MAX_NODES:
        raise _unreadable(f"cluster/status: {len(rows)} node rows")
    found: dict[str, bool] = {}
    for row in rows:
        name, online = text(row.get("name")), flag(row.get("online"))
        if name is None or online is None or name in found:
            raise _unreadable("cluster/status: a node row without a name of its own or without online 0 or 1")
        found[name] = online
    return found


def parse_resources(data: Any) -> Resources:
    """Lenient: rows without identity are left out, odd values become absent."""
    rows = _rows(data, "cluster/resources")
    nodes = [row for row in rows if row.get("type") == "node"]
    return Resources(
        complete=bool(nodes) and all(_identified(row) for row in rows),
        nodes=tuple(_node(row) for row in nodes if text(row.get("node"))),
        guests=tuple(_guest(row) for row in rows if row.get("type") in ("qemu", "lxc") and _has(row, "id", "node")),
        storages=tuple(_storage(row) for row in rows if row.get("type") == "storage" and _has(row, "storage", "node")),
    )


def parse_version(data: Any) -> Version:
    if not isinstance(data, Mapping) or not text(data.get("version")):
        raise _unreadable("version: no version")
    return Version(
        version=data["version"], release=text(data.get("release")) or "", repoid=text(data.get("repoid")) or ""
    )


def parse_permissions(data: Any) -> Permissions:
    if not isinstance(data, Mapping):
        raise _unreadable("access/permissions: not a mapping")
    held = {
        path: {privilege: bool(flag(reach)) for privilege, reach in privileges.items()}
        for path, privileges in data.items()
        if isinstance(privileges, Mapping)
    }
    return Permissions(held=held)


def _rows(data: Any, call: str) -> list[Mapping[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise _unreadable(f"{call}: data is not a list of objects")
    return data


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)


def _identified(row: Mapping[str, Any]) -> bool:
    """The row can be used, or is of a type that we do not count (sdn, pool, network)."""
    match row.get("type"):
        case "node":
            return _has(row, "node")
        case "qemu" | "lxc":
            return _has(row, "id", "node")
        case "storage":
            return _has(row, "storage", "node")
    return text(row.get("type")) is not None


def _has(row: Mapping[str, Any], *keys: str) -> bool:
    return all(text(row.get(key)) for key in keys)


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
