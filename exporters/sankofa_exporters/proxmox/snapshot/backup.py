"""Backups: guests that no job names, the jobs themselves, and what the backup tasks of a node came to.

A task names its guest only when it dumped exactly one; a job over many guests is one task without a guest, whose
success or failure is then the node's. Proxmox counts a guest as covered even when the only job that names it is off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import flag, text

from .rows import count, guest_id, rows, timestamp, unreadable

MAX_TASKS = 200  # asked for and read of one node; what is older is not known
TASKS_PATH = f"tasks?typefilter=vzdump&limit={MAX_TASKS}"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Guests in no job, and the guests that there were when that was said: of a later one nothing is known."""

    unbacked: frozenset[str]
    judged: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class BackupJob:
    id: str
    enabled: bool
    storage: str
    schedule: str
    next_run: float | None


@dataclass(frozen=True, kw_only=True)
class BackupTask:
    """A finished vzdump task; `vmid` is None when it dumped several guests."""

    vmid: int | None
    ended_at: float
    good: bool


@dataclass(frozen=True, kw_only=True)
class BackupTasks:
    """A node's finished backup tasks."""

    tasks: tuple[BackupTask, ...]

    def newest(self, *, good: bool) -> float | None:
        return max((task.ended_at for task in self.tasks if task.good is good), default=None)

    def newest_is_good(self) -> bool | None:
        return max(self.tasks, key=lambda task: task.ended_at).good if self.tasks else None


def parse_unbacked(data: Any) -> frozenset[str]:
    """Ids of guests in no backup job. Strict: a row that cannot be read is a guest that would look covered."""
    found = rows(data, "cluster/backup-info/not-backed-up")
    guests = [guest_id(row.get("type"), row.get("vmid")) for row in found]
    if None in guests:
        raise unreadable("cluster/backup-info/not-backed-up: a row without type and vmid")
    return frozenset(guest for guest in guests if guest)


def parse_backup_jobs(data: Any) -> tuple[BackupJob, ...]:
    """Lenient: a job without id is left out. `enabled` is absent for a job that is on."""
    found = [row for row in rows(data, "cluster/backup") if text(row.get("id"))]
    jobs = {row["id"]: _job(row) for row in found}
    return tuple(jobs.values())


def _job(row: Mapping[str, Any]) -> BackupJob:
    return BackupJob(
        id=row["id"],
        enabled=flag(row.get("enabled", 1)) is not False,
        storage=text(row.get("storage")) or "",
        schedule=text(row.get("schedule")) or "",
        next_run=timestamp(row.get("next-run")),
    )


def parse_backup_tasks(data: Any) -> BackupTasks:
    """Tasks of other types, without end or without a word about it (they still run) are left out."""
    found = rows(data, "tasks")[:MAX_TASKS]
    if not all(text(row.get("upid")) for row in found):
        raise unreadable("tasks: a row that is no task")
    tasks = [_task(row) for row in found if row.get("type") == "vzdump"]
    return BackupTasks(tasks=tuple(task for task in tasks if task is not None))


def _task(row: Mapping[str, Any]) -> BackupTask | None:
    ended_at, status = timestamp(row.get("endtime")), text(row.get("status"))
    if not ended_at or status is None:
        return None
    # A dump with warnings is there; everything else, "job errors" and "unexpected status" too, is not a good one.
    return BackupTask(vmid=count(row.get("id")) or None, ended_at=ended_at, good=_is_good(status))


def _is_good(status: str) -> bool:
    return status == "OK" or status.startswith("WARNINGS: ")
