"""Two witnesses and what they come to: pure functions from what was answered to up, down or unknown.

The connectors know at once when the edge is lost, and cannot be asked when their host is gone. The account knows of every
replica, and lags by minutes: a dead connection stays in it as pending. Before the account is believed the tunnel must be
in its list: an answer about a tunnel that the account does not have proves nothing. Where the witnesses, or the two answers of
the account, contradict each other, the verdict is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.source import Verdict

from .snapshot.account import Connections, Listing, Status, Tunnel
from .snapshot.connector import Connector

BOTH = 2
FORGOTTEN_SECONDS = 600.0  # a dispute whose witnesses were silent for so long, and disagree again, is another one
# "inactive" has never been connected: the edge knows that nothing can pass, so it is down like any other.
STATUS_VERDICTS: dict[Status, Verdict] = {
    "healthy": Verdict.UP,
    "degraded": Verdict.UP,
    "down": Verdict.DOWN,
    "inactive": Verdict.DOWN,
}


@dataclass(frozen=True, kw_only=True)
class CombinedVerdict:
    """The verdict of both witnesses, how many of them gave one, and whether they contradict each other."""

    verdict: Verdict
    witnesses: int
    is_disputed: bool


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """When the witnesses first and last contradicted each other, in seconds since 1970."""

    since: float
    last: float


@dataclass(frozen=True, kw_only=True)
class AccountAnswers:
    """What the account answered about one tunnel; None for what it did not."""

    tunnel_id: str
    listing: Aged[Listing] | None
    connections: Aged[Connections] | None

    @property
    def tunnel(self) -> Tunnel | None:
        """Its row: the only proof that the tunnel is there, and ours."""
        return self.listing.value.tunnels.get(self.tunnel_id) if self.listing is not None else None

    @property
    def status(self) -> Verdict:
        tunnel = self.tunnel
        return STATUS_VERDICTS[tunnel.status] if tunnel is not None and tunnel.status else Verdict.UNKNOWN

    @property
    def are_connections_older(self) -> bool:
        """Than the list."""
        if self.listing is None or self.connections is None:
            return False
        return self.connections.value.fetched_at < self.listing.value.fetched_at

    @property
    def came_back(self) -> bool:
        """A younger list says that the tunnel became active since its connections were asked for.

        Its instant is compared with others of Cloudflare's clock alone; ours may be minutes apart from it.
        """
        tunnel = self.tunnel
        if tunnel is None or tunnel.active_at is None or self.connections is None or not self.are_connections_older:
            return False
        answer = self.connections.value
        began = [at for at in (answer.active_at, answer.dead_opened_at) if at is not None]
        if answer.active_at is None and not answer.was_inactive:
            return False  # nothing to compare with
        return all(tunnel.active_at > at for at in began)

    @property
    def is_doubtful(self) -> bool:
        """The status and the connections contradict each other: the account is to be asked again soon."""
        if self.connections is None or self.came_back:
            return False
        answer = self.connections.value
        if self.status is Verdict.UP:
            return answer.are_dead or answer.are_none
        return self.status is Verdict.DOWN and bool(answer.live) and not self.are_connections_older


def connectors_verdict(results: Sequence[Any]) -> Verdict:
    """Up when one connector has a connection; down only when every configured address says that it has none.

    A result is a tuple of connectors, or a failure. A refused address is a process that is gone, and says nothing about
    the replicas on other hosts.
    """
    found = [one for result in results if isinstance(result, tuple) for one in result if isinstance(one, Connector)]
    if any(connector.connections for connector in found):
        return Verdict.UP
    are_silent = not found or not all(isinstance(result, tuple) and result for result in results)
    return Verdict.UNKNOWN if are_silent else Verdict.DOWN


def account_verdict(account: AccountAnswers, *, fresh_seconds: float) -> Verdict:
    """The tunnel's status, unless its connections contradict it.

    All of them dead is down while the answer is fresh, for the status lags. Without that proof a contradiction is unknown:
    no connection at all, or dead ones of a while ago, under a status that says up; live ones younger than a status that
    says down. Live ones never make up for a status that says neither.
    """
    if account.tunnel is None:
        return Verdict.UNKNOWN  # not there, or not ours: a mistake of ours must become neither breach nor compliance
    connections = account.connections if not account.came_back else None
    if connections is not None and connections.value.are_dead and connections.age_seconds <= fresh_seconds:
        return Verdict.DOWN
    return Verdict.UNKNOWN if account.is_doubtful else account.status


def combined(connectors: Verdict, account: Verdict) -> CombinedVerdict:
    """Agreement is the verdict, one witness alone is the verdict, contradiction is unknown."""
    given = [verdict for verdict in (connectors, account) if verdict is not Verdict.UNKNOWN]
    is_disputed = len(set(given)) > 1
    verdict = Verdict.UNKNOWN if is_disputed or not given else given[0]
    return CombinedVerdict(verdict=verdict, witnesses=len(given), is_disputed=is_disputed)


def dispute_of(previous: Dispute | None, found: CombinedVerdict, now: float) -> Dispute | None:
    """The dispute that lasts: only agreement ends one at once; without both witnesses it is forgotten after a while."""
    if found.is_disputed:
        return Dispute(since=previous.since if previous is not None else now, last=now)
    is_over = previous is None or found.witnesses == BOTH or now - previous.last > FORGOTTEN_SECONDS
    return None if is_over else previous
