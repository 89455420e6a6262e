"""The calendar of a document: its id on chain, and the period of an index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.findings import CannotCheck, Check
from sankofa_observe.verify.keccak import keccak

MOST_BOUNDS, MOST_SLOS = 512, 8
MOST_SECONDS = 2**32 - 1
FIXED_WORDS = 3  # anchor, seconds and periods


def refuse_calendar(identity: dict[str, Any]) -> None:
    """One of its two forms, within what the contract holds."""
    bounds, fixed = identity["calendar"]["bounds"], identity["calendar"]["fixed"]
    if bounds:
        sound = not fixed and 1 < len(bounds) <= MOST_BOUNDS and all(one < later for one, later in pairwise(bounds))
    else:
        sound = len(fixed) == FIXED_WORDS and all(0 < one <= MOST_SECONDS for one in fixed[1:])
    if not sound:
        raise CannotCheck(
            f"calendar has {len(bounds)} bounds and {str(fixed)[:80]}, expected 2 to {MOST_BOUNDS} bounds that ascend, or a list of "
            f"anchor, seconds and periods, the last two from 1 to {MOST_SECONDS}"
        )
    if identity["row"]["slo"] >= MOST_SLOS:
        raise CannotCheck(f"row.slo is {identity['row']['slo']}, expected 0 to {MOST_SLOS - 1}")


def calendar_checks(identity: dict[str, Any]) -> Iterator[Check]:
    """The id is of these periods, and the row's period is the one that was counted."""
    calendar = identity["calendar"]
    bounds, index = calendar["bounds"], identity["row"]["period"]
    words = [32, len(bounds), *bounds] if bounds else calendar["fixed"]
    found = keccak(b"".join(word.to_bytes(32, "big") for word in words))[:16]
    yield Check(what="calendar id", claimed=calendar["id"], found="0x" + found.hex())
    counted = " to ".join(map(str, identity["period"]))
    yield Check(what=f"period {index} of the calendar", claimed=counted, found=_period(calendar, index))


def _period(calendar: dict[str, Any], index: int) -> str:
    if bounds := calendar["bounds"]:
        return f"{bounds[index]} to {bounds[index + 1]}" if index < len(bounds) - 1 else "none"
    anchor, seconds, periods = calendar["fixed"]
    starts = anchor + index * seconds
    return f"{starts} to {starts + seconds}" if index < periods else "none"
