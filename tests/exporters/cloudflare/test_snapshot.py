"""Parsers of both witnesses: strict where a verdict leans on them, lenient elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.cloudflare.snapshot.account import (
    Tunnel,
    edge_site,
    instant,
    listing_of,
    parse_connections,
    parse_page,
)
from sankofa_exporters.cloudflare.snapshot.connector import parse_diagnosis, parse_metrics, parse_ready
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Rejected, counted_in

from .recorded import OTHER, START, TUNNEL, document


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
        {"tunnelID": TUNNEL, "connections": [{"index": n} for n in range(65)]},
    ],
)
def test_diagnosis_refuses_what_it_cannot_read(body: Any) -> None:
    """No tunnel id, no list, or no row with an index."""
    with pytest.raises(CollectorError):
        parse_diagnosis(body)


@pytest.mark.parametrize(
    ("row", "live", "is_complete"),
    [
        ({"isConnected": True, "index": 1}, {"0": "http2", "1": "http2"}, True),
        ({"isConnected": True, "index": 0}, {"0": "http2"}, True),  # the same row
        ({"isConnected": True, "index": 0, "protocol": 1}, {}, False),
        ({"isConnected": True, "edgeAddress": "198.51.100.9"}, {}, False),
        ({"isConnected": True, "index": "1"}, {"0": "http2"}, False),
        (None, {"0": "http2"}, False),
    ],
)
def test_one_odd_row_of_a_diagnosis_costs_only_itself(row: Any, live: dict[str, str], is_complete: bool) -> None:  # noqa: FBT001
    """Index 0 lives; the second row is equal, another, contradicts it, or cannot be read."""
    found = parse_diagnosis({"tunnelID": TUNNEL, "connections": [{"isConnected": True}, row]})

    assert (found.live, found.is_complete) == (live, is_complete)


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


def test_equal_series_of_metrics_are_one() -> None:
    """Equal ones are one; responses are by status code, and what is none is left out."""
    body = b"""
