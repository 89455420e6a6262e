"""An answer of Prometheus' HTTP API, opened in one place: what is no successful answer of the type that was asked for is an error.

An error is never an empty result, and a result of which a part may be missing says so. Nothing here knows the network.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

# An answer of Prometheus has at most eight. Far beyond, Python's reader ends the process where a library raised the limit of
# recursion, as py_ecc does.
MAX_DEPTH = 100
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OPEN = np.frombuffer(b"[{", np.uint8)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The `result` of an answer; `missing` is why a part of it may be missing, in the server's words, and empty if it is whole."""

    result: list[Any]
    missing: str = ""


def opened(body: bytes, result_type: str) -> Answer:
    """The answer in a body of JSON; `result_type` is "matrix", "vector" or "scalar".

    Raises:
        ValueError: it is no JSON, tells no success, or holds no list of this type.
    """
    answer = parsed(body)
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise ValueError(f"the answer is {seen(answer)}, expected an object of status 'success'")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != result_type:
        raise ValueError(f"the answer has the data {seen(data)}, expected an object of resultType '{result_type}'")
    missing = answer.get("warnings") or (answer.get("isPartial") and "it says isPartial")
    if isinstance(result := data.get("result"), list):
        return Answer(result=result, missing=seen(missing) if missing else "")
    raise ValueError(f"the answer has the result {seen(result)}, expected a list")


def parsed(body: bytes) -> Any:
    """The value in a body of JSON.

    Raises:
        ValueError: it is no JSON, is nested deeper than any answer, or an object has a name twice.
    """
    brackets = np.frombuffer(_TEXT.sub(b"", body).translate(None, _NO_BRACKETS), np.uint8)
    depth = np.cumsum(np.where(np.isin(brackets, _OPEN), 1, -1), dtype=np.int32).max(initial=0)
    if depth > MAX_DEPTH:
        raise ValueError(f"the answer is nested {depth} deep, expected at most {MAX_DEPTH}")
    return json.loads(body, object_pairs_hook=_each_once)


def labels_of(one: Any) -> dict[str, str]:
    """The labels of one entry of a result.

    Raises:
        ValueError: they are no mapping of text to text.
    """
    labels = one.get("metric") if isinstance(one, dict) else None
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise ValueError(f"the labels of a series are {seen(labels)}, expected a mapping of text to text")
    "".join((*labels, *labels.values())).encode()  # half a character is no text
    return labels


def seen(value: Any) -> str:
    """A value as it is told in an error; whole, because a secret that was cut in two could not be found in it any more."""
    return repr(value)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an object of the answer has a name twice, among {seen([name for name, _ in pairs])}")
    return found
