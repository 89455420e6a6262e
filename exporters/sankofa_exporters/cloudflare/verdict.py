"""Two witnesses and what they come to: pure functions from what was said to up, down or unknown.

The connectors know at once when the edge is lost, and cannot be asked when their host is gone. The account knows of every
replica, and lags by minutes: a dead connection stays in it as pending. Where they contradict each other nobody knows, and
that is told as unknown and disputed, never as either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.probe.source import Verdict

from .connector import Connector
from .listing import Connections, Listing, Status

# "inactive" has never been connected: the edge knows that nothing can pass, so it is down like any other.
STATUS_WORDS: dict[Status, Verdict] = {
    "healthy": Verdict.UP,
    "degraded": Verdict.UP,
    "down": Verdict.DOWN,
    "inactive": Verdict.DOWN,
}


@dataclass(frozen=True, kw_only=True)
class Joint:
    """The joined verdict, how many witnesses had a word, and whether they contradict each other."""

    verdict: Verdict
    witnesses: int
    disputed: bool


def connectors_word(results: Sequence[Any]) -> Verdict:
    """Up when one connector has a connection; down only when every configured address says that it has none.

    A result is a tuple of connectors, or a failure. A refused address is a process that is gone, and says nothing about
    the replicas on other hosts.
    """
    found = [one for result in results if isinstance(result, tuple) for one in result if isinstance(one, Connector)]
    if any(connector.connections for connector in found):
        return Verdict.UP
    silent = not found or not all(isinstance(result, tuple) and result for result in results)
    return Verdict.UNKNOWN if silent else Verdict.DOWN


def account_word(tunnel_id: str, listing: Any, connections: Any, *, now: float, fresh_seconds: float) -> Verdict:
    """The tunnel's status, unless its connections know better; a result that is not one says nothing.

    Connections that are all dead overrule a healthy status, which lags; live ones overrule a status only when they are
    the younger answer. A tunnel that is not listed is unknown: its id may be wrong, and that is our fault.
    """
    status = _status(tunnel_id, listing)
    if not isinstance(connections, Connections) or not 0 <= connections.age_seconds(now) <= fresh_seconds:
        return status
    if connections.live == 0:
        return status if _came_back(tunnel_id, listing, connections) else Verdict.DOWN
    older = isinstance(listing, Listing) and connections.fetched_at < listing.fetched_at
    return status if older and status is not Verdict.UNKNOWN else Verdict.UP


def overruled(tunnel_id: str, listing: Any, connections: Any) -> bool:
    """Whether all connections are dead under a status that says up: true for the minutes in which the status lags."""
    dead = isinstance(connections, Connections) and connections.live == 0
    if isinstance(connections, Connections) and _came_back(tunnel_id, listing, connections):
        return False
    return dead and _status(tunnel_id, listing) is Verdict.UP


def joined(connectors: Verdict, account: Verdict) -> Joint:
    """Agreement is the verdict, one word alone is the verdict, contradiction is unknown."""
    words = [word for word in (connectors, account) if word is not Verdict.UNKNOWN]
    disputed = len(set(words)) > 1
    verdict = Verdict.UNKNOWN if disputed or not words else words[0]
    return Joint(verdict=verdict, witnesses=len(words), disputed=disputed)


def _came_back(tunnel_id: str, listing: Any, connections: Connections) -> bool:
    """A younger list says that the tunnel became active after its connections were seen dead."""
    tunnel = listing.tunnels.get(tunnel_id) if isinstance(listing, Listing) else None
    if tunnel is None or tunnel.active_at is None or connections.fetched_at >= listing.fetched_at:
        return False
    return bool(tunnel.active_at > connections.fetched_at)


def _status(tunnel_id: str, listing: Any) -> Verdict:
    tunnel = listing.tunnels.get(tunnel_id) if isinstance(listing, Listing) else None
    return STATUS_WORDS[tunnel.status] if tunnel is not None and tunnel.status is not None else Verdict.UNKNOWN
