"""Protobuf's wire: the few kinds of fields that Prometheus' remote protocols use, written and read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

VARINT, FIXED64, BYTES = 0, 1, 2  # kinds of fields
LOW, MORE = 0x7F, 0x80  # of a byte of a varint: its seven bits, and whether another byte follows


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
    return (as_bytes(value) for field, value in every(body) if field == wanted)


def as_bytes(value: bytes | float) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("protobuf: a number stands where a text was expected")  # noqa: TRY004  a fault of the answer
    return value


def every(body: bytes) -> Iterator[tuple[int, bytes | float]]:
    """Each field of a message with its value."""
    place = 0
    while place < len(body):
        tag, place = read_varint(body, place)
        field, kind = tag >> 3, tag & 7
        value: bytes | float
        if kind == VARINT:
            value, place = read_varint(body, place)
        elif kind == FIXED64:
            value, place = float(np.frombuffer(body[place : place + 8], "<f8")[0]), place + 8
        elif kind == BYTES:
            size, place = read_varint(body, place)
            value, place = body[place : place + size], place + size
        else:
            raise ValueError(f"protobuf: a field of kind {kind}, expected a number or a text")
        if place > len(body):
            raise ValueError("protobuf: the answer is cut short")
        yield field, value


def read_varint(body: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(body):
        byte = body[place]
        value |= (byte & LOW) << shift
        place, shift = place + 1, shift + 7
        if byte < MORE:
            return value, place
    raise ValueError("protobuf: the answer is cut short")
