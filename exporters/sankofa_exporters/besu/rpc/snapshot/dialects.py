"""The four dialects of `extraData`: what a proof-of-authority header says about its making, and which bytes were signed.

Facts from the EEA QBFT specification, Besu's documentation and its tests; checked against blocks of foreign chains. A
dialect is found for each header, because a chain may change it at a height. Pure; raises `Undecodable` for everything
else, and never guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sankofa_exporters.besu.rpc.snapshot.encoding import decode, encode

MAX_EXTRA_BYTES = 65_536  # 300 validators with a seal each are half of it
MAX_VALIDATORS = 512
VANITY, ADDRESS, SEAL = 32, 20, 65
ADD, DROP = b"\xff", b"\x00"


class Undecodable(Exception):
    """`extraData` of no dialect that we know."""


class Vote(NamedTuple):
    """A proposer's vote on who should be a validator."""

    candidate: bytes
    add: bool


@dataclass(frozen=True, kw_only=True)
class Extra:
    """One header's `extraData`, read.

    `hashed` is what stands in its place when the block's hash is made, `committed` when a commit seal is signed (None:
    the seal signs the block's hash), `proposed` when the proposer's own signature is made (None: it has none).
    """

    dialect: str
    validators: tuple[bytes, ...]
    round: int | None
    vote: Vote | None
    seals: tuple[bytes, ...]
    hashed: bytes
    committed: bytes | None = None
    proposed: bytes | None = None
    proposer_seal: bytes | None = None


def decode_extra(extra: bytes) -> Extra:
    """The `extraData` of a header that is not the genesis."""
    if len(extra) > MAX_EXTRA_BYTES:
        raise Undecodable(f"extraData of {len(extra)} bytes")
    for read in (_bft, _ibft1, _clique):
        found = _attempt(read, extra)
        if found is not None:
            return found
    raise Undecodable(f"extraData of {len(extra)} bytes in no known dialect")


def _attempt(read: Callable[[bytes], Extra], extra: bytes) -> Extra | None:
    try:
        return read(extra)
    except (Undecodable, ValueError):
        return None


def _bft(extra: bytes) -> Extra:
    """QBFT and IBFT2: one list of five. IBFT2 writes the round in four bytes, QBFT as a number without leading zeros."""
    vanity, validators, vote, number, seals, *_more = _items(decode(extra))
    _must(isinstance(vanity, bytes) and isinstance(number, bytes) and len(number) <= 4)  # noqa: PLR2004 - 32 bits
    if len(number) == 4:  # noqa: PLR2004 - IBFT2's fixed width; a QBFT round of that size would last for ages
        hashed, committed = [vanity, validators, vote], [vanity, validators, vote, number]
        dialect, ballot = "ibft2", None if vote == b"" else _vote(vote, drop=DROP)
    else:
        _must(not number.startswith(b"\x00"))
        hashed, committed = [vanity, validators, vote, b"", []], [vanity, validators, vote, number, []]
        dialect, ballot = "qbft", None if vote == [] else _vote(vote, drop=b"")
    return Extra(
        dialect=dialect,
        validators=_addresses(validators),
        round=int.from_bytes(number, "big"),
        vote=ballot,
        seals=_seals(seals),
        hashed=encode(hashed),
        committed=encode(committed),
    )


def _ibft1(extra: bytes) -> Extra:
    """IBFT of Quorum: raw vanity, then a list of three. No round; votes are in the header's miner and nonce."""
    vanity, tail = extra[:VANITY], extra[VANITY:]
    validators, proposer_seal, seals = _items(decode(tail))
    _must(isinstance(proposer_seal, bytes) and len(proposer_seal) == SEAL)
    return Extra(
        dialect="ibft1",
        validators=_addresses(validators),
        round=None,
        vote=None,
        seals=_seals(seals),
        hashed=vanity + encode([validators, proposer_seal, []]),
        proposed=vanity + encode([validators, b"", []]),
        proposer_seal=proposer_seal,
    )


def _clique(extra: bytes) -> Extra:
    """Vanity, the signers in epoch blocks only, and the signature of whoever made the block."""
    signers = extra[VANITY:-SEAL]
    _must(len(extra) >= VANITY + SEAL and len(signers) % ADDRESS == 0 and any(extra[-SEAL:]))
    return Extra(
        dialect="clique",
        validators=_addresses([signers[at : at + ADDRESS] for at in range(0, len(signers), ADDRESS)]),
        round=None,
        vote=None,
        seals=(),
        hashed=extra,
        proposed=extra[:-SEAL],
        proposer_seal=extra[-SEAL:],
    )


def _vote(item: Any, *, drop: bytes) -> Vote:
    candidate, ballot = _items(item)
    _must(ballot in (ADD, drop))
    return Vote(candidate=_addresses([candidate])[0], add=ballot == ADD)


def _items(item: Any) -> list[Any]:
    _must(not isinstance(item, bytes))
    return list(item)


def _addresses(items: Sequence[Any]) -> tuple[bytes, ...]:
    return _strings(items, ADDRESS)


def _seals(items: Sequence[Any]) -> tuple[bytes, ...]:
    return _strings(items, SEAL)


def _strings(items: Sequence[Any], size: int) -> tuple[bytes, ...]:
    _must(not isinstance(items, bytes) and len(items) <= MAX_VALIDATORS)
    _must(all(isinstance(item, bytes) and len(item) == size for item in items))
    return tuple(items)


def _must(holds: object) -> None:
    if not holds:
        raise Undecodable