cloudflared_tunnel_total_requests 7
cloudflared_tunnel_total_requests 7
cloudflared_tunnel_response_by_code{status_code="200"} 5
cloudflared_tunnel_response_by_code{status_code="200"} 5
cloudflared_tunnel_response_by_code{status_code="502"} 1
cloudflared_tunnel_response_by_code{status_code="502"} 2
cloudflared_tunnel_response_by_code{status_code="<script>"} 1
cloudflared_tunnel_response_by_code{status_code="999"} 1
cloudflared_tunnel_tunnel_register_success{rpcName="registerConnection"} 9
"""
    found = parse_metrics(body, "http://c/metrics")

    assert (found.requests, found.responses, found.registrations) == (7, {"200": 5}, 9)


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

    assert listing.is_complete
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
        ({"tun_type": "warp_connector"}, True, "absent"),
        ({"tun_type": None}, True, "absent"),
        ({"deleted_at": "2026-01-01T00:00:00Z"}, True, "absent"),
        ({"deleted_at": "0001-01-01T00:00:00Z"}, True, "healthy"),
        ({"connections": None}, True, "healthy"),
    ],
)
def test_row_counts_only_when_it_can_be_read(change: dict[str, Any], complete: bool, status: Any) -> None:  # noqa: FBT001
    """An odd status is none; a row without an id makes the list incomplete."""
    page = document("list.json")
    page["result"][0] |= change
    listing = listing_of([parse_page(page)], START)
    found = listing.tunnels[TUNNEL].status if TUNNEL in listing.tunnels else "absent"

    assert (listing.is_complete, found) == (complete, status)


@pytest.mark.parametrize(
    "info", [None, {}, {"total_count": 3}, {"total_count": True}, {"total_count": "2"}, [], {"total_count": 1e400}]
)
def test_list_without_a_total_that_fits_is_not_complete(info: Any) -> None:
    """Only a list that the API itself counts as whole may say that a tunnel is missing."""
    listing = listing_of([parse_page({**document("list.json"), "result_info": info})], START)

    assert (listing.is_complete, len(listing.tunnels)) == (False, 2)


@pytest.mark.parametrize("result", [None, {}, "all", [1], [None]])
def test_answers_without_a_list_of_objects_are_refused(result: Any) -> None:
    """Neither a list of tunnels nor of connectors."""
    with pytest.raises(CollectorError):
        parse_page({"result": result})
    with pytest.raises(CollectorError):
        parse_connections({"result": result}, fetched_at=START)


def test_connections_tell_live_from_pending() -> None:
    """Two live in two sites; the pending one is dead and its site does not count."""
    found = parse_connections(document("connections.json"), fetched_at=START)

    assert (found.clients, len(found.live), found.pending, found.unknown) == (1, 2, 1, 0)
    assert (found.sites, found.are_dead, len(found.ids or ())) == (frozenset({"jnb", "nbo"}), False, 3)


def rows(listing: dict[str, Any]) -> Any:
    return listing["result"]


def conns(connections: dict[str, Any]) -> Any:
    return connections["result"][0]["conns"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda body: rows(body).append(rows(body)[0]), ({TUNNEL, OTHER}, set(), {})),
        (lambda body: rows(body).append(rows(body)[0] | {"connections": [7]}), ({TUNNEL, OTHER}, set(), {})),
        (lambda body: rows(body).append(rows(body)[0] | {"status": "down"}), ({OTHER}, {TUNNEL}, {"contradicting": 2})),
        (lambda body: rows(body).append(rows(body)[0] | {"tun_type": "gre"}), ({OTHER}, {TUNNEL}, {"contradicting": 2})),
        (lambda body: rows(body).append(rows(body)[0] | {"deleted_at": "2026-01-01T00:00:00Z"}),
         ({OTHER}, {TUNNEL}, {"contradicting": 2})),
        (lambda body: rows(body).append("odd"), ({TUNNEL, OTHER}, set(), {"unreadable": 1})),
        (lambda body: rows(body)[0].update(id=None), ({OTHER}, set(), {"unreadable": 1})),
        (lambda body: rows(body)[0].update(deleted_at="yesterday"), ({OTHER}, {TUNNEL}, {"unreadable": 1})),
        (lambda body: rows(body)[0].update(tun_type=None), ({OTHER}, {TUNNEL}, {"unreadable": 1})),
        (lambda body: rows(body).append(rows(body)[0] | {"deleted_at": "yesterday"}),
         ({OTHER}, {TUNNEL}, {"unreadable": 1, "contradicting": 2})),
    ],
)  # fmt: skip
def test_one_odd_row_of_the_list_costs_only_itself(change: Any, expected: tuple[Any, ...]) -> None:
    """Equal rows are one, differing ones leave that tunnel unknown, unreadable ones are counted."""
    body = document("list.json")
    change(body)
    rejected = Rejected()
    with counted_in(rejected, "account"):
        listing = listing_of([parse_page(body)], START)

    assert (set(listing.tunnels), set(listing.doubtful), counts(rejected)) == expected


def counts(rejected: Rejected) -> dict[str, int]:
    return {reason: rows for (_, reason), rows in rejected.items()}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda body: conns(body).append(conns(body)[0]), (2, 1, 0, {})),
        (lambda body: conns(body).append(conns(body)[0] | {"client_version": "2020.1.1"}), (2, 1, 0, {})),
        (lambda body: conns(body).append(conns(body)[0] | {"is_pending_reconnect": True}),
         (1, 1, 1, {"contradicting": 2})),
        (lambda body: conns(body).append(conns(body)[0] | {"colo_name": "CPT"}), (1, 1, 1, {"contradicting": 2})),
        (lambda body: conns(body)[0].update(is_pending_reconnect="false"), (1, 1, 1, {"unreadable": 1})),
        (lambda body: conns(body)[0].update(is_pending_reconnect=0), (1, 1, 1, {"unreadable": 1})),
        (lambda body: conns(body).append(None), (2, 1, 1, {"unreadable": 1})),
        (lambda body: rows(body).append({"id": "c", "conns": None}), (2, 1, 1, {"unreadable": 1})),
        (lambda body: rows(body).append(rows(body)[0]), (2, 1, 0, {})),
        (lambda body: [conn.update(id=None, uuid=None) for conn in conns(body)], (2, 1, 0, {})),
    ],
)  # fmt: skip
def test_one_odd_connection_costs_only_itself(change: Any, expected: tuple[Any, ...]) -> None:
    """Live, pending, unknown, and what was counted: an unknown connection is neither alive nor dead."""
    body = document("connections.json")
    change(body)
    rejected = Rejected()
    with counted_in(rejected, "connections"):
        found = parse_connections(body, fetched_at=START)

    assert (len(found.live), found.pending, found.unknown, counts(rejected)) == expected
    assert (found.sites is None) == (found.unknown > 0) == (found.ids is None)


def test_rest_that_is_dead_does_not_prove_the_unknown_one_dead() -> None:
    """Two pending and one that cannot be read: not all are known to be dead."""
    body = document("connections.json")
    for conn in conns(body):
        conn["is_pending_reconnect"] = True
    whole = parse_connections(body, fetched_at=START)
    conns(body)[0]["is_pending_reconnect"] = None

    assert (whole.are_dead, parse_connections(body, fetched_at=START).are_dead) == (True, False)


@pytest.mark.parametrize("colo_name", [None, "", 7, "<script>", "01"])
def test_live_connection_without_a_place_leaves_the_sites_unknown(colo_name: Any) -> None:
    """Two live, one of them nowhere: not one site, and not none."""
    body = document("connections.json")
    conns(body)[0]["colo_name"] = colo_name

    assert parse_connections(body, fetched_at=START).sites is None


def test_ages_of_connections_are_those_of_live_ones() -> None:
    """The oldest and the newest; one that does not say when it was opened makes both unknown."""
    body = document("connections.json")
    for number, conn in enumerate(conns(body)):
        conn["opened_at"] = f"1970-01-01T00:00:{number + 10}Z"
        conn["is_pending_reconnect"] = number == 2
    whole = parse_connections(body, fetched_at=START)
    conns(body)[0]["opened_at"] = "0001-01-01T00:00:00Z"

    assert (whole.opened, parse_connections(body, fetched_at=START).opened) == ((10, 11), None)


def test_pages_have_a_bound() -> None:
    """A flood of rows is over the limit, not a list."""
    with pytest.raises(CollectorError) as caught:
        parse_page({"result": [{"id": str(number)} for number in range(5_001)]})

    assert caught.value.failure.kind is Kind.LIMIT


def test_connections_have_a_bound() -> None:
    """A flood of connections is over the limit, not a count."""
    body = document("connections.json")
    body["result"][0]["conns"] *= 400
    with pytest.raises(CollectorError) as caught:
        parse_connections(body, fetched_at=START)

    assert caught.value.failure.kind is Kind.LIMIT
