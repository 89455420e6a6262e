"""What is known of the series of one family and target, kept from probe to probe within a bound of series."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(kw_only=True)
class SeriesCache(Generic[V]):
    """Forgotten whole when it is full: targets that are gone would fill it for good."""

    most_series: int
    _kept: dict[Hashable, V] = field(default_factory=dict, repr=False)
    _series: int = 0

    def get(self, key: Hashable) -> V | None:
        return self._kept.get(key)

    def keep(self, key: Hashable, value: V, series: int) -> None:
        """Keys that are equal have equally many series."""
        if key not in self._kept:
            self._series += series
            if self._series > self.most_series:
                self._kept.clear()
                self._series = series
        self._kept[key] = value
