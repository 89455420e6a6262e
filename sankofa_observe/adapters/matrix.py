"""The answer of a range of samples, a matrix: its samples into columns without a Python object for each.

The lists of samples are cut out of the body, and what is left is small JSON and is read as such. Lists that look as Prometheus
writes them are read as one table of numbers, all others one by one; what is no list of pairs of an instant and a value in text is
an error in both. Inside a JSON text every quote is escaped, so no label can look like the beginning of a list of samples.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sankofa_observe.adapters.answer import labels_of, opened, parsed, seen
from sankofa_observe.slo.samples import MAX_EXACT, Instants, Samples

# No list of samples holds a brace or a colon, and what follows one does.
_VALUES = re.compile(rb'"values"\s*:\s*(\[\s*\[[^{}:]*\])')
_INSIDE = b"0123456789.eE+-NaInf"  # what an instant and a value are made of
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?Inf|NaN")


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Series as `(labels, samples)`; `missing` is why a part may be missing, empty if nothing is."""

    series: Sequence[tuple[dict[str, str], Samples]]
    missing: str


def read_matrix(body: bytes) -> Matrix:
    """The series of an answer. One that has native histograms alone has no samples.

    Raises:
        ValueError: it is no successful answer of a matrix, or a list holds what is no pair of an instant and a value.
    """
    lists: list[bytes] = []
    marker = secrets.token_hex(16)  # made after the body, which therefore cannot hold it

    def take(found: re.Match[bytes]) -> bytes:
        lists.append(found[1])
        return b'"values":"%s%d"' % (marker.encode(), len(lists) - 1)

    answer = opened(_VALUES.sub(take, body), "matrix")
    found = [(labels_of(one), _values(one, marker)) for one in answer.result]
    places = [values for _, values in found if isinstance(values, int)]
    if places != list(range(len(lists))):
        raise ValueError(f"the answer has {len(lists)} lists of samples, and {len(places)} of them belong to a series")
    columns = _columns(lists)
    series = [(labels, columns[one] if isinstance(one, int) else samples_of(one)) for labels, one in found]
    return Matrix(series=series, missing=answer.missing)


def _values(one: dict[str, Any], marker: str) -> list[Any] | int:
    """A list of samples, or the place of one that was cut out."""
    found = one.get("values", [] if isinstance(one.get("histograms"), list) else None)
    if isinstance(found, str) and found.startswith(marker):
        return int(found.removeprefix(marker))
    if isinstance(found, list):
        return found
    raise ValueError(f"the values of a series are {seen(found)}, expected a list of samples")


def samples_of(values: list[Any]) -> Samples:
    """The samples of a list as JSON has it, of pairs of an instant in seconds and a value in text.

    Raises:
        ValueError: one is no such pair, or its value no number.
    """
    for one in values:
        if not (isinstance(one, list) and len(one) == 2 and type(one[0]) in {int, float} and isinstance(one[1], str)):  # noqa: PLR2004  a pair
            raise ValueError(f'a sample is {seen(one)}, expected [instant, "value"]')
        if not _NUMBER.fullmatch(one[1]):
            raise ValueError(f"the value of a sample is {seen(one[1])}, expected a number")
    at = _instants(np.array([at for at, _ in values], np.float64))
    return Samples.in_order(at, np.array([float(value) for _, value in values], np.float64))


def _columns(lists: Sequence[bytes]) -> list[Samples]:
    """In the order of the lists."""
    counts = [_plain_count(one) for one in lists]
    table = iter(_table([one for one, count in zip(lists, counts, strict=True) if count], [n for n in counts if n]))
    return [next(table) if count else samples_of(parsed(one)) for one, count in zip(lists, counts, strict=True)]


def _plain_count(one: bytes) -> int:
    """How many samples a list has that is written as Prometheus writes it, `[[1.5,"2"],[3,"4"]]`; 0 of any other."""
    count = one.count(b"],[") + 1
    shape = b"[" + b'[,""],' * (count - 1) + b'[,""]]'
    tight = one.startswith(b"[[") and one.endswith(b"]]") and one.count(b',"') == one.count(b'"]') == count
    return count if tight and one.translate(None, _INSIDE) == shape else 0


def _table(lists: Sequence[bytes], counts: Sequence[int]) -> list[Samples]:
    if not lists:
        return []
    rows = b"\n".join(lists).replace(b"],[", b"\n").translate(None, b'[]"')
    schema = {"at": pl.Float64, "value": pl.Float64}
    frame = pl.read_csv(io.BytesIO(rows), has_header=False, schema=schema, ignore_errors=True)
    if frame.height != sum(counts) or frame["at"].null_count() or frame["value"].null_count():
        raise ValueError("an instant or a value of a sample is no number")
    at, ends = _instants(frame["at"].to_numpy()), np.cumsum(counts)[:-1]
    columns = zip(np.split(at, ends), np.split(frame["value"].to_numpy(), ends), strict=True)
    return [Samples.in_order(*pair) for pair in columns]


def _instants(seconds: NDArray[np.float64]) -> Instants:
    if not (np.abs(seconds) <= MAX_EXACT / 1000).all():  # NaN is not below anything
        raise ValueError("the instant of a sample is no time")
    return np.rint(seconds * 1000).astype(np.int64)
