"""What one cloudflared answered, parsed once: `/ready`, `/diag/tunnel`, and a few families of its `/metrics`.

`/ready` decides, so it is strict: its body must agree with its status. Three things in `/metrics` look like facts and are
not, seen on a cloudflared that never reached the edge: `ha_connections` is 1, a QUIC round trip is 0 ms, and
`server_locations` keeps 1 for a connection that was lost. The first is never read; the other two count only for
connections that are known to be live.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.rejected import Reason, by_identity, reject
from sankofa_exporters.reading.coerce import text
from sankofa_exporters.reading.scraped import Scraped, scan

from .account import edge_site

MAX_READY = 1_024  # cloudflared makes 4; a number beyond any setting is not a count
MAX_CONNECTIONS = 64
MAX_INDEX = 999
_BUILD, _LOCATIONS, _RTT = "build_info", "cloudflared_tunnel_server_locations", "quic_client_smoothed_rtt"
_REQUESTS, _ERRORS = "cloudflared_tunnel_total_requests", "cloudflared_tunnel_request_errors"
_RESPONSES = "cloudflared_tunnel_response_by_code"
_CONCURRENT = "cloudflared_tunnel_concurrent_requests_per_tunnel"
_CONFIG_VERSION = "cloudflared_orchestration_config_version"
_REGISTRATIONS = "cloudflared_tunnel_tunnel_register_success"
_REGISTER_FAILURES = "cloudflared_tunnel_tunnel_register_fail"
WANTED = frozenset(
    {
        *(_BUILD, _LOCATIONS, _RTT, _REQUESTS, _ERRORS, _RESPONSES, _CONCURRENT, _CONFIG_VERSION),
        *(_REGISTRATIONS, _REGISTER_FAILURES),
    }
)
_INDEX, _CODE = re.compile(r"\d{1,3}"), re.compile(r"[1-5]\d\d")
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
    is_complete: bool  # every row could be read


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What is read of `/metrics`; None is absent. Locations and round trips are by connection index, live or not."""

    version: str
    requests: float | None
    request_errors: float | None
    responses: Mapping[str, float]  # by status code
    concurrent: float | None
    config_version: float | None
    registrations: float | None
    register_failures: float
    locations: Mapping[str, str]
    rtt_seconds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Connector:
    """What answers at one metrics address; before 2024.12 there is no diagnosis, and None was not asked for one."""

    name: str
    ready: Ready | Failure
    diagnosis: Diagnosis | Failure | None

    @property
    def connections(self) -> int | None:
        """How many connections to the edge it reports, or None without an answer."""
        return self.ready.connections if isinstance(self.ready, Ready) else None

    @property
    def live(self) -> Mapping[str, Protocol] | None:
        """The live connections by index with their protocol, or None when it is not known which they are."""
        if not isinstance(self.diagnosis, Diagnosis) or len(self.diagnosis.live) != self.connections:
            return None  # not reported, or the two answers were taken at different moments
        return self.diagnosis.live


@dataclass(frozen=True, kw_only=True)
class MeasuredConnector:
    """A connector with its metrics."""

    connector: Connector
    metrics: Metrics

    @property
    def live_locations(self) -> dict[str, str] | None:
        """Location by index of exactly the live connections, or None when that is not known."""
        locations, live = self.metrics.locations, self.connector.live
        if live is not None:
            known = {index: locations[index] for index in live if index in locations}
            return known if len(known) == len(live) else None
        # Every connection that ever registered is still there: then all of them are live.
        return dict(locations) if len(locations) == self.connector.connections else None


def parse_ready(status: int, document: Any) -> Ready:
    """200 with at least one connection, or 503 with none; anything else is not cloudflared's answer."""
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
    if not isinstance(rows, list) or len(rows) > MAX_CONNECTIONS:
        raise _unreadable("diag/tunnel: connections is not a short list")
    read = list(_diagnosed(rows))
    if rows and not read:
        raise _unreadable("diag/tunnel: no connection with an index")
    reject(Reason.UNREADABLE, len(rows) - len(read))
    certain = by_identity(read)
    return Diagnosis(
        tunnel_id=document["tunnelID"].lower(),
        live={index: protocol for index, (protocol, _) in certain.items() if protocol is not None},
        is_complete=len(read) == len(rows) and len(certain) == len({index for index, _ in read}),
    )


def parse_metrics(body: bytes, where: str) -> Metrics:
    """The wanted families of cloudflared's own exposition; raises when the body is somebody else's."""
    found = scan(body, WANTED, where)
    if not any(name.startswith("cloudflared_") for name in found.points):
        raise _unreadable(f"{where}: an exposition without cloudflared's families")
    reject(Reason.UNREADABLE, found.unreadable)
    registrations = _amounts(found, _REGISTRATIONS, "rpcName")
    failures = [point.value for point in found.of(_REGISTER_FAILURES)]
    return Metrics(
        version=next((point.labels.get("version", "") for point in found.of(_BUILD)), ""),
        requests=_amount(found, _REQUESTS),
        request_errors=_amount(found, _ERRORS),
        responses={code: value for code, value in _amounts(found, _RESPONSES, "status_code").items() if is_code(code)},
        concurrent=_amount(found, _CONCURRENT),
        config_version=_amount(found, _CONFIG_VERSION),
        registrations=sum(registrations.values()) if registrations else None,
        register_failures=sum(value for value in failures if value > 0),
        locations=_locations(found),
        rtt_seconds={index: value / 1000 for index, value in _amounts(found, _RTT, "conn_index").items() if value},
    )


def is_code(code: str) -> bool:
    """A status code of HTTP, which also bounds how many there can be."""
    return _CODE.fullmatch(code) is not None


def _diagnosed(rows: Iterable[Any]) -> Iterator[tuple[str, tuple[Protocol | None, str]]]:
    """By index: the protocol of a live connection (None for one that is not), and its edge address, by which two rows differ."""
    for row in rows:
        index = row.get("index", 0) if isinstance(row, Mapping) else None
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index <= MAX_INDEX:
            is_live = row.get("isConnected") is True
            address = text(row.get("edgeAddress")) or ""
            yield str(index), (_protocol(row.get("protocol", 0)) if is_live else None, address)


def _locations(found: Scraped) -> dict[str, str]:
    """The location each connection registered at last; one that claims two at once is left out."""
    rows = [
        (point.labels.get("connection_id", ""), point.labels["edge_location"].lower())
        for point in found.of(_LOCATIONS)
        if point.value == 1 and edge_site(point.labels.get("edge_location"))
    ]
    return by_identity((index, location) for index, location in rows if _INDEX.fullmatch(index))


def _amounts(found: Scraped, name: str, label: str) -> dict[str, float]:
    """Values that are not negative, by one label; a QUIC round trip of a connection index that is none is left out."""
    rows = ((point.labels.get(label, ""), point.value) for point in found.of(name))
    return by_identity(
        (key, value) for key, value in rows if value >= 0 and (label != "conn_index" or _INDEX.fullmatch(key))
    )


def _amount(found: Scraped, name: str) -> float | None:
    """The value of a family without labels; None when it is absent, negative, or given twice with two values."""
    return by_identity(("", point.value) for point in found.of(name) if point.value >= 0).get("")


def _protocol(value: Any) -> Protocol:
    return _PROTOCOLS.get(value, "unknown") if isinstance(value, int) and not isinstance(value, bool) else "unknown"


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
