"""Backups: guests that no job names, the jobs themselves, and what the backup tasks of a node came to.

A task names its guest only when it dumped exactly one; a job over many guests is one task without a guest, whose
success or failure is then the node's. Proxmox counts a guest as covered even when the only job that names it is off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import flag, text

from .rows import Row, Rows, count, guest_id, read_rows, rows, timestamp

MAX_TASKS = 200  # asked for and read of one node; what is older is not known
TASKS_PATH = f"tasks?typefilter=vzdump&limit={MAX_TASKS}"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Guests in no job, and the guests that there were when that was asked: of a later one nothing is known."""

    unbacked: frozenset[str]
    judged: frozenset[str]
    complete: bool = True  # every row could be read


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
    """A node's finished backup tasks; `complete` when every row could be read."""

    tasks: tuple[BackupTask, ...]
    complete: bool = True

    def newest(self, *, good: bool) -> float | None:
        return max((task.ended_at for task in self.tasks if task.good is good), default=None)


def parse_unbacked(data: Any) -> Rows[str, None]:
    """Guests in no backup job; a row that cannot be read is a guest that would look covered, so the list is incomplete."""
    return read_rows(rows(data, "cluster/backup-info/not-backed-up"), _unbacked)


def _unbacked(row: Row) -> tuple[str, None] | None:
    guest = guest_id(row.get("type"), row.get("vmid"))
    return None if guest is None else (guest, None)


def parse_backup_jobs(data: Any) -> tuple[BackupJob, ...]:
    """A job without id is left out. `enabled` is absent for a job that is on."""
    return tuple(read_rows(rows(data, "cluster/backup"), _job).found.values())


def _job(row: Row) -> tuple[str, BackupJob] | None:
    job = text(row.get("id"))
    if job is None:
        return None
    return job, BackupJob(
        id=job,
        enabled=flag(row.get("enabled", 1)) is not False,
        storage=text(row.get("storage")) or "",
        schedule=text(row.get("schedule")) or "",
        next_run=timestamp(row.get("next-run")),
    )


def parse_backup_tasks(data: Any) -> BackupTasks:
    """Tasks of other types, without end or without status (they still run) are left out."""
    found = read_rows(rows(data, "tasks")[:MAX_TASKS], _task)
    return BackupTasks(tasks=tuple(task for task in found.found.values() if task), complete=found.complete)


def _task(row: Row) -> tuple[str, BackupTask | None] | None:
    upid = text(row.get("upid"))
    if upid is None:
        return None
    ended_at, status = timestamp(row.get("endtime")), text(row.get("status"))
    if row.get("type") != "vzdump" or not ended_at or status is None:
        return upid, None
    # A dump with warnings is there; everything else, "job errors" and "unexpected status" too, is not a good one.
    return upid, BackupTask(vmid=count(row.get("id")) or None, ended_at=ended_at, good=_is_good(status))


def _is_good(status: str) -> bool:
    return status == "OK" or status.startswith("WARNINGS: ")
