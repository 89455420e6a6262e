"""The Proxmox metric catalogue: every family this exporter may emit, as data; a file for each noun."""

from __future__ import annotations

from . import backup, cluster, details, ha, replication, resources, rights, zfs
from .cluster import KNOWN, NODE_ONLINE, QUORATE, QUORUM_MARGIN, UP
from .rights import PRIVILEGE_MISSING

FAMILIES = (
    *cluster.FAMILIES,
    *resources.FAMILIES,
    *ha.FAMILIES,
    *replication.FAMILIES,
    *backup.FAMILIES,
    *zfs.FAMILIES,
    *details.FAMILIES,
    *rights.FAMILIES,
)

__all__ = ["FAMILIES", "KNOWN", "NODE_ONLINE", "PRIVILEGE_MISSING", "QUORATE", "QUORUM_MARGIN", "UP"]
