"""What is broken in a Proxmox cluster."""

from __future__ import annotations

from sankofa_exporters.proxmox import families as pve
from sankofa_exporters.proxmox.families import backup, cluster, ha, replication, resources, zfs

from .rule import BY_SITE, SITE_BOARD, Alert

FAILED_COPIES = 2  # Proxmox tries again after 5, 10 and 15 minutes: a third failure is no hiccup
_KNOWN = f"and on (job, instance) ({pve.KNOWN.name} == 1)"
_SILENT_LRM = f"{ha.HA_LRM_FRESH.name} == 0 and on (job, instance, node) ({pve.NODE_ONLINE.name} == 1)"
_SILENT_MANAGER = f"{ha.HA_KNOWN.name} == 0 and on (job, instance) ({pve.QUORATE.name} == 1)"
_SERVICE_DOWN = (
    f"{ha.HA_SERVICE_STARTED.name} == 0\n"
    f"and on (job, instance, service) ({ha.HA_SERVICE_KNOWN.name} == 1)\n"
    f"and on (job, instance, service) ({ha.HA_SERVICE_REQUESTED.name} == 1)"
)
_GIVEN_UP = f'{ha.HA_SERVICES.name}{{state="error"}}'
_COPY_FAILS = (
    f"{replication.REPLICATION_FAILURES.name} > {FAILED_COPIES}\n"
    f"and on (job, instance, replication) ({replication.REPLICATION_ENABLED.name} == 1)"
)
_NEWEST_BACKUP_FAILED = (
    f"({backup.NODE_BACKUP_BAD.name} > on (job, instance, node) group_left () {backup.NODE_BACKUP_GOOD.name}\n"
    f"or {backup.NODE_BACKUP_BAD.name} unless on (job, instance, node) {backup.NODE_BACKUP_GOOD.name})\n"
    f"and on (job, instance, node) ({backup.BACKUP_TASKS_KNOWN.name} == 1)"
)
# A template is made again from its source; Proxmox lists it all the same.
_UNBACKED = (
    f"{backup.GUEST_IN_JOB.name} == 0\n"
    f'unless on (job, instance, guest) ({resources.GUEST_INFO.name}{{template="1"}} == 1)'
)
_POOL_BAD = f"{zfs.POOL_HEALTHY.name} == 0 and on (job, instance, node, pool) ({zfs.POOL_KNOWN.name} == 1)"

ALERTS = (
    Alert(
        name="PveQuorumLost",
        expr=f"{BY_SITE} ({pve.QUORATE.name} == 0 {_KNOWN})",
        for_seconds=15,
        severity="page",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: no guest can start, stop or move; HA is off",
        description="{{ $value }} Proxmox cluster(s) of {{ $labels.site }} have lost corosync quorum.",
    ),
    Alert(
        name="PveNodeOffline",
        expr=f"{BY_SITE} ({pve.NODE_ONLINE.name} == 0 {_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: guests of a dead node are down until HA moves them",
        description="{{ $value }} Proxmox node(s) of {{ $labels.site }} have left the corosync membership.",
    ),
    Alert(
        name="PveNotKnown",
        expr=f"{BY_SITE} ({pve.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: nobody can say whether Proxmox is up or down",
        description="No seed node of {{ $value }} cluster(s) of {{ $labels.site }} gives a complete answer.",
    ),
    Alert(
        name="PveHaServiceFailed",
        expr=f"sum by (tier, region, site) ({_GIVEN_UP} {_KNOWN}) > 0",
        for_seconds=60,
        severity="page",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: HA has given up on a guest it must keep running",
        description="{{ $value }} HA service(s) of {{ $labels.site }} are in the state error, which only a person clears.",
    ),
    Alert(
        name="PveHaServiceDown",
        # A ticket: HA is still at it. Three minutes, because it first waits for a dead node's watchdog.
        expr=f"{BY_SITE} ({_SERVICE_DOWN} {_KNOWN})",
        for_seconds=180,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: a guest that HA must keep running does not run",
        description="{{ $value }} HA service(s) of {{ $labels.site }} are asked to run and have not for 3 minutes.",
    ),
    Alert(
        name="PveHaStale",
        expr=f"{BY_SITE} (({_SILENT_LRM} or {_SILENT_MANAGER}) {_KNOWN})",
        for_seconds=120,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: HA is silent, a failing node would not be replaced",
        description="{{ $value }} HA manager(s) of {{ $labels.site }} have written no status for 30 s on nodes that are online.",
    ),
    Alert(
        name="PveReplicationFailing",
        expr=f"{BY_SITE} ({_COPY_FAILS} {_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: the copy to fall back to grows old",
        description="{{ $value }} replication job(s) of {{ $labels.site }} have failed three times or more since their last success.",
    ),
    Alert(
        name="PveGuestNotBackedUp",
        expr=f"{BY_SITE} (({_UNBACKED}) {_KNOWN})",
        for_seconds=900,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: a guest is in no backup job, its loss would be final",
        description="{{ $value }} guest(s) of {{ $labels.site }} are named by no backup job.",
    ),
    Alert(
        name="PveBackupFailed",
        expr=f"{BY_SITE} ({_NEWEST_BACKUP_FAILED} {_KNOWN})",
        for_seconds=300,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: the newest backup failed",
        description="The newest backup task of {{ $value }} node(s) of {{ $labels.site }} did not end well.",
    ),
    Alert(
        name="PvePoolNotHealthy",
        expr=f"{BY_SITE} ({_POOL_BAD} {_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: a ZFS pool runs without a disk, or has lost data",
        description="{{ $value }} ZFS pool(s) of {{ $labels.site }} have a device or files that are not in order.",
    ),
    Alert(
        name="PveQdeviceLost",
        expr=f"{BY_SITE} ({cluster.QDEVICE_CONNECTED.name} == 0 {_KNOWN})",
        for_seconds=180,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: the vote that breaks ties is away",
        description="The QDevice of {{ $value }} cluster(s) of {{ $labels.site }} is not connected to its qnetd.",
    ),
)
