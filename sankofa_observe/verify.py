"""Check an evidence document offline, sharing no code with the engine that wrote it.

A tenant runs this on a file: slots are recounted from the raw samples the file carries, then added up, judged, priced and
hashed again, and each result is compared with what the file claims. With a node's address the contract is asked as well. Only
integers, SHA-256 and keccak-256; the rules are written out here a second time on purpose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import rfc8785
from eth_hash.auto import keccak

FORMAT = "sla-evidence/2"
MILLION = 1_000_000
ON_CHAIN_STATES = ("none", "reported", "disputed", "final", "voided")
# Words of the contract's getSettlement answer, in order; all are static.
_WORDS = (
    "state", "revision", "creditPpm", "creditMinor", "deadline", "deadlineBlock", "good", "valid", "evidenceRoot",
    "documentHash", "agreementId", "sloId", "periodStart", "periodEnd", "creditedMinor",
)  # fmt: skip
_WORDS_OF_RULES = {
    "counted": ("states", "events", "parts"),
    "budgeting": ("Timeslices", "Occurrences"),
    "no_traffic": ("good", "excluded"),
}
_NUMBERS_OF_RULES = (
    "target_ppm", "slot_seconds", "slot_expected", "slot_target_ppm", "scrape_seconds", "settles_seconds", "counts_bad",
)  # fmt: skip
# A row of a slot: its start, these counts, its state.
_COUNTS = (
    "good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen",
)  # fmt: skip
_EDGES = ("settled", "after_good", "after_bad", "after_hidden")
# A parcel of events between two scrapes of one source.
_PARCEL = (
    "source", "kind", "first", "to", "good", "bad", "hidden", "blind", "from_ms", "to_ms", "good_before", "valid_before",
    "good_after", "valid_after", "top",
)  # fmt: skip
MAX_SAFE = 2**53 - 1
_STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN")
HOLE_TENTHS = 25  # neighbouring samples of a gauge, in tenths of a scrape
_GET_SETTLEMENT = keccak(b"getSettlement(bytes32)")[:4]


class CannotCheck(Exception):
    """The file, or the chain, cannot be read; nothing is said about the numbers."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim of the document beside what was found."""

    what: str
    claimed: str
    found: str

    @property
    def holds(self) -> bool:
        return self.claimed == self.found


def verify(raw: bytes) -> list[Check]:
    """Recompute everything a document claims; raises `CannotCheck` when it is not such a document."""
    document = _parse(raw)
    with _reading():
        return list(_checks(raw, document))


def verify_contract(raw: bytes, contract: str) -> Check:
    """Hold the contract the document names against the one the reader signed with."""
    with _reading():
        return Check(what="contract", claimed=_parse(raw)["chain"]["contract"], found=contract.lower())


def verify_on_chain(raw: bytes, ask: Callable[[str, list[Any]], str], contract: str | None = None) -> list[Check]:
    """Compare the document with the contract it names; `ask(method, params)` is JSON-RPC, a hex answer.

    A forger may name a contract of their own: `contract` is the address the reader signed with, compared first.
    """
    document = _parse(raw)
    with _reading():
        return list(_chain_checks(raw, document, ask, contract))


