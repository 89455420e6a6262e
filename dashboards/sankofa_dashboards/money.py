"""Money on boards: what a promise costs by now and may cost, in units of its currency, by the signed formula of the engine.

Nothing is computed of it here but sums: a board never prices.
"""

from __future__ import annotations

from sankofa_observe import telemetry

from . import states
from .table import Column, Label, Table, always, table

_ROWS = 25


def priced(matchers: str, *, title: str, height: int, width: int = 24) -> Table:
    """Promises by agreement and site, the largest amount at risk first: what is owed, from which step on it is more, how far that is."""
    where = f"{{{matchers}}}"
    by = "agreement, slo, site, tenant, currency"
    known = f"max by ({by}) ({telemetry.CREDIT_NOW}{where} or {telemetry.CREDIT_AT_RISK}{where})"
    ranked = f"topk({_ROWS}, max by ({by}) ({telemetry.CREDIT_AT_RISK}{where}) or 0 * {known})"
    worst = f'label_join({ranked}, "key", "/", "agreement", "slo", "site")'

    def column(series: telemetry.Series) -> str:
        keyed = f'label_join({series}{where}, "key", "/", "agreement", "slo", "site")'
        return always(f"{keyed} and on (key) {worst}", worst, "key")

    return table(
        title=title,
        description="In units of the currency: owed if all that is left is good, from the next step on, and more at the end if it goes on so.",
        labels=(
            Label(name="key", title="promise"),
            Label(name="agreement"),
            Label(name="tenant"),
            Label(name="slo"),
            Label(name="site"),
            Label(name="currency"),
        ),
        columns=(
            Column(name="At risk", expr=worst, unit="locale", decimals=2),
            Column(name="Owed by now", expr=column(telemetry.CREDIT_NOW), unit="locale", decimals=2),
            Column(name="From the next step", expr=column(telemetry.CREDIT_NEXT), unit="locale", decimals=2),
            Column(
                name="Bad slots to it",
                expr=column(telemetry.SLOTS_TO_NEXT_BAND),
                decimals=0,
                steps=((0, states.BREACH_COLOUR), (10, states.BURNING_COLOUR), (60, "text")),
            ),
            Column(name="Rank", expr=f"max by (key) ({worst})", hidden=True),
        ),
        width=width,
        height=height,
    )
