"""The dashboard's documents: what is odd is not known, counted and costs only itself; what is absent stays absent."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.ceph.snapshot.filesystems import parse_filesystems
from sankofa_exporters.ceph.snapshot.health import parse_flags, parse_health, parse_quorum, parse_summary
from sankofa_exporters.ceph.snapshot.mirror import parse_mirror
from sankofa_exporters.ceph.snapshot.osds import parse_osds
from sankofa_exporters.ceph.snapshot.pools import parse_pools
from sankofa_exporters.ceph.snapshot.values import (
    Capacity,
    Check,
    Checks,
    Filesystem,
    Mirror,
    Mons,
    Objects,
    OsdCounts,
    Quorum,
    Rates,
)
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Rejected, counted_in

from .recorded import recorded

HEALTH: dict[str, Any] = {"health": {"status": "HEALTH_OK", "checks": []}}
PERF = {
    "read_op_per_sec": 1,
    "write_op_per_sec": 2,
    "read_bytes_sec": 3,
    "write_bytes_sec": 4,
    "recovering_bytes_per_sec": 5,
}
POOL = {"pool_name": "p", "pg_num": 1, "pg_status": {"active+clean": 1}, "flags_names": "hashpspool"}


def refused(parse: Any, *arguments: Any) -> Kind:
    with pytest.raises(CollectorError) as caught:
        parse(*arguments)
    return caught.value.failure.kind


def test_health_of_pacific_is_read_whole() -> None:
    """The recorded answer, every part of it."""
    health = parse_health(recorded()["health"])

    assert health.checks is not None
    assert {name: (check.severity, check.count) for name, check in health.checks.failing.items()} == {
        "MGR_MODULE_DEPENDENCY": ("HEALTH_WARN", 1),
        "OSDMAP_FLAGS": ("HEALTH_WARN", 5),
        "OSD_DOWN": ("HEALTH_WARN", 1),
        "PG_DEGRADED": ("HEALTH_WARN", 8),
    }
    assert (health.status, health.mons, health.osds) == (
        "HEALTH_WARN",
        Mons(total=3, in_quorum=3),
        OsdCounts(total=3, up=2, in_=3),
    )
    assert (health.pgs, health.objects) == (
        {"active+undersized+degraded": 8},
        Objects(total=16, copies=48, degraded=16, misplaced=0, unfound=0),
    )
    assert (health.capacity, health.rates) == (
        Capacity(total_bytes=3221225472, used_bytes=3227287),
        Rates(reads=0, writes=0, read_bytes=0, written_bytes=0, recovered_bytes=0),
    )
    assert (health.pools, health.mds_standbys, health.gateways) == (1, 0, 0)


@pytest.mark.parametrize(
    "osdmap",
    [
        {"osdmap": {"num_osds": 3, "num_up_osds": 2, "num_in_osds": 3, "epoch": 9}},
        {"osdmap": {"osdmap": {"num_osds": 3, "num_up_osds": 2, "num_in_osds": 3, "full": False}}},
        {"osdmap": {"num_osds": 3, "up": 2, "in": 3}},
        {"osd_map": {"osds": [{"up": 1, "in": 1}, {"up": 1, "in": 1}, {"up": 0, "in": 1, "state": ["exists"]}]}},
    ],
    ids=["flat", "nested", "snapshot", "rows"],
)
def test_osds_are_counted_in_each_shape_of_the_map(osdmap: dict[str, Any]) -> None:
    """`ceph status` of newer and older versions, the dashboard's snapshot, and its rows."""
    assert parse_health(HEALTH | osdmap).osds == OsdCounts(total=3, up=2, in_=3)


