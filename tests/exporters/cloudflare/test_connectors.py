"""What connectors tell about redundancy and traffic: sites, round trips, origin errors, discovery, old versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.lab.cloudflared_double import LOCATIONS, Cloudflared
from sankofa_exporters.cloudflare.samples.connectors import fewest_sites, metrics_samples, redundancy_samples
from sankofa_exporters.cloudflare.snapshot.connector import (
    Connector,
    Diagnosis,
    MeasuredConnector,
    Ready,
    parse_diagnosis,
    parse_metrics,
    parse_ready,
)

from .recorded import OTHER, World, combined, document, errors, named, pair, payload

ONE = ("127.0.0.1:20241",)


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(folder=tmp_path)
    found.connector(20241)
    return found


async def test_lost_edge_site_lowers_redundancy_and_not_the_verdict(world: World) -> None:
    """Cloudflared goes on showing the lost locations; only live connections count."""
    source = world.source(20241)
    before = await world.values(source)
    world.connectors[20241].lost_sites.add("nbo")
    after = await world.values(source)

    assert [pair(found) for found in (before, after)] == [(1, 1), (1, 1)]
    assert [found["tunnel_edge_sites",] for found in (before, after)] == [2, 1]
    assert [found["tunnel_redundancy_ratio", *ONE] for found in (before, after)] == [1, 0.5]
    assert 'cloudflared_tunnel_server_locations{connection_id="2",edge_location="nbo01"} 1' in (
        world.connectors[20241].metrics()
    )
    assert {key[2] for key in after if key[0] == "tunnel_connection_info"} == {"0", "1"}
    assert {key[2] for key in after if key[0] == "tunnel_connection_rtt_seconds"} == {"0", "1"}


async def test_sites_are_counted_over_all_connectors(world: World) -> None:
    """Two replicas in two places each: three distinct sites for the tunnel."""
    world.connector(20242, locations=["nbo01", "nbo02", "cpt01", "cpt02"])

    assert (await world.values(world.source(20241, 20242)))["tunnel_edge_sites",] == 3


async def test_broken_origin_is_not_a_broken_tunnel(world: World) -> None:
    """Every request fails behind the tunnel: errors grow, the tunnel stays up. Edge lost: no requests, no errors, down."""
    source = world.source(20241)
    world.connectors[20241].origin = False
    broken = [await world.values(source) for _ in range(2)]
    world.connectors[20241].edge = False
    world.api.tunnels["5c9bb1a4-5e0b-4a0e-9a6f-3f1c1d2e4b77"].status = "down"
    lost = await world.values(source, after=60)

    assert [combined(found) for found in (*broken, lost)] == [(1, 1, 2, 0), (1, 1, 2, 0), (0, 1, 2, 0)]
    assert [found["tunnel_request_errors_total", *ONE] for found in (*broken, lost)] == [100, 200, 200]
    assert [found["tunnel_requests_total", *ONE] for found in (*broken, lost)] == [100, 200, 200]


async def test_connector_that_asks_to_be_left_alone_is_left_alone(world: World) -> None:
    """429 with Retry-After 300, as a proxy before it may send: neither this probe nor the next ones ask it again."""
    source = world.source(20241)
    world.connectors[20241].mode = "429"
    refused = await world.values(source)
    asked = len(world.to_connectors())
    world.connectors[20241].mode = "ok"
    waiting = [await world.values(source, after=140) for _ in range(2)]
    still = len(world.to_connectors())
    later = await world.values(source, after=30)

    assert asked == still <= 2  # /ready and /diag/tunnel may be under way at once; /metrics is not asked any more
    assert [combined(found) for found in (refused, *waiting, later)] == [(1, 1, 1, 0)] * 3 + [(1, 1, 2, 0)]
    assert all(("ready 127.0.0.1:20241", "limit") in errors(found) for found in (refused, *waiting))


async def test_http2_connector_has_no_round_trip(world: World) -> None:
    """HTTP/2 measures none: absent, not zero; everything else is there."""
    world.connectors[20241].protocol = "http2"
    found = await world.values(world.source(20241))

    assert found["tunnel_live_connections", *ONE, "http2"] == 4
    assert not [key for key in found if key[0] == "tunnel_connection_rtt_seconds"]
    assert (found["tunnel_edge_sites",], errors(found)) == (2, set())


def test_round_trips_left_behind_by_quic_do_not_count_for_http2() -> None:
    """After a fall back to HTTP/2 the QUIC gauges keep their last values; the live protocol decides."""
    body = (
        payload("old.metrics.txt")
        + 'quic_client_smoothed_rtt{conn_index="0"} 11\nquic_client_smoothed_rtt{conn_index="2"} 9\n'
    )
    rows: list[dict[str, Any]] = [{"isConnected": True}, {"isConnected": True, "index": 2, "protocol": 1}]
    diagnosis = parse_diagnosis({"tunnelID": OTHER, "connections": rows})
    measured = measured_of(body, connections=2, diagnosis=diagnosis)
    found = {sample.labels[1]: sample.value for sample in metrics_samples([measured]) if "rtt" in sample.family.name}

    assert diagnosis.live == {"0": "http2", "2": "quic"}
    assert found == {"2": 0.009}


async def test_old_version_keeps_what_it_has(world: World) -> None:
    """No /diag and no quic_*: the diagnosis alone is lost; sites are exact while all connections live."""
    world.connectors[20241].old = True
    source = world.source(20241)
    whole = await world.values(source)
    world.connectors[20241].lost_sites.add("nbo")
    half = await world.values(source)

    assert errors(whole) == {("diagnosis 127.0.0.1:20241", "http")}
    assert [combined(found) for found in (whole, half)] == [(1, 1, 2, 0), (1, 1, 2, 0)]
    # Which two of four are lost is not reported: they may be one of each site, or both of one. At least one is left.
    assert [found["tunnel_edge_sites",] for found in (whole, half)] == [2, 1]
    assert not [key for key in half if key[0] == "tunnel_connection_info"]


async def test_host_without_port_is_searched_for_our_connectors_only(world: World) -> None:
    """On 20241 to 20245 live another tunnel's connector, two of ours, and a web page: ours are found, each by its port."""
    world.connectors[20241].tunnel_id = OTHER
    world.connector(20243)
    world.connector(20244).mode = "html"
    world.connector(20245)
    found = await world.values(world.source("127.0.0.1"))

    assert named(found, ["tunnel_ready_connections"]) == {
        ("tunnel_ready_connections", "127.0.0.1:20243"): 4,
        ("tunnel_ready_connections", "127.0.0.1:20245"): 4,
    }
    assert errors(found) == set()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({}, "refused"), ({"tunnel_id": OTHER}, "http"), ({"mode": "hang"}, "timeout"), ({"old": True}, "http")],
)
async def test_search_that_finds_nothing_of_ours_says_why(world: World, changes: dict[str, Any], kind: str) -> None:
    """Nobody, another tunnel's connector, a silent port, or one that cannot prove whose it is: no verdict, and the kind that says most."""
    world.wire.apps.pop(20241)
    if changes:
        world.connector(20242, **changes)
    found = await world.beside_silence(lambda: world.source("127.0.0.1"), 1)

    assert combined(found) == (1, 1, 1, 0)
    assert ("ready 127.0.0.1", kind) in errors(found)


