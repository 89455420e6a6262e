"""`cluster/config/nodes` and `cluster/config/qdevice`: who has how many votes, and how many are to spare.

The QDevice's state is that of the daemon on the node that answered. Proxmox gives no number of its votes: ffsplit always
has one, lms one fewer than there are nodes, as `pvecm qdevice setup` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import text

from .cluster import Cluster
from .rows import Row, count, path_name, read_rows, rows, unreadable


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Votes by node, as corosync.conf has them."""

    by_node: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class QDevice:
    """The third vote of a cluster; `configured` is False when the answering node runs none."""

    configured: bool
    connected: bool = False
    model: str = ""
    algorithm: str = ""

    def votes(self, nodes: int) -> int | None:
        """How many it has; None for an algorithm that we do not know."""
        if not self.configured:
            return 0
        algorithm = self.algorithm.lower()
        if "ffsplit" in algorithm or "fifty-fifty" in algorithm:
            return 1
        return nodes - 1 if algorithm in ("lms", "2 node lms") else None


def parse_votes(data: Any) -> Votes:
    """A node whose votes cannot be read has none here, which leaves the margin open."""
    return Votes(by_node=read_rows(rows(data, "cluster/config/nodes"), _votes).found)


def _votes(row: Row) -> tuple[str, int] | None:
    name, found = path_name(row.get("name")) or path_name(row.get("node")), count(row.get("quorum_votes", 1))
    return None if name is None or found is None else (name, found)


def parse_qdevice(data: Any) -> QDevice:
    """`{}` is the answer of a node without QDevice."""
    if not isinstance(data, Mapping):
        raise unreadable("cluster/config/qdevice: not an object")
    if not data:
        return QDevice(configured=False)
    state = text(data.get("State"))
    if state is None:
        raise unreadable("cluster/config/qdevice: without State")
    return QDevice(
        configured=True,
        connected=state == "Connected",
        model=text(data.get("Model")) or "",
        algorithm=text(data.get("Algorithm")) or "",
    )


def margin_votes(cluster: Cluster, votes: Votes | None, qdevice: QDevice | None) -> int | None:
    """Votes above the majority; None where a vote is not known: a guess could be wrong in both directions."""
    if cluster.standalone or votes is None or qdevice is None or votes.by_node.keys() != cluster.online.keys():
        return None
    device = qdevice.votes(len(cluster.online))
    if device is None or None in cluster.online.values():
        return None
    present = sum(votes.by_node[node] for node in cluster.members)
    total = sum(votes.by_node.values()) + device
    return present + (device if qdevice.connected else 0) - (total // 2 + 1)
