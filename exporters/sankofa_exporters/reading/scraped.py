"""Read a few families out of another exporter's text exposition, fast, and without trusting it.

Only wanted names are looked at, so a dump of ten thousand lines costs a search, not a parse. Ceph's mgr does not escape
label values: a quote inside a value is taken as part of it unless a comma or the closing brace follows. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sankofa_exporters.model.failure import CollectorError, Kind

MAX_POINTS = 200_000  # of the wanted names in one body; the caller's series cap is far below
PIECE_CHARS = 1 << 17
MAX_LABELS_CHARS = 1 << 14  # of one series; real ones have some hundred
# The value is taken whole by a lookahead, which gives nothing back: else a hostile line is tried in every way. A possessive
# group would say the same, and Python before 3.11.5, Debian's among them, gets it wrong (python/cpython 106052).
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"(?=((?:[^"\\]+|\\.|"(?!\s*(?:[,}]|$)))*))\2"\s*(?:,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_ESCAPE = re.compile(r'\\[\\"n]')
_ANY_SERIES = re.compile(r"^[a-zA-Z_:][\w:]*(?:\{.*\})?[ \t]+[-+]?(?:[\d.]|NaN|Inf)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One series of the body with its value."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Scraped:
    """The wanted series of a body, and how many of its wanted lines could not be read."""

    points: Mapping[str, tuple[Point, ...]]
    empty: bool  # the body has no series at all, wanted or not
    unreadable: int

    def of(self, name: str) -> tuple[Point, ...]:
        return self.points.get(name, ())

    def single(self, name: str) -> float | None:
        """The value of a family without labels, or None when it is absent or not alone."""
        found = self.of(name)
        return found[0].value if len(found) == 1 else None


def scan(body: bytes, names: Iterable[str], where: str) -> Scraped:
    """The series called `names`; raises `CollectorError` (decode, limit) for a body that is not an exposition."""
    text = body.decode("utf-8", "replace")
    if not text.strip():
        return Scraped(points={}, empty=True, unreadable=0)
    if not text.lstrip().startswith("#") and not _ANY_SERIES.match(text.lstrip()):
        looks = "HTML" if text.lstrip()[:1] == "<" else "not a text exposition"
        raise CollectorError(Kind.DECODE, f"{where}: the body is {looks} ({len(body)} bytes)")
    found: dict[str, list[Point]] = {}
    unreadable = 0
    for count, (name, labels, value) in enumerate(_lines(text, frozenset(names))):
        if count == MAX_POINTS:
            raise CollectorError(Kind.LIMIT, f"{where}: more than {MAX_POINTS} series of the wanted names")
        point = _point(labels, value)
        if point is None:
            unreadable += 1
        else:
            found.setdefault(name, []).append(point)
    points = {name: tuple(series) for name, series in found.items()}
    return Scraped(points=points, empty=not points and not _ANY_SERIES.search(text), unreadable=unreadable)


def _lines(text: str, names: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    wanted = _wanted(names)
    for piece in _pieces(text):
        yield from ((match[1], match[2] or "", match[3]) for match in wanted.finditer(piece))


def _pieces(text: str) -> Iterator[str]:
    """Whole lines, some thousand at a time: a search holds up every other probe until it returns."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + PIECE_CHARS) + 1
        yield text[begin : end or len(text)]
        begin = end or len(text)


@lru_cache(maxsize=64)
def _wanted(names: frozenset[str]) -> re.Pattern[str]:
    alternatives = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"^({alternatives})(?:\{{(.*)\}})?[ \t]+(\S+)", re.MULTILINE)


def _point(labels: str, value: str) -> Point | None:
    number, parsed = _number(value), _labels(labels)
    return None if number is None or parsed is None else Point(labels=parsed, value=number)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in value else None


def _labels(text: str) -> dict[str, str] | None:
    """The labels, the first of two with one name; None when they cannot be read to the end."""
    if len(text) > MAX_LABELS_CHARS:
        return None
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if match is None:
            return None if text[position:].strip() else found
        found.setdefault(match[1], _ESCAPE.sub(lambda escape: _ESCAPES[escape[0]], match[2]))
        position = match.end()
    return found
