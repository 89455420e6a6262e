"""Several observers of one promise: how their rows, or their bounds, become one.

So many must call a slot bad, so many must call it good, and what reaches neither is unknown. Slots are put to the vote; where events
are what is budgeted, the bounds that each observer gives of the period are.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import EDGES, Row, number, row_with
from sankofa_observe.verify.evidence_2.period import Sums
from sankofa_observe.verify.findings import CannotCheck


def refuse_observers(file: dict[str, Any]) -> None:
    """One form for one agreement: each name once, and thresholds that can be reached."""
    said = file["observers"]
    names, count = said["names"], count_of(file)
    if any(one >= later for one, later in pairwise(names)):
        raise CannotCheck("observers.names names one twice, or not in order")
    if not said["bad"] <= count or not count < 2 * said["good"] <= 2 * count:
        raise CannotCheck(f"{said['bad']} of {count} observers for bad and {said['good']} for good, expected all at most, and more than half for good")  # fmt: skip
    if len(file["edges"]) != count:
        raise CannotCheck(f"edges has those of {len(file['edges'])} observers, expected {count}")


def count_of(file: dict[str, Any]) -> int:
    return len(file["observers"]["names"]) or 1


def edges_of(file: dict[str, Any], observer: int) -> list[int]:
    return [number(one) for one in file["edges"][observer]]


def named(file: dict[str, Any], observer: int) -> str:
    """What a check of one observer's part begins with, where there are several."""
    names = file["observers"]["names"]
    return f"{names[observer]}: " if len(names) > 1 else ""


def each_of(file: dict[str, Any], whole: list[Any]) -> list[list[Any]]:
    """What stands for one observer after the other, in as many equal parts; what does not divide is in none."""
    own = len(whole) // count_of(file)
    return [whole[n * own : (n + 1) * own] for n in range(count_of(file))]


def merged(file: dict[str, Any], rows: list[list[Row]]) -> list[Row]:
    """Each slot's state by vote; counts of events are not of all together."""
    if len(rows) == 1:
        return rows[0]
    said = file["observers"]
    return [row_with(of_each[0][0], {}, _vote(said, [row[-1] for row in of_each])) for of_each in zip(*rows, strict=True)]  # fmt: skip


def _vote(said: dict[str, Any], states: list[str]) -> str:
    count = Counter(states)
    well = count["GOOD"] + count["NO_TRAFFIC"]
    if count["BAD"] >= said["bad"]:
        return "BAD"
    if well < said["good"]:
        return "UNKNOWN"
    return "NO_TRAFFIC" if 2 * count["NO_TRAFFIC"] >= well else "GOOD"


def together(file: dict[str, Any], each: list[tuple[Sums, bool]]) -> tuple[Sums, bool]:
    """The sums of all observers, and whether they are bounded, from those of each."""
    if len(each) == 1:
        return each[0]
    said = file["observers"]
    telling = [sums for sums, bounded in each if bounded and any(sums.values())]
    most = sorted(_ratio(one, one["good"] + one["unknown"]) for one in telling)[said["bad"] - 1 :]
    least = sorted((_ratio(one, one["good"]) for one in telling), reverse=True)[said["good"] - 1 :]
    if not most and not least:
        idle = all(bounded and not any(sums.values()) for sums, bounded in each)
        return {"good": 0, "bad": 0, "unknown": 0}, idle
    base = sorted(sum(one.values()) for one in telling)[(len(telling) - 1) // 2]
    high, low = (*most, Fraction(1))[0], (*least, Fraction(0))[0]
    most_good, good = math.ceil(high * base), math.floor(min(low, high) * base)
    return {"good": good, "bad": base - most_good, "unknown": most_good - good}, True


def _ratio(sums: Sums, good: int) -> Fraction:
    return Fraction(good, sum(sums.values()))


def outside(file: dict[str, Any]) -> list[str]:
    """What stands outside the period and may belong to it, by observer."""
    return [
        f"{named(file, n)}{name} {count}"
        for n, edges in enumerate(file["edges"])
        for name, count in zip(EDGES, edges, strict=True)
        if count
    ]
