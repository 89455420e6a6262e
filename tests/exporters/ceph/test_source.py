"""From a cluster's answers to its verdict: the witnesses joined, each failure with its kind, and only its own families lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sankofa_exporters.ceph.watch import Watch
from sankofa_exporters.failure import Kind

from .recorded import (
    NOW,
    Mgr,
    Payloads,
    answer,
    moved,
    one_mgr,
    probed,
    recorded,
    seen_before,
    source_of,
    triple,
    values,
)

UP, DOWN, UNKNOWN = (1, 1), (0, 1), (0, 0)
TWO = {
    "mgrs": ["http://mgr-x:9283", "http://mgr-y:9283"],
    "dashboards": ["http://mgr-x:8080", "http://mgr-y:8080"],
}


async def found(payloads: Payloads, folder: Path, **module: Any) -> dict[tuple[str, ...], Any]:
    return values(await probed(one_mgr(payloads, folder, **module)))


def kinds(seen: dict[tuple[str, ...], Any]) -> dict[str, str]:
    return {key[1]: key[2] for key in seen if key[0] == "collector_error"}


def standby(request: httpx.Request) -> httpx.Response:
    """As a standby mgr answers: an empty body with 200, and a redirect."""
    return answer(200) if request.url.path == "/metrics" else answer(303, location="http://mgr-x:8080/")


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused") from ConnectionRefusedError(111, "Connection refused")


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


async def test_reports_that_fail_leave_the_verdict_to_the_mgr(tmp_path: Path) -> None:
    """Without proof that OSDs report the dashboard decides nothing; a module may go without that proof."""
    healthy = whole(recorded())
    seen = await found(healthy | {"osds": 500}, tmp_path)
    alone = values(await probed(dashboard_only(healthy | {"osds": 500}, tmp_path)))
    without = values(await probed(dashboard_only(healthy | {"osds": 500}, tmp_path, osd_reports=False)))

    assert (triple(seen), triple(alone), triple(without)) == ((1, 1, 2), (0, 0, 1), (1, 1, 1))


def whole(payloads: Payloads) -> Payloads:
    """Without the flag noout, so that the mgr alone can tell that nothing is paused."""
    detail = 'ceph_health_detail{name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 1.0'
    assert detail in payloads["metrics"]
    return payloads | {"metrics": payloads["metrics"].replace(detail, detail.replace("1.0", "0.0"))}


def dashboard_only(payloads: Payloads, folder: Path, **module: Any) -> Any:
    target = {"dashboards": ["http://mgr-x:8080"]}
    return seen_before(source_of({"mgr-x": Mgr(payloads=payloads).handle}, folder, target=target, **module))


def metrics_only(payloads: Payloads, folder: Path) -> Any:
    target = {"mgrs": ["http://mgr-x:9283"]}
    return seen_before(source_of({"mgr-x": Mgr(payloads=payloads).handle}, folder, target=target))


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


async def test_standby_is_no_witness_and_no_trouble(tmp_path: Path) -> None:
    """The empty 200 of a standby and its redirect: the active mgr decides; with standbys alone nobody does."""
    mgr = Mgr(payloads=recorded())
    both = values(await probed(seen_before(source_of({"mgr-x": standby, "mgr-y": mgr.handle}, tmp_path, target=TWO))))
    none = values(await probed(seen_before(source_of({"mgr-x": standby, "mgr-y": standby}, tmp_path, target=TWO))))

    assert (triple(both), kinds(both)) == ((1, 1, 2), {})
    assert (both["ceph_mgr_active", "mgr-x:9283"], both["ceph_mgr_active", "mgr-y:9283"]) == (0, 1)
    assert triple(none) == (0, 0, 0)
    assert (kinds(none)["mgr"], kinds(none)["link"]) == ("stale", "http")


async def test_mgr_that_is_gone_costs_nothing_while_another_serves(tmp_path: Path) -> None:
    """A refused address is the other's verdict."""
    mgr = Mgr(payloads=recorded())
    seen = values(await probed(seen_before(source_of({"mgr-x": refuse, "mgr-y": mgr.handle}, tmp_path, target=TWO))))

    assert (triple(seen), kinds(seen)) == ((1, 1, 2), {})


