"""How days become one hash: SHA-256 throughout, as any tool computes it.

A day's leaf binds its slots and their proofs. Leaves and nodes are told apart by their first byte, as in RFC 6962, and the root binds
how many days there are, by which rules they were counted and what stands at their edges: days alone would not say what they are of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sankofa_observe.sla.evidence.document import Day, DayLeaf, Identity, Json
from sankofa_observe.sla.evidence.form import canonical, counted_json, leaf_json, sha256
from sankofa_observe.slo.totals import digest_of

LEAF, NODE, ROOT = b"\x00", b"\x01", b"\x02"


def day_leaf(day: Day) -> DayLeaf:
    lines = (f"{start}:{sha256(canonical(proof))}" for start, proof in day.proofs)
    return DayLeaf(day=day.day, slots=len(day.rows), rows_digest=digest_of(day.rows), proofs_digest=digest_of(lines))


def period_root(identity: Identity) -> str:
    """The root over the days and what they were counted by; `root` of the identity is not looked at."""
    return root_of(head([leaf_hash(leaf) for leaf in identity.days]), len(identity.days), counted_json(identity))


def root_of(top: bytes, days: int, counted: Json) -> str:
    """The root from the top of the tree, how many leaves it has, and rules, period and edges."""
    counted_hash = hashlib.sha256(canonical({**counted, "days": days})).digest()
    return sha256(ROOT + counted_hash + top)


def leaf_hash(leaf: DayLeaf) -> bytes:
    return hashlib.sha256(LEAF + canonical(leaf_json(leaf))).digest()


def head(hashes: Sequence[bytes]) -> bytes:
    """Pairs from the left; an odd last one moves up unchanged."""
    level = list(hashes) or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """What a leaf is hashed with on its way up, nearest first."""
    level, found = list(hashes), []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, index = _above(level), index // 2
    return found


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [level[n : n + 2] for n in range(0, len(level), 2)]
    return [hashlib.sha256(NODE + pair[0] + pair[1]).digest() if len(pair) > 1 else pair[0] for pair in pairs]
