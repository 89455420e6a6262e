"""Rows of a source that were left out, counted by collector and reason for as long as the source is open.

Like the trace, the count travels in context variables: whoever reads rows, in a thread too, need not be handed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Rejected = Counter[tuple[str, str]]
"""How many rows were left out, by collector and reason."""


class Reason(StrEnum):
    """The closed set of `reason` in `sankofa_collector_rejected_total`."""

    CONTRADICTING = "contradicting"  # two rows of one identity differ: nobody knows which of them holds
    UNREADABLE = "unreadable"  # a row that is not one: no identity, or not of the source's form


_CURRENT: ContextVar[tuple[Rejected, str] | None] = ContextVar("rejected", default=None)


@contextmanager
def counted_in(rejected: Rejected, collector: str) -> Iterator[None]:
    """Rows rejected inside the block, and by tasks begun inside it, are this collector's."""
    token = _CURRENT.set((rejected, collector))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def reject(reason: Reason, rows: int = 1) -> None:
    """Count rows that are left out; outside of a probe they are counted nowhere."""
    current = _CURRENT.get()
    if current is not None and rows:
        rejected, collector = current
        rejected[collector, str(reason)] += rows


def by_identity(rows: Iterable[tuple[K, V]]) -> dict[K, V]:
    """Rows by what they name: equal ones are one, and differing ones make that identity unknown."""
    found: dict[K, V] = {}
    repeats: Counter[K] = Counter()
    contradicted: set[K] = set()
    for identity, row in rows:
        if identity in contradicted:
            reject(Reason.CONTRADICTING)
        elif identity not in found:
            found[identity] = row
        elif found[identity] == row:
            repeats[identity] += 1
        else:
            contradicted.add(identity)
            del found[identity]
            reject(Reason.CONTRADICTING, 2 + repeats[identity])
    return found
