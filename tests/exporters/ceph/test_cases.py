"""The real process against a cluster on loopback: what a NOC reads when a part of the cluster, or of its answers, fails.

Each case is one of a kind: a part that proves itself beside others that fail, a caller with little time, an answer of another
version, a row that is there twice.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.processes import Processes
from tests.exporters.doubles import loopback
from tests.exporters.watching import Values
from tests.pace import limit

from .double import Cluster, Spoil, Watched, exporter, living, running
from .recorded import recorded

UP, DOWN, UNKNOWN = (1, 1), (0, 1), (0, 0)
WITNESSES = {"both": {}, "dashboard": {"mgrs": False}, "metrics": {"dashboards": False}}
PAUSED = ["pauserd", "pausewr", "sortbitwise"]
THREE_DOWN = {"active+clean": 5, "down": 3}
CHOSEN = {"pools": ["edge-data"]}


def put(name: str, value: Any) -> Spoil:
    """Another answer of the question, or the status it is answered with."""
    return lambda payloads: payloads.__setitem__(name, value)


def pgs(**by_pool: dict[str, int]) -> Spoil:
    def change(payloads: Any) -> None:
        for pool in payloads["pools"]:
            pool["pg_status"] = by_pool.get(pool["pool_name"].replace("-", "_"), pool["pg_status"])

    return change


def check(name: str, *lines: str) -> Spoil:
    """A health check that fails, in the dashboard's health and in the mgr's metrics."""

    def change(payloads: Any) -> None:
        detail = f'ceph_health_detail{{name="{name}",severity="HEALTH_ERR"}} 1.0\n'
        payloads["metrics"] += detail
        if isinstance(payloads.get("health"), dict):
            payloads["health"]["health"]["checks"].append(
                {
                    "type": name,
                    "severity": "HEALTH_ERR",
                    "summary": {"message": name, "count": 1},
                    "detail": [{"message": line} for line in lines],
                }
            )

    return change


def doubled(name: str, row: int = 0, **difference: Any) -> Spoil:
    """A row a second time, equal or with a difference."""
    return lambda payloads: payloads[name].append({**payloads[name][row], **difference})


def pool_flags(name: str, flags: str) -> Spoil:
    def change(payloads: Any) -> None:
        for pool in payloads["pools"]:
            if pool["pool_name"] == name:
                pool["flags_names"] = flags

    return change


def line(text: str) -> Spoil:
    """One more line of the mgr's metrics."""
    return lambda payloads: payloads.__setitem__("metrics", f"{payloads['metrics']}{text}\n")


def reworded(old: str, new: str) -> Spoil:
    """The mgr's metrics with another text in them."""

    def change(payloads: Any) -> None:
        assert old in payloads["metrics"]
        payloads["metrics"] = payloads["metrics"].replace(old, new)

    return change


