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

FORMAT = "sla-evidence/1"
MILLION = 1_000_000
ON_CHAIN_STATES = ("none", "reported", "disputed", "final", "voided")
# Words of the contract's getSettlement answer, in order; all are static.
_WORDS = (
    "state", "revision", "creditPpm", "creditMinor", "deadline", "deadlineBlock", "good", "valid", "evidenceRoot",
    "documentHash", "agreementId", "sloId", "periodStart", "periodEnd", "creditedMinor",
)  # fmt: skip
_WORDS_OF_RULES = {
    "counted": ("states", "events"),
    "budgeting": ("Timeslices", "Occurrences"),
    "no_traffic": ("good", "excluded"),
}
_NUMBERS_OF_RULES = ("target_ppm", "slot_seconds", "slot_expected", "slot_target_ppm", "coverage_floor_ppm")
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
    attained = document["attainment"]
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
    not_good = [row[0] for row in rows if row[5] != "GOOD"]
    carried = [start for start, _ in document["raw_samples"]]
    yield Check(what="raw samples are of the slots not GOOD", claimed=_list(carried), found=_list(not_good))
    yield Check(what="raw samples are in order", claimed="True", found=str(_in_order(document)))
    recounted = dict(_recount(document))
    for row in rows:
        found = recounted.get(row[0]) or _good_by_counts(slo, row)
        yield Check(what=f"slot {row[0]}", claimed=_list(row), found=_list(found))
    attained = _add_up(slo, rows)
    yield Check(what="attainment", claimed=_text(document["attainment"]), found=_text(attained))
    verdict = _judge(attained, slo["target_ppm"])
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
    if any(good > valid for _, series in document["raw_samples"] for one in series for _, good, valid in one):
        raise CannotCheck("a raw sample has more good than valid")


def _numbers(document: dict[str, Any]) -> Iterator[Any]:
    """All that is counted with or compared as text: "4", 4.0 and true must not pass for a number."""
    yield from (document["slo"][name] for name in _NUMBERS_OF_RULES)
    yield from (document["agreement"][name] for name in ("version", "fee_minor", "exponent", "cap_ppm"))
    yield from (document["revision"], document["chain"]["chain_id"], *document["period"])
    yield from (*document["attainment"].values(), *document["credit"].values())
    yield from (number for band in document["agreement"]["bands"] for number in band)
    yield from (number for row in document["slots"] for number in row[:5])
    for start, series in document["raw_samples"]:
        yield start
        yield from (number for samples in series for one in samples for number in one)


def _starts(document: dict[str, Any]) -> range:
    start, end = document["period"]
    step = document["slo"]["slot_seconds"]
    first = -(-start // step) * step
    return range(first, end - step + 1, step)


def _in_order(document: dict[str, Any]) -> bool:
    """Whether times rise within each series, with at most one neighbour before a slot and one after it (for events)."""
    reach = 1 if document["slo"]["counted"] == "events" else 0
    for start, series in document["raw_samples"]:
        low, high = start * 1000, (start + document["slo"]["slot_seconds"]) * 1000
        for samples in series:
            times = [one[0] for one in samples]
            if any(before >= after for before, after in pairwise(times)):
                return False
            if sum(at < low for at in times) > reach or sum(at >= high for at in times) > reach:
                return False
    return True


def _good_by_counts(slo: dict[str, Any], row: list[Any]) -> list[Any]:
    """A row without samples, as its own counts allow it: of states, no more may be seen than is counted, nor good."""
    start, good, valid, _, seen, _ = row
    state = _state(slo, good, valid, seen, bridged=False)
    if slo["counted"] == "states":
        seen, good = min(seen, valid), min(good, valid)
    return [start, good, valid, slo["slot_expected"], min(seen, slo["slot_expected"]), state]


def _bands_fall(document: dict[str, Any]) -> bool:
    """From the target down, each lower band with a higher share, up to the whole fee: else a band hides another."""
    bands = document["agreement"]["bands"]
    falls = all(low[0] < high[0] and low[1] > high[1] for high, low in pairwise(bands))
    shares = all(0 < share <= MILLION for _, share in bands)
    return bool(bands) and bands[0][0] == document["slo"]["target_ppm"] and falls and shares


def _recount(document: dict[str, Any]) -> Iterator[tuple[int, list[Any]]]:
    """Every slot that carries raw samples, counted again."""
    slo = document["slo"]
    for start, series in document["raw_samples"]:
        low, high = start * 1000, (start + slo["slot_seconds"]) * 1000
        inside = [[one for one in samples if low <= one[0] < high] for samples in series]
        if slo["counted"] == "states":
            known = [[one for one in samples if one[2] == 1] for samples in inside]
            seen = max((len(one) for one in known), default=0)
            good, valid, bridged = sum(s[1] for one in known for s in one), sum(len(one) for one in known), False
        else:
            seen = max((len(one) for one in inside), default=0)
            good, valid, bridged = _events(series, low, high)
        state = _state(slo, good, valid, seen, bridged=bridged)
        yield start, [start, good, valid, slo["slot_expected"], min(seen, slo["slot_expected"]), state]


def _events(series: list[list[list[int]]], low: int, high: int) -> tuple[int, int, bool]:
    """Counter growth inside the slot, and whether one counter lived on over all of it while none was reset."""
    good = valid = 0
    lived = broken = False
    for samples in series:
        lived = lived or (bool(samples) and samples[0][0] <= low and samples[-1][0] >= high)
        for before, after in pairwise(samples):
            reset = after[1] < before[1] or after[2] < before[2]
            broken = broken or (reset and after[0] > low and before[0] < high)
            if low <= after[0] < high:
                good += after[1] if reset else after[1] - before[1]
                valid += after[2] if reset else after[2] - before[2]
    return good, valid, lived and not broken


def _state(slo: dict[str, Any], good: int, valid: int, seen: int, *, bridged: bool) -> str:
    if seen * MILLION < slo["coverage_floor_ppm"] * slo["slot_expected"]:
        return "RECOVERED" if bridged else "UNKNOWN"
    if slo["counted"] == "events" and valid == 0:
        return "NO_TRAFFIC"
    return "BAD" if good * MILLION < slo["slot_target_ppm"] * valid else "GOOD"


def _add_up(slo: dict[str, Any], rows: list[list[Any]]) -> dict[str, int]:
    count = {
        name: sum(row[5] == name for row in rows) for name in ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN", "RECOVERED")
    }
    if slo["budgeting"] == "Timeslices":
        idle = count["NO_TRAFFIC"] if slo["no_traffic"] == "good" else 0
        return {"good": count["GOOD"] + idle, "bad": count["BAD"], "unknown": count["UNKNOWN"] + count["RECOVERED"]}
    counted = [row for row in rows if row[5] != "EXCLUDED"]
    good, valid = sum(row[1] for row in counted), sum(row[2] for row in counted)
    busiest = max((row[2] for row in counted if row[5] != "UNKNOWN"), default=0)
    return {"good": good, "bad": valid - good, "unknown": count["UNKNOWN"] * max(busiest, 1)}


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


def _text(value: dict[str, int]) -> str:
    return " ".join(f"{name}={value[name]}" for name in sorted(value))


def _list(value: Sequence[Any]) -> str:
    return " ".join(map(str, value))


def _short(raw: bytes) -> str:
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()}"
