"""What is broken in a Proxmox cluster."""

from __future__ import annotations

from sankofa_exporters.proxmox import families as pve
from sankofa_exporters.proxmox.families import backup, cluster, ha, replication, resources, zfs

from .rule import BY_SITE, tickets_of

FAILED_COPIES = 2  # Proxmox tries again after 5, 10 and 15 minutes: a third failure is no hiccup
_KNOWN = f"and on (job, instance, site) ({pve.KNOWN.name} == 1)"
_SILENT_LRM = f"{ha.HA_LRM_FRESH.name} == 0 and on (job, instance, site, node) ({pve.NODE_ONLINE.name} == 1)"
_SILENT_MANAGER = f"{ha.HA_KNOWN.name} == 0 and on (job, instance, site) ({pve.QUORATE.name} == 1)"
_SERVICE_DOWN = (
    f"{ha.HA_SERVICE_STARTED.name} == 0\n"
    f"and on (job, instance, site, service) ({ha.HA_SERVICE_KNOWN.name} == 1)\n"
    f"and on (job, instance, site, service) ({ha.HA_SERVICE_REQUESTED.name} == 1)"
)
_COPY_FAILS = (
    f"{replication.REPLICATION_FAILURES.name} > {FAILED_COPIES}\n"
    f"and on (job, instance, site, replication) ({replication.REPLICATION_ENABLED.name} == 1)"
)
_NEWEST_BACKUP_FAILED = (
    f"({backup.NODE_BACKUP_BAD.name} > on (job, instance, site, node) group_left () {backup.NODE_BACKUP_GOOD.name}\n"
    f"or {backup.NODE_BACKUP_BAD.name} unless on (job, instance, site, node) {backup.NODE_BACKUP_GOOD.name})\n"
    f"and on (job, instance, site, node) ({backup.BACKUP_TASKS_KNOWN.name} == 1)"
)
# A template is made again from its source; Proxmox lists it all the same.
_UNBACKED = (
    f"{backup.GUEST_IN_JOB.name} == 0\n"
    f'unless on (job, instance, site, guest) ({resources.GUEST_INFO.name}{{template="1"}} == 1)'
)
_POOL_BAD = f"{zfs.POOL_HEALTHY.name} == 0 and on (job, instance, site, node, pool) ({zfs.POOL_KNOWN.name} == 1)"

_ticket = tickets_of("proxmox")

ALERTS = (
    _ticket(
        name="PveQuorumLost",
        expr=f"{BY_SITE} ({pve.QUORATE.name} == 0 {_KNOWN})",
        for_seconds=15,
        summary="{{ $labels.site }}: no guest can start, stop or move; HA is off",
        description="{{ $value }} Proxmox cluster(s) of {{ $labels.site }} have lost corosync quorum.",
    ),
    _ticket(
        name="PveNodeOffline",
        expr=f"{BY_SITE} ({pve.NODE_ONLINE.name} == 0 {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: guests of a dead node are down until HA moves them",
        description="{{ $value }} Proxmox node(s) of {{ $labels.site }} have left the corosync membership.",
    ),
    _ticket(
        name="PveHaServiceDown",
        # A ticket: HA is still at it. Three minutes, because it first waits for a dead node's watchdog.
        expr=f"{BY_SITE} ({_SERVICE_DOWN} {_KNOWN})",
        for_seconds=180,
        summary="{{ $labels.site }}: a guest that HA must keep running does not run",
        description="{{ $value }} HA service(s) of {{ $labels.site }} are asked to run and have not for 3 minutes.",
    ),
    _ticket(
        name="PveHaStale",
        expr=f"{BY_SITE} (({_SILENT_LRM} or {_SILENT_MANAGER}) {_KNOWN})",
        for_seconds=120,
        summary="{{ $labels.site }}: HA is silent, a failing node would not be replaced",
        description="{{ $value }} HA manager(s) of {{ $labels.site }} have written no status for 30 s on nodes that are online.",
    ),
    _ticket(
        name="PveReplicationFailing",
        expr=f"{BY_SITE} ({_COPY_FAILS} {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: the copy to fall back to grows old",
        description="{{ $value }} replication job(s) of {{ $labels.site }} have failed three times or more since their last success.",
    ),
    _ticket(
        name="PveGuestNotBackedUp",
        expr=f"{BY_SITE} (({_UNBACKED}) {_KNOWN})",
        for_seconds=900,
        summary="{{ $labels.site }}: a guest is in no backup job, its loss would be final",
        description="{{ $value }} guest(s) of {{ $labels.site }} are named by no backup job.",
    ),
    _ticket(
        name="PveBackupFailed",
        expr=f"{BY_SITE} ({_NEWEST_BACKUP_FAILED} {_KNOWN})",
        for_seconds=300,
        summary="{{ $labels.site }}: the newest backup failed",
        description="The newest backup task of {{ $value }} node(s) of {{ $labels.site }} did not end well.",
    ),
    _ticket(
        name="PvePoolNotHealthy",
        expr=f"{BY_SITE} ({_POOL_BAD} {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: a ZFS pool runs without a disk, or has lost data",
        description="{{ $value }} ZFS pool(s) of {{ $labels.site }} have a device or files that are not in order.",
    ),
    _ticket(
        name="PveQdeviceLost",
        expr=f"{BY_SITE} ({cluster.QDEVICE_CONNECTED.name} == 0 {_KNOWN})",
        for_seconds=180,
        summary="{{ $labels.site }}: the vote that breaks ties is away",
        description="The QDevice of {{ $value }} cluster(s) of {{ $labels.site }} is not connected to its qnetd.",
    ),
)
