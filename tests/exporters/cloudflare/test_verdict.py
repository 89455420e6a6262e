"""Two witnesses and one verdict: what comes out as the edge, the processes and the API fail one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from .recorded import OTHER, START, TUNNEL, World, combined, errors, pair

UP_BOTH, UP_ONE, DOWN_BOTH, DOWN_ONE = (1, 1, 2, 0), (1, 1, 1, 0), (0, 1, 2, 0), (0, 1, 1, 0)
DISPUTED, SILENT = (0, 0, 2, 1), (0, 0, 0, 0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(folder=tmp_path)
    found.connector(20241)
    found.connector(20242)
    return found


async def test_healthy_tunnel_is_up_by_both_witnesses(world: World) -> None:
    """Both say up: up, known, two witnesses, no dispute, no failure."""
    found = await world.values(world.source(20241, 20242))

    assert combined(found) == UP_BOTH
    assert errors(found) == set()


async def test_one_ready_connector_is_enough(world: World) -> None:
    """A replica without the edge costs nothing but redundancy."""
    world.connectors[20241].edge = False
    found = await world.values(world.source(20241, 20242))

    assert combined(found) == UP_BOTH
    assert found["tunnel_ready_connections", "127.0.0.1:20241"] == 0


async def test_lost_edge_is_disputed_and_then_down_as_the_api_concedes(world: World) -> None:
    """The API still says healthy: unknown and disputed at once; when its connections are all dead: down; then it ends."""
    source = world.source(20241, 20242)
    verdicts = [combined(await world.values(source))]
    world.connectors[20241].edge = world.connectors[20242].edge = False
    world.api.tunnels[TUNNEL].pending = True
    verdicts += [combined(await world.values(source, after=15)) for _ in range(3)]
    assert world.api.tunnels[TUNNEL].status == "healthy"
    world.api.tunnels[TUNNEL].status = "down"
    verdicts.append(combined(await world.values(source, after=60)))
    world.connectors[20241].edge = True
    world.api.tunnels[TUNNEL].status, world.api.tunnels[TUNNEL].pending = "healthy", False
    verdicts += [combined(await world.values(source, after=after)) for after in (5, 60)]

    assert verdicts == [UP_BOTH, DISPUTED, DOWN_BOTH, DOWN_BOTH, DOWN_BOTH, DISPUTED, UP_BOTH]


@pytest.mark.parametrize("list_seconds", [60, 10])
async def test_site_that_lost_its_uplink_is_down_though_the_status_lags(world: World, list_seconds: float) -> None:
    """Nobody answers there and the status stays healthy: the account is asked again at once, and its dead connections say it."""
    source = world.source(20241, module=world.module(list_seconds=list_seconds))
    verdicts = [combined(await world.values(source))]
    del world.wire.apps[20241]
    world.api.tunnels[TUNNEL].pending = True
    verdicts += [combined(await world.values(source, after=15)) for _ in range(4)]

    assert world.api.tunnels[TUNNEL].status == "healthy"
    # The connections of 15 s ago still lived; asked anew they do not, and they are asked every half minute from then on.
    assert verdicts == [UP_BOTH, UP_ONE, DOWN_ONE, DOWN_ONE, DOWN_ONE]
    assert world.api.calls["connections"] == 3


async def test_dead_connections_are_never_up_again_by_their_age(world: World) -> None:
    """The budget is spent on others: what was dead a while ago is unknown, until the account says that it came back."""
    source = world.source()
    world.api.tunnels[TUNNEL].pending = True
    verdicts = [combined(await world.values(source))]
    world.api.used, world.api.window_ends = 1_100, world.clock() + 280  # what is left is the list's
    verdicts += [combined(await world.values(source, after=after)) for after in (30, 30, 30, 30)]

    # Asked anew after 30 s, by which answer the exporter learns of the quota; fresh for a minute from then on.
    assert verdicts == [DOWN_ONE, DOWN_ONE, DOWN_ONE, DOWN_ONE, SILENT]


async def test_short_deadline_of_one_prober_ends_no_dispute(world: World) -> None:
    """A prober that cannot wait for the connectors sees one witness alone; the dispute goes on from its beginning."""
    world.api.tunnels[TUNNEL].status = "down"
    source = world.source(20241)
    first = await world.values(source)
    world.connectors[20241].mode = "hang"
    alone = await world.values(source, after=15, seconds=0.2)
    world.connectors[20241].mode = "ok"
    again = await world.values(source, after=15)
    world.api.tunnels[TUNNEL].status = "healthy"
    await world.values(source, after=61)
    world.api.tunnels[TUNNEL].status = "down"
    anew = await world.values(source, after=61)

    since = ("tunnel_disputed_since_timestamp_seconds",)
    assert [combined(found) for found in (first, alone, again, anew)] == [DISPUTED, DOWN_ONE, DISPUTED, DISPUTED]
    assert [found.get(since) for found in (first, alone, again, anew)] == [START, None, START, START + 152]


async def test_dispute_keeps_its_beginning_until_it_ends(world: World) -> None:
    """Connectors ready, account says down: unknown while it lasts, and the timestamp is the first probe's."""
    world.api.tunnels[TUNNEL].status = "down"
    source = world.source(20241)
    probes = [await world.values(source, after=after) for after in (0, 100, 300)]
    world.api.tunnels[TUNNEL].status = "healthy"
    ended = await world.values(source, after=61)

    assert [combined(found) for found in probes] == [DISPUTED] * 3
    assert {found["tunnel_disputed_since_timestamp_seconds",] for found in probes} == {START}
    assert combined(ended) == UP_BOTH
    assert ("tunnel_disputed_since_timestamp_seconds",) not in ended


