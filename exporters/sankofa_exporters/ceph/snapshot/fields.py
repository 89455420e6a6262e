"""Fields of a dashboard's JSON: a value of the right form, or `CollectorError` (decode, limit) with the field's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Reason, reject

V = TypeVar("V")
MAX_ROWS = 20_000
MAX_COUNT = 2**53  # what a sample holds exactly


def unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)


def part(read: Callable[[Mapping[str, Any]], V], found: Mapping[str, Any]) -> V | None:
    """A part of an answer: one that cannot be read is counted, is None, and costs no other part."""
    try:
        return read(found)
    except CollectorError:
        reject(Reason.UNREADABLE)
        return None


def rows(value: Any, where: str) -> list[Any]:
    """A list of bounded length, whatever it holds."""
    if not isinstance(value, list):
        raise unreadable(f"{where}: not a list")
    if len(value) > MAX_ROWS:
        raise CollectorError(Kind.LIMIT, f"{where}: more than {MAX_ROWS} rows")
    return value


def readable(value: Any, where: str, read: Callable[[Mapping[str, Any]], V]) -> list[V]:
    """What `read` makes of each row of a list; rows of which it makes nothing are counted and left out."""
    found = (part(lambda row: read(mapping(row, where)), row) for row in rows(value, where))
    return [row for row in found if row is not None]


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise unreadable(f"{where}: not an object")
    return value


def count(value: Any, where: str) -> int:
    """A whole number that is not negative and that a sample holds exactly."""
    if not is_count(value):
        raise unreadable(f"{where}: not a count")
    return int(value)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def positive(value: Any) -> int | None:
    return value if is_count(value) and value else None