def test_checks_are_read_as_list_and_as_mapping() -> None:
    """The dashboard sorts the mapping of `ceph status` into a list; a check without a count has none."""
    check = {"severity": "HEALTH_ERR", "summary": {"message": "x", "count": 7}}
    by_name = {"health": {"status": "HEALTH_ERR", "checks": {"PG_DAMAGED": check}}}
    listed = {"health": {"status": "HEALTH_ERR", "checks": [{"type": "PG_DAMAGED"} | check]}}

    expected = Checks(failing={"PG_DAMAGED": Check(severity="HEALTH_ERR", count=7, message="x")})
    assert parse_health(by_name).checks == parse_health(listed).checks == expected


def test_parts_that_were_kept_from_us_are_absent() -> None:
    """A user with fewer rights gets fewer parts with 200: none of them is a zero."""
    health = parse_health(HEALTH)

    assert (health.mons, health.osds, health.pgs, health.objects) == (None, None, None, None)
    assert (health.capacity, health.rates, health.pools) == (None, None, None)
    assert (health.mds_standbys, health.gateways) == (None, None)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"health": {}}, {"health": []}, {"health": {"status": "HEALTH_FINE"}}]
)
def test_health_that_is_none_is_refused(document: Any) -> None:
    """Neither a status nor checks: an answer to something else."""
    assert refused(parse_health, document) is Kind.DECODE


WHOLE: dict[str, Any] = HEALTH | {
    "mon_status": {"quorum": [0], "monmap": {"mons": [{}]}},
    "osd_map": {"osds": [{"up": 1, "in": 1}]},
    "pg_info": {
        "statuses": {"active+clean": 1},
        "object_stats": dict.fromkeys(
            (
                "num_objects",
                "num_object_copies",
                "num_objects_degraded",
                "num_objects_misplaced",
                "num_objects_unfound",
            ),
            1,
        ),
    },
    "df": {"stats": {"total_bytes": 9, "total_used_raw_bytes": 1}},
    "client_perf": PERF,
    "pools": [{}],
    "fs_map": {"standbys": []},
    "rgw": 1,
}


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("status", {"health": {"status": "HEALTH_FINE", "checks": []}}),
        ("status", {"health": {"status": ["HEALTH_OK"], "checks": []}}),
        ("checks", {"health": {"status": "HEALTH_OK"}}),
        ("checks", {"health": {"status": "HEALTH_OK", "checks": [{"type": "X"}]}}),
        ("checks", {"health": {"status": "HEALTH_OK", "checks": [7]}}),
        (
            "checks",
            {
                "health": {
                    "status": "HEALTH_OK",
                    "checks": [{"type": "X", "severity": "HEALTH_OK", "summary": {"count": -1}}],
                }
            },
        ),
        ("mons", {"mon_status": {"quorum": [0]}}),
        ("mons", {"mon_status": {"quorum": [0, 1], "monmap": {"mons": [{}]}}}),
        ("mons", {"mon_status": {"quorum": [0], "monmap": {"mons": []}}}),
        ("mons", {"mon_status": {"quorum": [True], "monmap": {"mons": [{}]}}}),
        ("osds", {"osd_map": {"osds": [{"up": 1}]}}),
        ("osds", {"osd_map": {"osds": [{"up": 2, "in": 1}]}}),
        ("osds", {"osd_map": {"osds": [{"up": 1, "in": 1}, None]}}),
        ("osds", {"osd_map": {}}),
        ("pgs", {"pg_info": {**WHOLE["pg_info"], "statuses": {"active+clean": 1.5}}}),
        ("pgs", {"pg_info": {**WHOLE["pg_info"], "statuses": {"": 1}}}),
        ("objects", {"pg_info": {"statuses": {"active+clean": 1}, "object_stats": {}}}),
        ("capacity", {"df": {"stats": {"total_bytes": 10**400, "total_used_raw_bytes": 1}}}),
        ("capacity", {"df": {"stats": {"total_bytes": 5}}}),
        ("rates", {"client_perf": "none"}),
        ("mds_standbys", {"fs_map": {"standbys": 1}}),
    ],
)
def test_part_of_health_that_is_odd_costs_only_itself(part: str, change: dict[str, Any]) -> None:
    """It is not known, it is counted, and every other part is as it was."""
    rejected = Rejected()
    with counted_in(rejected, "health"):
        found, whole = vars(parse_health(WHOLE | change)), vars(parse_health(WHOLE))

    assert found[part] is None
    assert None not in whole.values()
    assert {name for name in whole if found[name] != whole[name]} == {part}
    assert (sum(rejected.values()) > 0) == (part != "gateways")


