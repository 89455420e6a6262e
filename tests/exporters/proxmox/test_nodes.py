"""Replication, ZFS and backup tasks of each node: what a node does not say is not known of that node, and only of it."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind

from .recorded import NOW, TASKS, one_probe, probed, recorded, source, values

Found = dict[tuple[str, ...], Any]


def by_node(found: Found, family: str) -> dict[str, float]:
    return {key[1]: value for key, value in found.items() if key[0] == family}


async def test_a_job_that_never_ran_is_not_a_job_of_1970() -> None:
    """last_sync 0 has a family of its own and no timestamp."""
    found = values(await probed(recorded()))

    assert found["pve_replication_never_synced", "104-1"] == 1
    assert ("pve_replication_last_sync_timestamp_seconds", "104-1") not in found
    assert (found["pve_replication_failures", "104-0"], found["pve_replication_enabled", "104-1"]) == (7, 0)


async def test_without_last_sync_neither_is_said() -> None:
    """A missing key is not never."""
    payloads = recorded()
    for row in payloads["nodes/pve1/replication"]:
        row.pop("last_sync", None)
    found = values(await probed(payloads))

    assert ("pve_replication_never_synced", "100-0") not in found


async def test_no_jobs_are_believed_of_a_token_that_would_not_see_them() -> None:
    """9 without VM.Replicate: the lists are empty, replication is not known, and the right is named."""
    payloads = recorded()
    for held in payloads["access/permissions"].values():
        held.pop("VM.Replicate", None)
    payloads |= {"nodes/pve1/replication": [], "nodes/pve2/replication": []}
    found = values(await probed(payloads))

    assert by_node(found, "pve_replication_known") == {"pve1": 0, "pve2": 0, "pve3": 0}
    assert found["pve_privilege_missing", "/vms", "VM.Replicate"] == 1


async def test_release_8_needs_no_right_that_it_does_not_have() -> None:
    """An empty list of a node is then no jobs."""
    found = values(await probed(recorded("pve8")))

    assert by_node(found, "pve_replication_known") == {"pve1": 1, "pve2": 1}
    assert ("pve_privilege_missing", "/vms", "VM.Replicate") not in found


@pytest.mark.parametrize("trouble", [CollectorError(Kind.HTTP, "x"), {}, None, "no list"])
@pytest.mark.parametrize(
    ("path", "collector", "family"),
    [
        ("replication", "replication", "pve_replication_known"),
        ("disks/zfs", "zfs", "pve_zfs_known"),
        (TASKS, "backup_tasks", "pve_backup_tasks_known"),
    ],
)
async def test_one_nodes_trouble_is_that_nodes(path: str, collector: str, family: str, trouble: Any) -> None:
    """The other node's families stay, the collector succeeds, and the node is not known for this noun."""
    found = values(await probed({**recorded(), f"nodes/pve1/{path}": trouble}))

    assert by_node(found, family) == {"pve1": 0, "pve2": 1, "pve3": 0}
    assert found["collector_success", collector] == 1


async def test_when_no_node_answers_the_collector_fails_with_its_kind() -> None:
    """Only its families are lost; the verdict is not touched."""
    broken = {f"nodes/{node}/replication": CollectorError(Kind.PERMISSION, "x") for node in ("pve1", "pve2")}
    found = values(await probed({**recorded(), **broken}))

    assert found["collector_error", "replication", "permission"] == 1
    assert (found["pve_up",], found["probe_success",], found["pve_zfs_known", "pve1"]) == (1, 1, 1)


async def test_a_guest_that_moved_is_replicated_once() -> None:
    """Two lists, asked at different times, name the same job: the later one is right, and no series is doubled."""
    payloads = recorded()
    found = source(payloads)
    await one_probe(found)
    job = payloads["nodes/pve1/replication"].pop(0)
    payloads["nodes/pve2/replication"].append({**job, "source": "pve2", "target": "pve1"})
    clock = found.state.clock
    clock.now += 1  # type: ignore[attr-defined]
    del found.state.poller.remembered["pve2", "replication"]
    moved = values(await one_probe(found))

    assert [key[1:] for key in moved if key[0] == "pve_replication_info" and key[1] == "100-0"] == [
        ("100-0", "qemu/100", "pve2", "pve1")
    ]


async def test_a_pool_without_detail_is_unknown_unless_its_root_is_bad() -> None:
    """ONLINE alone proves nothing; FAULTED needs no detail."""
    payloads = recorded()
    payloads["nodes/pve1/disks/zfs"][1]["health"] = "FAULTED"
    broken = CollectorError(Kind.HTTP, "x")
    found = values(
        await probed({**payloads, "nodes/pve1/disks/zfs/rpool": broken, "nodes/pve1/disks/zfs/tank": broken})
    )

    pools = {
        key[2]: (value, found["pve_zfs_pool_known", *key[1:]])
        for key, value in found.items()
        if key[0] == "pve_zfs_pool_healthy"
    }
    assert pools == {"rpool": (0, 0), "tank": (0, 1)}


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"status": 501, "message": ""}, 1),
        ({"status": 500, "message": "zfsutils-linux not installed\n"}, 1),
        ({"status": 500, "message": "command '/sbin/zpool list' failed: exit code 1"}, 0),
        ({"status": 500, "message": ""}, 0),
        ([], 1),
    ],
)
async def test_a_node_without_zfs_is_no_trouble(answer: Any, known: int) -> None:
    """Not installed or not implemented is an answer; a zpool that fails is not."""
    found = values(await probed({**recorded(), "nodes/pve2/disks/zfs": answer}))

    assert found["pve_zfs_known", "pve2"] == known


async def test_a_backup_of_several_guests_is_the_nodes_and_nobodys() -> None:
    """pve1's newest good task is the one of guest 100 alone; guest 104's only task failed and gives no time."""
    found = values(await probed(recorded()))

    assert by_node(found, "pve_guest_backup_last_success_timestamp_seconds") == {
        "qemu/100": NOW - 3600,
        "qemu/101": NOW - 90000,
    }
    assert by_node(found, "pve_node_backup_last_failure_timestamp_seconds") == {"pve1": NOW - 7200, "pve2": NOW - 10000}


async def test_task_lists_are_not_believed_without_the_right_to_see_them() -> None:
    """Without Sys.Audit on the nodes a list holds only the token's own tasks: none."""
    payloads = recorded()
    payloads["access/permissions"]["/nodes"] = {"VM.Audit": 1}
    payloads[f"nodes/pve1/{TASKS}"] = []
    found = values(await probed(payloads))

    assert by_node(found, "pve_backup_tasks_known") == {"pve1": 0, "pve2": 0, "pve3": 0}
    assert found["pve_privilege_missing", "/nodes", "Sys.Audit"] == 1


async def test_coverage_claims_nothing_about_guests_it_cannot_see() -> None:
    """Listed guests are in no job for sure; without VM.Audit on all, nobody else is said to be in one."""
    payloads = recorded()
    payloads["access/permissions"]["/vms"] = {}
    payloads["access/permissions"]["/vms"]["VM.Console"] = 1
    found = values(await probed(payloads))

    assert by_node(found, "pve_guest_in_backup_job") == {"lxc/102": 0, "qemu/103": 0}
    assert ("pve_guests_without_backup_job",) not in found
