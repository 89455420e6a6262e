"""The exporter's own metrics, by client_python: about this process and what it is to probe, never how a target is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sankofa_exporters import __version__
from sankofa_exporters.config.place import PLACE_LABELS, SYSTEM_LABEL, placed, placeless
from sankofa_exporters.config.settings import Document
from sankofa_exporters.model.exposition import OPENMETRICS, TEXT, Encoded, compress, wants_openmetrics

from .web_certificate import ends_at

TARGET_INFO = "sankofa_target_info"  # the platform says the same of its fleet file (decision 0042)
TARGET_LABELS = (*PLACE_LABELS, SYSTEM_LABEL, "target")
PROBE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class _Expected(Collector):
    """The targets of the configuration in use, made anew when it is read and not for each scrape."""

    family: InfoMetricFamily | None = None

    def collect(self) -> Iterator[InfoMetricFamily]:
        if self.family is not None:
            yield self.family


@dataclass(frozen=True, kw_only=True)
class _WebCertificate(Collector):
    """The file is read at each scrape: a renewed one is in use from the next connection on."""

    file: Path

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            ends = ends_at(self.file)
        except (OSError, ValueError):  # being renewed: the listener goes on with the last one, and says so in its log
            ends = float("nan")
        yield GaugeMetricFamily(
            "sankofa_exporter_web_certificate_expiry_timestamp_seconds",
            "When the certificate in this listener's file ends; NaN where it cannot be read, absent without TLS.",
            ends,
        )


class SelfMetrics:
    """A registry of its own, so that two exporters in one process (as in tests) do not collide."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        build = Info("sankofa_exporter_build", "Version of the exporter.", registry=self._registry)
        build.info({"version": __version__})
        self._probes = Counter("sankofa_exporter_probes", "Probes answered.", registry=self._registry)
        self._delays = Counter(
            "sankofa_exporter_probe_delay_seconds",
            "Our own delay in the probes answered, added up: divided by the probes, what one was held up by us.",
            registry=self._registry,
        )
        self._running = Gauge("sankofa_exporter_probes_running", "Probes under way.", registry=self._registry)
        self._seconds = Histogram(
            "sankofa_exporter_probe_duration_seconds",
            "Time from request to rendered answer, over all targets.",
            buckets=PROBE_BUCKETS,
            registry=self._registry,
        )

        self._reloaded = Gauge(
            "sankofa_exporter_config_last_reload_successful",
            "1 when the configuration that was read last is the one in use.",
            registry=self._registry,
        )
        self._reloaded_at = Gauge(
            "sankofa_exporter_config_last_reload_success_timestamp_seconds",
            "When the configuration in use was read.",
            registry=self._registry,
        )
        self._placeless = Gauge(
            "sankofa_exporter_targets_without_place",
            "Targets that lack one of the labels site, tier and region: no rule expects them, no SLO counts them.",
            registry=self._registry,
        )
        self._expected = _Expected()
        self._registry.register(self._expected)
        self.reloaded(well=True)

    def expect(self, system: str, document: Document[Any, Any]) -> None:
        """Say of each target that it should be there, and of how many nobody can say where."""
        family = InfoMetricFamily(
            TARGET_INFO.removesuffix("_info"), "A target that should be scraped; always 1.", labels=TARGET_LABELS
        )
        for *place, name in placed(document):
            family.add_metric([*place, system, name], {})
        self._expected.family = family
        self._placeless.set(len(placeless(document)))

    def serve_with(self, certificate: Path) -> None:
        """Say when this listener's own certificate ends."""
        self._registry.register(_WebCertificate(file=certificate))

    def reloaded(self, *, well: bool) -> None:
        self._reloaded.set(well)
        if well:
            self._reloaded_at.set_to_current_time()

    def delayed(self, seconds: float) -> None:
        self._delays.inc(seconds)

    @contextmanager
    def timed_probe(self) -> Iterator[None]:
        started = time.monotonic()
        self._running.inc()
        try:
            yield
        finally:
            self._running.dec()
            self._probes.inc()
            self._seconds.observe(time.monotonic() - started)

    def encode(self, accept: str, accept_encoding: str) -> Encoded:
        openmetrics = wants_openmetrics(accept)
        body = (generate_openmetrics if openmetrics else generate_latest)(self._registry)
        kind = OPENMETRICS if openmetrics else TEXT
        return compress(body, content_type=kind, accept_encoding=accept_encoding)