FLAGS_LINE = 'ceph_health_detail{name="OSDMAP_FLAGS",severity="HEALTH_WARN"}'
LOST_LINES = {
    "OSDMAP_FLAGS is NaN": reworded(f"{FLAGS_LINE} 0.0", f"{FLAGS_LINE} NaN"),
    "OSDMAP_FLAGS is 1,0": reworded(f"{FLAGS_LINE} 0.0", f"{FLAGS_LINE} 1,0"),
    "OSDMAP_FLAGS has no value": reworded(f"{FLAGS_LINE} 0.0", FLAGS_LINE),
    "OSD_FULL is NaN": line('ceph_health_detail{name="OSD_FULL",severity="HEALTH_ERR"} NaN'),
    "a check without a name": line('ceph_health_detail{severity="HEALTH_ERR"} 1'),
    "a check with an empty name": line('ceph_health_detail{name="",severity="HEALTH_ERR"} 1'),
    "a mon is NaN": line('ceph_mon_quorum_status{ceph_daemon="mon.z"} NaN'),
    "a mon without a name": line("ceph_mon_quorum_status 1"),
    "a pool's PGs are NaN": line('ceph_pg_active{pool_id="1"} NaN'),
    "PGs without a pool": line('ceph_pg_active{pool="9"} 0'),
    "a pool without an id": line('ceph_pool_metadata{name="ghost"} 1'),
}
CASES: list[tuple[str, str, list[Spoil], dict[str, Any], tuple[int, int]]] = [
    # A part that is proven broken, beside others that cannot be read.
    ("healthy", "both", [], {}, UP),
    ("health fails, paused", "both", [put("health", 500), put("flags", PAUSED)], {}, DOWN),
    ("flags fail, PGs down", "both", [put("flags", 500), pgs(edge_data=THREE_DOWN)], {}, DOWN),
    ("health fails, paused, no mgr", "dashboard", [put("health", 500), put("flags", PAUSED)], {}, DOWN),
    ("pools fail, paused", "both", [put("pools", 500), put("flags", PAUSED)], {}, DOWN),
    ("OSDs fail, writes paused", "dashboard", [put("osds", b"<html>"), put("flags", ["pausewr", "x"])], {}, DOWN),
    ("summary fails, all else good", "dashboard", [put("summary", 500)], {}, UP),
    ("summary fails, paused", "dashboard", [put("summary", b"<html>"), put("flags", PAUSED)], {}, DOWN),
    ("monitor fails, paused, no mgr", "dashboard", [put("monitor", 500), put("flags", PAUSED)], {}, UNKNOWN),
    ("all but the flags fail", "dashboard", [*(put(n, 500) for n in ("health", "pools", "osds"))], {}, UNKNOWN),
    (
        "all but the flags fail, paused",
        "dashboard",
        [*(put(n, 500) for n in ("health", "pools", "osds")), put("flags", ["pause", "x"])],
        {},
        DOWN,
    ),
    ("health and flags fail, pool full", "dashboard", [
        put("health", 500), put("flags", 500), pool_flags("edge-data", "hashpspool,full"),
    ], {}, DOWN),
    ("health fails, all else good", "both", [put("health", 500)], {}, UP),
    ("health fails, all else good, no mgr", "dashboard", [put("health", 500)], {}, UNKNOWN),
    ("flags fail, nothing is set", "both", [put("flags", 500)], {}, UP),
    ("flags fail, some flag is set", "both", [put("flags", 500), check("OSDMAP_FLAGS")], {}, UNKNOWN),
    ("pools fail, the mgr has them", "both", [put("pools", 500)], {}, UP),
    ("pools fail, no mgr", "dashboard", [put("pools", 500)], {}, UNKNOWN),
    ("PGs of another pool down", "both", [pgs(vm_images=THREE_DOWN)], CHOSEN, UP),
    # Fullness of the cluster is not that of chosen pools.
    ("OSD_FULL, metrics alone", "metrics", [check("OSD_FULL")], {}, DOWN),
    ("OSD_FULL, metrics alone, chosen pools", "metrics", [check("OSD_FULL")], CHOSEN, UNKNOWN),
    ("OSD_FULL, pools fail, chosen pools", "both", [put("pools", 500), check("OSD_FULL")], CHOSEN, UNKNOWN),
    ("OSD_FULL, chosen pools are not", "both", [check("OSD_FULL")], CHOSEN, UP),
    ("OSD_FULL, chosen pool is", "both", [check("OSD_FULL"), pool_flags("edge-data", "full")], CHOSEN, DOWN),
    (
        "OSD_FULL, pools fail, the check names the chosen pool",
        "both",
        [put("pools", 500), check("OSD_FULL"), check("POOL_FULL", "pool 'edge-data' is full (no space)")],
        CHOSEN,
        DOWN,
    ),
    (
        "OSD_FULL, pools fail, the check names another pool",
        "both",
        [put("pools", 500), check("OSD_FULL"), check("POOL_FULL", "pool 'vm-images' is full (no space)")],
        CHOSEN,
        UNKNOWN,
    ),
    # Lines of a mgr that cannot be read, or do not say of what they are, in a family that a part leans on.
    *(
        (f"metrics alone, {what}, {'chosen' if target else 'all'}", "metrics", [spoil], target, UNKNOWN)
        for target in ({}, CHOSEN)
        for what, spoil in LOST_LINES.items()
    ),
    ("flags and health fail, OSDMAP_FLAGS is NaN", "both", [
        put("flags", 500), put("health", 500), LOST_LINES["OSDMAP_FLAGS is NaN"],
    ], CHOSEN, UNKNOWN),
    ("a check is NaN, PGs down", "metrics", [
        LOST_LINES["OSDMAP_FLAGS is NaN"], reworded('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 5.0'),
    ], CHOSEN, DOWN),
    ("a line that no part leans on is NaN", "metrics", [line('ceph_daemon_health_metrics{type="SLOW_OPS"} NaN')], {}, UP),
    # Rows that are there twice.
    ("a pool twice, equal", "dashboard", [doubled("pools")], {}, UP),
    ("a pool twice, differing", "dashboard", [doubled("pools", pg_status=THREE_DOWN)], {}, UNKNOWN),
    ("another pool twice, differing", "dashboard", [doubled("pools", 1, size=9)], CHOSEN, UP),
    ("an OSD twice, equal", "dashboard", [doubled("osds", 2)], {}, UP),
    ("an OSD twice, differing", "dashboard", [doubled("osds", 2, **{"in": 0})], {}, UNKNOWN),
    ("a pool that is none", "dashboard", [lambda payloads: payloads["pools"].append({"pool_name": 7})], {}, UNKNOWN),
]  # fmt: skip


