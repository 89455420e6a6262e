"""Counters that outlive a probe: the latency of `eth_call` on one node, kept in this process.

The clock arrives as an argument of nothing: durations are handed in. A restart sets everything to zero, which `rate()`
understands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sankofa_exporters.failure import Kind
from sankofa_exporters.family import Distribution, Sample

from .families import CALL_BUCKETS, CALL_DURATION, CALL_ERRORS, CALL_OBJECTIVE_SECONDS


@dataclass(kw_only=True)
class CallLatency:
    """A histogram by hand: counts per bucket, the sum, and errors by kind."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(CALL_BUCKETS) + 1))
    total: float = 0.0
    errors: Counter[Kind] = field(default_factory=Counter)

    def answered(self, seconds: float) -> None:
        self.counts[bisect_left(CALL_BUCKETS, seconds)] += 1
        self.total += seconds

    def failed(self, kind: Kind, waited_seconds: float) -> None:
        """An error; a timeout is also an observation, unless the probe itself ended before the objective's bound."""
        self.errors[kind] += 1
        if kind is Kind.TIMEOUT and waited_seconds > CALL_OBJECTIVE_SECONDS:
            self.answered(waited_seconds)

    def samples(self) -> Iterator[Sample]:
        cumulative, running = [], 0
        for count in self.counts:
            running += count
            cumulative.append(running)
        yield Sample(CALL_DURATION, Distribution(counts=tuple(cumulative), total=self.total))
        for kind in Kind:
            yield Sample(CALL_ERRORS, self.errors[kind], (kind,))