@pytest.mark.parametrize(
    ("status", "expected"),
    [("healthy", UP_ONE), ("degraded", UP_ONE), ("down", DOWN_ONE), ("inactive", DOWN_ONE)],
)
async def test_account_alone_decides_when_the_processes_are_gone(
    world: World, status: str, expected: tuple[float, ...]
) -> None:
    """Every connector refuses: no verdict of theirs, the account's stands alone; never connected is down too."""
    world.api.tunnels[TUNNEL].status = status
    found = await world.values(world.source(20251, 20252))

    assert combined(found) == expected
    assert errors(found) >= {("ready 127.0.0.1:20251", "refused"), ("ready 127.0.0.1:20252", "refused")}


async def test_silent_replica_takes_the_connectors_verdict_away(world: World) -> None:
    """One is not ready, the other cannot be asked: it may carry the traffic, so the account alone decides."""
    world.connectors[20241].edge = False
    found = await world.values(world.source(20241, 20251))

    assert combined(found) == UP_ONE


API_FAULTS = {
    "401": "auth",
    "malformed": "auth",
    "403": "permission",
    "429": "limit",
    "500": "http",
    "html": "decode",
    "garbage": "decode",
    "redirect": "http",
    "hang": "timeout",
}


@pytest.mark.parametrize(("mode", "kind"), API_FAULTS.items())
async def test_trouble_of_the_api_costs_only_the_account(world: World, mode: str, kind: str) -> None:
    """The connectors' verdict stands alone; the tunnel is up, and the account's failure has its kind."""
    world.api.mode = mode
    found = await world.beside_silence(lambda: world.source(20241), 1)

    assert combined(found) == UP_ONE
    assert ("account", kind) in errors(found)
    assert found["tunnel_edge_sites",] == 2


@pytest.mark.parametrize(("mode", "kind"), API_FAULTS.items())
async def test_both_witnesses_gone_is_unknown(world: World, mode: str, kind: str) -> None:
    """Refused by the connectors, no answer from the API: unknown, never down."""
    world.api.mode = mode
    found = await world.values(world.source(20251), seconds=0.3 if mode == "hang" else None)

    assert combined(found) == SILENT
    assert ("account", kind) in errors(found)


CONNECTOR_FAULTS = {
    "500": "http",
    "503": "decode",  # a proxy's 503 is not cloudflared's
    "html": "decode",
    "garbage": "decode",
    "redirect": "http",
    "hang": "timeout",
}


