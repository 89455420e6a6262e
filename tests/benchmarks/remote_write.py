"""Remote write, as Prometheus receives it: raw samples with their own timestamps, in protobuf and snappy.

Fields stand in the order of the protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cramjam

from deploy.lab.client import local
from sankofa_observe.adapters import protobuf, remote_read

STALE = struct.unpack("<d", struct.pack("<Q", remote_read.STALE))[0]  # the NaN with which Prometheus ends a series
# Its head, the value as field 1, the time as field 2, which takes six bytes until 2109.
_SAMPLE = struct.Struct("<3sdB6s")
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
    body = bytes(cramjam.snappy.compress_raw(b"".join(protobuf.text(1, _series(one)) for one in every)))
    local.post(f"{url}/api/v1/write", content=body, headers=HEADERS, timeout=60).raise_for_status()
    return sum(len(one.times) for one in every)


def _series(one: Series) -> bytes:
    labels = (
        protobuf.text(1, protobuf.text(1, name.encode()) + protobuf.text(2, value.encode()))
        for name, value in sorted(one.labels.items())
    )
    samples = (
        _SAMPLE.pack(b"\x12\x10\x09", value, 0x10, protobuf.varint(at))
        for at, value in zip(one.times, one.values, strict=True)
    )
    return b"".join((*labels, *samples))
