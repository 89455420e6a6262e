"""A block header out of JSON that cannot be trusted: read, hashed anew, and believed only when the hashes agree.

Knows the fields that newer forks appended. The genesis is hashed as it stands. Signatures are recovered once and the
bytes thrown away, so that a header in memory is small. Pure, and heavy for large validator sets: run it in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sankofa_exporters.besu.rpc.snapshot.dialects import ADDRESS, Extra, Undecodable, Vote, decode_extra
from sankofa_exporters.besu.rpc.snapshot.encoding import encode
from sankofa_exporters.besu.rpc.snapshot.keys import keccak256, recover
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import hex_int

MAX_NUMBER = 1 << 48
MAX_TIME = 1 << 40
NO_ADDRESS = bytes(ADDRESS)
SEALED = frozenset({"qbft", "ibft2", "ibft1"})  # dialects with commit seals
# name in JSON, bytes (0: a number); the order is the order in RLP
FIELDS = (
    ("parentHash", 32), ("sha3Uncles", 32), ("miner", 20), ("stateRoot", 32), ("transactionsRoot", 32),
    ("receiptsRoot", 32), ("logsBloom", 256), ("difficulty", 0), ("number", 0), ("gasLimit", 0), ("gasUsed", 0),
    ("timestamp", 0), ("extraData", None), ("mixHash", 32), ("nonce", 8),
)  # fmt: skip
# Each of these exists only when all before it do.
LATER_FIELDS = (
    ("baseFeePerGas", 0), ("withdrawalsRoot", 32), ("blobGasUsed", 0), ("excessBlobGas", 0),
    ("parentBeaconBlockRoot", 32), ("requestsHash", 32), ("balHash", 32), ("slotNumber", 0),
)  # fmt: skip
_EXTRA_AT = [name for name, _ in FIELDS].index("extraData")


@dataclass(frozen=True, kw_only=True)
class Header:
    """A verified header. `signers` are all addresses whose commit seals were seen, validators or not."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    dialect: str
    proposer: bytes
    validators: tuple[bytes, ...]
    round: int | None
    vote: Vote | None
    signers: frozenset[bytes]
    gas_used: int
    gas_limit: int
    transactions: int
    extra_digest: bytes

    @property
    def committers(self) -> frozenset[bytes]:
        """Who of the validators is known to have committed this block; says nothing about those who are not in it."""
        return self.signers & frozenset(self.validators)

    @property
    def committed_by(self) -> frozenset[bytes]:
        """The committers, or every signer where the validators are not known."""
        return self.committers if self.validators else self.signers

    def checked(self) -> Header:
        """Itself, or `CollectorError` when its seals cannot be its validators'.

        Round and seals are outside the hash, and only the seals prove the round: more than a third of the validators must
        have signed it, so that one of them is honest. Other curves than secp256k1 end here too.
        """
        validators = len(self.validators)
        if self.dialect in SEALED and validators and len(self.committers) <= (validators - 1) // 3:
            raise _broken(
                f"block {self.number}: {len(self.committers)} of {validators} validators can be seen in its seals; "
                "more than a third are expected, and keys on secp256k1"
            )
        return self

    def joined(self, other: Header) -> Header:
        """The same block as two nodes hold it: seals and round may differ.

        A node that saw the quorum in an earlier round proves that no later round was needed.
        """
        rounds = [one for one in (self.round, other.round) if one is not None]
        return replace(
            self,
            signers=self.signers | other.signers,
            round=min(rounds, default=None),
            validators=self.validators or other.validators,
        )


def parse_header(block: Any) -> Header:
    """`eth_getBlockByNumber(…, false)`; raises `CollectorError` (decode) when it is not a block that hashes to its hash."""
    fields = _fields(block)
    claimed = _sized(block, "hash", 32)
    number = int.from_bytes(fields[8], "big")
    if number == 0:
        return _genesis(block, fields, claimed)
    try:
        extra = decode_extra(fields[_EXTRA_AT])
    except Undecodable as error:
        raise _broken(f"block {number}: {error}") from None
    block_hash = keccak256(_with_extra(fields, extra.hashed))
    if block_hash != claimed:
        raise _broken(f"block {number}: its header hashes to 0x{block_hash.hex()[:16]}…, not to what the node says")
    return _header(block, fields, extra, block_hash).checked()


