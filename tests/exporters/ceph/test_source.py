"""From a cluster's answers to its verdict: the witnesses joined, each failure with its kind, and only its own families lost."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from sankofa_exporters.model.failure import Kind

from .recorded import (
    Mgr,
    Payloads,
    dashboard_only,
    kinds,
    metrics_only,
    one_mgr,
    probed,
    recorded,
    seen_before,
    source_of,
    triple,
    values,
    whole,
)

UP, DOWN, UNKNOWN = (1, 1), (0, 1), (0, 0)


async def found(payloads: Payloads, folder: Path, **module: Any) -> dict[tuple[str, ...], Any]:
    return values(await probed(one_mgr(payloads, folder, **module)))


async def test_cluster_with_an_osd_down_is_up_and_thin(tmp_path: Path) -> None:
    """Every PG serves, none has all its copies: up, with redundancy gone and the OSD counted from the map."""
    seen = await found(recorded(), tmp_path)

    assert triple(seen) == (1, 1, 2)
    assert (seen["ceph_osds",], seen["ceph_osds_up",], seen["ceph_osds_reporting",]) == (3, 2, 2)
    assert (seen["ceph_pool_pgs_serving", "edge-data"], seen["ceph_pool_pgs_redundant", "edge-data"]) == (8, 0)
    assert kinds(seen) == {}


@pytest.mark.parametrize(
    ("name", "change", "verdict"),
    [
        ("flags", ["pause", "sortbitwise"], DOWN),
        ("flags", ["pauserd", "sortbitwise"], DOWN),
        ("flags", ["pausewr", "sortbitwise"], DOWN),
        ("flags", ["full", "sortbitwise"], DOWN),
        ("flags", ["noout", "nodown", "noscrub", "sortbitwise"], UP),
        ("pg_status", {"active+clean": 7, "peering": 1}, DOWN),
        ("pg_status", {"stale+active+clean": 8}, DOWN),
        ("pg_status", {"active+clean": 7, "unknown": 1}, UNKNOWN),
        ("pg_status", {"active+clean": 7}, UNKNOWN),
        ("pg_status", {"unknown": 8}, UNKNOWN),
        ("flags_names", "hashpspool,full", DOWN),
        ("flags_names", "hashpspool,full,full_quota", UP),
        ("status", "HEALTH_ERR", UP),
        ("quorum", [0], DOWN),
        ("quorum", [0, 1], UP),
        ("pools", [{}, {}], UNKNOWN),
        ("osds", [{"up": 1, "in": 1}], UNKNOWN),
    ],
)
async def test_verdict_follows_what_the_dashboard_shows(
    tmp_path: Path, name: str, change: Any, verdict: tuple[int, int]
) -> None:
    """Paused, full, a PG lost: down. A quota, noout, HEALTH_ERR: not. A PG nobody reports, a list too short: unknown."""
    payloads = recorded()
    health, pool = payloads["health"], payloads["pools"][0]
    holders = {"status": health["health"], "quorum": health["mon_status"], "pools": health, "osds": health["osd_map"]}
    holder = pool if name in ("pg_status", "flags_names") else holders.get(name, payloads)
    holder[name] = change
    seen = await found(payloads, tmp_path)

    assert triple(seen)[:2] == verdict


async def test_pools_that_do_not_count_do_not_decide(tmp_path: Path) -> None:
    """With named pools only they decide; a named pool that is not there is unknown."""
    payloads = recorded("quincy")
    payloads["pools"][1]["pg_status"] = {"down": 8}
    mgr = Mgr(payloads=payloads)
    verdicts = {}
    for pools in ((), ("edge-data",), ("vm-images",), ("edge-data", "gone")):
        target = {"mgrs": ["http://mgr-x:9283"], "dashboards": ["http://mgr-x:8080"], "pools": pools}
        source = seen_before(source_of({"mgr-x": mgr.handle}, tmp_path, target=target))
        verdicts[pools] = triple(values(await probed(source)))[:2]

    assert verdicts == {
        (): DOWN, ("edge-data",): UP, ("vm-images",): DOWN, ("edge-data", "gone"): UNKNOWN,
    }  # fmt: skip


async def test_osds_that_all_fell_silent_are_unknown(tmp_path: Path) -> None:
    """All OSDs died at once: the map calls them up and their PGs clean, and only their reports stand still."""
    payloads = recorded()
    for osd in payloads["osds"]:
        osd["stats_history"] = {"op_w": [[1_795_529_600.0, 0.0]]}
    seen = await found(payloads, tmp_path)

    assert triple(seen) == (0, 0, 2)
    assert (seen["ceph_osds_up",], seen["ceph_osds_reporting",]) == (2, 0)
    assert kinds(seen) == {"pools": "stale"}
    assert not [
        key
        for key in seen
        if key[0].startswith(("ceph_pool_pgs", "ceph_pool_available", "ceph_pgs_in", "ceph_objects"))
    ]


async def test_reports_that_fail_are_unknown_though_the_mgr_says_up(tmp_path: Path) -> None:
    """Without proof that OSDs report nobody is up; a module may go without that proof."""
    healthy = whole(recorded())
    seen = await found(healthy | {"osds": 500}, tmp_path)
    alone = values(await probed(dashboard_only(healthy | {"osds": 500}, tmp_path)))
    without = values(await probed(dashboard_only(healthy | {"osds": 500}, tmp_path, osd_reports=False)))

    assert (triple(seen), triple(alone), triple(without)) == ((0, 0, 2), (0, 0, 1), (1, 1, 1))


async def test_osds_one_by_one_are_remembered_where_their_reports_are_not_asked(tmp_path: Path) -> None:
    """Without the proof of reports the list of OSDs is a detail: asked once a minute, at most one detail a probe."""
    source = one_mgr(recorded(), tmp_path, osd_reports=False)
    for _ in range(2):
        seen = values(await probed(source))

    assert [value for key, value in sorted(seen.items()) if key[0] == "ceph_osd_up"] == [1, 1, 0]
    assert ("ceph_osds_reporting",) not in seen
    assert seen["collector_age_seconds", "osd_details"] == 0


async def test_osd_that_does_not_report_shows_nothing_of_itself(tmp_path: Path) -> None:
    """Its use and latency are of its last report: old values are absent, its state by the map stays."""
    payloads = recorded()
    payloads["osds"][0]["stats_history"] = {"op_w": [[1_795_529_000.0, 0.0]]}
    seen = await found(payloads, tmp_path)

    reported = {name: {key[1] for key in seen if key[0] == f"ceph_osd_{name}"} for name in ("up", "used_ratio")}
    assert reported == {"up": {"0", "1", "2"}, "used_ratio": {"1"}}
    assert {key[1] for key in seen if key[0] == "ceph_osd_commit_latency_seconds"} == {"1"}


async def test_mgr_alone_tells_up_when_no_flag_is_set(tmp_path: Path) -> None:
    """Without a dashboard: up while no flag is set at all; unknown with any, for it may be a pause."""
    clear = values(await probed(metrics_only(whole(recorded()), tmp_path)))
    flagged = values(await probed(metrics_only(recorded(), tmp_path)))

    assert (triple(clear), triple(flagged)) == ((1, 1, 1), (0, 0, 1))
    assert (clear["ceph_mon_margin_votes",], clear["ceph_pool_pgs", "edge-data"]) == (1, 8)
    assert ("ceph_osds_up",) not in clear


async def test_mgr_alone_tells_down_for_a_lost_pg(tmp_path: Path) -> None:
    """A PG that is not active is down whatever the flags are."""
    payloads = recorded()
    payloads["metrics"] = payloads["metrics"].replace(
        'ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 7.0'
    )

    assert triple(values(await probed(metrics_only(payloads, tmp_path)))) == (0, 1, 1)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (401, Kind.AUTH),
        (403, Kind.PERMISSION),
        (500, Kind.HTTP),
        (503, Kind.HTTP),
        (302, Kind.HTTP),
        (b"<html>login</html>", Kind.DECODE),
        (b"{}", Kind.DECODE),
        (b"[NaN]", Kind.DECODE),
        (b"", Kind.DECODE),
        (httpx.ReadTimeout("x"), Kind.TIMEOUT),
        (httpx.ConnectError("x"), Kind.REFUSED),
    ],
)
async def test_trouble_of_one_question_costs_its_own_families(tmp_path: Path, payload: Any, kind: Kind) -> None:
    """Whatever keeps the pools away: its kind is told, flags and health stay, and the mgr's word is taken."""
    seen = await found(whole(recorded()) | {"pools": payload}, tmp_path)

    assert kinds(seen) == {"pools": kind}
    assert triple(seen) == (1, 1, 2)
    assert (seen["ceph_osds_up",], seen["ceph_osd_flag", "pausewr"]) == (2, 0)
    assert not [key for key in seen if key[0] in ("ceph_pool_pgs", "ceph_writable")]


