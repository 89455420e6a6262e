"""The account as its tunnels share it: one list for every tunnel, and connections of one tunnel after the other.

Driven by probes alone, so that nothing is asked while nobody scrapes: a probe that finds the list due begins one
refresh for all, and each probe begins at most one call about connections, of the most overdue tunnel. Both outlive
the probe that began them, because the next probe profits. What was answered is believed until it is too old; its age is
always published.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sankofa_exporters.cloudflare.settings import AccountSettings
from sankofa_exporters.cloudflare.snapshot.account import Connections, Listing, Page, Tunnel, listing_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Reason, Rejected, counted_in, reject
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged, Remembered

from .api import PER_PAGE, ApiClient

PATIENCE_SECONDS = 2.0  # a probe with something believable in hand waits no longer for something newer
RETRY_SECONDS = 15.0
URGENT_SECONDS = 30.0  # a tunnel in doubt is asked about this often, while the budget allows
STALE_FACTOR = 2  # a list is believed for twice its period, connections for twice theirs
MAX_PAGES, MAX_TUNNELS = 50, 10_000
CALLS_AT_ONCE = 4
REFUSALS = frozenset({Kind.AUTH, Kind.PERMISSION})
LIST_RESERVE = 10  # tokens that calls about connections leave to the list: pages of 1,000 tunnels


@dataclass(kw_only=True)
class TunnelConnections:
    """What is remembered about one tunnel's connections."""

    answer: Remembered[Connections]
    known: frozenset[str] | None = None  # the connections that were there at the last complete answer
    opened: int = 0  # since the first answer
    rejected: Rejected = field(default_factory=Rejected)  # rows not yet counted for this tunnel

    def note(self, connections: Connections) -> None:
        """Count connections that were not there before; an answer that lacks rows cannot say which they are."""
        if connections.ids is not None:
            self.opened += len(connections.ids - self.known) if self.known is not None else 0
            self.known = connections.ids


