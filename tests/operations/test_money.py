"""Money on the wall: in units of its currency, from the engine's own prices; what is not known has no figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe import telemetry
from sankofa_observe.operations.money import MoneyMetrics
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.telemetry import Series
from sankofa_observe.testing import MemoryLedger, MemorySlots
from tests.builders import START, agreement, breach, period, slo, slot, slots_of, verdict

EDGE = agreement()
YEN = agreement("yen-edge", tenant="tokyo", currency="JPY", exponent=0)
PRICED = ("acme-edge", "availability-edge", "edge-1", "acme", "USD")
JUDGED = ("acme-edge", "availability-edge", "edge-1", "edge")


def made(*agreements: Agreement) -> tuple[ProcessMetrics, MoneyMetrics]:
    catalog = Catalog(
        sites={"edge-1": Site(name="edge-1", tier="edge", region="east")},
        slos={"availability-edge": EDGE.promises[0].slo},
        agreements={one.version_id: one for one in agreements},
    )
    process = ProcessMetrics()
    return process, MoneyMetrics(process, catalog)


def value(process: ProcessMetrics, series: Series, *labels: str) -> float | None:
    return process.registry.get_sample_value(str(series), dict(zip(series.labels, labels, strict=True)))


def outlook(process: ProcessMetrics) -> tuple[float | None, ...]:
    shown = [value(process, one, *PRICED) for one in (telemetry.CREDIT_NOW, telemetry.CREDIT_NEXT, telemetry.CREDIT_AT_RISK)]  # fmt: skip
    return (*shown, value(process, telemetry.SLOTS_TO_NEXT_BAND, *PRICED[:3]))


def test_money_is_told_in_units_of_its_currency() -> None:
    """500.00 USD are 500, 50,000 JPY are 50,000: the exponent is applied, and what was never owed is 0."""
    process, money = made(EDGE, YEN)
    ledger = MemoryLedger()
    for one in (EDGE, YEN):
        ledger.add_penalty(breach(one).penalty)
    money.refresh_sums(ledger.totals(), [])

    assert value(process, telemetry.PENALTY, "USD") == 500
    assert value(process, telemetry.PENALTY, "JPY") == 50_000
    assert value(process, telemetry.CREDIT, "acme", "USD") == 0
    assert value(process, telemetry.UNDETERMINED_STAKE, "JPY") == 0


def test_a_running_period_tells_what_it_costs_and_may_cost() -> None:
    """One bad slot of five: the deepest band is reached, and the cap of 625.00 USD leaves nothing dearer."""
    process, money = made(EDGE)
    table, ledger = MemorySlots(), MemoryLedger()
    seen = []
    for slots in ([], slots_of(0, bad=0)[:5], [slot(START + 300, SlotState.BAD)]):
        table.append(slots, START)
        money.refresh_outlook(alone(table), ledger, START + 360)
        seen.append(outlook(process))

    assert seen == [(None, None, None, None), (0, 500, 0, 1), (500, None, 0, None)]


@pytest.mark.parametrize("slot_seconds", [30, 60])
def test_what_is_left_to_the_next_step_is_told_in_seconds_of_the_slot(slot_seconds: int) -> None:
    """A board that took every slot for a minute said twice the time that is left of one of half a minute."""
    of = slo(slot=SlotRule(seconds=slot_seconds, scrape_seconds=15))
    own = agreement(promises=(replace(EDGE.promises[0], slo=of),))
    process, money = made(own)
    table = MemorySlots()
    table.append([slot(START + at * slot_seconds, SlotState.GOOD) for at in range(5)], START)
    money.refresh_outlook(alone(table), MemoryLedger(), START + 5 * slot_seconds)
    shown = [value(process, one, *PRICED[:3]) for one in (telemetry.SLOTS_TO_NEXT_BAND, telemetry.SECONDS_TO_NEXT_BAND)]
    assert shown[0]
    assert shown[1] == shown[0] * slot_seconds


def test_a_promise_is_told_as_priced_while_nobody_knows_what_it_costs() -> None:
    """From the start on, and in a period of which nothing is known; one that ended has no price: a board could not tell them apart."""
    over = replace(agreement("old-edge"), ends_at=period(0).ends_at)
    process, money = made(EDGE, over)
    was = [value(process, telemetry.PRICED, *PRICED), value(process, telemetry.PRICED, "old-edge", *PRICED[1:])]
    money.refresh_outlook(alone(MemorySlots()), MemoryLedger(), period(1).starts_at + 60)

    assert was == [1, 1]
    assert value(process, telemetry.PRICED, *PRICED) == 1
    assert value(process, telemetry.PRICED, "old-edge", *PRICED[1:]) is None
    assert outlook(process) == (None, None, None, None)


def test_a_period_of_which_nothing_is_known_has_no_price() -> None:
    """And one that was priced has none any more in the next period: no old figure stays."""
    process, money = made(EDGE)
    table = MemorySlots()
    table.append(slots_of(0, bad=1), START)
    table.append([slot(at, SlotState.UNKNOWN) for at in range(period(1).starts_at, period(1).ends_at, 60)], START)
    seen = []
    for index in (0, 1):
        money.refresh_outlook(alone(table), MemoryLedger(), period(index).ends_at - 1)
        seen.append(outlook(process))

    assert seen == [(500, None, 0, None), (None, None, None, None)]


def test_the_last_judged_period_stays_while_the_next_one_runs() -> None:
    """A breach is told after its period has closed, until a later one was judged."""
    process, money = made(EDGE)
    ledger = MemoryLedger()
    ledger.add_agreement(agreement_id=EDGE.id, version=1, tenant="acme", terms_hash="", document="", at=1)
    seen = []
    for record in (None, verdict(EDGE, 0, bad=1), verdict(EDGE, 1, bad=0)):
        if record:
            ledger.add_verdict(record)
        money.refresh_judged(ledger)
        states = [value(process, telemetry.JUDGED_VERDICT, *JUDGED, one.value) for one in Verdict]
        figures = (telemetry.JUDGED_END, telemetry.JUDGED_LOW, telemetry.JUDGED_HIGH, telemetry.JUDGED_SPENT)
        seen.append((states, [value(process, one, *JUDGED) for one in figures]))

    assert seen == [
        ([None] * 3, [None] * 4),
        ([0, 1, 0], [period(0).ends_at, 0.9, 0.9, 20]),
        ([1, 0, 0], [period(1).ends_at, 1, 1, 0]),
    ]


def test_a_judged_period_of_which_nothing_was_known_has_a_verdict_and_no_figures() -> None:
    """Undetermined, and neither nothing attained nor nothing spent."""
    process, money = made(EDGE)
    ledger, blind = MemoryLedger(), verdict(EDGE, 0, bad=0)
    attained = replace(blind.attainment, good=0, unknown=10)
    ledger.add_agreement(agreement_id=EDGE.id, version=1, tenant="acme", terms_hash="", document="", at=1)
    ledger.add_verdict(replace(blind, verdict=Verdict.UNDETERMINED, attainment=attained))
    money.refresh_judged(ledger)

    assert value(process, telemetry.JUDGED_VERDICT, *JUDGED, "undetermined") == 1
    assert [value(process, one, *JUDGED) for one in (telemetry.JUDGED_LOW, telemetry.JUDGED_SPENT)] == [None, None]
