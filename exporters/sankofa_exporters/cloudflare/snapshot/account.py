"""What the account's API answered, parsed once: the list of tunnels, and one tunnel's connections.

A row's status and a connection's `is_pending_reconnect` decide verdicts, so they are read strictly: an odd value is no
value. Rows of one identity that differ leave it unknown, and an answer of which a row is missing never proves that
something is absent. The list's own `connections` is never read (its documentation announces that it will be empty). The shapes are those
of Cloudflare's published API reference and of what cloudflared itself reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Literal, get_args

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Reason, by_identity, reject
from sankofa_exporters.reading.coerce import amount, text

Status = Literal["healthy", "degraded", "down", "inactive"]
STATUSES: tuple[Status, ...] = get_args(Status)
KIND = "cfd_tunnel"
MAX_ROWS = 5_000  # of one page; 100 are asked for
MAX_CLIENTS = 256  # Cloudflare allows 25 replicas of a tunnel; far beyond is not an answer
MAX_CONNS = 1_024
_LOCATION = re.compile(r"[A-Za-z0-9-]{1,16}")
_TIME_CHARS = 40
_NEVER = "0001-01-01T"  # Go's zero time begins so


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """One row; `status` is None when it is not one of the four words, times are in seconds since 1970."""

    id: str
    name: str
    status: Status | None
    active_at: float | None
    inactive_at: float | None
    config_source: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row with an identity; its tunnel is None when it is deleted, not cloudflared's, or not readable in this respect."""

    id: str
    tunnel: Tunnel | None
    is_readable: bool
    account: str | None = None  # whose it is; None where the row does not name it


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the list; `rows` counts those without an identity too."""

    identified: tuple[Row, ...]
    rows: int
    total: int | None
    per_page: int | None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The account's tunnels; only a complete list proves an absence.

    `doubtful` ones stand in rows that differ, or that do not show whether the tunnel is there.
    """

    tunnels: Mapping[str, Tunnel]
    doubtful: frozenset[str]
    is_complete: bool
    fetched_at: float


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One connection of a connector to the edge; a pending one is dead, and kept for minutes."""

    is_pending: bool
    site: str | None
    opened_at: float | None


@dataclass(frozen=True, kw_only=True)
class Connections:
    """One tunnel's connections as the edge tracks them; `unknown` ones could not be read, or contradict each other."""

    clients: int | None  # None when a connector could not be read
    live: tuple[Connection, ...]
    pending: int
    unknown: int
    ids: frozenset[str] | None  # of all of them; None when one of them is not known
    fetched_at: float
    dead_opened_at: float | None = None  # when the newest dead one was opened, by Cloudflare's clock
    # What the list in hand had of the tunnel when they were asked for; neither where it had no such row.
    active_at: float | None = None
    was_inactive: bool = False

    @property
    def are_dead(self) -> bool:
        """There are some, and each is known to be dead."""
        return not self.live and not self.unknown and self.pending > 0

    @property
    def are_none(self) -> bool:
        return not self.live and not self.unknown and not self.pending

    @property
    def sites(self) -> frozenset[str] | None:
        """Distinct edge sites of the live ones; None while one of them has no place that can be read."""
        found = frozenset(connection.site for connection in self.live if connection.site is not None)
        return None if self.unknown or any(connection.site is None for connection in self.live) else found

    @property
    def opened(self) -> tuple[float, float] | None:
        """When the oldest and the newest live one was opened; None without any, or while one does not say when."""
        times = [connection.opened_at for connection in self.live if connection.opened_at is not None]
        if not times or self.unknown or len(times) < len(self.live):
            return None
        return min(times), max(times)


def edge_site(location: Any) -> str | None:
    """The site of an edge location: `lhr` of `lhr01` and of `LHR`; None when it is not one."""
    if not isinstance(location, str) or not _LOCATION.fullmatch(location):
        return None
    return location.lower().rstrip("0123456789") or None


def parse_page(document: Mapping[str, Any]) -> Page:
    """One page of `cfd_tunnel?is_deleted=false`."""
    rows = document.get("result")
    if not isinstance(rows, list):
        raise _unreadable("cfd_tunnel: result is not a list")
    if len(rows) > MAX_ROWS:
        raise CollectorError(Kind.LIMIT, f"cfd_tunnel: a page of {len(rows)} rows; at most {MAX_ROWS}")
    identified = [found for row in rows if (found := _row(row)) is not None]
    if rows and not identified:
        raise _unreadable("cfd_tunnel: no row with an identity")
    reject(Reason.UNREADABLE, len(rows) - sum(row.is_readable for row in identified))
    info = document.get("result_info")
    info = info if isinstance(info, Mapping) else {}
    return Page(
        identified=tuple(identified),
        rows=len(rows),
        total=_count(info.get("total_count")),
        per_page=_count(info.get("per_page")),
    )


