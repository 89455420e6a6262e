"""Series of money, and of what was judged: what running periods cost and may cost, what the last closed ones came to, what was paid.

Amounts leave the engine in whole minor units and are divided here, last of all, for people to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from prometheus_client import Gauge

from sankofa_observe import telemetry
from sankofa_observe.operations.registry import ProcessMetrics, show
from sankofa_observe.pipeline.outlook import outlooks
from sankofa_observe.pipeline.overlays import Overlays
from sankofa_observe.pipeline.panel import PanelOf
from sankofa_observe.ports import Ledger, Totals
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.units import PPM, Money

Values = dict[tuple[str, ...], float]


class MoneyMetrics:
    """Gauges over one catalog."""

    def __init__(self, process: ProcessMetrics, catalog: Catalog) -> None:
        self._catalog = catalog
        self._written: int | None = None  # of verdicts, when what was judged was shown last
        self._penalty = process.gauge(telemetry.PENALTY)
        self._credit = process.gauge(telemetry.CREDIT)
        self._stake = process.gauge(telemetry.UNDETERMINED_STAKE)
        self._priced = process.gauge(telemetry.PRICED)
        self._now = process.gauge(telemetry.CREDIT_NOW)
        self._next = process.gauge(telemetry.CREDIT_NEXT)
        self._at_risk = process.gauge(telemetry.CREDIT_AT_RISK)
        self._slots_to_next = process.gauge(telemetry.SLOTS_TO_NEXT_BAND)
        self._seconds_to_next = process.gauge(telemetry.SECONDS_TO_NEXT_BAND)
        self._verdict = process.gauge(telemetry.JUDGED_VERDICT)
        self._end = process.gauge(telemetry.JUDGED_END)
        self._low = process.gauge(telemetry.JUDGED_LOW)
        self._high = process.gauge(telemetry.JUDGED_HIGH)
        self._spent = process.gauge(telemetry.JUDGED_SPENT)
        # Until one has looked which hold now: all of them, for a promise that is not told would look like one without a price.
        every = [(one, promise) for one in catalog.agreements.values() for promise in one.promises]
        show(self._priced, {_priced(agreement, promise): 1 for agreement, promise in every})

    def refresh_sums(self, totals: Totals, at_stake: list[Money]) -> None:
        """What was assessed and granted so far, and what hangs on a person's word; nothing yet is 0."""
        agreements = self._catalog.agreements.values()
        none: Values = {(one.currency,): 0 for one in agreements}
        nothing: Values = {(one.tenant, one.currency): 0 for one in agreements}
        owed = [Money(amount_minor=minor, currency=of, exponent=by) for (of, by), minor in totals.penalties.items()]
        granted = [
            ((tenant,), Money(amount_minor=minor, currency=of, exponent=by))
            for (tenant, of, by), minor in totals.credits.items()
        ]
        show(self._penalty, none | _sums(((), one) for one in owed))
        show(self._credit, nothing | _sums(granted))
        show(self._stake, none | _sums(((), one) for one in at_stake))

    def refresh_outlook(self, panel_of: PanelOf, ledger: Ledger, now: int) -> None:
        """What the promises of running periods cost and may cost."""
        agreements = list(self._catalog.agreements.values())
        overlays = Overlays(agreements=agreements, known=ledger, since_at=self._catalog.since_at)
        priced, costs, dearer, at_risk, slots, seconds = (Values() for _ in range(6))
        for one in outlooks(agreements, panel_of=panel_of, overlays=overlays, now=now):
            of = _priced(one.agreement, one.promise)
            priced[of] = 1
            if (found := one.outlook) is None:
                continue
            costs[of] = _units(one.agreement.money(found.now_minor))
            at_risk[of] = _units(one.agreement.money(found.at_risk_minor))
            if found.next_minor is not None and found.slots_to_next is not None:
                dearer[of] = _units(one.agreement.money(found.next_minor))
                slots[of[:3]] = found.slots_to_next
                seconds[of[:3]] = found.slots_to_next * one.promise.slo.slot.seconds
        show(self._priced, priced)
        show(self._now, costs)
        show(self._next, dearer)
        show(self._at_risk, at_risk)
        show(self._slots_to_next, slots)
        show(self._seconds_to_next, seconds)

    def refresh_judged(self, ledger: Ledger) -> None:
        """What each agreement's last judged period came to, whichever version judged it; asked again when a verdict was added."""
        written = ledger.verdicts_written()
        if written == self._written:
            return
        values: Mapping[Gauge, Values] = {
            gauge: {} for gauge in (self._verdict, self._end, self._low, self._high, self._spent)
        }
        judged_to = ledger.judged_to()
        for versions in self._catalog.agreements_by_id().values():
            for one in versions:
                if one.id in judged_to and one.covers(judged_to[one.id]):
                    for record in ledger.standing(one.id, one.window.period_at(judged_to[one.id])):
                        self._judged(one, record, values)
        for gauge, found in values.items():
            show(gauge, found)
        self._written = written

    def _judged(self, agreement: Agreement, record: VerdictRecord, values: Mapping[Gauge, Values]) -> None:
        attained, tier = record.attainment, self._tier(agreement, record)
        of = (agreement.name, record.slo, record.site, tier)
        for verdict in Verdict:
            values[self._verdict][*of, verdict.value] = verdict is record.verdict
        values[self._end][of] = record.period.ends_at
        if attained.bounded and attained.good + attained.bad:
            values[self._low][of] = attained.good / attained.base
            values[self._high][of] = attained.high_good / attained.base
            values[self._spent][of] = attained.bad * PPM / (attained.base * (PPM - record.target_ppm))

    def _tier(self, agreement: Agreement, record: VerdictRecord) -> str:
        return next((one.slo.tier for one in agreement.promises if one.slo.name == record.slo), "")


def _priced(agreement: Agreement, promise: Promise) -> tuple[str, ...]:
    return (agreement.name, promise.slo.name, promise.site, agreement.tenant, agreement.currency)


def _units(money: Money) -> float:
    return float(Fraction(money.amount_minor, 10**money.exponent))


def _sums(amounts: Iterable[tuple[tuple[str, ...], Money]]) -> Values:
    """By these labels and the currency, over all exponents that it was agreed with."""
    found: Values = {}
    for labels, money in amounts:
        of = (*labels, money.currency)
        found[of] = found.get(of, 0) + _units(money)
    return found
