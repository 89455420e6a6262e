"""Remote write, as Prometheus receives it: raw samples with their own timestamps, in protobuf and snappy.

By hand, because it is forty lines: fields in the order of the protocol, and a snappy block of literals only, which every reader of
snappy reads. Nothing is compressed; it goes over loopback.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.lab.client import local

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]  # the NaN with which Prometheus ends a series
LITERAL_BYTES = 65_536
_SAMPLE = struct.Struct(
    "<3sdB6s"
)  # its head, the value as field 1, the time as field 2, which takes six bytes until 2109
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """Samples of one series, oldest first."""

    labels: Mapping[str, str]
    times: Sequence[int]  # milliseconds
    values: Sequence[float]


def write(url: str, series: Iterable[Series]) -> int:
    """Write them in one request; answers how many samples that were."""
    every = [one for one in series if one.times]
    body = snappy(b"".join(_field(1, _series(one)) for one in every))
    local.post(f"{url}/api/v1/write", content=body, headers=HEADERS, timeout=60).raise_for_status()
    return sum(len(one.times) for one in every)


def snappy(data: bytes) -> bytes:
    """A snappy block that holds the data as it is."""
    return _varint(len(data)) + b"".join(_literals(data))


def _literals(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), LITERAL_BYTES):
        piece = data[at : at + LITERAL_BYTES]
        yield struct.pack("<BH", 61 << 2, len(piece) - 1) + piece


def _series(one: Series) -> bytes:
    labels = (_field(1, _text(1, name) + _text(2, value)) for name, value in sorted(one.labels.items()))
    samples = (
        _SAMPLE.pack(b"\x12\x10\x09", value, 0x10, _varint(at)) for at, value in zip(one.times, one.values, strict=True)
    )
    return b"".join((*labels, *samples))


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
