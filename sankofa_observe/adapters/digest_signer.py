"""A `Signer` of whatever signs 32 bytes: a key in this process, a token by PKCS#11, a cloud's KMS.

Such a device answers r and s. Which half s lies in, and which of two points was meant, it does not say: both are found here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eth_hash.auto import keccak

from sankofa_observe.adapters.signed import ORDER, checked_signature, checked_transaction, signable
from sankofa_observe.adapters.transaction import Transaction
from sankofa_observe.errors import InvariantBroken

Signs = Callable[[bytes], tuple[int, int]]
"""r and s of a digest; raises `Unavailable` or `Declined`, with the device's own words and no secret."""


class DigestSigner:
    """Signs for one account with a device that has its key, and for no other: each signature is recovered before it is handed out."""

    def __init__(self, account: str, signs: Signs, *, who: str) -> None:
        self._account, self._signs, self._who = account, signs, who

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._who}, {self._account})"

    @property
    def account(self) -> str:
        return self._account

    def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        wanted = Transaction.of(fields, self._account)
        r, s = self._low(wanted.digest)
        return self._either(
            lambda odd: checked_transaction(wanted.signed(odd, r, s), wanted, account=self._account, who=self._who)
        )

    def sign_typed_data(self, document: Mapping[str, Any]) -> bytes:
        message = signable(document)
        r, s = self._low(keccak(b"\x19" + message.version + message.header + message.body))
        rest = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self._either(
            lambda odd: checked_signature(rest + bytes([27 + odd]), message, account=self._account, who=self._who)
        )

    def _low(self, digest: bytes) -> tuple[int, int]:
        r, s = self._signs(digest)
        return r, min(s, ORDER - s)

    @staticmethod
    def _either(made: Callable[[int], bytes]) -> bytes:
        """By the point with an even y, or else by the other one."""
        try:
            return made(0)
        except InvariantBroken:
            return made(1)
