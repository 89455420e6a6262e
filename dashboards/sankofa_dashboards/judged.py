"""The last closed period of promises: a breach stays on the boards when the period that it was in is over."""

from __future__ import annotations

from sankofa_observe import telemetry

from . import states
from .panels import Json
from .table import Column, Label, Table, always, table

BREACH, UNDETERMINED = 2, 1
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


def last_period(matchers: str, *, width: int, height: int) -> Table:
    """Of each promise: how the last closed period came out, by how much, and when it ended."""
    key = 'label_join({}, "key", "/", "agreement", "slo")'
    promises = f"max by (key, agreement, slo) ({key.format(f'{telemetry.JUDGED_END}{{{matchers}}}')})"

    def column(series: telemetry.Series) -> str:
        return always(key.format(f"{series}{{{matchers}}}"), promises, "key")

    keyed = key.format(verdict("agreement, slo", matchers))
    return table(
        title="Last closed period",
        description="How each promise came out: attained if all that is unknown was bad and if it was good, budget spent, since when it is over.",
        labels=(Label(name="key", title="promise"), Label(name="agreement"), Label(name="slo")),
        columns=(
            Column(name="Ended, ago", expr=f"time() - {promises}", unit="s", decimals=0),
            Column(name="Verdict", expr=always(keyed, promises, "key"), words=(WORDS,)),
            Column(name="At least", expr=column(telemetry.JUDGED_LOW), unit="percentunit", decimals=3),
            Column(name="At most", expr=column(telemetry.JUDGED_HIGH), unit="percentunit", decimals=3),
            Column(
                name="Budget spent",
                expr=column(telemetry.JUDGED_SPENT),
                unit="percentunit",
                decimals=0,
                steps=((0, "text"), (0.5, states.BURNING_COLOUR), (1, states.BREACH_COLOUR)),
            ),
        ),
        width=width,
        height=height,
    )
