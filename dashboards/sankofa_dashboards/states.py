"""The five states and their colours, the same on every board: a colour is never alone, a word is always with it.

Null has a colour and a word of its own. Thresholds start from that colour too, so that no value is ever shown as good.
"""

from __future__ import annotations

from typing import Any

from sankofa_observe.telemetry import State

NOT_KNOWN_TEXT = "NOT KNOWN"
NOT_KNOWN_COLOUR = "#8E7CC3"
GOOD_COLOUR, BURNING_COLOUR, BREACH_COLOUR, EXCLUDED_COLOUR = "#2E7D32", "#F2A900", "#C4162A", "#5794F2"
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

Steps = tuple[tuple[float, str], ...]
"""(from this value on, colour), ascending."""


def nothing_is_not_known() -> dict[str, Any]:
    """The mapping of null and NaN."""
    result = {"text": NOT_KNOWN_TEXT, "color": NOT_KNOWN_COLOUR, "index": len(COLOURS)}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


def state_mappings() -> list[dict[str, Any]]:
    """Numbers to words and colours, and nothing to NOT KNOWN."""
    words = {
        str(state.value): {"text": text, "color": colour, "index": state.value}
        for state, (text, colour) in COLOURS.items()
    }
    return [{"type": "value", "options": words}, nothing_is_not_known()]


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
