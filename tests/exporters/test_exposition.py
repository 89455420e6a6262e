"""The fast renderer writes what client_python writes, and both parsers read it back."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics_exposition
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector, CollectorRegistry

from sankofa_exporters.model.exposition import OPENMETRICS, TEXT, encode, render_openmetrics, render_text
from sankofa_exporters.model.family import Distribution, Family, Sample

GAUGE = Family(name="sankofa_g_bytes", unit="bytes", labels=("node", "guest"), help='A "gauge" with \\ in it.')
COUNTER = Family(name="sankofa_c_total", kind="counter", labels=("kind",), help="A counter.")
INFO = Family(name="sankofa_i_info", kind="info", labels=("name",), help="An info.")
HISTOGRAM = Family(
    name="sankofa_h_seconds", kind="histogram", unit="seconds", labels=("op",), buckets=(0.05, 0.2, 5.0), help="Time."
)

generate_openmetrics: Callable[[CollectorRegistry], bytes] = openmetrics_exposition.generate_latest
parse_openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families
label = st.text(st.characters(codec="utf-8"), max_size=12)
value = st.floats(allow_nan=True) | st.integers(0, 2**70).map(float)


class Theirs(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def theirs(samples: list[Sample]) -> CollectorRegistry:
    """The same samples in client_python's own objects."""
    found: dict[str, Metric] = {}
    for sample in samples:
        family, labels = sample.family, dict(zip(sample.family.labels, sample.labels, strict=True))
        if isinstance(sample.value, Distribution):
            metric = found.setdefault(
                family.name, HistogramMetricFamily(family.base, family.help, labels=family.labels, unit=family.unit)
            )
            bounds = ["0.05", "0.2", "5.0", "+Inf"]
            assert isinstance(metric, HistogramMetricFamily)
            metric.add_metric(
                sample.labels, list(zip(bounds, sample.value.counts, strict=True)), sum_value=sample.value.total
            )
        else:
            metric = found.setdefault(family.name, Metric(family.base, family.help, family.kind, family.unit))
            metric.add_sample(family.name, labels, sample.value)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Theirs(found.values()))
    return registry


samples_strategy = st.lists(
    st.one_of(
        st.builds(Sample, st.just(GAUGE), value, st.tuples(label, label)),
        st.builds(Sample, st.just(COUNTER), value, st.tuples(label)),
        st.builds(Sample, st.just(INFO), st.just(1.0), st.tuples(label)),
        st.builds(
            Sample,
            st.just(HISTOGRAM),
            st.builds(Distribution, st.tuples(*[st.integers(0, 10**12)] * 4), st.floats(0, 1e12)),
            st.tuples(label),
        ),
    ),
    max_size=12,
)


@given(samples_strategy)
def test_exposition_is_byte_identical_to_client_python(samples: list[Sample]) -> None:
    """Any samples, any labels, any floats: both formats equal client_python's bytes."""
    registry = theirs(samples)

    assert render_text(samples).encode() == generate_latest(registry)
    assert render_openmetrics(samples).encode() == generate_openmetrics(registry)


def test_exposition_reads_back_with_both_parsers() -> None:
    """What is written is what the reference parsers read."""
    samples = [
        Sample(GAUGE, 2.5e9, ("pve1", 'qemu/"100"\n')),
        Sample(COUNTER, 3, ("timeout",)),
        Sample(HISTOGRAM, Distribution(counts=(1, 2, 2, 3), total=7.5), ("call",)),
    ]
    text = {s.name: s.value for f in parse_text(render_text(samples)) for s in f.samples}
    openmetrics = {s.name: s.value for f in parse_openmetrics(render_openmetrics(samples)) for s in f.samples}

    assert text == openmetrics
    assert text["sankofa_g_bytes"] == 2.5e9
    assert text["sankofa_h_seconds_count"] == 3


@pytest.mark.parametrize(
    ("accept", "accept_encoding", "content_type", "encoding"),
    [
        ("", "", TEXT, None),
        ("*/*", "identity", TEXT, None),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "gzip", TEXT, "gzip"),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "gzip", OPENMETRICS, "gzip"),
        ("application/openmetrics-text", "br, gzip;q=1.0", OPENMETRICS, "gzip"),
        ("", "gzip;q=0", TEXT, None),
    ],
)
def test_exposition_follows_what_the_scraper_accepts(
    accept: str, accept_encoding: str, content_type: str, encoding: str | None
) -> None:
    """Format and compression are negotiated by Accept and Accept-Encoding."""
    encoded = encode([Sample(INFO, 1, ("x",))], accept=accept, accept_encoding=accept_encoding)
    body = gzip.decompress(encoded.body) if encoding else encoded.body

    assert (encoded.headers["content-type"], encoded.headers.get("content-encoding")) == (content_type, encoding)
    assert b'sankofa_i_info{name="x"} 1.0\n' in body


def test_remembered_line_is_written_anew_with_its_value() -> None:
    """A series that changes, turns to minus zero or to NaN and comes back is always written as it is now."""
    family = Family(name="sankofa_test_turns", help="Turns.", labels=("a",))
    values = [1.0, 1.0, 0.0, -0.0, 0.0, float("nan"), float("nan"), 1.0, 2_000_000.0, 2_000_000.0, 1]
    written = [render_text([Sample(family, value, ("x",))]).rpartition(" ")[2].strip() for value in values]

    assert written == ["1.0", "1.0", "0.0", "-0.0", "0.0", "NaN", "NaN", "1.0", "2e+06", "2e+06", "1.0"]
