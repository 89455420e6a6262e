"""What the demo prints at its end: a time line, the slots, the numbers, and where to look."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from dashboards.book import BOARDS
from dashboards.queries import panel_queries
from deploy.lab.stack import EDGE, REPLICA, Lab
from sankofa_observe.units import Money

if TYPE_CHECKING:
    from deploy.lab.byhand import ByHand
    from deploy.lab.demo import Outcome, Story

MARKS = {
    "GOOD": ("█", "green"),
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


def show(story: Story, outcome: Outcome, expected: ByHand) -> None:
    console = story.console
    console.rule("what happened")
    console.print(_timeline(story, outcome))
    console.print(_strip(outcome.evidence), "  [dim]one mark a slot: green good, red bad, ? unknown[/]")
    console.rule("what was judged")
    console.print(_verdicts(outcome))
    console.rule("what it costs")
    console.print(_money(outcome, expected))


def _timeline(story: Story, outcome: Outcome) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    moments = [
        (story.starts_at, "the period begins"),
        (story.down_at, f"{EDGE} loses quorum"),
        (story.up_at, "quorum is back"),
        (story.ends_at, "the period ends"),
    ]
    if outcome.page:
        after = outcome.page.at - story.down_at
        names = ", ".join(outcome.page.names())
        moments.append((outcome.page.at, f"Alertmanager pages: {names} ({after:.1f} s after the fault)"))
    history = outcome.settlement["history"]
    moments += [(_seconds(state["at"]), f"settlement {state['state']}") for state in history]
    moments.append((_seconds(outcome.credit["granted_at"]), "credit accrued by the contract"))
    for at, what in sorted(moments, key=lambda moment: moment[0]):
        table.add_row(time.strftime("%H:%M:%S", time.gmtime(at)), f"{at - story.starts_at:+7.1f} s", what)
    return table


def _seconds(rfc3339: str) -> int:
    import calendar

    return calendar.timegm(time.strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ"))


def _strip(evidence: dict[str, Any]) -> Text:
    strip = Text("  ")
    for row in evidence["slots"]:
        mark, style = MARKS[row[5]]
        strip.append(mark * 2, style=style)
        strip.append(" ")
    return strip


def _verdicts(outcome: Outcome) -> Table:
    table = Table(box=None, padding=(0, 2))
    for column in ("SLO", "site", "verdict", "attained", "target", "good", "bad", "unknown", "slots"):
        table.add_column(column)
    for one in outcome.verdicts:
        low, high = percent(one["low_ppm"]), percent(one["high_ppm"])
        attained = low if low == high else f"{low} to {high}"
        slots = ", ".join(f"{count} {state}" for state, count in sorted(one["slots"].items()))
        table.add_row(
            one["slo"], one["site"], one["verdict"], attained, percent(one["target_ppm"]),
            str(one["good"]), str(one["bad"]), str(one["unknown"]), slots,
        )  # fmt: skip
    return table


def _money(outcome: Outcome, expected: ByHand) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    settlement, credit = outcome.settlement, outcome.credit
    terms = outcome.evidence["agreement"]
    fee = {**credit["amount"], "amount_minor": terms["fee_minor"]}
    table.add_row("fee of the period", money(fee))
    table.add_row("band reached", f"{percent(settlement['credit_ppm'])} of the fee")
    table.add_row("credit", f"{money(credit['amount'])}  (cut by the cap: {credit['cut_minor']} minor units)")
    by_hand = f"{expected.bad} of {expected.slots} slots touched, {expected.credit_percent} % of the fee"
    table.add_row("by hand, from the outage", f"{by_hand}: {money({**fee, 'amount_minor': expected.credit_minor})}")
    table.add_row("settlement", settlement["settlement_id"])
    table.add_row("transaction", f"{credit['transaction']}  block {credit['block_number']}")
    table.add_row("evidence", f"sha256 {settlement['document_hash'][2:]}")
    table.add_row("verify, with the chain", outcome.verified)
    if outcome.page:
        table.add_row("page delivered", outcome.page.body["alerts"][0]["annotations"]["summary"])
    empty = ", ".join(outcome.empty_panels) or "none"
    table.add_row("board panels without data", empty)
    return table


def empty_panels(lab: Lab) -> list[str]:
    """Panels of the committed boards whose query answers nothing on this Prometheus.

    A Besu panel is asked of the site that has a Besu node, every other one of the edge site.
    """
    found = []
    for board in BOARDS:
        by_site = {site: panel_queries(board, {"site": site, "__rate_interval": "30s"}) for site in (EDGE, REPLICA)}
        for at_edge, at_replica in zip(by_site[EDGE], by_site[REPLICA], strict=True):
            asked = at_replica if at_edge.system == "besu" else at_edge
            if not lab.query(asked.expr):
                found.append(f"{board.title}: {asked.panel}")
    return found


def addresses(story: Story) -> None:
    lab, console = story.lab, story.console
    for part in ("api", "prometheus", "prometheus-tenant", "alertmanager", "proxmox", "besu", "chain", "scheduler"):
        console.print(f"  {part:18} {lab.url(part)}", highlight=False)
    console.print(f"  tenant's API key   {story.api_key}", highlight=False)
    console.print("everything keeps running; Ctrl-C stops it")
