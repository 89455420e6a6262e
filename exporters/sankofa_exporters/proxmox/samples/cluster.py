"""Quorum, membership and votes."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_exporters.model.family import Sample
from sankofa_exporters.proxmox.families import cluster as f
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.quorum import QDevice, Votes, margin_votes


def cluster_samples(cluster: Cluster, votes: Votes | None, qdevice: QDevice | None) -> Iterator[Sample]:
    """`votes` and `qdevice` are None while they are not known."""
    if cluster.quorate is not None:
        yield Sample(f.QUORATE, float(cluster.quorate))
        margin = margin_votes(cluster, votes, qdevice)
        if margin is not None and (margin >= 0) == cluster.quorate:  # else votes and corosync disagree: nobody knows
            yield Sample(f.QUORUM_MARGIN, margin)
    if cluster.name is not None:
        yield Sample(f.CLUSTER_INFO, 1, (cluster.name,))
    yield Sample(f.CLUSTER_NODES, len(cluster.online))
    for name, online in cluster.online.items():
        if online is not None:
            yield Sample(f.NODE_ONLINE, float(online), (name,))


def votes_samples(votes: Votes) -> Iterator[Sample]:
    return (Sample(f.NODE_VOTES, number, (node,)) for node, number in votes.by_node.items())


def qdevice_samples(qdevice: QDevice) -> Iterator[Sample]:
    yield Sample(f.QDEVICE_CONFIGURED, float(qdevice.configured))
    if qdevice.configured:
        yield Sample(f.QDEVICE_CONNECTED, float(qdevice.connected))
        yield Sample(f.QDEVICE_INFO, 1, (qdevice.model, qdevice.algorithm))