async def test_verdict_is_what_the_parts_prove(tmp_path: Path, processes: Processes) -> None:
    """Down by the proof of any part, up when all are proven good, unknown otherwise."""
    clusters = {}
    for number, (_, witnesses, spoils, target, _) in enumerate(CASES):
        cluster = Cluster()
        for spoil in spoils:
            spoil(cluster.payloads)
        clusters[f"case-{number}"] = Watched(cluster=cluster, target=target, **WITNESSES[witnesses])

    without_proof = {name for name, one in clusters.items() if one.cluster.payloads["monitor"] == 500}
    async with exporter(clusters, tmp_path, processes) as process:

        async def verdict(target: str, witnesses: str) -> tuple[float, float]:
            expected = 2 if witnesses == "both" else 1
            if target in without_proof:
                expected = 0
            found = await process.until(lambda seen: seen["ceph_witnesses",] == expected, target=target)
            return found["ceph_up",], found["ceph_known",]

        found = await asyncio.gather(*(verdict(f"case-{number}", case[1]) for number, case in enumerate(CASES)))

    assert dict(zip([case[0] for case in CASES], found, strict=True)) == {case[0]: case[4] for case in CASES}


async def test_pause_is_seen_when_the_pools_cannot_be_read(tmp_path: Path, processes: Processes) -> None:
    """Whether the cluster is writable is proven by the flags alone when they block it, and by nobody when they do not."""
    cluster = Cluster()
    cluster.payloads |= {"pools": 500, "flags": PAUSED}
    async with exporter(Watched(cluster=cluster), tmp_path, processes) as process:
        paused = await process.probe()
        cluster.payloads["flags"] = ["sortbitwise"]
        resumed = await process.probe()

    assert paused["ceph_writable",] == 0
    assert ("ceph_writable",) not in resumed


async def test_part_that_hangs_hides_no_other(tmp_path: Path, processes: Processes) -> None:
    """A health answer that never comes: the pause is known to be down at the probe's deadline, the PGs that serve not to be up."""
    paused, serving = (Cluster(seconds={"/api/health/minimal": 600}) for _ in range(2))
    paused.payloads["flags"] = PAUSED
    watched = {"paused": Watched(cluster=paused, mgrs=False), "serving": Watched(cluster=serving, mgrs=False)}
    async with exporter(watched, tmp_path, processes) as process:
        found = await asyncio.gather(*(process.probe(target=name, scrape_timeout=limit(4)) for name in watched))

    assert [(seen["ceph_up",], seen["ceph_known",]) for seen in found] == [DOWN, UNKNOWN]
    assert [seen["collector_error", "health", "timeout"] for seen in found] == [1, 1]


