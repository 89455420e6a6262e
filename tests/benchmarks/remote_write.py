"""Remote write, as Prometheus receives it: raw samples with their own timestamps, in protobuf and snappy.

Fields stand in the order of the protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cramjam
import numpy as np

from deploy.lab.client import local
from sankofa_observe.adapters import protobuf, remote_read

STALE = struct.unpack("<d", struct.pack("<Q", remote_read.STALE))[0]  # the NaN with which Prometheus ends a series
# A sample: its head, the value as field 1, the time as field 2, which takes six bytes until 2109.
_SAMPLE = np.dtype([("head", "u1", 3), ("value", "<f8"), ("key", "u1"), ("time", "u1", 6)])
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
    samples = np.empty(len(one.times), _SAMPLE)
    samples["head"], samples["value"], samples["key"] = (0x12, 0x10, 0x09), one.values, 0x10
    sevens = np.array(one.times, np.int64)[:, None] >> 7 * np.arange(6) & protobuf.LOW
    samples["time"] = sevens | np.array([protobuf.MORE] * 5 + [0])
    return b"".join((*labels, samples.tobytes()))
