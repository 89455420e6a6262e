"""A slot from what it follows from: of states from samples, of a composite from its parts, and a GOOD one by its own counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.events import by_parcels, scraped
from sankofa_observe.verify.evidence_2.form import (
    COUNTS,
    MILLION,
    STATES,
    Row,
    Rules,
    Stretch,
    below,
    listed,
    number,
    row_with,
)
from sankofa_observe.verify.evidence_2.members import by_members, least_good
from sankofa_observe.verify.evidence_2.outages import by_runs
from sankofa_observe.verify.evidence_2.parcels import parcel_of
from sankofa_observe.verify.findings import Check

HOLE_TENTHS = 25  # neighbouring samples of a gauge, in tenths of a scrape
_NOT_GOOD = "counts that make no GOOD slot"


def row_checks(stretch: Stretch, n: int) -> Iterator[Check]:
    """The claims of one row, and of what is counted later though it may belong here."""
    row = stretch.rows[n]
    found = recounted(stretch, n)
    yield Check(what=f"slot {row[0]}", claimed=listed(row), found=found)
    for over, sums in _carried_on(stretch, n):
        yield Check(what=f"what may belong to slot {row[0]} and is counted later", claimed=over, found=sums)


def settled_before(stretch: Stretch, n: int) -> int | None:
    """Good events of a row whose valid ones may stand before it; None where the file does not say."""
    if not stretch.rules["settles_seconds"]:
        return 0
    settled: int | None = stretch.rows[n - 1][8] if n else stretch.settled
    return settled


def recounted(stretch: Stretch, n: int) -> str:
    """What a row's proof makes of it; a GOOD one, and no other, is looked at by its own counts."""
    rules, row = stretch.rules, stretch.rows[n]
    settled = settled_before(stretch, n) or 0
    if row[-1] == "GOOD":
        return _by_counts(rules, row, settled)
    if row[0] not in stretch.proofs:
        return "no proof, and it is not GOOD"
    proof = stretch.proofs[row[0]]
    if _unseen(stretch, n) and rules["counted"] != "events":  # empty, and blind: nothing was recorded
        return listed(_never_recorded(rules, row[0]))
    if rules["counted"] == "events":
        return by_parcels(rules, row, [parcel_of(one) for one in proof], settled)
    by = {"states": _by_samples, "parts": _by_parts, "outages": by_runs, "members": by_members}
    return by[rules["counted"]](rules, row[0], proof)


