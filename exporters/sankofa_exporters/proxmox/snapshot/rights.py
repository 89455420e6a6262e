"""`access/permissions` and `version`: what the token may see, and which of the rights this release knows.

Proxmox shortens most lists silently instead of refusing, so the exporter has to prove its own rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.model.rejected import Reason, reject
from sankofa_exporters.reading.coerce import flag, text

from .rows import unreadable


@dataclass(frozen=True, kw_only=True)
class Need:
    """A privilege, where it is needed, and which calls would be refused or shortened without it."""

    path: str
    privilege: str
    calls: tuple[str, ...]
    since_release: int = 7


SYSTEM = Need(
    path="/",
    privilege="Sys.Audit",
    calls=(
        "cluster/status",
        "cluster/ha/status/current",
        "cluster/config/nodes",
        "cluster/config/qdevice",
        "cluster/backup",
        "cluster/backup-info/not-backed-up",
        "nodes/NODE/disks/zfs",
    ),
)
NODES = Need(path="/nodes", privilege="Sys.Audit", calls=("cluster/resources (nodes' use)", "nodes/NODE/tasks"))
GUESTS = Need(
    path="/vms",
    privilege="VM.Audit",
    calls=("cluster/resources (guests)", "cluster/backup-info/not-backed-up", "nodes/NODE/replication"),
)
STORAGES = Need(path="/storage", privilege="Datastore.Audit", calls=("cluster/resources (storages)",))
# Reported for 9.2 (prometheus-pve-exporter 488): PVEAuditor alone no longer sees the jobs.
REPLICATION = Need(path="/vms", privilege="VM.Replicate", calls=("nodes/NODE/replication",), since_release=9)
NEEDS = (SYSTEM, NODES, GUESTS, STORAGES, REPLICATION)


@dataclass(frozen=True, kw_only=True)
class Version:
    version: str
    release: str
    repoid: str

    @property
    def major(self) -> int | None:
        """7, 8 or 9 of `9.0.10`."""
        head = self.version.partition(".")[0]
        return int(head) if head.isascii() and head.isdigit() and len(head) < 4 else None  # noqa: PLR2004 - a release


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """The token's own rights: path, privilege, and whether it reaches below the path."""

    held: Mapping[str, Mapping[str, bool]]

    def has(self, path: str, privilege: str) -> bool:
        """The nearest listed path decides; a privilege above it counts when it propagates."""
        for candidate in _upwards(path):
            if candidate in self.held:
                propagates = self.held[candidate].get(privilege)
                return propagates is not None and (candidate == path or propagates)
        return False

    def may_list_backups(self) -> bool:
        """Proxmox shows a backup only to those who might restore it (more than reading), and to a storage's administrator."""
        administers = self.covers(STORAGES.path, "Datastore.Allocate")
        restores = self.covers(STORAGES.path, "Datastore.AllocateSpace") and self.covers(GUESTS.path, "VM.Backup")
        return self.covers(STORAGES.path, STORAGES.privilege) and (administers or restores)

    def covers(self, path: str, privilege: str) -> bool:
        """The privilege holds there and on every listed path below, where a narrower rule may take it away again.

        A path on which the token has no right at all is not listed by Proxmox and cannot be seen from here.
        """
        return self.has(path, privilege) and all(
            privilege in privileges
            for listed, privileges in self.held.items()
            if listed.startswith(f"{path.rstrip('/')}/")
        )


def needed(version: Version | None) -> tuple[Need, ...]:
    """The needs that this release knows; of an unknown release only what every release has."""
    major = None if version is None else version.major
    return tuple(need for need in NEEDS if need.since_release <= (major or 7))


def parse_version(data: Any) -> Version:
    if not isinstance(data, Mapping) or not text(data.get("version")):
        raise unreadable("version: no version")
    return Version(
        version=data["version"], release=text(data.get("release")) or "", repoid=text(data.get("repoid")) or ""
    )


def parse_permissions(data: Any) -> Permissions:
    if not isinstance(data, Mapping):
        raise unreadable("access/permissions: not a mapping")
    held = {path: privileges for path, privileges in data.items() if isinstance(privileges, Mapping)}
    reject(Reason.UNREADABLE, len(data) - len(held))
    return Permissions(
        held={
            path: {privilege: bool(flag(reach)) for privilege, reach in privileges.items()}
            for path, privileges in held.items()
        }
    )


def _upwards(path: str) -> Iterator[str]:
    while path != "/":
        yield path
        path = path.rpartition("/")[0] or "/"
    yield "/"
