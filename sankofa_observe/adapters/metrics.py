"""The platform's own metrics: where each promise stands, what is settled, and whether the pipeline itself is alive.

Filled after each turn from the stores, never at scrape time; shown as ratios and floats because people and alerts read them.
No verdict or amount is ever computed from here.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from sankofa_observe.pipeline.period import period_totals
from sankofa_observe.ports import Clock, Ledger, SlotTable
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import PPM

STAGES = ("observe", "evaluate", "assess", "settle", "credit")  # that must succeed every turn
CARE = ("seal", "compact")  # of the slots, at leisure
_PROMISE = ("slo", "site", "tier")


class PlatformMetrics:
    """Gauges over one catalog, in a registry of their own."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"sankofa_{name}", text, labels, registry=self.registry)

        self._sites = gauge("site_info", "A site of the fleet; always 1.", "site", "tier", "region")
        self._objective = gauge("slo_objective_ratio", "The target of an SLO.", "slo", "tier")
        self._slots = gauge("slo_period_slots", "Slots of the current period by state.", *_PROMISE, "state")
        self._low = gauge("slo_attainment_low_ratio", "Attained so far if all that is unknown was bad.", *_PROMISE)
        self._high = gauge("slo_attainment_high_ratio", "Attained so far if all that is unknown was good.", *_PROMISE)
        self._spent = gauge("slo_error_budget_spent_ratio", "Bad over allowed so far; may exceed 1.", *_PROMISE)
        self._settlements = gauge("settlements", "Settlements by state.", "state")
        self._penalty = gauge("penalty_minor", "Penalties assessed so far, before caps, in minor units.", "currency")
        self._credit = gauge("service_credit_minor", "Credits granted so far, in minor units.", "tenant", "currency")
        self._succeeded = gauge("pipeline_last_success_timestamp_seconds", "When a stage last succeeded.", "stage")
        self._head_age = gauge("chain_head_age_seconds", "Age of the newest block seen; NaN until one was.")
        self._head_age.set(float("nan"))
        self._failures = Counter(
            "sankofa_pipeline_failures", "Turns of a stage that failed.", ("stage",), registry=self.registry
        )
        for stage in (*STAGES, *CARE):
            self._failures.labels(stage)
        for site in catalog.sites.values():
            self._sites.labels(site.name, site.tier, site.region).set(1)
        for slo in catalog.slos.values():
            self._objective.labels(slo.name, slo.tier).set(slo.target_ppm / PPM)

    def started(self, stages: Iterable[str], at: int) -> None:
        """From now on these stages are expected to succeed: one that never does is as late as one that stopped."""
        for stage in stages:
            self._succeeded.labels(stage).set(at)

    def stage_done(self, stage: str, error: Exception | None, at: int) -> None:
        if error is not None:
            self._failures.labels(stage).inc()
        elif stage in STAGES:
            self._succeeded.labels(stage).set(at)

    def head_age(self, seconds: int) -> None:
        self._head_age.set(seconds)

    def refresh(self, slots: SlotTable, ledger: Ledger, clock: Clock) -> None:
        """Read the stores and set every gauge."""
        for slo in self._catalog.slos.values():
            self._refresh_slo(slo, slots, clock)
        totals = ledger.totals()
        for state in SettlementState:
            self._settlements.labels(state.value).set(totals.settlements.get(state, 0))
        for one in self._catalog.agreements.values():
            money = (one.currency, one.exponent)
            self._penalty.labels(one.currency).set(totals.penalties.get(money, 0))
            self._credit.labels(one.tenant, one.currency).set(totals.credits.get((one.tenant, *money), 0))

    def _refresh_slo(self, slo: Slo, slots: SlotTable, clock: Clock) -> None:
        period = slo.window.period_at(clock.now())
        for site, found in period_totals(slo, self._catalog.sites_of(slo), period, slots, so_far=True).items():
            if not found.totals.states or found.problem:
                continue
            promise = (slo.name, site, slo.tier)
            for state in SlotState:
                self._slots.labels(*promise, state.value).set(found.totals.states.get(state, 0))
            attained = found.attainment(slo)
            if not attained.base or not attained.bounded:
                continue
            self._low.labels(*promise).set(attained.good / attained.base)
            self._high.labels(*promise).set(attained.high_good / attained.base)
            self._spent.labels(*promise).set(attained.bad * PPM / (attained.base * (PPM - slo.target_ppm)))
