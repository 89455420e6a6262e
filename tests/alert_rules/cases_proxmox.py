"""Worlds of a Proxmox cluster beyond quorum and nodes: HA, copies, backups, pools, the QDevice. A table, no logic.

Worlds of quorum, nodes and of what nobody knows are in cases.py.
"""

from __future__ import annotations

from tests.alert_rules.case import Case

LABELS = 'job="sankofa-proxmox", instance="pve-1", site="edge-1", tier="edge", region="r1"'
EDGE = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "proxmox"}


def known(values: str = "1x80") -> dict[str, str]:
    return {f"sankofa_pve_known{{{LABELS}}}": values}


def about(labels: str, **series: str) -> dict[str, str]:
    """Series of one thing: `labels` are its own."""
    own = f", {labels}" if labels else ""
    return {f"sankofa_pve_{name}{{{LABELS}{own}}}": values for name, values in series.items()}


def service(*, started: str, known: str = "1x80", requested: str = "1x80") -> dict[str, str]:
    return about(
        'service="vm:100"',
        ha_service_started=started,
        ha_service_known=known,
        ha_service_requested_started=requested,
    )


def lrm(*, fresh: str, online: str = "1x80") -> dict[str, str]:
    return about('node="n1"', ha_lrm_fresh=fresh, node_online=online)


def manager(*, known: str, quorate: str = "1x80") -> dict[str, str]:
    return about("", ha_known=known, cluster_quorate=quorate)


def given_up(values: str) -> dict[str, str]:
    return about('state="error"', ha_services=values)


HA = (
    Case(
        alert="PveHaServiceFailed",
        world="two in the state error",
        series=known() | given_up("0x4 2x76"),
        minute=3,
        fires=((EDGE, "2"),),
    ),
    Case(alert="PveHaServiceFailed", world="none", series=known() | given_up("0x80"), minute=3),
    Case(
        alert="PveHaServiceFailed", world="cleared within a minute", series=known() | given_up("0x4 1x2 0x74"), minute=3
    ),
    Case(
        alert="PveHaServiceFailed",
        world="nobody knows",
        unknown=True,
        series=known("0x80") | given_up("1x80"),
        minute=3,
    ),
    Case(
        alert="PveHaServiceDown",
        world="asked to run, and has not for 4 minutes",
        series=known() | service(started="1x4 0x76"),
        minute=5.5,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="PveHaServiceDown",
        world="moved within 2 minutes",
        series=known() | service(started="1x4 0x8 1x68"),
        minute=6,
    ),
    Case(
        alert="PveHaServiceDown",
        world="stopped on purpose",
        series=known() | service(started="0x80", requested="0x80"),
        minute=10,
    ),
    Case(
        alert="PveHaServiceDown",
        world="HA does not know",
        unknown=True,
        series=known() | service(started="0x80", known="0x80"),
        minute=10,
    ),
    Case(
        alert="PveHaServiceDown",
        world="nobody knows the cluster",
        unknown=True,
        series=known("0x80") | service(started="0x80"),
        minute=10,
    ),
    Case(
        alert="PveHaStale",
        world="an LRM of a node that is online writes nothing",
        series=known() | lrm(fresh="1x4 0x76"),
        minute=4,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="PveHaStale",
        world="the manager writes nothing, the cluster is quorate",
        series=known() | manager(known="1x4 0x76"),
        minute=4,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="PveHaStale",
        world="all beats are fresh",
        series=known() | lrm(fresh="1x80") | manager(known="1x80"),
        minute=4,
    ),
    Case(alert="PveHaStale", world="a minute only", series=known() | lrm(fresh="1x4 0x4 1x72"), minute=4),
    Case(alert="PveHaStale", world="the node is offline", series=known() | lrm(fresh="0x80", online="0x80"), minute=4),
    Case(alert="PveHaStale", world="quorum is lost", series=known() | manager(known="0x80", quorate="0x80"), minute=4),
    Case(
        alert="PveHaStale",
        world="nobody knows",
        unknown=True,
        series=known("0x80") | lrm(fresh="0x80") | manager(known="0x80"),
        minute=4,
    ),
)


def copy(*, failures: str, enabled: str = "1x80") -> dict[str, str]:
    return about('replication="100-0"', replication_failures=failures, replication_enabled=enabled)


