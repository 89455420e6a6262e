"""Which guests no backup job names, and how old the last good dump is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.proxmox.families import backup as f
from sankofa_exporters.proxmox.snapshot.backup import BackupJob, BackupTasks, Coverage
from sankofa_exporters.proxmox.snapshot.by_node import ByNode
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.resources import Resources
from sankofa_exporters.proxmox.snapshot.rights import NODES, Permissions

from .resources import every_guest_is_seen


def coverage_samples(
    coverage: Coverage, resources: Resources | None, permissions: Permissions | None
) -> Iterator[Sample]:
    """A guest that is listed is certainly in no job; that the others are in one needs the right to see them all."""
    yield from (Sample(f.GUEST_IN_JOB, 0, (guest,)) for guest in sorted(coverage.unbacked))
    if resources is None or not coverage.complete or not every_guest_is_seen(resources, permissions):
        return
    for guest in resources.guests:
        if guest.id in coverage.judged and guest.id not in coverage.unbacked:
            yield Sample(f.GUEST_IN_JOB, 1, (guest.id,))
    yield Sample(f.GUESTS_WITHOUT_JOB, len(coverage.unbacked))


def backup_job_samples(jobs: Iterable[BackupJob]) -> Iterator[Sample]:
    for job in jobs:
        yield Sample(f.BACKUP_JOB_ENABLED, float(job.enabled), (job.id,))
        yield Sample(f.BACKUP_JOB_INFO, 1, (job.id, job.storage, job.schedule))
        yield from present((job.id,), (f.BACKUP_JOB_NEXT, (job.next_run or None) if job.enabled else None))


def backup_task_samples(
    found: ByNode[BackupTasks],
    cluster: Cluster | None,
    resources: Resources | None,
    permissions: Permissions | None,
) -> Iterator[Sample]:
    """Without the right to see everybody's tasks a node's list is silently empty."""
    may = permissions is not None and permissions.covers(NODES.path, NODES.privilege)
    for node in found.nodes_of(cluster):
        tasks = found.answers.get(node)
        yield Sample(f.BACKUP_TASKS_KNOWN, float(may and tasks is not None and tasks.complete), (node,))
        if tasks is not None:
            yield from present(
                (node,),
                (f.NODE_BACKUP_GOOD, tasks.newest(good=True)),
                (f.NODE_BACKUP_BAD, tasks.newest(good=False)),
            )
    yield from _guest_samples(found, resources)


def _guest_samples(found: ByNode[BackupTasks], resources: Resources | None) -> Iterator[Sample]:
    """A task has only the guest's number; the kind comes from the list of guests."""
    newest: dict[str, float] = {}
    for answer in found.answers.values():
        for task in answer.tasks:
            if task.good and task.vmid is not None:
                number = str(task.vmid)
                newest[number] = max(task.ended_at, newest.get(number, 0))
    for guest in resources.guests if resources is not None and newest else ():
        ended_at = newest.get(guest.id.partition("/")[2])
        if ended_at is not None:
            yield Sample(f.GUEST_BACKUP_GOOD, ended_at, (guest.id,))