def listing_of(pages: Iterable[Page], fetched_at: float, *, account_id: str | None = None) -> Listing:
    """The pages joined; complete when they hold as many tunnels as each of them says there are.

    A row that names another account than `account_id` is not ours, whatever its id is.
    A tunnel that stands in two pages has moved while they were asked for, and another one may have been passed over.
    """
    known = list(pages)
    rows = [row for page in known for row in page.identified]
    ids = {row.id for row in rows}
    certain = {key: row for key, row in by_identity((row.id, row) for row in rows).items() if row.is_readable}
    return Listing(
        tunnels={
            key: row.tunnel
            for key, row in certain.items()
            if row.tunnel is not None and (row.account is None or account_id in (None, row.account))
        },
        doubtful=frozenset(ids - certain.keys()),
        is_complete=bool(known) and all(page.total == len(ids) for page in known),
        fetched_at=fetched_at,
    )


def parse_connections(document: Mapping[str, Any], *, fetched_at: float) -> Connections:
    """`cfd_tunnel/ID/connections`: connectors, each with its connections."""
    result = document.get("result")
    if not isinstance(result, list):
        raise _unreadable("connections: result is not a list")
    clients = [one for one in result if isinstance(one, Mapping) and isinstance(one.get("conns"), list)]
    if result and not clients:
        raise _unreadable("connections: no connector with a list of conns")
    conns = [conn for client in clients for conn in client["conns"]]
    if len(clients) > MAX_CLIENTS or len(conns) > MAX_CONNS:
        raise CollectorError(Kind.LIMIT, f"connections: {len(clients)} connectors with {len(conns)} connections")
    rows = list(_connections_of(conns))
    unreadable = len(result) - len(clients) + len(conns) - len(rows)
    reject(Reason.UNREADABLE, unreadable)
    ids = frozenset(identity for identity, _ in rows)
    certain = by_identity(rows)
    unknown = unreadable + len(ids) - len(certain)
    live = tuple(connection for connection in certain.values() if not connection.is_pending)
    dead = (connection.opened_at for connection in certain.values() if connection.is_pending)
    return Connections(
        clients=_distinct(clients) if len(clients) == len(result) else None,
        live=live,
        pending=len(certain) - len(live),
        unknown=unknown,
        ids=None if unknown else ids,
        fetched_at=fetched_at,
        dead_opened_at=max((at for at in dead if at is not None), default=None),
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


def _row(row: Any) -> Row | None:
    """None for a row without an identity; the list may hold other kinds, and deleted ones, when a filter is not honoured."""
    identity = text(row.get("id")) if isinstance(row, Mapping) else None
    if identity is None:
        return None
    deleted_at, kind = row.get("deleted_at"), row.get("tun_type", KIND)
    is_deleted = deleted_at is not None and not str(deleted_at).startswith(_NEVER)
    account = row.get("account_tag")
    is_readable = text(kind) is not None and (not is_deleted or instant(deleted_at) is not None)
    is_readable = is_readable and (account is None or text(account) is not None)
    is_ours = is_readable and not is_deleted and kind == KIND
    tunnel = _tunnel(row, identity.lower()) if is_ours else None
    owner = (text(account) or "").lower() or None
    return Row(id=identity.lower(), tunnel=tunnel, is_readable=is_readable, account=owner)


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


def _connections_of(conns: Iterable[Any]) -> Iterator[tuple[str, Connection]]:
    """Connections by their id; one without an id is kept apart from the others by its place."""
    for place, conn in enumerate(conns):
        if isinstance(conn, Mapping) and isinstance(conn.get("is_pending_reconnect"), bool):
            connection = Connection(
                is_pending=conn["is_pending_reconnect"],
                site=edge_site(conn.get("colo_name")),
                opened_at=instant(conn.get("opened_at")),
            )
            yield text(conn.get("id")) or text(conn.get("uuid")) or f"place {place}", connection


def _distinct(clients: Iterable[Mapping[str, Any]]) -> int:
    place = count()
    return len({text(client.get("id")) or next(place) for client in clients})


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
