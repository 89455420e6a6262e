"""One probe of one target: collectors run side by side, each alone with its failure, inside one deadline.

A `Source` is what a system gives for a target. The runtime never lets an exception out: whatever a collector does,
the answer is a list of samples in which the failure is said by `sankofa_collector_error`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sankofa_exporters.model.bounds import Bounds, bounded
from sankofa_exporters.model.catalogue import (
    COLLECTOR_AGE,
    COLLECTOR_DURATION,
    COLLECTOR_ERROR,
    COLLECTOR_REJECTED,
    COLLECTOR_SUCCESS,
    PROBE_DELAY,
    PROBE_DURATION,
    PROBE_SUCCESS,
    UPSTREAM_BYTES,
    UPSTREAM_CALLS,
    UPSTREAM_CERTIFICATE,
)
from sankofa_exporters.model.certificates import Certificates, shown_to
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.family import Sample, series_of
from sankofa_exporters.model.rejected import Rejected, counted_in
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import Measured, observed
from sankofa_exporters.probe.resolver import lookups_of
from sankofa_exporters.probe.source import Collector, Results, Source, Verdict
from sankofa_exporters.probe.trace import Trace, traced

log = logging.getLogger(__name__)
GRACE_SECONDS = (
    0.1  # a collector ends itself at the deadline and keeps its partial result; this is for one that does not
)
LARGE_SAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one collector of one probe came to."""

    collector: Collector
    result: Any
    started: float  # of time.monotonic
    seconds: float

    @property
    def failure(self) -> Failure | None:
        return self.result if isinstance(self.result, Failure) else None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A probe's samples, its own state included, and how it went."""

    samples: list[Sample]
    verdict: Verdict  # unknown for a probe that was narrowed, and then in no sample
    outcomes: Sequence[Outcome]
    trace: Trace
    measured: Measured

    @property
    def seconds(self) -> float:
        return self.measured.seconds

    @property
    def failures(self) -> Mapping[str, Failure]:
        """What went wrong, by collector."""
        return {outcome.collector.name: outcome.failure for outcome in self.outcomes if outcome.failure}


async def probe(
    source: Source,
    *,
    budget: Budget,
    bounds: Bounds,
    rejected: Rejected | None = None,
    certificates: Certificates | None = None,
    skip: Collection[str] = (),
    only: Collection[str] = (),
    now: Callable[[], float] = time.time,
) -> Report:
    """Run every collector; never raises, whatever the collectors do. `rejected` and `certificates` go on from probe to probe.

    `skip` names kinds of collectors that are left out. `only` names those that are asked: such a probe judges nothing.
    """
    rejected = Rejected() if rejected is None else rejected
    certificates = Certificates() if certificates is None else certificates
    collectors = [one for one in source.collectors if one.kind not in skip and (not only or one.kind in only)]
    with observed() as own:
        with traced() as trace, lookups_of(id(source)), shown_to(certificates):
            outcomes = await asyncio.gather(*(_run(collector, budget, rejected) for collector in collectors))
            ended_at = now()
            found = await _gathered(
                source, outcomes, ended_at, own.measured().delay.seconds, bounds, rejected, judges=not only
            )
        measured = own.measured()
    return Report(
        samples=[
            *found.samples,
            *_own_state(found.outcomes, now(), measured, trace),
            *_certificates(certificates),
            *_rejections(rejected),
        ],
        verdict=found.verdict,
        outcomes=found.outcomes,
        trace=trace,
        measured=measured,
    )


async def _run(collector: Collector, budget: Budget, rejected: Rejected) -> Outcome:
    started = time.monotonic()
    with counted_in(rejected, collector.name):
        result = await _fetch(collector, budget)
    return Outcome(collector=collector, result=result, started=started, seconds=time.monotonic() - started)


async def _fetch(collector: Collector, budget: Budget) -> Any:
    try:
        async with asyncio.timeout(budget.remaining() + GRACE_SECONDS):
            return await collector.fetch(budget)
    except CollectorError as error:
        return error.settled()
    except TimeoutError:
        return Failure(kind=Kind.TIMEOUT, reason="did not end by the probe's deadline")
    except Exception as error:  # noqa: BLE001 - isolation: a defect in one collector must not cost the others
        return _defect(collector, error)


