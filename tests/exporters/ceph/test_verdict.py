"""Up, down or unknown: each part by the answers that prove it, and all parts together."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from sankofa_exporters.ceph.snapshot.health import parse_flags, parse_health, parse_quorum
from sankofa_exporters.ceph.snapshot.mgr_metrics import NAMES, View, view_of
from sankofa_exporters.ceph.snapshot.osds import parse_osds
from sankofa_exporters.ceph.snapshot.pools import parse_pools
from sankofa_exporters.ceph.snapshot.values import (
    Check,
    Checks,
    Health,
    Mons,
    Osds,
    Pgs,
    Pools,
    pgs_of,
    serves,
)
from sankofa_exporters.ceph.verdict import Evidence, Rules, combined, parts_of, verdict_of
from sankofa_exporters.probe.source import Verdict
from sankofa_exporters.reading.scraped import scan

from .recorded import recorded, whole

UP, DOWN, UNKNOWN = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN
WHOLE = Pgs(total=8, serving=8, redundant=8, unknown=0)
THIN = Pgs(total=8, serving=8, redundant=0, unknown=0)
BROKEN = Pgs(total=8, serving=7, redundant=7, unknown=0)
UNTOLD = Pgs(total=8, serving=6, redundant=6, unknown=2)
ANSWERED_AT = 1_795_529_673.0  # when the payloads were recorded
ALL, CHOSEN = Rules(), Rules(pools=frozenset({"edge-data"}))


def evidence() -> Evidence:
    """Every answer of a healthy cluster, with one OSD of three down and noout set."""
    payloads = recorded("quincy")
    return Evidence(
        linked=True,
        mons=parse_quorum(payloads["monitor"]).mons,
        health=parse_health(payloads["health"]),
        flags=parse_flags(payloads["flags"]),
        pools=parse_pools(payloads["pools"]),
        osds=parse_osds(payloads["osds"], ANSWERED_AT),
        view=view_of(scan(whole(recorded("quincy"))["metrics"].encode(), NAMES, "here"), lost=()),
    )


GOOD = evidence()
assert GOOD.pools is not None
assert GOOD.health is not None
assert GOOD.osds is not None
assert GOOD.view is not None
POOLS, HEALTH, OSDS, VIEW = GOOD.pools, GOOD.health, GOOD.osds, GOOD.view


def pools(first: Pgs | None = None, **change: Any) -> Pools:
    """The pools with the first, edge-data, changed."""
    edge, other = POOLS.rows
    edge = replace(edge, pgs=first or edge.pgs, **change)
    return replace(POOLS, rows=(edge, other))


def other_full() -> Pools:
    edge, other = POOLS.rows
    return replace(POOLS, rows=(edge, replace(other, full=True)))


def checks(*names: str, details: tuple[str, ...] = (), unclear: tuple[str, ...] = ()) -> Health:
    failing = {name: Check(severity="HEALTH_ERR", count=1, details=details) for name in names}
    return replace(HEALTH, checks=Checks(failing=failing, unclear=frozenset(unclear)))


def view(*names: str, unclear: tuple[str, ...] = ()) -> View:
    return replace(VIEW, checks=frozenset(names), unclear=frozenset(unclear))


def silent() -> Osds:
    return Osds(rows=tuple(replace(osd, report_age_seconds=99.0) for osd in OSDS.rows))


NO_SPACE, QUOTA = "pool 'edge-data' is full (no space)", "pool 'edge-data' is full (running out of quota)"
OTHER_FULL = "pool 'vm-images' is full (no space)"
MONS_LOST = Mons(total=3, in_quorum=1)


@pytest.mark.parametrize(
    ("change", "rules", "verdict"),
    [
        ({}, ALL, UP),
        ({"health": None}, ALL, UP),
        ({"health": None, "flags": parse_flags(["pause"])}, ALL, DOWN),
        ({"health": None, "view": None}, ALL, UNKNOWN),
        ({"health": None, "view": None, "flags": parse_flags(["pausewr"])}, ALL, DOWN),
        ({"health": None, "view": None, "flags": parse_flags(["full"])}, CHOSEN, DOWN),
        ({"flags": None, "pools": pools(BROKEN)}, ALL, DOWN),
        ({"flags": None}, ALL, UNKNOWN),
        ({"flags": None, "health": checks("OSD_DOWN")}, ALL, UP),
        ({"flags": None, "health": checks("OSD_DOWN", unclear=("OSDMAP_FLAGS",))}, ALL, UNKNOWN),
        ({"flags": None, "health": None}, ALL, UP),
        ({"flags": None, "health": None, "view": view("OSDMAP_FLAGS")}, ALL, UNKNOWN),
        ({"flags": None, "health": None, "view": view(unclear=("OSDMAP_FLAGS",))}, ALL, UNKNOWN),
        ({"flags": None, "health": None, "view": replace(VIEW, checks=None)}, ALL, UNKNOWN),
        ({"pools": pools(UNTOLD)}, ALL, UNKNOWN),
        ({"pools": pools(THIN)}, ALL, UP),
        ({"pools": pools(full=True)}, ALL, DOWN),
        ({"pools": pools(quota=True)}, ALL, UP),
        ({"pools": other_full()}, CHOSEN, UP),
        ({"pools": replace(POOLS, complete=False)}, ALL, UNKNOWN),
        ({"pools": replace(POOLS, complete=False)}, CHOSEN, UP),
        ({"pools": replace(POOLS, rows=POOLS.rows[1:], complete=False)}, CHOSEN, UNKNOWN),
        ({"pools": replace(POOLS, rows=POOLS.rows[:1])}, ALL, UNKNOWN),
        ({"pools": None}, ALL, UP),
        ({"pools": None, "health": checks("OSD_FULL")}, ALL, DOWN),
        ({"pools": None, "health": checks("OSD_FULL")}, CHOSEN, UNKNOWN),
        ({"pools": None, "health": checks("OSD_FULL", "POOL_FULL", details=(NO_SPACE,))}, CHOSEN, DOWN),
        ({"pools": None, "health": checks("OSD_FULL", "POOL_FULL", details=(OTHER_FULL,))}, CHOSEN, UNKNOWN),
        ({"pools": None, "health": checks("POOL_FULL", details=(QUOTA,))}, ALL, UNKNOWN),
        ({"pools": None, "health": None, "view": view("OSD_FULL")}, CHOSEN, UNKNOWN),
        ({"pools": None, "health": None, "view": view("OSD_FULL")}, ALL, DOWN),
        ({"pools": None, "health": None, "view": view("POOL_FULL")}, ALL, UNKNOWN),
        ({"mons": MONS_LOST}, ALL, DOWN),
        ({"mons": None}, ALL, UP),
        ({"mons": None, "health": replace(HEALTH, mons=None)}, ALL, UP),
        ({"mons": None, "health": replace(HEALTH, mons=None), "view": None}, ALL, UNKNOWN),
        ({"mons": None, "health": None}, ALL, UP),
        ({"health": replace(HEALTH, mons=MONS_LOST)}, ALL, DOWN),
        ({"osds": silent()}, ALL, UNKNOWN),
        ({"osds": silent(), "flags": parse_flags(["pauserd"])}, ALL, DOWN),
        ({"osds": silent(), "pools": pools(full=True)}, ALL, DOWN),
        ({"osds": silent(), "pools": pools(BROKEN)}, ALL, UNKNOWN),
        ({"osds": Osds(rows=OSDS.rows[1:])}, ALL, UNKNOWN),
        ({"osds": None}, ALL, UNKNOWN),
        ({"osds": None}, Rules(osd_reports=False), UP),
        ({"osds": None, "pools": pools(BROKEN)}, ALL, DOWN),
    ],
)
def test_verdict_is_what_the_parts_prove(change: dict[str, Any], rules: Rules, verdict: Verdict) -> None:
    """A proof of one part is down whatever else failed; a part that nobody proves keeps the rest from up."""
    assert verdict_of(replace(GOOD, **change), rules) is verdict


METRICS_ALONE = Evidence(linked=False, view=VIEW)


@pytest.mark.parametrize(
    ("view_now", "rules", "verdict"),
    [
        (VIEW, ALL, UP),
        (view("OSD_DOWN"), ALL, UP),
        (view("OSDMAP_FLAGS"), ALL, UNKNOWN),
        (view("OSD_FULL"), ALL, DOWN),
        (view("OSD_FULL"), CHOSEN, UNKNOWN),
        (view("OSD_FULL", "POOL_FULL"), CHOSEN, UNKNOWN),
        (replace(VIEW, pools_complete=False), ALL, UNKNOWN),
        (replace(VIEW, pools_readable=False), CHOSEN, UNKNOWN),
        (replace(VIEW, checks_readable=False), CHOSEN, UNKNOWN),
        (replace(view("OSD_FULL"), checks_readable=False), ALL, DOWN),
        (replace(VIEW, mons=None), ALL, UNKNOWN),
        (replace(VIEW, mons=MONS_LOST), ALL, DOWN),
        (None, ALL, UNKNOWN),
    ],
)
def test_metrics_alone_prove_what_they_show(view_now: View | None, rules: Rules, verdict: Verdict) -> None:
    """They show no flags by name, and no pools that are full: OSD_FULL says nothing of chosen pools."""
    assert verdict_of(replace(METRICS_ALONE, view=view_now), rules) is verdict


def test_up_needs_every_part() -> None:
    """Over all combinations: down with any proof, up with nothing but ups."""
    for parts in itertools.product((UP, DOWN, UNKNOWN), repeat=5):
        expected = DOWN if DOWN in parts else UP if set(parts) == {UP} else UNKNOWN
        assert combined(parts) is expected
    assert combined([]) is UNKNOWN


def test_each_answer_that_fails_leaves_the_other_parts_as_they_were() -> None:
    """A part changes only by the answer that it leans on."""
    leans: dict[str, set[str]] = {
        "mons": set(),
        "health": set(),
        "flags": {"flags"},
        "pools": set(),
        "osds": {"reports"},
        "view": set(),
    }
    whole_parts = parts_of(GOOD, ALL)
    for name, parts in leans.items():
        failed: dict[str, Any] = {name: None}
        without = parts_of(replace(GOOD, **failed), ALL)
        assert {part for part in without if without[part] is not whole_parts[part]} == parts


def osds(*ages: float | None, up: bool = True) -> Osds:
    (row,) = parse_osds([{"id": 0, "up": up}], 0).rows
    return Osds(rows=tuple(replace(row, id=number, report_age_seconds=age) for number, age in enumerate(ages)))


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (osds(0.0, 1.0, 2.0), False),
        (osds(0.0, 1.0, 99.0), False),
        (osds(0.0, 99.0, 99.0), True),
        (osds(99.0, 99.0, 99.0), True),
        (osds(None, None, None), True),
        (osds(0.0, None), False),
        (osds(-1.0, -1.0), False),
        (osds(-99.0, -99.0), True),
        (osds(99.0, 99.0, up=False), False),
        (osds(), False),
    ],
)
def test_osds_are_silent_when_fewer_than_half_reported(*, found: Osds, verdict: bool) -> None:
    """A report from the future is none; no OSD up is another matter, which the PGs tell."""
    assert found.are_silent(30) is verdict


@pytest.mark.parametrize(
    ("state", "serving"),
    [
        ("active+clean", True),
        ("active+undersized+degraded", True),
        ("active+clean+scrubbing+deep", True),
        ("active+recovery_unfound+degraded", True),
        ("active+laggy", True),
        ("stale+active+clean", False),
        ("peering", False),
        ("remapped+peering", False),
        ("undersized+degraded+peered", False),
        ("down", False),
        ("incomplete", False),
        ("unknown", False),
        ("activating", False),
        ("active+wait", False),
        ("", False),
    ],
)
def test_pg_serves_when_it_is_active_and_heard_of(*, state: str, serving: bool) -> None:
    """By the words of its state, not by their text: activating is not active."""
    assert serves(state) is serving


@pytest.mark.parametrize(
    ("states", "expected", "pgs"),
    [
        ({"active+clean": 8}, 8, WHOLE),
        ({"active+undersized+degraded": 8}, 8, THIN),
        ({"active+clean": 7, "peering": 1}, 8, BROKEN),
        ({"active+clean": 6, "unknown": 2}, 8, UNTOLD),
        ({"active+clean": 6}, 8, UNTOLD),
        ({"active+clean": 8}, 4, WHOLE),
        ({}, 0, Pgs(total=0, serving=0, redundant=0, unknown=0)),
    ],
    ids=["clean", "undersized", "peering", "unknown", "too few", "splitting", "none"],
)
def test_pgs_without_a_report_are_unknown_and_not_lost(states: dict[str, int], expected: int, pgs: Pgs) -> None:
    """A mgr that has just taken over calls PGs unknown, or has fewer than the map."""
    assert pgs_of(states, expected=expected) == pgs
