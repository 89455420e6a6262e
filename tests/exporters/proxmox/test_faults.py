"""Against a running fake of Proxmox VE 9: each thing that breaks is seen as what it is, within one scrape."""

from __future__ import annotations

import pytest

from tests.exporters.watching import Watch, watching
from tests.pace import growing, limit

from .lab import Lab, pair, warm

pytestmark = pytest.mark.real("fakepve")


async def test_lost_quorum_is_down_and_takes_the_word_of_ha_away(lab: Lab, watch: Watch) -> None:
    """Known to be down; HA is not known; everything else still answers. Restored is up in the next scrape."""
    assert pair(await warm(watch)) == (1, 1)

    lab.switch("/quorum/lost")
    lost = await watch.values()
    assert (pair(lost), lost["pve_cluster_quorate",], lost["pve_ha_known",]) == ((0, 1), 0, 0)
    assert (lost["pve_ha_service_known", "vm:100"], lost["pve_replication_known", "pve1"]) == (0, 1)

    lab.switch("/quorum/restored")
    assert pair(await watch.values()) == (1, 1)


async def test_killed_node_takes_its_own_knowledge_with_it(lab: Lab, watch: Watch) -> None:
    """pve2 dies: its guests, its HA services, its pool, its jobs are unknown; one more and quorum is gone."""
    await warm(watch)
    lab.switch("/node/pve2/offline")
    found = await watch.values()

    assert (pair(found), found["pve_node_online", "pve2"], found["pve_quorum_margin_votes",]) == ((1, 1), 0, 0)
    assert (found["pve_guest_known", "qemu/101"], found["pve_guests", "unknown"]) == (0, 2)
    # vm:104 runs on pve2, and HA has not noticed yet.
    assert (found["pve_ha_service_started", "vm:104"], found["pve_ha_service_known", "vm:104"]) == (0, 0)
    nodes = ("pve_replication_known", "pve_zfs_known", "pve_backup_tasks_known")
    assert [(found[name, "pve2"], found[name, "pve1"]) for name in nodes] == [(0, 1)] * 3
    assert not [key for key in found if key[0] == "pve_zfs_pool_healthy" and key[1] == "pve2"]


@pytest.mark.parametrize(
    ("privilege", "missing", "unknown"),
    [
        ("VM.Audit", ("/vms", "VM.Audit"), "pve_guest_list_complete"),
        ("Datastore.Audit", ("/storage", "Datastore.Audit"), None),
        ("VM.Replicate", ("/vms", "VM.Replicate"), "pve_replication_known"),
    ],
)
async def test_revoked_privilege_is_named_in_the_next_scrape(
    lab: Lab, watch: Watch, privilege: str, missing: tuple[str, str], unknown: str | None
) -> None:
    """And what it took away is unknown, not absent guests, jobs or storages. Restored, it is right again two scrapes later."""
    await warm(watch)
    lab.switch(f"/privilege/{privilege}/revoked")
    found = await watch.values()

    assert (found["pve_privilege_missing", *missing], pair(found)) == (1, (1, 1))
    if unknown is not None:
        assert {value for key, value in found.items() if key[0] == unknown} == {0}
    assert ("pve_guests", "running") in found or privilege != "VM.Replicate"

    lab.switch(f"/privilege/{privilege}/restored")
    await watch.values()
    assert (await watch.values())["pve_privilege_missing", *missing] == 0


async def test_revoked_sys_audit_is_unknown_and_named(lab: Lab, watch: Watch) -> None:
    """The status itself is refused: unknown, never down, in the same scrape as the reason."""
    await warm(watch)
    lab.switch("/privilege/Sys.Audit/revoked")
    found = await watch.values()

    assert (pair(found), found["collector_error", "cluster", "permission"]) == ((0, 0), 1)
    assert (found["pve_privilege_missing", "/", "Sys.Audit"], found["pve_privilege_missing", "/vms", "VM.Audit"]) == (
        1,
        0,
    )


ENDPOINTS = {
    "cluster/resources": "resources",
    "cluster/ha/status/current": "ha",
    "nodes/*/replication": "replication",
    "nodes/*/disks/zfs": "zfs",
    "nodes/*/tasks": "backup_tasks",
}
COLLECTORS = ("cluster", "resources", "ha", "permissions", "replication", "zfs", "backup_tasks")


