"""Ask the contract a file names for the same settlement, at one block."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sankofa_observe.verify.findings import Block, CannotCheck, Check, Findings, OnChain
from sankofa_observe.verify.keccak import keccak

ADDRESS = re.compile("0[xX][0-9a-fA-F]{40}")
_DIGEST = re.compile("0x[0-9a-f]{64}")
_QUANTITY = re.compile("0x(?:0|[1-9a-f][0-9a-f]{0,63})")
_BYTES = re.compile("0x(?:[0-9a-fA-F]{2})*")
_EXPECTED = {
    _DIGEST: "0x and 64 lower-case hex digits",
    _QUANTITY: "0x and up to 64 lower-case hex digits without zeros in front",
    _BYTES: "0x and an even number of hex digits",
}
_YEAR_10000 = 253_402_300_800
Ask = Callable[[str, list[Any]], Any]
STATES = ("none", "reported", "disputed", "final", "voided")
# Words of the contract's getSettlement answer, in order; all are static.
_WORDS = (
    "state", "revision", "creditPpm", "creditMinor", "deadline", "deadlineBlock", "good", "valid", "evidenceRoot",
    "documentHash", "agreementId", "sloId", "periodStart", "periodEnd", "creditedMinor",
)  # fmt: skip
NOT_ASKED = "that the contract says the same: give --rpc, a node of a chain you know"
NOT_NAMED = "that the contract is the one you signed with: give --contract"


def held_by_contract(found: Findings, ask: Ask | None, contract: str | None) -> Findings:
    """The findings with what the contract says, and with whose contract it is."""
    checks, on_chain = [*found.checks], found.on_chain
    proved, not_proved = list(found.proved), [one for one in found.not_proved if one not in {NOT_ASKED, NOT_NAMED}]
    summary = dict(found.summary)
    if contract is None:
        not_proved.append(NOT_NAMED)
    else:
        checks.append(Check(what="chain: contract", claimed=on_chain.contract, found=contract.lower()))
        proved.append("the file is of the contract you signed with")
    if ask is None:
        not_proved.append(NOT_ASKED)
    else:
        checks.append(_chain_id(on_chain, ask))
        block = _settlement(on_chain, ask)
        checks += _compared(on_chain, block)
        summary |= {"block": f"{block.number}, {block.hash}, of {_utc(block.at)}"}
        proved.append(f"the contract says the same at block {block.number}")
    return replace(found, checks=tuple(checks), summary=summary, proved=tuple(proved), not_proved=tuple(not_proved))


def _chain_id(on_chain: OnChain, ask: Ask) -> Check:
    return Check(
        what="chain: id", claimed=str(on_chain.chain_id), found=str(_quantity(ask("eth_chainId", []), "eth_chainId"))
    )


def _settlement(on_chain: OnChain, ask: Ask) -> Block:
    """The newest block and what getSettlement answers there; a block that was replaced meanwhile is no answer."""
    number = hex(_quantity(ask("eth_blockNumber", []), "eth_blockNumber"))
    before = _header(number, ask)
    data = "0x" + keccak(b"getSettlement(bytes32)")[:4].hex() + on_chain.settlement_id[2:]
    answer = bytes.fromhex(
        _text(ask("eth_call", [{"to": on_chain.contract, "data": data}, number]), _BYTES, "eth_call")[2:]
    )
    if len(answer) != 32 * len(_WORDS):
        raise CannotCheck(
            f"contract {on_chain.contract} answered {len(answer)} bytes, expected {32 * len(_WORDS)}; "
            "is this the chain that the file names?"
        )
    if _header(number, ask) != before:
        raise CannotCheck(f"block {before.number} was replaced while it was asked; try again")
    return replace(before, words={name: answer[32 * i : 32 * i + 32] for i, name in enumerate(_WORDS)})


def _header(number: str, ask: Ask) -> Block:
    block = ask("eth_getBlockByNumber", [number, False])
    if not isinstance(block, dict):
        raise CannotCheck(f"the node knows no block {number} that it has just named; ask another node")
    found = Block(
        number=_quantity(block.get("number"), "a block's number"),
        hash=_text(block.get("hash"), _DIGEST, "a block's hash"),
        at=_quantity(block.get("timestamp"), "a block's timestamp"),
    )
    if hex(found.number) != number or found.at >= _YEAR_10000:
        raise CannotCheck(
            f"the node answers block {found.number} of second {found.at} for block {number}; ask another node"
        )
    return found


def _quantity(value: Any, what: str) -> int:
    return int(_text(value, _QUANTITY, what), 16)


def _text(value: Any, form: re.Pattern[str], what: str) -> str:
    """A word of the node in its one form: what it answers is shown, and may be a forger's."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise CannotCheck(
            f"the node answers {str(value)[:80]!r} for {what}, expected {_EXPECTED[form]}; ask another node"
        )
    return value


def _compared(on_chain: OnChain, block: Block) -> Iterator[Check]:
    state = int.from_bytes(block.words["state"], "big")
    name = STATES[state] if state < len(STATES) else str(state)
    stands = name if name in {"reported", "final"} else "reported or final"
    yield Check(what="chain: state", claimed=stands, found=name)
    for word, claimed in on_chain.words.items():
        held = block.words[word]
        found = "0x" + held.hex() if claimed.startswith("0x") else str(int.from_bytes(held, "big"))
        yield Check(what=f"chain: {word}", claimed=claimed, found=found)


def _utc(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
