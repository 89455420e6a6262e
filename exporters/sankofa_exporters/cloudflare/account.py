"""The account as a witness, shared by all tunnels of a module: one list for every tunnel, and a walk over connections.

Driven by probes alone, so that nothing is asked while nobody scrapes: a probe that finds the list due starts one
refresh for all (single flight), and each probe takes at most one step of the walk, the tunnel asked longest ago first.
A refresh outlives the probe that began it, because the next probe profits. What was believed stays believed until it
is too old; its age is always told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget

from .api import ApiClient
from .listing import Connections, Listing, Page, listing_of, parse_connections, parse_page
from .settings import AccountSettings

log = logging.getLogger(__name__)
CALL_SECONDS = 20.0  # a call to the API may outlive its probe, but not for ever
PATIENCE_SECONDS = 2.0  # a probe with something believable in hand waits no longer for something newer
RETRY_SECONDS = 15.0
URGENT_SECONDS = 30.0  # a tunnel in dispute is asked about this often, while the budget allows
STALE_FACTOR = 2  # a list is believed for twice its period, connections for twice theirs
PER_PAGE, MAX_PAGES = 100, 50
STEPS_AT_ONCE = 4
LIST_RESERVE = 10  # tokens the walk leaves to the list: pages of 1,000 tunnels

V = TypeVar("V", Listing, Connections)


@dataclass(kw_only=True)
class Held(Generic[V]):
    """The last good answer of one kind, the trouble of the last attempt, and the attempt under way."""

    period_seconds: float
    value: V | None = None
    failure: Failure | None = None
    tried_at: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def believable(self, now: float) -> V | None:
        """The value while it is young; an age below zero is a clock that jumped, and proves nothing."""
        if self.value is None or not 0 <= self.value.age_seconds(now) <= STALE_FACTOR * self.period_seconds:
            return None
        return self.value

    def due(self, now: float, *, every: float) -> bool:
        """Neither under way nor tried within `every` seconds."""
        return not self.running and (self.tried_at is None or not 0 <= now - self.tried_at < every)

    def begin(self, now: float, attempt: Callable[[], Awaitable[V]]) -> None:
        self.tried_at = now
        self.task = asyncio.get_running_loop().create_task(self._attempt(attempt))

    async def wait(self, seconds: float) -> None:
        """Wait for the attempt under way, without ending it when time is up."""
        if self.task is not None:
            await asyncio.wait({self.task}, timeout=seconds)

    async def _attempt(self, attempt: Callable[[], Awaitable[V]]) -> None:
        try:
            self.value = await attempt()
            self.failure = None
        except CollectorError as error:
            self.failure = error.failure
        except Exception as error:  # noqa: BLE001 - nobody may be waiting: a defect is told like any other trouble
            log.error("account defect=%s", type(error).__name__)  # noqa: TRY400 - a traceback could quote the payload
            self.failure = Failure(kind=Kind.DECODE, reason=f"unexpected {type(error).__name__}")

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


@dataclass(kw_only=True)
class Account:
    """One account's API as its tunnels share it."""

    settings: AccountSettings
    api: ApiClient
    clock: Callable[[], float]
    listing: Held[Listing] = field(init=False)
    walked: dict[str, Held[Connections]] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self.listing = Held(period_seconds=self.settings.list_seconds)

    def join(self, tunnel_id: str) -> None:
        """A target begins to use the account; its tunnel is walked from now on."""
        self.users.append(tunnel_id)
        self.walked.setdefault(tunnel_id, Held(period_seconds=self.settings.connections_seconds))

    async def leave(self, tunnel_id: str) -> None:
        """A target ends; with the last one the connection to the API ends too."""
        self.users.remove(tunnel_id)
        if tunnel_id not in self.users:
            self.walked.pop(tunnel_id).cancel()
        if not self.users:
            self.closed = True
            self.listing.cancel()
            await self.api.http.aclose()

    async def list_tunnels(self, budget: Budget) -> Listing:
        """The list, not older than twice its period; raises the trouble of the last attempt when there is none."""
        held, now = self.listing, self.clock()
        young = held.value is not None and 0 <= held.value.age_seconds(now) < held.period_seconds
        if not young and held.due(now, every=min(RETRY_SECONDS, held.period_seconds)):
            held.begin(now, self._fetch_list)
        await self._patiently(held, budget)
        return self._answer(held, "cfd_tunnel")

    async def connections(self, tunnel_id: str, budget: Budget, *, urgent: bool) -> Connections:
        """What the walk knows of one tunnel; takes a step of the walk first.

        Trouble of the last attempt is told at once: these families only describe, and a dispute leans on them only
        while they are young. A spent budget is no trouble.
        """
        self._step(tunnel_id, urgent=urgent)
        held = self.walked[tunnel_id]
        await self._patiently(held, budget)
        if held.failure is not None and held.failure.kind is not Kind.LIMIT and not held.running:
            raise CollectorError.of(held.failure)
        return self._answer(held, "connections")

    async def _patiently(self, held: Held[Any], budget: Budget) -> None:
        if held.running:
            in_hand = held.believable(self.clock()) is not None
            await held.wait(min(budget.remaining(), PATIENCE_SECONDS) if in_hand else budget.remaining())

    def _answer(self, held: Held[V], call: str) -> V:
        value = held.believable(self.clock())
        if value is not None:
            return value
        if held.failure is not None:
            raise CollectorError.of(held.failure)
        if held.running:
            raise CollectorError(Kind.TIMEOUT, f"{call}: no answer by the probe's deadline")
        if held.value is None:
            raise CollectorError(Kind.LIMIT, f"{call}: not asked yet, the call budget is spent for now")
        raise CollectorError(Kind.STALE, f"{call}: the last answer is too old")

    async def _fetch_list(self) -> Listing:
        budget, fetched_at = Budget.of(CALL_SECONDS), self.clock()
        pages = []
        for number in range(1, MAX_PAGES + 1):
            params: dict[str, str | int] = {"is_deleted": "false", "page": number, "per_page": PER_PAGE}
            pages.append(parse_page(await self.api.get("cfd_tunnel", params, budget)))
            if not _more(pages):
                break
        return listing_of(pages, fetched_at)

    def _step(self, tunnel_id: str, *, urgent: bool) -> None:
        """Begin one call of the walk, if one is due and the budget allows it."""
        now = self.clock()
        if sum(held.running for held in self.walked.values()) >= STEPS_AT_ONCE:
            return
        chosen = tunnel_id if urgent and self.walked[tunnel_id].due(now, every=URGENT_SECONDS) else None
        chosen = chosen or self._longest_ago(tunnel_id, now)
        # Paid before it begins: a step that found the bucket empty only later would lose its turn.
        if chosen is not None and self.api.calls.take(keep=LIST_RESERVE):
            self.walked[chosen].begin(now, partial(self._fetch_connections, chosen))

    def _longest_ago(self, own: str, now: float) -> str | None:
        """Whose turn it is; among tunnels never asked about, the one being probed."""
        period = self.settings.connections_seconds
        due = [key for key, held in self.walked.items() if held.due(now, every=period)]
        return min(due, key=lambda key: (self.walked[key].tried_at or 0.0, key != own), default=None)

    async def _fetch_connections(self, tunnel_id: str) -> Connections:
        fetched_at = self.clock()
        path = f"cfd_tunnel/{tunnel_id}/connections"
        document = await self.api.get(path, {}, Budget.of(CALL_SECONDS), paid=True)
        return parse_connections(document, fetched_at)


def _more(pages: Sequence[Page]) -> bool:
    """Whether another page is to be asked for; without a total, a full page has a next one."""
    last = pages[-1]
    if last.rows == 0:
        return False
    if last.total is not None:
        return sum(page.rows for page in pages) < last.total
    return last.rows >= (last.per_page or PER_PAGE)
