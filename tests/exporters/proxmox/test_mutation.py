"""Spoiled payloads: no exception leaves the probe, no false up or good, and no family lost that another source gave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.model.bounds import Bounds, safe_label
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.proxmox.system.rotation import DETAILS
from sankofa_exporters.reading.http import parse_json
from tests.exporters.mutation import CASES, spoiled

from .recorded import TASKS, probed, probed_again, recorded, values, warmed

# Which collectors may change when a call is spoiled: its own, and those that read its answer beside their own.
ALL = frozenset({"cluster", "resources", "ha", "permissions", "version", "votes", "qdevice", "backup_coverage"})
DETAILED = frozenset({"disks", "certificates", "snapshots", "stored_backups"})
LEANS = {
    "cluster/status": ALL | {"backup_jobs", "replication", "zfs", "backup_tasks"} | DETAILED,
    "cluster/resources": {"resources", "backup_coverage", "backup_tasks"} | DETAILED,
    "cluster/ha/status/current": {"ha"},
    "access/permissions": {
        "permissions",
        "resources",
        "backup_coverage",
        "replication",
        "backup_tasks",
        "stored_backups",
    },
    "version": {"version", "permissions", "replication"},
    "cluster/config/nodes": {"votes", "cluster"},
    "cluster/config/qdevice": {"qdevice", "cluster"},
    "cluster/backup-info/not-backed-up": {"backup_coverage"},
    "cluster/backup": {"backup_jobs"},
    "nodes/pve1/replication": {"replication"},
    "nodes/pve1/disks/zfs": {"zfs"},
    "nodes/pve1/disks/zfs/tank": {"zfs"},
    f"nodes/pve1/{TASKS}": {"backup_tasks"},
    "nodes/pve1/disks/list": {"disks"},
    "nodes/pve1/certificates/info": {"certificates"},
    "nodes/pve1/qemu/100/snapshot": {"snapshots"},
    "nodes/pve1/storage/pbs/content?content=backup": {"stored_backups"},
}
PREFIXES = {
    "cluster": ("pve_cluster", "pve_node_online", "pve_quorum"),
    "resources": ("pve_node_cpu", "pve_node_mem", "pve_node_root", "pve_node_uptime", "pve_guest", "pve_storage"),
    "ha": ("pve_ha_",),
    "permissions": ("pve_privilege",),
    "version": ("pve_version",),
    "votes": ("pve_node_votes",),
    "qdevice": ("pve_qdevice",),
    "backup_coverage": ("pve_guest_in_backup_job", "pve_guests_without"),
    "backup_jobs": ("pve_backup_job",),
    "replication": ("pve_replication",),
    "zfs": ("pve_zfs",),
    "backup_tasks": ("pve_backup_tasks", "pve_node_backup", "pve_guest_backup"),
    "disks": ("pve_disk",),
    "certificates": ("pve_certificate",),
    "snapshots": ("pve_guest_snapshot",),
    "stored_backups": ("pve_backup_list", "pve_guest_stored"),
}
LOOP = asyncio.new_event_loop()  # one for all cases: asyncio.run prints its whole task for each
Found = Mapping[tuple[str, ...], Any]
HEALTHY: Found = values(LOOP.run_until_complete(probed(recorded(), details=DETAILS)))
WARM = LOOP.run_until_complete(warmed(recorded()))
GOOD = (
    ("pve_guest_running", "pve_guest_known", 1),
    ("pve_ha_service_started", "pve_ha_service_known", 1),
    ("pve_zfs_pool_healthy", "pve_zfs_pool_known", 2),
)


def check(path: str, data: Any) -> Found:
    """The claims that hold for whatever a cluster says in one of its answers."""
    report = LOOP.run_until_complete(probed_again({**recorded(), path: data}, WARM, path))
    found = values(report)
    pair = found["pve_up",], found["pve_known",]

    assert pair in {(1, 1), (0, 1), (0, 0)}
    assert pair[1] <= found["collector_success", "cluster"]
    assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
    assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
    for good, known, labels in GOOD:
        for key, value in found.items():
            assert key[0] != good or not value or found[known, *key[1 : 1 + labels]] == 1
    assert not lost(path, found)
    return found


def lost(path: str, found: Found) -> list[tuple[str, ...]]:
    """Series of other sources that were there in health and are not, or are different, now."""
    mine = tuple(prefix for collector in LEANS[path] for prefix in PREFIXES[collector])
    others = [key for key in HEALTHY if key[0].startswith("pve_") and key[0] not in {"pve_up", "pve_known"}]
    return [key for key in others if not key[0].startswith(mine) and found.get(key) != HEALTHY[key]]


def says_up(status: Any) -> bool:
    """Written apart from the parser: one row that says quorate, and a node row that says online."""
    objects = [row for row in status if isinstance(row, dict)]
    heads = [row for row in objects if row.get("type") == "cluster"]
    online = [row for row in objects if row.get("type") == "node" and row.get("online") in (1, "1", True)]
    return bool(online) and all(head["quorate"] in (1, "1", True) for head in heads)


def test_a_probe_with_a_memory_equals_one_without() -> None:
    """What the cases below use says the same as a source that has asked everything itself."""
    for path in sorted(LEANS):
        again = LOOP.run_until_complete(probed_again(recorded(), WARM, path))
        assert {key: value for key, value in values(again).items() if key[0].startswith("pve_")} == {
            key: value for key, value in HEALTHY.items() if key[0].startswith("pve_")
        }


@settings(max_examples=CASES)
@given(spoiled(recorded()["cluster/status"]))
def test_spoiled_status_is_never_a_false_up(status: Any) -> None:
    """Keys dropped, types changed, rows doubled or cut in cluster/status."""
    if check("cluster/status", status)["pve_up",]:
        assert says_up(status)


@settings(max_examples=CASES)
@given(spoiled(recorded()["cluster/resources"]))
def test_spoiled_resources_leave_the_verdict_alone(resources: Any) -> None:
    """Whatever happens to cluster/resources, the cluster is still known to be up."""
    assert check("cluster/resources", resources)["pve_up",] == 1


@settings(max_examples=CASES)
@given(spoiled(recorded()["cluster/ha/status/current"]))
def test_spoiled_ha_never_makes_a_service_run(rows: Any) -> None:
    """A service that is called started is called so in a row of its own, and a fresh master's row is there."""
    found = check("cluster/ha/status/current", rows)
    started = {key[1] for key, value in found.items() if key[0] == "pve_ha_service_started" and value}

    if started:
        objects = [row for row in rows if isinstance(row, dict)]
        services = [row for row in objects if row.get("type") == "service" and isinstance(row.get("sid"), str)]
        running = [row["sid"] for row in services if row.get("state") in ("started", "migrate")]
        assert started <= {safe_label(sid, Bounds().label_chars) for sid in running}
        assert [row for row in objects if row.get("type") == "master" and row.get("timestamp")]


