"""The setting `demand`: conditions under which more is asked for than is served, any of which is enough.

`queue{job="gateway"} > 0`, `rate discards_total > 0`, `rate octets_total > 118750 * speed_mbit`, several with `or` between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from sankofa_observe.adapters.spec_faults import Fault, note_fault
from sankofa_observe.slo.indicator import SELECTOR, Demand, Reading

_NUMBER = r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"
_NEXT = re.compile(
    rf"\s+or\s+(?:({Reading.RATE}|{Reading.AGE})\s+)?({SELECTOR.pattern})\s*>\s*({_NUMBER})(?:\s*\*\s*({SELECTOR.pattern}))?"
)
_LIKE = 'conditions with or between them, like: queue{job="x"} > 0 or rate octets_total > 118750 * speed_mbit'


def demand_of(text: str, faults: list[Fault]) -> tuple[Demand, ...]:
    """The conditions of a text; what is none is told."""
    found, rest = list[Demand](), f" or {text.strip()}"
    while rest:
        match = _NEXT.match(rest)
        if match is None:
            faults.append(note_fault("demand", rest[:200].removeprefix(" or "), _LIKE))
            return ()
        found.append(_condition(match))
        rest = rest[match.end() :]
    faults += _faults(found)
    return tuple(found)


def _condition(match: re.Match[str]) -> Demand:
    reading, series, above, capacity = match.groups()
    return Demand(
        series=series, above=Decimal(above), reading=Reading(reading or Reading.VALUE), capacity=capacity or ""
    )


def _faults(found: Sequence[Demand]) -> Iterator[Fault]:
    for nth, one in enumerate(found):
        if one in found[:nth]:
            yield note_fault("demand", written([one]), "each condition once")
        if one.capacity and one.above <= 0:
            yield note_fault("demand", written([one]), "a share of the capacity above 0: all is more than nothing")
        elif one.reading is Reading.RATE and one.above < 0:
            yield note_fault("demand", written([one]), "0 or more: a rate is never below 0, so this always holds")
        if one.capacity and one.reading is Reading.AGE:
            yield note_fault("demand", written([one]), "a value or a rate: an age is no share of a capacity")


def written(demand: Sequence[Demand]) -> str:
    """As `demand_of` reads it."""
    return " or ".join(_written(one) for one in demand)


def _written(one: Demand) -> str:
    reading = "" if one.reading is Reading.VALUE else f"{one.reading} "
    capacity = f" * {one.capacity}" if one.capacity else ""
    return f"{reading}{one.series} > {one.above:f}{capacity}"
