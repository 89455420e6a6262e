"""What is read in rotation: disks, certificates, snapshots, backups on storages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.proxmox.families import details as f
from sankofa_exporters.proxmox.snapshot.by_node import ByNode
from sankofa_exporters.proxmox.snapshot.details import Certificate, Disk, Snapshots, StoredBackup, StoredBackups
from sankofa_exporters.proxmox.snapshot.resources import Guest, Resources
from sankofa_exporters.proxmox.snapshot.rights import Permissions

from .resources import every_guest_is_seen

MAX_DIGITS = 10  # of a guest's number


def disk_samples(found: ByNode[tuple[Disk, ...]]) -> Iterator[Sample]:
    for node, disks in found.answers.items():
        for disk in disks:
            labels = (node, disk.device)
            yield Sample(f.DISK_INFO, 1, (*labels, disk.kind, disk.model, disk.serial))
            healthy = None if disk.healthy is None else float(disk.healthy)
            yield from present(
                labels, (f.DISK_HEALTHY, healthy), (f.DISK_LIFE, disk.life_ratio), (f.DISK_SIZE, disk.size)
            )


def certificate_samples(found: ByNode[tuple[Certificate, ...]]) -> Iterator[Sample]:
    for node, certificates in found.answers.items():
        for one in certificates:
            yield Sample(f.CERTIFICATE_EXPIRY, one.expires_at, (node, one.file))


def snapshot_samples(found: ByNode[Snapshots]) -> Iterator[Sample]:
    for guest, snapshots in found.answers.items():
        if snapshots.complete:
            yield Sample(f.SNAPSHOTS, snapshots.number, (guest,))
            yield from present((guest,), (f.SNAPSHOT_OLDEST, snapshots.oldest_at))


def stored_backup_samples(
    found: ByNode[StoredBackups], resources: Resources | None, permissions: Permissions | None
) -> Iterator[Sample]:
    """Proxmox leaves out the backups that the token may not read, so that a list is complete only for one that may read all."""
    may = permissions is not None and permissions.may_list_backups()
    for key, answer in found.answers.items():
        node, _, storage = key.partition("/")
        yield Sample(f.BACKUP_LIST_COMPLETE, float(may and answer.complete), (storage, node))
    every_list = may and resources is not None and every_guest_is_seen(resources, permissions)
    every_list = every_list and resources is not None and _every_storage_is_read(found, resources)
    by_number: dict[int, list[StoredBackup]] = defaultdict(list)
    for answer in found.answers.values():
        for one in answer.backups:
            by_number[one.vmid].append(one)
    for guest in resources.guests if resources is not None else ():
        backups = _of_guest(guest, by_number)
        if backups or (every_list and not guest.template):
            yield from _guest_samples(guest, backups)


def _every_storage_is_read(found: ByNode[StoredBackups], resources: Resources) -> bool:
    read = {key for key, answer in found.answers.items() if answer.complete}
    names = {key.partition("/")[2] for key in read}
    return all(
        storage.name in names if storage.shared else f"{storage.node}/{storage.name}" in read
        for storage in resources.storages
        if storage.holds_backups
    )


def _of_guest(guest: Guest, by_number: Mapping[int, list[StoredBackup]]) -> list[StoredBackup]:
    """By number, as two guests never have the same one, and by kind where the backup has it."""
    number = guest.id.partition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        return []
    return [one for one in by_number.get(int(number), ()) if one.guest in (None, guest.id)]


def _guest_samples(guest: Guest, backups: list[StoredBackup]) -> Iterator[Sample]:
    labels = (guest.id,)
    yield Sample(f.STORED_BACKUPS, len(backups), labels)
    if not backups:
        return
    newest = max(backups, key=lambda one: one.made_at)
    verified = [one for one in backups if one.verified is not None]
    yield from present(
        labels,
        (f.STORED_BACKUP_NEWEST, newest.made_at),
        (f.STORED_BACKUP_VERIFIED, None if newest.verified is None else float(newest.verified)),
        (f.STORED_BACKUPS_FAILED, sum(not one.verified for one in verified) if verified else None),
    )