@settings(max_examples=CASES)
@given(spoiled(recorded()["nodes/pve1/disks/zfs/tank"]))
def test_spoiled_pool_is_never_healthy_with_a_bad_device(detail: Any) -> None:
    """Whenever the faulted disk's word is still there, the pool is not called healthy."""
    found = check("nodes/pve1/disks/zfs/tank", detail)
    if '"FAULTED"' in json.dumps(detail) or '"DEGRADED"' in json.dumps(detail):
        assert not found.get(("pve_zfs_pool_healthy", "pve1", "tank"))


@settings(max_examples=CASES)
@given(st.data(), st.sampled_from(sorted(set(LEANS) - {"cluster/status", "cluster/resources"})))
def test_spoiled_answers_cost_their_own_families(data: Any, path: str) -> None:
    """Each of the other calls in turn: the verdict stands, and so does what other sources said."""
    assert check(path, data.draw(spoiled(recorded()[path])))["pve_up",] == 1


@settings(max_examples=100)
@given(st.sampled_from(sorted(LEANS)), st.floats(0, 1))
def test_truncated_body_is_a_decode_failure(path: str, share: float) -> None:
    """A body cut short is not JSON, and nothing is read from it."""
    body = json.dumps({"data": recorded()[path]}).encode()
    cut = body[: int(len(body) * share * 0.999)]
    with pytest.raises(CollectorError) as caught:
        parse_json(cut, "here")

    assert caught.value.failure.kind == "decode"