@pytest.mark.parametrize(("mode", "kind"), CONNECTOR_FAULTS.items())
async def test_trouble_of_a_connector_is_its_own(world: World, mode: str, kind: str) -> None:
    """An answer that is not cloudflared's is no verdict: the account decides, and the other connector keeps its families."""
    world.connectors[20241].mode = mode
    world.connectors[20242].edge = False
    found = await world.beside_silence(lambda: world.source(20241, 20242), 1)

    assert combined(found) == UP_ONE
    assert ("ready 127.0.0.1:20241", kind) in errors(found)
    assert found["tunnel_ready_connections", "127.0.0.1:20242"] == 0
    assert ("tunnel_ready_connections", "127.0.0.1:20241") not in found


async def test_traffic_is_shown_while_ready_is_not(world: World) -> None:
    """/ready is unreadable, the other two are well: their families stay, what needs both is absent and never zero."""
    world.connectors[20241].spoiled = "/ready"
    found = await world.values(world.source(20241))

    assert found["tunnel_requests_total", "127.0.0.1:20241"] == 100
    assert found["tunnel_live_connections", "127.0.0.1:20241", "quic"] == 4
    assert errors(found) == {("ready 127.0.0.1:20241", "decode"), ("redundancy", "decode")}
    assert not {"tunnel_edge_sites", "tunnel_connector_info", "tunnel_connection_info"} & {key[0] for key in found}


async def test_list_is_believed_for_twice_its_period_and_no_longer(world: World) -> None:
    """The API dies: the last list stands with its age for 120 s, then the account gives no verdict, and its failure has a kind."""
    source = world.source(20251)
    verdicts = [combined(await world.values(source))]
    world.api.mode = "500"
    found = [await world.values(source, after=after) for after in (60, 59, 10)]

    assert [*verdicts, *map(combined, found)] == [UP_ONE, UP_ONE, UP_ONE, SILENT]
    assert found[1]["collector_age_seconds", "account"] == 119
    assert ("account", "http") in errors(found[2])


async def test_tunnel_that_is_not_listed_is_unknown_to_the_account(world: World) -> None:
    """A complete list without it: a wrong id is our fault, so unknown; `listed` says 0, and the connectors decide."""
    world.connector(20243, tunnel_id=OTHER)
    alone = await world.values(world.source(tunnel_id=OTHER))
    seen = await world.values(world.source(20243, tunnel_id=OTHER))

    assert (combined(alone), alone["tunnel_listed",]) == (SILENT, 0)
    assert (combined(seen), seen["tunnel_listed",]) == (UP_ONE, 0)


async def test_deleted_tunnel_is_not_listed(world: World) -> None:
    """Deleted ones are asked to be left out, and are not counted when they are there."""
    world.api.tunnels[TUNNEL].deleted = True

    assert (await world.values(world.source(20251)))["tunnel_listed",] == 0


async def test_shortened_list_says_nothing_about_what_it_lacks(world: World) -> None:
    """A row is missing though the total counts it: neither gone nor listed, whatever its connections say."""
    world.api.short = True
    found = await world.values(world.source())

    assert (combined(found), found["tunnel_account_connections", "live"]) == (SILENT, 4)
    assert ("tunnel_listed",) not in found


async def test_module_without_account_has_one_witness(world: World) -> None:
    """No token, no API: the connectors' verdict alone, and no family of the account."""
    module = world.module().model_copy(update={"account": None})
    found = await world.values(world.source(20241, module=module))

    assert combined(found) == UP_ONE
    assert not [key for key in found if "api" in key[0] or "account" in key[0]]


async def test_connector_of_another_tunnel_is_no_witness(world: World) -> None:
    """The address answers, ready, for somebody else: it is not counted."""
    world.connectors[20241].tunnel_id = OTHER
    found = await world.values(world.source(20241))

    assert combined(found) == UP_ONE
    assert ("ready 127.0.0.1:20241", "http") in errors(found)


async def test_token_is_read_anew_for_every_call(world: World) -> None:
    """A rotated token works at once; one that vanished is auth."""
    world.api.token = "another-token"
    source = world.source(20251)
    refused = await world.values(source)
    (world.folder / "token").write_text("another-token")
    accepted = await world.values(source, after=16)
    (world.folder / "token").unlink()
    gone = await world.values(source, after=200)

    assert [pair(found) for found in (refused, accepted, gone)] == [(0, 0), (1, 1), (0, 0)]
    assert (("account", "permission") in errors(refused), ("account", "auth") in errors(gone)) == (True, True)
