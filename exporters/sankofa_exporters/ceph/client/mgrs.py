"""The metrics addresses of a cluster's mgrs: how each serves, and what the freshest active one says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from sankofa_exporters.ceph.snapshot.mgr_metrics import NAMES, View, collections, is_active, lost_lines, view_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.backoff import Backoff
from sankofa_exporters.reading.http import Answer, check_status, exchange
from sankofa_exporters.reading.scraped import Scraped, scan

from .errors import most_telling
from .freshness import Freshness
from .identity import Identity

SCAN_IN_THREAD_BYTES = 512 * 1024
OTHERS_SECONDS = 1.0  # how long the others may take to say that they are standbys, once one is known to be active


@dataclass(kw_only=True)
class Mgr:
    """One mgr's metrics address, asked over many probes."""

    endpoint: str
    freshness: Freshness = field(default_factory=Freshness)
    backoff: Backoff = field(default_factory=Backoff)

    @property
    def label(self) -> str:
        return httpx.URL(self.endpoint).netloc.decode()


@dataclass(frozen=True, kw_only=True)
class Served:
    """How one mgr served in one probe: `active` is None where it did not say."""

    label: str
    active: bool | None
    view: View | None = None
    error: CollectorError | None = None


@dataclass(kw_only=True)
class Mgrs:
    """All mgrs of a cluster."""

    http: httpx.AsyncClient = field(repr=False)
    members: tuple[Mgr, ...]
    body_bytes: int
    max_age_seconds: float
    clock: Callable[[], float] = time.monotonic
    identity: Identity = field(default_factory=Identity)

    async def served(self, budget: Budget) -> tuple[Served, ...]:
        """Each mgr of which there is an outcome; one that hangs holds up no other, and is not among them."""
        tasks = [asyncio.ensure_future(self._served(mgr, budget)) for mgr in self.members]
        try:
            return tuple(await _enough(tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _served(self, mgr: Mgr, budget: Budget) -> Served:
        asked_at = self.clock()
        try:
            answer = await self._answer(mgr, budget)
            scraped, view = await _read(answer)
        except CollectorError as error:
            mgr.backoff.learn(error)
            return Served(label=mgr.label, active=None, error=error)
        if scraped.empty:
            return Served(label=mgr.label, active=False)
        if not is_active(scraped):
            reason = f"{answer.where}: the body does not name one active mgr"
            return Served(label=mgr.label, active=None, error=CollectorError(Kind.DECODE, reason))
        try:
            self.identity.check(view.fsid, mgr.endpoint)
            age = self._age(mgr, collections(scraped, answer.where), asked_at)
        except CollectorError as error:
            return Served(label=mgr.label, active=True, error=error)
        return Served(label=mgr.label, active=True, view=replace(view, age_seconds=age))

    def _age(self, mgr: Mgr, counts: Mapping[str, float], asked_at: float) -> float:
        """The greatest age of a body; raises `stale` while its collection counters do not prove one."""
        mgr.freshness.note(counts, asked_at)
        age = mgr.freshness.age_seconds(self.clock())
        if age is None:
            raise CollectorError(Kind.STALE, f"{mgr.endpoint}: its collection counter was not seen moving yet")
        if age > self.max_age_seconds:
            raise CollectorError(Kind.STALE, f"{mgr.endpoint}: its collection counter has not moved for {age:.0f} s")
        return age

    async def _answer(self, mgr: Mgr, budget: Budget) -> Answer:
        mgr.backoff.check(mgr.endpoint)
        request = self.http.build_request("GET", f"{mgr.endpoint}/metrics", headers={"accept": "text/plain"})
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        check_status(answer)
        if answer.body.strip() and not answer.body.endswith(b"\n"):
            raise CollectorError(Kind.DECODE, f"{answer.where}: the body is cut short ({len(answer.body)} bytes)")
        return answer


def freshest(served: Sequence[Served]) -> View:
    """What the freshest active mgr says; raises why there is none."""
    views = [one.view for one in served if one.view is not None]
    if views:
        return min(views, key=lambda view: view.age_seconds)
    errors = [one.error for one in served if one.error is not None]
    if not errors and not served:
        raise CollectorError(Kind.TIMEOUT, "no mgr answered in time")
    raise most_telling(errors, CollectorError(Kind.STALE, "only standby mgrs answered, with empty bodies"))


async def _read(answer: Answer) -> tuple[Scraped, View]:
    if len(answer.body) > SCAN_IN_THREAD_BYTES:
        return await in_thread(_scanned, answer)
    return _scanned(answer)


def _scanned(answer: Answer) -> tuple[Scraped, View]:
    scraped = scan(answer.body, NAMES, answer.where)
    return scraped, view_of(scraped, lost_lines(answer.body, scraped))


async def _enough(tasks: Sequence[asyncio.Future[Served]]) -> list[Served]:
    """All outcomes; once one mgr is fresh, those of the others that come soon."""
    pending = set(tasks)
    while pending:
        found = any(task.done() and task.result().view is not None for task in tasks)
        done, pending = await asyncio.wait(
            pending, timeout=OTHERS_SECONDS if found else None, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            break
    return [task.result() for task in tasks if task.done()]
