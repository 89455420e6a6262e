"""JSON of megabytes, read in pieces: other threads have a turn between any two of them.

`json.loads` holds the interpreter's lock from the first byte to the last. A probe of another target needs that lock again
after each of its own waits, and would wait for the whole document each time. Here the standard scanner reads whatever fits
into a window; only lists and objects that are longer than that are walked in Python.

The value of every document is that of `json.loads`, and what it refuses is refused: `json.loads` is the specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from json import decoder
from typing import Any, NoReturn

WINDOW_CHARS = 16 * 1024  # some 0.3 ms of the scanner
_spaces: Callable[[str, int], re.Match[str]] = re.compile(r"[ \t\n\r]*").match  # type: ignore[assignment]  # none is a match too
_AFTER_A_VALUE = frozenset(",]} \t\n\r")


def loads(body: bytes, *, window_chars: int = WINDOW_CHARS) -> Any:
    """The document's value. Strict: NaN and Infinity are no numbers.

    Raises `ValueError` for what is not JSON, `RecursionError` for what is nested too deeply.
    """
    if len(body) <= window_chars:
        return json.loads(body, parse_constant=_refuse_constant)
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    if text.startswith("\ufeff"):
        raise ValueError("a byte order mark")
    reader = _Reader(text=text, window_chars=window_chars)
    value, end = reader.value(reader.token(0))
    if reader.token(end) != len(text):
        raise ValueError("more than one document")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


# Both are the parts that `json.loads` itself is made of; they are in every CPython 3, and in no stub.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]
_scan_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]


@dataclass(kw_only=True)
class _Reader:
    text: str
    window_chars: int
    start: int = 0  # of the window
    window: str = field(default="", repr=False)

    def value(self, at: int) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends."""
        found = self._scanned(at)
        if found is None and self.start != at:
            self.start, self.window = at, self.text[at : at + self.window_chars]
            found = self._scanned(at)
        if found is not None:
            return found
        match self.text[at : at + 1]:
            case "[":
                return self._list(at + 1)
            case "{":
                return self._object(at + 1)
            case '"':
                return _scan_string(self.text, at + 1, True)
            case _:
                return self._alone(at)

    def token(self, at: int) -> int:
        """Where the next token begins; the length of the text when there is none."""
        return _spaces(self.text, at).end()

    def _scanned(self, at: int) -> tuple[Any, int] | None:
        """The value, when it ends inside the window; None when it may go on behind it, or is none."""
        if not self.start <= at < self.start + len(self.window):
            return None
        try:
            value, length = _scan(self.window, at - self.start)
        except (StopIteration, ValueError):
            return None
        end = self.start + length
        # A number may go on behind the window, even where a point or an exponent of it is the window's last.
        return (value, end) if end == len(self.text) or self.window[length : length + 1] in _AFTER_A_VALUE else None

    def _alone(self, at: int) -> tuple[Any, int]:
        """A number or a word: not in the window because it is long, or is none."""
        try:
            return _scan(self.text, at)
        except StopIteration:
            raise ValueError(f"no value at {at}") from None

    def _list(self, at: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self.token(at)
        if self.text.startswith("]", at):
            return found, at + 1
        while True:
            value, at = self.value(at)
            found.append(value)
            at = self.token(at)
            if self.text.startswith("]", at):
                return found, at + 1
            at = self.token(self._behind(",", at))

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self.token(at)
        if self.text.startswith("}", at):
            return found, at + 1
        while True:
            key, at = _scan_string(self.text, self._behind('"', at), True)
            value, at = self.value(self.token(self._behind(":", self.token(at))))
            found[key] = value
            at = self.token(at)
            if self.text.startswith("}", at):
                return found, at + 1
            at = self.token(self._behind(",", at))

    def _behind(self, sign: str, at: int) -> int:
        if not self.text.startswith(sign, at):
            raise ValueError(f"no {sign} at {at}")
        return at + 1
