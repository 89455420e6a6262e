"""The platform's own metrics: where each promise stands, what is settled, and whether the process itself is well.

Filled after each turn from the stores, never at scrape time; shown as ratios and floats because people and alerts read them.
No verdict or amount is ever computed from here. The names are those of `telemetry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sankofa_observe import telemetry
from sankofa_observe.errors import KINDS, UNEXPECTED, kind_of
from sankofa_observe.pipeline.evaluate import PERIOD
from sankofa_observe.pipeline.incidents import Stored
from sankofa_observe.pipeline.panel import PanelOf
from sankofa_observe.pipeline.period import period_totals
from sankofa_observe.pipeline.stages import STAGES, URGENT
from sankofa_observe.ports import Clock, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import CANNOT_TELL, OTHERWISE, SAME, View
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import judge
from sankofa_observe.telemetry import Series
from sankofa_observe.units import PPM


class ProcessMetrics:
    """The registry of one process, and the errors of its parts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._errors = self.counter(telemetry.ERRORS)

    def error(self, part: str, kind: str) -> None:
        self._errors.labels(part, kind).inc()

    def expect_errors_of(self, part: str) -> None:
        """A counter that is there from the start has a rate from its first error on."""
        for kind in (*KINDS, UNEXPECTED):
            self._errors.labels(part, kind)

    def gauge(self, one: Series) -> Gauge:
        return Gauge(one.name, one.meaning, one.labels, registry=self.registry)

    def counter(self, one: Series) -> Counter:
        return Counter(one.name, one.meaning, one.labels, registry=self.registry)

    def histogram(self, one: Series) -> Histogram:
        return Histogram(one.name, one.meaning, one.labels, buckets=one.buckets, registry=self.registry)


class RequestMetrics:
    """How the API answers."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._process = process
        self._duration = process.histogram(telemetry.API_DURATION)
        process.expect_errors_of("api")

    def answered(self, route: str, status: int, seconds: float, kind: str) -> None:
        self._duration.labels(route, f"{status // 100}xx").observe(seconds)
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
        self._objective = process.gauge(telemetry.SLO_OBJECTIVE)
        self._slots = process.gauge(telemetry.SLO_SLOTS)
        self._low = process.gauge(telemetry.SLO_LOW)
        self._high = process.gauge(telemetry.SLO_HIGH)
        self._spent = process.gauge(telemetry.SLO_SPENT)
        self._settlements = process.gauge(telemetry.SETTLEMENTS)
        self._penalty = process.gauge(telemetry.PENALTY)
        self._credit = process.gauge(telemetry.CREDIT)
        self._undetermined = process.gauge(telemetry.UNDETERMINED)
        self._undetermined_since = process.gauge(telemetry.UNDETERMINED_SINCE)
        self._at_stake = process.gauge(telemetry.UNDETERMINED_STAKE)
        self._waiting = process.gauge(telemetry.WAITING)
        self._waiting_since = process.gauge(telemetry.WAITING_SINCE)
        self._waiting_due = process.gauge(telemetry.WAITING_DUE)
        self._newest = process.gauge(telemetry.OBSERVER_NEWEST)
        self._alone = process.gauge(telemetry.OBSERVER_VERDICTS)
        self._succeeded = process.gauge(telemetry.PIPELINE_SUCCESS)
        self._head_age = process.gauge(telemetry.CHAIN_HEAD_AGE)
        self._head_age.set(float("nan"))
        self._failures = process.counter(telemetry.PIPELINE_FAILURES)
        self._duration = process.histogram(telemetry.PIPELINE_DURATION)
        process.expect_errors_of("scheduler")
        for stage in STAGES:
            self._failures.labels(stage.name)
        for site in catalog.sites.values():
            self._sites.labels(site.name, site.tier, site.region).set(1)

    def started(self, stages: Iterable[str], at: int) -> None:
        """From now on these stages are expected to succeed: one that never does is as late as one that stopped."""
        for stage in URGENT.intersection(stages):
            self._succeeded.labels(stage).set(at)

    def stage_done(self, stage: str, error: BaseException | None, seconds: float, at: int) -> None:
        self._duration.labels(stage).observe(seconds)
        if error is not None:
            self._failures.labels(stage).inc()
            self._process.error("scheduler", kind_of(error))
        elif stage in URGENT:
            self._succeeded.labels(stage).set(at)

    def head_age(self, seconds: float) -> None:
        self._head_age.set(seconds)

    def refresh_slots(self, slots: SlotTable, clock: Clock) -> None:
        """Where each promise stands in the period that runs."""
        for slo in self._catalog.slos_at(clock.now()):
            self._objective.labels(slo.name, slo.tier).set(slo.target_ppm / PPM)
            self._refresh_slo(slo, slots, clock)

    def refresh_records(self, ledger: Ledger) -> None:
        """What was settled, and what waits."""
        totals = ledger.totals()
        for state in SettlementState:
            self._settlements.labels(state.value).set(totals.settlements.get(state, 0))
        for one in self._catalog.agreements.values():
            money = (one.currency, one.exponent)
            self._penalty.labels(one.currency).set(totals.penalties.get(money, 0))
            self._credit.labels(one.tenant, one.currency).set(totals.credits.get((one.tenant, *money), 0))
        self._refresh_undetermined(ledger)
        self._refresh_waiting(ledger)

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
        _show(self._newest, newest)
        _show(self._alone, alone)

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
        _show(self._undetermined, {**none, **{(one.slo,): one.verdicts for one in found}})
        _show(self._undetermined_since, {(one.slo,): one.oldest_ends_at for one in found})
        at_stake: dict[tuple[str, ...], float] = {(one.currency,): 0 for one in self._catalog.agreements.values()}
        at_stake |= {(one.currency,): one.amount_minor / 10**one.exponent for one in ledger.at_stake()}
        _show(self._at_stake, at_stake)

    def _refresh_waiting(self, ledger: Ledger) -> None:
        found = ledger.waiting()
        _show(self._waiting, {(PERIOD,): 0, **{(one.subject,): one.waits for one in found}})
        _show(self._waiting_since, {(one.subject,): one.oldest_since_at for one in found})
        _show(self._waiting_due, {(one.subject,): one.oldest_due_at for one in found})

    def _refresh_slo(self, slo: Slo, slots: SlotTable, clock: Clock) -> None:
        period = slo.window.period_at(clock.now())
        for site, found in period_totals(slo, self._catalog.sites_of(slo), period, slots, so_far=True).items():
            promise = (slo.name, site, slo.tier)
            if not found.totals.states or found.problem:
                self._forget(promise)
                for state in SlotState:
                    _remove(self._slots, (*promise, state.value))
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
            _remove(gauge, promise)


def _show(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Show these and no others; what stays is never away in between, for an alert would begin anew."""
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    shown = {tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples}
    for labels in shown - set(values):
        _remove(gauge, labels)


def _remove(gauge: Gauge, labels: tuple[str, ...]) -> None:
    with suppress(KeyError):
        gauge.remove(*labels)
