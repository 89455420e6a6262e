"""Each kind of answer that once cost more than itself, through the command and `/probe`, against doubles on loopback."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.pace import measured
from deploy.lab.processes import Processes
from tests.exporters.certificates import self_signed
from tests.exporters.doubles import loopback
from tests.pace import limit

from .exporting import TOKEN, Exporting, Pve, exporting, many, written
from .recorded import TASKS, Payloads, recorded

RESOURCES, STATUS, HA = "cluster/resources", "cluster/status", "cluster/ha/status/current"
REMEMBERED = (
    ("pve_replication_known", "pve1"),
    ("pve_replication_info", "qemu/100", "100-0", "pve1", "pve2"),
    ("pve_zfs_known", "pve1"),
    ("pve_zfs_pool_healthy", "pve1", "rpool"),
    ("pve_backup_tasks_known", "pve1"),
    ("pve_node_backup_last_success_timestamp_seconds", "pve1"),
)


def row(path: str, identity: str, payloads: Payloads) -> dict[str, Any]:
    """A recorded row by its id."""
    found: dict[str, Any] = next(row for row in payloads[path] if row["id"] == identity)
    return found


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows that are added to the recorded ones, and what comes of it; `lost` are the only series that may go or change."""

    path: str
    more: list[Any]
    expected: dict[tuple[str, ...], float | None]
    lost: tuple[tuple[str, ...], ...] = ()
    rejected: dict[str, int] = field(default_factory=dict)


