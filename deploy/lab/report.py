"""What the demo prints at its end: a time line, the slots, the numbers, each by its promise."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from deploy.lab.stack import EDGE
from deploy.lab.story import AVAILABILITY, clock
from sankofa_observe.units import Money

if TYPE_CHECKING:
    from deploy.lab.byhand import ByHand
    from deploy.lab.outcome import Outcome
    from deploy.lab.story import Story

# A mark a slot: its height tells good from bad where colour does not.
MARKS = {
    "GOOD": ("▂", "green"),
    "BAD": ("█", "red"),
    "UNKNOWN": ("?", "magenta"),
    "NO_TRAFFIC": ("·", "dim"),
}
STYLES = {"breach": "red", "met": "green", "undetermined": "magenta"}


def money(amount: dict[str, Any]) -> str:
    return str(Money(amount_minor=amount["amount_minor"], currency=amount["currency"], exponent=amount["exponent"]))


def percent(ppm: int | None) -> str:
    return "-" if ppm is None else f"{ppm // 10_000}.{ppm % 10_000:04d} %"


def label(one: dict[str, Any]) -> str:
    return f"{one['slo']} at {one['site']}"


def show(told: Story, outcome: Outcome, expected: ByHand) -> None:
    console = told.console
    console.rule("what happened (UTC)", align="left")
    console.print(_timeline(told, outcome))
    console.print(_strip(outcome))
    console.rule("what was judged", align="left")
    for one in outcome.verdicts:
        console.print(_verdict(one), highlight=False)
    console.rule("what it costs", align="left")
    for one in sorted(outcome.settlements, key=lambda one: (one["slo"], one["site"]) != AVAILABILITY):
        console.print(f"  {label(one)}: settlement {one['state']}", highlight=False)
        ours = one["settlement_id"] == outcome.settlement["settlement_id"]
        console.print(_rows(_ours(outcome, expected) if ours else _other(one, outcome)))
    console.rule("what else was seen", align="left")
    console.print(_rows(_seen(outcome)))
    console.rule()


def result(outcome: Outcome) -> str:
    """The last line, of the availability promise."""
    credit = outcome.credit
    text = f"credit = expected: {money(credit['amount'])}"
    if not credit["cut_minor"]:
        return text
    cut = money({**credit["amount"], "amount_minor": credit["cut_minor"]})
    return f"{text}; the cap of the period cut off {cut}, because another promise was broken too"


def _timeline(told: Story, outcome: Outcome) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    moments: list[tuple[float, str]] = [
        (told.starts_at, "the period begins"),
        (told.down.after, f"{EDGE} loses quorum"),
        (told.up.after, "quorum is back"),
        (told.ends_at, "the period ends"),
        (_seconds(outcome.credit["granted_at"]), "the contract accrues the credit"),
    ]
    if outcome.page:
        names, after = ", ".join(outcome.page.names()), outcome.page.at - told.down.after
        moments.append((outcome.page.at, f"Alertmanager pages: {names}, {after:.1f} s after the fault"))
    moments += [
        (_seconds(state["at"]), f"settlement of {one['slo']} {state['state']}")
        for one in outcome.settlements
        for state in one["history"]
    ]
    for at, what in sorted(moments):
        table.add_row(clock(at), f"{at - told.starts_at:+7.1f} s", what)
    return table


def _seconds(rfc3339: str) -> int:
    return calendar.timegm(time.strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ"))


def _strip(outcome: Outcome) -> Text:
    """The slots of the settlement's evidence, under the name of its promise."""
    slo, states = outcome.evidence["identity"]["slo"], outcome.states
    strip = Text(f"\n  {slo['name']} at {slo['site']}, a mark a slot\n  ")
    for state in states:
        mark, style = MARKS[state]
        strip.append(mark * 3, style=style)
        strip.append(" ")
    seen = [f"{MARKS[state][0]} {states.count(state)} {state}" for state in MARKS if state in states]
    strip.append("\n  " + ", ".join(seen), style="dim")
    return strip


def _verdict(one: dict[str, Any]) -> str:
    low, high = percent(one["low_ppm"]), percent(one["high_ppm"])
    slots = ", ".join(f"{count} {state}" for state, count in sorted(one["slots"].items()))
    counts = f"good {one['good']}, bad {one['bad']}, unknown {one['unknown']}"
    return (
        f"  {label(one)}: [{STYLES[one['verdict']]}]{one['verdict']}[/]\n"
        f"      attained between {low} and {high}, promised {percent(one['target_ppm'])}\n"
        f"      {counts}; slots: {slots}; coverage {percent(one['coverage_ppm'])}"
    )


def _ours(outcome: Outcome, expected: ByHand) -> dict[str, str]:
    settlement, credit, terms = outcome.settlement, outcome.credit, outcome.evidence["identity"]["agreement"]
    fee = {**credit["amount"], "amount_minor": terms["fee_minor"]}
    return {
        "fee of the period": money(fee),
        "band reached": f"{percent(settlement['credit_ppm'])} of the fee, cap {percent(terms['cap_ppm'])}",
        "credit": f"{money(credit['amount'])}, cut by the cap: {credit['cut_minor']} minor units",
        "by hand": _by_hand(expected, fee),
        "settlement": settlement["settlement_id"],
        "transaction": f"{credit['transaction']} in block {credit['block_number']}",
        "evidence": f"identity sha256 {settlement['document_hash'][2:]}",
        "verify, with chain": outcome.verified,
    }


def _by_hand(expected: ByHand, fee: dict[str, Any]) -> str:
    """What follows from the outage's times: exact where both switches were thrown far from a scrape."""
    sure, maybe = expected.surely, expected.possibly
    touched = str(sure) if sure == maybe else f"{sure} to {maybe}"
    text = f"{touched} of {expected.slots} slots touched"
    if unknown := expected.states.count("UNKNOWN"):
        text += f", {unknown} not known and counted as good"
    if expected.credit_minor is None:
        return f"{text}: the band does not follow from that"
    return f"{text}, {expected.credit_percent} % of the fee: {money({**fee, 'amount_minor': expected.credit_minor})}"


def _other(one: dict[str, Any], outcome: Outcome) -> dict[str, str]:
    credit = next((each for each in outcome.credits if each["settlement_id"] == one["settlement_id"]), None)
    granted = f"{money(credit['amount'])}, cut by the cap: {credit['cut_minor']} minor units" if credit else "not yet"
    return {
        "band reached": f"{percent(one['credit_ppm'])} of the fee: {money(one['proposed'])}",
        "credit": granted,
        "settlement": one["settlement_id"],
    }


def _seen(outcome: Outcome) -> dict[str, str]:
    page = outcome.page
    return {
        "page delivered": page.body["alerts"][0]["annotations"]["summary"] if page else "none",
        "its runbook": page.body["alerts"][0]["annotations"]["runbook_url"] if page else "none",
        "boards": "panels without data: " + (", ".join(outcome.empty_panels) or "none"),
    }


def _rows(rows: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row("  " + name, Text(value))
    return table