def _carried_on(stretch: Stretch, n: int) -> Iterator[tuple[str, str]]:
    """Parcels that are counted after a slot stand as `over_…` in the next one, and after the last slot in the edges."""
    rows, last = stretch.rows, n == len(stretch.rows) - 1
    proof = stretch.proofs.get(rows[n][0])
    if not proof or stretch.rules["counted"] != "events" or (not last and _unseen(stretch, n + 1)):
        return
    later = [one for one in map(parcel_of, proof) if one.to > rows[n][0] // stretch.rules["slot_seconds"]]
    sums = [sum(one.good for one in later), sum(one.bad for one in later), sum(one.hidden for one in later)]
    claimed = stretch.after if last else rows[n + 1][5:8]
    if claimed is not None and (not last or any(claimed)):  # after the last slot, nothing may have been recorded
        yield listed(claimed), listed(sums)


def _unseen(stretch: Stretch, n: int) -> bool:
    """Whether a row carries no parcel and is wholly blind: nothing was recorded, or the selector met no series."""
    row = stretch.rows[n]
    return stretch.proofs.get(row[0]) == [] and row[4] == stretch.rules["slot_seconds"]


def is_unrecorded(rules: Rules, row: Row) -> bool:
    """Whether a row says that its slot was never recorded: of that there is no proof."""
    return row == _never_recorded(rules, row[0])


def _never_recorded(rules: Rules, start: int) -> Row:
    return row_with(start, {"blind": rules["slot_seconds"], "expected": rules["slot_expected"]}, "UNKNOWN")


def _by_counts(rules: Rules, row: Row, settled: int) -> str:
    """A row without proof is GOOD, whatever its counts leave open; they are confirmed as that, or not at all."""
    counts = dict(zip(COUNTS, row[1:-1], strict=True))
    good, bad, hidden = counts["good"], counts["bad"], counts["hidden"]
    if rules["counted"] == "events":
        bad, hidden = max(bad, counts["over_bad"], 0), max(hidden, counts["over_hidden"])
        sure = not counts["blind"] and good > settled and scraped(rules, counts, 1)
        sure = sure and not below(good - settled, good + bad + hidden, rules["slot_target_ppm"])
        return listed(row) if sure else _NOT_GOOD
    every, wanted = rules["slot_expected"], rules["slot_target_ppm"]
    if rules["counted"] == "parts":
        wanted, _, every = _weights(rules["combine"])
    elif rules["counted"] == "outages":
        wanted, every = MILLION, 1
    elif rules["counted"] == "members":
        every, wanted = counts["expected"], 1
        if good < least_good(rules):
            return _NOT_GOOD
    sums = {"good": good, "bad": bad, "hidden": every - good - bad, "expected": every, "seen": good + bad}
    sure = hidden == every - good - bad and not below(good, every, wanted)
    return listed(row_with(row[0], sums, "GOOD")) if sure else _NOT_GOOD


def _by_samples(rules: Rules, start: int, proof: list[Any]) -> str:
    """A slot of states from the samples in it and around it; what this costs follows from the samples, not from the slot's length."""
    width, first, expected = rules["scrape_seconds"] * 1000, start // rules["scrape_seconds"], rules["slot_expected"]
    edges = (start * 1000, (start + rules["slot_seconds"]) * 1000)
    names = [name for name, _ in proof]
    if len(set(names)) < len(names):
        return "a source is there twice"
    sources = [[(number(at), up) for at, up in samples] for _, samples in proof]
    if not all(_are_samples(one, edges) for one in sources):
        return "samples that are not of this slot, not in order, or no 0 and no 1"
    known = [(cell, up) for one in sources for cell, up in _cells(one, width).items() if 0 <= cell - first < expected]
    up, seen = Counter(cell for cell, is_up in known if is_up), Counter(cell for cell, _ in known)
    needed = _needed(rules["combine"], len(names))
    good = sum(up[cell] >= needed for cell in seen)
    bad = sum(len(names) >= needed > up[cell] + len(names) - seen[cell] for cell in seen)
    sums = {"good": good, "bad": bad, "hidden": expected - good - bad, "expected": expected, "seen": good + bad}
    return listed(row_with(start, sums, _state_of(good, sums["hidden"], expected, rules["slot_target_ppm"])))


def _needed(rule: str, sources: int) -> int:
    """How many sources must be up; where nothing is known of a cell, neither that many are nor can be told not to be."""
    return {"all": max(1, sources), "any": 1}.get(rule) or int(rule.partition(" ")[2])


def _are_samples(samples: list[tuple[int, Any]], edges: tuple[int, int]) -> bool:
    """In order, each 0 or 1, and at most one before and one after the slot."""
    low, high = edges
    outside = sum(at < low for at, _ in samples) <= 1 and sum(at >= high for at, _ in samples) <= 1
    rising = all(one < later for (one, _), (later, _) in pairwise(samples))
    return outside and rising and all(type(up) is int and up in {0, 1} for _, up in samples)


def _cells(samples: list[tuple[int, int]], width: int) -> dict[int, int]:
    """The cells that are known: those with samples, and empty ones between two that are near enough and say the same."""
    known: dict[int, int] = {}
    for at, up in samples:
        known[at // width] = min(up, known.get(at // width, 1))
    for (at, up), (after, later) in pairwise(samples):
        if up == later and (after - at) * 10 <= HOLE_TENTHS * width:
            known |= dict.fromkeys(range(at // width + 1, after // width), up)
    return known


def _by_parts(rules: Rules, start: int, proof: list[Any]) -> str:
    """A slot of a composite from the states of its parts."""
    wanted, weights, every = _weights(rules["combine"])
    if [name for name, _ in proof] != list(weights) or not {state for _, state in proof} <= set(STATES):
        return "a part is missing, not in order, or has no state"
    of = {state: sum(weights[name] for name, found in proof if found == state) for state in STATES}
    good = of["GOOD"] + of["NO_TRAFFIC"]
    sums = {"good": good, "bad": of["BAD"], "hidden": of["UNKNOWN"], "expected": every, "seen": every - of["UNKNOWN"]}
    return listed(row_with(start, sums, _state_of(good, of["UNKNOWN"], every, wanted)))


@lru_cache(maxsize=1)
def _weights(combine: str) -> tuple[int, dict[str, int], int]:
    """The share of weight that must be good, the weight of each part by name, and all weight; read once for all slots."""
    wanted, _, text = combine.partition(" ")
    weights = {name: int(weight) for name, _, weight in (one.partition("=") for one in text.split(","))}
    return int(wanted), weights, sum(weights.values())


def _state_of(good: int, hidden: int, every: int, wanted_ppm: int) -> str:
    if below(good + hidden, every, wanted_ppm):
        return "BAD"
    return "UNKNOWN" if below(good, every, wanted_ppm) else "GOOD"
