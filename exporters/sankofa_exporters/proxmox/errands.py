"""What is asked of every node: its replication jobs, its ZFS pools, its backup tasks."""

from __future__ import annotations

from typing import Any

from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.probe.budget import Budget

from .client import ApiError, ProxmoxClient
from .snapshot.backup import TASKS_PATH, parse_backup_tasks
from .snapshot.replication import parse_replication
from .snapshot.zfs import Pool, PoolRow, Zfs, parse_pool_detail, parse_pools
from .visits import Errand

NOT_IMPLEMENTED = 501
NOT_INSTALLED = "zfsutils-linux not installed"
TASKS_PERIODS = 5  # backups end once a day: their log is read less often


def errands(client: ProxmoxClient, refresh_seconds: float, *, replication: bool) -> tuple[Errand, ...]:
    """The errands of a visit, in their order."""

    async def ask_replication(node: str, budget: Budget) -> Any:
        return parse_replication((await client.get(f"nodes/{node}/replication", budget)).data)

    async def ask_zfs(node: str, budget: Budget) -> Any:
        return await zfs_of(client, node, budget)

    async def ask_tasks(node: str, budget: Budget) -> Any:
        return parse_backup_tasks((await client.get(f"nodes/{node}/{TASKS_PATH}", budget)).data)

    copies = (Errand(name="replication", ask=ask_replication, period_seconds=refresh_seconds),) if replication else ()
    return (
        *copies,
        Errand(name="zfs", ask=ask_zfs, period_seconds=refresh_seconds),
        Errand(name="backup_tasks", ask=ask_tasks, period_seconds=refresh_seconds * TASKS_PERIODS),
    )


async def zfs_of(client: ProxmoxClient, node: str, budget: Budget) -> Zfs:
    """The node's pools with their devices; a node without ZFS has none, which is no trouble."""
    try:
        listed = parse_pools((await client.get(f"nodes/{node}/disks/zfs", budget)).data)
    except ApiError as error:
        if error.status == NOT_IMPLEMENTED or NOT_INSTALLED in error.message:
            return Zfs(pools=())
        raise
    return Zfs(pools=tuple([await _pool(client, node, row, budget) for row in listed]))


async def _pool(client: ProxmoxClient, node: str, row: PoolRow, budget: Budget) -> Pool:
    """A pool whose detail cannot be had keeps what the list says of it."""
    try:
        reply = await client.get(f"nodes/{node}/disks/zfs/{row.name}", budget)
        return Pool(row=row, detail=parse_pool_detail(reply.data))
    except CollectorError:
        return Pool(row=row, detail=None)
