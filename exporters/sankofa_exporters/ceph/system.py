"""Ceph as a system of the exporter: settings in, a source with up to ten collectors out.

A probe in health is one GET for each mgr and six for the active dashboard (`monitor` and `summary` first, the others
beside each other), and at most one more for a detail. A standby's dashboard gets one GET, which it answers with a redirect.
Only what a mgr answers out of its memory is asked at each probe: a call that makes it ask the mons holds one of its few
threads for as long as there is no quorum, and a probe each 15 s would soon have them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import httpx

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.shared import Shared
from sankofa_exporters.probe.source import Collector, Results, Verdict, only
from sankofa_exporters.registry import System

from . import families as f
from . import samples as s
from .client.dashboards import Dashboard, Link, Questions
from .client.details import Ask, Details
from .client.identity import Identity
from .client.mgrs import Mgr, Mgrs, Served, freshest
from .client.session import Refusals, Session
from .settings import CephModule, CephTarget
from .signals import SIGNALS
from .snapshot.mgr_metrics import View
from .snapshot.values import Health, Mirror, Osds, Pools
from .verdict import Evidence, Rules, verdict_of

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class CephSource:
    """One cluster."""

    module: CephModule
    rules: Rules
    http: httpx.AsyncClient = field(repr=False)
    mgrs: Mgrs
    dashboards: tuple[Dashboard, ...]
    details: Details
    identity: Identity = field(default_factory=Identity)
    up: Family = f.UP
    known: Family = f.KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """The collectors of one probe; those of the dashboard share one choice of whom to ask."""
        shared = Shared()
        served: Callable[[Budget], Any] = lambda budget: shared.once("mgrs", lambda: self.mgrs.served(budget))  # noqa: E731
        questions = Questions(dashboards=self.dashboards, shared=shared)
        return (
            Collector(name="witnesses", fetch=served, samples=self._witness_samples),
            *(self._mgr_collectors(served) if self.mgrs.members else ()),
            *((*self._status(questions), *self._details(questions)) if self.dashboards else ()),
        )

    def _mgr_collectors(self, served: Callable[[Budget], Any]) -> Iterable[Collector]:
        async def view(budget: Budget) -> View:
            found = freshest(await served(budget))
            if not self.identity.is_believable(found.fsid):
                raise CollectorError(Kind.HTTP, "a mgr's metrics do not name our cluster, and another one answers too")
            return found

        yield Collector(name="mgr", fetch=view, samples=self._mgr_samples, age_seconds=_own_age)

    def _status(self, questions: Questions) -> Iterable[Collector]:
        yield Collector(name="link", fetch=questions.link, samples=self._link_samples, age_seconds=_own_age)
        yield Collector(name="health", fetch=questions.health, samples=self._health_samples, age_seconds=_own_age)
        yield Collector(name="flags", fetch=questions.flags, samples=lambda r: s.flag_samples(r["flags"]))
        yield Collector(name="pools", fetch=questions.pools, samples=self._pool_samples)
        if self.module.osd_reports:
            yield Collector(
                name="osds",
                fetch=questions.osds,
                samples=lambda r: s.report_samples(r["osds"], self.module.max_report_age_seconds),
                age_seconds=lambda osds, _now: osds.report_age_seconds(),
            )

    def _details(self, questions: Questions) -> Iterable[Collector]:
        """What only describes. The OSDs one by one come last: in a large cluster they may be too many series for a probe."""
        for name, samples in (
            ("filesystems", lambda r: s.filesystem_samples(r["filesystems"].value)),
            ("mirror", lambda r: s.mirror_samples(r["mirror"].value)),
            ("osd_details", self._osd_samples),
        ):
            if name in self.details.asks:
                fetch = partial(self.details.answer, name, questions)
                yield Collector(name=name, fetch=fetch, samples=samples, age_seconds=_own_age, required=False)
        if self.module.osd_reports:  # then they are in the answer that proves their reports
            yield Collector(name="osd_details", fetch=questions.osds, samples=self._osd_samples, required=False)

    def verdict(self, results: Results, now: float) -> Verdict:  # noqa: ARG002 - the sources' own clocks were read
        if self.identity.is_disputed:
            return Verdict.UNKNOWN
        evidence = evidence_of(results)
        if evidence.view is not None and not self.identity.is_believable(evidence.view.fsid):
            evidence = replace(evidence, view=None)
        return verdict_of(evidence, self.rules)

    def _are_silent(self, results: Results) -> bool:
        osds = only(Osds, results.get("osds"))
        return osds is not None and osds.are_silent(self.module.max_report_age_seconds)

    def _witness_samples(self, results: Results) -> Iterable[Sample]:
        served: Sequence[Served] = results["witnesses"]
        was_asked = not self.dashboards or "link" in results  # not in a probe that is narrowed to other collectors
        fresh = any(one.view for one in served) + isinstance(results.get("link"), Link)
        return s.witness_samples(served, fresh if was_asked else None)

    def _link_samples(self, results: Results) -> Iterable[Sample]:
        scopes = {"monitor": True, "osd": True, "pool": True, "rgw": True}
        scopes |= {"cephfs": "filesystems" in self.details.asks, "rbd-mirroring": "mirror" in self.details.asks}
        return s.link_samples(results["link"], [scope for scope, wanted in scopes.items() if wanted])

    def _health_samples(self, results: Results) -> Iterable[Sample]:
        link = only(Link, results.get("link"))
        mons_known = link is not None and link.mons is not None
        health: Health = results["health"].value
        found = s.health_samples(health, reported=not self._are_silent(results), mons_known=mons_known)
        return s.with_waiting(found, serves=self._serves(results))

    def _serves(self, results: Results) -> bool:
        return self.verdict(results, 0) is Verdict.UP

    def _pool_samples(self, results: Results) -> Iterable[Sample]:
        if self._are_silent(results):
            raise CollectorError(
                Kind.STALE, "most OSDs that are called up have not reported lately: their PGs are unknown"
            )
        return s.pool_samples(results["pools"], only(frozenset, results.get("flags")))

    def _osd_samples(self, results: Results) -> Iterable[Sample]:
        found = results["osd_details"]
        osds: Osds = found.value if isinstance(found, Aged) else found
        return s.osd_samples(osds, self.module.max_report_age_seconds)

    def _mgr_samples(self, results: Results) -> Iterable[Sample]:
        """The mgr's values stand in where no dashboard answers, and not when one shows that all is old."""
        mirror: Mirror | None = _value(Mirror, results.get("mirror"))
        alone = not isinstance(results.get("link"), Link) and not _is_cut_off(results)
        found = s.mgr_samples(
            results["mgr"],
            _value(Health, results.get("health")),
            alone=alone,
            mirrored=() if mirror is None else mirror.snapshots,
        )
        return s.with_waiting(found, serves=self._serves(results))

    def standing(self) -> Iterable[Sample]:
        """Nothing: whatever a probe says of the mgrs is of its own answers."""
        return ()

    async def close(self) -> None:
        self.details.cancel()
        for dashboard in self.dashboards:
            dashboard.cancel()
        await self.http.aclose()


