"""One account shared by many tunnels: one list for all, connections in rotation, and never more calls than allowed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from deploy.lab.cloudflare_api_double import made_tunnels
from sankofa_exporters.cloudflare.settings import TunnelTarget
from sankofa_exporters.cloudflare.system import TunnelSource
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.rejected import Rejected
from tests.pace import limit

from .recorded import TUNNEL, World, combined, errors, values

TUNNELS = 325


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path)


@pytest.fixture
def fleet(world: World) -> list[TunnelSource]:
    """325 tunnels of one account, nobody to ask but the API."""
    world.api.tunnels = made_tunnels([], TUNNELS)
    module = world.module()
    return [world.source(module=module, tunnel_id=tunnel_id) for tunnel_id in world.api.tunnels]


async def scrape(world: World, fleet: list[TunnelSource], *, seconds: float, every: float) -> list[dict[str, int]]:
    """Probe all tunnels each `every` seconds, spread over the interval; the calls made in each round."""
    rounds = []
    for _ in range(round(seconds / every)):
        before = Counter(world.api.calls)
        for source in fleet:
            await world.probe(source, after=every / len(fleet))
            await asyncio.sleep(0)
        rounds.append(dict(Counter(world.api.calls) - before))
    return rounds


@pytest.mark.timeout(300)
async def test_fleet_of_325_tunnels_stays_inside_the_budget(world: World, fleet: list[TunnelSource]) -> None:
    """Ten minutes at 30 s: four list calls a minute, each tunnel's connections every four minutes, far below 1,200."""
    rounds = await scrape(world, fleet, seconds=600, every=30)
    five_minutes = [sum(sum(each.values()) for each in rounds[start : start + 10]) for start in range(len(rounds) - 9)]
    last = [values(await world.probe(source)) for source in fleet]

    # 325 rows are four pages of 100, and the list is as old as a minute when the next probe finds it due.
    assert sum(each.get("list", 0) for each in rounds) <= 4 * 11
    assert max(five_minutes) <= 600
    assert {combined(found) for found in last} == {(1, 1, 1, 0)}
    assert max(found["collector_age_seconds", "account"] for found in last) <= 61
    assert max(found["collector_age_seconds", "connections"] for found in last) <= 300
    assert not [kind for found in last for kind in errors(found)]
    assert last[-1]["tunnel_api_calls_total", "ok"] == sum(world.api.calls.values())
    assert world.api.blocked_until == 0


@pytest.mark.timeout(300)
async def test_small_budget_slows_connections_and_never_the_list(tmp_path: Path) -> None:
    """A share of 200 calls: connections take what the list leaves, in turns, and nobody starves."""
    world = World(folder=tmp_path)
    world.api.tunnels = made_tunnels([], 120)
    module = world.module(calls_per_five_minutes=200)
    fleet = [world.source(module=module, tunnel_id=tunnel_id) for tunnel_id in world.api.tunnels]
    rounds = await scrape(world, fleet, seconds=600, every=30)
    five_minutes = [sum(sum(each.values()) for each in rounds[start : start + 10]) for start in range(len(rounds) - 9)]
    answered = {
        source.tunnel_id for source in fleet if source.account and source.account.tunnels[source.tunnel_id].answer.value
    }

    assert max(five_minutes) <= 200
    assert sum(each["list"] for each in rounds if "list" in each) >= 2 * 9
    assert len(answered) == 120


async def test_probes_at_one_moment_share_one_list(world: World, fleet: list[TunnelSource]) -> None:
    """All 325 at once: one list of four pages in flight, whoever began it."""
    found = [values(report) for report in await asyncio.gather(*(world.probe(source) for source in fleet))]

    assert world.api.calls["list"] == 4
    assert {combined(each) for each in found} == {(1, 1, 1, 0)}


async def test_refusal_by_the_quota_stops_every_call_until_its_end(world: World) -> None:
    """429: nothing is asked until retry-after has passed; the list stands while young, then unknown, then up again."""
    source = world.source()
    await world.values(source)
    world.api.mode = "429"
    refused = await world.values(source, after=61)
    asked = sum(world.api.calls.values())
    blocked = [await world.values(source, after=30) for _ in range(6)]
    world.api.mode = "ok"
    still = sum(world.api.calls.values())
    later = await world.values(source, after=300)

    # The double had 239 s of its window left when it refused.
    assert (combined(refused), refused["tunnel_api_blocked",], refused["tunnel_api_calls_left",]) == (
        (1, 1, 1, 0),
        1,
        0,
    )
    assert still == asked
    assert [combined(found) for found in blocked] == [(1, 1, 1, 0), *[(0, 0, 0, 0)] * 5]
    assert ("account", "limit") in errors(blocked[-1])
    assert (combined(later), later["tunnel_api_blocked",]) == ((1, 1, 1, 0), 0)


