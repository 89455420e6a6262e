"""The dashboards of a cluster: which of them is the active mgr's, and the questions to it, one method each.

All dashboards are asked at once, so one that is frozen costs the others nothing. The one that first proves that it hears
from a quorum answers all further questions of a probe: one mgr's view, not a mixture of two. Only what a mgr answers out
of its memory is asked at each probe; what makes it ask its mons or OSDs (`health/snapshot`, the mirrors) is remembered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sankofa_exporters.ceph.snapshot.filesystems import parse_filesystems
from sankofa_exporters.ceph.snapshot.health import parse_flags, parse_health, parse_quorum, parse_summary
from sankofa_exporters.ceph.snapshot.mirror import parse_mirror
from sankofa_exporters.ceph.snapshot.osds import parse_osds
from sankofa_exporters.ceph.snapshot.pools import parse_pools
from sankofa_exporters.ceph.snapshot.values import Filesystem, Health, Mirror, Mons, Osds, Pools, Summary
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.remembered import Aged, Remembered
from sankofa_exporters.probe.shared import Shared
from sankofa_exporters.reading.http import read

from .errors import StandbyError, most_telling
from .freshness import Freshness
from .identity import Identity
from .session import Session, date_of

V = TypeVar("V")
ASK_AGAIN_SECONDS = 1
OTHERS_SECONDS = 1.0
RETRY_SECONDS, DOUBLED_UNTIL_SECONDS = 15.0, 60.0  # a cluster that is back must be known within a minute
# Paths with their API versions, the preferred first. A dashboard that pages its OSDs gives ten unless asked for all; one
# that does not page them refuses the question.
OSDS = {"/api/osd?offset=0&limit=-1": "1.1", "/api/osd": "1.0"}
MINIMAL, SNAPSHOT = "/api/health/minimal", "/api/health/snapshot"
POOLS = (
    "/api/pool?stats=true&attrs=pool_name,pg_num,pg_status,size,min_size,flags_names,stats"
    ",quota_max_bytes,quota_max_objects"
)


@dataclass(kw_only=True)
class Dashboard:
    """One mgr's dashboard, asked over many probes."""

    session: Session
    max_age_seconds: float
    identity: Identity = field(default_factory=Identity)
    freshness: Freshness = field(default_factory=Freshness)  # of the quorum's age, as this mgr reports it
    snapshot: Remembered[Health] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.snapshot = Remembered(
            name=f"{self.session.endpoint}{SNAPSHOT}",
            period_seconds=0,
            cap_seconds=self.max_age_seconds,
            retry_seconds=RETRY_SECONDS,
            doubled_until_seconds=DOUBLED_UNTIL_SECONDS,
            clock=self._now,
        )

    def _now(self) -> float:
        return self.session.clock()

    async def health(self, budget: Budget) -> Aged[Health]:
        """`minimal` is out of the mgr's memory and says more; a version may lack it, or fail at it."""
        return await self.session.first_of(
            {MINIMAL: lambda: self._minimal(budget), SNAPSHOT: lambda: self._snapshot(budget)}
        )

    async def _minimal(self, budget: Budget) -> Aged[Health]:
        return Aged(value=await self.session.get(MINIMAL, budget, parse_health), age_seconds=0)

    async def _snapshot(self, budget: Budget) -> Aged[Health]:
        if self.snapshot.is_due(self.session.clock()):
            self.snapshot.begin(lambda own: self.session.get(SNAPSHOT, own, parse_health))
        await self.snapshot.wait(budget.remaining())
        return self.snapshot.recall()

    async def flags(self, budget: Budget) -> frozenset[str]:
        return await self.session.get("/api/osd/flags", budget, parse_flags)

    async def pools(self, budget: Budget) -> Pools:
        return await self.session.get(POOLS, budget, parse_pools)

    async def osds(self, budget: Budget) -> Osds:
        return await self.session.first_of(
            {path: partial(self._osds, path, version, budget) for path, version in OSDS.items()}
        )

    async def _osds(self, path: str, version: str, budget: Budget) -> Osds:
        with observed() as own:
            answer = await self.session.answer(path, budget, version=version)
            # Without a clock of its own the answer is as old as it would be had we read it at once.
            received_at = time.time() - own.measured().delay.seconds
        answered_at = date_of(answer)
        return await read(answer, partial(parse_osds, answered_at=received_at if answered_at is None else answered_at))

    async def filesystems(self, budget: Budget) -> tuple[Filesystem, ...]:
        return await self.session.get("/api/cephfs", budget, parse_filesystems)

    async def mirror(self, budget: Budget) -> Mirror:
        return await self.session.get("/api/block/mirroring/summary", budget, parse_mirror)

    async def link(self, budget: Budget) -> Link:
        """Proof that this dashboard has news of a quorum, and its version; raises `stale` without the proof."""
        mons, age = await self._quorum(budget)
        where = f"{self.session.endpoint}/api/monitor"
        if age is None:
            raise CollectorError(Kind.STALE, f"{where}: the quorum's age has not moved since the first answer")
        if age > self.max_age_seconds:
            raise CollectorError(Kind.STALE, f"{where}: the quorum's age has not moved for up to {age:.0f} s")
        summary = await self._summary(budget.slice(budget.remaining() / 2))
        if summary is not None and not summary.connected:
            raise CollectorError(Kind.STALE, f"{where}: this mgr is cut off from its mons; what it says is old")
        return Link(dashboard=self, version=summary.version if summary else None, mons=mons, age_seconds=age)

    async def _summary(self, budget: Budget) -> Summary | None:
        """It shows at once that a mgr is cut off; the quorum's age shows it later, so a summary that fails hides nothing.

        With RBD pools whose PGs are inactive it takes 5 s, which is when the rest matters most.
        """
        try:
            return await self.session.get("/api/summary", budget, parse_summary)
        except CollectorError:
            return None

    async def _quorum(self, budget: Budget) -> tuple[Mons | None, float | None]:
        """The mons, and how old their last report to this mgr is at most.

        Without a recent answer (after a start, after a takeover, in a long scrape interval) it asks again each second, for
        half of the probe's time; else an exporter's restart would be a hole in every cluster's record.
        """
        clock, freshness = self.session.clock, self.freshness
        asked_lately = freshness.counts is not None and clock() - freshness.seen_at <= self.max_age_seconds
        waiting = Budget.of(0) if asked_lately else budget.slice(budget.remaining() / 2)
        while True:
            asked_at = clock()
            quorum = await self.session.get("/api/monitor", budget, parse_quorum)
            self.identity.check(quorum.fsid, self.session.endpoint)
            freshness.note({"quorum_age": quorum.age_seconds}, asked_at)
            age = freshness.age_seconds(clock())
            if (age is not None and age <= self.max_age_seconds) or waiting.remaining() < ASK_AGAIN_SECONDS:
                return quorum.mons, age
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    def cancel(self) -> None:
        self.snapshot.cancel()
        self.session.cancel()


