"""The platform's own metrics: where each promise stands, what is settled, and whether the process itself is well.

Filled after each turn from the stores, never at scrape time; shown as ratios and floats because people and alerts read them.
No verdict or amount is ever computed from here. The names are those of `telemetry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from sankofa_observe import telemetry
from sankofa_observe.errors import kind_of
from sankofa_observe.operations.contract import ContractMetrics
from sankofa_observe.operations.keys import KeyMetrics
from sankofa_observe.operations.machine import MachineMetrics
from sankofa_observe.operations.money import MoneyMetrics
from sankofa_observe.operations.registry import ProcessMetrics, remove, show
from sankofa_observe.operations.waits import waiting_seconds
from sankofa_observe.pipeline.evaluate import PERIOD
from sankofa_observe.pipeline.incidents import Stored
from sankofa_observe.pipeline.panel import PanelOf
from sankofa_observe.pipeline.period import period_totals
from sankofa_observe.pipeline.stages import STAGES, URGENT
from sankofa_observe.ports import Attestor, Clock, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import CANNOT_TELL, OTHERWISE, SAME, View
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import judge
from sankofa_observe.units import PPM

REFUSALS = (401, 403)  # an alert reads their rate, from the first one on


class RequestMetrics:
    """How the API answers."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._process = process
        self._duration = process.histogram(telemetry.API_DURATION)
        self._answers = process.counter(telemetry.API_ANSWERS)
        self.keys = KeyMetrics(process)
        for status in REFUSALS:
            self._answers.labels(str(status))
        process.expect_errors_of("api")

    def answered(self, route: str, status: int, seconds: float, kind: str) -> None:
        self._duration.labels(route, f"{status // 100}xx").observe(seconds)
        self._answers.labels(str(status)).inc()
        if kind:
            self._process.error("api", kind)


