"""The answer of a range selector, `/api/v1/query` with a matrix: its samples into columns without a Python object for each.

The lists of samples are cut out of the body and read as one table of numbers; what is left is small JSON and is read as such.
Inside a JSON text every quote is escaped, so no label can look like the beginning of a list of samples.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import polars as pl

from sankofa_observe.slo.samples import Samples

# No list of samples holds a brace or a colon, and what follows one does.
_VALUES = re.compile(rb'"values"\s*:\s*(\[\s*\[[^{}:]*\])')


def read_matrix(body: bytes) -> tuple[Any, list[Samples]]:
    """The answer, in it for each list of samples its number, and these samples.

    Raises:
        ValueError: it is no JSON, or a list holds what is no pair of numbers in order of time.
    """
    lists: list[bytes] = []

    def take(found: re.Match[bytes]) -> bytes:
        lists.append(found[1])
        return b'"values":%d' % (len(lists) - 1)

    rest = json.loads(_VALUES.sub(take, body))
    return rest, _columns(lists)


def _columns(lists: list[bytes]) -> list[Samples]:
    if not lists:
        return []
    tight = [one.translate(None, b' \t\r\n"') for one in lists]
    counts = [one.count(b"],[") + 1 for one in tight]
    table = b"\n".join(tight).replace(b"],[", b"\n").translate(None, b"[]")
    if table.count(b",") != sum(counts):
        raise ValueError("a sample is no pair of an instant and a value")
    schema = {"at": pl.Float64, "value": pl.Float64}
    frame = pl.read_csv(io.BytesIO(table), has_header=False, schema=schema, ignore_errors=True)
    if frame.height != sum(counts) or frame["at"].null_count() or not frame["at"].is_finite().all():
        raise ValueError("a sample has no instant")
    at = np.rint(frame["at"].to_numpy() * 1000).astype(np.int64)
    values = frame["value"].fill_null(float("nan")).to_numpy()
    ends = np.cumsum(counts)[:-1]
    return [Samples.in_order(*pair) for pair in zip(np.split(at, ends), np.split(values, ends), strict=True)]
