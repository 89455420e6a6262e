"""One method for each question to Proxmox; the answer is a typed snapshot, or a `CollectorError`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.proxmox.snapshot.backup import (
    TASKS_PATH,
    BackupJob,
    BackupTasks,
    Coverage,
    parse_backup_jobs,
    parse_backup_tasks,
    parse_unbacked,
)
from sankofa_exporters.proxmox.snapshot.cluster import Cluster, parse_cluster
from sankofa_exporters.proxmox.snapshot.details import (
    BACKUPS_QUERY,
    Certificate,
    Disk,
    Snapshots,
    StoredBackups,
    parse_certificates,
    parse_disks,
    parse_snapshots,
    parse_stored_backups,
)
from sankofa_exporters.proxmox.snapshot.ha import Ha, parse_ha
from sankofa_exporters.proxmox.snapshot.quorum import QDevice, Votes, parse_qdevice, parse_votes
from sankofa_exporters.proxmox.snapshot.replication import Replication, parse_replication
from sankofa_exporters.proxmox.snapshot.resources import Resources, parse_resources
from sankofa_exporters.proxmox.snapshot.rights import Permissions, Version, parse_permissions, parse_version
from sankofa_exporters.proxmox.snapshot.zfs import Pool, PoolRow, Zfs, parse_pool_detail, parse_pools
from sankofa_exporters.proxmox.verdict import agreed

from .api import ApiError, Outcome, ProxmoxApi, Reply

V = TypeVar("V")
NOT_IMPLEMENTED = 501
ZFS_NOT_INSTALLED = "zfsutils-linux not installed"


@dataclass(frozen=True, kw_only=True)
class ProxmoxClient:
    """One cluster; questions about single nodes go over connections of their own.

    A node that hangs behind its seed then neither holds the connections that the verdict needs, nor makes its seed look late.
    """

    cluster: ProxmoxApi
    nodes: ProxmoxApi

    async def read_token(self) -> None:
        for api in (self.cluster, self.nodes):
            await api.read_token()

    async def close(self) -> None:
        for api in (self.cluster, self.nodes):
            await api.close()

    async def cluster_status(self, budget: Budget, expected: str | None) -> Cluster:
        """As the first seed has it that sees the cluster serve; else as all that answer agree (`verdict.agreed`).

        `expected` is the identity that counts; None while none is known.
        """

        def serves(outcome: Outcome[Cluster]) -> bool:
            """A node that stands alone is the cluster only where the other seeds do not contradict it."""
            if not isinstance(outcome, Reply) or not outcome.value.serves:
                return False
            is_expected = expected in (None, outcome.value.identity)
            return is_expected and (not outcome.value.standalone or len(self.cluster.endpoints) == 1)

        with observed() as own:
            outcomes = await self.cluster.outcomes("cluster/status", _status, budget, enough=serves)
            delayed = own.measured().mostly_ours
        errors = [outcome for outcome in outcomes if isinstance(outcome, CollectorError)]
        views = [outcome.value for outcome in outcomes if isinstance(outcome, Reply)]
        silent = any(error.failure.kind is Kind.TIMEOUT for error in errors)
        if not views or (delayed and silent and not any(map(serves, outcomes))):
            # Without a view; or a seed that we left no time to answer may be of the partition that is quorate.
            raise errors[0] if errors else CollectorError(Kind.TIMEOUT, "cluster/status: no seed was asked in time")
        return agreed(views, expected)

    async def resources(self, budget: Budget) -> Resources:
        return await _ask(self.cluster, "cluster/resources", parse_resources, budget)

    async def ha_status(self, budget: Budget) -> Ha:
        return (await self.cluster.get("cluster/ha/status/current", parse_ha, budget)).value

    async def permissions(self, budget: Budget) -> Permissions:
        return await _ask(self.cluster, "access/permissions", parse_permissions, budget)

    async def version(self, budget: Budget) -> Version:
        return await _ask(self.cluster, "version", parse_version, budget)

    async def votes(self, budget: Budget) -> Votes:
        return await _ask(self.cluster, "cluster/config/nodes", parse_votes, budget)

    async def qdevice(self, budget: Budget) -> QDevice:
        return await _ask(self.cluster, "cluster/config/qdevice", parse_qdevice, budget)

    async def backup_coverage(self, guests: frozenset[str], budget: Budget) -> Coverage:
        """`guests` are those that there are now, and that the answer is about."""
        found = await _ask(self.cluster, "cluster/backup-info/not-backed-up", parse_unbacked, budget)
        return Coverage(unbacked=frozenset(found.found), judged=guests, complete=found.complete)

    async def backup_jobs(self, budget: Budget) -> tuple[BackupJob, ...]:
        return await _ask(self.cluster, "cluster/backup", parse_backup_jobs, budget)

    async def replication(self, node: str, budget: Budget) -> Replication:
        return await _ask(self.nodes, f"nodes/{node}/replication", parse_replication, budget)

    async def backup_tasks(self, node: str, budget: Budget) -> BackupTasks:
        return await _ask(self.nodes, f"nodes/{node}/{TASKS_PATH}", parse_backup_tasks, budget)

    async def zfs(self, node: str, budget: Budget) -> Zfs:
        """The node's pools with their devices; a node without ZFS has none, which is no failure."""
        try:
            listed = await _ask(self.nodes, f"nodes/{node}/disks/zfs", parse_pools, budget)
        except ApiError as error:
            if error.status == NOT_IMPLEMENTED or ZFS_NOT_INSTALLED in error.message:
                return Zfs(pools=())
            raise
        pools = [await self._pool(node, row, budget) for row in listed.found.values()]
        return Zfs(pools=tuple(pools), complete=listed.complete)

    async def _pool(self, node: str, row: PoolRow, budget: Budget) -> Pool:
        """A pool whose detail cannot be had keeps what the list has of it."""
        path = f"nodes/{node}/disks/zfs/{row.name}"
        try:
            return Pool(row=row, detail=await _ask(self.nodes, path, parse_pool_detail, budget))
        except CollectorError:
            return Pool(row=row, detail=None)

    async def disks(self, node: str, budget: Budget) -> tuple[Disk, ...]:
        return await _ask(self.nodes, f"nodes/{node}/disks/list", parse_disks, budget)

    async def certificates(self, node: str, budget: Budget) -> tuple[Certificate, ...]:
        return await _ask(self.nodes, f"nodes/{node}/certificates/info", parse_certificates, budget)

    async def snapshots(self, node: str, guest: str, budget: Budget) -> Snapshots:
        return await _ask(self.nodes, f"nodes/{node}/{guest}/snapshot", parse_snapshots, budget)

    async def stored_backups(self, node: str, storage: str, budget: Budget) -> StoredBackups:
        return await _ask(self.nodes, f"nodes/{node}/storage/{storage}/{BACKUPS_QUERY}", parse_stored_backups, budget)


def _status(data: Any, _clock: float) -> Cluster:
    return parse_cluster(data)


async def _ask(api: ProxmoxApi, path: str, parse: Callable[[Any], V], budget: Budget) -> V:
    """What does not depend on the clock of the node that answers."""
    return (await api.get(path, lambda data, _clock: parse(data), budget)).value