class IncidentMetrics:
    """What became of the alerts that Alertmanager told of."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._process = process
        self._alerts = process.counter(telemetry.INCIDENT_ALERTS)
        process.expect_errors_of("incidents")
        for outcome in Stored.OUTCOMES:
            self._alerts.labels(outcome)

    def stored(self, what: Stored) -> None:
        for outcome in Stored.OUTCOMES:
            self._alerts.labels(outcome).inc(what.count(outcome))

    def answered(self, kind: str) -> None:
        if kind:
            self._process.error("incidents", kind)


class PipelineMetrics:
    """What the stages did, and what stands since: gauges over one catalog."""

    def __init__(self, process: ProcessMetrics, catalog: Catalog) -> None:
        self._process, self._catalog = process, catalog
        self._sites = process.gauge(telemetry.SITE_INFO)
        self._targets = process.gauge(telemetry.TARGET_INFO)
        self._objective = process.gauge(telemetry.SLO_OBJECTIVE)
        self._slots = process.gauge(telemetry.SLO_SLOTS)
        self._low = process.gauge(telemetry.SLO_LOW)
        self._high = process.gauge(telemetry.SLO_HIGH)
        self._spent = process.gauge(telemetry.SLO_SPENT)
        self._settlements = process.gauge(telemetry.SETTLEMENTS)
        self.money = MoneyMetrics(process, catalog)
        self._undetermined = process.gauge(telemetry.UNDETERMINED)
        self._undetermined_since = process.gauge(telemetry.UNDETERMINED_SINCE)
        self._waiting = process.gauge(telemetry.WAITING)
        self._waiting_seconds = process.gauge(telemetry.WAITING_SECONDS)
        self._newest = process.gauge(telemetry.OBSERVER_NEWEST)
        self._alone = process.gauge(telemetry.OBSERVER_VERDICTS)
        self._heard = process.gauge(telemetry.ATTESTOR_HEARD)
        self._began_at = 0
        self._succeeded = process.gauge(telemetry.PIPELINE_SUCCESS)
        self.contract = ContractMetrics(process)
        self.machine = MachineMetrics(process)
        self._failures = process.counter(telemetry.PIPELINE_FAILURES)
        self._duration = process.histogram(telemetry.PIPELINE_DURATION)
        process.expect_errors_of("scheduler")
        for stage in STAGES:
            self._failures.labels(stage.name)
        for site in catalog.sites.values():
            self._sites.labels(site.name, site.tier, site.region).set(1)
            for system, names in site.targets.items():
                for name in names:
                    self._targets.labels(site.tier, site.region, site.name, system, name).set(1)

    def started(self, stages: Iterable[str], at: int) -> None:
        """From now on these stages are expected to succeed: one that never does is as late as one that stopped."""
        self._began_at = at
        for stage in URGENT.intersection(stages):
            self._succeeded.labels(stage).set(at)

    def stage_done(self, stage: str, error: BaseException | None, seconds: float, at: int) -> None:
        self._duration.labels(stage).observe(seconds)
        if error is not None:
            self._failures.labels(stage).inc()
            self._process.error("scheduler", kind_of(error))
        elif stage in URGENT:
            self._succeeded.labels(stage).set(at)

    def refresh_slots(self, slots: SlotTable, clock: Clock) -> None:
        """Where each promise stands in the period that runs."""
        for slo in self._catalog.slos_at(clock.now()):
            self._objective.labels(slo.name, slo.tier).set(slo.target_ppm / PPM)
            self._refresh_slo(slo, slots, clock)

    def refresh_records(self, ledger: Ledger, now: int) -> None:
        """What was judged and settled, and what waits."""
        totals = ledger.totals()
        for state in SettlementState:
            self._settlements.labels(state.value).set(totals.settlements.get(state, 0))
        self.money.refresh_sums(totals, ledger.at_stake())
        self.money.refresh_judged(ledger)
        self._refresh_undetermined(ledger)
        show(self._waiting, {(PERIOD,): 0, **{(one.subject,): one.waits for one in ledger.waiting()}})
        show(self._waiting_seconds, waiting_seconds(ledger, now))

    def refresh_observers(self, own: str, panel_of: PanelOf, ledger: Ledger, now: int) -> None:
        """How far each observer has counted, and of several what each would have said alone; `own` is who judges alone.

        A table is asked once of each SLO, however many agreements lean on it: those of others remember nothing.
        """
        tables: dict[str, SlotTable] = {}
        newest_slot = cache(lambda name, slo: max(tables[name].watermarks(slo).values(), default=0))
        newest: dict[tuple[str, ...], float] = {}
        alone: dict[tuple[str, ...], float] = {}
        for one in self._catalog.agreements.values():
            names, slos = one.observers.names or (own,), {promise.slo.counted_as for promise in one.promises}
            for name, table in zip(names, panel_of(one.observers).tables, strict=True):
                tables[name] = table
                if one.covers(now):
                    at = min(newest_slot(name, slo) for slo in slos)
                    newest[name,] = min(at, newest.get((name,), at))
                alone |= {(name, word): 0 for word in (SAME, OTHERWISE, CANNOT_TELL)}
        for verdict, view in self._views(ledger):
            alone[view.name, view.beside(verdict)] += 1
        show(self._newest, newest)
        show(self._alone, alone)

    def refresh_attestors(self, attestors: Iterable[Attestor]) -> None:
        """When each was last at work: one that never was is expected from when this process began."""
        show(self._heard, {(one.name,): self._began_at if one.heard_at is None else one.heard_at for one in attestors})

    def _several(self) -> list[Agreement]:
        return [one for one in self._catalog.agreements.values() if one.observers.names]

    def _views(self, ledger: Ledger) -> Iterator[tuple[str, View]]:
        """What each observer alone says of a promise's newest judged period, beside what all say."""
        judged_to, attainments = ledger.judged_to() if self._several() else {}, cache(ledger.attainments)
        for one in self._several():
            if one.id not in judged_to or not one.covers(judged_to[one.id]):
                continue
            period = one.window.period_at(judged_to[one.id])
            sites = {(promise.slo.name, promise.site) for promise in one.promises}
            for slo in {promise.slo.name: promise.slo for promise in one.promises}.values():
                for found in attainments(slo.name, period):
                    if found.quorum == one.observers and (slo.name, found.site) in sites:
                        verdict = judge(slo, found.attainment).value
                        yield from ((verdict, view) for view in found.views)

    def _refresh_undetermined(self, ledger: Ledger) -> None:
        found = ledger.undetermined()
        none: dict[tuple[str, ...], float] = dict.fromkeys(((slo,) for slo in self._catalog.slo_names()), 0)
        show(self._undetermined, {**none, **{(one.slo,): one.verdicts for one in found}})
        show(self._undetermined_since, {(one.slo,): one.oldest_ends_at for one in found})

    def _refresh_slo(self, slo: Slo, slots: SlotTable, clock: Clock) -> None:
        period = slo.window.period_at(clock.now())
        for site, found in period_totals(slo, self._catalog.sites_of(slo), period, slots, so_far=True).items():
            promise = (slo.name, site, slo.tier)
            if not found.totals.states or found.problem:
                self._forget(promise)
                for state in SlotState:
                    remove(self._slots, (*promise, state.value))
                continue
            for state in SlotState:
                self._slots.labels(*promise, state.value).set(found.totals.states.get(state, 0))
            attained = found.attainment(slo)
            if not attained.bounded or not attained.good + attained.bad:
                self._forget(promise)
                continue
            self._low.labels(*promise).set(attained.good / attained.base)
            self._high.labels(*promise).set(attained.high_good / attained.base)
            self._spent.labels(*promise).set(attained.bad * PPM / (attained.base * (PPM - slo.target_ppm)))

    def _forget(self, promise: tuple[str, str, str]) -> None:
        """Nothing is known of the period so far: no figure is given, for that of the last one would look like one of this."""
        for gauge in (self._low, self._high, self._spent):
            remove(gauge, promise)
