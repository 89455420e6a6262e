"""How a file of this format is read: its exact shape first, then its canonical form. What is read here is trusted in type only."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from sankofa_observe.verify.findings import CannotCheck, Check

FORMAT = "sankofa-evidence/2"
SLOT_FORMAT = "sankofa-evidence-slot/2"
MAX_SAFE = 2**53 - 1
MILLION = 1_000_000
DAY_SECONDS = 86_400
Rules = dict[str, Any]  # `slo` of a file
Row = list[Any]  # the start of a slot, its counts, its state
# The counts of a row, and what stands outside the period.
COUNTS = (
    "good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen",
)  # fmt: skip
EDGES = ("settled", "after_good", "after_bad", "after_hidden")
STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN")

# Shapes: a list of one shape, a tuple, an object, or one of these words. A COUNT is text above 2^53 - 1; LATER is another shape's work.
TEXT, WHOLE, POSITIVE, LATER = "text", "a whole number", "a whole number over 0", "anything"
COUNT, SIGNED, PPM = "a count from 0", "a count", "parts per million, from 1 to 1000000"
# A slash joins names in the id of a promise: were it allowed in one, a/b at c would have the identity of a at b/c.
NAME = "a name of a-z, 0-9 and -, 63 at most"
HEX16, HEX20, HEX32 = (f"0x and {digits} lower-case hex digits" for digits in (32, 40, 64))
NAME_FORM = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_FORMS = {
    HEX16: re.compile("0x[0-9a-f]{32}"),
    HEX20: re.compile("0x[0-9a-f]{40}"),
    HEX32: re.compile("0x[0-9a-f]{64}"),
    NAME: re.compile(NAME_FORM),
}
_CHAIN = {"chain_id": POSITIVE, "contract": HEX20}
_ROW = {"agreement": HEX32, "period": WHOLE, "slo": WHOLE}
_SLO = {
    **dict.fromkeys(("name", "site"), NAME),
    **dict.fromkeys(("budgeting", "no_traffic", "counted", "combine"), TEXT),
    **dict.fromkeys(("slot_seconds", "slot_expected", "scrape_seconds"), POSITIVE),
    **dict.fromkeys(("target_ppm", "slot_target_ppm"), PPM),
    **dict.fromkeys(("settles_seconds", "counts_bad"), WHOLE),
    "spec_digest": HEX32,
}
_COUNTED: dict[str, Any] = {
    "slo": _SLO,
    "period": (WHOLE, WHOLE),
    "observers": {"names": [NAME], "bad": POSITIVE, "good": POSITIVE},
    "edges": [(SIGNED,) * 4],
}
_LEAF = (WHOLE, WHOLE, HEX32, HEX32)
_IDENTITY = {
    **dict.fromkeys(("format", "verdict"), TEXT),
    **dict.fromkeys(("settlement_id", "root"), HEX32),
    **_COUNTED,
    "chain": _CHAIN,
    "row": _ROW,
    "calendar": {"id": HEX16, "bounds": [WHOLE], "fixed": [WHOLE]},
    "agreement": {
        "terms_hash": HEX32,
        "version": POSITIVE,
        "exponent": WHOLE,
        "cap_ppm": PPM,
        "currency": TEXT,
        "fee_minor": COUNT,
        "bands": [(PPM, PPM)],
    },
    "days": [_LEAF],
    "overlay": {"excluded_slots": TEXT, "since_at": WHOLE, "exclusions": [(HEX32, WHOLE, WHOLE)]},
    "attainment": dict.fromkeys(("good", "bad", "unknown"), COUNT),
    "credit": {"credit_ppm": WHOLE, "credit_minor": COUNT},
}
DOCUMENT = {
    "format": TEXT,
    "identity": _IDENTITY,
    "days": [{"day": WHOLE, "rows": [TEXT], "proofs": [(WHOLE, LATER)]}],
    "provenance": {"engine": TEXT, "observer": TEXT, "queries": [TEXT], "revision": WHOLE, "assessed_at": WHOLE},
    "checksum": HEX32,
}
SLOT = {
    "format": TEXT,
    **dict.fromkeys(("settlement_id", "rest", "root"), HEX32),
    **dict.fromkeys(("good", "valid"), COUNT),
    "row": _ROW,
    **dict.fromkeys(("days", "index", "slot"), WHOLE),
    **_COUNTED,
    "chain": _CHAIN,
    "leaf": _LEAF,
    "path": [HEX32],
    "rows": [TEXT],
    "proof_digests": [(WHOLE, HEX32)],
    "proof": [LATER],
}
# A proof by what is counted: samples of sources, parcels of events, states of parts, runs of states up to the slot, roles with
# how many must be good and the states of their sites. An instant is no count, and never text.
PROOF: dict[str, Any] = {
    "states": [(TEXT, [(WHOLE, WHOLE)])],
    "events": [(TEXT, TEXT, *(SIGNED,) * 6, WHOLE, WHOLE, *(SIGNED,) * 5)],
    "parts": [(TEXT, TEXT)],
    "outages": [(TEXT, WHOLE)],
    "members": [(TEXT, POSITIVE, [(TEXT, TEXT)])],
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Slots in a row, with what they follow from."""

    rules: Rules
    rows: list[Row]
    proofs: dict[int, Any]
    settled: (
        int | None
    )  # good events of the first row whose valid ones may stand before it; None: the file does not say
    after: (
        tuple[int, ...] | None
    )  # what is counted after the last row and may belong to it; None: the file does not say


