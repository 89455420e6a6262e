"""ZFS pools."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.proxmox.families import zfs as f
from sankofa_exporters.proxmox.snapshot.by_node import ByNode
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.zfs import Pool, Zfs


def zfs_samples(found: ByNode[Zfs], cluster: Cluster | None) -> Iterator[Sample]:
    for node in found.nodes_of(cluster):
        answer = found.answers.get(node)
        yield Sample(f.ZFS_KNOWN, float(answer is not None and answer.complete), (node,))
    for node, listed in found.answers.items():
        for pool in listed.pools:
            yield from _pool_samples(pool, (node, pool.row.name))


def _pool_samples(pool: Pool, labels: tuple[str, str]) -> Iterator[Sample]:
    healthy = pool.healthy
    yield Sample(f.POOL_HEALTHY, float(healthy is True), labels)
    yield Sample(f.POOL_KNOWN, float(healthy is not None), labels)
    yield Sample(f.POOL_INFO, 1, (*labels, pool.row.health))
    yield from present(
        labels,
        (f.POOL_NOT_ONLINE, pool.devices_not_online),
        (f.POOL_ERRORS, None if pool.detail is None else pool.detail.device_errors),
        (f.POOL_SIZE, pool.row.size),
        (f.POOL_ALLOCATED, pool.row.allocated),
        (f.POOL_FRAGMENTATION, pool.row.fragmentation_ratio),
    )