SLOW = {
    "every-call": {"": 1.2},
    "login": {"/api/auth": 1.2},
    "snapshot": {"/api/health/snapshot": 1.2},
    "monitor": {"/api/monitor": 1.2},
    "mirrors": {"/api/block/mirroring/summary": 1.2},
}


async def test_short_deadline_of_one_caller_is_nobody_elses(tmp_path: Path, processes: Processes) -> None:
    """Probes of 10 s, 1.5 s and 10 s: the second may have no answer, the third has all that the first had."""
    clusters = {name: Cluster(payloads=living(recorded("squid")), seconds=seconds) for name, seconds in SLOW.items()}
    watched = {name: Watched(cluster=cluster, mgrs=False) for name, cluster in clusters.items()}

    async with exporter(watched, tmp_path, processes, mirroring=True) as process:

        async def probed(name: str) -> tuple[Values, Values, Values]:
            first = await process.until(
                lambda seen: bool(seen["ceph_known",]) and ("collector_success", "mirror") in seen, target=name
            )
            clusters[name].mgr.token += "x"  # the mgr forgot it: the short probe must log in again
            short = await process.probe(target=name, scrape_timeout=1.5)
            return first, short, await process.probe(target=name)

        found = dict(zip(SLOW, await asyncio.gather(*map(probed, SLOW)), strict=True))

    for name, (first, short, third) in found.items():
        assert (name, first["ceph_up",], third["ceph_up",], third["ceph_known",]) == (name, 1, 1, 1)
        assert (short["ceph_up",], short["ceph_known",]) in {(1, 1), (0, 0)}
        assert (name, families(first) - families(third)) == (name, set())
        assert (name, [key for key in third if key[0] == "collector_error"]) == (name, [])


def families(seen: Values) -> set[str]:
    return {key[0] for key in seen if key[0].startswith("ceph_")}


async def test_short_deadline_at_the_very_first_probe_is_nobody_elses(tmp_path: Path, processes: Processes) -> None:
    """The login that a short probe began goes on, and the next probe has its token."""
    cluster = Cluster(seconds={"/api/auth": 1.2})
    async with exporter(Watched(cluster=cluster, mgrs=False), tmp_path, processes) as process:
        short = await process.probe(scrape_timeout=1.5)
        await process.until(lambda seen: seen["ceph_known",] == 1)

    assert short["ceph_known",] == 0
    assert cluster.asked.count("POST /api/auth") == 1


VERSIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "snapshot-counts-the-mons-only": ({"num_mons": 3}, None),
    "snapshot-with-an-empty-quorum": ({"num_mons": 3, "quorum": {}}, None),
    "minimal-fails": ({"num_mons": 3, "quorum": [0, 1, 2]}, 500),
    "minimal-is-HTML": ({"num_mons": 3}, b"<html>oops</html>"),
    "minimal-is-another-document": ({"num_mons": 3}, {"status": "ok"}),
    "snapshot-with-an-odd-state": ({"num_mons": 3}, None),
    "minimal-is-not-known": ({"num_mons": 3}, 404),
}


