"""Money on boards: what a promise costs by now and may cost, in units of its currency, by the signed formula of the engine.

Nothing is computed of it here but sums: a board never prices.
"""

from __future__ import annotations

from sankofa_observe import telemetry

from . import states
from .table import Column, Label, Table, always, table

_ROWS = 25
_WORDS = (states.plainly(states.NO_PRICE, "-"), states.NO_FURTHER_STEP)


def none_priced(matchers: str, label: str) -> str:
    """A row that says so in words, by this label; nothing where a promise has a price, or where nobody tells of any."""
    fleet = f"max({telemetry.SITE_INFO}{{{matchers}}}) unless on () {telemetry.PRICED}{{{matchers}}}"
    return f'label_replace({states.NO_PRICE} + 0 * ({fleet}), "{label}", "no promise has a price here", "", "")'


def priced(matchers: str, *, title: str, height: int, width: int = 24) -> Table:
    """Promises by agreement and site, the largest amount at risk first: what is owed, from which step on it is more, how far that is."""
    where = f"{{{matchers}}}"
    by = "agreement, slo, site, tenant, currency"
    priced = f"max by ({by}) ({telemetry.PRICED}{where})"
    ranked = f"topk({_ROWS}, max by ({by}) ({telemetry.CREDIT_AT_RISK}{where}) or NaN * {priced})"
    none = none_priced(matchers, "key")
    worst = f'label_join({ranked}, "key", "/", "agreement", "slo", "site")'

    def keyed(series: telemetry.Series) -> str:
        return f'label_join({series}{where}, "key", "/", "agreement", "slo", "site") and on (key) {worst}'

    def column(series: telemetry.Series, otherwise: str = "") -> str:
        return always(keyed(series) + otherwise, worst, "key") + f"\nor on () {none}"

    last = f"\nor on (key) {states.LAST_STEP} + 0 * ({keyed(telemetry.CREDIT_NOW)})"

    return table(
        title=title,
        description="In units of the currency: owed if all that is left is good, from the next step on, and more at the end if it goes on so.",
        labels=(
            Label(name="key", title="promise"),
            Label(name="tenant"),
            Label(name="currency"),
        ),
        columns=(
            Column(name="At risk", expr=f"{worst}\nor on () {none}", unit="locale", decimals=2, words=_WORDS),
            Column(name="Owed by now", expr=column(telemetry.CREDIT_NOW), unit="locale", decimals=2, words=_WORDS),
            Column(
                name="From the next step",
                expr=column(telemetry.CREDIT_NEXT, last),
                unit="locale",
                decimals=2,
                words=_WORDS,
            ),
            Column(
                name="Bad slots to it",
                expr=column(telemetry.SLOTS_TO_NEXT_BAND, last),
                decimals=0,
                words=_WORDS,
                steps=((0, states.BREACH_COLOUR), (10, states.BURNING_COLOUR), (60, "text")),
            ),
            Column(
                name="Rank",
                expr=f"max by (key) ({worst} >= 0)\nor on (key) {states.NO_PRICE} + 0 * group by (key) ({worst})\nor on () {none}",
                hidden=True,
            ),
        ),
        width=width,
        height=height,
    )
