"""Headers as a BFT client writes them: RLP by hand, extraData of QBFT, IBFT2 and IBFT1, hashes and genuine signatures.

Written after the EEA QBFT specification and Besu's documentation, and checked against blocks of foreign chains. Shares
no line with the exporter, so that the two cannot agree by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey

Item = bytes | Sequence["Item"]
VANITY = bytes(32)
MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
EMPTY_UNCLES = keccak(b"\xc0")
EMPTY_ROOT = keccak(b"\x80")
VOTE_ADD = b"\xff"


def rlp(item: Item) -> bytes:
    """Ethereum's serialization: byte strings and lists of them."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item  # noqa: PLR2004
    body = b"".join(rlp(one) for one in item)
    return _prefix(0xC0, len(body)) + body


def _prefix(base: int, length: int) -> bytes:
    if length <= 55:  # noqa: PLR2004 - the format's own border
        return bytes([base + length])
    size = integer(length)
    return bytes([base + 55 + len(size)]) + size


def integer(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


@dataclass(frozen=True, kw_only=True)
class Key:
    """A node's key: its address signs blocks, its public key is its name among peers."""

    private: PrivateKey = field(repr=False)

    @classmethod
    def of(cls, name: str) -> Key:
        """The same key for the same name; of no worth, for anybody can make it."""
        return cls(private=PrivateKey(keccak(b"lab key of " + name.encode())))

    @cached_property
    def address(self) -> bytes:
        return self.private.public_key.to_canonical_address()

    @property
    def node_id(self) -> str:
        return "0x" + self.private.public_key.to_bytes().hex()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign_msg_hash(message).to_bytes()


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block as one node holds it: round and seals are outside its hash, so nodes may differ in them."""

    dialect: str
    number: int
    parent_hash: bytes
    timestamp: int
    proposer: bytes
    validators: tuple[bytes, ...]  # what the header lists: none when a contract holds them
    vote: tuple[bytes, bool] | None = None
    round: int = 0
    seals: tuple[bytes, ...] = ()
    gas_used: int = 0
    gas_limit: int = 30_000_000
    transactions: tuple[bytes, ...] = ()
    state_root: bytes = bytes(32)
    base_fee: int | None = 0  # None before London
    roots: tuple[bytes, bytes] = (EMPTY_ROOT, EMPTY_ROOT)  # of transactions and receipts
    bloom: bytes = bytes(256)
    proposer_seal: bytes = b""  # of IBFT1, whose header names its proposer by this signature alone

    def header(self, extra: bytes) -> bytes:
        fields: list[Item] = [
            self.parent_hash, EMPTY_UNCLES, self.miner, self.state_root, *self.roots, self.bloom,
            integer(1), integer(self.number), integer(self.gas_limit), integer(self.gas_used), integer(self.timestamp),
            extra, MIX_HASH, bytes(8),
        ]  # fmt: skip
        return rlp(fields if self.base_fee is None else [*fields, integer(self.base_fee)])

    @property
    def miner(self) -> bytes:
        return bytes(20) if self.dialect == "ibft1" else self.proposer

    def extra(self, *, with_round: bool, with_seals: bool) -> bytes:
        if self.dialect == "ibft1":
            return VANITY + rlp([list(self.validators), self.proposer_seal, list(self.seals) if with_seals else []])
        items: list[Item] = [VANITY, list(self.validators)]
        if self.dialect == "qbft":
            items.append([] if self.vote is None else [self.vote[0], VOTE_ADD if self.vote[1] else b""])
            items.append(integer(self.round) if with_round else b"")
            items.append(list(self.seals) if with_seals else [])
            return rlp(items)
        items.append(b"" if self.vote is None else [self.vote[0], VOTE_ADD if self.vote[1] else b"\x00"])
        items += [self.round.to_bytes(4, "big")] if with_round else []
        items += [list(self.seals)] if with_seals else []
        return rlp(items)

    @property
    def extra_data(self) -> bytes:
        return self.extra(with_round=True, with_seals=True)

    @cached_property
    def hash(self) -> bytes:
        if self.number == 0:
            return keccak(self.header(self.extra_data))
        return keccak(self.header(self.extra(with_round=False, with_seals=False)))

    @property
    def commit_message(self) -> bytes:
        """What a commit seal signs; in IBFT1 the hash with the code of the commit message."""
        if self.dialect == "ibft1":
            return keccak(self.hash + b"\x02")
        return keccak(self.header(self.extra(with_round=True, with_seals=False)))

    def proposed_by(self, key: Key) -> Block:
        """With the proposer's own signature, where the dialect has one: over the header without it, hashed twice."""
        if self.dialect != "ibft1":
            return self
        bare = replace(self, proposer_seal=b"")
        return replace(
            self, proposer_seal=key.sign(keccak(keccak(bare.header(bare.extra(with_round=False, with_seals=False)))))
        )

    def sealed(self, keys: Sequence[Key]) -> Block:
        message = self.commit_message
        return replace(self, seals=tuple(key.sign(message) for key in keys))

    def document(self) -> Mapping[str, Any]:
        """As `eth_getBlockByNumber` tells it."""
        words = {
            "hash": self.hash, "parentHash": self.parent_hash, "sha3Uncles": EMPTY_UNCLES, "miner": self.miner,
            "stateRoot": self.state_root, "transactionsRoot": self.roots[0], "receiptsRoot": self.roots[1],
            "logsBloom": self.bloom, "extraData": self.extra_data, "mixHash": MIX_HASH, "nonce": bytes(8),
        }  # fmt: skip
        numbers = {
            "number": self.number, "difficulty": 1, "totalDifficulty": self.number + 1, "gasLimit": self.gas_limit,
            "gasUsed": self.gas_used, "timestamp": self.timestamp, "size": 900,
        }  # fmt: skip
        if self.base_fee is not None:
            numbers["baseFeePerGas"] = self.base_fee
        return {
            **{name: "0x" + word.hex() for name, word in words.items()},
            **{name: hex(number) for name, number in numbers.items()},
            "uncles": [],
            "transactions": ["0x" + one.hex() for one in self.transactions],
        }
