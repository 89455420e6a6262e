"""`cluster/status`: quorum and membership by corosync's own word. The verdict leans on it, so it is read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import flag, number, text

from .rows import count, path_name, rows, unreadable

MAX_NODES = 1_000  # Proxmox itself recommends no more than 32; a longer list is not a cluster


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A standalone node has no name, no quorum and no corosync configuration."""

    name: str | None
    quorate: bool | None
    online: Mapping[str, bool]
    config_version: int | None = None  # of corosync.conf: it grows with each change of nodes, votes or QDevice

    @property
    def standalone(self) -> bool:
        return self.quorate is None

    @property
    def serves(self) -> bool:
        """Quorate (or standalone), and somebody is there."""
        return self.quorate is not False and any(self.online.values())


def parse_cluster(data: Any) -> Cluster:
    """One cluster row at most, every node row readable, as many rows as the cluster says it has nodes; in any order."""
    found = rows(data, "cluster/status")
    heads = [row for row in found if row.get("type") == "cluster"]
    online = _online([row for row in found if row.get("type") == "node"])
    if len(heads) > 1 or (not heads and len(online) != 1):
        raise unreadable(f"cluster/status: {len(heads)} cluster rows and {len(online)} node rows")
    if not heads:
        return Cluster(name=None, quorate=None, online=online)
    quorate, expected = flag(heads[0].get("quorate")), number(heads[0].get("nodes"))
    if quorate is None:
        raise unreadable("cluster/status: quorate is not 0 or 1")
    if expected != len(online):
        # A shortened list must not look like a smaller, healthy cluster.
        raise unreadable(f"cluster/status: {len(online)} of {expected or 0:g} nodes are listed")
    return Cluster(
        name=text(heads[0].get("name")),
        quorate=quorate,
        online=online,
        config_version=count(heads[0].get("version")),
    )


def _online(found: list[Mapping[str, Any]]) -> dict[str, bool]:
    if not 1 <= len(found) <= MAX_NODES:
        raise unreadable(f"cluster/status: {len(found)} node rows")
    online: dict[str, bool] = {}
    for row in found:
        name, there = path_name(row.get("name")), flag(row.get("online"))
        if name is None or there is None or name in online:
            raise unreadable("cluster/status: a node row without a name of its own or without online 0 or 1")
        online[name] = there
    return online