@pytest.mark.parametrize("payload", [401, 403, 500, b"<html></html>", b"", b"cut", httpx.ReadTimeout("x")])
async def test_trouble_of_both_witnesses_is_unknown(tmp_path: Path, payload: Any) -> None:
    """Nobody can tell: up 0 with known 0, and nothing of the cluster but what stands."""
    seen = await found({"summary": payload, "metrics": payload}, tmp_path)

    assert triple(seen) == (0, 0, 0)
    assert not [
        key
        for key in seen
        if key[0].startswith("ceph_") and key[0] not in {"ceph_up", "ceph_known", "ceph_witnesses", "ceph_mgr_active"}
    ]


async def test_body_that_is_cut_short_is_not_read(tmp_path: Path) -> None:
    """A text without its last line's end may have lost the lines that mattered."""
    seen = await found(recorded() | {"metrics": recorded()["metrics"][:-3]}, tmp_path)

    assert (triple(seen), kinds(seen)) == ((1, 1, 1), {"mgr": "decode"})


async def test_wrong_password_is_auth_and_unknown(tmp_path: Path) -> None:
    """Our fault, not the cluster's; without a second witness nobody can tell."""
    (tmp_path / "password").write_text("wrong\n")
    seen = values(await probed(dashboard_only(recorded(), tmp_path)))

    assert (triple(seen), set(kinds(seen).values())) == ((0, 0, 0), {"auth"})


