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
from urllib.parse import unquote

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
_SIGNED = {"bad", "over_bad", "after_bad"}  # under 0 where a good event is counted later than its valid one
MAX_SAFE = 2**53 - 1
DAY_SECONDS = 86_400
_STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN")
_ONLY_OF_EVENTS = {"over_good", "over_bad", "over_hidden", "settling", *_EDGES}
# Kinds of parcels of one scrape, by how they begin.
_DOUBTS = (
    "the selector meets several buckets: le ",
    "series differ only by ",
    "several targets have one job and instance",
)
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
    scrapes = slo["slot_seconds"] // slo["scrape_seconds"]
    yield Check(what="scrapes of a slot", claimed=str(slo["slot_expected"]), found=str(scrapes))
    starts = _starts(document)
    if len(starts) != len(rows):  # before any list of them is made: a period may be as long as a forger likes
        yield Check(what="slots are complete", claimed=f"{len(rows)} slots", found=f"{len(starts)} slots")
        return
    yield Check(what="slots are complete", claimed=_list([row[0] for row in rows]), found=_list(starts))
    not_good = [row[0] for row in rows if row[-1] != "GOOD"]
    carried = [start for start, _ in document["proofs"]]
    yield Check(what="proofs are of the slots not GOOD", claimed=_list(carried), found=_list(not_good))
    proofs = _Proofs(document)
    for n, row in enumerate(rows):
        yield Check(what=f"slot {row[0]}", claimed=_list(row), found=proofs.recounted(n))
        for over, found in proofs.carried_on(n):
            yield Check(what=f"what may belong to slot {row[0]} and is counted later", claimed=over, found=found)
    attained = _add_up(slo, rows, [_number(one) for one in document["edges"]])
    yield Check(what="attainment", claimed=_text(document["attainment"]), found=_text(attained))
    yield Check(what="verdict", claimed=document["verdict"], found=_judge(slo, rows, attained))
    yield Check(what="bands fall from the target and pay more", claimed="True", found=str(_bands_fall(document)))
    yield Check(what="credit", claimed=_text(document["credit"]), found=_text(_price(document, attained)))
    yield Check(what="slot root", claimed=document["slot_root"], found=_root(rows))
    yield Check(what="settlement id", claimed=document["settlement_id"], found=_settlement_id(document))


# ------------------------------------------------------------------------------------------------ what the format allows


def _refuse_unknown_rules(document: dict[str, Any]) -> None:
    """Words and numbers that this format does not have: to count by them would be to guess."""
    slo = document["slo"]
    for name, words in _WORDS_OF_RULES.items():
        if slo[name] not in words:
            raise CannotCheck(f"slo.{name} is {slo[name]!r}, expected one of {', '.join(words)}")
    if document["exclusions"]:
        raise CannotCheck("exclusions are not part of this format")
    if any(type(number) is not int or number < 0 for number in _numbers(document)):
        raise CannotCheck("a time, a count, a share or an amount is no whole number, or under 0")
    if slo["slot_seconds"] > DAY_SECONDS:  # before its cells are counted: it may be as long as a forger likes
        raise CannotCheck(f"slo.slot_seconds is {slo['slot_seconds']}, expected a day at most")
    if slo["counts_bad"] > 1 or (slo["counts_bad"] and slo["settles_seconds"]):
        raise CannotCheck("slo.counts_bad is 0, or 1 without settles_seconds")
    if slo["counted"] != "events" and (
        slo["budgeting"] == "Occurrences" or slo["counts_bad"] or slo["settles_seconds"]
    ):
        raise CannotCheck("only events are counted one by one, by their bad ones, or settle")
    if slo["counted"] == "events" and slo["combine"]:
        raise CannotCheck("events are not combined: they are added up")
    for row in document["slots"]:
        _refuse_counts(slo, _COUNTS, row[1:-1])
    _refuse_counts(slo, _EDGES, document["edges"])


def _refuse_counts(slo: dict[str, Any], names: tuple[str, ...], values: list[Any]) -> None:
    counts = dict(zip(names, map(_number, values), strict=True))
    signed = _SIGNED if slo["settles_seconds"] else set()
    if any(count < 0 for name, count in counts.items() if name not in signed):
        raise CannotCheck(f"{_list(values)} are no counts of {', '.join(names)}: one is under 0")
    if not slo["settles_seconds"] and any(counts.get(name) for name in ("settling", "settled")):
        raise CannotCheck("nothing settles where slo.settles_seconds is 0")
    if slo["counted"] != "events" and any(count for name, count in counts.items() if name in _ONLY_OF_EVENTS):
        raise CannotCheck(f"{_list(values)} are counts of events, and slo.counted is {slo['counted']}")


