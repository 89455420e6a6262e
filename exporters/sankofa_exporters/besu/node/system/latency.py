"""Counters that outlive a probe: the latency of `eth_call` on one node, kept in this process.

The clock arrives as an argument of nothing: durations are handed in. A restart sets everything to zero, which `rate()`
understands. A call that only our own delay may have made slow is in no bucket: it is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sankofa_exporters.besu.node.families import CALL_DURATION, CALL_ERRORS, CALL_NOT_KNOWN, CALL_OBJECTIVE_SECONDS
from sankofa_exporters.besu.node.system.histogram import GAP_SLACK_SECONDS, Histogram
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.delay import Measured
from sankofa_exporters.probe.trace import probe_number


@dataclass(kw_only=True)
class CallLatency:
    """The calls that are known, those that are not, and errors by kind. `objective_seconds` is one of the buckets."""

    objective_seconds: float = CALL_OBJECTIVE_SECONDS
    histogram: Histogram = field(default_factory=Histogram)
    not_known: int = 0
    errors: Counter[Kind] = field(default_factory=Counter)

    @classmethod
    def of(cls, module: BesuModule) -> CallLatency:
        histogram = Histogram(forgotten_seconds=module.longest_gap_seconds + GAP_SLACK_SECONDS)
        return cls(objective_seconds=module.call_objective_seconds, histogram=histogram)

    def begin_probe(self) -> None:
        self.histogram.begin_probe(probe_number())

    def answered(self, took: Measured) -> None:
        if took.exceeds(self.objective_seconds) is None:
            self._is_not_known()
        else:
            self.histogram.add(took.seconds)

    def failed(self, kind: Kind, waited: Measured) -> None:
        """An error; a timeout is also an observation, unless the probe itself ended before the objective's bound."""
        slow = waited.exceeds(self.objective_seconds)
        if kind is Kind.TIMEOUT and slow is None:
            self._is_not_known()
            return
        self.errors[kind] += 1
        if kind is Kind.TIMEOUT and slow:
            self.histogram.add(waited.seconds)

    def samples(self) -> Iterator[Sample]:
        """Once for each probe's answer."""
        distribution = self.histogram.end_probe(probe_number())
        if distribution is not None:
            yield Sample(CALL_DURATION, distribution)
        yield Sample(CALL_NOT_KNOWN, self.not_known)
        for kind in Kind:
            yield Sample(CALL_ERRORS, self.errors[kind], (kind,))

    def _is_not_known(self) -> None:
        self.not_known += 1
        self.histogram.interrupt()
