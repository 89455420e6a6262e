"""A second verifier of evidence, written anew from docs/reference/evidence.md and from nothing else.

It says one thing: whether a document holds. Where it and `sankofa_observe.verify` disagree, one of them is wrong.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import rfc8785
from eth_hash.auto import keccak

Json = Any
TEXTS = (
    "format settlement_id contract id terms_hash currency name site spec_digest budgeting no_traffic counted observer"
)
TEXTS += " queries engine slot_root state verdict"
WORDS = {
    "counted": ["states", "events"],
    "budgeting": ["Timeslices", "Occurrences"],
    "no_traffic": ["good", "excluded"],
}


def holds(raw: bytes) -> bool:
    """Whether everything that can be recomputed is as the document says; what cannot be read does not hold."""
    try:
        document = json.loads(raw)
        return rfc8785.dumps(document) == raw and _exact(_named(document)) and all(_claims(document))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, AttributeError):
        return False


def made_whole(document: Json) -> Json:
    """The document with all its sums computed again, as a forger would; as it is where they cannot be."""
    try:
        return document | dict(_sums(document))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
        return document


def below(part: int, whole: int, ppm: int) -> bool:
    return part * 10**6 < whole * ppm


def _exact(value: Json, name: str = "") -> bool:
    """Whether texts are texts, and all else is whole numbers from 0; a row of a slot ends with its state."""
    if isinstance(value, dict):
        return all(_exact(one, key) for key, one in value.items())
    if isinstance(value, list):
        return all(_exact(one, name) for one in value)
    return type(value) is str if name in TEXTS.split() else type(value) is int and value >= 0


def _named(document: Json) -> Json:
    """The document with the state of each row under a name of its own."""
    return document | {"slots": [[*row[:5], {"state": row[5]}] for row in document["slots"]]}


def _claims(document: Json) -> Any:
    rules, rows, raw = document["slo"], document["slots"], document["raw_samples"]
    yield document["format"] == "sla-evidence/1" and document["exclusions"] == []
    yield all(rules[name] in words for name, words in WORDS.items())
    length, (since, until) = rules["slot_seconds"], document["period"]
    first = -(-since // length)
    yield len(rows) == max(until // length - first, 0)
    yield all(row[0] == (first + n) * length for n, row in enumerate(rows))
    yield [row[0] for row in rows if row[5] != "GOOD"] == [start for start, _ in raw]
    series = dict(map(tuple, raw))
    yield all(_recounted(rules, row, series[row[0]]) if row[0] in series else _sound(rules, row) for row in rows)
    yield from (document[name] == value for name, value in _sums(document))


def _sums(document: Json) -> Any:
    rules, rows = document["slo"], document["slots"]
    good, bad, unknown = counts = _counts(rules, rows)
    yield "attainment", {"good": good, "bad": bad, "unknown": unknown}
    yield "verdict", _verdict(good, bad, unknown, rules["target_ppm"])
    yield "credit", _credit(document, good + unknown, sum(counts))
    yield "slot_root", "0x" + _root([keccak(keccak(rfc8785.dumps([n, *row]))) for n, row in enumerate(rows)]).hex()
    yield "settlement_id", _identity(document)


def _sound(rules: Json, row: Json) -> bool:
    """A row that carries no samples is GOOD by its own counts; of states, good and seen are among the valid ones."""
    _, good, valid, expected, seen, _ = row
    counted = good <= valid and seen <= valid if rules["counted"] == "states" else valid > 0
    enough = rules["slot_expected"] == expected >= seen and not below(seen, expected, rules["coverage_floor_ppm"])
    return counted and enough and not below(good, valid, rules["slot_target_ppm"])


def _recounted(rules: Json, row: Json, series: Json) -> bool:
    start, end, events = row[0] * 1000, (row[0] + rules["slot_seconds"]) * 1000, rules["counted"] == "events"
    for one in series:
        outside = [sum(s[0] < start for s in one), sum(s[0] >= end for s in one)]
        if max(outside) > events or any(a[0] >= b[0] for a, b in pairwise(one)) or any(s[1] > s[2] for s in one):
            return False
    usable = [[s for s in one if start <= s[0] < end and (events or s[2] == 1)] for one in series]
    seen = min(max(map(len, usable), default=0), rules["slot_expected"])
    counts, alive = [sum(s[1] for one in usable for s in one), sum(map(len, usable))], False
    if events:
        grown = [_grown(one, start, end) for one in series]
        counts, alive = (
            [sum(g[0] for g in grown), sum(g[1] for g in grown)],
            any(g[2] for g in grown) and not any(g[3] for g in grown),
        )
    if below(seen, rules["slot_expected"], rules["coverage_floor_ppm"]):
        state = "RECOVERED" if alive else "UNKNOWN"
    elif events and counts[1] == 0:
        state = "NO_TRAFFIC"
    else:
        state = "BAD" if below(counts[0], counts[1], rules["slot_target_ppm"]) else "GOOD"
    return bool([row[0], *counts, rules["slot_expected"], seen, state] == row)


def _grown(one: Json, start: int, end: int) -> tuple[int, int, bool, bool]:
    """Growth of the two counters inside, whether they lived from before to after, and whether they fell meanwhile."""
    good, valid, broken = 0, 0, False
    for (at, *old), (then, *new) in pairwise(one):
        fell = new[0] < old[0] or new[1] < old[1]
        broken = broken or (fell and at < end and then > start)
        if start <= then < end:
            good, valid = (good + new[0], valid + new[1]) if fell else (good + new[0] - old[0], valid + new[1] - old[1])
    return good, valid, bool(one) and one[0][0] <= start and one[-1][0] >= end, broken


def _counts(rules: Json, rows: Json) -> tuple[int, int, int]:
    states = [row[5] for row in rows]
    if rules["budgeting"] == "Timeslices":
        idle = states.count("NO_TRAFFIC") if rules["no_traffic"] == "good" else 0
        return states.count("GOOD") + idle, states.count("BAD"), states.count("UNKNOWN") + states.count("RECOVERED")
    good, busiest = sum(row[1] for row in rows), max([1] + [row[2] for row in rows if row[5] != "UNKNOWN"])
    return good, sum(row[2] for row in rows) - good, states.count("UNKNOWN") * busiest


def _verdict(good: int, bad: int, unknown: int, target: int) -> str:
    base = good + bad + unknown
    if base and below(good + unknown, base, target):
        return "breach"
    return "met" if base and not below(good, base, target) else "undetermined"


def _credit(document: Json, good: int, base: int) -> Json:
    """What is owed, or nothing that a document can say where the bands are no schedule."""
    bands, credit = document["agreement"]["bands"], 0
    if bands[0][0] != document["slo"]["target_ppm"] or any(a[0] <= b[0] or a[1] >= b[1] for a, b in pairwise(bands)):
        return None
    for edge, share in bands:
        credit = share if below(good, base, edge) else credit
    if bands[0][1] < 1 or bands[-1][1] > 10**6:
        return None
    return {"credit_ppm": credit, "credit_minor": document["agreement"]["fee_minor"] * credit // 10**6}


def _root(nodes: list[bytes]) -> bytes:
    pairs = [sorted(nodes[n : n + 2]) for n in range(0, len(nodes), 2)]
    joined = [keccak(b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return _root(joined) if joined[1:] else joined[0] if joined else keccak(b"")


def _identity(document: Json) -> str:
    chain, slo = document["chain"], document["slo"]
    promise = keccak(f"{slo['name']}/{slo['site']}".encode()).hex()
    words = [
        f"{chain['chain_id']:064x}",
        chain["contract"][2:].rjust(64, "0"),
        document["agreement"]["id"][2:],
        promise,
    ]
    return "0x" + keccak(bytes.fromhex("".join([*words, *(f"{edge:064x}" for edge in document["period"])]))).hex()
