"""Where raw samples come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class RawSeries:
    """Raw samples of one series: labels (with `__name__`), then `(milliseconds, value as the source wrote it)`."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """What a source answered. `complete` is False when it warned that a part is missing: then nothing in it is proof."""

    series: Sequence[RawSeries]
    complete: bool = True


HOUR_SECONDS = 3600  # samples are compared with what was counted from them by the hour


class SampleSource(Protocol):
    """Raw samples, as scraped: no deduplication, no downsampling, no functions."""

    def read(self, selector: str, period: Period) -> SampleSet:
        """Samples with `starts_at <= t < ends_at`."""

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        """Per site and hour (its start, of those that begin in the period) how many samples there are by now."""

    def newest_at(self) -> int:
        """When the source last scraped anything, by its own clock; UTC seconds."""

    def ahead_seconds(self) -> float | None:
        """By how much its clock is ahead of ours; None where it took too long to answer to tell."""