@pytest.mark.parametrize(
    "change",
    [
        {"osdmap": {"num_osds": 1, "num_up_osds": 2, "num_in_osds": 1}},
        {"osdmap": {"num_osds": 1}},
    ],
)
def test_counts_of_osds_that_cannot_be_are_none(change: dict[str, Any]) -> None:
    """More up than there are, or no word of those that are up."""
    assert parse_health(HEALTH | change).osds is None


def test_rate_that_is_none_is_absent() -> None:
    """Each rate for itself; a snapshot of later versions has only those of bytes."""
    odd = parse_health(HEALTH | {"client_perf": PERF | {"read_op_per_sec": "NaN", "write_op_per_sec": -1}}).rates
    snapshot = parse_health(
        HEALTH | {"pgmap": {"pgs_by_state": [], "read_bytes_sec": 3, "write_bytes_sec": None}}
    ).rates

    assert odd == Rates(reads=None, writes=None, read_bytes=3, written_bytes=4, recovered_bytes=5)
    assert snapshot == Rates(reads=None, writes=None, read_bytes=3, written_bytes=None, recovered_bytes=None)


def pgmap(*rows: tuple[str, int]) -> dict[str, Any]:
    return HEALTH | {"pgmap": {"pgs_by_state": [{"state_name": state, "count": count} for state, count in rows]}}


def test_rows_that_are_equal_are_one_and_differing_ones_are_unknown() -> None:
    """States of PGs, ranks in the quorum, mons by name, health checks."""
    check = {"type": "OSD_FULL", "severity": "HEALTH_ERR", "summary": {"count": 1}}
    checks = [check, check, check | {"type": "POOL_FULL"}, check | {"type": "POOL_FULL", "severity": "HEALTH_WARN"}]
    found = parse_health({"health": {"status": "HEALTH_ERR", "checks": checks}}).checks
    mons = [{"name": name} for name in "abca"]

    assert parse_health(pgmap(("a", 1), ("a", 1))).pgs == {"a": 1}
    assert parse_health(pgmap(("a", 1), ("a", 2), ("b", 1))).pgs is None
    assert parse_health(HEALTH | {"mon_status": {"quorum": [0, 0, 1], "monmap": {"mons": mons}}}).mons == Mons(
        total=3, in_quorum=2
    )
    assert found is not None
    assert (set(found.names), set(found.unclear)) == ({"OSD_FULL"}, {"POOL_FULL"})


@pytest.mark.parametrize(
    ("document", "mons"),
    [
        (recorded()["monitor"], Mons(total=3, in_quorum=3)),
        ({"mon_status": {"quorum_age": 1, "quorum": [0, 2], "monmap": {"num_mons": 3}}}, Mons(total=3, in_quorum=2)),
        (
            {
                "mon_status": {"quorum_age": 1},
                "in_quorum": [{"rank": 0, "name": "a"}],
                "out_quorum": [{"rank": 1, "name": "b"}],
            },
            Mons(total=2, in_quorum=1),
        ),
        ({"mon_status": {"quorum_age": 1, "monmap": {"num_mons": 3}}}, None),
        ({"mon_status": {"quorum_age": 1, "quorum": [0, 1], "monmap": {"mons": [{"name": "a"}]}}}, None),
    ],
    ids=["pacific", "counted", "lists", "no quorum", "too many"],
)
def test_quorum_is_read_from_monitor(document: dict[str, Any], mons: Mons | None) -> None:
    """The map and the ranks, or the dashboard's two lists; what does not fit is not known, and the age stays."""
    found = parse_quorum(document)

    fsid = document["mon_status"].get("monmap", {}).get("fsid")
    assert found == Quorum(age_seconds=document["mon_status"]["quorum_age"], mons=mons, fsid=fsid)