@dataclass(frozen=True, kw_only=True)
class Link:
    """The active dashboard, what it said of itself and of the quorum, and how old its view is at most."""

    dashboard: Dashboard
    version: str | None
    mons: Mons | None
    age_seconds: float

    @property
    def scopes(self) -> frozenset[str] | None:
        token = self.dashboard.session.token
        return None if token is None else token.scopes


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The questions of one probe: the active dashboard is found once, and what two collectors need is asked once."""

    dashboards: Sequence[Dashboard]
    shared: Shared = field(default_factory=Shared)

    async def link(self, budget: Budget) -> Link:
        return await self.shared.once("link", lambda: self._link(budget))

    async def _link(self, budget: Budget) -> Link:
        """The first probe waits a little for the others too: whether they are of one cluster is seen by all of them."""
        identity = self.dashboards[0].identity
        is_first = identity.fsid is None and len(self.dashboards) > 1
        asking = [one.link(budget) for one in self.dashboards]
        found = await _first_good(asking, min(OTHERS_SECONDS, budget.remaining() / 4) if is_first else 0)
        identity.refuse_disputed()
        return found

    async def health(self, budget: Budget) -> Aged[Health]:
        link = await self.link(budget)
        found = await link.dashboard.health(budget)
        return Aged(value=found.value, age_seconds=link.age_seconds + found.age_seconds)

    async def flags(self, budget: Budget) -> frozenset[str]:
        return await (await self.link(budget)).dashboard.flags(budget)

    async def pools(self, budget: Budget) -> Pools:
        return await (await self.link(budget)).dashboard.pools(budget)

    async def osds(self, budget: Budget) -> Osds:
        dashboard = (await self.link(budget)).dashboard
        return await self.shared.once("osds", lambda: dashboard.osds(budget))


async def _first_good(asking: Sequence[Awaitable[V]], patience_seconds: float) -> V:
    """The first result; without one, the error that says most is raised. The slower ones are cancelled after a while."""
    tasks = [asyncio.ensure_future(one) for one in asking]
    errors: list[CollectorError] = []
    try:
        for done in asyncio.as_completed(tasks):
            try:
                found = await done
            except CollectorError as error:
                errors.append(error)
                continue
            if patience_seconds:
                await asyncio.wait(tasks, timeout=patience_seconds)
            return found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    active = [error for error in errors if not isinstance(error, StandbyError)]
    raise most_telling(active, CollectorError(Kind.HTTP, "every dashboard redirects, as standby mgrs do"))
