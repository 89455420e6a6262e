"""The table at the end of the tour: who was promised what, what broke, and what it costs."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.lab.report import MARKS, STYLES, money, percent
from deploy.lab.tour.acts import Tour
from deploy.lab.tour.cast import APPROVER, CORE, CURRENCY, EXPONENT, PROPOSER, WORK
from deploy.lab.tour.expected import Expected
from deploy.lab.tour.result import Result, unplanned

EXCLUDED = ("▒", "yellow")


def show(tour: Tour, results: list[Result]) -> None:
    console = tour.shared.console
    console.rule("slots of the period, a mark a slot", align="left")
    for one in results:
        console.print(_strip(one))
    legend = ", ".join(f"{mark} {state}" for state, (mark, _) in MARKS.items())
    console.print(f"  {legend}, {EXCLUDED[0]} excluded", style="dim", highlight=False)
    console.rule("what it costs", align="left")
    console.print(_table(results))
    _prices(tour, results, console)
    console.rule()


def result(results: list[Result]) -> str:
    """The last line."""
    owed = ", ".join(f"{one.part.tenant} {money(one.credit['amount'])}" for one in results)
    return f"credits = expected: {owed}; planned work {_money(0)}"


def _strip(one: Result) -> Text:
    strip = Text(f"  {one.part.site:16} ")
    for number, state in enumerate(one.states):
        mark, style = EXCLUDED if number in one.excluded else MARKS[state]
        strip.append(mark * 3, style=style)
        strip.append(" ")
    return strip


def _table(results: list[Result]) -> Table:
    table = Table(box=None, padding=(0, 1))
    for column in ("tenant", "promise", "what broke", "bad of all", "verdict", "credit", "by hand", "settled"):
        table.add_column(
            column,
            justify="right" if column in {"credit", "by hand"} else "left",
            no_wrap=column != "what broke",
        )
    for one in results:
        part = one.part
        table.add_row(
            part.tenant,
            f"{part.slo}\n{part.site}",
            part.fault.what,
            _bad(one),
            Text(one.verdict["verdict"], style=STYLES[one.verdict["verdict"]]),
            money(one.credit["amount"]),
            _by_hand(one.expected),
            f"block {one.credit['block_number']}",
        )
        if part == CORE:
            table.add_row(
                part.tenant,
                "planned work",
                WORK.what,
                f"{one.verdict['excluded']} excluded",
                "-",
                _money(0),
                _money(0),
                "-",
            )
    return table


def _bad(one: Result) -> str:
    slots = f"{one.bad_slots} of {len(one.states) - len(one.excluded)} slots"
    if one.part.counts == "slots":
        return slots
    counts = one.verdict
    return f"{slots}\n{counts['bad']} of {counts['good'] + counts['bad'] + counts['unknown']} asked"


def _by_hand(expected: Expected) -> str:
    return "?" if expected.credit_minor is None else _money(expected.credit_minor)


def _prices(tour: Tour, results: list[Result], console: Console) -> None:
    for one in results:
        part, verdict = one.part, one.verdict
        fee = _money(part.fee_minor)
        attained = dict.fromkeys(percent(verdict[key]) for key in ("low_ppm", "high_ppm"))
        console.print(
            f"  {part.tenant}: attained {' to '.join(attained)}, promised {percent(verdict['target_ppm'])}: "
            f"{percent(one.settlement['credit_ppm'])} of {fee}; evidence: {one.verified}",
            highlight=False,
        )
    console.print(f"  settled by contract {tour.shared.contract['contract']}, on anvil", highlight=False)
    dearer = _by_hand(unplanned(tour))
    console.print(
        f"  planned work: proposed by {PROPOSER}, approved by {APPROVER}; unannounced, {CORE.tenant} would be owed {dearer}",
        highlight=False,
    )


def _money(minor: int) -> str:
    return money({"amount_minor": minor, "currency": CURRENCY, "exponent": EXPONENT})
