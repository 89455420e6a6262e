"""ZFS pools, healthy only down to the last device."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

_POOL = ("node", "pool")

ZFS_KNOWN = Family(
    name="sankofa_pve_zfs_known",
    labels=("node",),
    help="1 when the node listed its ZFS pools, or has no ZFS; remembered for the module's node_refresh_seconds.",
)
POOL_HEALTHY = Family(
    name="sankofa_pve_zfs_pool_healthy",
    labels=_POOL,
    help="1 when the pool and every device below it are in order and no data errors are known; read it only where "
    "sankofa_pve_zfs_pool_known is 1.",
)
POOL_KNOWN = Family(
    name="sankofa_pve_zfs_pool_known",
    labels=_POOL,
    help="0 when the pool's root is in order and its devices, or the state of one, could not be read.",
)
POOL_INFO = Family(
    name="sankofa_pve_zfs_pool_info",
    kind="info",
    labels=(*_POOL, "health"),
    help="The state of the pool's root in ZFS' own word; always 1.",
)
POOL_NOT_ONLINE = Family(
    name="sankofa_pve_zfs_pool_devices_not_online",
    labels=_POOL,
    help="Devices and groups of devices below the root that are not in order; absent while the state of one could not be read.",
)
POOL_ERRORS = Family(
    name="sankofa_pve_zfs_pool_device_errors",
    labels=_POOL,
    help="Read, write and checksum errors of the pool's devices since they were last cleared; absent while a counter of one could "
    "not be read.",
)
POOL_SIZE = Family(name="sankofa_pve_zfs_pool_size_bytes", unit="bytes", labels=_POOL, help="Size of the pool, raw.")
POOL_ALLOCATED = Family(
    name="sankofa_pve_zfs_pool_allocated_bytes", unit="bytes", labels=_POOL, help="Bytes in use in the pool, raw."
)
POOL_FRAGMENTATION = Family(
    name="sankofa_pve_zfs_pool_fragmentation_ratio",
    unit="ratio",
    labels=_POOL,
    help="Fragmentation of the pool's free space.",
)

FAMILIES = (
    ZFS_KNOWN,
    POOL_HEALTHY,
    POOL_KNOWN,
    POOL_INFO,
    POOL_NOT_ONLINE,
    POOL_ERRORS,
    POOL_SIZE,
    POOL_ALLOCATED,
    POOL_FRAGMENTATION,
)