def covered(values: str) -> dict[str, str]:
    return about('guest="qemu/100"', guest_in_backup_job=values)


def tasks(*, bad: str, good: str | None = None, known: str = "1x80") -> dict[str, str]:
    series = {"node_backup_last_failure_timestamp_seconds": bad, "backup_tasks_known": known}
    if good is not None:
        series["node_backup_last_success_timestamp_seconds"] = good
    return about('node="n1"', **series)


COPIES = (
    Case(
        alert="PveReplicationFailing",
        world="a third failure in a row",
        series=known() | copy(failures="0x4 1x4 2x4 3x60"),
        minute=6,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="PveReplicationFailing", world="two, and it tries again", series=known() | copy(failures="2x80"), minute=6
    ),
    Case(
        alert="PveReplicationFailing",
        world="switched off",
        series=known() | copy(failures="9x80", enabled="0x80"),
        minute=6,
    ),
    Case(
        alert="PveReplicationFailing",
        world="nobody knows",
        unknown=True,
        series=known("0x80") | copy(failures="9x80"),
        minute=6,
    ),
    Case(
        alert="PveReplicationFailing",
        world="the list is not seen",
        unknown=True,
        series=known() | about('node="n1"', replication_known="0x80"),
        minute=6,
    ),
    Case(
        alert="PveGuestNotBackedUp",
        world="in no job for more than a quarter of an hour",
        series=known() | covered("0x80"),
        minute=17,
        fires=((EDGE, "1"),),
    ),
    Case(alert="PveGuestNotBackedUp", world="new, ten minutes old", series=known() | covered("0x80"), minute=10),
    Case(
        alert="PveGuestNotBackedUp",
        world="a template",
        series=known() | covered("0x80") | about('guest="qemu/100", template="1"', guest_info="1x80"),
        minute=17,
    ),
    Case(alert="PveGuestNotBackedUp", world="in a job", series=known() | covered("1x80"), minute=17),
    Case(
        alert="PveGuestNotBackedUp",
        world="nobody knows",
        unknown=True,
        series=known("0x80") | covered("0x80"),
        minute=17,
    ),
    Case(
        alert="PveBackupFailed",
        world="the newest task failed",
        series=known() | tasks(bad="2000x80", good="1000x80"),
        minute=6,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="PveBackupFailed",
        world="failed, and never a good one",
        series=known() | tasks(bad="2000x80"),
        minute=6,
        fires=((EDGE, "1"),),
    ),
    Case(alert="PveBackupFailed", world="good again", series=known() | tasks(bad="2000x80", good="3000x80"), minute=6),
    Case(
        alert="PveBackupFailed",
        world="the log is not seen any more",
        unknown=True,
        series=known() | tasks(bad="2000x80", good="1000x80", known="0x80"),
        minute=6,
    ),
)


def pool(*, healthy: str, known: str = "1x80") -> dict[str, str]:
    return about('node="n1", pool="tank"', zfs_pool_healthy=healthy, zfs_pool_known=known)


def qdevice(connected: str) -> dict[str, str]:
    return about("", qdevice_connected=connected)


REST = (
    Case(
        alert="PvePoolNotHealthy",
        world="a degraded mirror",
        series=known() | pool(healthy="1x4 0x76"),
        minute=3,
        fires=((EDGE, "1"),),
    ),
    Case(alert="PvePoolNotHealthy", world="in order", series=known() | pool(healthy="1x80"), minute=3),
    Case(
        alert="PvePoolNotHealthy",
        world="its devices cannot be read",
        unknown=True,
        series=known() | pool(healthy="0x80", known="0x80"),
        minute=3,
    ),
    Case(alert="PveQdeviceLost", world="away", series=known() | qdevice("1x4 0x76"), minute=5, fires=((EDGE, "1"),)),
    Case(alert="PveQdeviceLost", world="its host restarts", series=known() | qdevice("1x4 0x8 1x68"), minute=5),
    Case(alert="PveQdeviceLost", world="connected", series=known() | qdevice("1x80"), minute=5),
    Case(alert="PveQdeviceLost", world="nobody knows", unknown=True, series=known("0x80") | qdevice("0x80"), minute=5),
)

CASES = (*HA, *COPIES, *REST)
