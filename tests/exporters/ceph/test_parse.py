"""The dashboard's documents are read strictly: what is odd is refused, what is absent stays absent."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.ceph.mirror import parse_mirror
from sankofa_exporters.ceph.parse import (
    parse_flags,
    parse_health,
    parse_pools,
    parse_quorum_age,
    parse_reports,
    parse_summary,
)
from sankofa_exporters.ceph.snapshot import Capacity, Check, Health, Mirror, Mons, Objects, Osds, Rates, Reports
from sankofa_exporters.model.failure import CollectorError, Kind

from .recorded import recorded

HEALTH = {"health": {"status": "HEALTH_OK", "checks": []}}
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

    assert health == Health(
        status="HEALTH_WARN",
        checks={
            "MGR_MODULE_DEPENDENCY": Check(severity="HEALTH_WARN", count=1),
            "OSDMAP_FLAGS": Check(severity="HEALTH_WARN", count=5),
            "OSD_DOWN": Check(severity="HEALTH_WARN", count=1),
            "PG_DEGRADED": Check(severity="HEALTH_WARN", count=8),
        },
        mons=Mons(total=3, in_quorum=3),
        osds=Osds(total=3, up=2, in_=3),
        pgs={"active+undersized+degraded": 8},
        objects=Objects(total=16, copies=48, degraded=16, misplaced=0, unfound=0),
        capacity=Capacity(total_bytes=3221225472, used_bytes=3227287),
        rates=Rates(reads=0, writes=0, read_bytes=0, written_bytes=0, recovered_bytes=0),
        pools=1,
    )


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
    assert parse_health(HEALTH | osdmap).osds == Osds(total=3, up=2, in_=3)


def test_checks_are_read_as_list_and_as_mapping() -> None:
    """The dashboard sorts the mapping of `ceph status` into a list; a check without a count has none."""
    check = {"severity": "HEALTH_ERR", "summary": {"message": "x", "count": 7}}
    by_name = {"health": {"status": "HEALTH_ERR", "checks": {"PG_DAMAGED": check}}}
    listed = {"health": {"status": "HEALTH_ERR", "checks": [{"type": "PG_DAMAGED"} | check]}}

    assert parse_health(by_name).checks == parse_health(listed).checks == {
        "PG_DAMAGED": Check(severity="HEALTH_ERR", count=7)
    }  # fmt: skip


def test_parts_that_were_kept_from_us_are_absent() -> None:
    """A user with fewer rights gets fewer parts with 200: none of them is a zero."""
    health = parse_health(HEALTH)

    assert (health.mons, health.osds, health.pgs, health.objects) == (None, None, None, None)
    assert (health.capacity, health.rates, health.pools) == (None, None, None)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"health": {}},
        {"health": {"status": "HEALTH_FINE", "checks": []}},
        {"health": {"status": ["HEALTH_OK"], "checks": []}},
        {"health": {"status": "HEALTH_OK"}},
        {"health": {"status": "HEALTH_OK", "checks": [{"type": "X"}]}},
        {
            "health": {
                "status": "HEALTH_OK",
                "checks": [{"type": "X", "severity": "HEALTH_OK", "summary": {"count": -1}}],
            }
        },
        HEALTH | {"mon_status": {"quorum": [0]}},
        HEALTH | {"mon_status": {"quorum": [0, 0], "monmap": {"mons": [{}, {}]}}},
        HEALTH | {"mon_status": {"quorum": [0, 1], "monmap": {"mons": [{}]}}},
        HEALTH | {"mon_status": {"quorum": [0], "monmap": {"mons": []}}},
        HEALTH | {"mon_status": {"quorum": [True], "monmap": {"mons": [{}]}}},
        HEALTH | {"osd_map": {"osds": [{"up": 1}]}},
        HEALTH | {"osd_map": {"osds": [{"up": 2, "in": 1}]}},
        HEALTH | {"osd_map": {}},
        HEALTH | {"osdmap": {"num_osds": 1, "num_up_osds": 2, "num_in_osds": 1}},
        HEALTH | {"osdmap": {"num_osds": 1}},
        HEALTH | {"pg_info": {"statuses": {"active+clean": 1.5}, "object_stats": {}}},
        HEALTH | {"pg_info": {"statuses": {"": 1}}},
        HEALTH | {"pgmap": {"pgs_by_state": [{"state_name": "a", "count": 1}, {"state_name": "a", "count": 1}]}},
        HEALTH | {"df": {"stats": {"total_bytes": 10**400, "total_used_raw_bytes": 1}}},
        HEALTH | {"df": {"stats": {"total_bytes": 5}}},
        HEALTH | {"client_perf": PERF | {"read_op_per_sec": "NaN"}},
        HEALTH | {"client_perf": PERF | {"write_op_per_sec": -1}},
    ],
)
def test_health_that_is_odd_is_refused(document: Any) -> None:
    """A part that is there and cannot be read costs the answer: it is not guessed."""
    assert refused(parse_health, document) is Kind.DECODE


@pytest.mark.parametrize("document", [None, {}, {"have_mon_connection": "true"}, {"have_mon_connection": 1}])
def test_summary_without_a_word_on_the_mons_is_refused(document: Any) -> None:
    """Whether the mgr is connected must be said by true or false."""
    assert refused(parse_summary, document) is Kind.DECODE


@pytest.mark.parametrize(
    "document", [None, {}, {"mon_status": {}}, {"mon_status": {"quorum_age": -1}}, {"mon_status": {"quorum_age": "7"}}]
)
def test_quorum_age_that_is_no_count_is_refused(document: Any) -> None:
    """The only clock of the mons must be readable."""
    assert refused(parse_quorum_age, document) is Kind.DECODE


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
    (pool,) = parse_pools([POOL | {"flags_names": flags}])

    assert (pool.full, pool.quota) == (full, quota)


def test_pool_keeps_what_is_readable_of_its_statistics() -> None:
    """Statistics only describe: odd ones are absent, and the pool is still judged."""
    stats = {"stored": {"latest": "5"}, "max_avail": {"latest": -1}, "objects": 7}
    (pool,) = parse_pools([POOL | {"stats": stats, "size": 3, "min_size": True}])

    assert (pool.stored_bytes, pool.available_bytes, pool.objects) == (5, None, None)
    assert (pool.copies, pool.min_copies) == (3, None)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [None],
        [POOL, POOL],
        [POOL | {"pool_name": ""}],
        [POOL | {"pg_status": None}],
        [POOL | {"pg_status": {"active+clean": -1}}],
        [POOL | {"pg_num": None}],
        [POOL | {"flags_names": None}],
    ],
)
def test_pools_that_are_odd_are_refused(rows: Any) -> None:
    """A pool that cannot be judged costs the list: a shorter one could look healthy."""
    assert refused(parse_pools, rows) is Kind.DECODE


def test_reports_are_aged_by_the_mgrs_own_clock() -> None:
    """The newest point of any series; OSDs that are down do not count; a series without points says never."""
    rows = [
        {"id": 0, "up": 1, "stats_history": {"op_w": [[90, 0.0], [95, 0.0]], "op_r": [[97, 0.0]]}},
        {"id": 1, "up": 1, "stats_history": {"op_w": [[0, 0.0]]}},
        {"id": 2, "up": 1, "stats_history": "?"},
        {"osd": 3, "up": 0, "stats_history": {"op_w": [[99, 0.0]]}},
    ]

    assert parse_reports(rows, 100) == Reports(listed=4, ages=(3, None, None))


@pytest.mark.parametrize("rows", [None, [7], [{"up": 1}], [{"id": 0}], [{"id": 0, "up": 1}, {"id": 0, "up": 1}]])
def test_reports_that_are_odd_are_refused(rows: Any) -> None:
    """No id, no word on up, or one id twice."""
    assert refused(parse_reports, rows, 100) is Kind.DECODE


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


@pytest.mark.parametrize(
    "content", [None, {}, {"pools": []}, {"pools": [{}], "image_error": []}, {"pools": [], "image_error": [7]}]
)
def test_mirror_that_is_odd_is_refused(content: Any) -> None:
    """No content, no groups, an image that is none."""
    assert refused(parse_mirror, {"content_data": content}) is Kind.DECODE
