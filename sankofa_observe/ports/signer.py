"""Whoever holds a key and signs with it: a file here, a service, a device. The key itself never passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Signer(Protocol):
    """Signs for one account, and for no other.

    It never sends, and chooses nothing: nonce, gas and price are given by whoever calls. Signing twice is safe. An adapter hands out
    only what it checked: `adapters.signed` has the checks.

    Raises, of both questions:
        InvalidInput: the signer has not the key of the account, or what was asked can be signed by nobody.
        Unavailable: it did not answer, or answered what cannot be used; nothing was sent.
        Declined: it answered, and does not sign; a `Refused`.
        InvariantBroken: it signed something else than what it was asked to, or for another account; nothing was sent.
    """

    @property
    def account(self) -> str:
        """The address it signs for, with the checksum of EIP-55."""

    def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """The signed transaction, as nodes take it.

        `fields` has `chainId`, `nonce` and `gas`, of prices `gasPrice` or both of EIP-1559, and of `to`, `value` and `data` what differs
        from nothing.
        """

    def sign_typed_data(self, document: Mapping[str, Any]) -> bytes:
        """The signature of an EIP-712 document: r, s in its lower half, and v, which is 27 or 28."""
