"""Replication jobs, each once, however many nodes name it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.proxmox.families import replication as f
from sankofa_exporters.proxmox.snapshot.by_node import ByNode
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.replication import Replication, ReplicationJob
from sankofa_exporters.proxmox.snapshot.rights import GUESTS, REPLICATION, Permissions, Version, needed


def replication_samples(
    found: ByNode[Replication], cluster: Cluster | None, permissions: Permissions | None, version: Version | None
) -> Iterator[Sample]:
    may = may_see_all(permissions, version)
    for node in found.nodes_of(cluster):
        answer = found.answers.get(node)
        known = may and answer is not None and answer.complete
        yield Sample(f.REPLICATION_KNOWN, float(known), (node,))
    for job in _newest(found):
        yield from _job_samples(job)


def may_see_all(permissions: Permissions | None, version: Version | None) -> bool:
    """An empty list is "no jobs" only for a token that would see them; of an unknown release, all rights are needed."""
    if permissions is None:
        return False
    needs = (GUESTS, REPLICATION) if version is None else (GUESTS, *({REPLICATION} & set(needed(version))))
    return all(permissions.covers(need.path, need.privilege) for need in needs)


def _newest(found: ByNode[Replication]) -> Collection[ReplicationJob]:
    """A guest that has just moved is in the lists of two nodes; the one that was asked last is right."""
    return {job.id: job for node in found.oldest_first for job in found.answers[node].jobs}.values()


@lru_cache(maxsize=8192)
def _job_samples(job: ReplicationJob) -> tuple[Sample, ...]:
    """Kept, because a job stays the same for several probes and a large cluster has a thousand of them."""
    labels = (job.id,)
    never = None if job.last_sync is None else float(job.last_sync == 0)
    return (
        Sample(f.REPLICATION_INFO, 1, (job.id, job.guest, job.source, job.target)),
        Sample(f.REPLICATION_ENABLED, float(job.enabled), labels),
        *present(
            labels,
            (f.REPLICATION_NEVER, never),
            (f.REPLICATION_FAILURES, job.failures),
            (f.REPLICATION_LAST_SYNC, job.last_sync or None),
            (f.REPLICATION_LAST_TRY, job.last_try or None),
            (f.REPLICATION_NEXT_SYNC, job.next_sync or None),
            (f.REPLICATION_DURATION, job.duration_seconds),
        ),
    )
