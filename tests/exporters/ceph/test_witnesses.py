"""The witnesses joined: standbys, mgrs that are gone, frozen, cut off or without a quorum, and what a first look proves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sankofa_exporters.ceph.client.freshness import Freshness
from tests.pace import limit

from .recorded import (
    NOW,
    TWO,
    Mgr,
    kinds,
    moved,
    one_mgr,
    probed,
    recorded,
    refuse,
    seen_before,
    source_of,
    standby,
    triple,
    values,
)


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
            await asyncio.sleep(3600)
            yield b""

    mgr = Mgr(payloads=recorded())
    hang = {"mgr-x": lambda _request: httpx.Response(200, stream=Never()), "mgr-y": mgr.handle}
    seen = values(await probed(seen_before(source_of(hang, tmp_path, target=TWO))))

    assert (triple(seen), kinds(seen)) == ((1, 1, 2), {})
    assert seen["probe_duration_seconds",] < limit(5)  # its own end, not the deadline's


async def test_old_active_mgr_does_not_outvote_the_new_one(tmp_path: Path) -> None:
    """Two mgrs call themselves active; one is cut off and its numbers stand still: the other one is believed."""
    cut_off = recorded()
    cut_off["summary"]["have_mon_connection"] = False
    cut_off["health"]["osd_map"]["osds"] = []
    old, new = Mgr(payloads=cut_off), Mgr(payloads=recorded())
    source = seen_before(source_of({"mgr-x": old.handle, "mgr-y": new.handle}, tmp_path, target=TWO))
    source.mgrs.members[0].freshness = Freshness()
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
        source.dashboards[0].freshness = Freshness(
            counts={"quorum_age": age}, seen_at=NOW - 1, collected_after=NOW - 60
        )
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


async def test_mgr_that_was_not_asked_lately_is_asked_again(tmp_path: Path) -> None:
    """A mgr that takes over for the second time, or a long scrape interval: one probe is enough; its first call brings the login."""
    payloads = recorded()
    mgr = Mgr(payloads=payloads)

    def tick(request: httpx.Request) -> None:
        payloads["monitor"]["mon_status"]["quorum_age"] += request.url.path == "/api/monitor"

    mgr.instead = tick
    source = source_of({"mgr-x": mgr.handle}, tmp_path, target={"dashboards": ["http://mgr-x:8080"]})
    source.dashboards[0].freshness = Freshness(counts={"quorum_age": 7}, seen_at=NOW - 600, collected_after=NOW - 615)
    seen = values(await probed(source))

    assert (triple(seen), mgr.asked.count("GET /api/monitor")) == ((1, 1, 1), 3)


async def test_metrics_that_stand_still_are_stale(tmp_path: Path) -> None:
    """The same body again, later than the bound: its counters are not passed on."""
    source = one_mgr(recorded(), tmp_path)
    await probed(source)
    source.mgrs.clock = lambda: NOW + 60
    seen = values(await probed(source))

    assert (triple(seen), kinds(seen)) == ((1, 1, 1), {"mgr": "stale"})
    assert ("ceph_pool_writes_total", "edge-data") not in seen
