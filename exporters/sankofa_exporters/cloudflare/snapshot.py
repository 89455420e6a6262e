"""What one cloudflared said, parsed once: `/ready`, `/diag/tunnel`, and a few families of its `/metrics`.

`/ready` decides, so it is strict: its body must agree with its status. Three things in `/metrics` look like facts and are
not, seen on a cloudflared that never reached the edge: `ha_connections` is 1, a QUIC round trip is 0 ms, and
`server_locations` keeps 1 for a connection that was lost. The first is never read; the other two count only for
connections that are known to be live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import text
from sankofa_exporters.reading.scraped import Point, Scraped, scan

from .listing import edge_site

MAX_READY = 1_024  # cloudflared makes 4; a number beyond any setting is not a count
MAX_CONNECTIONS = 64
_BUILD, _LOCATIONS, _RTT = "build_info", "cloudflared_tunnel_server_locations", "quic_client_smoothed_rtt"
_REQUESTS, _ERRORS = "cloudflared_tunnel_total_requests", "cloudflared_tunnel_request_errors"
_CONCURRENT = "cloudflared_tunnel_concurrent_requests_per_tunnel"
_CONFIG_VERSION = "cloudflared_orchestration_config_version"
_REGISTER_FAILURES = "cloudflared_tunnel_tunnel_register_fail"
WANTED = frozenset({_BUILD, _LOCATIONS, _RTT, _REQUESTS, _ERRORS, _CONCURRENT, _CONFIG_VERSION, _REGISTER_FAILURES})
_INDEX = re.compile(r"\d{1,3}")
_PROTOCOLS: dict[Any, Protocol] = {0: "http2", 1: "quic"}  # /diag leaves a 0 out

Protocol = Literal["http2", "quic", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """`/ready`: how many connections to the edge this connector has now."""

    connections: int
    connector_id: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """`/diag/tunnel`: whose connector this is, and the protocol of each live connection by index."""

    tunnel_id: str
    live: Mapping[str, Protocol]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What is read of `/metrics`; None is absent. Locations and round trips are by connection index, live or not."""

    version: str
    requests: float | None
    request_errors: float | None
    concurrent: float | None
    config_version: float | None
    register_failures: float
    locations: Mapping[str, str]
    rtt_seconds: Mapping[str, float]


def parse_ready(status: int, document: Any) -> Ready:
    """200 with at least one connection, or 503 with none; anything else is not cloudflared's word."""
    if not isinstance(document, Mapping):
        raise _unreadable("ready: JSON that is not an object")
    connections = document.get("readyConnections")
    if not isinstance(connections, int) or isinstance(connections, bool) or not 0 <= connections <= MAX_READY:
        raise _unreadable("ready: readyConnections is not a count")
    if document.get("status", status) != status or (connections > 0) != (status == httpx.codes.OK):
        raise _unreadable(f"ready: the body contradicts the status {status}")
    return Ready(connections=connections, connector_id=text(document.get("connectorId")) or "")


def parse_diagnosis(document: Any) -> Diagnosis:
    """Cloudflared leaves out what is zero: no connections, index 0 and protocol HTTP/2 are all absent keys."""
    if not isinstance(document, Mapping) or text(document.get("tunnelID")) is None:
        raise _unreadable("diag/tunnel: no tunnelID")
    rows = document.get("connections") or []
    if not isinstance(rows, list) or len(rows) > MAX_CONNECTIONS or not all(isinstance(row, Mapping) for row in rows):
        raise _unreadable("diag/tunnel: connections is not a short list of objects")
    live: dict[str, Protocol] = {}
    for row in rows:
        index = row.get("index", 0)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 1_000 or str(index) in live:  # noqa: PLR2004
            raise _unreadable("diag/tunnel: a connection without an index of its own")
        if row.get("isConnected") is True:
            live[str(index)] = _protocol(row.get("protocol", 0))
    return Diagnosis(tunnel_id=document["tunnelID"].lower(), live=live)


def parse_metrics(body: bytes, where: str) -> Metrics:
    """The wanted families of cloudflared's own exposition; raises when the body is somebody else's."""
    found = scan(body, WANTED, where)
    if not any(name.startswith("cloudflared_") for name in found.points):
        raise _unreadable(f"{where}: an exposition without cloudflared's families")
    failures = [point.value for point in found.of(_REGISTER_FAILURES)]
    return Metrics(
        version=next((point.labels.get("version", "") for point in found.of(_BUILD)), ""),
        requests=_amount(found, _REQUESTS),
        request_errors=_amount(found, _ERRORS),
        concurrent=_amount(found, _CONCURRENT),
        config_version=_amount(found, _CONFIG_VERSION),
        register_failures=sum(value for value in failures if value > 0),
        locations=_locations(found.of(_LOCATIONS)),
        rtt_seconds=_round_trips(found.of(_RTT)),
    )


def _locations(points: tuple[Point, ...]) -> dict[str, str]:
    """The location each connection registered at last; one that claims two at once is left out."""
    current = [point for point in points if point.value == 1 and edge_site(point.labels.get("edge_location"))]
    indexes = [point.labels.get("connection_id", "") for point in current]
    pairs = zip(indexes, (point.labels["edge_location"].lower() for point in current), strict=True)
    return {index: location for index, location in pairs if _INDEX.fullmatch(index) and indexes.count(index) == 1}


def _round_trips(points: tuple[Point, ...]) -> dict[str, float]:
    """Milliseconds become seconds; 0 means that nothing was measured yet."""
    named = ((point.labels.get("conn_index", ""), point.value) for point in points[:MAX_CONNECTIONS])
    return {index: value / 1000 for index, value in named if _INDEX.fullmatch(index) and value > 0}


def _amount(found: Scraped, name: str) -> float | None:
    value = found.single(name)
    return value if value is not None and value >= 0 else None


def _protocol(value: Any) -> Protocol:
    return _PROTOCOLS.get(value, "unknown") if isinstance(value, int) and not isinstance(value, bool) else "unknown"


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
