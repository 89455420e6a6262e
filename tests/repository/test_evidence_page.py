"""docs/reference/evidence.md is enough to write a verifier: the functions above STATES were written from it, with nothing of ours.

It recomputes what the engine wrote, for all states a slot can have. Only the documents come from the engine.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest
import rfc8785
from eth_hash.auto import keccak

from sankofa_observe.pipeline.attest import reported_counts
from sankofa_observe.sla.evidence import canonical, digest, slot_root
from sankofa_observe.sla.penalty import VerdictRecord, price
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo
from sankofa_observe.slo.slot import SeriesSamples, SlotKey, SlotState, count_events, count_states
from sankofa_observe.slo.verdict import attain, judge, tally
from tests.builders import CHAIN, agreement, digest_of, period, slo

MILLION = 1_000_000


def below(a: int, b: int, ppm: int) -> bool:
    return a * MILLION < ppm * b


def recount(rules: dict[str, Any], start: int, series: list[list[list[int]]]) -> list[Any]:
    """`A row with raw samples` and `State` of the page."""
    low, high = start * 1000, (start + rules["slot_seconds"]) * 1000
    good = valid = seen = 0
    bridged = broken = False
    for samples in series:
        usable = [one for one in samples if low <= one[0] < high]
        if rules["counted"] == "states":
            usable = [one for one in usable if one[2] == 1]
            good, valid = good + sum(one[1] for one in usable), valid + len(usable)
        else:
            steps = [(a, b, b[1] < a[1] or b[2] < a[2]) for a, b in pairwise(samples)]
            for a, b, reset in steps:
                if low <= b[0] < high:
                    good += b[1] if reset else b[1] - a[1]
                    valid += b[2] if reset else b[2] - a[2]
            whole = bool(samples) and samples[0][0] <= low and samples[-1][0] >= high
            broken = broken or any(reset and a[0] < high and b[0] > low for a, b, reset in steps)
            bridged = bridged or whole
        seen = max(seen, len(usable))
    seen = min(seen, rules["slot_expected"])
    if below(seen, rules["slot_expected"], rules["coverage_floor_ppm"]):
        state = "RECOVERED" if bridged and not broken else "UNKNOWN"
    elif rules["counted"] == "events" and valid == 0:
        state = "NO_TRAFFIC"
    else:
        state = "BAD" if below(good, valid, rules["slot_target_ppm"]) else "GOOD"
    return [start, good, valid, rules["slot_expected"], seen, state]


def attainment(rules: dict[str, Any], rows: list[list[Any]]) -> tuple[int, int, int]:
    """`Attainment` of the page: good, bad, unknown."""

    def number(*states: str) -> int:
        return sum(row[5] in states for row in rows)

    if rules["budgeting"] == "Timeslices":
        idle = number("NO_TRAFFIC") if rules["no_traffic"] == "good" else 0
        return number("GOOD") + idle, number("BAD"), number("UNKNOWN", "RECOVERED")
    base = [row for row in rows if row[5] != "EXCLUDED"]
    busiest = max((row[2] for row in base if row[5] != "UNKNOWN"), default=0)
    good, valid = sum(row[1] for row in base), sum(row[2] for row in base)
    return good, valid - good, number("UNKNOWN") * (busiest or 1)


def root(rows: list[list[Any]]) -> str:
    """`Slot root` of the page."""
    level = [keccak(keccak(rfc8785.dumps([i, *row]))) for i, row in enumerate(rows)]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [keccak(b"".join(sorted(pair))) if len(pair) == 2 else pair[0] for pair in pairs]
    return "0x" + level[0].hex()


def settlement_id(document: dict[str, Any]) -> str:
    """`Settlement id` of the page."""
    name = keccak(f"{document['slo']['name']}/{document['slo']['site']}".encode())
    numbers = [
        document["chain"]["chain_id"],
        int(document["chain"]["contract"], 16),
        int(document["agreement"]["id"], 16),
    ]
    words = [*numbers, int.from_bytes(name, "big"), *document["period"]]
    return "0x" + keccak(b"".join(word.to_bytes(32, "big") for word in words)).hex()


STATES = {"up": [(1, 1)] * 4, "down": [(1, 1), (0, 1), (0, 1), (1, 1)], "blind": [(0, 0)] * 4, "silent": []}
GROWTH = {"good": (50, 50), "bad": (10, 50), "idle": (0, 0)}


def series_of_states(*kinds: str) -> list[SeriesSamples]:
    """One gauge pair over slots of the named kinds, a sample each 15 s."""
    start = period().starts_at
    samples = [
        ((start + 60 * n + 15 * i) * 1000, up, known)
        for n, kind in enumerate(kinds)
        for i, (up, known) in enumerate(STATES[kind])
    ]
    return [samples]


def series_of_events(*kinds: str) -> list[SeriesSamples]:
    """One counter pair; `gap` has no sample though the counters grow, `reset` has none and they start again after it."""
    start, good, valid = period().starts_at, 1000, 1000
    samples = [((start - 15) * 1000, good, valid)]
    for n, kind in enumerate(kinds):
        good, valid = (0, 0) if kind == "reset" else (good, valid)
        for i in range(4):
            more = GROWTH.get(kind, (50, 50))
            good, valid = good + more[0], valid + more[1]
            samples += [((start + 60 * n + 15 * i) * 1000, good, valid)] if kind in GROWTH else []
    return [samples]


def document_of(objective: Slo, series: list[SeriesSamples]) -> dict[str, Any]:
    """The evidence that the engine writes for these samples."""
    key = SlotKey(slo=objective.name, site="edge-1", rule=objective.slot)
    count = count_events if isinstance(objective.indicator, RatioIndicator) else count_states
    slots = count(key, period(), series)
    base = agreement()
    promise = type(base.promises[0])(slo=objective, site="edge-1", bands=base.promises[0].bands)
    attained = attain(objective, tally(slots))
    record = VerdictRecord(
        agreement_id=base.id,
        slo=objective.name,
        site="edge-1",
        period=period(),
        revision=1,
        verdict=judge(attained, objective.target_ppm),
        attainment=attained,
        target_ppm=objective.target_ppm,
        spec_digest=digest_of("spec"),
        slot_root=slot_root(slots),
        slot_count=len(slots),
        judged_at=0,
    )
    _, document = price(
        agreement=base,
        promise=promise,
        record=record,
        slots=slots,
        chain=CHAIN,
        engine="test",
        observer="test",
        assessed_at=0,
    )
    return document


EVENTS = RatioIndicator(good="good_total", valid="valid_total")
CASES = {
    "states": document_of(slo(), series_of_states("up", "down", "blind", "silent", "up", "down", *["up"] * 4)),
    "events in slots": document_of(
        slo(indicator=EVENTS, no_traffic=NoTraffic.EXCLUDED),
        series_of_events("good", "bad", "idle", "gap", "good", "reset", "bad", *["good"] * 3),
    ),
    "events": document_of(
        slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES),
        series_of_events("good", "bad", "idle", "gap", "bad", "reset", "bad", *["good"] * 3),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_page_recomputes_what_the_engine_wrote(case: str) -> None:
    """Slots, attainment, verdict, credit, root and identity follow from the file by the page alone."""
    raw = canonical(CASES[case])
    document = json.loads(raw)
    rules, rows, terms = document["slo"], document["slots"], document["agreement"]
    recounted = {start: recount(rules, start, series) for start, series in document["raw_samples"]}
    assert [recounted.get(row[0], [*row[:5], "GOOD"]) for row in rows] == rows
    good, bad, unknown = attainment(rules, rows)
    assert {"good": good, "bad": bad, "unknown": unknown} == document["attainment"]
    base, high = good + bad + unknown, good + unknown
    breach, met = below(high, base, rules["target_ppm"]), not below(good, base, rules["target_ppm"])
    assert document["verdict"] == ("breach" if breach else "met" if met else "undetermined")
    share = max((credit for edge, credit in terms["bands"] if below(high, base, edge)), default=0)
    assert document["credit"] == {"credit_ppm": share, "credit_minor": terms["fee_minor"] * share // MILLION}
    assert (root(rows), settlement_id(document)) == (document["slot_root"], document["settlement_id"])
    assert reported_counts(document) == (high, base, document["slot_root"])
    assert digest(document) == "0x" + hashlib.sha256(raw).hexdigest()


def test_cases_have_every_state_but_exclusion() -> None:
    """The documents above hold each state that can be counted, and breaches."""
    states = {row[5] for document in CASES.values() for row in document["slots"]}
    assert states == {state.value for state in SlotState} - {"EXCLUDED"}
    assert {document["verdict"] for document in CASES.values()} == {"breach"}