_P = recorded()
_GUEST = {
    "id": "qemu/900",
    "type": "qemu",
    "node": "pve1",
    "name": "new",
    "status": "running",
    "uptime": 5,
    "maxmem": 7,
}
_STORE = {
    "id": "storage/pve1/nfs",
    "type": "storage",
    "storage": "nfs",
    "node": "pve1",
    "plugintype": "nfs",
    "content": "iso",
}
BAD_ROWS = {
    "guest-twice": Rows(
        path=RESOURCES, more=[row(RESOURCES, "qemu/100", _P)], expected={("pve_guest_running", "qemu/100"): 1}
    ),
    "guest-twice-different": Rows(
        path=RESOURCES,
        more=[{**row(RESOURCES, "qemu/100", _P), "status": "stopped"}],
        expected={("pve_guest_running", "qemu/100"): 0, ("pve_guest_known", "qemu/100"): 0},
        lost=(("pve_guest", "qemu/100"), ("pve_guests",)),
        rejected={"contradicting": 2},
    ),
    "guest-on-two-nodes": Rows(
        path=RESOURCES,
        more=[{**row(RESOURCES, "lxc/105", _P), "node": "pve1"}],
        expected={("pve_guest_running", "lxc/105"): 0, ("pve_guest_known", "lxc/105"): 0},
        lost=(("pve_guest", "lxc/105"), ("pve_guests",)),
        rejected={"contradicting": 2},
    ),
    "storage-twice": Rows(
        path=RESOURCES,
        more=[row(RESOURCES, "storage/pve1/local", _P)],
        expected={("pve_storage_available", "pve1", "local"): 1},
    ),
    "storage-twice-different": Rows(
        path=RESOURCES,
        more=[{**row(RESOURCES, "storage/pve1/local", _P), "disk": 1}],
        expected={("pve_storage_available", "pve1", "local"): None},
        lost=(("pve_storage", "local"),),
        rejected={"contradicting": 2},
    ),
    "node-twice-different": Rows(
        path=RESOURCES,
        more=[{**row(RESOURCES, "node/pve2", _P), "status": "offline"}],
        expected={
            ("pve_guest_known", "lxc/105"): 0,
            ("pve_guest_known", "qemu/100"): 1,
            ("pve_node_online", "pve2"): 1,
        },
        lost=(
            ("pve_guest", "lxc/105"),
            ("pve_guest", "qemu/101"),
            ("pve_guests",),
            ("pve_node", "pve2"),
            ("pve_storage", "pbs"),
        ),
        rejected={"contradicting": 2},
    ),
    "guest-without-node": Rows(
        path=RESOURCES,
        more=[{"type": "qemu", "id": "qemu/7"}, "row", None, 5],
        expected={("pve_guest_list_complete",): 0},
        lost=(
            ("pve_guests",),
            ("pve_guest_list_complete",),
            ("pve_guest_in_backup_job",),
            ("pve_guests_without_backup_job",),
        ),
        rejected={"unreadable": 4},
    ),
    "quorum-twice": Rows(path=HA, more=[row(HA, "quorum", _P)], expected={("pve_ha_known",): 1}),
    "quorum-of-two-nodes": Rows(
        path=HA, more=[{**row(HA, "quorum", _P), "node": "pve2"}], expected={("pve_ha_known",): 1}
    ),
    "quorum-twice-different": Rows(
        path=HA,
        more=[{**row(HA, "quorum", _P), "quorate": 0}],
        expected={("pve_ha_known",): 0, ("pve_ha_service_known", "vm:100"): 0, ("pve_ha_lrm_fresh", "pve1"): 1},
        lost=(("pve_ha_known",), ("pve_ha_service_known",), ("pve_ha_service_started",), ("pve_ha_services",)),
        rejected={"contradicting": 2},
    ),
    "service-twice-different": Rows(
        path=HA,
        more=[{**row(HA, "service:vm:100", _P), "state": "stopped"}],
        expected={
            ("pve_ha_known",): 1,
            ("pve_ha_service_started", "vm:100"): None,
            ("pve_ha_service_known", "vm:101"): 1,
        },
        lost=(("pve_ha_service", "vm:100"), ("pve_ha_services",)),
        rejected={"contradicting": 2},
    ),
    "service-without-state": Rows(
        path=HA,
        more=[{"type": "service", "sid": "vm:7"}],
        expected={("pve_ha_service_started", "vm:100"): 1, ("pve_ha_services", "started"): None},
        lost=(("pve_ha_services",),),
        rejected={"unreadable": 1},
    ),
    "node-of-the-cluster-twice": Rows(path=STATUS, more=[row(STATUS, "node/pve1", _P)], expected={("pve_up",): 1}),
    "node-of-the-cluster-twice-different": Rows(
        path=STATUS,
        more=[{**row(STATUS, "node/pve2", _P), "online": 0}],
        expected={("pve_up",): 1, ("pve_known",): 1, ("pve_node_online", "pve2"): None, ("pve_node_online", "pve1"): 1},
        lost=(
            *(
                ("pve_node", "pve2"),
                ("pve_guest", "lxc/105"),
                ("pve_guest", "qemu/101"),
                ("pve_guests",),
                ("pve_quorum_margin_votes",),
            ),
            *(("pve_storage", "pbs"), ("pve_storage", "ceph"), ("pve_ha_service", "vm:101"), ("pve_ha_services",)),
            *(
                (family, "pve2")
                for family in ("pve_replication", "pve_zfs", "pve_backup", "pve_node_backup", "pve_certificate")
            ),
            *(("pve_replication", "101-0"), ("pve_guest_backup", "qemu/101")),
        ),
        rejected={"contradicting": 2},
    ),
    "cluster-twice": Rows(path=STATUS, more=[_P[STATUS][0]], expected={("pve_up",): 1, ("pve_known",): 1}),
    "job-twice-different": Rows(
        path="nodes/pve1/replication",
        more=[{**row("nodes/pve1/replication", "100-0", _P), "fail_count": 3}],
        expected={("pve_replication_failures", "100-0"): None, ("pve_replication_failures", "104-0"): 7},
        lost=(("pve_replication", "100-0"), ("pve_replication_known", "pve1")),
        rejected={"contradicting": 2},
    ),
    "pool-twice": Rows(
        path="nodes/pve1/disks/zfs",
        more=[_P["nodes/pve1/disks/zfs"][0]],
        expected={("pve_zfs_pool_healthy", "pve1", "rpool"): 1},
    ),
    "task-without-name": Rows(
        path=f"nodes/pve1/{TASKS}",
        more=[{"type": "vzdump", "endtime": 5, "status": "OK"}],
        expected={("pve_backup_tasks_known", "pve1"): 0, ("pve_backup_tasks_known", "pve2"): 1},
        lost=(("pve_backup_tasks_known", "pve1"),),
        rejected={"unreadable": 1},
    ),
    "uncovered-without-number": Rows(
        path="cluster/backup-info/not-backed-up",
        more=[{"type": "qemu"}],
        expected={("pve_guest_in_backup_job", "qemu/103"): 0, ("pve_guest_in_backup_job", "qemu/100"): None},
        lost=(("pve_guest_in_backup_job",), ("pve_guests_without_backup_job",)),
        rejected={"unreadable": 1},
    ),
}
STATES: dict[str, tuple[dict[str, Any], dict[tuple[str, ...], float | None]]] = {
    "locked": (
        {**_GUEST, "lock": "migrate"},
        {
            ("pve_guest_running",): 1,
            ("pve_guest_locked",): 1,
            ("pve_guest_paused",): 0,
            ("pve_guest_lock_info", "migrate"): 1,
        },
    ),
    "paused": (
        {**_GUEST, "status": "paused"},
        {
            ("pve_guest_running",): 0,
            ("pve_guest_known",): 1,
            ("pve_guest_paused",): 1,
            ("pve_guest_run_state_info", "paused"): 1,
        },
    ),
    "paused-beside-running": (
        {**_GUEST, "qmpstatus": "paused", "lock": "suspended"},
        {
            ("pve_guest_running",): 0,
            ("pve_guest_paused",): 1,
            ("pve_guest_locked",): 1,
            ("pve_guest_lock_info", "suspended"): 1,
        },
    ),
    "io-error": (
        {**_GUEST, "status": "io-error"},
        {("pve_guest_running",): 0, ("pve_guest_paused",): 1, ("pve_guest_run_state_info", "io-error"): 1},
    ),
    **{
        word: ({**_GUEST, "status": word}, {("pve_guest_running",): 0, ("pve_guest_paused",): 1})
        for word in ("shutdown", "guest-panicked", "internal-error", "suspended", "colo")
    },
    "a-later-state": (
        {**_GUEST, "status": "dreaming"},
        {
            ("pve_guest_running",): 0,
            ("pve_guest_known",): 1,
            ("pve_guest_paused",): None,
            ("pve_guest_run_state_info", "dreaming"): 1,
        },
    ),
    "locked-on-a-dead-node": (
        {**_GUEST, "node": "pve3", "lock": "backup", "status": "paused"},
        {
            ("pve_guest_known",): 0,
            ("pve_guest_locked",): None,
            ("pve_guest_paused",): None,
            ("pve_guest_lock_info", "backup"): None,
        },
    ),
    "plain": ({**_GUEST}, {("pve_guest_running",): 1, ("pve_guest_locked",): 0, ("pve_guest_paused",): 0}),
}
STORES: dict[str, tuple[dict[str, Any], float | None]] = {
    "available": ({**_STORE, "status": "available", "disk": 3}, 1),
    "unknown": ({**_STORE, "status": "unknown"}, None),
    "unknown-with-numbers": ({**_STORE, "status": "unknown", "disk": 0, "maxdisk": 0}, None),
    "without-status": ({**_STORE, "disk": 0}, None),
    "another-status": ({**_STORE, "status": "inactive", "disk": 0}, None),
    "on-a-dead-node": ({**_STORE, "node": "pve3", "status": "available", "disk": 3}, None),
}