async def test_connections_leave_the_last_calls_of_the_token_to_people(world: World) -> None:
    """100 calls left by the API's own count: the list is asked on, connections are not until the window ends."""
    source = world.source()
    world.api.used, world.api.window_ends = 1_100, world.clock() + 280
    for _ in range(18):
        found = await world.values(source, after=15)
    during = dict(world.api.calls)
    await world.values(source, after=15)
    after = dict(world.api.calls)

    assert found["tunnel_api_calls_left",] == 1_200 - 1_100 - sum(during.values())
    assert during == {"list": 5, "connections": 1}
    assert after["connections"] == 2


async def test_failing_list_is_asked_again_after_a_while_and_not_by_every_probe(
    world: World, fleet: list[TunnelSource]
) -> None:
    """500 at the first page: one attempt each 15 s for the whole fleet."""
    world.api.mode = "500"
    module = fleet[0].module
    alone = [source for source in fleet if source.module is module][:50]
    for _ in range(2):
        for source in alone:
            await world.probe(source)
        world.clock.now += 16

    assert world.api.calls["list"] == 2


async def test_slow_api_does_not_hold_a_probe_that_has_something_in_hand(world: World) -> None:
    """The refresh hangs: the probe answers with the list it has, and the refresh goes on for the next."""
    source = world.source()
    await world.values(source)
    world.api.mode = "hang"
    found = await world.values(source, after=61, seconds=limit(5))

    assert found["probe_duration_seconds",] < limit(5)  # its own end, not the deadline's
    assert (combined(found), found["collector_age_seconds", "account"]) == ((1, 1, 1, 0), 61)
    await source.close()


async def test_account_is_shared_by_equal_settings_and_closed_with_its_last_tunnel(world: World) -> None:
    """Two targets of equal settings (as after a reload) have one account, other settings another; the last closes it."""
    module, again, other = world.module(), world.module(), world.module(calls_per_five_minutes=300)
    first, second, third = world.source(module=module), world.source(module=again), world.source(module=other)
    assert first.account is second.account
    assert first.account is not third.account
    account = first.account
    assert account is not None
    await first.close()
    assert not account.is_closed
    await second.close()
    await third.close()

    assert account.is_closed
    assert account.api.http.is_closed
    reopened = world.source(module=module)
    assert reopened.account is not account
    assert combined(await world.values(reopened)) == (1, 1, 1, 0)


async def test_nothing_is_asked_while_nobody_probes(world: World) -> None:
    """No task of ours is left when a probe has ended, and the calls stand still."""
    source = world.source()
    await world.values(source)
    calls = dict(world.api.calls)
    world.clock.now += 3_600
    await asyncio.sleep(0.05)
    running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert (dict(world.api.calls), running) == (calls, [])


async def test_clock_that_jumps_back_asks_again(world: World) -> None:
    """An age below zero proves nothing: the list is asked anew."""
    source = world.source()
    await world.values(source)
    found = await world.values(source, after=-3_600)

    assert world.api.calls["list"] == 2
    assert combined(found) == (1, 1, 1, 0)


async def test_unreadable_connections_cost_only_their_families(world: World) -> None:
    """An unreadable answer about connections: their families are lost with its kind, the list stands, and the next call mends it."""
    source = world.source()
    await world.values(source)
    world.api.mode = "garbage"
    found = await world.values(source, after=241)
    world.api.mode = "ok"
    again = await world.values(source, after=241)

    assert ("connections", "decode") in errors(found)
    assert ("tunnel_account_edge_sites",) not in found
    assert (again["tunnel_account_edge_sites",], errors(again)) == (2, set())
    assert TUNNEL in {key[1] for key in again if key[0] == "tunnel_info"}


async def test_refused_token_is_tried_by_the_list_alone(world: World) -> None:
    """403: connections are not asked with a token that may not list, and both say why; a better token mends both."""
    world.api.mode = "403"
    source = world.source()
    await world.values(source)
    asked = world.api.calls["connections"]
    refused = [await world.values(source, after=16) for _ in range(20)]
    still = world.api.calls["connections"]
    world.api.mode = "ok"
    mended = [await world.values(source, after=after) for after in (61, 15)]

    assert still == asked
    assert {("account", "permission"), ("connections", "permission")} <= errors(refused[-1])
    assert (combined(mended[-1]), errors(mended[-1])) == ((1, 1, 1, 0), set())


