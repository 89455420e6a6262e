"""One probe's round of questions: which dashboard is the active one, and what each mgr's `/metrics` is worth.

All dashboards and all mgrs are asked at once, so one that is frozen costs the others nothing. The dashboard that first
says that it hears its mons answers all further questions of the probe: one mgr's view, not a mixture of two.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.http import check_status, exchange
from sankofa_exporters.reading.scraped import Scraped, scan

from .metrics import NAMES, View, collections, is_active, view_of
from .parse import parse_quorum_age, parse_summary
from .session import Session, StandbyError, Told
from .snapshot import Link
from .watch import Watch

V = TypeVar("V")
SCAN_APART_BYTES = 512 * 1024
LOOK_AGAIN_SECONDS = 1
OTHERS_SECONDS = 0.2


@dataclass(kw_only=True)
class Chosen:
    """The active dashboard, what it said of itself, and how old its view is at most."""

    session: Session
    link: Link
    age_seconds: float


@dataclass(kw_only=True)
class RestRound:
    """The dashboards during one probe; the choice is made once and shared by all collectors."""

    sessions: Sequence[Session]
    max_age_seconds: float
    choosing: asyncio.Task[Chosen | CollectorError] | None = field(default=None, repr=False)

    async def chosen(self, budget: Budget) -> Chosen:
        if self.choosing is None:
            self.choosing = asyncio.create_task(self._choose(budget))
        # Shielded: a collector that is cancelled must not take the others' choice with it.
        outcome = await asyncio.shield(self.choosing)
        if isinstance(outcome, CollectorError):
            raise CollectorError.of(outcome.failure)
        return outcome

    async def ask(self, path: str, budget: Budget, *, version: str = "1.0") -> Told:
        return await self.ask_first({path: version}, budget)

    async def ask_first(self, paths: Mapping[str, str], budget: Budget) -> Told:
        """See `Session.get_first`: paths with their API versions, the preferred one first."""
        return await (await self.chosen(budget)).session.get_first(paths, budget)

    async def _choose(self, budget: Budget) -> Chosen | CollectorError:
        return await first_good([_linked(session, self.max_age_seconds, budget) for session in self.sessions])


async def _linked(session: Session, max_age_seconds: float, budget: Budget) -> Chosen:
    told = await session.get("/api/summary", budget)
    link = parse_summary(told.document)
    if not link.connected:
        raise CollectorError(Kind.STALE, f"{told.where}: this mgr is cut off from its mons; what it says is old")
    age = await _quorum_heard(session, max_age_seconds, budget)
    if age is None:
        raise CollectorError(Kind.STALE, f"{told.where}: no news of a quorum since the first look at this mgr")
    if age > max_age_seconds:
        raise CollectorError(Kind.STALE, f"{told.where}: no news of a quorum for up to {age:.0f} s")
    return Chosen(session=session, link=link, age_seconds=age)


async def _quorum_heard(session: Session, max_age_seconds: float, budget: Budget) -> float | None:
    """How old the mons' last word is at most.

    Who has not looked lately (after a start, after a takeover, in a long scrape interval) looks again each second, for
    half of the probe's time; else an exporter's restart would be a hole in every cluster's record.
    """
    watch = session.watch
    looked_lately = watch.counts is not None and session.clock() - watch.seen_at <= max_age_seconds
    waiting = Budget.of(0) if looked_lately else budget.slice(budget.remaining() / 2)
    while True:
        asked_at = session.clock()
        age = parse_quorum_age((await session.get("/api/monitor", budget)).document)
        watch.look({"quorum_age": age}, asked_at)
        heard = watch.age_seconds(session.clock())
        if (heard is not None and heard <= max_age_seconds) or waiting.remaining() < LOOK_AGAIN_SECONDS:
            return heard
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def first_good(asking: Sequence[Awaitable[V]]) -> V | CollectorError:
    """The first result; without one, the error that tells most. The slower ones are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in asking]
    errors: list[CollectorError] = []
    try:
        for done in asyncio.as_completed(tasks):
            try:
                return await done
            except CollectorError as error:
                errors.append(error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    telling = [error for error in errors if not isinstance(error, StandbyError)]
    return min(telling, key=_rank, default=CollectorError(Kind.HTTP, "every dashboard redirects, as standby mgrs do"))


def _rank(error: CollectorError) -> int:
    """Stale and auth are about the active mgr; refused is the least: a standby's host may be down."""
    order = [Kind.STALE, Kind.AUTH, Kind.PERMISSION]
    kind = error.failure.kind
    return order.index(kind) if kind in order else len(order) + (kind is Kind.REFUSED)


Look = tuple[float, View] | CollectorError | None


async def _enough(looks: Sequence[asyncio.Future[Look]]) -> list[Look]:
    """All outcomes; once one mgr is fresh, those of the others that come at once."""
    pending = set(looks)
    while pending:
        found = any(look.done() and isinstance(look.result(), tuple) for look in looks)
        done, pending = await asyncio.wait(
            pending, timeout=OTHERS_SECONDS if found else None, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            break
    return [look.result() for look in looks if look.done()]


@dataclass(kw_only=True)
class Mgr:
    """One mgr's metrics address, watched over probes. `active` is how it served last, None for no answer."""

    endpoint: str
    watch: Watch = field(default_factory=Watch)
    active: bool | None = None

    @property
    def label(self) -> str:
        return httpx.URL(self.endpoint).netloc.decode()


@dataclass(kw_only=True)
class Mgrs:
    """All mgrs of a cluster."""

    http: httpx.AsyncClient = field(repr=False)
    members: tuple[Mgr, ...]
    body_bytes: int
    max_age_seconds: float
    clock: Callable[[], float] = time.monotonic

    async def view(self, budget: Budget) -> View:
        """What the freshest active mgr says; raises why there is none. One that hangs holds up no other."""
        looks = [asyncio.ensure_future(self._look(mgr, budget)) for mgr in self.members]
        try:
            outcomes = await _enough(looks)
        finally:
            for look in looks:
                look.cancel()
        fresh = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        if fresh:
            return min(fresh, key=lambda found: found[0])[1]
        errors = [outcome for outcome in outcomes if isinstance(outcome, CollectorError)]
        raise min(
            errors, key=_rank, default=CollectorError(Kind.STALE, "only standby mgrs answered, with empty bodies")
        )

    async def _look(self, mgr: Mgr, budget: Budget) -> Look:
        """The age and view of one mgr; its trouble; or None for a standby."""
        mgr.active = None
        asked_at = self.clock()
        try:
            scraped = await self._scraped(mgr, budget)
            if scraped.empty:
                mgr.active = False
                return None
            return self._aged(mgr, scraped, asked_at)
        except CollectorError as error:
            return error

    def _aged(self, mgr: Mgr, scraped: Scraped, asked_at: float) -> tuple[float, View]:
        where = mgr.endpoint
        if not is_active(scraped):
            raise CollectorError(Kind.DECODE, f"{where}: the body does not name one active mgr")
        mgr.active = True
        mgr.watch.look(collections(scraped, where), asked_at)
        age = mgr.watch.age_seconds(self.clock())
        if age is None:
            raise CollectorError(Kind.STALE, f"{where}: its collection counter was not seen moving yet")
        if age > self.max_age_seconds:
            raise CollectorError(Kind.STALE, f"{where}: its collection counter has not moved for {age:.0f} s")
        return age, replace(view_of(scraped), age_seconds=age)

    async def _scraped(self, mgr: Mgr, budget: Budget) -> Scraped:
        request = self.http.build_request("GET", f"{mgr.endpoint}/metrics", headers={"accept": "text/plain"})
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        check_status(answer)
        if answer.body.strip() and not answer.body.endswith(b"\n"):
            raise CollectorError(Kind.DECODE, f"{answer.where}: the body is cut short ({len(answer.body)} bytes)")
        if len(answer.body) > SCAN_APART_BYTES:
            return await in_thread(scan, answer.body, NAMES, answer.where)
        return scan(answer.body, NAMES, answer.where)