def _defect(collector: Collector, error: Exception) -> Failure:
    """An unexpected exception. Only its type is reported: its text may quote the payload, or worse."""
    line = error.__traceback__.tb_lineno if error.__traceback__ else 0
    log.error("defect", extra={"collector": collector.name, "defect": type(error).__name__, "line": line})
    return Failure(kind=Kind.DECODE, reason=f"unexpected {type(error).__name__}")


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    samples: list[Sample]
    verdict: Verdict
    outcomes: list[Outcome]


async def _gathered(
    source: Source,
    outcomes: Sequence[Outcome],
    now: float,
    late_seconds: float,
    bounds: Bounds,
    rejected: Rejected,
    *,
    judges: bool,
) -> _Gathered:
    """Verdict, then each collector's samples while they fit; one that does not fit fails as `limit`."""
    results = {outcome.collector.name: outcome.result for outcome in outcomes}
    verdict = _verdict(source, results, now, late_seconds) if judges else Verdict.UNKNOWN
    samples = []
    if judges:
        up, known = verdict.value
        samples = [Sample(source.up, up), Sample(source.known, known), *source.standing()]
    room = bounds.series - series_of(samples)
    settled = []
    for outcome in outcomes:
        with counted_in(rejected, outcome.collector.name):
            own, after = _samples_of(outcome, results, bounds, room)
        samples += own
        room -= series_of(own)
        settled.append(after)
        if len(own) > LARGE_SAMPLES:
            await asyncio.sleep(0)  # thousands of samples took milliseconds; others may have a turn
    return _Gathered(samples=samples, verdict=verdict, outcomes=settled)


def _verdict(source: Source, results: Results, now: float, late_seconds: float) -> Verdict:
    """What only our own delay decides, nobody knows: an age may have crossed its bound while we stood still."""
    verdict = _judged(source, results, now)
    return verdict if _judged(source, results, now - late_seconds) is verdict else Verdict.UNKNOWN


def _judged(source: Source, results: Results, now: float) -> Verdict:
    try:
        return source.verdict(results, now)
    except Exception as error:  # noqa: BLE001 - a defect in judging is our fault: unknown, never down
        # Without the traceback, which could quote the payload.
        log.error("defect", extra={"collector": "verdict", "defect": type(error).__name__})  # noqa: TRY400
        return Verdict.UNKNOWN


def _samples_of(outcome: Outcome, results: Results, bounds: Bounds, room: int) -> tuple[list[Sample], Outcome]:
    if outcome.failure is not None:
        return [], outcome
    try:
        return bounded(outcome.collector.samples(results), label_chars=bounds.label_chars, room=room), outcome
    except CollectorError as error:
        failure = error.settled()
    except Exception as error:  # noqa: BLE001 - see _fetch
        failure = _defect(outcome.collector, error)
    return [], replace(outcome, result=failure)


def _own_state(outcomes: Sequence[Outcome], now: float, measured: Measured, trace: Trace) -> Iterable[Sample]:
    """What the probe says about itself, grouped by family."""
    required = [outcome for outcome in outcomes if outcome.collector.required]
    yield Sample(PROBE_SUCCESS, float(all(outcome.failure is None for outcome in required)))
    yield Sample(PROBE_DURATION, measured.seconds)
    yield Sample(PROBE_DELAY, measured.delay.seconds)
    yield Sample(UPSTREAM_CALLS, len(trace.calls))
    yield Sample(UPSTREAM_BYTES, trace.body_bytes)
    for outcome in outcomes:
        name = outcome.collector.name
        yield Sample(COLLECTOR_SUCCESS, float(outcome.failure is None), (name,))
        yield Sample(COLLECTOR_DURATION, outcome.seconds, (name,))
        if outcome.failure is not None:
            yield Sample(COLLECTOR_ERROR, 1, (name, outcome.failure.kind))
        elif outcome.collector.age_seconds is not None:
            yield Sample(COLLECTOR_AGE, outcome.collector.age_seconds(outcome.result, now), (name,))


def _certificates(certificates: Certificates) -> Iterable[Sample]:
    earliest = certificates.earliest()
    return () if earliest is None else (Sample(UPSTREAM_CERTIFICATE, earliest),)


def _rejections(rejected: Rejected) -> Iterable[Sample]:
    return (Sample(COLLECTOR_REJECTED, count, (name, why)) for (name, why), count in sorted(rejected.items()))
