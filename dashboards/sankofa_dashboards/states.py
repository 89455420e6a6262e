"""The states and their colours, the same on every board: a colour is never alone, a word is always with it.

Null has a colour and a word of its own. Thresholds start from that colour too, so that no value is ever shown as good. No colour ends in 00:
Grafana's gradients take "#F2A900" for one that is transparent, and a line in it is not drawn.
"""

from __future__ import annotations

from typing import Any, Literal

from sankofa_observe.telemetry import State

Subject = Literal["site", "system"]
NOT_KNOWN_TEXT = "NOT KNOWN"
NOT_KNOWN_COLOUR = "#8E7CC3"
GOOD_COLOUR, BURNING_COLOUR, BREACH_COLOUR, EXCLUDED_COLOUR = "#2E7D32", "#F2A901", "#C4162A", "#5794F2"
DOWN_COLOUR, NO_TARGET_COLOUR = "#7A0B1B", "#6E7687"
COLOURS = {
    State.GOOD: ("good", GOOD_COLOUR),
    State.BURNING: ("burning", BURNING_COLOUR),
    State.BREACH: ("BREACH", BREACH_COLOUR),
    State.DOWN: ("DOWN", DOWN_COLOUR),
    State.NOT_KNOWN: (NOT_KNOWN_TEXT, NOT_KNOWN_COLOUR),
    State.NO_TARGET: ("no target", NO_TARGET_COLOUR),
    State.EXCLUDED: ("excluded", EXCLUDED_COLOUR),
}

OF_A_PROMISE = {State.BURNING, State.BREACH}
SYSTEM_WORDS = {state: word for state, (word, _) in COLOURS.items() if state not in OF_A_PROMISE} | {State.GOOD: "up"}
"""A system is up, DOWN or NOT KNOWN: good, burning and breach are of a promise."""

READABLE = {State.DOWN: "#F2495C"}
"""Of a colour that is too dark for letters on Grafana's dark ground: one that is not."""

YES_NO: dict[str, Any] = {
    "type": "value",
    "options": {"0": {"text": "no", "index": 0}, "1": {"text": "yes", "index": 1}},
}

Steps = tuple[tuple[float, str], ...]
"""(from this value on, colour), ascending."""


def nothing_is_not_known() -> dict[str, Any]:
    """The mapping of null and NaN."""
    result = {"text": NOT_KNOWN_TEXT, "color": NOT_KNOWN_COLOUR, "index": len(COLOURS)}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


def state_mappings(of: Subject = "site") -> list[dict[str, Any]]:
    """Numbers to the words and colours of a site or of a system, and nothing to NOT KNOWN."""
    known = SYSTEM_WORDS if of == "system" else {state: word for state, (word, _) in COLOURS.items()}
    words = {
        str(state.value): {"text": word, "color": COLOURS[state][1], "index": state.value}
        for state, word in sorted(known.items())
    }
    return [{"type": "value", "options": words}, nothing_is_not_known()]


def quiet(value: float, text: str) -> dict[str, Any]:
    """The mapping of one value to a word without a colour, for what is no state and no amount."""
    return {"type": "value", "options": {f"{value:g}": {"text": text, "color": "transparent", "index": 0}}}


def plainly(value: float, text: str) -> dict[str, Any]:
    """The same in a column whose letters are coloured, and not its ground."""
    return {"type": "value", "options": {f"{value:g}": {"text": text, "color": "text", "index": 0}}}


# No amount, share or age is negative: these stand for a place where nothing has a price, and for a promise that cannot get dearer.
NO_PRICE, LAST_STEP = -1, -2
PRICELESS, NO_FURTHER_STEP = plainly(NO_PRICE, "no price"), plainly(LAST_STEP, "no further step")


def beyond(limit: float, text: str) -> dict[str, Any]:
    """The mapping of everything from a limit on to one word; the query clamps to it."""
    result = {"text": text, "color": "text", "index": len(COLOURS) + 1}
    return {"type": "range", "options": {"from": limit, "to": 2 * limit, "result": result}}


def thresholds(steps: Steps) -> dict[str, Any]:
    """Grafana's thresholds; below the first step, and for null, the colour of NOT KNOWN."""
    base: list[dict[str, Any]] = [{"value": None, "color": NOT_KNOWN_COLOUR}]
    return {"mode": "absolute", "steps": base + [{"value": value, "color": colour} for value, colour in steps]}


STATE_STEPS: Steps = tuple((float(state.value), colour) for state, (_, colour) in COLOURS.items())
ANY_IS_BAD: Steps = ((0, GOOD_COLOUR), (1, BREACH_COLOUR))
ANY_IS_BURNING: Steps = ((0, GOOD_COLOUR), (1, BURNING_COLOUR))
ANY_IS_NOT_KNOWN: Steps = ((0, GOOD_COLOUR), (1, NOT_KNOWN_COLOUR))
PLAIN: Steps = ((0, "text"),)
"""Money and other figures that are neither good nor bad."""
SPENT: Steps = ((0, GOOD_COLOUR), (0.5, BURNING_COLOUR), (1, BREACH_COLOUR))
BELOW = -1_000
"""Times its largest bound, the lowest step of a scale: under all that is drawn beside the bounds, and near enough. Grafana draws a line in a
gradient that begins at that step, and over a length of -1e9 a browser draws nothing."""
LEFT: Steps = ((-1e9, BREACH_COLOUR), (0, BREACH_COLOUR), (0.001, BURNING_COLOUR), (0.5, "text"))
"""Of a budget: none, less than half, more; green is of a state alone, for much may be left while nobody sees anything."""


def rising(watch: float | None, bad: float | None) -> Steps:
    """Good until `watch`, bad from `bad` on; PLAIN without a bound."""
    return _bounded(GOOD_COLOUR, (watch, BURNING_COLOUR), (bad, BREACH_COLOUR))


def falling(watch: float | None, bad: float | None) -> Steps:
    """Bad up to `bad`, good from `watch` on; PLAIN without a bound."""
    return _bounded(BREACH_COLOUR, (bad, BURNING_COLOUR), (watch, GOOD_COLOUR))


def _bounded(lowest: str, *bounds: tuple[float | None, str]) -> Steps:
    kept = tuple((value, colour) for value, colour in bounds if value is not None)
    return ((BELOW * max(abs(value) for value, _ in kept), lowest), *kept) if kept else PLAIN
