"""A transaction as a signer is asked for it: every field, in the forms of JSON-RPC and of signed bytes. A value, without I/O or key.

Legacy with a chain id (EIP-155), or with both prices of EIP-1559. Nothing is chosen here: a nonce, above all, is always given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from sankofa_observe.errors import InvalidInput

DYNAMIC_FEE = b"\x02"  # the type of EIP-1559, before its list
PROTECTED = 35  # v of EIP-155 is this, twice the chain id and 0 or 1
_PRICES = ("maxPriorityFeePerGas", "maxFeePerGas")
_LEGACY = ("nonce", "gasPrice", "gas", "to", "value", "data")  # as they are signed
_DYNAMIC = ("chainId", "nonce", *_PRICES, "gas", "to", "value", "data", "accessList")
_OPTIONAL = {"from", "type", "to", "value", "data"}
_ADDRESS_BYTES = 20


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """What is to be signed."""

    chain_id: int
    nonce: int
    gas: int
    prices: tuple[int, ...]  # gasPrice, or both of EIP-1559: priority fee and the most of all
    to: bytes  # empty where a contract is made
    value: int
    data: bytes

    @classmethod
    def of(cls, fields: Mapping[str, Any], account: str) -> Transaction:
        """Raises `InvalidInput` with all that is missing or wrong."""
        prices = _PRICES if any(name in fields for name in _PRICES) else ("gasPrice",)
        if wrong := list(_faults(fields, {"chainId", "nonce", "gas", *prices}, account)):
            raise InvalidInput(f"transaction of {account.lower()}: {'; '.join(wrong)}; nothing was signed")
        try:
            made = cls(
                chain_id=_number(fields["chainId"]),
                nonce=_number(fields["nonce"]),
                gas=_number(fields["gas"]),
                prices=tuple(_number(fields[name]) for name in prices),
                to=_receiver(fields.get("to", b"")),
                value=_number(fields.get("value", 0)),
                data=_octets(fields.get("data", b"")),
            )
            if _number(fields.get("type", made.kind)) != made.kind:
                raise ValueError(f"type {fields['type']} is not that of its prices, expected {made.kind}")  # noqa: TRY301
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidInput(f"transaction of {account.lower()}: {error}; nothing was signed") from None
        return made

    @classmethod
    def read(cls, raw: bytes) -> Transaction:
        """A legacy transaction from its signed bytes: as this platform signs them."""
        nonce, price, gas, to, value, data, v, _, _ = rlp.decode(raw)
        numbers = [int.from_bytes(one, "big") for one in (nonce, price, gas, value, v)]
        return cls(
            chain_id=(numbers[4] - PROTECTED) // 2,
            nonce=numbers[0],
            gas=numbers[2],
            prices=(numbers[1],),
            to=bytes(to),
            value=numbers[3],
            data=bytes(data),
        )

    @property
    def kind(self) -> int:
        """Its type, by EIP-2718."""
        return DYNAMIC_FEE[0] if self.is_dynamic else 0

    @property
    def is_dynamic(self) -> bool:
        return len(self.prices) == len(_PRICES)

    @property
    def names(self) -> tuple[str, ...]:
        """Its fields as they are signed."""
        return _DYNAMIC if self.is_dynamic else _LEGACY

    @property
    def json(self) -> dict[str, str]:
        """In the names and forms of JSON-RPC, whose numbers are hexadecimal."""
        found = {name: hex(number) for name, number in self._numbers.items()} | {"data": "0x" + self.data.hex()}
        return found | ({"to": "0x" + self.to.hex()} if self.to else {})

    @property
    def signed_fields(self) -> dict[str, Any]:
        """Each as it stands in signed bytes."""
        numbers = {name: _integer(number) for name, number in self._numbers.items()}
        every = {**numbers, "to": self.to, "data": self.data, "accessList": []}
        return {name: every[name] for name in self.names}

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        fields = list(self.signed_fields.values())
        if self.is_dynamic:
            return keccak(DYNAMIC_FEE + rlp.encode(fields))
        return keccak(rlp.encode([*fields, _integer(self.chain_id), b"", b""]))

    def signed(self, odd: int, r: int, s: int) -> bytes:
        """With a signature, and whether its point has an odd y."""
        v = odd if self.is_dynamic else PROTECTED + 2 * self.chain_id + odd
        whole = rlp.encode([*self.signed_fields.values(), _integer(v), _integer(r), _integer(s)])
        return bytes(DYNAMIC_FEE + whole if self.is_dynamic else whole)

    @property
    def _numbers(self) -> dict[str, int]:
        prices = dict(zip(_PRICES if self.is_dynamic else ("gasPrice",), self.prices, strict=True))
        return {"chainId": self.chain_id, "nonce": self.nonce, "gas": self.gas, "value": self.value, **prices}


def _faults(fields: Mapping[str, Any], needed: set[str], account: str) -> Iterator[str]:
    yield from (f"{name} is missing" for name in sorted(needed - set(fields)))
    yield from (f"{name} is not known here" for name in sorted(set(fields) - needed - _OPTIONAL))
    if str(fields.get("from", account)).lower() != account.lower():
        yield f"from is {fields['from']}, expected {account.lower()}"


def _integer(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number(value: Any) -> int:
    number = int(value, 16) if isinstance(value, str) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**256:
        raise ValueError(f"{value!r} is no number of 256 bits")
    return number


def _receiver(value: Any) -> bytes:
    to = _octets(value)
    if len(to) not in {0, _ADDRESS_BYTES}:
        raise ValueError(f"to has {len(to)} bytes, expected an address of {_ADDRESS_BYTES}")
    return to


def _octets(value: Any) -> bytes:
    if isinstance(value, int):  # which bytes() would take for a length
        raise TypeError(f"{value!r} is no bytes")
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
