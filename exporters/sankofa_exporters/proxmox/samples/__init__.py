"""From parsed Proxmox values to samples: pure functions, a file for each noun; and which of them each collector has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.source import Results, only
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.quorum import QDevice, Votes
from sankofa_exporters.proxmox.snapshot.resources import Resources
from sankofa_exporters.proxmox.snapshot.rights import Permissions, Version

from .backup import backup_job_samples, backup_task_samples, coverage_samples
from .cluster import cluster_samples, qdevice_samples, votes_samples
from .details import certificate_samples, disk_samples, snapshot_samples, stored_backup_samples
from .ha import ha_samples
from .replication import replication_samples
from .resources import resource_samples
from .rights import permission_samples, version_samples
from .zfs import zfs_samples

V = TypeVar("V")
Samples = Callable[[Results], Iterable[Sample]]


def samples_by_collector(*, with_replication: bool) -> Mapping[str, Samples]:
    """Each collector's samples, from its own result and what else it needs of this probe, where that is there."""

    def permissions(results: Results) -> Iterable[Sample]:
        version = _of(Version, results, "version")
        return permission_samples(results["permissions"].value, version, with_replication=with_replication)

    return {
        "cluster": lambda r: cluster_samples(r["cluster"], _of(Votes, r, "votes"), _of(QDevice, r, "qdevice")),
        "resources": lambda r: resource_samples(r["resources"], _cluster(r), _rights(r)),
        "ha": lambda r: ha_samples(r["ha"], _cluster(r)),
        "permissions": permissions,
        "version": lambda r: version_samples(r["version"].value),
        "votes": lambda r: votes_samples(r["votes"].value),
        "qdevice": lambda r: qdevice_samples(r["qdevice"].value),
        "backup_coverage": lambda r: coverage_samples(r["backup_coverage"].value, _resources(r), _rights(r)),
        "backup_jobs": lambda r: backup_job_samples(r["backup_jobs"].value),
        "replication": lambda r: replication_samples(
            r["replication"], _cluster(r), _rights(r), _of(Version, r, "version")
        ),
        "zfs": lambda r: zfs_samples(r["zfs"], _cluster(r)),
        "backup_tasks": lambda r: backup_task_samples(r["backup_tasks"], _cluster(r), _resources(r), _rights(r)),
        "disks": lambda r: disk_samples(r["disks"]),
        "certificates": lambda r: certificate_samples(r["certificates"]),
        "snapshots": lambda r: snapshot_samples(r["snapshots"]),
        "stored_backups": lambda r: stored_backup_samples(r["stored_backups"], _resources(r), _rights(r)),
    }


def _cluster(results: Results) -> Cluster | None:
    return _of(Cluster, results, "cluster")


def _resources(results: Results) -> Resources | None:
    return _of(Resources, results, "resources")


def _rights(results: Results) -> Permissions | None:
    return _of(Permissions, results, "permissions")


def _of(wanted: type[V], results: Results, collector: str) -> V | None:
    """What another collector found, remembered or fresh; None when it failed, was not asked yet or is left out."""
    result = results.get(collector)
    return only(wanted, result.value if isinstance(result, Aged) else result)
