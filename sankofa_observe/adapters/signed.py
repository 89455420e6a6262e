"""Whether what a signer answered is what it was asked for: exact fields, one account, low s. No I/O, and no key.

Every adapter of the `Signer` port hands out only what passed here, so that a signer which signs another nonce, another chain or
another's account is found out before anything is stored or sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from sankofa_observe.adapters import recursion  # noqa: F401
from sankofa_observe.adapters.transaction import DYNAMIC_FEE, PROTECTED, Transaction
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unusable

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1. An s above its half is another form of the same signature, which nodes and the contract refuse (EIP-2)."""

SIGNATURE_BYTES = 65
_SIGNATURE = ("v", "r", "s")
_OCTETS = ("to", "data", "accessList")
_SHOWN = 40  # hex digits of bytes


def checked_transaction(raw: bytes, wanted: Transaction, *, account: str, who: str) -> bytes:
    """The signed bytes, if they are the wanted transaction, signed by this account.

    Raises:
        Unusable: they are no signed transaction, or their s is high.
        InvariantBroken: they are another one, or another account's; each field that differs is named.
    """
    found = _decoded(raw, wanted, who)
    if differs := [*_differences(found, wanted), *_chain_differs(found, wanted)]:
        raise InvariantBroken(
            f"{who} signed another transaction than it was asked to: {'; '.join(differs)}; nothing was sent. Look what stands between "
            "here and the key, and for which chain the signer was started"
        )
    _refuse_high(int.from_bytes(found["s"], "big"), who)
    _refuse_stranger(_recovered(lambda: Account.recover_transaction(raw), who), account, who)
    return raw


def signable(document: Mapping[str, Any]) -> SignableMessage:
    """An EIP-712 document as it is signed; raises `InvalidInput` where it is none."""
    try:
        return encode_typed_data(full_message=dict(document))
    except Exception as error:  # noqa: BLE001  the library raises whatever its parts do, of eight kinds and more
        raise InvalidInput(f"typed data: {type(error).__name__}: {str(error)[:200]}; nothing was signed") from None


def checked_signature(signature: bytes, message: SignableMessage, *, account: str, who: str) -> bytes:
    """The signature of typed data, if this account made it; with v as 27 or 28, whether it came so or as 0 or 1.

    Raises:
        Unusable: it is no signature, or its s is high.
        InvariantBroken: it is of other data or of another account.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise _unusable(who, f"a signature of {len(signature)} bytes, expected {SIGNATURE_BYTES}")
    v = signature[-1] + 27 if signature[-1] in {0, 1} else signature[-1]
    if v not in {27, 28}:
        raise _unusable(who, f"a signature with v {v}, expected 27 or 28")
    _refuse_high(int.from_bytes(signature[32:64], "big"), who)
    made = signature[:-1] + bytes([v])
    _refuse_stranger(_recovered(lambda: Account.recover_message(message, signature=made), who), account, who)
    return made


def _decoded(raw: bytes, wanted: Transaction, who: str) -> dict[str, Any]:
    typed = b"" < raw[:1] < b"\x80"  # EIP-2718: a list of RLP begins higher
    if raw and typed != wanted.is_dynamic:
        kind = "one with the prices of EIP-1559" if wanted.is_dynamic else "a legacy one"
        raise InvariantBroken(
            f"{who} signed another kind of transaction than it was asked for, {kind}; nothing was sent"
        )
    try:
        parts = rlp.decode(raw.removeprefix(DYNAMIC_FEE) if wanted.is_dynamic else raw)
    except (rlp.exceptions.RLPException, RecursionError, TypeError, IndexError) as error:
        raise _unusable(who, f"{len(raw)} bytes that are no transaction ({type(error).__name__})") from None
    names = (*wanted.names, *_SIGNATURE)
    found = dict(zip(names, parts, strict=False)) if isinstance(parts, list) else {}
    if len(found) != len(parts) or not all(
        isinstance(found.get(name), bytes) for name in names if name != "accessList"
    ):
        raise _unusable(who, f"{len(raw)} bytes that are no signed transaction of {len(names)} fields")
    return found


def _differences(found: Mapping[str, Any], wanted: Transaction) -> Iterator[str]:
    for name, expected in wanted.signed_fields.items():
        if found[name] != expected:
            yield f"{name} {_shown(name, found[name])}, expected {_shown(name, expected)}"


def _chain_differs(found: Mapping[str, Any], wanted: Transaction) -> Iterator[str]:
    """Of a legacy transaction, whose chain is in v; elsewhere it is a field."""
    v = int.from_bytes(found["v"], "big")
    least = PROTECTED + 2 * wanted.chain_id
    if not wanted.is_dynamic and v not in {least, least + 1}:
        chain = (v - PROTECTED) // 2 if v >= PROTECTED else f"of none (v {v})"
        yield f"chainId {chain}, expected {wanted.chain_id}"


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bytes) and name not in _OCTETS and value[:1] != b"\0":  # with which no number begins
        return str(int.from_bytes(value, "big"))
    text = value.hex() if isinstance(value, bytes) else str(value)
    return f"0x{text}" if len(text) <= _SHOWN else f"0x{text[:_SHOWN]}… ({len(value)} bytes)"


def _recovered(recover: Callable[[], Any], who: str) -> str:
    try:
        return str(recover())
    except Exception as error:  # noqa: BLE001  as above; a point that is on no curve is one of these
        raise _unusable(who, f"a signature that nobody can have made ({type(error).__name__})") from None


def _refuse_stranger(found: str, account: str, who: str) -> None:
    if found.lower() != account.lower():
        raise InvariantBroken(
            f"{who} answered a signature of account {found.lower()}, expected {account.lower()}: it is another's, or of other data than "
            "was asked; nothing was sent. Look which key and which release of the signer answers there"
        )


def _refuse_high(s: int, who: str) -> None:
    if s > ORDER // 2:
        raise _unusable(
            who, "a signature with a high s, which nodes and the contract refuse (EIP-2), expected the low one"
        )


def _unusable(who: str, found: str) -> Unusable:
    return Unusable(f"{who} answered {found}; nothing was sent")
