"""Against running fakes of 1, 3 and 16 nodes and of releases 7, 8 and 9: how often they are asked, and that all is known."""

from __future__ import annotations

import pytest

from sankofa_exporters.proxmox.system.schedule import QUESTIONS
from tests.exporters.watching import watching

from .lab import Lab, pair, warm
from .recorded import PATHS

pytestmark = pytest.mark.real("fakepve")
THREE = {"cluster/status", "cluster/resources", "cluster/ha/status/current"}


def of_cluster(calls: dict[str, int]) -> dict[str, int]:
    return {path: count for path, count in calls.items() if not path.startswith("nodes/")}


def of_nodes(calls: dict[str, int]) -> dict[str, int]:
    """What is asked of every node, without the details that take turns."""
    details = ("certificates/info", "disks/list", "content", "snapshot")
    return {path: n for path, n in calls.items() if path.startswith("nodes/") and not path.endswith(details)}


async def test_each_probe_makes_four_calls_about_the_cluster(lab: Lab) -> None:
    """Counted at the fake, from the first probe on: three that are always the same, and one in turn."""
    fourth: list[str] = []
    lab.calls()
    async with watching(lab.exporter()) as watch:
        for _ in range(8):
            await watch.values()
            calls = of_cluster(lab.calls())
            assert sum(calls.values()) == 4
            fourth += set(calls) - THREE

    assert fourth[: len(QUESTIONS)] == [PATHS[question.name] for question in QUESTIONS]
    assert fourth[len(QUESTIONS) :] == ["access/permissions"] * 2


@pytest.mark.parametrize("nodes", [1, 3, 16])
async def test_nodes_are_asked_once_and_then_left_alone_for_a_while(lab: Lab, nodes: int) -> None:
    """The first probe asks each node for each thing, and all is known of each; the next asks hardly any."""
    lab.start_over(nodes=nodes, guests=2 * nodes)
    async with watching(lab.exporter()) as watch:
        found = await watch.values()
        first = of_nodes(lab.calls())
        await watch.values()
        second = of_nodes(lab.calls())

    assert first == {
        "nodes/NODE/replication": nodes,
        "nodes/NODE/disks/zfs": nodes,
        "nodes/NODE/disks/zfs/POOL": nodes,
        "nodes/NODE/tasks": nodes,
    }
    assert sum(second.values()) <= nodes // 2
    assert (pair(found), len([key for key in found if key[0] == "pve_zfs_known"])) == ((1, 1), nodes)


async def test_details_cost_one_call_a_probe(lab: Lab) -> None:
    """Certificates, disks, backups and snapshots take turns; a probe that has nothing left to ask asks nothing."""
    calls: list[dict[str, int]] = []
    async with watching(lab.exporter(skip=("replication", "zfs", "backup_tasks"))) as watch:
        for _ in range(3 + 3 + 3 + 6 + 1):
            found = await watch.values()
            calls.append({path: count for path, count in lab.calls().items() if path.startswith("nodes/")})

    assert [sum(counts.values()) for counts in calls] == [1] * 15 + [0]
    assert [path for counts in calls[:4] for path in counts] == [
        "nodes/NODE/certificates/info",
        "nodes/NODE/disks/list",
        "nodes/NODE/storage/STORAGE/content",
        "nodes/NODE/qemu/VMID/snapshot",
    ]
    assert len([key for key in found if key[0] == "pve_guest_snapshots"]) == 6
    assert len([key for key in found if key[0] == "pve_disk_healthy"]) == 6


@pytest.mark.parametrize("release", [7, 8, 9])
async def test_each_release_is_known_to_the_last_family(lab: Lab, release: int) -> None:
    """No collector fails, no right is missing, and every pair of up and known is known."""
    lab.start_over(release=release)
    async with watching(lab.exporter()) as watch:
        found = await warm(watch)

    assert not [key for key in found if key[0] == "collector_error"]
    assert {value for key, value in found.items() if key[0] == "pve_privilege_missing"} == {0}
    assert {value for key, value in found.items() if key[0].endswith("_known")} == {1}
    assert [key[3][0] for key in found if key[0] == "pve_version_info"] == [str(release)]
    assert (("pve_ha_armed",) in found) == (release == 9)


async def test_standalone_node_is_up_without_quorum(lab: Lab) -> None:
    """One node, no cluster: up, no margin, no votes, and no failure."""
    lab.start_over(nodes=1)
    async with watching(lab.exporter()) as watch:
        found = await warm(watch)

    assert (pair(found), found["pve_qdevice_configured",]) == ((1, 1), 0)
    assert not [key for key in found if key[0] in {"pve_cluster_quorate", "pve_quorum_margin_votes", "collector_error"}]
