"""Transactions as Web3Signer makes and signs them (`EthTransaction`, `TransactionSerializer`): defaults, kinds, and its own chain id.

The encoder is the lab's own and shares nothing with the platform's. The chain that a request names is ignored, as there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak

from deploy.lab.bft.sealing import Item, integer, rlp

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_DEFAULTS = {"gasPrice": 0, "gas": 90_000, "value": 0}
_DYNAMIC = b"\x02"


class ParamsError(Exception):
    """What Web3Signer answers with Invalid params."""


def signed(asked: Mapping[str, Any], key: LocalAccount, chain_id: int, *, high_s: bool = False) -> bytes:
    """The signed bytes of what was asked; `high_s` turns the signature over, which Web3Signer never does."""
    if asked.get("nonce") is None:
        raise ParamsError("nonce")
    dynamic = asked.get("maxPriorityFeePerGas") is not None and asked.get("maxFeePerGas") is not None
    head = _dynamic(asked, chain_id) if dynamic else _legacy(asked)
    unsigned = _DYNAMIC + rlp([*head, []]) if dynamic else rlp([*head, integer(chain_id), b"", b""])
    odd, r, s = signature(keccak(unsigned), key, high_s=high_s)
    if dynamic:
        return _DYNAMIC + rlp([*head, [], integer(odd), integer(r), integer(s)])
    return rlp([*head, integer(35 + 2 * chain_id + odd), integer(r), integer(s)])


def signature(digest: bytes, key: LocalAccount, *, high_s: bool = False) -> tuple[int, int, int]:
    """Whether y is odd, r and s."""
    made = Account.unsafe_sign_hash(digest, key.key)
    odd, s = made.v - 27, made.s
    return (1 - odd, made.r, ORDER - s) if high_s else (odd, made.r, s)


def _legacy(asked: Mapping[str, Any]) -> list[Item]:
    return [*_numbers(asked, "nonce", "gasPrice", "gas"), *_rest(asked)]


def _dynamic(asked: Mapping[str, Any], chain_id: int) -> list[Item]:
    prices = _numbers(asked, "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas")
    return [integer(chain_id), *prices, *_rest(asked)]


def _rest(asked: Mapping[str, Any]) -> list[Item]:
    data = asked.get("data") if asked.get("data") is not None else asked.get("input")
    return [_octets(asked.get("to") or ""), *_numbers(asked, "value"), _octets(data or "")]


def _numbers(asked: Mapping[str, Any], *names: str) -> list[Item]:
    return [integer(_quantity(asked[name]) if asked.get(name) is not None else _DEFAULTS[name]) for name in names]


def _quantity(text: Any) -> int:
    """`Numeric.decodeQuantity`: 0x and digits, or decimal ones; JSON's own numbers are read as text."""
    found = str(text)
    if re.fullmatch(r"\d+", found):
        return int(found)
    if not re.fullmatch(r"0x[0-9a-fA-F]+", found):
        raise ParamsError(found)
    return int(found, 16)


def _octets(text: str) -> bytes:
    digits = text.removeprefix("0x")
    try:
        return bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
    except ValueError as error:
        raise ParamsError(text) from error
