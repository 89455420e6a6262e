"""Prometheus' remote read: the samples as they are stored, for a seventh of what an answer in JSON costs the server.

The protocol (`prompb/remote.proto`, a body in Snappy) knows no warnings, so it is spoken only with what shows itself as a plain
Prometheus, by its configuration, and everything else is asked in JSON. So is a server with external labels: it adds them to every
series, and takes a matcher on one of them for a question about itself. Markers of a series' end are no samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import cramjam
import numpy as np
import requests
import yaml

from sankofa_observe.adapters import protobuf
from sankofa_observe.adapters.answer import parsed
from sankofa_observe.adapters.bounded import MAX_ANSWER_BYTES
from sankofa_observe.slo.samples import Instants, Samples, Values
from sankofa_observe.units import Period

STALE = 0x7FF0000000000002  # the bits of the NaN by which Prometheus ends a series
_TYPES = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
_MATCHER = re.compile(r"""([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-3][0-7]{2})|(.))")
_SINGLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WHOLE, _ZERO = 18, 9  # bytes of a sample of our times; a value of 0 is left out


def read(
    post: Callable[[bytes], requests.Response], selector: str, period: Period
) -> list[tuple[dict[str, str], Samples]] | None:
    """The series as `(labels, samples)`, or None where the server does not speak it. `post` sends a body to it.

    Raises:
        ValueError: the answer is none of this protocol.
        requests.RequestException: the server does not answer, or says that it cannot.
    """
    try:
        response = post(bytes(cramjam.snappy.compress_raw(request(selector, period))))
    except requests.TooManyRedirects:
        return None
    if response.status_code in {401, 403, 404, 405, 501}:
        return None
    if response.status_code != requests.codes.ok:
        words = response.content.decode(errors="replace")
        raise requests.HTTPError(f"HTTP {response.status_code}, expected 200: {words}")
    if "protobuf" not in response.headers.get("Content-Type", ""):
        return None
    return series_of(_unpacked(response.content))


def _unpacked(body: bytes) -> bytes:
    try:
        if (size := cramjam.snappy.decompress_raw_len(body)) > MAX_ANSWER_BYTES:
            raise ValueError(f"remote read: the answer has {size} bytes, expected {MAX_ANSWER_BYTES} at most")
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise ValueError(f"remote read: the body is not Snappy: {error}") from error


@lru_cache(maxsize=1)  # a large configuration is read once for as long as it stays
def is_plain(answer: bytes) -> bool:
    """Whether an answer to `/api/v1/status/config` is of a Prometheus whose remote read says what its JSON says.

    It has a configuration with a global section, no external labels, and asks no other server for samples: of one that does not
    answer, remote read says nothing.
    """
    try:
        found = parsed(answer)
        configuration = yaml.safe_load(found["data"]["yaml"])
        return (
            found["status"] == "success"
            and isinstance(configuration["global"], dict)
            and not configuration["global"].get("external_labels")
            and not configuration.get("remote_read")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
        return False


# ---------------------------------------------------------------------------------------------------------------------- question


def request(selector: str, period: Period) -> bytes:
    """A `ReadRequest` for the samples of a period, as samples and not as chunks."""
    name, _, rest = selector.partition("{")
    matchers = [("__name__", "=", name.strip().encode())]
    matchers += [(one[1], one[2], _unquoted(one[3][1:-1])) for one in _MATCHER.finditer(rest)]
    query = protobuf.number(1, period.starts_at * 1000) + protobuf.number(2, period.ends_at * 1000 - 1)
    for label, operator, value in matchers:
        query += protobuf.text(
            3, protobuf.number(1, _TYPES[operator]) + protobuf.text(2, label.encode()) + protobuf.text(3, value)
        )
    return protobuf.text(1, query)


def _unquoted(text: str) -> bytes:
    """The value of a PromQL string, whose escapes are Go's."""

    def one(found: re.Match[str]) -> str:
        byte, point, octal, single = found.groups()
        if byte or octal:  # a byte, which may be part of a character
            return chr(0xDC00 + code) if (code := int(byte or octal, 16 if byte else 8)) > protobuf.LOW else chr(code)
        return chr(int(point, 16)) if point else _SINGLE.get(single, single)

    return _ESCAPE.sub(one, text).encode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------------------------------------------ answer


def series_of(body: bytes) -> list[tuple[dict[str, str], Samples]]:
    """The series of a `ReadResponse`."""
    return [_series(one) for result in protobuf.fields(body, 1) for one in protobuf.fields(result, 1)]


def _series(body: bytes) -> tuple[dict[str, str], Samples]:
    """A `TimeSeries`: labels, then samples."""
    labels: dict[str, str] = {}
    place = 0
    while place < len(body) and body[place] == (1 << 3 | protobuf.BYTES):
        size, place = protobuf.read_varint(body, place + 1)
        pair = dict(protobuf.every(body[place : place + size]))
        labels[protobuf.as_bytes(pair.get(1, b"")).decode()] = protobuf.as_bytes(pair.get(2, b"")).decode()
        place += size
    at, values = _samples(body[place:])
    real = values.view(np.uint64) != STALE
    return labels, Samples.in_order(at[real], values[real])


def _samples(body: bytes) -> tuple[Instants, Values]:
    """All of one length are read as a table; others one by one."""
    for size in (_WHOLE, _ZERO):
        if len(body) % size == 0 and (found := _table(body, size)):
            return found
    every = [dict(protobuf.every(one)) for one in protobuf.fields(body, 2)]
    at = np.array([int(one.get(2, 0)) for one in every], np.int64)
    return at, np.array([float(one.get(1, 0)) for one in every], np.float64)


def _table(body: bytes, size: int) -> tuple[Instants, Values] | None:
    rows = np.frombuffer(body, np.uint8).reshape(-1, size)
    head = (2 << 3 | protobuf.BYTES, size - 2, *((1 << 3 | protobuf.FIXED64,) if size == _WHOLE else ()))
    stamp = rows[:, -7:]
    if (rows[:, : len(head)] != head).any() or (stamp[:, 0] != (2 << 3 | protobuf.VARINT)).any():
        return None
    if (stamp[:, 1:-1] < protobuf.MORE).any() or (stamp[:, -1] > protobuf.LOW).any():
        return None
    at = ((stamp[:, 1:] & protobuf.LOW).astype(np.int64) << (7 * np.arange(6))).sum(axis=1)
    values = np.zeros(len(rows)) if size == _ZERO else np.ascontiguousarray(rows[:, 3:11]).view("<f8")[:, 0]
    return at, values
