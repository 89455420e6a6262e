"""Samples of one series in columns: instants and values, as many as there are, without an object for each.

Read as a sequence they are `(milliseconds, text)` pairs, which is what the plain functions of counting take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.int64]
"""UTC milliseconds, in order, each once."""

Values = NDArray[np.float64]
"""As the source holds them: Prometheus knows no other number. What is no number is NaN."""

Pair = tuple[int, str]

MAX_EXACT = 2**53 - 1  # a float holds every whole number up to here
_ZEROS_FROM = 10**21  # a float of this size is told by an exponent


class Samples(Sequence[Pair]):
    """The samples of one series."""

    __slots__ = ("at", "values")

    def __init__(self, at: Instants, values: Values) -> None:
        self.at = at
        self.values = values

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Samples:
        """From pairs in any order; of two at one instant the later one in the sequence."""
        if isinstance(pairs, Samples):
            return pairs
        kept = sorted(dict(pairs).items())
        at = np.fromiter((at for at, _ in kept), np.int64, len(kept))
        return cls(at, np.fromiter((_number(text) for _, text in kept), np.float64, len(kept)))

    @classmethod
    def in_order(cls, at: Instants, values: Values) -> Samples:
        """From columns in any order; of two at one instant the later one."""
        found = cls(at, values)
        return found if (np.diff(at) > 0).all() else cls.of(list(found))

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which of them are exact counts: whole, not below 0, and not above 2^53 - 1 (`source.count_of`)."""
        whole: NDArray[np.bool_] = self.values == np.floor(self.values)
        return whole & (self.values >= 0) & (self.values <= MAX_EXACT)

    def within(self, low_ms: int, high_ms: int) -> Samples:
        """Those of `[low, high)`."""
        low, high = np.searchsorted(self.at, (low_ms, high_ms))
        return self[low:high]

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> Samples: ...
    def __getitem__(self, place: int | slice) -> Pair | Samples:
        if isinstance(place, slice):
            return Samples(self.at[place], self.values[place])
        return int(self.at[place]), number_text(float(self.values[place]))

    def __len__(self) -> int:
        return len(self.at)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return f"Samples({list(self)!r})"


def number_text(value: float) -> str:
    """A value as Prometheus writes it; but for an exponent where it would write zeros."""
    if value.is_integer() and abs(value) < _ZEROS_FROM:
        return str(int(value)) if value or not str(value).startswith("-") else "-0"
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text := repr(value), text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
