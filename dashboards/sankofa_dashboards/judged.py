"""The last closed period of promises: a breach stays on the boards when the period that it was in is over."""

from __future__ import annotations

from sankofa_observe import telemetry

from . import states
from .panels import Json
from .table import Column, Label, Table, always, table

BREACH, UNDETERMINED = 2, 1
NONE_YET = -2  # of a place of which no period was judged
NO_VERDICT = (states.PRICELESS, states.plainly(NONE_YET, "none yet"))
WORDS: Json = {
    "type": "value",
    "options": {
        "0": {"text": "met", "color": states.GOOD_COLOUR, "index": 0},
        f"{UNDETERMINED}": {"text": "undetermined", "color": states.NOT_KNOWN_COLOUR, "index": 1},
        f"{BREACH}": {"text": "BREACH", "color": states.BREACH_COLOUR, "index": 2},
    },
}


def verdict(by: str, matchers: str = "") -> str:
    """The worst verdict of the last period, by these labels: 2 breach, 1 undetermined, 0 met."""
    series = telemetry.JUDGED_VERDICT
    of = f"{matchers}, " if matchers else ""
    return (
        f'max by ({by}) ({BREACH} * {series}{{{of}verdict="breach"}}'
        f' or {UNDETERMINED} * {series}{{{of}verdict="undetermined"}})'
    )


def none_of(matchers: str, by: str) -> str:
    """Why a place has no verdict, by these labels: NO_PRICE or NONE_YET, and nothing while nobody can tell."""
    fleet = f"max by ({by}) ({telemetry.SITE_INFO}{{{matchers}}})"
    priced = f"max by ({by}) ({telemetry.PRICED}{{{matchers}}})"
    judged = f"max by ({by}) ({telemetry.JUDGED_END}{{{matchers}}})"
    read = f"count({telemetry.SETTLEMENTS})"  # the platform has read what was judged
    return (
        f"({states.NO_PRICE} + 0 * ({fleet} unless on ({by}) {priced} unless on ({by}) {judged})"
        f" or on ({by}) {NONE_YET} + 0 * ({fleet} and on () {read} unless on ({by}) {judged}))"
    )


def last_period(matchers: str, *, width: int, height: int) -> Table:
    """Of each promise: how the last closed period came out, by how much, and when it ended."""
    key = 'label_join({}, "key", "/", "agreement", "slo")'
    promises = f"max by (key, agreement, slo) ({key.format(f'{telemetry.JUDGED_END}{{{matchers}}}')})"

    none = f'label_replace({none_of(matchers, "")}, "key", "none", "", "")'

    def or_none(expr: str) -> str:
        return f"{expr}\nor on () {none}"

    def column(series: telemetry.Series) -> str:
        return or_none(always(key.format(f"{series}{{{matchers}}}"), promises, "key"))

    keyed = key.format(verdict("agreement, slo", matchers))
    dash = (states.plainly(states.NO_PRICE, "-"), states.plainly(NONE_YET, "-"))
    return table(
        title="Last closed period",
        description="How each promise came out: attained if all that is unknown was bad and if it was good, budget spent, since when it is over.",
        labels=(Label(name="key", title="promise"),),
        columns=(
            Column(name="Ended, ago", expr=or_none(f"time() - {promises}"), unit="s", decimals=0, words=dash),
            Column(name="Verdict", expr=or_none(always(keyed, promises, "key")), words=(WORDS, *NO_VERDICT)),
            Column(name="At least", expr=column(telemetry.JUDGED_LOW), unit="percentunit", decimals=3, words=dash),
            Column(name="At most", expr=column(telemetry.JUDGED_HIGH), unit="percentunit", decimals=3, words=dash),
            Column(
                name="Budget spent",
                expr=column(telemetry.JUDGED_SPENT),
                unit="percentunit",
                decimals=0,
                words=dash,
                steps=((0, "text"), (0.5, states.BURNING_COLOUR), (1, states.BREACH_COLOUR)),
            ),
        ),
        width=width,
        height=height,
    )
