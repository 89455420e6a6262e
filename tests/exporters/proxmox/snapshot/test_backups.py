"""A row that cannot be read costs itself, and the list its claim to be complete."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot.backup import (
    MAX_TASKS,
    BackupTask,
    parse_backup_jobs,
    parse_backup_tasks,
    parse_unbacked,
)
from tests.exporters.proxmox.recorded import NOW, TASKS, recorded


@pytest.mark.parametrize(
    ("release", "guests"), [("pve7", {"qemu/100"}), ("pve8", set()), ("pve9", {"lxc/102", "qemu/103"})]
)
def test_unbacked_guests_are_named_as_resources_name_them(release: str, guests: set[str]) -> None:
    """The number is text in one of them."""
    found = parse_unbacked(recorded(release)["cluster/backup-info/not-backed-up"])

    assert (set(found.found), found.complete) == (guests, True)


@pytest.mark.parametrize(
    "row", [{}, {"vmid": 100}, {"type": "qemu"}, {"vmid": "x", "type": "qemu"}, {"vmid": 1, "type": "openvz"}, 7]
)
def test_an_unreadable_row_would_be_a_guest_that_looks_covered(row: Any) -> None:
    """So the list is not complete; the guest that can be read is uncovered all the same."""
    found = parse_unbacked([{"vmid": 100, "type": "qemu"}, row])

    assert (set(found.found), found.complete) == ({"qemu/100"}, False)


def test_a_job_is_on_unless_it_says_that_it_is_off() -> None:
    """Enabled is absent for a job that was never switched."""
    jobs = parse_backup_jobs([{"id": "a"}, {"id": "b", "enabled": "0"}, {"id": "c", "enabled": 1}, {"enabled": 1}])

    assert [(job.id, job.enabled) for job in jobs] == [("a", True), ("b", False), ("c", True)]


def test_tasks_say_what_they_came_to_and_for_whom() -> None:
    """Warnings are a dump, job errors are none; a task over several guests names none of them."""
    found = parse_backup_tasks(recorded()[f"nodes/pve1/{TASKS}"])

    assert found.tasks == (
        BackupTask(vmid=None, ended_at=NOW - 20000, good=True),
        BackupTask(vmid=100, ended_at=NOW - 3600, good=True),
        BackupTask(vmid=104, ended_at=NOW - 7200, good=False),
    )
    assert (found.newest(good=True), found.newest(good=False)) == (NOW - 3600, NOW - 7200)


@pytest.mark.parametrize(
    "row",
    [
        {"type": "qmstart", "id": "100", "endtime": NOW, "status": "OK"},
        {"type": "vzdump", "id": "100", "status": "OK"},
        {"type": "vzdump", "id": "100", "endtime": NOW},
        {"type": "vzdump", "id": "100", "endtime": "soon", "status": "OK"},
        {"type": "vzdump", "id": "100", "endtime": 0, "status": "OK"},
    ],
)
def test_other_tasks_and_running_ones_are_left_out(row: dict[str, Any]) -> None:
    """Only a finished dump says anything."""
    assert parse_backup_tasks([{"upid": "UPID:x", **row}]).tasks == ()


def test_no_more_tasks_are_read_than_were_asked_for() -> None:
    """A list without end costs nothing."""
    row = {"type": "vzdump", "id": "", "endtime": 5, "status": "OK"}
    found = parse_backup_tasks([{**row, "upid": f"UPID:{number}"} for number in range(MAX_TASKS * 3)])

    assert (len(found.tasks), found.complete) == (MAX_TASKS, True)


@pytest.mark.parametrize("data", [None, {}, "UPID:x"])
def test_what_is_no_list_of_tasks_is_refused(data: Any) -> None:
    """It is not a node that never made a backup."""
    with pytest.raises(CollectorError) as caught:
        parse_backup_tasks(data)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize("row", [{}, {"type": "vzdump", "endtime": 5, "status": "OK"}, "UPID:x", None])
def test_a_row_that_is_no_task_leaves_the_list_incomplete(row: Any) -> None:
    """Its neighbour counts."""
    found = parse_backup_tasks([row, {"upid": "UPID:y", "type": "vzdump", "id": "7", "endtime": 5, "status": "OK"}])

    assert ([task.vmid for task in found.tasks], found.complete) == ([7], False)
