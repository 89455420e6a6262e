"""What the token may not see, and of which release."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_exporters.model.family import Sample
from sankofa_exporters.proxmox.families import rights as f
from sankofa_exporters.proxmox.snapshot.rights import REPLICATION, Permissions, Version, needed


def version_samples(version: Version) -> Iterator[Sample]:
    yield Sample(f.VERSION_INFO, 1, (version.version, version.release, version.repoid))


def permission_samples(
    permissions: Permissions, version: Version | None, *, with_replication: bool
) -> Iterator[Sample]:
    """`with_replication`: a module that does not watch replication does not need its right."""
    for need in needed(version):
        if with_replication or need is not REPLICATION:
            missing = not permissions.covers(need.path, need.privilege)
            yield Sample(f.PRIVILEGE_MISSING, float(missing), (need.path, need.privilege))