def check_shape(value: Any, shape: Any, place: str = "the document") -> None:
    """Refuse a field that is missing, is not of the format, or has another type."""
    if isinstance(shape, dict):
        seen = sorted(value) if isinstance(value, dict) else type(value).__name__
        if seen != sorted(shape):
            raise CannotCheck(f"{place} has {str(seen)[:200]}, expected the fields {', '.join(sorted(shape))}")
        for name, inner in shape.items():
            check_shape(value[name], inner, f"{place}.{name}" if place != "the document" else name)
    elif isinstance(shape, (list, tuple)):
        if not isinstance(value, list) or (isinstance(shape, tuple) and len(value) != len(shape)):
            expected = "a list" if isinstance(shape, list) else f"a list of {len(shape)}"
            raise CannotCheck(f"{place} is {str(value)[:80]!r}, expected {expected}")
        for n, one in enumerate(value):
            check_shape(one, shape[0] if isinstance(shape, list) else shape[n], f"{place}[{n}]")
    elif not _is(shape, value):
        raise CannotCheck(f"{place} is {str(value)[:80]!r}, expected {shape}")


def _is(shape: str, value: Any) -> bool:
    """Whether a value that is no list and no object has its shape."""
    if shape in {COUNT, SIGNED}:
        return number(value) >= 0 or shape == SIGNED
    if shape in _FORMS:
        return type(value) is str and bool(_FORMS[shape].fullmatch(value))
    if shape in {WHOLE, POSITIVE, PPM}:
        return type(value) is int and (shape != WHOLE) <= value <= (MILLION if shape == PPM else MAX_SAFE)
    return shape == LATER or type(value) is str


def canonical(value: Any) -> bytes:
    """RFC 8785, of the shapes above: keys are ASCII and no number is a float."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def canonical_form(raw: bytes, document: Any) -> Check:
    return Check(what="canonical form", claimed=_short(raw), found=_short(canonical(document)))


def number(value: Any) -> int:
    """A count: a whole number, or text of one that a reader of JSON would round."""
    if type(value) is int and abs(value) <= MAX_SAFE:
        return value
    if type(value) is str and value == str(int(value)) and abs(int(value)) > MAX_SAFE:
        return int(value)
    raise CannotCheck(f"{str(value)[:80]!r} is no whole number; above 2^53 - 1 it is written as text")


def written(count: int) -> int | str:
    return count if abs(count) <= MAX_SAFE else str(count)


def row_of(line: str) -> Row:
    """A line of a day: whole numbers in their one form, and a state."""
    start, *counts, state = line.split(",")
    row = [int(start), *map(int, counts), state]
    if len(counts) != len(COUNTS) or ",".join(map(str, row)) != line:
        raise CannotCheck(f"{line[:200]!r} is no row: expected a start, {len(COUNTS)} whole numbers and a state")
    return row


def row_with(start: int, counts: dict[str, int], state: str) -> Row:
    return [start, *(counts.get(name, 0) for name in COUNTS), state]


def listed(values: Any) -> str:
    return " ".join(map(str, values))


def below(part: int, whole: int, ppm: int) -> bool:
    return part * MILLION < ppm * whole


def sha256(raw: bytes) -> str:
    return "0x" + hashlib.sha256(raw).hexdigest()


def _short(raw: bytes) -> str:
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()}"
