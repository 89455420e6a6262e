"""Backups: which guests no job names, which jobs are off, and how old the last good dump is."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

GUEST_IN_JOB = Family(
    name="sankofa_pve_guest_in_backup_job",
    labels=("guest",),
    help="0 when no backup job names the guest (a job that is off counts); 1 only when the token sees every guest. "
    "Remembered for up to 2 minutes, asked anew when a guest appears.",
)
GUESTS_WITHOUT_JOB = Family(
    name="sankofa_pve_guests_without_backup_job",
    help="Guests that no backup job names; absent without the right to see all guests.",
)
BACKUP_JOB_ENABLED = Family(
    name="sankofa_pve_backup_job_enabled",
    labels=("backup_job",),
    help="0 when the backup job is switched off; remembered for up to 5 minutes.",
)
BACKUP_JOB_INFO = Family(
    name="sankofa_pve_backup_job_info",
    kind="info",
    labels=("backup_job", "storage", "schedule"),
    help="Where a backup job writes, and when; always 1.",
)
BACKUP_JOB_NEXT = Family(
    name="sankofa_pve_backup_job_next_run_timestamp_seconds",
    unit="seconds",
    labels=("backup_job",),
    help="When the backup job is due next; absent when it is off.",
)
BACKUP_TASKS_KNOWN = Family(
    name="sankofa_pve_backup_tasks_known",
    labels=("node",),
    help="1 when the node's task log was read with the right to see everybody's tasks; remembered for five times the "
    "module's node_refresh_seconds.",
)
NODE_BACKUP_GOOD = Family(
    name="sankofa_pve_node_backup_last_success_timestamp_seconds",
    unit="seconds",
    labels=("node",),
    help="When the node's newest good backup task ended, of its last 200; absent when there is none among them.",
)
NODE_BACKUP_BAD = Family(
    name="sankofa_pve_node_backup_last_failure_timestamp_seconds",
    unit="seconds",
    labels=("node",),
    help="When the node's newest failed backup task ended, of its last 200; absent when there is none among them.",
)
GUEST_BACKUP_GOOD = Family(
    name="sankofa_pve_guest_backup_last_success_timestamp_seconds",
    unit="seconds",
    labels=("guest",),
    help="When the newest good backup task of this guest alone ended; absent when the logs name none (a task over several "
    "guests names none of them).",
)

FAMILIES = (
    GUEST_IN_JOB,
    GUESTS_WITHOUT_JOB,
    BACKUP_JOB_ENABLED,
    BACKUP_JOB_INFO,
    BACKUP_JOB_NEXT,
    BACKUP_TASKS_KNOWN,
    NODE_BACKUP_GOOD,
    NODE_BACKUP_BAD,
    GUEST_BACKUP_GOOD,
)
