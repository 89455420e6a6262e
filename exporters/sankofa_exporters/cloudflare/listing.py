"""What the account's API said, parsed once: the list of tunnels, and one tunnel's connections.

A row's status and a connection's `is_pending_reconnect` decide verdicts, so they are read strictly: what is odd says
nothing. The list's own `connections` is never read (its documentation announces that it turns empty). The shapes are
those of Cloudflare's published API reference and of what cloudflared itself reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, text

Status = Literal["healthy", "degraded", "down", "inactive"]
STATUSES: tuple[Status, ...] = get_args(Status)
MAX_CLIENTS = 256  # Cloudflare allows 25 replicas of a tunnel; far beyond is not an answer
MAX_CONNS = 1_024
_LOCATION = re.compile(r"[A-Za-z0-9-]{1,16}")
_TIME_CHARS = 40


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """One row; `status` is None when it is not one of the four words."""

    id: str
    name: str
    status: Status | None
    active_at: float | None
    inactive_at: float | None
    config_source: str


@dataclass(frozen=True, kw_only=True)
class Page:
    tunnels: tuple[Tunnel, ...]
    rows: int
    readable: bool  # every row had an identity of its own
    total: int | None
    per_page: int | None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All tunnels of the account; only a complete list can say that one is missing."""

    tunnels: Mapping[str, Tunnel]
    complete: bool
    fetched_at: float

    def age_seconds(self, now: float) -> float:
        return now - self.fetched_at


@dataclass(frozen=True, kw_only=True)
class Connections:
    """One tunnel's connections as the edge tracks them; pending ones are already dead."""

    clients: int
    live: int
    pending: int
    sites: frozenset[str]
    fetched_at: float

    def age_seconds(self, now: float) -> float:
        return now - self.fetched_at


def edge_site(location: Any) -> str | None:
    """The site of an edge location: `lhr` of `lhr01` and of `LHR`; None when it is not one."""
    if not isinstance(location, str) or not _LOCATION.fullmatch(location):
        return None
    return location.lower().rstrip("0123456789") or None


def parse_page(document: Mapping[str, Any]) -> Page:
    """One page of `cfd_tunnel?is_deleted=false`."""
    rows = document.get("result")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _unreadable("cfd_tunnel: result is not a list of objects")
    info = document.get("result_info")
    info = info if isinstance(info, Mapping) else {}
    ids = [_id(row) for row in rows]
    return Page(
        tunnels=tuple(_tunnel(row, id_) for row, id_ in zip(rows, ids, strict=True) if id_ and _counts(row)),
        rows=len(rows),
        readable=None not in ids and len(set(ids)) == len(ids),
        total=_count(info.get("total_count")),
        per_page=_count(info.get("per_page")),
    )


def listing_of(pages: Iterable[Page], fetched_at: float) -> Listing:
    """The pages joined; complete when they hold as many rows as the API says there are."""
    known = list(pages)
    tunnels = {tunnel.id: tunnel for page in reversed(known) for tunnel in page.tunnels}
    rows = sum(page.rows for page in known)
    complete = bool(known) and all(page.readable and page.total == rows for page in known)
    return Listing(tunnels=tunnels, complete=complete, fetched_at=fetched_at)


def parse_connections(document: Mapping[str, Any], fetched_at: float) -> Connections:
    """`cfd_tunnel/ID/connections`: connectors, each with its connections."""
    clients = document.get("result")
    if not isinstance(clients, list) or not all(isinstance(client, Mapping) for client in clients):
        raise _unreadable("connections: result is not a list of objects")
    lists = [client.get("conns") for client in clients]
    if not all(isinstance(conns, list) for conns in lists):
        raise _unreadable("connections: a connector without a list of conns")
    conns = [conn for each in lists if each for conn in each]
    if len(clients) > MAX_CLIENTS or len(conns) > MAX_CONNS:
        raise CollectorError(Kind.LIMIT, f"connections: {len(clients)} connectors with {len(conns)} connections")
    if not all(isinstance(conn, Mapping) and isinstance(conn.get("is_pending_reconnect"), bool) for conn in conns):
        raise _unreadable("connections: a connection without is_pending_reconnect true or false")
    live = [conn for conn in conns if not conn["is_pending_reconnect"]]
    sites = frozenset(site for conn in live if (site := edge_site(conn.get("colo_name"))) is not None)
    return Connections(
        clients=len(clients), live=len(live), pending=len(conns) - len(live), sites=sites, fetched_at=fetched_at
    )


def instant(value: Any) -> float | None:
    """Seconds since the epoch of an RFC 3339 time with a zone; Go's zero time (year 1) is none."""
    if not isinstance(value, str) or len(value) > _TIME_CHARS:
        return None
    try:
        found = datetime.fromisoformat(value)
        seconds = found.timestamp() if found.tzinfo is not None else -1.0
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None


def _id(row: Mapping[str, Any]) -> str | None:
    found = text(row.get("id"))
    return found.lower() if found else None


def _counts(row: Mapping[str, Any]) -> bool:
    """A tunnel of cloudflared that was not deleted; the list may hold others when a filter is not honoured."""
    return row.get("tun_type", "cfd_tunnel") == "cfd_tunnel" and instant(row.get("deleted_at")) is None


def _tunnel(row: Mapping[str, Any], tunnel_id: str) -> Tunnel:
    status = row.get("status")
    return Tunnel(
        id=tunnel_id,
        name=text(row.get("name")) or "",
        status=next((known for known in STATUSES if known == status), None),
        active_at=instant(row.get("conns_active_at")),
        inactive_at=instant(row.get("conns_inactive_at")),
        config_source=_config_source(row),
    )


def _config_source(row: Mapping[str, Any]) -> str:
    """`config_src` replaced the flag `remote_config`."""
    if row.get("config_src") in ("local", "cloudflare"):
        return str(row["config_src"])
    remote = row.get("remote_config")
    return ("cloudflare" if remote else "local") if isinstance(remote, bool) else ""


def _count(value: Any) -> int | None:
    found = amount(value) if not isinstance(value, str) else None
    return int(found) if found is not None and found == int(found) else None


def _unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