async def test_diagnosis_is_not_asked_where_it_is_switched_off(world: World) -> None:
    """`diagnostics: false` spares cloudflared two log lines a probe; sites come from what /ready and /metrics agree on."""
    module = world.module().model_copy(update={"diagnostics": False})
    found = await world.values(world.source(20241, module=module))

    assert (found["tunnel_edge_sites",], errors(found)) == (2, set())
    assert not [request for request in world.wire.sent if "diag" in request.url.path]


@pytest.mark.parametrize("protocol", ["quic", "http2"])
def test_real_connector_without_edge_is_known_not_ready(protocol: str) -> None:
    """Recorded: ha_connections is 1 and a QUIC round trip 0 ms, and neither is taken for a fact."""
    name = f"no_edge_{protocol}"
    metrics = parse_metrics(payload(f"{name}.metrics.txt").encode(), "http://c/metrics")
    diagnosis = parse_diagnosis(document(f"{name}.diag.json"))
    ready = parse_ready(503, document(f"{name}.ready.json"))

    assert "cloudflared_tunnel_ha_connections 1" in payload(f"{name}.metrics.txt")
    assert (ready.connections, diagnosis.live, metrics.locations, metrics.rtt_seconds) == (0, {}, {}, {})
    assert (metrics.version, metrics.requests, metrics.config_version) == ("2026.8.2", 0, 0)
    measured = MeasuredConnector(connector=Connector(name="c", ready=ready, diagnosis=diagnosis), metrics=metrics)
    assert [sample.value for sample in redundancy_samples([measured])] == [0]


