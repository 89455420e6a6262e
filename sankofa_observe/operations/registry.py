"""The registry of a process: series as `telemetry` names them, made once, and gauges that show what there is and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from sankofa_observe import telemetry
from sankofa_observe.errors import KINDS, UNEXPECTED
from sankofa_observe.telemetry import Series


class Totals(Collector):
    """A counter whose total is known from elsewhere: it is shown, and not counted here."""

    def __init__(self, one: Series) -> None:
        self._series, self._values = one, dict[tuple[str, ...], float]()

    def show(self, values: Mapping[tuple[str, ...], float]) -> None:
        self._values = dict(values)

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._series.name, self._series.meaning, labels=self._series.labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        yield family


class ProcessMetrics:
    """The registry of one process, and the errors of its parts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._errors = self.counter(telemetry.ERRORS)

    def error(self, part: str, kind: str) -> None:
        self._errors.labels(part, kind).inc()

    def expect_errors_of(self, part: str) -> None:
        """A counter that is there from the start has a rate from its first error on."""
        for kind in (*KINDS, UNEXPECTED):
            self._errors.labels(part, kind)

    def gauge(self, one: Series) -> Gauge:
        return Gauge(one.name, one.meaning, one.labels, registry=self.registry)

    def counter(self, one: Series) -> Counter:
        return Counter(one.name, one.meaning, one.labels, registry=self.registry)

    def totals(self, one: Series) -> Totals:
        made = Totals(one)
        self.registry.register(made)
        return made

    def histogram(self, one: Series) -> Histogram:
        return Histogram(one.name, one.meaning, one.labels, buckets=one.buckets, registry=self.registry)


def show(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Show these and no others; what stays is never away in between, for an alert would begin anew."""
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    shown = {tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples}
    for labels in shown - set(values):
        remove(gauge, labels)


def remove(gauge: Gauge, labels: tuple[str, ...]) -> None:
    with suppress(KeyError):
        gauge.remove(*labels)
