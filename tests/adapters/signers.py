"""What a signer is asked in tests, and the signers that are asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from deploy.lab.web3signer.double import Web3SignerDouble
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.adapters.keys import open_keystore, write_keystore
from sankofa_observe.adapters.one_call import Service
from sankofa_observe.adapters.signed import ORDER
from sankofa_observe.adapters.web3signer import Web3Signer
from sankofa_observe.ports import AttestorSet, Signer
from tests import builders

CHAIN_ID = 31_337
LEGACY: dict[str, Any] = {
    "chainId": CHAIN_ID, "nonce": 7, "gas": 510_000, "gasPrice": 0, "to": "0x" + "ab" * 20, "value": 0, "data": "0x12345678",
}  # fmt: skip
_NO_PRICE = {name: value for name, value in LEGACY.items() if name != "gasPrice"}
DYNAMIC: dict[str, Any] = {**_NO_PRICE, "maxFeePerGas": 3_000_000_000, "maxPriorityFeePerGas": 1}
CREATION: dict[str, Any] = {**LEGACY, "to": b"", "data": "0x" + "60" * 10_000}


def batch() -> dict[str, Any]:
    """What an attestor signs: bytes, arrays of structs, and numbers of 64 bits."""
    rows = [builders.breach(builders.agreement(), index).penalty.row() for index in range(2)]
    attestors = AttestorSet(members=(), threshold=2, epoch=1, config_digest="0x" + "5a" * 32)
    return typed_batch(rows, attestors, builders.CHAIN)


def by_keystore(key: LocalAccount, folder: Path, _opened: ExitStack) -> Signer:
    password = folder / "password"
    password.touch(0o600)
    password.write_text("correct horse")
    write_keystore(key, folder / "key.json", "correct horse", rounds=2)
    return open_keystore(folder / "key.json", password)


def by_web3signer(key: LocalAccount, _folder: Path, opened: ExitStack) -> Signer:
    double = opened.enter_context(Web3SignerDouble(keys=[Account.create(), key], chain_id=CHAIN_ID))
    return Web3Signer(Service(name="signer", url=double.url), key.address.lower())


class Token:
    """A token as PKCS#11 has it: `CKM_ECDSA` answers r and s in 64 bytes, and every other s is high."""

    def __init__(self, key: LocalAccount) -> None:
        self._key, self._number = key, count(1)

    def sign(self, digest: bytes) -> bytes:
        made = self._key.unsafe_sign_hash(digest)  # type: ignore[arg-type]  # a NewType of bytes
        s = ORDER - made.s if next(self._number) % 2 else made.s
        return made.r.to_bytes(32, "big") + s.to_bytes(32, "big")


def by_token(key: LocalAccount, _folder: Path, _opened: ExitStack) -> Signer:
    """As the page says that one is made of a token."""
    text = (CHECKOUT / "docs" / "how-to" / "keep-keys.md").read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], known)
    made: Signer = known["signer_of"](Token(key), key.address)
    return made


KINDS: dict[str, Callable[[LocalAccount, Path, ExitStack], Signer]] = {
    "keystore": by_keystore,
    "web3signer": by_web3signer,
    "token": by_token,
}
