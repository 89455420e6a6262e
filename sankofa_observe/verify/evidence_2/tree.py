"""The hashes of a file: days under leaves, leaves under the root, all with SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sankofa_observe.verify.evidence_2.form import canonical, sha256


def lines_digest(lines: Iterable[str]) -> str:
    return sha256("".join(f"{line}\n" for line in lines).encode())


def proofs_digest(digests: Iterable[tuple[int, str]]) -> str:
    return lines_digest(f"{start}:{digest}" for start, digest in digests)


def leaf_hash(leaf: list[Any]) -> bytes:
    return hashlib.sha256(b"\x00" + canonical(leaf)).digest()


def top_of(leaves: list[list[Any]]) -> bytes:
    """The hash over all leaves: the largest power of two of them to the left, the others to the right, as in RFC 6962."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return _node(top_of(leaves[:left]), top_of(leaves[left:]))


def top_by_path(leaf: list[Any], index: int, leaves: int, path: list[str]) -> bytes:
    """The same from one leaf and what it is hashed with on its way up; it has an index and a number of leaves or is none."""
    found, last, rest = leaf_hash(leaf), leaves - 1, [bytes.fromhex(one.removeprefix("0x")) for one in path]
    if not 0 <= index < leaves:
        raise ValueError(f"leaf {index} of {leaves}")
    while last:
        if index % 2:
            found = _node(rest.pop(0), found)
        elif index < last:
            found = _node(found, rest.pop(0))
        index, last = index // 2, last // 2
    if rest:
        raise ValueError(f"{len(rest)} hashes too many on the way to the root")
    return found


def root_of(top: bytes, days: int, file: dict[str, Any]) -> str:
    """The period's root: it binds how many days there are, and rules, period, observers and edges."""
    counted = {name: file[name] for name in ("slo", "period", "observers", "edges")} | {"days": days}
    return sha256(b"\x02" + hashlib.sha256(canonical(counted)).digest() + top)


def document_hash(root: str, rest: str) -> str:
    """What the contract keeps of a document: its root, and one hash of all else of its identity."""
    return sha256(b"\x03" + bytes.fromhex(root[2:]) + bytes.fromhex(rest[2:]))


def rest_of(identity: dict[str, Any]) -> str:
    return sha256(canonical({name: value for name, value in identity.items() if name != "root"}))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