async def test_one_broken_endpoint_costs_one_collector(lab: Lab) -> None:
    """500 on each path from the start: the collector that needs it fails as http, and no other."""
    failed = {}
    for path in ENDPOINTS:
        lab.switch(f"/endpoint/{path}/500")
        async with watching(lab.exporter()) as watch:
            found = await watch.values()
        lab.switch(f"/endpoint/{path}/ok")
        assert pair(found) == (1, 1)
        failed[path] = [name for name in COLLECTORS if ("collector_error", name, "http") in found]

    assert failed == {path: [collector] for path, collector in ENDPOINTS.items()}


async def test_broken_slow_endpoints_cost_their_own_collectors(lab: Lab) -> None:
    """Those that are asked in turn, broken from the start: four failures, and everything else has its data."""
    paths = ("cluster/backup", "cluster/backup-info/not-backed-up", "cluster/config/nodes", "cluster/config/qdevice")
    lab.switch(*(f"/endpoint/{path}/500" for path in paths))
    async with watching(lab.exporter()) as watch:
        found = await warm(watch)

    assert {key[1] for key in found if key[0] == "collector_error"} == {
        "backup_jobs",
        "backup_coverage",
        "votes",
        "qdevice",
    }
    assert (pair(found), found["probe_success",], ("pve_quorum_margin_votes",) in found) == ((1, 1), 1, False)


@pytest.mark.parametrize("mode", ["500", "hang"])
@pytest.mark.parametrize("path", ["cluster/status", "cluster/resources", "cluster/ha/status/current"])
async def test_a_call_that_fails_or_hangs_takes_nobody_along(lab: Lab, watch: Watch, path: str, mode: str) -> None:
    """Two probes each: the other collectors have their answers, nodes are visited, rights are asked for."""
    await warm(watch)
    lab.switch(f"/endpoint/{path}/{mode}")
    for seconds in growing(1.5):
        await watch.values(scrape_timeout=seconds)
        lab.calls()
        found = await watch.values(scrape_timeout=seconds)
        failed, calls = {key[1] for key in found if key[0] == "collector_error"}, lab.calls()
        if len(failed) == 1 and calls["nodes/NODE/disks/zfs"] == 3:
            break

    assert failed == {{"cluster/status": "cluster", "cluster/resources": "resources"}.get(path, "ha")}
    assert pair(found) == ((0, 0) if path == "cluster/status" else (1, 1))
    assert (found["pve_zfs_known", "pve1"], found["pve_replication_known", "pve1"]) == (1, 1)
    assert (calls["access/permissions"], calls["nodes/NODE/disks/zfs"]) == (1, 3)


@pytest.mark.parametrize("mode", ["595", "hang", "html", "garbage"])
async def test_one_nodes_broken_endpoint_costs_that_nodes_families(lab: Lab, watch: Watch, mode: str) -> None:
    """pve2 cannot be reached behind its seed, or answers nonsense: of pve1 and pve3 everything is known."""
    lab.switch(f"/endpoint/nodes/pve2/*/{mode}")
    found = await watch.values(scrape_timeout=limit(9))
    nodes = ("pve_replication_known", "pve_zfs_known", "pve_backup_tasks_known")

    assert pair(found) == (1, 1)
    assert {name: [found[name, f"pve{number}"] for number in (1, 2, 3)] for name in nodes} == {
        name: [1, 0, 1] for name in nodes
    }
    assert found["probe_duration_seconds",] < limit(9) - 0.5  # its own end, not the deadline's


async def test_degraded_child_under_an_online_root_is_not_healthy(lab: Lab, watch: Watch) -> None:
    """The root says ONLINE; the pool is known not to be healthy."""
    await warm(watch)
    lab.switch("/zfs/pve1/rpool/degraded_child")
    found = await watch.values()

    assert ("pve_zfs_pool_info", "ONLINE", "pve1", "rpool") in found
    assert (found["pve_zfs_pool_healthy", "pve1", "rpool"], found["pve_zfs_pool_known", "pve1", "rpool"]) == (0, 1)
    assert found["pve_zfs_pool_healthy", "pve2", "rpool"] == 1