@pytest.mark.parametrize("monmap", [{"num_mons": 3}, {"num_mons": 3, "quorum": {}}, {"num_mons": 3, "quorum": None}])
def test_snapshot_without_a_quorum_is_read_all_the_same(monmap: dict[str, Any]) -> None:
    """As of 20.2.1: the mons are not known here, and nothing else is lost."""
    found = parse_health({**recorded("squid")["snapshot"], "monmap": monmap})

    assert (found.mons, found.osds, found.pools) == (None, OsdCounts(total=3, up=2, in_=3), 2)


@pytest.mark.parametrize("document", [None, {}, {"have_mon_connection": "true"}, {"have_mon_connection": 1}])
def test_summary_without_a_word_on_the_mons_is_refused(document: Any) -> None:
    """Whether the mgr is connected must be said by true or false."""
    assert refused(parse_summary, document) is Kind.DECODE


@pytest.mark.parametrize(
    "document", [None, {}, {"mon_status": {}}, {"mon_status": {"quorum_age": -1}}, {"mon_status": {"quorum_age": "7"}}]
)
def test_quorum_age_that_is_no_count_is_refused(document: Any) -> None:
    """The only clock of the mons must be readable."""
    assert refused(parse_quorum, document) is Kind.DECODE


def test_pause_is_both_of_its_flags() -> None:
    """The dashboard merges pauserd and pausewr into pause; one alone stays itself."""
    assert parse_flags(["pause", "sortbitwise"]) >= {"pauserd", "pausewr"}
    assert "pauserd" not in parse_flags(["pausewr", "sortbitwise"])


@pytest.mark.parametrize("document", [None, [], {}, "pause", ["noout", 7], [""], [["noout"]]])
def test_flags_that_are_no_list_of_names_are_refused(document: Any) -> None:
    """An empty list too: a map always has flags, and none would look like not paused."""
    assert refused(parse_flags, document) is Kind.DECODE


@pytest.mark.parametrize(
    ("flags", "full", "quota"),
    [
        ("hashpspool", False, False),
        ("hashpspool,full", True, False),
        ("hashpspool,full,full_quota", False, True),
        ("hashpspool,nearfull,backfillfull", False, False),
    ],
)
def test_pool_at_its_quota_is_not_full(*, flags: str, full: bool, quota: bool) -> None:
    """Ceph sets `full` for both; only without `full_quota` is it want of space."""
    (pool,) = parse_pools([POOL | {"flags_names": flags}]).rows

    assert (pool.full, pool.quota) == (full, quota)


def test_pool_keeps_what_is_readable_of_its_statistics() -> None:
    """Statistics only describe: odd ones are absent, and the pool is still judged."""
    stats = {"stored": {"latest": "5"}, "max_avail": {"latest": -1}, "objects": 7}
    (pool,) = parse_pools([POOL | {"stats": stats, "size": 3, "min_size": True}]).rows

    assert (pool.stored_bytes, pool.available_bytes, pool.objects) == (5, None, None)
    assert (pool.copies, pool.min_copies) == (3, None)


OTHER = POOL | {"pool_name": "q"}


@pytest.mark.parametrize("document", [None, {}, 7])
def test_pools_that_are_no_list_are_refused(document: Any) -> None:
    """Nothing could be said of any pool."""
    assert refused(parse_pools, document) is Kind.DECODE


