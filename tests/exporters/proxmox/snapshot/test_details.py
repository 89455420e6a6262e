"""Disks, certificates, snapshots and stored backups: what is not said is absent, and a bad row costs itself."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot.details import (
    Snapshots,
    parse_certificates,
    parse_disks,
    parse_snapshots,
    parse_stored_backups,
)
from tests.exporters.proxmox.recorded import recorded

BACKUP = {"volid": "s:1", "content": "backup", "vmid": 7, "ctime": 5, "subtype": "qemu"}


def test_disks_are_healthy_worn_or_not_known() -> None:
    """SMART passed with 97 % of life, SMART failed on a spinning disk, and one that nobody can ask."""
    disks = parse_disks(recorded()["nodes/pve1/disks/list"])

    assert [(disk.device, disk.healthy, disk.life_ratio) for disk in disks] == [
        ("/dev/nvme0n1", True, 0.97),
        ("/dev/sdd", False, None),
        ("/dev/sde", None, None),
    ]


@pytest.mark.parametrize(
    ("health", "healthy"),
    [("OK", True), ("passed", True), ("FAILED", False), ("", None), (None, None), (1, None), ("?", None)],
)
def test_only_smarts_own_judgement_counts(*, health: Any, healthy: bool | None) -> None:
    """SCSI disks say OK; a text that we do not know is no judgement."""
    assert [disk.healthy for disk in parse_disks([{"devpath": "/dev/sda", "health": health}])] == [healthy]


@pytest.mark.parametrize("wearout", ["N/A", None, -1, 101, "x", [], True])
def test_wear_that_is_no_percentage_is_absent(wearout: Any) -> None:
    """Not 0, which would be a disk that is worn out."""
    assert parse_disks([{"devpath": "/dev/sda", "wearout": wearout}])[0].life_ratio is None


@pytest.mark.parametrize("notafter", [None, 0, "soon", -1, 10**12])
def test_a_certificate_without_end_is_left_out(notafter: Any) -> None:
    """It does not expire in 1970; its neighbour is there."""
    found = parse_certificates([{"filename": "a.pem", "notafter": notafter}, {"filename": "b.pem", "notafter": 9}])

    assert [(one.file, one.expires_at) for one in found] == [("b.pem", 9)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"name": "current"}], Snapshots(number=0, oldest_at=None, complete=True)),
        (
            [{"name": "b", "snaptime": 9}, {"name": "a", "snaptime": "4"}, {"name": "current"}],
            Snapshots(number=2, oldest_at=4, complete=True),
        ),
        ([{"name": "a", "snaptime": 4}, {"name": "b"}], Snapshots(number=2, oldest_at=None, complete=True)),
        ([{"name": "a", "snaptime": 4}, {"snaptime": 1}], Snapshots(number=1, oldest_at=4, complete=False)),
        (
            [{"name": "a", "snaptime": 4}, {"name": "a", "snaptime": 5}],
            Snapshots(number=0, oldest_at=None, complete=False),
        ),
        ([{"name": "a", "snaptime": 4}, {"name": "a", "snaptime": 4}], Snapshots(number=1, oldest_at=4, complete=True)),
    ],
)
def test_snapshots_are_counted_without_the_present(rows: list[Any], expected: Snapshots) -> None:
    """`current` is the guest as it is; the oldest is known only when all say when they were taken."""
    assert parse_snapshots(rows) == expected


def test_backups_are_verified_failed_or_not_verified() -> None:
    """By the backup server; a storage that cannot verify says nothing."""
    found = parse_stored_backups(recorded()["nodes/pve1/storage/pbs/content?content=backup"])

    assert [(one.guest, one.vmid, one.verified) for one in found.backups] == [
        ("qemu/100", 100, True),
        ("qemu/100", 100, False),
        (None, 105, None),
    ]


@pytest.mark.parametrize("verification", [None, "ok", {}, {"state": "running"}, {"state": ["ok"]}, []])
def test_a_verification_that_is_not_over_is_none(verification: Any) -> None:
    """Only `ok` is verified, only `failed` has failed."""
    assert parse_stored_backups([{**BACKUP, "verification": verification}]).backups[0].verified is None


@pytest.mark.parametrize("row", [{}, {**BACKUP, "vmid": 0}, {**BACKUP, "ctime": None}, "s:1", {**BACKUP, "volid": ""}])
def test_a_backup_that_does_not_say_of_whom_and_when_is_missed(row: Any) -> None:
    """The list is not complete; the other backup is there."""
    found = parse_stored_backups([{**BACKUP, "volid": "s:2"}, row])

    assert (len(found.backups), found.complete) == (1, False)


def test_other_volumes_are_no_lost_backups() -> None:
    """A storage that answers with more than was asked for."""
    found = parse_stored_backups([{"volid": "s:iso/x", "content": "iso"}, BACKUP])

    assert (len(found.backups), found.complete) == (1, True)


@pytest.mark.parametrize("parse", [parse_disks, parse_certificates, parse_snapshots, parse_stored_backups])
@pytest.mark.parametrize("data", [None, {}, "x", 7])
def test_what_is_no_list_is_refused(parse: Any, data: Any) -> None:
    """It is not an empty one."""
    with pytest.raises(CollectorError) as caught:
        parse(data)

    assert caught.value.failure.kind is Kind.DECODE
