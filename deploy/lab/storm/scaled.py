"""Rules at another pace: every stretch of time in them is divided by one factor, and nothing else changes.

Counts of samples hold at any pace, because scrapes and evaluations are divided as well; ages that upstream tells (a chain's head) are
divided by the world that tells them. A range without its left edge (119s999ms) stays one: it is divided as the whole 120 s.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

RESEND_SECONDS = 60  # Prometheus' own, and
LOOKBACK_SECONDS = 300  # how long a series counts as there
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_WORD = r"(?:\d+(?:ms|s|m|h|d|w))+"
_IN_RANGES = re.compile(rf"(\[|offset\s+)({_WORD})(?::({_WORD}))?")
_TIMES_OF_RULES = frozenset({"for", "keep_firing_for", "interval"})


def milliseconds(word: str) -> int:
    """The length of a stretch as Prometheus writes it, like 1h30m."""
    return sum(int(number) * _UNITS_MS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h|d|w)", word))


def shorter(word: str, factor: float) -> str:
    """The stretch divided by the factor; one millisecond less than a whole second stays that much less than its part."""
    whole = milliseconds(word)
    edge = int((whole + 1) % 1_000 == 0)
    part = round((whole + edge) / factor) - edge
    return f"{part}ms"


def rules(text: str, factor: float) -> str:
    """A rule file at the other pace."""
    document = yaml.safe_load(text)
    for group in document["groups"]:
        _divide(group, _TIMES_OF_RULES, factor)
        for rule in group["rules"]:
            _divide(rule, _TIMES_OF_RULES, factor)
            rule["expr"] = _expression(rule["expr"], factor)
    return yaml.safe_dump(document, sort_keys=False, width=1_000)


def _divide(mapping: dict[str, Any], names: frozenset[str], factor: float) -> None:
    for name in names & mapping.keys():
        mapping[name] = shorter(str(mapping[name]), factor)


def _expression(expr: str, factor: float) -> str:
    def divided(found: re.Match[str]) -> str:
        opened, stretch, step = found.groups()
        return opened + shorter(stretch, factor) + (f":{shorter(step, factor)}" if step else "")

    return _IN_RANGES.sub(divided, expr)