async def test_health_is_read_from_whoever_has_it(tmp_path: Path, processes: Processes) -> None:
    """The quorum is `monitor`'s, health is the snapshot's where `minimal` is missing or fails."""
    watched = {}
    for name, (monmap, minimal) in VERSIONS.items():
        payloads = living(recorded("squid"))
        payloads["snapshot"]["monmap"] = monmap
        if "odd" in name:
            payloads["snapshot"]["pgmap"]["pgs_by_state"].append({"state_name": ["active"], "count": 3})
        payloads |= {} if minimal is None else {"health": minimal}
        watched[name] = Watched(cluster=Cluster(payloads=payloads), mgrs=False)
    async with exporter(watched, tmp_path, processes) as process:
        found = await asyncio.gather(*(process.probe(target=name) for name in watched))

    names = ("up", "known", "mons_in_quorum", "mon_margin_votes", "osds", "osds_up", "rgw_daemons")
    seen = [{name: values.get((f"ceph_{name}",)) for name in names} for values in found]
    expected = dict(zip(names, (1, 1, 3, 1, 3, 2, 1), strict=True))
    assert dict(zip(watched, seen, strict=True)) == dict.fromkeys(watched, expected)


async def test_health_that_fails_everywhere_says_why_first(tmp_path: Path, processes: Processes) -> None:
    """`minimal` says why it failed, and is asked again at the next probe; that there is no snapshot beside it is no news."""
    cluster = Cluster()
    cluster.payloads["health"] = 500
    async with exporter(Watched(cluster=cluster, mgrs=False), tmp_path, processes) as process:
        found = [await process.probe() for _ in range(2)]

    assert [seen["collector_error", "health", "http"] for seen in found] == [1, 1]
    assert cluster.asked.count("GET /api/health/minimal") == 2


async def test_two_probers_of_one_cluster_get_the_same(tmp_path: Path, processes: Processes) -> None:
    """Each probe says how the mgrs served it, whatever another probe of the same target is about just now."""
    cluster = Cluster(seconds={"/metrics": 0.05})
    async with exporter(Watched(cluster=cluster, has_standby=True), tmp_path, processes) as process:
        await process.until(lambda seen: seen["ceph_witnesses",] == 2)

        async def prober(offset_seconds: float) -> list[Values]:
            await asyncio.sleep(offset_seconds)
            return [await process.probe() for _ in range(6)]

        found = [seen for probes in await asyncio.gather(prober(0), prober(0.03)) for seen in probes]

    served = [sorted(value for key, value in seen.items() if key[0] == "ceph_mgr_active") for seen in found]
    assert served == [[0, 1]] * 12
    assert {(seen["ceph_witnesses",], seen["ceph_known",]) for seen in found} == {(2, 1)}


async def test_rows_that_are_left_out_are_counted(tmp_path: Path, processes: Processes) -> None:
    """By collector and reason, over the probes; the other rows have their families."""
    cluster = Cluster()
    for spoil in (doubled("pools", 0, size=9), doubled("osds", 2, up=1), lambda rows: rows["osds"].append(7)):
        spoil(cluster.payloads)
    async with exporter(Watched(cluster=cluster, mgrs=False), tmp_path, processes) as process:
        found = await process.probe()

    rejected = {key[1:]: value for key, value in found.items() if key[0] == "collector_rejected_total"}
    assert rejected["pools", "contradicting"] == 2
    assert {reason: value for (name, reason), value in rejected.items() if name.startswith("osd")} == {
        "contradicting": 2,
        "unreadable": 1,
    }
    assert ("ceph_pool_pgs", "edge-data") not in found
    assert (found["ceph_pool_pgs", "vm-images"], found["ceph_osds_reporting",]) == (8, 2)


async def test_mgr_that_asks_to_be_left_alone_is_left_alone(tmp_path: Path, processes: Processes) -> None:
    """503 with Retry-After: one call, and none more while it lasts; the metrics still prove what they show."""
    cluster = Cluster(headers={"retry-after": "600"})
    async with exporter(Watched(cluster=cluster), tmp_path, processes) as process:
        await process.until(lambda seen: seen["ceph_witnesses",] == 2)
        cluster.payloads["summary"] = 503
        await process.probe()
        cluster.asked.clear()
        found = await process.probe()

    assert set(cluster.asked) == {"GET /metrics"}
    assert (found["collector_error", "link", "limit"], found["ceph_known",]) == (1, 1)


