"""Evidence: one canonical document per settlement, from which a tenant recomputes verdict, credit and roots.

Integers and strings only, RFC 8785 on the wire, SHA-256 over the bytes. The slots also stand in a Merkle tree (keccak-256,
sorted pairs, double-hashed leaves, the index inside the leaf), whose root and leaf count go on chain: inclusion alone would
not prove completeness.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import rfc8785
from eth_hash.auto import keccak

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import Edges

FORMAT = "sla-evidence/2"
MAX_SAFE = 2**53 - 1  # the largest integer that every reader of JSON keeps

Document = dict[str, Any]


def canonical(document: Document) -> bytes:
    """RFC 8785 bytes; raises when a value is not an exact integer, a string, a list or an object."""
    return rfc8785.dumps(document)


def parse(raw: bytes) -> Document:
    """The document of canonical bytes; bytes that are not canonical raise `InvariantBroken`."""
    try:
        document: Document = json.loads(raw)
        written = canonical(document)
    except (ValueError, RecursionError) as error:
        raise InvariantBroken(f"an evidence document is no canonical JSON ({error}); it was damaged") from error
    if written != raw:
        raise InvariantBroken(
            "an evidence document is not in canonical form; it was changed or written by another tool"
        )
    return document


def digest(document: Document) -> str:
    """SHA-256 of the canonical bytes, as 0x-hex: checkable with any tool."""
    return "0x" + hashlib.sha256(canonical(document)).hexdigest()


def exact(number: int) -> int | str:
    """A number as the document writes it: as text where a reader of JSON would round it."""
    return number if abs(number) <= MAX_SAFE else str(number)


def slot_row(slot: Slot) -> list[int | str]:
    """One slot as the document writes it."""
    counts = (
        slot.good, slot.bad, slot.hidden, slot.blind, slot.over_good, slot.over_bad, slot.over_hidden, slot.settling,
        slot.expected, slot.seen,
    )  # fmt: skip
    return [slot.starts_at, *(exact(count) for count in counts), slot.state.value]


def edge_row(edges: Edges) -> list[int | str]:
    """What stands beyond the two ends of the period and may belong to it."""
    return [exact(n) for n in (edges.settled, edges.after_good, edges.after_bad, edges.after_hidden)]


def slot_root(slots: Sequence[Slot]) -> str:
    """The Merkle root of the slots in their order, as 0x-hex."""
    leaves = [_leaf(index, slot_row(slot)) for index, slot in enumerate(slots)]
    return "0x" + _root(leaves).hex()


def proofs(slots: Sequence[Slot]) -> list[list[Any]]:
    """What the figures of every slot that is not GOOD follow from: `[slot start, [...]]`."""
    return [[slot.starts_at, _plain(slot.proof)] for slot in slots if slot.state is not SlotState.GOOD]


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return exact(value) if isinstance(value, int) else value


def _leaf(index: int, row: list[int | str]) -> bytes:
    return keccak(keccak(rfc8785.dumps([index, *row])))


def _root(level: list[bytes]) -> bytes:
    """Pairs are sorted before hashing; an odd last node moves up unchanged."""
    if not level:
        return keccak(b"")
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [keccak(b"".join(sorted(pair))) if len(pair) > 1 else pair[0] for pair in pairs]
    return level[0]