@pytest.mark.parametrize(
    ("rows", "names", "complete", "rejected"),
    [
        ([POOL, OTHER], ["p", "q"], True, {}),
        ([POOL, POOL, OTHER], ["p", "q"], True, {}),
        ([POOL, POOL | {"pg_num": 2}, OTHER], ["q"], False, {"contradicting": 2}),
        ([POOL, None], ["p"], False, {"unreadable": 1}),
        ([POOL, OTHER | {"pool_name": ""}], ["p"], False, {"unreadable": 1}),
        ([POOL, OTHER | {"pg_status": None}], ["p"], False, {"unreadable": 1}),
        ([POOL, OTHER | {"pg_status": {"active+clean": -1}}], ["p"], False, {"unreadable": 1}),
        ([POOL, OTHER | {"pg_num": None}], ["p"], False, {"unreadable": 1}),
        ([POOL, OTHER | {"flags_names": None}], ["p"], False, {"unreadable": 1}),
    ],
)
def test_pool_that_is_odd_costs_only_itself(
    *, rows: Any, names: list[str], complete: bool, rejected: dict[str, int]
) -> None:
    """Equal rows are one; of differing ones neither is known; the list says that it is not complete."""
    counted = Rejected()
    with counted_in(counted, "pools"):
        found = parse_pools(rows)

    assert ([pool.name for pool in found.rows], found.complete) == (names, complete)
    assert {reason: count for (_, reason), count in counted.items()} == rejected


def test_quota_of_a_pool_is_absent_where_there_is_none() -> None:
    """Ceph writes 0 for no quota: that is not a quota of nothing."""
    (pool,) = parse_pools([POOL | {"quota_max_bytes": 0, "quota_max_objects": 7}]).rows

    assert (pool.quota_bytes, pool.quota_objects) == (None, 7)


def test_osds_are_aged_by_the_mgrs_own_clock() -> None:
    """The newest point of any series; OSDs that are down do not report; a series without points says never."""
    rows = [
        {"id": 0, "up": 1, "stats_history": {"op_w": [[90, 0.0], [95, 0.0]], "op_r": [[97, 0.0]]}},
        {"id": 1, "up": 1, "stats_history": {"op_w": [[0, 0.0]]}},
        {"id": 2, "up": 1, "stats_history": "?"},
        {"osd": 3, "up": 0, "stats_history": {"op_w": [[99, 0.0]]}},
    ]
    found = parse_osds(rows, 100)

    assert [(osd.id, osd.up, osd.report_age_seconds) for osd in found.rows] == [
        (0, True, 3), (1, True, None), (2, True, None), (3, False, 1),
    ]  # fmt: skip
    assert found.reporting(30) == 1


def test_osd_of_pacific_is_read_whole() -> None:
    """Where it is, how full, how quick; and nothing for what it does not say."""
    first, *_ = parse_osds(recorded()["osds"], 0).rows
    (bare,) = parse_osds([{"id": 7, "up": 1}], 0).rows

    assert (first.host, first.device_class, first.full_level, first.in_) == ("vm", "hdd", 0, True)
    assert first.used_ratio == 1077645 / 1073741824
    assert (first.commit_latency_seconds, first.apply_latency_seconds) == (0, 0)
    assert (bare.host, bare.device_class, bare.full_level, bare.in_, bare.used_ratio) == (None,) * 5
    assert (bare.commit_latency_seconds, bare.apply_latency_seconds) == (None, None)


@pytest.mark.parametrize(
    ("latency", "seconds"),
    [
        ({"commit_latency_ns": 1_500_000, "commit_latency_ms": 1}, 0.0015),
        ({"commit_latency_ms": 7}, 0.007),
        ({"commit_latency_ns": -1, "commit_latency_ms": 7}, 0.007),
        ({}, None),
    ],
)
def test_latency_is_of_the_finer_unit(latency: dict[str, Any], seconds: float | None) -> None:
    """Nanoseconds where the version has them."""
    (osd,) = parse_osds([{"id": 7, "up": 1, "osd_stats": {"perf_stat": latency}}], 0).rows

    assert osd.commit_latency_seconds == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (["exists", "up"], 0),
        (["exists", "nearfull", "up"], 1),
        (["exists", "backfillfull", "nearfull", "up"], 2),
        (["exists", "full", "up"], 3),
        (None, None),
        ([7], None),
    ],
)
def test_full_level_is_the_worst_word_of_the_state(*, state: Any, level: int | None) -> None:
    """As Ceph's map spells them (seen on 16.2.15)."""
    (osd,) = parse_osds([{"id": 7, "up": 1, "state": state}], 0).rows

    assert osd.full_level == level


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([{"id": 0, "up": 1}, {"id": 0, "up": 1}, {"id": 1, "up": 0}], [0, 1]),
        ([{"id": 0, "up": 1}, {"id": 0, "up": 0}, {"id": 1, "up": 0}], [1]),
        ([7, {"up": 1}, {"id": 0}, {"id": 1, "up": "?"}, {"id": 2, "up": 1}], [2]),
    ],
    ids=["equal", "differing", "unreadable"],
)
def test_osd_that_is_odd_costs_only_itself(rows: Any, ids: list[int]) -> None:
    """The list is short then, which the verdict compares with the map."""
    assert [osd.id for osd in parse_osds(rows, 100).rows] == ids


