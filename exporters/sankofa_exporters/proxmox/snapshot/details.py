"""What is read in rotation, one answer a call: disks, certificates, snapshots of a guest, backups on a storage.

All of it only describes: rows that cannot be read are left out and counted, and the rest stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import amount, text

from .rows import Row, count, guest_id, read_rows, rows, timestamp

BACKUPS_QUERY = "content?content=backup"
CURRENT = "current"  # not a snapshot: the guest as it is
_HEALTH = {"PASSED": True, "OK": True, "FAILED": False, "FAILED!": False, "FAILING": False}
_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A physical disk: SMART's own judgement, and how much of its rated life is left (1 is new)."""

    device: str
    kind: str
    model: str
    serial: str
    healthy: bool | None
    life_ratio: float | None
    size: float | None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    file: str
    issuer: str
    expires_at: float


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Of one guest; the oldest is None where there is none, or where none says when it was taken."""

    number: int
    oldest_at: float | None
    complete: bool


@dataclass(frozen=True, kw_only=True)
class StoredBackup:
    """A backup that lies on a storage; `verified` is None where nobody has verified it, and for storages that cannot."""

    guest: str | None  # qemu/100; None when the row has only a number
    vmid: int
    made_at: float
    verified: bool | None


@dataclass(frozen=True, kw_only=True)
class StoredBackups:
    backups: tuple[StoredBackup, ...]
    complete: bool


def parse_disks(data: Any) -> tuple[Disk, ...]:
    return tuple(read_rows(rows(data, "disks/list"), _disk).found.values())


def _disk(row: Row) -> tuple[str, Disk] | None:
    device, wearout = text(row.get("devpath")), amount(row.get("wearout"))
    if device is None:
        return None
    health = text(row.get("health"))
    return device, Disk(
        device=device,
        kind=text(row.get("type")) or "",
        model=text(row.get("model")) or "",
        serial=text(row.get("serial")) or "",
        healthy=None if health is None else _HEALTH.get(health.upper()),
        life_ratio=wearout / _PERCENT if wearout is not None and wearout <= _PERCENT else None,
        size=amount(row.get("size")),
    )


def parse_certificates(data: Any) -> tuple[Certificate, ...]:
    return tuple(read_rows(rows(data, "certificates/info"), _certificate).found.values())


def _certificate(row: Row) -> tuple[str, Certificate] | None:
    file, expires_at = text(row.get("filename")), timestamp(row.get("notafter"))
    if file is None or not expires_at:
        return None
    return file, Certificate(file=file, issuer=text(row.get("issuer")) or "", expires_at=expires_at)


def parse_snapshots(data: Any) -> Snapshots:
    found = read_rows(rows(data, "snapshot"), _snapshot)
    times = {name: taken_at for name, taken_at in found.found.items() if name != CURRENT}
    known = [taken_at for taken_at in times.values() if taken_at]
    return Snapshots(
        number=len(times),
        oldest_at=min(known) if known and len(known) == len(times) else None,
        complete=found.complete,
    )


def _snapshot(row: Row) -> tuple[str, float | None] | None:
    name = text(row.get("name"))
    return None if name is None else (name, timestamp(row.get("snaptime")))


def parse_stored_backups(data: Any) -> StoredBackups:
    found = read_rows(rows(data, "content"), _stored_backup)
    return StoredBackups(backups=tuple(one for one in found.found.values() if one), complete=found.complete)


def _stored_backup(row: Row) -> tuple[str, StoredBackup | None] | None:
    """None for a volume of another content; a backup that does not say of which guest and when is a lost row."""
    volume, vmid, made_at = text(row.get("volid")), count(row.get("vmid")), timestamp(row.get("ctime"))
    if volume is not None and row.get("content", "backup") != "backup":
        return volume, None
    if volume is None or not vmid or not made_at:
        return None
    verification = row.get("verification")
    state = verification.get("state") if isinstance(verification, Mapping) else None
    return volume, StoredBackup(
        guest=guest_id(row.get("subtype"), vmid),
        vmid=vmid,
        made_at=made_at,
        verified={"ok": True, "failed": False}.get(state) if isinstance(state, str) else None,
    )
