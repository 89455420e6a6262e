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
from numpy.typing import NDArray

from sankofa_observe.adapters import protobuf
from sankofa_observe.adapters.answer import parsed
from sankofa_observe.adapters.bounded import MAX_ANSWER_BYTES, content_of
from sankofa_observe.documents import read as read_yaml
from sankofa_observe.slo.samples import Instants, Samples, Values
from sankofa_observe.units import Period

STALE = 0x7FF0000000000002  # the bits of the NaN by which Prometheus ends a series
_TYPES = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
_MATCHER = re.compile(r"""([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))")
_SINGLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LABELS, _SAMPLES = 1, 2  # fields of a series
_SAMPLE_TAG = _SAMPLES << 3 | protobuf.BYTES
_FIRST_ROWS = 16
_NOTHING = (np.empty(0, np.int64), np.empty(0, np.float64))
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
    body = content_of(response)
    if response.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-protobuf":
        return None
    return series_of(_unpacked(body))


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
        configuration = read_yaml(found["data"]["yaml"])
        return (
            found["status"] == "success"
            and isinstance(configuration["global"], dict)
            and not configuration["global"].get("external_labels")
            and not configuration.get("remote_read")
        )
    except (ValueError, KeyError, TypeError, AttributeError):
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
        byte, short, long, octal, single = found.groups()
        if byte or octal:  # a byte, which may be part of a character
            return chr(0xDC00 + code) if (code := int(byte or octal, 16 if byte else 8)) > protobuf.LOW else chr(code)
        return chr(int(point, 16)) if (point := short or long) else _SINGLE.get(single, single)

    return _ESCAPE.sub(one, text).encode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------------------------------------------ answer


def series_of(body: bytes) -> list[tuple[dict[str, str], Samples]]:
    """The series of a `ReadResponse` to one query.

    Raises:
        ValueError: it is none.
    """
    results = list(protobuf.fields(body, 1))
    if len(results) != 1:
        raise ValueError(f"remote read: the answer has {len(results)} results, expected 1")
    return [_series(one) for one in protobuf.fields(results[0], 1)]


def _series(body: bytes) -> tuple[dict[str, str], Samples]:
    """A `TimeSeries`: labels and samples, in any order."""
    labels: dict[str, str] = {}
    columns: list[tuple[Instants, Values]] = []
    place = 0
    while place < len(body):
        if run := _run(body, place):
            columns.append(run)
            place += _length_at(body, place) * len(run[0])
            continue
        field, kind, value, place = protobuf.read_field(body, place)
        if field == _LABELS:
            _add_label(labels, protobuf.as_bytes(kind, value))
        elif field == _SAMPLES:
            columns.append(_sample(protobuf.as_bytes(kind, value)))
    at, values = (np.concatenate(one) for one in zip(*columns, strict=True)) if columns else _NOTHING
    real = values.view(np.uint64) != STALE
    return labels, Samples.in_order(at[real], values[real])


def _add_label(labels: dict[str, str], body: bytes) -> None:
    pair = protobuf.one_of_each(body, {1: protobuf.BYTES, 2: protobuf.BYTES})
    name, value = (bytes(pair.get(field, b"")).decode() for field in (1, 2))  # type: ignore[arg-type]  # by their kind
    if name in labels:
        raise ValueError(f"remote read: a series has the label {name} twice")
    labels[name] = value


def _sample(body: bytes) -> tuple[Instants, Values]:
    """Whatever its length; an absent field is 0."""
    one = protobuf.one_of_each(body, {1: protobuf.FIXED64, 2: protobuf.VARINT})
    at = protobuf.signed(int(one.get(2, 0)))
    return np.array([at], np.int64), np.array([one.get(1, 0)], np.float64)


def _length_at(body: bytes, place: int) -> int:
    """Bytes of the sample at a place, its tag and length among them; 0 where there is none."""
    return body[place + 1] + 2 if body[place] == _SAMPLE_TAG and place + 1 < len(body) else 0


def _run(body: bytes, place: int) -> tuple[Instants, Values] | None:
    """The samples of one length from a place on, as far as they go; None where there are only few.

    Looked at in chunks that grow: lengths that change at each sample cost no more than their number.
    """
    size = _length_at(body, place)
    head = body[place : place + 2]
    if size not in {_WHOLE, _ZERO}:
        return None
    if body[place + size : place + size + 2] != head or body[place + 3 * size : place + 3 * size + 2] != head:
        return None
    found, chunk = 0, _FIRST_ROWS
    columns = []
    while rows := min(chunk, (len(body) - place) // size - found):
        table = np.frombuffer(body, np.uint8, rows * size, place + found * size).reshape(-1, size)
        fit = _fitting(table)
        columns.append(_columns(table[:fit]))
        found, chunk = found + fit, chunk * 4
        if fit < rows:
            break
    at, values = (np.concatenate(one) for one in zip(*columns, strict=True))
    return (at, values) if found else None


def _fitting(rows: NDArray[np.uint8]) -> int:
    """How many of the first rows are samples as Prometheus writes them, with an instant of six bytes."""
    size = rows.shape[1]
    head = (_SAMPLE_TAG, size - 2, *((1 << 3 | protobuf.FIXED64,) if size == _WHOLE else ()))
    stamp = rows[:, -7:]
    fit = (rows[:, : len(head)] == head).all(axis=1) & (stamp[:, 0] == (2 << 3 | protobuf.VARINT))
    fit &= (stamp[:, 1:-1] >= protobuf.MORE).all(axis=1) & (stamp[:, -1] <= protobuf.LOW)
    return len(rows) if fit.all() else int(fit.argmin())


def _columns(rows: NDArray[np.uint8]) -> tuple[Instants, Values]:
    at = ((rows[:, -6:] & protobuf.LOW).astype(np.int64) << (7 * np.arange(6))).sum(axis=1)
    whole = rows.shape[1] == _WHOLE
    return at, np.ascontiguousarray(rows[:, 3:11]).view("<f8")[:, 0] if whole else np.zeros(len(rows))