@pytest.mark.parametrize(
    ("mood", "pair_of_pool"),
    [("ok", (1, 1)), ("degraded", (0, 1)), ("faulted", (0, 1)), ("errors", (0, 1)), ("odd", (0, 0))],
)
async def test_pool_in_each_mood(lab: Lab, watch: Watch, mood: str, pair_of_pool: tuple[int, int]) -> None:
    """(healthy, known): a word that nobody knows is unknown."""
    lab.switch(f"/zfs/pve1/rpool/{mood}")
    found = await watch.values()

    assert (
        found["pve_zfs_pool_healthy", "pve1", "rpool"],
        found["pve_zfs_pool_known", "pve1", "rpool"],
    ) == pair_of_pool


async def test_node_without_zfs_is_no_trouble(lab: Lab, watch: Watch) -> None:
    """Proxmox says 500 and why; that is an answer."""
    lab.switch("/zfs/pve3/absent")
    found = await watch.values()

    assert (found["pve_zfs_known", "pve3"], found["collector_success", "zfs"]) == (1, 1)


@pytest.mark.parametrize("beat", ["stale", "drift", "unreadable"])
async def test_stale_lrm_and_stale_manager_are_told_apart(lab: Lab, watch: Watch, beat: str) -> None:
    """A silent LRM takes its own node's running services; a silent manager takes all."""
    await warm(watch)
    lab.switch(f"/ha/lrm/pve1/{beat}")
    one = await watch.values()
    lab.switch(f"/ha/master/{beat}")
    both = await watch.values()
    services = ("vm:100", "vm:102", "vm:104")

    assert (one["pve_ha_known",], one["pve_ha_lrm_fresh", "pve1"], one["pve_node_online", "pve1"]) == (1, 0, 1)
    assert [one["pve_ha_service_known", service] for service in services] == [0, 1, 1]
    assert (both["pve_ha_known",], [both["pve_ha_service_known", service] for service in services]) == (0, [0, 0, 0])


async def test_failed_replication_is_counted_and_never_synced_is_said(lab: Lab, watch: Watch) -> None:
    """One fails with an old copy, one has no copy at all, one is off."""
    await warm(watch)
    lab.switch("/replication/100-0/failing", "/replication/101-0/never", "/replication/102-0/disabled")
    found = await watch.values()

    assert (found["pve_replication_failures", "100-0"], found["pve_replication_never_synced", "100-0"]) == (4, 0)
    assert found["pve_replication_never_synced", "101-0"] == 1
    assert ("pve_replication_last_sync_timestamp_seconds", "101-0") not in found
    assert (found["pve_replication_enabled", "102-0"], found["pve_replication_enabled", "100-0"]) == (0, 1)


async def test_new_guest_without_backup_is_seen_with_the_guest(lab: Lab, watch: Watch) -> None:
    """Nobody put it into a job: said in the scrape that first sees the guest."""
    before = await warm(watch)
    lab.switch("/guest/900/added")
    found = await watch.values()

    assert before["pve_guests_without_backup_job",] == 0
    assert (found["pve_guest_in_backup_job", "qemu/900"], found["pve_guests_without_backup_job",]) == (0, 1)
    assert found["pve_guest_in_backup_job", "qemu/100"] == 1


async def test_backup_tasks_tell_the_last_good_one(lab: Lab, watch: Watch) -> None:
    """A failed dump is the node's newest failure and leaves the guest's last good time where it was."""
    before = await warm(watch)
    lab.switch("/backup/task/100/failed")
    found = await watch.values()
    name = "pve_guest_backup_last_success_timestamp_seconds"

    assert found[name, "qemu/100"] == before[name, "qemu/100"]
    assert ("pve_node_backup_last_failure_timestamp_seconds", "pve1") in found
    assert ("pve_node_backup_last_failure_timestamp_seconds", "pve1") not in before


@pytest.mark.parametrize(
    ("qdevice", "margin", "connected"), [("none", 0, None), ("connected", 1, 1), ("disconnected", 0, 0)]
)
async def test_margin_counts_the_qdevice(lab: Lab, qdevice: str, margin: int, connected: int | None) -> None:
    """Two nodes: without a QDevice, or with one that is not there, not one vote is to spare."""
    lab.start_over(nodes=2)
    lab.switch(f"/qdevice/{qdevice}")
    async with watching(lab.exporter()) as watch:
        found = await warm(watch)

    assert (found["pve_quorum_margin_votes",], found.get(("pve_qdevice_connected",))) == (margin, connected)
