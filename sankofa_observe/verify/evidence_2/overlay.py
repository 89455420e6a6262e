"""What an agreement lays over the rows of a period: exclusions, and the time before its site was deployed.

A row is taken when its slot lies wholly inside the union of these. Then it leaves the base, or counts as up; what is left are runs of
rows, of which each is added up as a period of its own.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import COUNTS, Row, Rules
from sankofa_observe.verify.evidence_2.outages import slots_filled
from sankofa_observe.verify.evidence_2.period import Sums, busiest_of, count_slots, in_run, unmeasured
from sankofa_observe.verify.findings import CannotCheck

JUDGED, LEFT_OUT, UP = "judged", "left out", "up"
MEANINGS = {"leaves-base": LEFT_OUT, "counts-as-up": UP}


def refuse_overlay(identity: dict[str, Any]) -> None:
    """One form for one overlay: another would be another identity of the same slots."""
    overlay, (start, end) = identity["overlay"], identity["period"]
    start -= (slots_filled(identity["slo"]) - 1) * identity["slo"]["slot_seconds"]
    if overlay["excluded_slots"] not in MEANINGS:
        raise CannotCheck(f"overlay.excluded_slots is {overlay['excluded_slots'][:80]!r}, expected one of {', '.join(MEANINGS)}")  # fmt: skip
    if 0 < overlay["since_at"] <= start:
        raise CannotCheck("overlay.since_at is 0, or an instant that takes slots of the period")
    listed = [(since, until, name) for name, since, until in overlay["exclusions"]]
    if any(one >= later for one, later in pairwise(listed)):
        raise CannotCheck("overlay.exclusions names something twice, or not in order")
    if any(since >= until or since >= end or until <= start for since, until, _ in listed):
        raise CannotCheck(
            "overlay.exclusions has one that ends before it begins, or that does not reach into the period"
        )


def uses(identity: dict[str, Any], rows: list[Row]) -> list[str]:
    """What becomes of each row."""
    overlay, step = identity["overlay"], identity["slo"]["slot_seconds"]
    span, taken = slots_filled(identity["slo"]) * step, MEANINGS[overlay["excluded_slots"]]
    undeployed = [(-(10**18), overlay["since_at"])] if overlay["since_at"] else []
    before_deployment = _slots_inside(undeployed, step)
    every = _slots_inside([*undeployed, *((since, until) for _, since, until in overlay["exclusions"])], step)
    found, at = [], 0
    for start, *_ in rows:
        while at < len(every) and every[at][1] <= start - span:
            at += 1
        if at == len(every) or start < every[at][0]:
            found.append(JUDGED)
        else:
            out = any(last > start - span for _, last in before_deployment)
            found.append(LEFT_OUT if out else taken)
    return found


def _slots_inside(intervals: list[tuple[int, int]], step: int) -> list[tuple[int, int]]:
    """Of the union of intervals the starts of the first and the last slot that lie wholly inside each of its parts."""
    inside = ((-(-since // step) * step, until // step * step - step) for since, until in _union(intervals))
    return [(first, last) for first, last in inside if first <= last]


def _union(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for since, until in sorted(intervals):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def add_up(rules: Rules, rows: list[Row], used: list[str], outside: list[int]) -> Sums:
    """What is certainly good, what is certainly bad, and what is neither, over all rows that are judged or up."""
    judged = [row for row, use in zip(rows, used, strict=True) if use == JUDGED]
    if rules["budgeting"] == "Timeslices":
        counted = count_slots(rules, judged)
        return counted | {"good": counted["good"] + used.count(UP)}
    sums, at = {"good": 0, "bad": 0, "unknown": 0}, 0
    for use, group in groupby(used):
        size = len(list(group))
        own, beside = rows[at : at + size], _beside(rows, at, at + size, outside)
        counted = in_run(own, beside) if use == JUDGED else {"good": _certain(own) if use == UP else 0}
        sums = {name: sums[name] + counted.get(name, 0) for name in sums}
        at += size
    return sums | {"unknown": sums["unknown"] + unmeasured(rules, judged, busiest_of(judged))}


def _beside(rows: list[Row], low: int, high: int, outside: list[int]) -> list[int]:
    """What stands on either side of a run: at the ends of the period what the file says, else the rows there."""
    settled = rows[low - 1][1 + COUNTS.index("settling")] if low else outside[0]
    over = COUNTS.index("over_good")
    return [settled, *(rows[high][1 + over : 4 + over] if high < len(rows) else outside[1:])]


def _certain(rows: list[Row]) -> int:
    """Events that were counted in a run of rows and do not float before it."""
    first = dict(zip(COUNTS, rows[0][1:-1], strict=True))
    counted: int = sum(row[1] + row[2] for row in rows)
    return int(max(counted - first["over_good"] - first["over_bad"], 0))