def test_filesystems_count_their_ranks() -> None:
    """Active ones by their daemons' states; a standby-replay serves nothing."""
    two = parse_filesystems(recorded("squid")["filesystems"])

    assert parse_filesystems(recorded("quincy")["filesystems"]) == (
        Filesystem(name="edge-files", wanted=2, active=1, failed=0, damaged=0),
    )
    assert two == (
        Filesystem(name="edge-files", wanted=2, active=1, failed=1, damaged=0),
        Filesystem(name="edge-home", wanted=1, active=0, failed=0, damaged=1),
    )


@pytest.mark.parametrize(
    "mdsmap", [None, {}, {"fs_name": "x"}, {"fs_name": "x", "info": {"a": {}}}, {"fs_name": "", "info": {}}]
)
def test_filesystem_that_is_odd_costs_only_itself(mdsmap: Any) -> None:
    """No name, or a daemon whose state is not known: how many are active is not known then."""
    (whole,) = recorded("quincy")["filesystems"]
    found = parse_filesystems([{"mdsmap": mdsmap}, whole])

    assert [one.name for one in found] == ["edge-files"]


def test_mirror_tells_what_the_dashboard_hands_on() -> None:
    """Images by state, entries behind in journal mode, a snapshot's time where a description has it."""
    assert parse_mirror(recorded("squid")["mirror"]) == Mirror(
        images={
            ("vm-images", "ready"): 1,
            ("vm-images", "syncing"): 2,
            ("vm-images", "error"): 1,
            ("vm-images", "unknown"): 1,
        },
        behind={("vm-images", "vm-8"): 42},
        snapshots={("vm-images", "vm-6"): 1795528500},
    )


def test_cluster_that_mirrors_nothing_has_no_images() -> None:
    """The recorded cluster: no family, no zero."""
    assert parse_mirror(recorded()["mirror"]) == Mirror(images={}, behind={}, snapshots={})


@pytest.mark.parametrize("content", [None, {}, {"pools": []}, {"pools": [], "image_error": 7}])
def test_mirror_that_is_none_is_refused(content: Any) -> None:
    """No content, or a group of images that is not a list: an image could be missing."""
    assert refused(parse_mirror, {"content_data": content}) is Kind.DECODE


def test_image_that_is_odd_costs_only_itself() -> None:
    """Rows without a name are counted, equal ones are one, differing ones are neither."""
    image = {"pool_name": "p", "name": "a", "state": "Error"}
    groups = {
        "image_error": [image, image, image | {"name": "b"}, {}, 7],
        "image_ready": [image | {"name": "b"}],
        "image_syncing": [],
    }
    rejected = Rejected()
    with counted_in(rejected, "mirror"):
        found = parse_mirror({"content_data": {"pools": [{}, {"name": "p", "mirror_mode": "pool"}], **groups}})

    assert found.images == {("p", "ready"): 0, ("p", "syncing"): 0, ("p", "error"): 1, ("p", "unknown"): 0}
    assert {reason: count for (_, reason), count in rejected.items()} == {"unreadable": 3, "contradicting": 2}
