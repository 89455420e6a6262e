"""Ceph as a system of the exporter: settings in, a source with up to seven collectors out.

A probe in health is one GET for each mgr and six for the active dashboard (`summary` and `monitor` first, the others
beside each other), one more with mirroring. A standby's dashboard gets one GET, which it answers with a redirect.
Only what a mgr answers out of its memory is asked: a call that makes it ask the mons holds one of its few threads for
as long as there is no quorum, and a probe each 15 s would soon have them all.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.source import Collector, Results, Verdict
from sankofa_exporters.reading.http import open_client, tls_context
from sankofa_exporters.registry import System

from . import collector as c
from . import families as f
from .metrics import View
from .mirror import parse_mirror
from .parse import parse_flags, parse_health, parse_pools, parse_reports
from .rounds import Chosen, Mgr, Mgrs, RestRound
from .session import Refusals, Session
from .settings import CephModule, CephTarget
from .snapshot import Health, Mirror, Reports
from .verdict import Service, by_mgr, by_rest, joined, silent

V = TypeVar("V")
# Paths with their API versions, the preferred first. A dashboard that pages its OSDs gives ten unless asked for all;
# one that does not refuses to be asked. `minimal` tells more than `snapshot`, which a later version may have alone.
OSDS = {"/api/osd?offset=0&limit=-1": "1.1", "/api/osd": "1.0"}
HEALTH = {"/api/health/minimal": "1.0", "/api/health/snapshot": "1.0"}
POOLS = "/api/pool?stats=true&attrs=pool_name,pg_num,pg_status,size,min_size,flags_names,stats"


@dataclass(kw_only=True)
class Witnesses:
    """Which of the two kinds was fresh at the last probe."""

    mgr: bool = False
    dashboard: bool = False


@dataclass(frozen=True, kw_only=True)
class CephSource:
    """One cluster."""

    module: CephModule
    wanted: frozenset[str]
    mgrs: Mgrs
    sessions: tuple[Session, ...]
    witnesses: Witnesses = field(default_factory=Witnesses)
    up: Family = f.UP
    known: Family = f.KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """The collectors of one probe; those of the dashboard share one choice of whom to ask."""
        return (*(self._mgr_collectors() if self.mgrs.members else ()), *(self._rest() if self.sessions else ()))

    def _mgr_collectors(self) -> Iterable[Collector]:
        yield Collector(name="mgr", fetch=self.mgrs.view, samples=self._mgr_samples, age_seconds=_own_age)

    def _rest(self) -> Iterable[Collector]:
        asking = Asking(rest=RestRound(sessions=self.sessions, max_age_seconds=self.module.max_age_seconds))
        yield Collector(name="link", fetch=asking.link, samples=self._link_samples, age_seconds=_own_age)
        yield Collector(name="health", fetch=asking.health, samples=self._health_samples)
        yield Collector(name="flags", fetch=asking.flags, samples=lambda r: c.flag_samples(r["flags"]))
        yield Collector(name="pools", fetch=asking.pools, samples=self._pool_samples)
        if self.module.osd_reports:
            yield Collector(
                name="osds",
                fetch=asking.reports,
                samples=lambda r: c.report_samples(r["osds"], self.module.max_report_age_seconds),
                age_seconds=lambda reports, _now: reports.age_seconds(),
            )
        if self.module.mirroring:
            yield Collector(
                name="mirror", fetch=asking.mirror, samples=lambda r: c.mirror_samples(r["mirror"]), required=False
            )

    def verdict(self, results: Results, now: float) -> Verdict:  # noqa: ARG002 - the sources' own clocks were read
        self.witnesses.mgr = isinstance(results.get("mgr"), View)
        self.witnesses.dashboard = isinstance(results.get("link"), Chosen)
        # A mgr that hears of no quorum, or OSDs that fell silent together, are proof that the rest is old.
        old = self._silent(results) or _cut_off(results)
        verdict = joined(self._by_rest(results), self._by_mgr(results), old=old)
        # A dashboard is there and cannot say whether OSDs report: a mgr alone cannot see that all fell silent.
        unheard = self.witnesses.dashboard and self.module.osd_reports and not isinstance(results.get("osds"), Reports)
        return Verdict.UNKNOWN if unheard and verdict is Verdict.UP else verdict

    def _silent(self, results: Results) -> bool:
        return silent(_only(Reports, results.get("osds")), self.module.max_report_age_seconds)

    def _by_rest(self, results: Results) -> Service | None:
        reports = _only(Reports, results.get("osds"))
        health, flags = _only(Health, results.get("health")), _only(frozenset, results.get("flags"))
        pools = _only(tuple, results.get("pools"))
        if health is None or flags is None or pools is None or (self.module.osd_reports and reports is None):
            return None
        return by_rest(health, flags, pools, self.wanted, reports)

    def _by_mgr(self, results: Results) -> Service | None:
        view = _only(View, results.get("mgr"))
        return None if view is None else by_mgr(view, self.wanted)

    def _link_samples(self, results: Results) -> Iterable[Sample]:
        chosen: Chosen = results["link"]
        wanted = (*c.SCOPES, "rbd-mirroring") if self.module.mirroring else c.SCOPES
        token = chosen.session.token
        yield from c.link_samples(chosen.link.version, None if token is None else token.scopes, wanted)

    def _health_samples(self, results: Results) -> Iterable[Sample]:
        return c.health_samples(results["health"], reported=not self._silent(results))

    def _pool_samples(self, results: Results) -> Iterable[Sample]:
        if self._silent(results):
            raise CollectorError(
                Kind.STALE, "most OSDs that are called up have not reported lately: their PGs are unknown"
            )
        return c.pool_samples(results["pools"], _only(frozenset, results.get("flags")))

    def _mgr_samples(self, results: Results) -> Iterable[Sample]:
        """The mgr speaks for itself alone when no dashboard does, and not when one says that all is old."""
        mirror, link = _only(Mirror, results.get("mirror")), results.get("link")
        alone = not isinstance(link, Chosen) and not _cut_off(results)
        return c.mgr_samples(
            results["mgr"],
            _only(Health, results.get("health")),
            alone=alone,
            mirrored=() if mirror is None else mirror.snapshots,
        )

    def standing(self) -> Iterable[Sample]:
        """Who could be believed, and how each mgr served, whatever came of it."""
        yield Sample(f.WITNESSES, self.witnesses.mgr + self.witnesses.dashboard)
        for mgr in self.mgrs.members:
            if mgr.active is not None:
                yield Sample(f.MGR_ACTIVE, float(mgr.active), (mgr.label,))

    async def close(self) -> None:
        await self.mgrs.http.aclose()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The questions to the active dashboard."""

    rest: RestRound

    async def link(self, budget: Budget) -> Chosen:
        return await self.rest.chosen(budget)

    async def health(self, budget: Budget) -> Health:
        return parse_health((await self.rest.ask_first(HEALTH, budget)).document)

    async def flags(self, budget: Budget) -> frozenset[str]:
        return parse_flags((await self.rest.ask("/api/osd/flags", budget)).document)

    async def pools(self, budget: Budget) -> tuple[Any, ...]:
        return parse_pools((await self.rest.ask(POOLS, budget)).document)

    async def reports(self, budget: Budget) -> Reports:
        with observed() as own:
            told = await self.rest.ask_first(OSDS, budget)
            # Without a clock of its own the answer is as old as it would be had we heard it at once.
            heard_at = time.time() - own.measured().delay.seconds
        return parse_reports(told.document, heard_at if told.answered_at is None else told.answered_at)

    async def mirror(self, budget: Budget) -> Mirror:
        return parse_mirror((await self.rest.ask("/api/block/mirroring/summary", budget)).document)