async def test_missing_scope_is_named(tmp_path: Path) -> None:
    """A user who may not read OSDs gets fewer parts with 200: the scope is named and the verdict is unknown."""
    payloads = recorded()
    for part in ("osd_map", "pg_info"):
        del payloads["health"][part]
    mgr = Mgr(payloads=payloads | {"flags": 403, "osds": 403}, permissions={"monitor": ["read"], "pool": ["read"]})
    source = seen_before(source_of({"mgr-x": mgr.handle}, tmp_path, target={"dashboards": ["http://mgr-x:8080"]}))
    seen = values(await probed(source))

    assert (triple(seen), kinds(seen)) == (
        (0, 0, 1),
        {"flags": "permission", "osds": "permission", "osd_details": "permission"},
    )
    assert (seen["ceph_privilege_missing", "osd"], seen["ceph_privilege_missing", "pool"]) == (1, 0)
    assert ("ceph_osds_up",) not in seen


async def test_probe_only_reads(tmp_path: Path) -> None:
    """Besides the login every request is a GET, and none makes the mgr ask its mons."""
    mgr = Mgr(payloads=recorded())
    target = {"mgrs": ["http://mgr-x:9283"], "dashboards": ["http://mgr-x:8080"]}
    source = seen_before(source_of({"mgr-x": mgr.handle}, tmp_path, target=target))
    await probed(source)
    first = set(mgr.asked)
    mgr.asked.clear()
    await probed(source)

    assert {asked for asked in first if not asked.startswith("GET")} == {"POST /api/auth"}
    assert sorted(mgr.asked) == [
        "GET /api/health/minimal",
        "GET /api/monitor",
        "GET /api/osd",
        "GET /api/osd/flags",
        "GET /api/pool",
        "GET /api/summary",
        "GET /metrics",
    ]


async def test_password_and_token_are_never_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Through trouble of each kind, at debug level: no sample, reason, log line or repr holds them."""
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-hunter2"
    (tmp_path / "password").write_text(f"{secret}\n")
    texts = []
    for payload in (None, 401, 500, b"<html>", httpx.ReadTimeout("x")):
        payloads = recorded() if payload is None else recorded() | {"flags": payload}
        mgr = Mgr(payloads=payloads, password=secret)
        source = seen_before(source_of({"mgr-x": mgr.handle}, tmp_path, target={"dashboards": ["http://mgr-x:8080"]}))
        texts += [repr(await probed(source)), repr(source), repr(source.module)]
        texts += [text for text in (str(source.dashboards[0].session.token),) if text]

    token = mgr.token
    assert not [text for text in [*texts, caplog.text] if secret in text or token in text]
