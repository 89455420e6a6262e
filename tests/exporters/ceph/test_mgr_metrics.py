"""A mgr's text is read for what is wanted; what is missing, doubled or odd is no value, and a short list is said to be."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.ceph.snapshot.mgr_metrics import NAMES, View, collections, is_active, lost_lines, view_of
from sankofa_exporters.ceph.snapshot.values import Capacity, Mons, Pgs
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.scraped import scan

from .recorded import VERSIONS, recorded


def view(text: str) -> View:
    return viewed(text.encode())


def viewed(body: bytes) -> View:
    scraped = scan(body, NAMES, "here")
    return view_of(scraped, lost_lines(body, scraped))


@pytest.mark.parametrize("version", VERSIONS)
def test_view_of_each_version_has_its_pools(version: str) -> None:
    """Pools, OSDs, mons and capacity; one OSD is down, so every PG serves and none has all its copies."""
    found = view(recorded(version)["metrics"])

    thin = Pgs(total=8, serving=8, redundant=0, unknown=0)
    names = ["edge-data"] if version == "pacific" else ["edge-data", "vm-images"]
    assert [(pool.name, pool.pgs) for pool in found.pools] == [(name, thin) for name in names]
    assert (found.pools_complete, found.osds, found.mons) == (True, 3, Mons(total=3, in_quorum=3))
    assert found.capacity == Capacity(total_bytes=3221225472, used_bytes=3227287)


def test_health_message_that_is_not_escaped_costs_nothing() -> None:
    """Squid's health_detail carries quotes, commas and braces as they are: the checks are read all the same."""
    checks = view(recorded("squid")["metrics"]).checks

    assert checks == frozenset({"MGR_MODULE_DEPENDENCY", "OSDMAP_FLAGS", "OSD_DOWN", "PG_DEGRADED"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('ceph_pg_stale{pool_id="1"} 0.0\n', ""),
        ('ceph_pg_total{pool_id="1"} 8.0\n', ""),
        ('ceph_pg_unknown{pool_id="1"} 0.0', 'ceph_pg_unknown{pool_id="1"} NaN'),
        ('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 9.0'),
        ('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} -8.0'),
        ('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 7.5'),
        ('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 8.0\nceph_pg_active{pool_id="1"} 7.0'),
        ('ceph_pool_metadata{pool_id="1"', 'ceph_pool_metadata{pool="1"'),
        ('name="edge-data"', 'name=""'),
    ],
)
def test_pool_with_a_word_missing_makes_the_list_incomplete(old: str, new: str) -> None:
    """A dropped, doubled or hostile line of the PGs, or a pool without its name: no verdict may lean on it."""
    text = recorded()["metrics"]
    assert old in text
    found = view(text.replace(old, new))

    assert (found.pools_complete, any(pool.pgs for pool in found.pools)) == (False, False)


def test_counters_are_held_back_while_pgs_are_unknown() -> None:
    """After a mgr took over its sums begin low: a counter that drops and returns would be a burst of operations."""
    text = recorded()["metrics"]
    taken_over = text.replace('ceph_pg_unknown{pool_id="1"} 0.0', 'ceph_pg_unknown{pool_id="1"} 2.0')
    taken_over = taken_over.replace('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 6.0')

    assert view(text).pools[0].io.writes == 11496
    assert view(taken_over).pools[0].io.writes is None
    assert view(taken_over).pools[0].pgs == Pgs(total=8, serving=6, redundant=0, unknown=2)


def test_osd_that_vanished_is_not_counted() -> None:
    """The mgr drops an OSD without an address instead of setting it to 0: it has one series less, which is seen."""
    text = "".join(
        line for line in recorded()["metrics"].splitlines(keepends=True) if 'ceph_daemon="osd.2"' not in line
    )

    assert view(text).osds == 2


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("ceph_health_status 0.0\n", frozenset()),
        ("ceph_health_status 1.0\n", None),
        ("ceph_health_status 5.0\n", None),
        ("ceph_up 1\n", None),
        ('ceph_health_detail{name="OSD_FULL",severity="HEALTH_ERR"} 1.0\n', frozenset({"OSD_FULL"})),
        ('ceph_health_detail{name="OSD_FULL",severity="HEALTH_ERR"} 7.0\n', None),
    ],
)
def test_checks_are_known_by_detail_or_by_health_itself(text: str, checks: frozenset[str] | None) -> None:
    """A version without health_detail tells of no check only when all is well."""
    assert view(text).checks == checks


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ('ceph_mgr_status{ceph_daemon="mgr.x"} 0.0\nceph_mgr_status{ceph_daemon="mgr.y"} 1.0\n', True),
        ('ceph_mgr_status{ceph_daemon="mgr.x"} 0.0\n', False),
        ('ceph_mgr_status{ceph_daemon="mgr.x"} 1.0\nceph_mgr_status{ceph_daemon="mgr.y"} 1.0\n', False),
        ("ceph_health_status 0.0\n", False),
    ],
)
def test_body_names_one_active_mgr(*, text: str, active: bool) -> None:
    """None or two is not a body to believe."""
    assert is_active(scan(text.encode(), NAMES, "here")) is active


def test_body_without_collection_counter_is_stale() -> None:
    """Nothing else in a body shows that it is young."""
    with pytest.raises(CollectorError) as caught:
        collections(scan(b"ceph_health_status 0.0\n", NAMES, "here"), "here")

    assert caught.value.failure.kind is Kind.STALE


def large(osds: int) -> str:
    """The recorded body with the perf counters of many OSDs, as 16 and 17 export them."""
    lines = [
        f'ceph_osd_counter_{counter}{{ceph_daemon="osd.{osd}"}} {osd * counter}.0'
        for counter in range(60)
        for osd in range(osds)
    ]
    return f"{recorded()['metrics']}{chr(10).join(lines)}\n"


def cheapest(work: Callable[[], object], *, times: int) -> float:
    """The CPU seconds of `work`, the least of several times, so that a busy machine is not our fault."""

    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return min(once() for _ in range(times))


def test_dump_of_347_kb_costs_a_tenth_of_parsing_it() -> None:
    """Wanted names are searched, the rest is not parsed (20 ms at pace 1.0)."""
    body = large(120).encode()[:347_000].rpartition(b"\n")[0] + b"\n"
    ours = cheapest(lambda: viewed(body), times=10)
    whole = cheapest(lambda: list(text_string_to_metric_families(body.decode())), times=2)

    assert len(body) > 330_000
    assert viewed(body) == view(recorded()["metrics"])
    assert ours <= whole / 10