def changed(path: str, more: list[Any]) -> Payloads:
    payloads = recorded()
    payloads[path] = [*payloads[path], *more]
    return payloads


@pytest.fixture
async def running(processes: Processes, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts the exporter on clusters by name, each with its payloads."""
    async with AsyncExitStack() as stack:

        async def start(clusters: dict[str, Pve], **module: Any) -> Exporting:
            urls = await stack.enter_async_context(many(clusters))
            config = written(tmp_path, {name: {"endpoints": [url]} for name, url in urls.items()}, **module)
            return await stack.enter_async_context(exporting(processes, config))

        yield start


def is_lost(key: tuple[str, ...], lost: tuple[tuple[str, ...], ...]) -> bool:
    """A prefix of the family, and label values that the series must have."""
    return any(key[0].startswith(family) and set(labels) <= set(key[1:]) for family, *labels in lost)


@pytest.mark.timeout(240)
async def test_a_bad_row_costs_itself(running: Any) -> None:
    """Twice the same is one; two that differ are one unknown; every other series is there with its value, and all are counted."""
    clusters = {name: Pve(payloads=changed(case.path, case.more)) for name, case in BAD_ROWS.items()}
    exporter: Exporting = await running({**clusters, "healthy": Pve(payloads=recorded())})
    healthy = await exporter.warm("healthy")
    wrong: dict[str, Any] = {}
    for name, case in BAD_ROWS.items():
        found = await exporter.warm(name)
        kept = {
            key: value for key, value in healthy.items() if key[0].startswith("pve_") and not is_lost(key, case.lost)
        }
        counted = {reason for _, reason in (key[1:] for key in found if key[0] == "collector_rejected_total")}
        problems = (
            {key: found.get(key) for key, value in case.expected.items() if found.get(key) != value},
            {
                key: found.get(key)
                for key, value in kept.items()
                if found.get(key) != value and key not in case.expected
            },
            counted ^ set(case.rejected),
            [key for key in found if key[0] == "collector_error"],
        )
        if any(problems):
            wrong[name] = problems

    assert wrong == {}


async def test_a_rejected_row_is_counted_once_a_probe(running: Any) -> None:
    """By collector and reason, from when the target was opened."""
    rows = BAD_ROWS["guest-twice-different"]
    exporter: Exporting = await running({"a": Pve(payloads=changed(rows.path, rows.more))})
    counts = [(await exporter.probe("a"))["collector_rejected_total", "resources", "contradicting"] for _ in range(3)]

    assert counts == [2, 4, 6]


async def test_a_guests_lock_and_run_state_have_families(running: Any) -> None:
    """And a storage whose state is unknown is absent, with its numbers: never 0."""
    states = {f"guest-{name}": Pve(payloads=changed(RESOURCES, [guest])) for name, (guest, _) in STATES.items()}
    stores = {f"storage-{name}": Pve(payloads=changed(RESOURCES, [store])) for name, (store, _) in STORES.items()}
    exporter: Exporting = await running({**states, **stores})
    found: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    for name, (_, wanted) in STATES.items():
        seen = await exporter.probe(f"guest-{name}")
        expected[name] = wanted
        found[name] = {key: seen.get((key[0], "qemu/900", *key[1:])) for key in wanted}
    for name, (store, available) in STORES.items():
        seen = await exporter.probe(f"storage-{name}")
        labels = (store["node"], "nfs")
        expected[name] = (available, 3 if available else None, None)
        found[name] = (
            seen.get(("pve_storage_available", *labels)),
            seen.get(("pve_storage_used_bytes", *labels)),
            seen.get(("pve_storage_bytes", *labels)),
        )

    assert found == expected


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seeds", [1, 3, 16])
async def test_a_callers_short_deadline_costs_nobody_what_is_remembered(
    processes: Processes, tmp_path: Path, seeds: int
) -> None:
    """Every call takes a second: after a probe that had less, the next ones have everything; the short one what is remembered."""
    second = measured().length(1)
    cluster = Pve(payloads=recorded(), seconds=second)
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(loopback(cluster.answer)) for _ in range(seeds)]
        config = written(tmp_path, {"slow": {"endpoints": [double.url for double in urls]}})
        exporter = await stack.enter_async_context(exporting(processes, config))
        first = await exporter.probe("slow", scrape_seconds=25 * second)
        short = await exporter.probe("slow", scrape_seconds=0.5 + 0.8 * second)
        after = await exporter.probe("slow", scrape_seconds=10 * second)
        last = await exporter.probe("slow", scrape_seconds=10 * second)

    assert [key for key in REMEMBERED if key not in first] == []
    assert [key for key in REMEMBERED if key not in short] == []
    assert (short["pve_up",], short["pve_known",], short["collector_error", "cluster", "timeout"]) == (0, 0, 1)
    for found in (after, last):
        assert [key for key in REMEMBERED if found.get(key) != first[key]] == []
        assert (found["pve_up",], found["pve_known",]) == (1, 1)
        assert {key for key in found if key[0] == "collector_error"} == set()


@pytest.mark.timeout(120)
async def test_short_deadlines_alone_find_in_time_what_needs_longer(running: Any) -> None:
    """No probe ever has the time for a node's answers; they come all the same, by the second probe or the third."""
    second = measured().length(1)
    slow = Pve(payloads=recorded(), seconds=second)
    exporter: Exporting = await running({"slow": slow})
    deadline = time.monotonic() + limit(60)
    await exporter.probe("slow", scrape_seconds=0.5 + 1.5 * second)
    while [
        key
        for key in REMEMBERED
        if key not in (found := await exporter.probe("slow", scrape_seconds=0.5 + 1.5 * second))
    ]:
        assert time.monotonic() < deadline, found

    assert found["pve_known",] == 1


HUGE = {
    "empty-objects": b'{"data":[' + b"{}," * 5_000_000 + b"{}]}",
    "nested-lists": b'{"data":[' + b"[[]]," * 2_500_000 + b"[]]}",
    "numbers": b'{"data":[' + b"0," * 7_000_000 + b"0]}",
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", [STATUS, RESOURCES, HA, "access/permissions", "nodes/pve1/replication"])
async def test_a_small_body_that_becomes_gigabytes_is_refused_unparsed(running: Any, path: str) -> None:
    """15 MB of empty objects: its collector fails as limit, and health answers all the while, in less time than the probe."""
    clusters = {name: Pve(payloads={**recorded(), path: body}) for name, body in HUGE.items()}
    exporter: Exporting = await running(clusters)
    for name in HUGE:
        probe = asyncio.create_task(exporter.probe(name))
        waits = []
        while not probe.done():
            asked = time.monotonic()
            assert (await exporter.client.get(f"{exporter.url}/-/healthy")).status_code == 200
            waits.append(time.monotonic() - asked)
        found = await probe
        own = {"collector_error", "limit"}
        assert [key for key in found if own <= set(key)] or path.startswith("nodes/"), found
        assert found["probe_duration_seconds",] < limit(3)
        assert max(waits) < limit(1)
        assert found["pve_known",] == (path != STATUS)
        assert ("pve_replication_known", "pve1") not in found or found["pve_replication_known", "pve1"] == (
            path not in {"nodes/pve1/replication", "access/permissions"}
        )


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("wait", ["120", None])
async def test_a_busy_seed_is_left_alone(running: Any, status: str, wait: str | None) -> None:
    """Three calls that were under way at once and no fourth; with Retry-After the next probe asks nothing, and says limit."""
    paths = (STATUS, RESOURCES, HA)
    busy = Pve(payloads=recorded() | dict.fromkeys(paths, status), headers={"retry-after": wait} if wait else {})
    exporter: Exporting = await running({"busy": busy})
    first = await exporter.probe("busy")
    calls = sum(busy.calls.values())
    second = await exporter.probe("busy")

    assert calls <= 3
    assert sum(busy.calls.values()) - calls == 0 if wait else sum(busy.calls.values()) - calls <= 3
    assert (first["pve_up",], first["pve_known",], second["pve_known",]) == (0, 0, 0)
    assert not wait or second["collector_error", "cluster", "limit"] == 1


@pytest.mark.timeout(240)
async def test_one_module_serves_clusters_with_tokens_and_cas_of_their_own(
    processes: Processes, tmp_path: Path
) -> None:
    """325 of them in one configuration; three are asked, each with its own token and trusting its own CA alone."""
    names = [f"edge-{number}" for number in range(325)]
    async with AsyncExitStack() as stack:
        clusters: dict[str, Pve] = {}
        targets: dict[str, dict[str, Any]] = {}
        for name in names:
            folder = tmp_path / "secrets" / name
            folder.mkdir(parents=True)
            (folder / "token").write_text(f"{TOKEN}-{name}\n")
            (folder / "token").chmod(0o600)
            targets[name] = {"endpoints": ["https://127.0.0.1:1"]}
        for name in names[:3]:
            certificate, key = self_signed(tmp_path / name)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            clusters[name] = Pve(payloads=recorded())
            double = await stack.enter_async_context(loopback(clusters[name].answer, tls=context))
            (tmp_path / "secrets" / name / "ca.pem").write_bytes(certificate.read_bytes())
            targets[name] = {"endpoints": [double.url], "cluster_name": "edge-nairobi-1"}
        for name in names[3:]:
            (tmp_path / "secrets" / name / "ca.pem").write_bytes((tmp_path / names[0] / "ca.pem").read_bytes())
        files = {
            "token_file": f"{tmp_path}/secrets/{{target}}/token",
            "ca_file": f"{tmp_path}/secrets/{{target}}/ca.pem",
        }
        exporter = await stack.enter_async_context(exporting(processes, written(tmp_path, targets, **files)))
        found = {name: await exporter.probe(name) for name in names[:4]}
        (tmp_path / "secrets" / names[0] / "token").write_text("nothing\n")
        without = await exporter.probe(names[0])

    assert [(found[name]["pve_up",], found[name]["pve_known",]) for name in names[:4]] == [(1, 1)] * 3 + [(0, 0)]
    assert {name: cluster.tokens for name, cluster in clusters.items()} == {
        name: {f"PVEAPIToken={TOKEN}-{name}"} for name in names[:3]
    }
    assert (without["pve_known",], without["collector_error", "cluster", "auth"]) == (0, 1)


FOREIGN = [{**_P[STATUS][0], "name": "somebody-elses", "nodes": 1}, _P[STATUS][1]]
ALONE = [{**_P[STATUS][1], "nodeid": 0}]
LOST = [{**_P[STATUS][0], "quorate": 0}, *_P[STATUS][1:]]
SEEDS: dict[str, tuple[list[Any], str | None, tuple[float, float]]] = {
    "ours": ([_P[STATUS]], "edge-nairobi-1", (1, 1)),
    "another-cluster-answers": ([FOREIGN], "edge-nairobi-1", (0, 0)),
    "a-node-that-left-answers": ([ALONE], "edge-nairobi-1", (0, 0)),
    "one-of-two-is-ours": ([FOREIGN, _P[STATUS]], "edge-nairobi-1", (1, 1)),
    "ours-is-lost-and-another-is-not": ([LOST, FOREIGN], None, (0, 0)),
    "ours-is-lost-and-one-has-left": ([LOST, ALONE], None, (0, 0)),
    "ours-is-lost-and-another-is-known-for-one": ([LOST, FOREIGN], "edge-nairobi-1", (0, 1)),
    "minority-and-majority": ([LOST, _P[STATUS]], None, (1, 1)),
    "a-standalone-node-at-two-addresses": ([ALONE, ALONE], None, (1, 1)),
    "a-standalone-node-and-its-dead-address": ([ALONE, "500 x"], None, (1, 1)),
    "lost-for-all": ([LOST, LOST], None, (0, 1)),
    "lost-for-one-and-silence": ([LOST, "500 x"], None, (0, 1)),
}


async def test_only_our_own_cluster_proves_anything(processes: Processes, tmp_path: Path) -> None:
    """(up, known) by what each seed answers and the name that is expected."""
    clusters = {
        f"{name}-{number}": Pve(payloads={**recorded(), STATUS: status})
        for name, (views, _, _) in SEEDS.items()
        for number, status in enumerate(views)
    }
    async with many(clusters) as urls:
        targets: dict[str, dict[str, Any]] = {}
        for name, (views, expected, _) in SEEDS.items():
            targets[name] = {"endpoints": [urls[f"{name}-{number}"] for number in range(len(views))]}
            targets[name] |= {"cluster_name": expected} if expected else {}
        async with exporting(processes, written(tmp_path, targets)) as exporter:
            found = {name: await exporter.probe(name) for name in SEEDS}

    assert {name: (seen["pve_up",], seen["pve_known",]) for name, seen in found.items()} == {
        name: pair for name, (_, _, pair) in SEEDS.items()
    }


RENAMED = [{**_P[STATUS][0], "name": "somebody-elses"}, *_P[STATUS][1:]]
THEN: dict[str, tuple[list[Any], list[Any], tuple[float, float], str]] = {
    "one-row-is-left": ([_P[STATUS]], [ALONE], (0, 0), "standalone node pve1 answers, not cluster edge-nairobi-1"),
    "a-foreign-seed-alone": ([_P[STATUS], FOREIGN], ["503 x", FOREIGN], (0, 0), "cluster somebody-elses answers, not cluster"),
    "ours-behind-a-foreign-seed": ([_P[STATUS], "500 x"], [RENAMED, _P[STATUS]], (1, 1), ""),
    "alone-and-then-a-cluster": ([ALONE], [_P[STATUS]], (0, 0), "cluster edge-nairobi-1 answers, not standalone node pve1"),
    "still-alone": ([ALONE], [ALONE], (1, 1), ""),
    "lost-and-back": ([LOST], [_P[STATUS]], (1, 1), ""),
}  # fmt: skip


async def test_cluster_that_was_seen_first_is_the_only_one_that_counts(processes: Processes, tmp_path: Path) -> None:
    """Without `cluster_name`: (up, known) of the second probe, and what the failure says."""
    clusters = {
        f"{name}-{number}": Pve(payloads={**recorded(), STATUS: status})
        for name, (first, *_) in THEN.items()
        for number, status in enumerate(first)
    }
    async with many(clusters) as urls:
        targets = {
            name: {"endpoints": [urls[f"{name}-{number}"] for number in range(len(first))]}
            for name, (first, *_) in THEN.items()
        }
        async with exporting(processes, written(tmp_path, targets)) as exporter:
            for name in THEN:
                await exporter.probe(name)
            for name, (_, later, *_) in THEN.items():
                for number, status in enumerate(later):
                    clusters[f"{name}-{number}"].payloads[STATUS] = status
            found = {name: await exporter.probe(name) for name in THEN}
            debug = {
                name: (await exporter.client.get(f"{exporter.url}/probe?target={name}&debug=true")).text
                for name in THEN
            }

    assert {name: (seen["pve_up",], seen["pve_known",]) for name, seen in found.items()} == {
        name: pair for name, (_, _, pair, _) in THEN.items()
    }
    assert [name for name, (*_, reason) in THEN.items() if reason not in debug[name]] == []
