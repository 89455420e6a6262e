"""What a chain node answers, at one block, each in its one form: it is shown to a person, and may be a forger's.

Numbers of a node may be lies, and are compared; what has another form, belongs to another contract or stands outside the question is
not believed at all. Nothing here asks twice, and nothing is taken from a block that was replaced meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sankofa_observe.verify.findings import CannotCheck
from sankofa_observe.verify.keccak import keccak
from sankofa_observe.verify.words import Words, word

Ask = Callable[[str, list[Any]], Any]
ADDRESS = re.compile("0[xX][0-9a-fA-F]{40}")
_DIGEST = re.compile("0x[0-9a-f]{64}")
_QUANTITY = re.compile("0x(?:0|[1-9a-f][0-9a-f]{0,63})")
_BYTES = re.compile("0x(?:[0-9a-fA-F]{2})*")
_EXPECTED = {
    ADDRESS: "0x and 40 hex digits",
    _DIGEST: "0x and 64 lower-case hex digits",
    _QUANTITY: "0x and up to 64 lower-case hex digits without zeros in front",
    _BYTES: "0x and an even number of hex digits",
}
_YEAR_10000 = 253_402_300_800
_MOST_BLOCKS = 1 << 32  # the contract's own numbers of blocks have 32 bits: a search ends, whatever a node says


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of the chain."""

    number: int
    hash: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Log:
    """One event as a node answers it: where it stands, its first topic, and its data."""

    block: int
    index: int
    topic: str
    data: Words


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chain as it is at one block."""

    ask: Ask
    block: Block

    @classmethod
    def newest(cls, ask: Ask) -> Chain:
        number = quantity(ask("eth_blockNumber", []), "eth_blockNumber")
        return cls(ask=ask, block=header(number, ask))

    def call(self, contract: str, signature: str, *arguments: int | str) -> Words:
        """What a view answers at the block; arguments are numbers, or hex that stands in the high bytes of its word."""
        data = keccak(signature.encode())[:4] + b"".join(map(word, arguments))
        asked = [{"to": contract, "data": "0x" + data.hex()}, hex(self.block.number)]
        answer = text(self.ask("eth_call", asked), _BYTES, "eth_call")
        name = signature.partition("(")[0]
        return Words(bytes.fromhex(answer[2:]), f"contract {contract}, {name}")

    def logs(self, contract: str, topics: Sequence[Any], pages: range) -> list[Log]:
        """The events of a contract in these blocks, oldest first."""
        asked = {
            "address": contract,
            "fromBlock": hex(pages.start),
            "toBlock": hex(pages.stop - 1),
            "topics": list(topics),
        }
        answer = self.ask("eth_getLogs", [asked])
        if not isinstance(answer, list):
            raise CannotCheck(
                f"the node answers {str(answer)[:80]!r} for eth_getLogs, expected a list; ask another node"
            )
        found = [_log(one, contract, topics, pages) for one in answer]
        places = [(one.block, one.index) for one in found]
        if places != sorted(set(places)):
            raise CannotCheck("the node answers events out of order, or one twice; ask another node")
        return found

    def refuse_replaced(self) -> None:
        """What was asked of a block that another one has replaced belongs to neither."""
        if header(self.block.number, self.ask) != self.block:
            raise CannotCheck(f"block {self.block.number} was replaced while it was asked; try again")


def header(number: int, ask: Ask) -> Block:
    block = ask("eth_getBlockByNumber", [hex(number), False])
    if not isinstance(block, dict):
        raise CannotCheck(f"the node answers no block {number} of its own chain; ask another node")
    found = Block(
        number=quantity(block.get("number"), "a block's number"),
        hash=text(block.get("hash"), _DIGEST, "a block's hash"),
        at=quantity(block.get("timestamp"), "a block's timestamp"),
    )
    if found.number != number or number >= _MOST_BLOCKS or found.at >= _YEAR_10000:
        raise CannotCheck(
            f"the node answers block {found.number} of second {found.at} for block {number}; ask another node"
        )
    return found


def quantity(value: Any, what: str) -> int:
    return int(text(value, _QUANTITY, what), 16)


def text(value: Any, form: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise CannotCheck(
            f"the node answers {str(value)[:80]!r} for {what}, expected {_EXPECTED[form]}; ask another node"
        )
    return value


def _log(entry: Any, contract: str, topics: Sequence[Any], pages: range) -> Log:
    """One event, refused where it is none of those that were asked for."""
    if not isinstance(entry, dict) or not isinstance(entry.get("topics"), list):
        raise CannotCheck(f"the node answers {str(entry)[:80]!r} for an event, expected its fields; ask another node")
    by = text(entry.get("address"), ADDRESS, "an event's contract").lower()
    if by != contract.lower():
        raise CannotCheck(
            f"the node answers an event of contract {by} for one of {contract}: a forged one; ask another node"
        )
    block = quantity(entry.get("blockNumber"), "an event's block")
    if entry.get("removed") or block not in pages:
        raise CannotCheck(
            f"the node answers an event of block {block} for blocks {pages.start} to {pages.stop - 1}, or a removed one; "
            "ask another node"
        )
    seen = [text(one, _DIGEST, "a topic") for one in entry["topics"]]
    if len(seen) != len(topics) or any(_is_other(one, asked) for one, asked in zip(seen, topics, strict=True)):
        raise CannotCheck("the node answers an event of another settlement than was asked for; ask another node")
    raw = bytes.fromhex(text(entry.get("data"), _BYTES, "an event's data")[2:])
    index = quantity(entry.get("logIndex"), "an event's place")
    return Log(block=block, index=index, topic=seen[0], data=Words(raw, f"an event in block {block}"))


def _is_other(seen: str, asked: Any) -> bool:
    return seen not in asked if isinstance(asked, list) else seen != asked


def topic(value: int | str) -> str:
    """An indexed value, or the signature of an event, as its topic."""
    return "0x" + (keccak(value.encode()) if isinstance(value, str) and "(" in value else word(value)).hex()
