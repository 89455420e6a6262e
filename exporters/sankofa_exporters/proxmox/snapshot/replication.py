"""`nodes/NODE/replication`: the jobs of the guests that are on this node just now.

Every key but the id may be absent. `last_sync` is the start of the last success, and 0 means that there never was one;
a missing `last_sync` means neither. A guest that has moved may be in two nodes' lists that were asked at different times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import amount, flag, text

from .rows import Row, count, guest_id, read_rows, rows, timestamp


@dataclass(frozen=True, kw_only=True)
class ReplicationJob:
    """One job; times are seconds since 1970, 0 for never or none."""

    id: str
    guest: str
    source: str
    target: str
    enabled: bool
    failures: int | None
    last_sync: float | None
    last_try: float | None
    next_sync: float | None
    duration_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Replication:
    """A node's jobs; `complete` when every row could be read and none contradicts another."""

    jobs: tuple[ReplicationJob, ...]
    complete: bool


def parse_replication(data: Any) -> Replication:
    found = read_rows(rows(data, "replication"), _job)
    return Replication(jobs=tuple(found.found.values()), complete=found.complete)


def _job(row: Row) -> tuple[str, ReplicationJob] | None:
    job, number = text(row.get("id")), count(row.get("guest"))
    if job is None:
        return None
    return job, ReplicationJob(
        id=job,
        guest=guest_id(row.get("vmtype"), number) or str(number or ""),
        source=text(row.get("source")) or "",
        target=text(row.get("target")) or "",
        enabled=not flag(row.get("disable")),
        failures=count(row.get("fail_count")),
        last_sync=timestamp(row.get("last_sync")),
        last_try=timestamp(row.get("last_try")),
        next_sync=timestamp(row.get("next_sync")),
        duration_seconds=amount(row.get("duration")),
    )
