"""`cluster/status`: quorum and membership as corosync has them. The verdict leans on it, so it is read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import flag, number, text

from .rows import Row, count, path_name, read_rows, rows, unreadable

MAX_NODES = 1_000  # Proxmox itself recommends no more than 32; a longer list is not a cluster


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A standalone node has no name, no quorum and no corosync configuration; of a node in doubt `online` is None."""

    name: str | None
    quorate: bool | None
    online: Mapping[str, bool | None]
    config_version: int | None = None  # of corosync.conf: it grows with each change of nodes, votes or QDevice

    @property
    def standalone(self) -> bool:
        return self.quorate is None

    @property
    def identity(self) -> str:
        """What tells one cluster from another: its name, or the node's that stands alone."""
        return named(self.name) if not self.standalone else f"standalone node {', '.join(sorted(self.online))}"

    @property
    def members(self) -> tuple[str, ...]:
        """The nodes that are online for certain."""
        return tuple(name for name, online in self.online.items() if online)

    @property
    def serves(self) -> bool | None:
        """Quorate (or standalone) with a node online; None when rows about nodes leave it open."""
        if self.quorate is False:
            return False
        if self.members:
            return True
        return None if None in self.online.values() else False


def named(name: str | None) -> str:
    """The identity of the cluster with this name."""
    return f"cluster {name}"


def parse_cluster(data: Any) -> Cluster:
    """One cluster at most, and as many nodes as it says it has; rows in any order."""
    found = rows(data, "cluster/status")
    heads = read_rows([row for row in found if _is(row, "cluster")], _head)
    nodes = read_rows([row for row in found if _is(row, "node") or not isinstance(row, Mapping)], _node)
    online = {**nodes.found, **dict.fromkeys(nodes.doubtful)}
    if not 1 <= len(online) <= MAX_NODES:
        raise unreadable(f"cluster/status: {len(online)} nodes")
    if not any(_is(row, "cluster") for row in found):
        if len(online) > 1 or not nodes.complete:
            raise unreadable(f"cluster/status: {len(found)} rows without the cluster's own")
        return Cluster(name=None, quorate=None, online=online)
    head = heads.found.get("cluster")
    if head is None or not heads.complete:
        raise unreadable("cluster/status: quorate is not 0 or 1, or contradicts itself")
    if head.nodes != len(online):
        # A shortened list must not look like a smaller, healthy cluster.
        raise unreadable(f"cluster/status: {len(online)} of {head.nodes or 0:g} nodes are listed")
    return Cluster(name=head.name, quorate=head.quorate, online=online, config_version=head.config_version)


@dataclass(frozen=True, kw_only=True)
class _Head:
    name: str | None
    quorate: bool
    nodes: float | None
    config_version: int | None


def _is(row: Any, kind: str) -> bool:
    return isinstance(row, Mapping) and row.get("type") == kind


def _head(row: Row) -> tuple[str, _Head] | None:
    quorate = flag(row.get("quorate"))
    if quorate is None:
        return None
    return "cluster", _Head(
        name=text(row.get("name")),
        quorate=quorate,
        nodes=number(row.get("nodes")),
        config_version=count(row.get("version")),
    )


def _node(row: Row) -> tuple[str, bool | None] | None:
    """Name and presence; a node that is named without `online` 0 or 1 is in doubt."""
    name = path_name(row.get("name"))
    return None if name is None else (name, flag(row.get("online")))
