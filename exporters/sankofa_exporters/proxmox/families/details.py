"""What is read in rotation, one call a probe: disks, certificates, snapshots, backups as they lie on storages."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

_DISK = ("node", "disk")
_READ = "Read in rotation and remembered, see sankofa_collector_age_seconds"

DISK_INFO = Family(
    name="sankofa_pve_disk_info",
    kind="info",
    labels=(*_DISK, "kind", "model", "serial"),
    help=f"A physical disk of a node; kind is hdd, ssd, nvme, usb or unknown; always 1. {_READ}.",
)
DISK_HEALTHY = Family(
    name="sankofa_pve_disk_healthy",
    labels=_DISK,
    help="1 when SMART judges the disk healthy, 0 when it predicts its failure; absent when it does not say, as behind a RAID "
    f"controller. {_READ} for up to 4 hours.",
)
DISK_LIFE = Family(
    name="sankofa_pve_disk_life_left_ratio",
    unit="ratio",
    labels=_DISK,
    help="Share of its rated life that the disk has left: 1 is new, 0 worn out; absent for disks that do not tell their wear.",
)
DISK_SIZE = Family(name="sankofa_pve_disk_size_bytes", unit="bytes", labels=_DISK, help="Size of the disk.")
CERTIFICATE_EXPIRY = Family(
    name="sankofa_pve_certificate_expiry_timestamp_seconds",
    unit="seconds",
    labels=("node", "file"),
    help=f"When a certificate of the node's API expires. {_READ} for up to a day; absent while the node is offline.",
)
SNAPSHOTS = Family(
    name="sankofa_pve_guest_snapshots",
    labels=("guest",),
    help=f"Snapshots of the guest. {_READ} for up to a day; absent until the guest's turn has come.",
)
SNAPSHOT_OLDEST = Family(
    name="sankofa_pve_guest_snapshot_oldest_timestamp_seconds",
    unit="seconds",
    labels=("guest",),
    help="When the guest's oldest snapshot was taken; absent when it has none, or one does not say when it was taken.",
)
BACKUP_LIST_COMPLETE = Family(
    name="sankofa_pve_backup_list_complete",
    labels=("storage", "node"),
    help="1 when all backups on the storage are seen: every row could be read, and the token may see them (VM.Backup on /vms and "
    f"Datastore.AllocateSpace on /storage). {_READ} for up to 4 hours; node is the one that was asked.",
)
STORED_BACKUPS = Family(
    name="sankofa_pve_guest_stored_backups",
    labels=("guest",),
    help="Backups of the guest on the storages that were read; 0 only when all storages for backups are completely seen, else "
    "absent for a guest of which none was seen.",
)
STORED_BACKUP_NEWEST = Family(
    name="sankofa_pve_guest_stored_backup_newest_timestamp_seconds",
    unit="seconds",
    labels=("guest",),
    help="When the newest backup of the guest that lies on a storage was made; absent when none was seen.",
)
STORED_BACKUP_VERIFIED = Family(
    name="sankofa_pve_guest_stored_backup_newest_verified",
    labels=("guest",),
    help="1 when the newest backup of the guest passed its verification, 0 when it failed; absent when it was not verified.",
)
STORED_BACKUPS_FAILED = Family(
    name="sankofa_pve_guest_stored_backups_failed_verification",
    labels=("guest",),
    help="Backups of the guest that failed their verification; absent when none was seen that has been verified.",
)

FAMILIES = (
    DISK_INFO,
    DISK_HEALTHY,
    DISK_LIFE,
    DISK_SIZE,
    CERTIFICATE_EXPIRY,
    SNAPSHOTS,
    SNAPSHOT_OLDEST,
    BACKUP_LIST_COMPLETE,
    STORED_BACKUPS,
    STORED_BACKUP_NEWEST,
    STORED_BACKUP_VERIFIED,
    STORED_BACKUPS_FAILED,
)
