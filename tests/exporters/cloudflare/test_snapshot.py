"""Parsers of both witnesses: strict where a verdict leans on them, lenient elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sankofa_exporters.cloudflare.listing import (
    Connections,
    Tunnel,
    edge_site,
    instant,
    listing_of,
    parse_connections,
    parse_page,
)
from sankofa_exporters.cloudflare.snapshot import parse_diagnosis, parse_metrics, parse_ready
from sankofa_exporters.cloudflare.verdict import account_word, connectors_word, joined, overruled
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.source import Verdict

from .recorded import OTHER, START, TUNNEL, document

UP, DOWN, UNKNOWN = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": 200, "readyConnections": 4, "connectorId": "c"}),
        (200, {"readyConnections": 1}),
        (503, {"status": 503, "readyConnections": 0}),
    ],
)
def test_ready_is_a_count_that_agrees_with_its_status(status: int, body: dict[str, Any]) -> None:
    """200 with connections and 503 without; the connector's id may be absent (before June 2022)."""
    assert parse_ready(status, body).connections == body["readyConnections"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": 200, "readyConnections": 0}),
        (503, {"status": 503, "readyConnections": 2}),
        (200, {"status": 503, "readyConnections": 2}),
        (200, {"status": 200}),
        (200, {"readyConnections": True}),
        (200, {"readyConnections": "4"}),
        (200, {"readyConnections": 4.0}),
        (200, {"readyConnections": -1}),
        (200, {"readyConnections": 10**30}),
        (503, {"error": "unavailable"}),
        (503, []),
        (503, None),
    ],
)
def test_ready_that_contradicts_itself_is_no_word(status: int, body: Any) -> None:
    """A proxy's answer, or half of one, is neither ready nor down."""
    with pytest.raises(CollectorError) as caught:
        parse_ready(status, body)

    assert caught.value.failure.kind is Kind.DECODE


def test_diagnosis_puts_back_what_cloudflared_leaves_out() -> None:
    """Index 0 and HTTP/2 are zeros and absent; a connection that is not connected is not live."""
    rows = [{"isConnected": True, "index": 3, "protocol": 1}, {"isConnected": True}, {"index": 1}]

    assert parse_diagnosis({"tunnelID": TUNNEL.upper(), "connections": rows}).live == {"3": "quic", "0": "http2"}


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"tunnelID": ""},
        {"tunnelID": TUNNEL, "connections": "many"},
        {"tunnelID": TUNNEL, "connections": [1]},
        {"tunnelID": TUNNEL, "connections": [{"index": -1}]},
        {"tunnelID": TUNNEL, "connections": [{"index": True}]},
        {"tunnelID": TUNNEL, "connections": [{"isConnected": True}, {"isConnected": True, "index": 0}]},
        {"tunnelID": TUNNEL, "connections": [{"index": n} for n in range(65)]},
    ],
)
def test_diagnosis_refuses_what_it_cannot_read(body: Any) -> None:
    """No tunnel id, no list, or an index that is none or appears twice."""
    with pytest.raises(CollectorError):
        parse_diagnosis(body)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"up 1\n", b"{}", b"# only a comment\n"])
def test_metrics_of_somebody_else_are_refused(body: bytes) -> None:
    """An exposition without cloudflared's families is another program's."""
    with pytest.raises(CollectorError) as caught:
        parse_metrics(body, "http://c/metrics")

    assert caught.value.failure.kind is Kind.DECODE


def test_hostile_numbers_in_metrics_become_absent() -> None:
    """NaN, negative, infinite and doubled counters are absent; a location that is no word is left out."""
    body = b"""
cloudflared_tunnel_total_requests NaN
cloudflared_tunnel_request_errors -3
cloudflared_tunnel_concurrent_requests_per_tunnel 1e400
cloudflared_orchestration_config_version 1
cloudflared_orchestration_config_version 2
cloudflared_tunnel_server_locations{connection_id="0",edge_location="<script>"} 1
cloudflared_tunnel_server_locations{connection_id="x",edge_location="lhr01"} 1
cloudflared_tunnel_server_locations{connection_id="2",edge_location="lhr01"} 1
cloudflared_tunnel_server_locations{connection_id="2",edge_location="ams01"} 1
quic_client_smoothed_rtt{conn_index="0"} -5
quic_client_smoothed_rtt{conn_index="1"} Inf
"""
    found = parse_metrics(body, "http://c/metrics")

    assert (found.requests, found.request_errors, found.concurrent, found.config_version) == (None, None, None, None)
    assert (found.locations, found.rtt_seconds) == ({}, {})