@contextmanager
def _reading() -> Iterator[None]:
    """A field that is missing or of another shape is no mismatch: nothing can be said."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise CannotCheck(
            f"the document or an answer lacks or garbles a field: {type(error).__name__}: {error}"
        ) from error


def _chain_checks(
    raw: bytes, document: dict[str, Any], ask: Callable[[str, list[Any]], str], contract: str | None
) -> Iterator[Check]:
    named, chain_id = document["chain"]["contract"], document["chain"]["chain_id"]
    yield Check(what="chain: id", claimed=str(chain_id), found=str(int(ask("eth_chainId", []), 16)))
    if contract is not None:
        yield Check(what="chain: contract", claimed=named, found=contract.lower())
    word = _on_chain(named, document["settlement_id"], ask)
    state = int.from_bytes(word["state"], "big")
    stands = state < len(ON_CHAIN_STATES) and ON_CHAIN_STATES[state] in {"reported", "final"}
    yield Check(what="chain: settlement is reported or final", claimed="True", found=str(stands))
    attained = {name: _number(count) for name, count in document["attainment"].items()}
    good = attained["good"] + attained["unknown"]
    claims = {
        "documentHash": "0x" + hashlib.sha256(raw).hexdigest(),
        "evidenceRoot": document["slot_root"],
        "good": str(good),
        "valid": str(good + attained["bad"]),
        "creditMinor": str(document["credit"]["credit_minor"]),
    }
    for name, claimed in claims.items():
        found = "0x" + word[name].hex() if claimed.startswith("0x") else str(int.from_bytes(word[name], "big"))
        yield Check(what=f"chain: {name}", claimed=claimed, found=found)


def _on_chain(contract: str, settlement_id: str, ask: Callable[[str, list[Any]], str]) -> dict[str, bytes]:
    """The words of the contract's getSettlement, by name."""
    data = "0x" + _GET_SETTLEMENT.hex() + settlement_id[2:]
    answer = bytes.fromhex(ask("eth_call", [{"to": contract, "data": data}, "latest"])[2:])
    if len(answer) != 32 * len(_WORDS):
        raise CannotCheck(f"the contract answered {len(answer)} bytes, expected {32 * len(_WORDS)}")
    return {name: answer[32 * i : 32 * i + 32] for i, name in enumerate(_WORDS)}


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CannotCheck(f"no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CannotCheck(f"expected a document with format {FORMAT!r}")
    return document


def _checks(raw: bytes, document: dict[str, Any]) -> Iterator[Check]:
    slo, rows = document["slo"], document["slots"]
    _refuse_unknown_rules(document)
    yield Check(what="canonical form", claimed=_short(raw), found=_short(rfc8785.dumps(document)))
    starts = _starts(document)
    if len(starts) != len(rows):  # before any list of them is made: a period may be as long as a forger likes
        yield Check(what="slots are complete", claimed=f"{len(rows)} slots", found=f"{len(starts)} slots")
        return
    yield Check(what="slots are complete", claimed=_list([row[0] for row in rows]), found=_list(starts))
    not_good = [row[0] for row in rows if row[-1] != "GOOD"]
    carried = [start for start, _ in document["proofs"]]
    yield Check(what="proofs are of the slots not GOOD", claimed=_list(carried), found=_list(not_good))
    proofs = dict(document["proofs"])
    for n, row in enumerate(rows):
        before = _number(rows[n - 1][8]) if n else _number(document["edges"][0])
        for found in _recounted(slo, row, proofs.get(row[0]), before):
            yield Check(what=f"slot {row[0]}", claimed=_list(row), found=found)
    attained = _add_up(slo, rows, [_number(one) for one in document["edges"]])
    yield Check(what="attainment", claimed=_text(document["attainment"]), found=_text(attained))
    verdict = _judge(attained, slo["target_ppm"]) if _bounded(slo, rows) else "undetermined"
    yield Check(what="verdict", claimed=document["verdict"], found=verdict)
    yield Check(what="bands fall from the target and pay more", claimed="True", found=str(_bands_fall(document)))
    yield Check(what="credit", claimed=_text(document["credit"]), found=_text(_price(document, attained)))
    yield Check(what="slot root", claimed=document["slot_root"], found=_root(rows))
    yield Check(what="settlement id", claimed=document["settlement_id"], found=_settlement_id(document))


def _refuse_unknown_rules(document: dict[str, Any]) -> None:
    """Words and numbers that this format does not have: to count by them would be to guess."""
    slo = document["slo"]
    for name, words in _WORDS_OF_RULES.items():
        if slo[name] not in words:
            raise CannotCheck(f"slo.{name} is {slo[name]!r}, expected one of {', '.join(words)}")
    if document["exclusions"]:
        raise CannotCheck("exclusions are not part of this format's first version")
    if any(type(number) is not int or number < 0 for number in _numbers(document)):
        raise CannotCheck("a time, a count, a share or an amount is no whole number, or under 0")
    for row in document["slots"]:
        if len(row) != len(_COUNTS) + 2 or any(
            _number(row[1 + n]) < 0 for n in range(len(_COUNTS)) if _COUNTS[n] != "bad"
        ):
            raise CannotCheck(f"the row {_list(row)} is no slot, or has a count under 0")
    if len(document["edges"]) != len(_EDGES):
        raise CannotCheck(f"edges are {len(_EDGES)} counts: {', '.join(_EDGES)}")


def _number(value: Any) -> int:
    """A count: a whole number, or text of one that a reader of JSON would round."""
    if type(value) is int and abs(value) <= MAX_SAFE:
        return value
    if type(value) is str and value == str(int(value)) and abs(int(value)) > MAX_SAFE:
        return int(value)
    raise CannotCheck(f"{value!r} is no whole number; above 2^53 - 1 it is written as text")


def _numbers(document: dict[str, Any]) -> Iterator[Any]:
    """All that is counted with or compared as text: "4", 4.0 and true must not pass for a number."""
    yield from (document["slo"][name] for name in _NUMBERS_OF_RULES)
    yield from (document["agreement"][name] for name in ("version", "fee_minor", "exponent", "cap_ppm"))
    yield from (document["revision"], document["chain"]["chain_id"], *document["period"])
    yield from (_number(one) for one in (*document["attainment"].values(), *document["edges"]))
    yield from document["credit"].values()
    yield from (number for band in document["agreement"]["bands"] for number in band)
    yield from (row[0] for row in document["slots"])
    yield from (start for start, _ in document["proofs"])


def _starts(document: dict[str, Any]) -> range:
    start, end = document["period"]
    step = document["slo"]["slot_seconds"]
    first = -(-start // step) * step
    return range(first, end - step + 1, step)


def _bands_fall(document: dict[str, Any]) -> bool:
    """From the target down, each lower band with a higher share, up to the whole fee: else a band hides another."""
    bands = document["agreement"]["bands"]
    falls = all(low[0] < high[0] and low[1] > high[1] for high, low in pairwise(bands))
    shares = all(0 < share <= MILLION for _, share in bands)
    return bool(bands) and bands[0][0] == document["slo"]["target_ppm"] and falls and shares


def _recounted(slo: dict[str, Any], row: list[Any], proof: list[Any] | None, settled: int) -> Iterator[str]:
    """What a slot's proof makes of it, each way in which it can be looked at; a GOOD one by its own counts."""
    counts = dict(zip(_COUNTS, map(_number, row[1:-1]), strict=True))
    if proof is None:
        yield _list([*row[:-1], _state_by_counts(slo, counts, settled)])
    elif not proof and counts["blind"] >= slo["slot_seconds"]:
        yield _list([*row[:-1], "UNKNOWN"])  # nothing was recorded, or the selector met no series
    elif slo["counted"] == "events":
        yield _list(_by_parcels(slo, row, counts, [_parcel(one) for one in proof], settled))
    elif slo["counted"] == "states":
        yield _list(_by_samples(slo, row, proof))
    else:
        yield _list(_by_parts(slo, row, dict(proof)))


def _parcel(values: list[Any]) -> dict[str, Any]:
    """One parcel by name, with what its kind allows it to say held against the raw counters it carries."""
    one = dict(zip(_PARCEL, values, strict=True))
    numbers = {name: _number(value) for name, value in one.items() if name not in {"source", "kind"}}
    return one | numbers


def _by_parcels(
    slo: dict[str, Any], row: list[Any], counts: dict[str, int], parcels: list[dict[str, Any]], settled: int
) -> list[Any]:
    """A slot of events from the parcels that may belong to it; what they say must be what their counters say."""
    number = row[0] // slo["slot_seconds"]
    if any(not one["first"] <= number <= one["to"] for one in parcels) or not all(_sound(slo, one) for one in parcels):
        return ["parcels that are not of this slot, or not of their counters"]
    here = [one for one in parcels if one["to"] == number]
    over = [one for one in parcels if one["first"] < number]
    found = {name: sum(one[name] for one in here) for name in ("good", "bad", "hidden", "blind")}
    found |= {f"over_{name}": sum(one[name] for one in over) for name in ("good", "bad", "hidden")}
    if counts["blind"] == slo["slot_seconds"] > found["blind"]:
        found["blind"] = counts["blind"]  # the selector met no series: nothing shows that
    sure = [one for one in here if one["first"] == number]
    floats = [one for one in parcels if one["first"] < one["to"]]
    sums = {name: sum(one[name] for one in sure) for name in ("good", "bad")}
    sums |= {f"may_{name}": sum(one[name] for one in floats) for name in ("good", "bad")}
    sums |= {"hidden": sum(one["hidden"] for one in parcels), "blind": found["blind"]}
    sums |= {"settling": counts["settling"], "settled": settled}
    same = [found.get(name, counts[name]) for name in _COUNTS]
    return [row[0], *(str(one) if abs(one) > MAX_SAFE else one for one in same), _state(slo, sums)]


def _sound(slo: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether a parcel counts no more than the counters it carries allow, and hides nothing without a reason."""
    part, rest = ("bad", "good") if slo["counts_bad"] else ("good", "bad")
    grown, shown = one["valid_after"] - one["valid_before"], one["valid_after"]
    exact = one[part] == one["good_after"] - one["good_before"] and one["good"] + one["bad"] == grown
    if min(one["hidden"], one["blind"], one[part]) < 0 or one["top"] < -1 or one["first"] > one["to"]:
        return False
    kinds = {
        "growth": exact and one["hidden"] == one["blind"] == 0 and one["first"] == one["to"],
        "gap": exact or one["hidden"] > 0 == one["good"] + one["bad"],
        "restart": one[rest] >= 0 and one["good"] + one["bad"] in {0, shown},
        "new source": one[rest] >= 0 and one["good"] + one["bad"] in {0, shown},
        "birth": 0 <= one["good"] + one["bad"] <= max(grown, shown),
    }
    return bool(kinds.get(one["kind"], one["good"] + one["bad"] == 0))


def _by_samples(slo: dict[str, Any], row: list[Any], proof: list[Any]) -> list[Any]:
    """A slot of states from the samples in it and around it, cell by cell."""
    width, first = slo["scrape_seconds"] * 1000, row[0] // slo["scrape_seconds"]
    sources = [sorted((_number(at), _number(up)) for at, up in samples) for _, samples in proof]
    cells = [
        _combined(slo["combine"], [_cell(one, number * width, width) for one in sources])
        for number in range(first, first + slo["slot_expected"])
    ]
    good, bad = cells.count(1), cells.count(0)
    hidden = slo["slot_expected"] - good - bad
    sums = {"good": good, "bad": bad, "hidden": hidden}
    return [row[0], good, bad, hidden, 0, 0, 0, 0, 0, slo["slot_expected"], good + bad, _state(slo, sums)]


def _cell(samples: list[tuple[int, int]], start: int, width: int) -> int | None:
    inside = [up for at, up in samples if start <= at < start + width]
    if inside:
        return min(inside)
    before = [one for one in samples if one[0] < start]
    after = [one for one in samples if one[0] >= start + width]
    if not before or not after or (after[0][0] - before[-1][0]) * 10 > HOLE_TENTHS * width:
        return None
    return after[0][1] if after[0][1] == before[-1][1] else None


def _combined(rule: str, states: list[int | None]) -> int | None:
    word, _, least = rule.partition(" ")
    needed = {"all": max(1, len(states)), "any": 1}.get(word) or int(least)
    up, unknown = states.count(1), states.count(None)
    if up >= needed:
        return 1
    return 0 if states and up + unknown < needed else None


def _by_parts(slo: dict[str, Any], row: list[Any], states: dict[str, str]) -> list[Any]:
    """A slot of a composite from the states of its parts."""
    wanted, _, text = slo["combine"].partition(" ")
    weights = {name: int(weight) for name, _, weight in (one.partition("=") for one in text.split(","))}
    of = {state: sum(weights[name] for name in weights if states[name] == state) for state in _STATES}
    good, every = of["GOOD"] + of["NO_TRAFFIC"], sum(weights.values())
    best, worst = (good + of["UNKNOWN"]) * MILLION < int(wanted) * every, good * MILLION < int(wanted) * every
    state = "BAD" if best else "UNKNOWN" if worst else "GOOD"
    return [row[0], good, of["BAD"], of["UNKNOWN"], 0, 0, 0, 0, 0, every, every - of["UNKNOWN"], state]


def _state_by_counts(slo: dict[str, Any], counts: dict[str, int], settled: int) -> str:
    """A row without proof is GOOD, whatever its counts leave open."""
    if slo["counted"] == "parts":
        return "GOOD" if counts["good"] else "UNKNOWN"
    sums = {name: counts[name] for name in ("bad", "hidden", "blind", "settling")} | {"settled": settled}
    sums["good"] = counts["good"]
    if slo["counted"] == "states" and counts["good"] + counts["bad"] + counts["hidden"] != slo["slot_expected"]:
        return "UNKNOWN"
    return _state(slo, sums)


def _state(slo: dict[str, Any], sums: dict[str, int]) -> str:
    """What every placement of what is not certain makes of a slot, or UNKNOWN."""
    good, bad, hidden = sums["good"], sums["bad"], sums["hidden"]
    may_good, may_bad = sums.get("may_good", 0), sums.get("may_bad", 0)
    settling, settled = sums.get("settling", 0), sums.get("settled", 0)
    if sums.get("blind"):
        return "UNKNOWN"
    if slo["counted"] == "events":
        if good + bad + may_good + may_bad + hidden == 0 and not settled:
            return "NO_TRAFFIC"
        if good + bad <= 0 or bad < 0:
            return "UNKNOWN"
    best = good + min(bad, settling) + may_good + hidden
    if best * MILLION < slo["slot_target_ppm"] * (good + bad + may_good + hidden):
        return "BAD"
    worst = good - min(good, settled)
    return "UNKNOWN" if worst * MILLION < slo["slot_target_ppm"] * (good + bad + may_bad + hidden) else "GOOD"


def _add_up(slo: dict[str, Any], rows: list[list[Any]], outside: list[int]) -> dict[str, int]:
    count = {name: sum(row[-1] == name for row in rows) for name in _STATES}
    if slo["budgeting"] == "Timeslices":
        idle = count["NO_TRAFFIC"] if slo["no_traffic"] == "good" else 0
        return {"good": count["GOOD"] + idle, "bad": count["BAD"], "unknown": count["UNKNOWN"]}
    first, last = ({name: _number(row[1 + n]) for n, name in enumerate(_COUNTS)} for row in (rows[0], rows[-1]))
    total = {name: sum(_number(row[1 + n]) for row in rows) for n, name in enumerate(_COUNTS)}
    settled, after_good, after_bad, after_hidden = outside
    good, bad = total["good"] - first["over_good"], total["bad"] - first["over_bad"]
    unknown = total["hidden"] + first["over_good"] + max(first["over_bad"], 0)
    unknown += after_good + max(after_bad, 0) + after_hidden
    late, early = min(max(bad, 0), last["settling"]), min(good, settled)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    if bad < 0:
        good, bad, unknown = good + bad, 0, unknown - bad
    unknown += -(-2 * total["blind"] * _busiest(rows) // slo["slot_seconds"])
    return {"good": good, "bad": bad, "unknown": unknown}


def _busiest(rows: list[list[Any]]) -> int:
    return max((_number(row[1]) + _number(row[2]) for row in rows), default=0)


def _bounded(slo: dict[str, Any], rows: list[list[Any]]) -> bool:
    """Whether something says how many events there may have been where nothing was seen."""
    if slo["budgeting"] == "Timeslices":
        return True
    return not any(_number(row[4]) for row in rows) or _busiest(rows) > 0


def _judge(attained: dict[str, int], target_ppm: int) -> str:
    base = sum(attained.values())
    if base == 0:
        return "undetermined"
    if (attained["good"] + attained["unknown"]) * MILLION < target_ppm * base:
        return "breach"
    return "met" if attained["good"] * MILLION >= target_ppm * base else "undetermined"


def _price(document: dict[str, Any], attained: dict[str, int]) -> dict[str, int]:
    base = sum(attained.values())
    good = attained["good"] + attained["unknown"]
    reached = [credit for below, credit in document["agreement"]["bands"] if good * MILLION < below * base]
    credit_ppm = max(reached, default=0)
    return {"credit_ppm": credit_ppm, "credit_minor": document["agreement"]["fee_minor"] * credit_ppm // MILLION}


def _root(rows: list[list[Any]]) -> str:
    level = [keccak(keccak(rfc8785.dumps([index, *row]))) for index, row in enumerate(rows)]
    while len(level) > 1:
        paired = [keccak(min(a, b) + max(a, b)) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return "0x" + (level[0] if level else keccak(b"")).hex()


def _settlement_id(document: dict[str, Any]) -> str:
    label = f"{document['slo']['name']}/{document['slo']['site']}".encode()
    numbers = [document["chain"]["chain_id"], int(document["chain"]["contract"], 16)]
    words = [number.to_bytes(32, "big") for number in numbers]
    words += [bytes.fromhex(document["agreement"]["id"][2:]), keccak(label)]
    words += [edge.to_bytes(32, "big") for edge in document["period"]]
    return "0x" + keccak(b"".join(words)).hex()


def _text(value: dict[str, Any]) -> str:
    return " ".join(f"{name}={value[name]}" for name in sorted(value))


def _list(value: Sequence[Any]) -> str:
    return " ".join(map(str, value))


def _short(raw: bytes) -> str:
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()}"
