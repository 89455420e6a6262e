"""EIP-712 as web3j's StructuredDataEncoder does it, which Web3Signer signs with (LFDT-web3j/web3j at 72ce286, read and rewritten).

It shares nothing with the encoder of the platform. Its peculiarities are kept: a field that is null or absent is left out; a number may be
JSON's own, decimal text or 0x; what stands in an array of bytesN is padded on the left. Where web3j throws, this raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from eth_hash.auto import keccak

_NAME = re.compile(r"[a-zA-Z_$][a-zA-Z_$0-9]*")
_TYPE = re.compile(r"[a-zA-Z_$][a-zA-Z_$0-9]*(\[([1-9]\d*)*\])*")
_WORD = 32


class EncodingError(Exception):
    """What web3j answers with a RuntimeException, and Web3Signer with an internal error."""


def encoded(text: str) -> bytes:
    """0x1901, the domain's hash and the message's: what is hashed once more, and signed."""
    try:
        document = json.loads(text)
        types, domain = document["types"], dict(document["domain"])
        domain["chainId"] = str(domain["chainId"])  # a String in web3j
        _refuse_bad_names(types)
        encoder = _Encoder(types)
        return (
            b"\x19\x01"
            + keccak(encoder.struct("EIP712Domain", domain))
            + keccak(encoder.struct(document["primaryType"], document["message"]))
        )
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise EncodingError(repr(error)) from error


def _refuse_bad_names(types: Mapping[str, Any]) -> None:
    for fields in types.values():
        for field in fields:
            if not _NAME.fullmatch(field["name"]) or not _TYPE.fullmatch(field["type"]):
                raise EncodingError(f"Invalid Identifier or Type {field}")


class _Encoder:
    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types

    def struct(self, name: str, data: Mapping[str, Any]) -> bytes:
        parts = [keccak(self._declaration(name).encode())]
        parts += [
            self._field(field["type"], data[field["name"]])
            for field in self._types[name]
            if data.get(field["name"]) is not None
        ]
        return b"".join(parts)

    def _declaration(self, name: str) -> str:
        others = sorted(self._dependencies(name) - {name})
        fields = {one: [f"{field['type']} {field['name']}" for field in self._types[one]] for one in (name, *others)}
        return "".join(f"{one}({','.join(declared)})" for one, declared in fields.items())

    def _dependencies(self, name: str) -> set[str]:
        found, waiting = set(), [name]
        while waiting:
            one = waiting.pop()
            found.add(one)
            bases = {field["type"].partition("[")[0] for field in self._types[one]}
            waiting += [base for base in bases if base in self._types and base not in found]
        return found

    def _field(self, kind: str, value: Any) -> bytes:
        if kind in self._types:
            return keccak(self.struct(kind, value))
        if "[" in kind:
            if not isinstance(value, list):
                raise EncodingError(f"{kind} is no array")
            base = kind.partition("[")[0]
            return keccak(b"".join(self._item(base, one) for one in value))
        return _plain(kind, value)

    def _item(self, base: str, value: Any) -> bytes:
        if base in self._types:
            return keccak(self.struct(base, value))
        if re.fullmatch(r"bytes\d+", base):
            return _octets(value).rjust(_WORD, b"\0")
        return _plain(base, value)


def _plain(kind: str, value: Any) -> bytes:
    if kind == "string":
        return keccak(str(value).encode())
    if kind == "bytes":
        return keccak(_octets(value))
    if size := re.fullmatch(r"bytes(\d+)", kind):
        if len(_octets(value)) != int(size[1]):
            raise EncodingError(f"{kind} of {len(_octets(value))} bytes")
        return _octets(value).ljust(_WORD, b"\0")
    if kind == "bool":
        return int(bool(value)).to_bytes(_WORD, "big")
    if kind == "address":
        return _octets(value).rjust(_WORD, b"\0")
    return _number(kind, value)


def _number(kind: str, value: Any) -> bytes:
    found = re.fullmatch(r"(u?)int(\d+)", kind)
    if not found or isinstance(value, bool):
        raise EncodingError(f"no constructor of {kind} takes {value!r}")
    number = int(str(value), 16) if str(value).startswith("0x") else int(str(value))
    bits = int(found[2])
    if number < 0 if found[1] else not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise EncodingError(f"{number} is no {kind}")
    if number.bit_length() > bits:
        raise EncodingError(f"{number} is no {kind}")
    return (number % 2**256).to_bytes(_WORD, "big")


def _octets(text: str) -> bytes:
    digits = text.removeprefix("0x")
    return bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