@pytest.mark.parametrize(
    ("location", "site"),
    [("lhr01", "lhr"), ("LHR", "lhr"), ("dfw", "dfw"), ("01", None), ("", None), (None, None), (7, None),
     ("a b", None), ("x" * 17, None)],
)  # fmt: skip
def test_edge_site_is_the_location_without_its_number(location: Any, site: str | None) -> None:
    """The connector says lhr01, the API may say LHR: one site."""
    assert edge_site(location) == site


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1970-01-01T00:00:10Z", 10), ("2026-01-01T00:00:00.123456789Z", 1767225600.123456), ("0001-01-01T00:00:00Z", None),
     ("2026-01-01T00:00:00", None), ("soon", None), (None, None), (5, None), ("9" * 50, None), ("9999-99-99T00:00:00Z", None)],
)  # fmt: skip
def test_instant_is_a_time_with_a_zone(value: Any, seconds: float | None) -> None:
    """Go's zero time and a time without a zone are none."""
    assert instant(value) == (None if seconds is None else pytest.approx(seconds))


def test_list_is_read_as_published() -> None:
    """Both rows, with their times, and the configuration's source by the new key or the old flag."""
    listing = listing_of([parse_page(document("list.json"))], START)

    assert listing.complete
    assert listing.tunnels[TUNNEL] == Tunnel(
        id=TUNNEL, name="edge-nairobi-1", status="healthy", active_at=1790812800, inactive_at=None, config_source="cloudflare"
    )  # fmt: skip
    assert (listing.tunnels[OTHER].status, listing.tunnels[OTHER].config_source) == ("down", "local")


@pytest.mark.parametrize(
    ("change", "complete", "status"),
    [
        ({"status": "up"}, True, None),
        ({"status": None}, True, None),
        ({"status": ["healthy"]}, True, None),
        ({"id": None}, False, "absent"),
        ({"id": OTHER}, False, "absent"),
        ({"tun_type": "warp_connector"}, True, "absent"),
        ({"tun_type": None}, True, "absent"),
        ({"deleted_at": "2026-01-01T00:00:00Z"}, True, "absent"),
        ({"deleted_at": "0001-01-01T00:00:00Z"}, True, "healthy"),
        ({"connections": None}, True, "healthy"),
    ],
)
def test_row_counts_only_when_it_can_be_read(change: dict[str, Any], complete: bool, status: Any) -> None:  # noqa: FBT001
    """An odd status is no word; a row without an id of its own makes the list incomplete."""
    page = document("list.json")
    page["result"][0] |= change
    listing = listing_of([parse_page(page)], START)
    found = listing.tunnels[TUNNEL].status if TUNNEL in listing.tunnels else "absent"

    assert (listing.complete, found) == (complete, status)


@pytest.mark.parametrize(
    "info", [None, {}, {"total_count": 3}, {"total_count": True}, {"total_count": "2"}, [], {"total_count": 1e400}]
)
def test_list_without_a_total_that_fits_is_not_complete(info: Any) -> None:
    """Only a list that the API itself counts as whole may say that a tunnel is missing."""
    listing = listing_of([parse_page({**document("list.json"), "result_info": info})], START)

    assert (listing.complete, len(listing.tunnels)) == (False, 2)


@pytest.mark.parametrize("result", [None, {}, "all", [1], [None]])
def test_answers_without_a_list_of_objects_are_refused(result: Any) -> None:
    """Neither a list of tunnels nor of connectors."""
    with pytest.raises(CollectorError):
        parse_page({"result": result})
    with pytest.raises(CollectorError):
        parse_connections({"result": result}, START)


def test_connections_tell_live_from_pending() -> None:
    """Two live in two sites; the pending one is dead and its site does not count."""
    found = parse_connections(document("connections.json"), START)

    assert found == Connections(clients=1, live=2, pending=1, sites=frozenset({"jnb", "nbo"}), fetched_at=START)


