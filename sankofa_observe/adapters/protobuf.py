"""Protobuf's wire: the few kinds of fields that Prometheus' remote protocols use, written and read."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of fields
LOW, MORE = 0x7F, 0x80  # of a byte of a varint: its seven bits, and whether another byte follows
_FIXED = {FIXED64: 8, FIXED32: 4}  # bytes of a value
_DOUBLE = struct.Struct("<d")
_WHOLE = 2**64 - 1


def varint(value: int) -> bytes:
    found = bytearray()
    while value > LOW:
        found.append(value & LOW | MORE)
        value >>= 7
    return bytes([*found, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3 | VARINT) + varint(value)


def text(field: int, value: bytes) -> bytes:
    return varint(field << 3 | BYTES) + varint(len(value)) + value


def fields(body: bytes, wanted: int) -> Iterator[bytes]:
    """The values of a repeated field of messages."""
    place = 0
    while place < len(body):
        field, kind, value, place = read_field(body, place)
        if field == wanted:
            yield as_bytes(kind, value)


def one_of_each(body: bytes, kinds: Mapping[int, int]) -> dict[int, bytes | int | float]:
    """The last value of each known field of a message; `kinds` by number. A known field of another kind is an error."""
    found: dict[int, bytes | int | float] = {}
    place = 0
    while place < len(body):
        field, kind, value, place = read_field(body, place)
        if kinds.get(field, kind) != kind:
            raise ValueError(f"protobuf: field {field} is of kind {kind}, expected {kinds[field]}")
        if field in kinds:
            found[field] = value
    return found


def as_bytes(kind: int, value: bytes | float) -> bytes:
    if kind != BYTES or not isinstance(value, bytes):
        raise ValueError(f"protobuf: a field of kind {kind} stands where a text was expected, of kind {BYTES}")
    return value


def read_field(body: bytes, place: int) -> tuple[int, int, bytes | int | float, int]:
    """The field at a place: its number, kind and value, and the place behind it."""
    tag, place = read_varint(body, place)
    field, kind = tag >> 3, tag & 7
    if kind == VARINT:
        return field, kind, *read_varint(body, place)
    if kind == BYTES:
        size, place = read_varint(body, place)
    elif kind in _FIXED:
        size = _FIXED[kind]
    else:
        raise ValueError(f"protobuf: a field of kind {kind}, expected a number or a text")
    value = body[place : place + size]
    if len(value) < size:
        raise ValueError(f"protobuf: a field has {len(value)} bytes, expected {size}: the answer is cut short")
    return field, kind, _DOUBLE.unpack(value)[0] if kind == FIXED64 else value, place + size


def read_varint(body: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(body):
            raise ValueError("protobuf: the answer is cut short")
        byte = body[place]
        value |= (byte & LOW) << shift
        place += 1
        if byte < MORE:
            return value & _WHOLE, place
    raise ValueError("protobuf: a number has more than ten bytes")


def signed(value: int) -> int:
    """An int64 as a varint holds it."""
    return value - 2**64 if value >= 2**63 else value