def measured_of(body: str, *, connections: int, diagnosis: Diagnosis | None = None) -> MeasuredConnector:
    ready = Ready(connections=connections, connector_id="")
    connector = Connector(name="c", ready=ready, diagnosis=diagnosis)
    return MeasuredConnector(connector=connector, metrics=parse_metrics(body.encode(), "http://c/metrics"))


def test_dump_of_an_old_version_is_read() -> None:
    """2023.10: current locations only, free-text registration errors summed up, no round trips."""
    metrics = measured_of(payload("old.metrics.txt"), connections=4).metrics

    assert metrics.locations == {"0": "lhr01", "1": "cdg02", "2": "lhr13", "3": "lhr14"}
    assert (metrics.requests, metrics.request_errors, metrics.register_failures) == (4521, 5, 3)
    assert (metrics.version, metrics.rtt_seconds) == ("2023.10.0", {})


@pytest.mark.parametrize(("connections", "sites"), [(4, 2), (3, 1), (2, 1), (1, 1), (0, 0)])
def test_sites_are_a_lower_bound_where_nobody_tells_which_are_live(connections: int, sites: int) -> None:
    """Three of four live in lhr: with one lost, it may have been the only one in cdg."""
    measured = measured_of(payload("old.metrics.txt"), connections=connections)

    assert [sample.value for sample in redundancy_samples([measured])] == [sites]
    assert (measured.live_locations is None) == (connections < 4)


@pytest.mark.parametrize(
    ("locations", "live", "sites"),
    [([], 0, 0), ([], 4, None), (["a1"], 1, 1), (["a1", "b1"], 1, 1), (["a1", "a2", "b1", "c1"], 2, 1),
     (["a1", "a2", "b1", "c1"], 3, 2), (["a1", "a2", "b1", "c1"], 4, 3), (["a1", "b1"], 9, None)],
)  # fmt: skip
def test_fewest_sites_assumes_the_worst_losses(locations: list[str], live: int, sites: int | None) -> None:
    """Whichever connections were lost, no fewer sites than this are left; a live one without a location makes it unknown."""
    assert fewest_sites(locations, live) == sites


def test_double_has_the_names_and_types_of_the_real_one() -> None:
    """What the double exposes without an edge, the recorded connector exposes too, with the same types."""
    double = Cloudflared(tunnel_id=OTHER, locations=list(LOCATIONS), edge=False, registered=False)
    types = {line for line in double.metrics().splitlines() if line.startswith("# TYPE")}
    real = {line for line in payload("no_edge_quic.metrics.txt").splitlines() if line.startswith("# TYPE")}

    assert types - real == set()
    assert {name.split()[2] for name in real - types} == {
        "cloudflared_proxy_connect_latency",
        "quic_client_congestion_state",
        "quic_client_congestion_window",
        "quic_client_sent_bytes",
        "quic_client_sent_frames",
    }
    assert double.ready()[1].keys() == document("no_edge_quic.ready.json").keys()
    assert double.diagnosis().keys() == document("no_edge_quic.diag.json").keys()


async def test_replica_that_cannot_prove_itself_keeps_a_searched_host_from_down(world: World) -> None:
    """One of ours has no edge; another port answers ready and not whose it is: nobody knows, and it is not down."""
    world.connectors[20241].edge = False
    world.connector(20242).spoiled = "/diag/tunnel"
    found = await world.values(world.source("127.0.0.1"))
    world.connectors.pop(20242)
    world.wire.apps.pop(20242)
    alone = await world.values(world.source("127.0.0.1"))

    assert {key[1] for key in errors(found)} != set()
    assert (found["tunnel_witnesses",], alone["tunnel_witnesses",]) == (1, 2)