def evidence_of(results: Results) -> Evidence:
    link = only(Link, results.get("link"))
    return Evidence(
        linked=link is not None,
        mons=link.mons if link is not None else None,
        health=_value(Health, results.get("health")),
        flags=only(frozenset, results.get("flags")),
        pools=only(Pools, results.get("pools")),
        osds=only(Osds, results.get("osds")),
        # A dashboard without news of a quorum is proof that the mgr's metrics are old too.
        view=None if _is_cut_off(results) else only(View, results.get("mgr")),
    )


def _is_cut_off(results: Results) -> bool:
    """The dashboard answered, and its view is old: that mgr has no connection to a mon, or no news of a quorum."""
    link = results.get("link")
    return isinstance(link, Failure) and link.kind is Kind.STALE


def _own_age(result: Any, _now: float) -> float:
    return float(result.age_seconds)


def _value(wanted: type[V], result: Any) -> V | None:
    """What an aged result holds, or None."""
    return only(wanted, result.value) if isinstance(result, Aged) else None


def _asked_in_rotation(module: CephModule) -> dict[str, Ask]:
    asks: dict[str, Ask] = {"filesystems": Dashboard.filesystems}
    if module.mirroring:
        asks["mirror"] = Dashboard.mirror
    if not module.osd_reports:
        asks["osd_details"] = Dashboard.osds
    return {name: ask for name, ask in asks.items() if name not in module.skip}


def open_source(module: CephModule, target: CephTarget, bounds: Bounds) -> CephSource:
    http = module.open_client()
    identity = Identity(configured=target.fsid)
    refusals = Refusals(clock=time.monotonic)
    sessions = (
        Session(
            http=http,
            endpoint=endpoint,
            username=module.username,
            password_file=module.password_file,
            body_bytes=bounds.body_bytes,
            refusals=refusals,
        )
        for endpoint in target.dashboards
    )
    return CephSource(
        module=module,
        rules=Rules(
            pools=frozenset(target.pools),
            osd_reports=module.osd_reports,
            max_report_age_seconds=module.max_report_age_seconds,
        ),
        http=http,
        mgrs=Mgrs(
            http=http,
            members=tuple(Mgr(endpoint=endpoint) for endpoint in target.mgrs),
            body_bytes=bounds.body_bytes,
            max_age_seconds=module.max_age_seconds,
            identity=identity,
        ),
        dashboards=tuple(
            Dashboard(session=one, max_age_seconds=module.max_age_seconds, identity=identity) for one in sessions
        ),
        identity=identity,
        details=Details(asks=_asked_in_rotation(module)),
    )


SYSTEM = System(
    name="ceph",
    title="Sankofa Ceph exporter",
    default_address=":9128",
    module_type=CephModule,
    target_type=CephTarget,
    open=open_source,
    families=f.FAMILIES,
    signals=SIGNALS,
    upstream_job="ceph-mgr",
)
