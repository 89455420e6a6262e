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
from .rows import count, path_name, rows, unreadable


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
        """How many it has; None for an algorithm nobody told us about."""
        if not self.configured:
            return 0
        algorithm = self.algorithm.lower()
        if "ffsplit" in algorithm or "fifty-fifty" in algorithm:
            return 1
        return nodes - 1 if algorithm in ("lms", "2 node lms") else None


def parse_votes(data: Any) -> Votes:
    """Strict: one node without a readable vote would move the margin."""
    votes: dict[str, int] = {}
    for row in rows(data, "cluster/config/nodes"):
        name = path_name(row.get("name")) or path_name(row.get("node"))
        found = count(row.get("quorum_votes", 1))
        if name is None or found is None or name in votes:
            raise unreadable("cluster/config/nodes: a row without a name of its own and whole votes")
        votes[name] = found
    return Votes(by_node=votes)


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
    if device is None:
        return None
    present = sum(votes.by_node[node] for node, there in cluster.online.items() if there)
    total = sum(votes.by_node.values()) + device
    return present + (device if qdevice.connected else 0) - (total // 2 + 1)