@dataclass(kw_only=True)
class Account:
    """One account's API; `monotonic` times what is remembered, `now` is in seconds since 1970."""

    settings: AccountSettings
    api: ApiClient
    monotonic: Callable[[], float]
    now: Callable[[], float]
    opened_at: float = field(init=False)
    listing: Remembered[Listing] = field(init=False)
    tunnels: dict[str, TunnelConnections] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    is_closed: bool = False

    def __post_init__(self) -> None:
        period = self.settings.list_seconds
        self.opened_at = self.monotonic()
        self.listing = self._remembered("cfd_tunnel", period, retry_seconds=min(RETRY_SECONDS, period))

    def join(self, tunnel_id: str) -> None:
        """A target begins to use the account; its tunnel is in the rotation from now on."""
        self.users.append(tunnel_id)
        if tunnel_id not in self.tunnels:
            period = self.settings.connections_seconds
            answer: Remembered[Connections] = self._remembered("connections", period, retry_seconds=URGENT_SECONDS)
            self.tunnels[tunnel_id] = TunnelConnections(answer=answer)

    async def leave(self, tunnel_id: str) -> None:
        """A target ends; with the last one the connection to the API ends too."""
        self.users.remove(tunnel_id)
        if tunnel_id not in self.users:
            self.tunnels.pop(tunnel_id).answer.cancel()
        if not self.users:
            self.is_closed = True
            self.listing.cancel()
            await self.api.http.aclose()

    async def list_tunnels(self, budget: Budget) -> Aged[Listing]:
        """The list, not older than twice its period; raises the last attempt's failure when there is none."""
        if self.listing.is_due(self.monotonic()):
            if self.api.calls.may():
                self.listing.begin(self._fetch_list)
            elif self.listing.believable() is None:
                self.api.calls.check("cfd_tunnel")
        await _patiently(self.listing, budget)
        return self.listing.recall()

    async def connections(self, tunnel_id: str, budget: Budget, *, is_urgent: bool) -> Aged[Connections]:
        """What is known of one tunnel's connections; begins a call first, of the most overdue tunnel."""
        refusal = self.listing.failure
        if refusal is not None and refusal.kind in REFUSALS:
            raise CollectorError.of(refusal)  # a token that may not list may not read connections either
        self._begin_one(tunnel_id, is_urgent=is_urgent)
        tunnel = self.tunnels[tunnel_id]
        await _patiently(tunnel.answer, budget)
        for (_, reason), rows in tunnel.rejected.items():
            reject(Reason(reason), rows)
        tunnel.rejected.clear()
        if tunnel.answer.tried_at is None:
            self.api.calls.check("connections")
        return tunnel.answer.recall()

    def unconfigured(self, listing: Listing) -> list[Tunnel]:
        """The tunnels of the account that no open target stands for."""
        return [tunnel for tunnel in listing.tunnels.values() if tunnel.id not in self.tunnels]

    @property
    def fresh_seconds(self) -> float:
        """How young connections must be to prove a tunnel down: in doubt they are asked for twice in that time."""
        return max(self.settings.list_seconds, 2 * URGENT_SECONDS)

    def open_seconds(self) -> float:
        return self.monotonic() - self.opened_at

    def _remembered(self, name: str, period_seconds: float, *, retry_seconds: float) -> Remembered[Any]:
        return Remembered(
            name=name,
            period_seconds=period_seconds,
            cap_seconds=STALE_FACTOR * period_seconds,
            retry_seconds=retry_seconds,
            doubled_until_seconds=period_seconds,
            clock=self.monotonic,
        )

    async def _fetch_list(self, budget: Budget) -> Listing:
        fetched_at = self.now()
        pages: list[Page] = []
        while len(pages) < MAX_PAGES and _has_more(pages):
            if not self.api.calls.take():
                self.api.calls.check("cfd_tunnel")
            pages.append(await self.api.page(len(pages) + 1, budget))
        return listing_of(pages, fetched_at, account_id=self.settings.account_id)

    def _begin_one(self, own: str, *, is_urgent: bool) -> None:
        """Begin one call about connections, if one is due and the budget allows it."""
        now = self.monotonic()
        if sum(tunnel.answer.is_running for tunnel in self.tunnels.values()) >= CALLS_AT_ONCE:
            return
        chosen = own if is_urgent and self.tunnels[own].answer.is_due(now, every=URGENT_SECONDS) else None
        chosen = chosen or self._most_overdue(own, now)
        # Paid before it begins: a call that found the bucket empty only later would not be tried again for a period.
        if chosen is not None and self.api.calls.take(keep=LIST_RESERVE):
            self.tunnels[chosen].answer.begin(partial(self._fetch_connections, chosen))

    def _most_overdue(self, own: str, now: float) -> str | None:
        """The tunnel to ask about next; among those never asked about, the one being probed."""
        due = [key for key, tunnel in self.tunnels.items() if tunnel.answer.is_due(now)]
        return max(due, key=lambda key: (self.tunnels[key].answer.overdue(now), key == own), default=None)

    async def _fetch_connections(self, tunnel_id: str, budget: Budget) -> Connections:
        """Whoever's probe began the call, rejected rows are this tunnel's."""
        tunnel, listing = self.tunnels[tunnel_id], self.listing.believable()
        row = listing.value.tunnels.get(tunnel_id) if listing is not None else None
        with counted_in(tunnel.rejected, tunnel_id):
            found = await self.api.connections(tunnel_id, budget)
        tunnel.note(found)
        if row is None:
            return found
        was_inactive = row.active_at is None and row.status in ("down", "inactive")
        return replace(found, active_at=row.active_at, was_inactive=was_inactive)


async def _patiently(question: Remembered[Any], budget: Budget) -> None:
    in_hand = question.believable() is not None
    await question.wait(min(budget.remaining(), PATIENCE_SECONDS) if in_hand else budget.remaining())


def _has_more(pages: Sequence[Page]) -> bool:
    """Whether another page is to be asked for; without a total, a full page has a next one."""
    if not pages:
        return True
    last, rows = pages[-1], sum(page.rows for page in pages)
    if last.rows == 0 or rows >= MAX_TUNNELS:
        return False
    if last.total is not None:
        return rows < last.total
    return last.rows >= (last.per_page or PER_PAGE)
