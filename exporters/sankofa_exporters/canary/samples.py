"""What was counted, as samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from sankofa_exporters.model.family import Distribution, Sample

from .families import DURATION, FAILURES, INTERVAL, NOT_KNOWN, OBJECTIVE, REQUESTS, SINCE, STATUS
from .settings import CanaryModule
from .snapshot import Ended, Failure, Unknown


def counter_samples(*, requests: int, failures: Counter[Failure], counts: list[int], total: float) -> Iterator[Sample]:
    """Of the requests that are known; `counts` by bucket, +Inf last. Each outcome is there from the begin on, as 0."""
    yield Sample(REQUESTS, requests)
    yield Sample(DURATION, Distribution(counts=tuple(accumulate(counts)), total=total))
    for outcome in Failure:
        yield Sample(FAILURES, failures[outcome], (outcome,))


def not_known_samples(not_known: Counter[Unknown]) -> Iterator[Sample]:
    for reason in Unknown:
        yield Sample(NOT_KNOWN, not_known[reason], (reason,))


def module_samples(module: CanaryModule, since: float) -> Iterator[Sample]:
    yield Sample(OBJECTIVE, module.objective_seconds)
    yield Sample(INTERVAL, module.interval_seconds)
    yield Sample(SINCE, since)


def newest_samples(newest: Ended) -> Iterator[Sample]:
    if newest.status is not None:
        yield Sample(STATUS, newest.status)
