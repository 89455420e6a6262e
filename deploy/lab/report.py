"""What the demo prints at its end: a time line, the slots, the numbers, and where to look."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from deploy.lab.stack import EDGE
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
    "RECOVERED": ("r", "blue"),
    "NO_TRAFFIC": ("·", "dim"),
    "EXCLUDED": ("x", "cyan"),
}


def money(amount: dict[str, Any]) -> str:
    return str(Money(amount_minor=amount["amount_minor"], currency=amount["currency"], exponent=amount["exponent"]))


def percent(ppm: int | None) -> str:
    return "-" if ppm is None else f"{ppm // 10_000}.{ppm % 10_000:04d} %"


def show(told: Story, outcome: Outcome, expected: ByHand) -> None:
    console = told.console
    console.rule("what happened (UTC)", align="left")
    console.print(_timeline(told, outcome))
    console.print(_strip(outcome.evidence))
    console.rule("what was judged", align="left")
    for one in outcome.verdicts:
        console.print(_verdict(one), highlight=False)
    console.rule("what it costs", align="left")
    console.print(_money(outcome, expected))
    console.rule()


def _timeline(told: Story, outcome: Outcome) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    moments: list[tuple[float, str]] = [
        (told.starts_at, "the period begins"),
        (told.down_at, f"{EDGE} loses quorum"),
        (told.up_at, "quorum is back"),
        (told.ends_at, "the period ends"),
        (_seconds(outcome.credit["granted_at"]), "the contract accrues the credit"),
    ]
    if outcome.page:
        names, after = ", ".join(outcome.page.names()), outcome.page.at - told.down_at
        moments.append((outcome.page.at, f"Alertmanager pages: {names}, {after:.1f} s after the fault"))
    history = outcome.settlement["history"]
    moments += [(_seconds(state["at"]), f"settlement {state['state']}") for state in history]
    for at, what in sorted(moments):
        table.add_row(time.strftime("%H:%M:%S", time.gmtime(at)), f"{at - told.starts_at:+7.1f} s", what)
    return table


def _seconds(rfc3339: str) -> int:
    return calendar.timegm(time.strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ"))


def _strip(evidence: dict[str, Any]) -> Text:
    strip = Text("\n  ")
    for row in evidence["slots"]:
        mark, style = MARKS[row[5]]
        strip.append(mark * 3, style=style)
        strip.append(" ")
    seen = [state for state in MARKS if any(row[5] == state for row in evidence["slots"])]
    strip.append("\n  one mark a slot: " + ", ".join(f"{MARKS[state][0]} {state}" for state in seen), style="dim")
    return strip


def _verdict(one: dict[str, Any]) -> str:
    low, high = percent(one["low_ppm"]), percent(one["high_ppm"])
    slots = ", ".join(f"{count} {state}" for state, count in sorted(one["slots"].items()))
    counts = f"good {one['good']}, bad {one['bad']}, unknown {one['unknown']}"
    style = "red" if one["verdict"] == "breach" else "green"
    return (
        f"  {one['slo']} at {one['site']}: [{style}]{one['verdict']}[/]\n"
        f"      attained between {low} and {high}, promised {percent(one['target_ppm'])}\n"
        f"      {counts}; slots: {slots}; coverage {percent(one['coverage_ppm'])}"
    )


def _money(outcome: Outcome, expected: ByHand) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    settlement, credit, terms = outcome.settlement, outcome.credit, outcome.evidence["agreement"]
    fee = {**credit["amount"], "amount_minor": terms["fee_minor"]}
    by_hand = f"{expected.bad} of {expected.slots} slots touched, {expected.credit_percent} % of the fee"
    rows = {
        "fee of the period": money(fee),
        "band reached": f"{percent(settlement['credit_ppm'])} of the fee, cap {percent(terms['cap_ppm'])}",
        "credit": f"{money(credit['amount'])}, cut by the cap: {credit['cut_minor']} minor units",
        "by hand": f"{by_hand}: {money({**fee, 'amount_minor': expected.credit_minor})}",
        "settlement": settlement["settlement_id"],
        "transaction": f"{credit['transaction']} in block {credit['block_number']}",
        "evidence": f"sha256 {settlement['document_hash'][2:]}",
        "verify, with chain": outcome.verified,
        "page delivered": outcome.page.body["alerts"][0]["annotations"]["summary"] if outcome.page else "none",
        "boards": "panels without data: " + (", ".join(outcome.empty_panels) or "none"),
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def addresses(told: Story) -> None:
    lab, console = told.lab, told.console
    for part in ("api", "prometheus", "prometheus-tenant", "alertmanager", "proxmox", "besu", "chain", "scheduler"):
        console.print(f"  {part:18} {lab.url(part)}", highlight=False)
    switch = f"{lab.url('pve-control')}  (POST /quorum/lost, /quorum/restored)"
    console.print(f"  {'fault switch':18} {switch}", highlight=False)
    console.print(f"  tenant's API key   {told.api_key}", highlight=False)
    console.print("everything keeps running; Ctrl-C stops it")
