"""A period from its rows: attainment, verdict and credit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import COUNTS, MILLION, STATES, Row, Rules, below, number

Sums = dict[str, int]  # good, bad and unknown


def count_slots(rules: Rules, rows: list[Row]) -> Sums:
    states = [row[-1] for row in rows]
    count = {name: states.count(name) for name in STATES}
    idle = count["NO_TRAFFIC"] if rules["no_traffic"] == "good" else 0
    return {"good": count["GOOD"] + idle, "bad": count["BAD"], "unknown": count["UNKNOWN"]}


def in_run(rows: list[Row], outside: list[int]) -> Sums:
    """Events of rows that follow each other, with what stands on both sides of them; time without any measure is yet to come."""
    first, last = ({name: row[1 + n] for n, name in enumerate(COUNTS)} for row in (rows[0], rows[-1]))
    total = {name: sum(row[1 + n] for row in rows) for n, name in enumerate(COUNTS)}
    settled, after_good, after_bad, after_hidden = outside
    good, bad = max(total["good"] - first["over_good"], 0), total["bad"] - first["over_bad"]
    unknown = total["hidden"] + first["over_good"] + max(first["over_bad"], 0)
    unknown += after_good + max(after_bad, 0) + after_hidden
    late, early = min(max(bad, 0), last["settling"]), min(good, settled)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    if bad < 0:
        elsewhere = min(good, -bad)
        good, bad, unknown = good - elsewhere, 0, unknown + elsewhere
    return {"good": good, "bad": bad, "unknown": unknown}


def unmeasured(rules: Rules, rows: list[Row], busiest: int) -> int:
    """Events of time without any measure: twice the busiest slot, rounded up."""
    blind: int = sum(row[4] for row in rows)
    return int(-(-2 * blind * busiest // rules["slot_seconds"]))


def busiest_of(rows: list[Row]) -> int:
    """The most events in one slot of which every source was seen."""
    whole: list[int] = [row[1] + row[2] for row in rows if not row[3] and not row[4]]
    return max([0, *whole])


def bounded(rules: Rules, rows: list[Row]) -> bool:
    """Whether something says how many events there may have been where nothing was seen."""
    if rules["budgeting"] == "Timeslices":
        return True
    return not any(row[4] for row in rows) or busiest_of(rows) > 0


def judge(rules: Rules, rows: list[Row], attained: Sums, *, is_bounded: bool) -> str:
    """`rows` are those that are judged: where exclusions leave none of them, nothing was promised, and nothing was missed."""
    if not is_bounded:
        return "undetermined"
    base, high = sum(attained.values()), attained["good"] + attained["unknown"]
    if base == 0:
        idle = rules["no_traffic"] == "good" and all(row[-1] == "NO_TRAFFIC" for row in rows)
        return "met" if idle or not rows else "undetermined"
    if below(high, base, rules["target_ppm"]):
        return "breach"
    return "undetermined" if below(attained["good"], base, rules["target_ppm"]) else "met"


def bands_fall(identity: dict[str, Any]) -> bool:
    """From the target down, each lower band with a higher share, up to the whole fee: else a band hides another."""
    bands = identity["agreement"]["bands"]
    falls = all(low[0] < high[0] and low[1] > high[1] for high, low in pairwise(bands))
    shares = all(0 < share <= MILLION for _, share in bands)
    return bool(bands) and bands[0][0] == identity["slo"]["target_ppm"] and falls and shares


def price(agreement: dict[str, Any], attained: dict[str, int]) -> dict[str, int]:
    base, high = sum(attained.values()), attained["good"] + attained["unknown"]
    reached = [credit for edge, credit in agreement["bands"] if below(high, base, edge)]
    credit_ppm = max(reached, default=0)
    return {"credit_ppm": credit_ppm, "credit_minor": number(agreement["fee_minor"]) * credit_ppm // MILLION}