async def test_mgr_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    """A frozen mgr, the old active one say: the probe ends long before its deadline."""

    class Never(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            await asyncio.sleep(60)
            yield b""

    mgr = Mgr(payloads=recorded())
    hang = {"mgr-x": lambda _request: httpx.Response(200, stream=Never()), "mgr-y": mgr.handle}
    started = time.monotonic()
    seen = values(await probed(seen_before(source_of(hang, tmp_path, target=TWO))))

    assert (triple(seen), kinds(seen)) == ((1, 1, 2), {})
    assert time.monotonic() - started < 2


async def test_old_active_mgr_does_not_outvote_the_new_one(tmp_path: Path) -> None:
    """Two mgrs call themselves active; one is cut off and its numbers stand still: the other one is believed."""
    cut_off = recorded()
    cut_off["summary"]["have_mon_connection"] = False
    cut_off["health"]["osd_map"]["osds"] = []
    old, new = Mgr(payloads=cut_off), Mgr(payloads=recorded())
    source = seen_before(source_of({"mgr-x": old.handle, "mgr-y": new.handle}, tmp_path, target=TWO))
    source.mgrs.members[0].watch = Watch()
    seen = values(await probed(source))

    assert (triple(seen), kinds(seen)) == ((1, 1, 2), {})
    assert seen["ceph_osds",] == 3


@pytest.mark.parametrize("lost", ["mon", "quorum"])
async def test_mgr_without_mons_makes_all_unknown(tmp_path: Path, lost: str) -> None:
    """Cut off from the mons, or from their quorum (all else looks well then): stale, whatever its metrics say."""
    payloads = recorded()
    source = one_mgr(payloads, tmp_path)
    if lost == "mon":
        payloads["summary"]["have_mon_connection"] = False
    else:
        age = payloads["monitor"]["mon_status"]["quorum_age"]
        source.sessions[0].watch = Watch(counts={"quorum_age": age}, seen_at=NOW - 1, collected_after=NOW - 60)
    seen = values(await probed(source))

    assert triple(seen) == (0, 0, 1)
    assert {kinds(seen)[name] for name in ("link", "health", "flags", "pools", "osds")} == {"stale"}
    assert not [
        key for key in seen if key[0].startswith(("ceph_mon", "ceph_pool_pgs", "ceph_osds_up", "ceph_capacity"))
    ]


async def test_first_probe_looks_until_the_quorum_moves(tmp_path: Path) -> None:
    """After a start nothing was seen before: the first probe looks again, and knows; the metrics wait for the second."""
    payloads = recorded()
    mgr = Mgr(payloads=payloads)

    def tick(request: httpx.Request) -> None:
        payloads["monitor"]["mon_status"]["quorum_age"] += request.url.path == "/api/monitor"

    mgr.instead = tick
    target = {"mgrs": ["http://mgr-x:9283"], "dashboards": ["http://mgr-x:8080"]}
    source = source_of({"mgr-x": mgr.handle}, tmp_path, target=target)
    first = values(await probed(source))
    payloads["metrics"] = moved(payloads["metrics"], 1)
    source.mgrs.clock = lambda: NOW + 15
    second = values(await probed(source))

    assert (triple(first), kinds(first)) == ((1, 1, 1), {"mgr": "stale"})
    assert (triple(second), kinds(second)) == ((1, 1, 2), {})
    assert second["ceph_pool_writes_total", "edge-data"] == 11496


async def test_mgr_that_was_not_looked_at_lately_is_looked_at_again(tmp_path: Path) -> None:
    """A mgr that takes over for the second time, or a long scrape interval: one probe is enough, not two."""
    payloads = recorded()
    mgr = Mgr(payloads=payloads)

    def tick(request: httpx.Request) -> None:
        payloads["monitor"]["mon_status"]["quorum_age"] += request.url.path == "/api/monitor"

    mgr.instead = tick
    source = source_of({"mgr-x": mgr.handle}, tmp_path, target={"dashboards": ["http://mgr-x:8080"]})
    source.sessions[0].watch = Watch(counts={"quorum_age": 7}, seen_at=NOW - 600, collected_after=NOW - 615)
    seen = values(await probed(source))

    assert (triple(seen), mgr.asked.count("GET /api/monitor")) == ((1, 1, 1), 2)


async def test_metrics_that_stand_still_are_stale(tmp_path: Path) -> None:
    """The same body again, later than the bound: its counters are not passed on."""
    source = one_mgr(recorded(), tmp_path)
    await probed(source)
    source.mgrs.clock = lambda: NOW + 60
    seen = values(await probed(source))

    assert (triple(seen), kinds(seen)) == ((1, 1, 1), {"mgr": "stale"})
    assert ("ceph_pool_writes_total", "edge-data") not in seen


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

    assert (triple(seen), kinds(seen)) == ((0, 0, 1), {"flags": "permission", "osds": "permission"})
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
        texts += [text for text in (str(source.sessions[0].token),) if text]

    token = mgr.token
    assert not [text for text in [*texts, caplog.text] if secret in text or token in text]