async def test_each_target_has_its_own_password_by_its_name(tmp_path: Path, processes: Processes) -> None:
    """One module for many clusters: `{target}` in the path of the password file."""
    clusters = {name: Cluster() for name in ("edge-1", "edge-2")}
    for name, cluster in clusters.items():
        cluster.mgr.password = f"of-{name}"
        (tmp_path / f"password-{name}").write_text(f"of-{name}\n")
    watched = {name: Watched(cluster=cluster, mgrs=False) for name, cluster in clusters.items()}
    async with exporter(watched, tmp_path, processes, password_file=str(tmp_path / "password-{target}")) as process:
        found = [await process.probe(target=name) for name in clusters]

    assert [(seen["ceph_up",], seen["ceph_known",]) for seen in found] == [(1, 1)] * 2


async def test_details_cost_one_call_a_probe(tmp_path: Path, processes: Processes) -> None:
    """The status calls and at most one more, the most overdue; a probe of one collector is not judged."""
    cluster = Cluster()
    async with exporter(Watched(cluster=cluster), tmp_path, processes, mirroring=True) as process:
        first, *later = [await process.probe() for _ in range(3)]
        asked = [path for path in cluster.asked if path in ("GET /api/cephfs", "GET /api/block/mirroring/summary")]
        narrowed = await process.probe(query="&collect[]=pools&collect[]=witnesses")

    assert sorted(asked) == ["GET /api/block/mirroring/summary", "GET /api/cephfs"]
    assert max(seen["probe_upstream_calls",] for seen in later) <= 8
    assert first["collector_error", "mirror", "stale"] == 1
    assert later[-1]["ceph_filesystem_ranks_active", "edge-files"] == 1
    assert not {("ceph_up",), ("ceph_witnesses",)} & set(narrowed)
    assert narrowed["ceph_pool_pgs", "edge-data"] == 8


async def test_details_that_are_skipped_are_not_asked(tmp_path: Path, processes: Processes) -> None:
    """Their families are absent, and the verdict has all its proofs."""
    cluster = Cluster()
    skip = ["filesystems", "osd_details"]
    async with exporter(Watched(cluster=cluster, mgrs=False), tmp_path, processes, skip=skip) as process:
        found = await process.probe()

    assert "GET /api/cephfs" not in cluster.asked
    assert (found["ceph_up",], found["ceph_osds_reporting",]) == (1, 2)
    assert not [key for key in found if key[0] == "ceph_osd_up"]


OURS, OTHERS = "0dbafabc-d0ba-46cc-bd7a-56cb094117b0", "ffffffff-0000-4000-8000-000000000000"


@pytest.mark.parametrize("late", ["ours", "other"])
async def test_another_cluster_behind_our_addresses_is_not_ours(
    tmp_path: Path, processes: Processes, late: str
) -> None:
    """Ours is paused, the other is healthy: unknown, whoever answers first; with `fsid` only ours is believed: down."""
    ours, other = Cluster(), Cluster()
    ours.payloads["flags"] = PAUSED
    other.payloads["monitor"]["mon_status"]["monmap"]["fsid"] = OTHERS
    (ours if late == "ours" else other).seconds[""] = 0.2
    (tmp_path / "password").write_text("right\n")
    module = {"username": "probe", "password_file": str(tmp_path / "password")}
    async with loopback(ours.answer) as first, loopback(other.answer) as second:
        addresses = {"module": "ceph", "mgrs": [first.url, second.url], "dashboards": [first.url, second.url]}
        targets = {
            "any": addresses,
            "named": {**addresses, "fsid": OURS},
            "neither": {**addresses, "fsid": "1" + OURS[1:]},
        }
        async with running({"modules": {"ceph": module}, "targets": targets}, tmp_path, processes) as process:
            found = {
                name: {
                    (seen["ceph_up",], seen["ceph_known",])
                    for seen in [await process.probe(target=name) for _ in "123"]
                }
                for name in targets
            }

    assert found == {"any": {UNKNOWN}, "named": {DOWN}, "neither": {UNKNOWN}}