@pytest.mark.parametrize(
    "change", [{"is_pending_reconnect": None}, {"is_pending_reconnect": "false"}, {"is_pending_reconnect": 0}]
)
def test_connection_that_does_not_say_whether_it_lives_spoils_the_answer(change: dict[str, Any]) -> None:
    """All dead is a word for down: it must not come out of an answer we cannot read."""
    body = document("connections.json")
    body["result"][0]["conns"][0] |= change
    with pytest.raises(CollectorError):
        parse_connections(body, START)


def test_connections_have_a_bound() -> None:
    """A flood of connections is over the limit, not a count."""
    body = document("connections.json")
    body["result"][0]["conns"] *= 400
    with pytest.raises(CollectorError) as caught:
        parse_connections(body, START)

    assert caught.value.failure.kind is Kind.LIMIT


@pytest.mark.parametrize(
    ("connectors", "account", "told"),
    [
        (UP, UP, (UP, 2, False)),
        (DOWN, DOWN, (DOWN, 2, False)),
        (UP, UNKNOWN, (UP, 1, False)),
        (UNKNOWN, UP, (UP, 1, False)),
        (DOWN, UNKNOWN, (DOWN, 1, False)),
        (UNKNOWN, DOWN, (DOWN, 1, False)),
        (UP, DOWN, (UNKNOWN, 2, True)),
        (DOWN, UP, (UNKNOWN, 2, True)),
        (UNKNOWN, UNKNOWN, (UNKNOWN, 0, False)),
    ],
)
def test_words_are_joined_without_guessing(connectors: Verdict, account: Verdict, told: tuple[Any, ...]) -> None:
    """All nine pairs."""
    joint = joined(connectors, account)

    assert (joint.verdict, joint.witnesses, joint.disputed) == told


def listing(status: str, *, age: float = 10, active_at: str = "2020-01-01T00:00:00Z") -> Any:
    page = document("list.json")
    page["result"][0] |= {"status": status, "conns_active_at": active_at}
    return listing_of([parse_page(page)], START - age)


def connections(*, live: int, age: float) -> Connections:
    return Connections(clients=1, live=live, pending=4 - live, sites=frozenset(), fetched_at=START - age)


@pytest.mark.parametrize(
    ("status", "live", "age", "word"),
    [
        ("healthy", 0, 20, DOWN),  # the status lags behind dead connections
        ("healthy", 0, 61, UP),  # too old to overrule
        ("healthy", 0, -5, UP),  # from the future: a clock jumped
        ("down", 4, 5, UP),  # younger than the list
        ("down", 4, 20, DOWN),  # older than the list
        ("down", 0, 5, DOWN),
        ("odd", 4, 20, UP),
        ("odd", 0, 20, DOWN),
        ("odd", 4, 61, UNKNOWN),
        ("inactive", 4, 61, DOWN),
        ("degraded", 4, 61, UP),
    ],
)
def test_account_believes_dead_connections_before_its_status(status: str, live: int, age: float, word: Verdict) -> None:
    """Dead connections overrule a status while they are young; live ones only when they are younger than it."""
    told = account_word(TUNNEL, listing(status), connections(live=live, age=age), now=START, fresh_seconds=60)

    assert told is word


def test_tunnel_that_came_back_is_not_held_down_by_older_connections() -> None:
    """The list is younger and says that the tunnel became active after its connections were seen dead."""
    back = datetime.fromtimestamp(START - 15, UTC).isoformat()
    younger = listing("healthy", age=10, active_at=back)
    dead = connections(live=0, age=20)

    assert account_word(TUNNEL, younger, dead, now=START, fresh_seconds=60) is UP
    assert not overruled(TUNNEL, younger, dead)


def test_failures_are_no_word() -> None:
    """No list, no connections, no connectors: unknown each."""
    failure = Failure(kind=Kind.REFUSED, reason="gone")

    assert account_word(TUNNEL, failure, failure, now=START, fresh_seconds=60) is UNKNOWN
    assert connectors_word([failure, failure]) is UNKNOWN
    assert connectors_word([]) is UNKNOWN