async def test_api_that_is_back_is_noticed_within_a_period_of_the_list(world: World) -> None:
    """However long it was away: the waits between attempts double up to the list's own period."""
    world.api.mode = "500"
    source = world.source()
    for _ in range(200):
        await world.values(source, after=15)
    away = world.api.calls["list"]
    world.api.mode = "ok"
    back = [await world.values(source, after=15) for _ in range(4)]

    assert away <= 55  # 3,000 s: 15, 30, and then one a minute
    assert combined(back[-1]) == (1, 1, 1, 0)


async def test_connections_that_came_anew_between_two_answers_are_counted(world: World) -> None:
    """One replica reconnects: four are new, the newest has moved; a row that cannot be read counts nothing, then or later."""
    source = world.source()
    found = [await world.values(source)]
    world.api.tunnels[TUNNEL].reconnects += 1
    world.api.tunnels[TUNNEL].opened_at = "2026-05-06T07:08:09Z"
    found.append(await world.values(source, after=241))
    whole = world.api.tunnels[TUNNEL].connections()
    world.api.results["connections"] = [{**whole[0], "conns": [*whole[0]["conns"][:3], None]}]
    found.append(await world.values(source, after=241))
    del world.api.results["connections"]
    found.append(await world.values(source, after=241))

    assert [one["tunnel_account_connections_opened_total",] for one in found] == [0, 4, 4, 4]
    newest = "tunnel_account_newest_connection_timestamp_seconds"
    assert [one.get((newest,)) for one in found] == [1767323045.678901, 1778051289, None, 1778051289]


async def test_rows_are_counted_for_the_tunnel_that_they_are_about(world: World) -> None:
    """The call about a tunnel's connections may be begun by another's probe: what it lacked is not that one's."""
    world.api.tunnels = made_tunnels([], 2)
    module = world.module()
    first, second = (world.source(module=module, tunnel_id=tunnel_id) for tunnel_id in world.api.tunnels)
    for source in (first, second):
        await world.probe(source, after=5)
    world.api.results["connections"] = [{"id": "c", "conns": [None, None]}]
    of_first, of_second = Rejected(), Rejected()
    await world.probe(second, after=236, rejected=of_second)  # the first one's call is due, and not its own
    async with asyncio.timeout(limit(10)):  # the call is a task of its own, and may arrive after that probe has ended
        while world.api.calls["connections"] < 3:  # noqa: ASYNC110  the double tells nobody
            await asyncio.sleep(0)
    await world.probe(first, rejected=of_first)

    assert world.api.calls["connections"] == 3
    assert (of_first, of_second) == ({("connections", "unreadable"): 2}, {})


async def test_tunnels_without_a_target_are_counted_by_all_and_named_by_one(world: World) -> None:
    """Not before every target had time for a probe; a bounded list, of one target of the account alone."""
    world.api.tunnels = made_tunnels([], 150)
    module = world.module()
    fleet = [world.source(module=module, tunnel_id=tunnel_id) for tunnel_id in list(world.api.tunnels)[:3]]
    early = [await world.values(source, after=10) for source in fleet]
    late = [await world.values(source, after=300) for source in fleet]
    world.api.short = True
    shortened = [await world.values(source, after=61) for source in fleet]

    count, info = ("tunnel_account_unconfigured",), "tunnel_account_unconfigured_info"
    assert [one.get(count) for one in (*early, *late, *shortened)] == [None] * 3 + [147] * 3 + [None] * 3
    named = [[key[1] for key in one if key[0] == info] for one in late]
    assert sorted(map(len, named)) == [0, 0, 50]
    assert not {source.tunnel_id for source in fleet} & {tunnel_id for each in named for tunnel_id in each}


async def test_target_may_have_an_account_of_its_own(world: World) -> None:
    """Its id takes the place of the module's: another list, and the double knows no such account."""
    target = TunnelTarget(module="m", tunnel_id=TUNNEL, account_id="f" * 32)
    found = await world.values(world.pool.open(world.module(), target, Bounds()))

    assert {request.url.path.split("/")[4] for request in world.wire.sent} == {"f" * 32}
    assert (combined(found), ("account", "http") in errors(found)) == ((0, 0, 0, 0), True)