def _number(value: Any) -> int:
    """A count: a whole number, or text of one that a reader of JSON would round."""
    if type(value) is int and abs(value) <= MAX_SAFE:
        return value
    if type(value) is str and value == str(int(value)) and abs(int(value)) > MAX_SAFE:
        return int(value)
    raise CannotCheck(f"{value!r} is no whole number; above 2^53 - 1 it is written as text")


def _written(number: int) -> int | str:
    return number if abs(number) <= MAX_SAFE else str(number)


def _numbers(document: dict[str, Any]) -> Iterator[Any]:
    """All that is counted with or compared as text: "4", 4.0 and true must not pass for a number."""
    yield from (document["slo"][name] for name in _NUMBERS_OF_RULES)
    yield from (document["agreement"][name] for name in ("version", "fee_minor", "exponent", "cap_ppm"))
    yield from (document["revision"], document["chain"]["chain_id"], *document["period"])
    yield from (_number(one) for one in document["attainment"].values())
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


# --------------------------------------------------------------------------------------------------------------- a slot


class _Proofs:
    """The rows of a document beside what they follow from."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._slo, self._rows, self._edges = document["slo"], document["slots"], document["edges"]
        self._proofs: dict[int, list[Any]] = dict(document["proofs"])

    def recounted(self, n: int) -> str:
        """What a row's proof makes of it; a GOOD one is looked at by its own counts."""
        slo, row = self._slo, self._rows[n]
        counts = dict(zip(_COUNTS, map(_number, row[1:-1]), strict=True))
        settled = _number(self._rows[n - 1][8] if n else self._edges[0])
        proof = self._proofs.get(row[0])
        if proof is None:
            return _by_counts(slo, row, counts, settled)
        if self._unrecorded(n):
            return _list(_row(row[0], {"blind": slo["slot_seconds"], "expected": slo["slot_expected"]}, "UNKNOWN"))
        if slo["counted"] == "events":
            return _by_parcels(slo, row[0], counts, [_parcel(one) for one in proof], settled)
        return (_by_samples if slo["counted"] == "states" else _by_parts)(slo, row[0], proof)

    def carried_on(self, n: int) -> Iterator[tuple[str, str]]:
        """Parcels that are counted after a slot stand as `over_…` in the next one, and after the last slot in the edges."""
        proof, last = self._proofs.get(self._rows[n][0]), n == len(self._rows) - 1
        if not proof or self._slo["counted"] != "events" or (not last and self._unseen(n + 1)):
            return
        later = [one for one in map(_parcel, proof) if one.to > self._rows[n][0] // self._slo["slot_seconds"]]
        sums = [sum(one.good for one in later), sum(one.bad for one in later), sum(one.hidden for one in later)]
        claimed = self._edges[1:] if last else self._rows[n + 1][5:8]
        if not last or any(map(_number, claimed)):  # after the last slot, nothing may have been recorded
            yield _list(claimed), _list([_written(one) for one in sums])

    def _unseen(self, n: int) -> bool:
        """Whether a row carries no parcel and is wholly blind: nothing was recorded, or the selector met no series."""
        row = self._rows[n]
        return self._proofs.get(row[0]) == [] and _number(row[4]) == self._slo["slot_seconds"]

    def _unrecorded(self, n: int) -> bool:
        """Of states and parts an empty proof and blind time say that nothing was recorded."""
        return self._unseen(n) and self._slo["counted"] != "events"


def _row(start: int, counts: dict[str, int], state: str) -> list[Any]:
    return [start, *(_written(counts.get(name, 0)) for name in _COUNTS), state]


def _by_counts(slo: dict[str, Any], row: list[Any], counts: dict[str, int], settled: int) -> str:
    """A row without proof is GOOD, whatever its counts leave open."""
    good, bad, hidden = counts["good"], counts["bad"], counts["hidden"]
    if slo["counted"] == "events":
        bad, hidden = max(bad, counts["over_bad"], 0), max(hidden, counts["over_hidden"])
        sure = not counts["blind"] and good > settled and _scraped(slo, counts, len(slo["sources"]))
        sure = sure and not _below(good - settled, good + bad + hidden, slo["slot_target_ppm"])
        return _list([*row[:-1], "GOOD" if sure else "UNKNOWN"])
    every, wanted = slo["slot_expected"], slo["slot_target_ppm"]
    if slo["counted"] == "parts":
        wanted, weights = _weights(slo)
        every = sum(weights.values())
    sums = {"good": good, "bad": bad, "hidden": every - good - bad, "expected": every, "seen": good + bad}
    sure = hidden == every - good - bad and not _below(good, every, wanted)
    return _list(_row(row[0], sums, "GOOD" if sure else "UNKNOWN"))


def _scraped(slo: dict[str, Any], counts: dict[str, int], sources: int) -> bool:
    """Whether the scrapes of so many sources, or more, are expected, and no more were seen."""
    number, rest = divmod(counts["expected"], slo["slot_expected"])
    return rest == 0 and number >= max(1, sources) and counts["seen"] <= counts["expected"]


def _below(part: int, whole: int, ppm: int) -> bool:
    return part * MILLION < ppm * whole


# ---------------------------------------------------------------------------------------------------- a slot of events


@dataclass(frozen=True, kw_only=True)
class _Parcel:
    """Events of one source between two of its scrapes, and what its counters showed at both, added up."""

    source: str
    kind: str
    first: int
    to: int
    good: int
    bad: int
    hidden: int
    blind: int
    from_ms: int
    to_ms: int
    good_before: int
    valid_before: int
    good_after: int
    valid_after: int
    top: int

    @property
    def good_grown(self) -> int:
        return self.good_after - self.good_before

    @property
    def valid_grown(self) -> int:
        return self.valid_after - self.valid_before

    @property
    def valid(self) -> int:
        return self.good + self.bad

    @property
    def is_step(self) -> bool:
        """Whether it lies between two scrapes; others are of a slot, or of one scrape."""
        return self.kind != "not seen" and self.from_ms < self.to_ms


def _parcel(values: list[Any]) -> _Parcel:
    source, kind, *numbers = values
    if type(source) is not str or type(kind) is not str:
        raise CannotCheck(f"{_list(values)} is no parcel: source and kind are texts")
    named = dict(zip(list(_Parcel.__dataclass_fields__)[2:], map(_number, numbers), strict=True))
    return _Parcel(source=source, kind=kind, **named)


def _by_parcels(slo: dict[str, Any], start: int, counts: dict[str, int], parcels: list[_Parcel], settled: int) -> str:
    """A slot of events from the parcels that may belong to it; what they claim must be what their counters show."""
    number = start // slo["slot_seconds"]
    fault = _fault(slo, number, parcels)
    if fault:
        return fault
    here = [one for one in parcels if one.to == number]
    over = [one for one in parcels if one.first < number]
    found = {name: sum(getattr(one, name) for one in here) for name in ("good", "bad", "hidden", "blind")}
    found |= {f"over_{name}": sum(getattr(one, name) for one in over) for name in ("good", "bad", "hidden")}
    found |= {"settling": _settling(slo, number, parcels, counts["settling"])}
    found |= {"expected": counts["expected"], "seen": counts["seen"]}
    if counts["blind"] == slo["slot_seconds"] and not _counted_something(slo, start, parcels):
        found["blind"] = max(found["blind"], counts["blind"])  # the selector met no series: that is claimed
    sources = len({one.source for one in parcels})
    if not _scraped(slo, counts, max(sources, len(slo["sources"])) if parcels or not found["blind"] else 0):
        return "scrapes of fewer sources than there are, or more seen than expected"
    return _list(_row(start, found, _state_of_events(slo, number, parcels, found, settled)))


def _fault(slo: dict[str, Any], number: int, parcels: list[_Parcel]) -> str:
    """What is wrong with the parcels of a slot, or nothing."""
    for one in parcels:
        if not one.first <= number <= one.to:
            return f"a parcel of {one.source} from {one.from_ms} that is not of this slot"
        early = one.kind == "return" and number == one.first < _first_slot(slo, one)
        if not _sound(slo, one) or (early and not _fell(one, parcels)):
            return f"a parcel of {one.source} from {one.from_ms} that its counters do not bear out: {one.kind}"
    groups: dict[tuple[str, int, int, bool], list[_Parcel]] = {}
    for one in parcels:
        groups.setdefault((one.source, one.from_ms, one.to_ms, one.is_step), []).append(one)
    for (source, from_ms, _, is_step), group in groups.items():
        if not (_whole_step(slo, number, group) if is_step else len(group) == len({one.kind for one in group})):
            return f"parcels of {source} from {from_ms} that do not fit each other"
    in_order = sorted(
        (group[0] for group in groups.values() if group[0].is_step), key=lambda one: (one.source, one.from_ms)
    )
    for one, later in pairwise(in_order):
        if one.source == later.source and not _follows(one, later):
            return f"parcels of {one.source} from {one.from_ms} and {later.from_ms} that do not follow each other"
    return ""


def _first_slot(slo: dict[str, Any], one: _Parcel) -> int:
    """The slot of the first scheduled scrape of a step."""
    slot_ms: int = slo["slot_seconds"] * 1000
    return (one.from_ms + (one.to_ms - one.from_ms) // _scrapes(slo, one)) // slot_ms


def _fell(back: _Parcel, parcels: list[_Parcel]) -> bool:
    """Whether there is something to return from: a fall of the source, or what may be one, in the slot `first` of a return."""
    earlier = [
        one for one in parcels if one.source == back.source and one.to == back.first and one.to_ms <= back.from_ms
    ]
    return any(one.kind in {"contradiction", "restart", "return"} or one.kind.startswith(_DOUBTS) for one in earlier)


def _follows(one: _Parcel, later: _Parcel) -> bool:
    """Two steps of one source never overlap; where they meet, their counters are the same."""
    shown = (one.good_after, one.valid_after) == (later.good_before, later.valid_before)
    return one.to_ms < later.from_ms or (one.to_ms == later.from_ms and shown)


def _scrapes(slo: dict[str, Any], one: _Parcel) -> int:
    """How many scheduled scrapes a step spans: its length in scrapes, to the nearest, up at a half, and at least one."""
    unit: int = slo["scrape_seconds"] * 1000
    return max(1, (2 * (one.to_ms - one.from_ms) + unit) // (2 * unit))


def _scrapes_before(slo: dict[str, Any], one: _Parcel, edge_ms: int) -> int:
    """How many of a step's scheduled scrapes lie before an instant; the nth is at `from + length * n // count`."""
    length, count = one.to_ms - one.from_ms, _scrapes(slo, one)
    return min(count, max(0, -(-(edge_ms - one.from_ms) * count // length) - 1))


def _sound(slo: dict[str, Any], one: _Parcel) -> bool:
    """Whether a parcel claims what its kind may claim, and no more than its counters show."""
    shown = (one.good_before, one.valid_before, one.good_after, one.valid_after)
    if min(one.hidden, one.blind, one.top + 1, one.from_ms, *shown) < 0 or one.top == 0:
        return False
    slot_ms, scrape = slo["slot_seconds"] * 1000, slo["scrape_seconds"]
    if one.kind == "not seen":
        of_slot = one.first == one.to and (one.from_ms, one.to_ms) == (one.to * slot_ms, one.to * slot_ms + slot_ms)
        hides = one.hidden > 0 == one.hidden % one.top + one.blind if one.top > 0 else one.blind > 0 == one.hidden
        return of_slot and hides and one.good == one.bad == max(shown) == one.blind % scrape == 0
    if one.is_step:
        return _sound_step(slo, one)
    if one.from_ms != one.to_ms or one.to != one.to_ms // slot_ms:
        return False
    if one.kind == "new source":
        part = one.bad if slo["counts_bad"] else one.good
        fits = 0 < one.valid_after <= one.top
        says = (part, one.valid, one.hidden) == (
            (one.good_after, one.valid_after, 0) if fits else (0, 0, one.valid_after)
        )
        first = shown[:2] == (0, 0) and one.good_after <= one.valid_after > 0 and one.first == one.to - 1
        return says and first and one.blind == 0 and min(one.good, one.bad) >= 0
    doubt = one.first == one.to and one.blind == scrape and one.top == -1 and one.kind.startswith(_DOUBTS)
    return doubt and one.good == one.bad == one.hidden == max(shown) == 0


def _sound_step(slo: dict[str, Any], one: _Parcel) -> bool:
    """The same of a parcel between two scrapes."""
    count, slot_ms = _scrapes(slo, one), slo["slot_seconds"] * 1000
    most, grown = one.top * count, max(one.good_grown, one.valid_grown)
    part = one.bad if slo["counts_bad"] else one.good
    ends = one.to == one.to_ms // slot_ms
    spans = ends and one.first == _first_slot(slo, one)
    counts, hides = one.hidden == one.blind == 0, one.good == one.bad == one.blind == 0
    exact = counts and (part, one.valid) == (one.good_grown, one.valid_grown)
    early = slo["settles_seconds"] > 0  # good may be counted later than valid, so more of it here
    rising = exact and one.top < 0 <= min(one.good_grown, one.valid_grown) and (early or part <= one.valid)
    fresh = hides and one.valid_before > 0 and one.valid_after <= most and 0 < one.hidden <= most
    some = (
        counts
        and one.top < 0 <= part <= one.good_grown
        and 0 <= one.valid <= one.valid_grown
        and (early or part <= one.valid)
    )
    bound = hides and one.top > 0 and most <= one.hidden <= max(most, one.valid_after)
    unbound = one.good == one.bad == one.hidden == 0 > one.top and one.blind == count * slo["scrape_seconds"]
    own = counts and (part, one.valid) == (min(one.good_after, one.valid_after), one.valid_after)
    claims = {
        "growth": spans and count == 1 and rising,
        "gap": spans and count > 1 and (rising or (fresh and one.hidden >= most - one.valid_grown)),
        "birth": spans and not 0 < grown <= most and (some or (hides and 0 < one.hidden <= grown)),
        "return": one.valid_grown > 0
        and ((ends and one.first <= _first_slot(slo, one) and bound) or (spans and unbound)),
        "no good series": spans and hides and one.hidden == one.valid_grown,
        "contradiction": _spread(slo, one) or (spans and hides and _contradicts(slo, one)),
        "restart": _spread(slo, one) or (spans and own),
    }
    return claims.get(one.kind, False)


def _contradicts(slo: dict[str, Any], one: _Parcel) -> bool:
    """Good fell alone, and hides the valid events; or good grew by more than valid, and hides itself."""
    more = one.good_grown > 0 and not slo["settles_seconds"]
    return one.hidden == one.valid_grown or (more and 0 < one.hidden <= one.good_grown)


def _spread(slo: dict[str, Any], one: _Parcel) -> bool:
    """Whether a parcel is one scheduled scrape of a step that counts nothing, and hides what one may hold at most."""
    if one.first != one.to or one.good or one.bad:
        return False
    if one.top < 0:
        return one.hidden == 0 and one.blind == slo["scrape_seconds"]
    last = one.kind == "restart" and one.to == one.to_ms // (slo["slot_seconds"] * 1000)
    return one.blind == 0 and (one.hidden == one.top or (last and one.hidden == one.top - one.valid_after))


def _whole_step(slo: dict[str, Any], number: int, step: list[_Parcel]) -> bool:
    """Whether the parcels of one step tell one story, count nothing twice and leave nothing out in this slot."""
    one, kinds, slot_ms = step[0], {each.kind for each in step}, slo["slot_seconds"] * 1000
    shown = {(each.good_before, each.valid_before, each.good_after, each.valid_after) for each in step}
    tops = {each.top for each in step if each.hidden or each.blind or each.kind == "restart"}
    if len(shown) > 1 or len(tops) > 1 or (len(kinds) > 1 and not kinds <= {"birth", "gap", "contradiction"}):
        return False
    here = _scrapes_before(slo, one, (number + 1) * slot_ms) - _scrapes_before(slo, one, number * slot_ms)
    if kinds == {"restart"}:
        own = [each for each in step if each.first == one.first and not _spread(slo, each)]
        lost = here * one.top - (min(one.top, one.valid_after) if one.to_ms // slot_ms == number else 0)
        wanted = (lost, 0) if one.top > 0 else (0, here * slo["scrape_seconds"])
        return len(own) == 1 and wanted == (sum(each.hidden for each in step), sum(each.blind for each in step))
    if kinds == {"contradiction"} and all(_spread(slo, each) for each in step) and len(step) == here:
        return True
    once = len(step) == len({(each.kind, each.hidden > 0) for each in step})
    alone = sum(each.hidden == 0 for each in step) <= 1
    shows = sum(each.valid + each.hidden for each in step)
    return once and alone and (kinds == {"return"} or shows >= one.valid_grown)


def _settling(slo: dict[str, Any], number: int, parcels: list[_Parcel], claimed: int) -> int:
    """Valid events at the end of a slot whose good may be counted after it; of a scrape in doubt there may be more."""
    since_ms = ((number + 1) * slo["slot_seconds"] - slo["settles_seconds"] - slo["scrape_seconds"]) * 1000
    late = {
        (one.source, one.from_ms): one.valid_grown
        for one in parcels
        if one.is_step and one.to == number and one.to_ms > since_ms and one.kind not in {"restart", "contradiction"}
    }
    found = sum(late.values()) if slo["settles_seconds"] else 0
    return max(found, claimed) if any(one.kind.startswith(_DOUBTS) for one in parcels) else found


def _counted_something(slo: dict[str, Any], start: int, parcels: list[_Parcel]) -> bool:
    """Whether a parcel shows a valid count at or before the end of the slot: then the selector met a series."""
    end_ms = (start + slo["slot_seconds"]) * 1000
    return any(one.valid_before or (one.valid_after and one.to_ms < end_ms) for one in parcels)


def _state_of_events(
    slo: dict[str, Any], number: int, parcels: list[_Parcel], found: dict[str, int], settled: int
) -> str:
    """What every placement of floating and hidden events makes of a slot, or UNKNOWN."""
    sure = [one for one in parcels if one.first == one.to == number]
    floats = [one for one in parcels if one.first < one.to]
    good, bad = sum(one.good for one in sure), sum(one.bad for one in sure)
    may_good, may_bad = sum(one.good for one in floats), sum(max(one.bad, 0) for one in floats)
    hidden = sum(one.hidden for one in parcels)
    if found["blind"]:
        return "UNKNOWN"
    if good + bad + may_good + may_bad + hidden == 0 and not settled:
        return "NO_TRAFFIC"
    if good + bad <= 0 or bad < 0:
        return "UNKNOWN"
    late, early = min(bad, found["settling"]), min(good, settled)
    if _below(good + late + may_good + hidden, good + bad + may_good + hidden, slo["slot_target_ppm"]):
        return "BAD"
    return "UNKNOWN" if _below(good - early, good + bad + may_bad + hidden, slo["slot_target_ppm"]) else "GOOD"


# ------------------------------------------------------------------------------------------ a slot of states, or of parts


def _by_samples(slo: dict[str, Any], start: int, proof: list[Any]) -> str:
    """A slot of states from the samples in it and around it, cell by cell."""
    width, first, expected = slo["scrape_seconds"] * 1000, start // slo["scrape_seconds"], slo["slot_expected"]
    edges = (start * 1000, (start + slo["slot_seconds"]) * 1000)
    names = [name for name, _ in proof]
    listed = {unquote(name.partition("{")[0].partition("/")[2]) for name in names}
    if len(set(names)) < len(names) or not set(slo["sources"]) <= listed:
        return "a source is missing, or is there twice"
    sources = [[(_number(at), up) for at, up in samples] for _, samples in proof]
    if not all(_are_samples(one, edges) for one in sources):
        return "samples that are not of this slot, not in order, or no 0 and no 1"
    cells = [
        _combined(slo["combine"], [_cell(one, number * width, width) for one in sources])
        for number in range(first, first + expected)
    ]
    good, bad = cells.count(1), cells.count(0)
    sums = {"good": good, "bad": bad, "hidden": expected - good - bad, "expected": expected, "seen": good + bad}
    return _list(_row(start, sums, _state_of(good, sums["hidden"], expected, slo["slot_target_ppm"])))


def _are_samples(samples: list[tuple[int, Any]], edges: tuple[int, int]) -> bool:
    """In order, each 0 or 1, and at most one before and one after the slot."""
    low, high = edges
    outside = sum(at < low for at, _ in samples) <= 1 and sum(at >= high for at, _ in samples) <= 1
    rising = all(one < later for (one, _), (later, _) in pairwise(samples))
    return outside and rising and all(type(up) is int and up in {0, 1} for _, up in samples)


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
    needed = {"all": max(1, len(states)), "any": 1}.get(rule) or (int(least) if word == "atLeast" else None)
    if needed is None or needed < 1:
        raise CannotCheck(f"slo.combine is {rule!r}, expected all, any or atLeast and a number")
    up, unknown = states.count(1), states.count(None)
    if up >= needed:
        return 1
    return 0 if len(states) >= needed > up + unknown else None


def _by_parts(slo: dict[str, Any], start: int, proof: list[Any]) -> str:
    """A slot of a composite from the states of its parts."""
    wanted, weights = _weights(slo)
    if [name for name, _ in proof] != sorted(weights) or not {state for _, state in proof} <= set(_STATES):
        return "a part is missing, not in order, or has no state"
    of = {state: sum(weights[name] for name, found in proof if found == state) for state in _STATES}
    good, every = of["GOOD"] + of["NO_TRAFFIC"], sum(weights.values())
    sums = {"good": good, "bad": of["BAD"], "hidden": of["UNKNOWN"]} | {
        "expected": every,
        "seen": every - of["UNKNOWN"],
    }
    return _list(_row(start, sums, _state_of(good, of["UNKNOWN"], every, wanted)))


def _weights(slo: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """The share of weight that must be good, and the weight of each part."""
    wanted, _, text = slo["combine"].partition(" ")
    return int(wanted), {name: int(weight) for name, _, weight in (one.partition("=") for one in text.split(","))}


def _state_of(good: int, hidden: int, every: int, wanted_ppm: int) -> str:
    if _below(good + hidden, every, wanted_ppm):
        return "BAD"
    return "UNKNOWN" if _below(good, every, wanted_ppm) else "GOOD"


# ------------------------------------------------------------------------------------------------------------- the period


def _add_up(slo: dict[str, Any], rows: list[list[Any]], outside: list[int]) -> dict[str, int]:
    count = {name: sum(row[-1] == name for row in rows) for name in _STATES}
    if slo["budgeting"] == "Timeslices":
        idle = count["NO_TRAFFIC"] if slo["no_traffic"] == "good" else 0
        return {"good": count["GOOD"] + idle, "bad": count["BAD"], "unknown": count["UNKNOWN"]}
    first, last = ({name: _number(row[1 + n]) for n, name in enumerate(_COUNTS)} for row in (rows[0], rows[-1]))
    total = {name: sum(_number(row[1 + n]) for row in rows) for n, name in enumerate(_COUNTS)}
    settled, after_good, after_bad, after_hidden = outside
    good, bad = max(total["good"] - first["over_good"], 0), total["bad"] - first["over_bad"]
    unknown = total["hidden"] + first["over_good"] + max(first["over_bad"], 0)
    unknown += after_good + max(after_bad, 0) + after_hidden
    late, early = min(max(bad, 0), last["settling"]), min(good, settled)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    if bad < 0:
        elsewhere = min(good, -bad)
        good, bad, unknown = good - elsewhere, 0, unknown + elsewhere
    unknown += -(-2 * total["blind"] * _busiest(rows) // slo["slot_seconds"])
    return {"good": good, "bad": bad, "unknown": unknown}


def _busiest(rows: list[list[Any]]) -> int:
    """The most events in one slot of which every source was seen."""
    whole = [row for row in rows if not _number(row[3]) and not _number(row[4])]
    return max([0, *(_number(row[1]) + _number(row[2]) for row in whole)])


def _bounded(slo: dict[str, Any], rows: list[list[Any]]) -> bool:
    """Whether something says how many events there may have been where nothing was seen."""
    if slo["budgeting"] == "Timeslices":
        return True
    return not any(_number(row[4]) for row in rows) or _busiest(rows) > 0


def _judge(slo: dict[str, Any], rows: list[list[Any]], attained: dict[str, int]) -> str:
    if not _bounded(slo, rows):
        return "undetermined"
    base, high = sum(attained.values()), attained["good"] + attained["unknown"]
    if base == 0:
        idle = slo["no_traffic"] == "good" and all(row[-1] == "NO_TRAFFIC" for row in rows)
        return "met" if idle else "undetermined"
    if _below(high, base, slo["target_ppm"]):
        return "breach"
    return "undetermined" if _below(attained["good"], base, slo["target_ppm"]) else "met"


def _price(document: dict[str, Any], attained: dict[str, int]) -> dict[str, int]:
    base, high = sum(attained.values()), attained["good"] + attained["unknown"]
    reached = [credit for below, credit in document["agreement"]["bands"] if _below(high, base, below)]
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
