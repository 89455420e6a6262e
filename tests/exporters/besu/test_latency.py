"""The histogram of eth_call counts what a tenant would have waited, with a bucket exactly at the objective."""

from __future__ import annotations

import pytest

from sankofa_exporters.besu.node.families import CALL_BUCKETS, CALL_DURATION, CALL_ERRORS
from sankofa_exporters.besu.node.system.latency import CallLatency
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.model.family import Distribution
from sankofa_exporters.probe.delay import Measured


def distribution(latency: CallLatency) -> Distribution:
    found = next(sample.value for sample in latency.samples() if sample.family is CALL_DURATION)
    assert isinstance(found, Distribution)
    return found


def test_buckets_hold_the_objective_exactly() -> None:
    """0.2 is a bucket, so the share of fast calls needs no interpolation."""
    assert CALL_BUCKETS == (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0.005), (0.005, 0.005), (0.2, 0.2), (0.2000001, 0.5), (5.0, 5.0), (9.0, None)]
)
def test_observation_falls_at_or_under_its_bucket(seconds: float, bucket: float | None) -> None:
    """Bounds are inclusive, as Prometheus' are; beyond the last is +Inf only."""
    latency = CallLatency()
    latency.begin_probe()
    latency.answered(Measured(seconds=seconds))
    expected = tuple(int(bucket is not None and bound >= bucket) for bound in CALL_BUCKETS)

    assert distribution(latency) == Distribution(counts=(*expected, 1), total=seconds)


@pytest.mark.parametrize(
    ("kind", "waited", "observed"),
    [
        (Kind.TIMEOUT, 5.0, 1),
        (Kind.TIMEOUT, 0.3, 1),
        (Kind.TIMEOUT, 0.15, 0),  # the probe ended before the objective's bound: nothing is proven
        (Kind.REFUSED, 0.001, 0),
        (Kind.HTTP, 0.5, 0),
    ],
)
def test_failure_is_an_error_and_only_a_long_timeout_an_observation(kind: Kind, waited: float, observed: int) -> None:
    """A timeout is slower than the bound and counts; a refused or failed call is no latency."""
    latency = CallLatency()
    latency.begin_probe()
    latency.failed(kind, Measured(seconds=waited))
    errors = {sample.labels: sample.value for sample in latency.samples() if sample.family is CALL_ERRORS}

    assert distribution(latency).counts[-1] == observed
    assert errors == {(each,): float(each is kind) for each in Kind}


def test_no_timeout_ever_counts_as_fast() -> None:
    """Whatever was waited, a call without an answer is never at or under the objective's bucket."""
    latency = CallLatency()
    for hundredths in range(100):
        latency.failed(Kind.TIMEOUT, Measured(seconds=hundredths / 100))

    assert distribution(latency).counts[CALL_BUCKETS.index(0.2)] == 0
