"""A slot of an outage from runs of another SLO's slots; and whether the runs of several slots are of one history."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import STATES, Rules, Stretch, listed, row_with
from sankofa_observe.verify.findings import Check

Runs = list[list[Any]]  # states that follow each other, oldest first, with how many there are of each


def by_runs(rules: Rules, start: int, proof: Runs) -> str:
    """Bad when all slots that fill the limit were."""
    states = {state for state, _ in proof}
    repeated = any(one == later for (one, _), (later, _) in pairwise(proof))
    if (
        sum(length for _, length in proof) != slots_filled(rules)
        or not states <= set(STATES)
        or repeated
        or any(length == 0 for _, length in proof)
    ):
        return "runs that do not fill the limit, are split, or have no state"
    good = bool(states & {"GOOD", "NO_TRAFFIC"})
    bad = states == {"BAD"}
    sums = {
        "good": int(good),
        "bad": int(bad),
        "hidden": int(not good and not bad),
        "expected": 1,
        "seen": int(good or bad),
    }
    return listed(row_with(start, sums, "GOOD" if good else "BAD" if bad else "UNKNOWN"))


def slots_filled(rules: Rules) -> int:
    """How many slots, ending with itself, a slot follows from."""
    return int(rules["combine"].partition(" ")[0]) if rules["counted"] == "outages" else 1


def one_history(stretch: Stretch) -> Iterator[Check]:
    """What two slots tell of the same time is the same; and no GOOD one lies where both tell that nothing was good.

    Each is compared with the one before it: what it shares with an earlier one, that one tells as well.
    """
    if stretch.rules["counted"] != "outages":
        return
    every, before, good = slots_filled(stretch.rules), None, None
    for n, row in enumerate(stretch.rows):
        proof = stretch.proofs.get(row[0])
        if row[-1] == "GOOD":
            good = row[0]
        if row[-1] == "GOOD" or not proof:
            continue
        apart = n - before[0] if before else every + 1
        if before and apart < every:
            shared = every - apart
            claimed, found = _first(proof, shared), _first(before[1][::-1], shared)[::-1]
            yield Check(what=f"runs of slot {row[0]} and of the one before", claimed=_told(claimed), found=_told(found))
        if before and apart <= every and good is not None:
            yield Check(what=f"slot {good} between runs without a good one", claimed="GOOD", found="not GOOD")
        before, good = (n, proof), None


def _first(runs: Runs, count: int) -> Runs:
    """The runs of the first so many slots."""
    found = []
    for state, length in runs:
        if count <= 0:
            break
        found.append([state, min(length, count)])
        count -= length
    return found


def _told(runs: Runs) -> str:
    return listed(f"{length} {state}" for state, length in runs)
