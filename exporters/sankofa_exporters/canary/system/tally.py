"""What was counted of one target since its counters began. A request is in exactly one place: known, or not known and why."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sankofa_exporters.canary.families import BUCKETS
from sankofa_exporters.canary.samples import counter_samples, not_known_samples
from sankofa_exporters.canary.snapshot import Ended, Failure, Unknown
from sankofa_exporters.model.family import Sample


@dataclass(kw_only=True)
class Tally:
    """Counts; durations of answers as expected, by bucket."""

    requests: int = 0
    failures: Counter[Failure] = field(default_factory=Counter)
    not_known: Counter[Unknown] = field(default_factory=Counter)
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, ended: Ended) -> None:
        if isinstance(ended.outcome, Unknown):
            self.not_known[ended.outcome] += 1
            return
        self.requests += 1
        if ended.outcome is not None:
            self.failures[ended.outcome] += 1
            return
        self.counts[bisect_left(BUCKETS, ended.seconds)] += 1
        self.total += ended.seconds

    def missed(self, turns: int) -> None:
        self.not_known[Unknown.MISSED] += turns

    def samples(self, *, sees: bool) -> Iterator[Sample]:
        """Without the counters of what is known while nobody sees: one that stands still would say that nobody asked."""
        if sees:
            yield from counter_samples(
                requests=self.requests, failures=self.failures, counts=self.counts, total=self.total
            )
        yield from not_known_samples(self.not_known)
