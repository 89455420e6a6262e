"""Who made a signature: keccak-256, public-key recovery, and addresses. libsecp256k1 does the work."""

from __future__ import annotations

from coincurve import PublicKey
from eth_hash.auto import keccak

_SEAL_BYTES = 65
_OLD_RECOVERY_ID = 27  # Ethereum's older way to write 0 and 1


def keccak256(data: bytes) -> bytes:
    return keccak(data)


def recover(seal: bytes, message: bytes) -> bytes | None:
    """The address that signed the 32 bytes `message`, or None when the 65 bytes are no signature."""
    if len(seal) != _SEAL_BYTES:
        return None
    recovery_id = seal[64] - _OLD_RECOVERY_ID if seal[64] >= _OLD_RECOVERY_ID else seal[64]
    try:
        key = PublicKey.from_signature_and_message(seal[:64] + bytes([recovery_id]), message, hasher=None)
    except (ValueError, Exception):  # noqa: BLE001 - coincurve raises bare exceptions for points that do not exist
        return None
    return address_of(key.format(compressed=False)[1:])


def address_of(public_key: bytes) -> bytes:
    """The address of a public key of 64 bytes; a node's id on the peer network is such a key."""
    return keccak256(public_key)[-20:]


def text_of(address: bytes) -> str:
    return "0x" + address.hex()