def _own_age(result: Any, _now: float) -> float:
    return float(result.age_seconds)


def _cut_off(results: Results) -> bool:
    """The dashboard answered, and what it says is old: no mon, or no quorum, speaks to that mgr."""
    link = results.get("link")
    return isinstance(link, Failure) and link.kind is Kind.STALE


def _only(wanted: type[V], result: Any) -> V | None:
    """The result of a collector, or None when it failed or is not there."""
    return result if isinstance(result, wanted) else None


def open_source(module: CephModule, target: CephTarget, bounds: Bounds) -> CephSource:
    http = open_client(verify=tls_context(module.ca_file))
    session = partial(
        Session,
        http=http,
        username=module.username,
        password_file=module.password_file,
        body_bytes=bounds.body_bytes,
        refusals=Refusals(clock=time.monotonic),
    )
    return CephSource(
        module=module,
        wanted=frozenset(target.pools),
        mgrs=Mgrs(
            http=http,
            members=tuple(Mgr(endpoint=endpoint) for endpoint in target.mgrs),
            body_bytes=bounds.body_bytes,
            max_age_seconds=module.max_age_seconds,
        ),
        sessions=tuple(session(endpoint=endpoint) for endpoint in target.dashboards),
    )


SYSTEM = System(
    name="ceph",
    title="Sankofa Ceph exporter",
    default_address=":9128",
    module_type=CephModule,
    target_type=CephTarget,
    open=open_source,
    families=f.FAMILIES,
    upstream_job="ceph-mgr",
)