def _header(block: Mapping[str, Any], fields: list[bytes], extra: Extra, block_hash: bytes) -> Header:
    miner, nonce = fields[2], fields[14]
    proposer, vote = miner, extra.vote
    if extra.proposed is not None and extra.proposer_seal is not None:
        proposer = _proposer(fields, extra.proposed, extra.proposer_seal, double=extra.dialect == "ibft1")
        vote = _old_vote(miner, nonce, proposer)
    return Header(
        number=int.from_bytes(fields[8], "big"),
        hash=block_hash,
        parent_hash=fields[0],
        timestamp=int.from_bytes(fields[11], "big"),
        dialect=extra.dialect,
        proposer=proposer,
        validators=extra.validators,
        round=extra.round,
        vote=vote,
        signers=committers_of(fields, extra, block_hash),
        gas_used=int.from_bytes(fields[10], "big"),
        gas_limit=int.from_bytes(fields[9], "big"),
        transactions=_transactions(block),
        extra_digest=extra_digest(block),
    )


def committers_of(fields: list[bytes], extra: Extra, block_hash: bytes) -> frozenset[bytes]:
    """The addresses behind a header's commit seals: one public-key recovery each."""
    if not extra.seals:
        return frozenset()
    message = (
        keccak256(block_hash + b"\x02")  # IBFT1: the hash and the code of its commit message
        if extra.committed is None
        else keccak256(_with_extra(fields, extra.committed))
    )
    return frozenset(filter(None, (recover(seal, message) for seal in extra.seals)))


def extra_digest(block: Any) -> bytes:
    """Distinguishes two nodes' copies of one block without reading them."""
    return keccak256(str(block.get("extraData")).encode("utf-8", "replace"))[:8] if isinstance(block, Mapping) else b""


def _genesis(block: Mapping[str, Any], fields: list[bytes], claimed: bytes) -> Header:
    if keccak256(encode(fields)) != claimed:
        raise _broken("block 0: its header does not hash to what the node says")
    try:
        extra = decode_extra(fields[_EXTRA_AT])
        validators, dialect = extra.validators, extra.dialect
    except Undecodable:
        validators, dialect = (), "genesis"
    return Header(
        number=0, hash=claimed, parent_hash=fields[0], timestamp=int.from_bytes(fields[11], "big"), dialect=dialect,
        proposer=NO_ADDRESS, validators=validators, round=0, vote=None, signers=frozenset(), gas_used=0,
        gas_limit=int.from_bytes(fields[9], "big"), transactions=0, extra_digest=extra_digest(block),
    )  # fmt: skip


def _proposer(fields: list[bytes], proposed: bytes, seal: bytes, *, double: bool) -> bytes:
    message = keccak256(_with_extra(fields, proposed))
    found = recover(seal, keccak256(message) if double else message)
    if found is None:
        raise _broken("a header whose proposer signed nothing")
    return found


def _old_vote(miner: bytes, nonce: bytes, proposer: bytes) -> Vote | None:
    """Clique and IBFT1 vote by miner and nonce; a miner that is the proposer itself is a dialect that names it there."""
    if miner in (NO_ADDRESS, proposer) or nonce not in (b"\xff" * 8, bytes(8)):
        return None
    return Vote(candidate=miner, add=nonce == b"\xff" * 8)


def _with_extra(fields: list[bytes], extra: bytes) -> bytes:
    return encode([*fields[:_EXTRA_AT], extra, *fields[_EXTRA_AT + 1 :]])


def _fields(block: Any) -> list[bytes]:
    if not isinstance(block, Mapping):
        raise _broken("eth_getBlockByNumber: no block")
    found = [_sized(block, name, size) for name, size in FIELDS]
    if int.from_bytes(found[8], "big") > MAX_NUMBER or int.from_bytes(found[11], "big") > MAX_TIME:
        raise _broken("eth_getBlockByNumber: a number or a time beyond reason")
    for name, size in LATER_FIELDS:
        if block.get(name) is None:
            break
        found.append(_sized(block, name, size))
    return found


def _sized(block: Any, name: str, size: int | None) -> bytes:
    """A field's bytes: `size` of them, any (None), or a number's without leading zeros (0)."""
    value = block.get(name)
    if size == 0:
        number = hex_int(value)
        if number is None:
            raise _broken(f"eth_getBlockByNumber: {name} is not a quantity")
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    try:
        found = bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else None
    except ValueError:
        found = None
    if found is None or (size is not None and len(found) != size):
        raise _broken(f"eth_getBlockByNumber: {name} is not {size or 'any'} bytes")
    return found


def _transactions(block: Mapping[str, Any]) -> int:
    found = block.get("transactions")
    return len(found) if isinstance(found, list) else 0


def _broken(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)
