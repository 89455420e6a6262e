"""Storage replication: how old the newest copy of a guest is, and what stands in its way."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

REPLICATION_KNOWN = Family(
    name="sankofa_pve_replication_known",
    labels=("node",),
    help="1 when all replication jobs of the node's guests are seen: it answered, every row could be read, and the token "
    "has the rights. Remembered for the module's node_refresh_seconds.",
)
REPLICATION_INFO = Family(
    name="sankofa_pve_replication_info",
    kind="info",
    labels=("replication", "guest", "source", "target"),
    help="Which guest a replication job copies, from where to where; always 1.",
)
REPLICATION_ENABLED = Family(
    name="sankofa_pve_replication_enabled", labels=("replication",), help="0 when the replication job is switched off."
)
REPLICATION_FAILURES = Family(
    name="sankofa_pve_replication_failures",
    labels=("replication",),
    help="Attempts that have failed since the last success.",
)
REPLICATION_LAST_SYNC = Family(
    name="sankofa_pve_replication_last_sync_timestamp_seconds",
    unit="seconds",
    labels=("replication",),
    help="When the last successful copy began: what a guest would fall back to; absent when there never was one.",
)
REPLICATION_NEVER = Family(
    name="sankofa_pve_replication_never_synced",
    labels=("replication",),
    help="1 when the job has never succeeded: there is no copy, whatever its schedule.",
)
REPLICATION_LAST_TRY = Family(
    name="sankofa_pve_replication_last_try_timestamp_seconds",
    unit="seconds",
    labels=("replication",),
    help="When the job was tried last; absent when it never was.",
)
REPLICATION_NEXT_SYNC = Family(
    name="sankofa_pve_replication_next_sync_timestamp_seconds",
    unit="seconds",
    labels=("replication",),
    help="When the job is due next; absent when it is not, for example while its target is offline.",
)
REPLICATION_DURATION = Family(
    name="sankofa_pve_replication_duration_seconds",
    unit="seconds",
    labels=("replication",),
    help="How long the last attempt took.",
)

FAMILIES = (
    REPLICATION_KNOWN,
    REPLICATION_INFO,
    REPLICATION_ENABLED,
    REPLICATION_FAILURES,
    REPLICATION_LAST_SYNC,
    REPLICATION_NEVER,
    REPLICATION_LAST_TRY,
    REPLICATION_NEXT_SYNC,
    REPLICATION_DURATION,
)
