"""The catalogue's checker on the committed entries and on real expositions: what it refuses, by name, and what it lets pass."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.integrations import render
from deploy.integrations.render import CATALOGUE, FOLDER
from sankofa_exporters.registry import SYSTEM_NAMES
from sankofa_observe.adapters.integrations.catalogue import load_catalogue
from sankofa_observe.adapters.integrations.check import check_catalogue, check_entry, check_slos, recordings
from sankofa_observe.adapters.integrations.exposition import Exposition, exposition_of
from sankofa_observe.adapters.integrations.indicator_check import indicator_problems
from sankofa_observe.adapters.integrations.latency import latency_problem
from sankofa_observe.adapters.integrations.models import Histogram, IndicatorShape, Integration, Scrape
from sankofa_observe.errors import InvalidInput

RECORDED = {name: recordings(entry, CATALOGUE)[0] for name, entry in CATALOGUE.entries.items()}
TEXTS = [
    (entry.spec.scrape, (FOLDER / one.file).read_text())
    for entry in CATALOGUE.entries.values()
    for one in entry.spec.recorded
]
SUMMARY = """\
# TYPE handle_request summary
handle_request{quantile="0.5"} 3.5
handle_request{quantile="0.99"} 20.1
handle_request_sum 140.4
handle_request_count 5
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.0512"} 1
wait_seconds_bucket{le="0.1024"} 2
wait_seconds_bucket{le="0.2048"} 3
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 0.4
wait_seconds_count 3
# TYPE sealed gauge
sealed{cluster=""} 0
sealed{cluster="vault-cluster-08"} 1
"""
MADE = exposition_of(SUMMARY, "made.prom", Scrape(job="made"), {})


def raw(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def said(name: str, change: dict[str, Any]) -> list[str]:
    """What is said of an entry with these parts of its spec replaced, by code and place."""
    document = copy.deepcopy(raw(name))
    document["spec"] |= change
    found = check_entry(Integration.model_validate(document), RECORDED[name])
    return [f"{one.where.partition('/spec/')[2]} {one.code.removeprefix('integration.')}" for one in found]


def level(of: str, **more: Any) -> IndicatorShape:
    return IndicatorShape.model_validate({"name": "x", "measures": "x", "level": {"of": of, "unit": "x", **more}})


def events(**selectors: str) -> IndicatorShape:
    return IndicatorShape.model_validate({"name": "x", "measures": "x", "events": selectors})


def state(**selectors: str) -> IndicatorShape:
    return IndicatorShape.model_validate({"name": "x", "measures": "x", "state": selectors})


def full(capacity: str, reading: str = "rate") -> IndicatorShape:
    demand = [{"series": "ifHCOutOctets", "reading": reading, "above": 118_750, "capacity": capacity}]
    return level("ifHCOutOctets", reading="rate", demand=demand)


def began(start: str) -> IndicatorShape:
    return events(
        good='sankofa_canary_request_duration_seconds_bucket{le="0.01"}',
        total="sankofa_canary_requests_total",
        start=start,
    )


def test_committed_catalogue_is_sound() -> None:
    """Every indicator, golden metric and bound is in what was recorded; what is made of the entries is fresh."""
    assert check_catalogue(CATALOGUE) == []
    assert render.main(["--check"]) == 0


def test_each_exporter_of_ours_has_an_entry() -> None:
    """And no entry calls itself an exporter of ours that is none."""
    assert {name for name, entry in CATALOGUE.entries.items() if entry.spec.scrape.exporter} == set(SYSTEM_NAMES)


@pytest.mark.parametrize(
    ("indicator", "recorded", "codes", "words"),
    [
        (level("haproxy_backend_curent_queue"), "gateway", ["metric"], "near to it: haproxy_backend_current_queue"),
        (level("haproxy_backend_current_queue"), "gateway", [], ""),
        (
            level("haproxy_server_current_queue"),
            "gateway",
            ["two-series"],
            "2 series of one target in recorded/haproxy",
        ),
        (level("haproxy_server_current_queue", combine="all"), "gateway", [], ""),
        (level("haproxy_server_current_queue", total=True), "gateway", [], ""),
        (level('haproxy_backend_current_queue{proxy="web"}'), "gateway", ["label"], 'there are: {proxy="api"}'),
        (level('haproxy_backend_current_queue{backend="api"}'), "gateway", ["label"], "has no label 'backend'"),
        (level('haproxy_backend_current_queue{site="core-1"}'), "gateway", [], ""),
        (
            level("haproxy_frontend_http_requests_total", total=True),
            "gateway",
            ["type"],
            "is a counter; expected a gauge",
        ),
        (level("haproxy_backend_current_queue", reading="rate"), "gateway", ["type"], "is a gauge; expected a counter"),
        (level("haproxy_backend_response_time_average_seconds"), "gateway", ["latency"], "is an average"),
        (level("haproxy_backend_max_response_time_seconds"), "gateway", ["latency"], "is a maximum"),
        (level("probe_duration_seconds"), "blackbox", [], ""),
        (level("probe_http_duration_seconds"), "blackbox", ["two-series"], "5 series of one target"),
        (level("ifHighSpeed"), "link", [], ""),
        (full("ifHighSpeed"), "link", [], ""),
        (full("ifHighSpeeed"), "link", ["metric"], "near to it: ifHighSpeed"),
        (full("ifHCInOctets"), "link", ["type"], "is a counter; expected a gauge"),
        (full("ifHighSpeed", reading="value"), "link", ["type"], "is a counter; expected a gauge"),
        (began("sankofa_canary_counters_start_timestamp_seconds"), "canary", [], ""),
        (
            began("sankofa_canary_counters_start_seconds"),
            "canary",
            ["metric"],
            "near to it: sankofa_canary_counters_start",
        ),
        (began("sankofa_canary_failures_total"), "canary", ["type", "two-series"], "expected a gauge"),
        (state(up="probe_success", known="up"), "blackbox", [], ""),
        (state(up='haproxy_backend_status{state="UP"}', known="up"), "gateway", ["pair"], "of which up has none"),
        (
            events(
                good='sankofa_besu_eth_call_duration_seconds_bucket{le="0.15"}',
                total="sankofa_besu_eth_call_duration_seconds_count",
            ),
            "besu",
            ["latency"],
            "it has: 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, +Inf",
        ),
        (
            events(
                good='sankofa_besu_eth_call_duration_seconds_bucket{le="1"}',
                total="sankofa_besu_eth_call_duration_seconds_count",
            ),
            "besu",
            [],
            "",
        ),
        (
            events(
                good="sankofa_besu_eth_call_duration_seconds_bucket",
                total="sankofa_besu_eth_call_duration_seconds_count",
            ),
            "besu",
            ["latency"],
            "no bound",
        ),
    ],
)
def test_indicator_is_held_against_real_expositions(
    indicator: IndicatorShape, recorded: str, codes: list[str], words: str
) -> None:
    """What would be unknown for ever or right by chance is refused, and told with what there is instead."""
    entry = CATALOGUE.entry(recorded)
    found = list(indicator_problems(indicator, RECORDED[recorded], entry.spec.identity))

    assert [one.code for one in found] == codes
    assert words in "; ".join(f"{one.problem}; {one.hint}" for one in found)


@pytest.mark.parametrize(
    ("indicator", "codes", "words"),
    [
        (events(good='handle_request{quantile="0.99"}', total="handle_request_count"), ["latency"], "is a summary"),
        (level('handle_request{quantile="0.99"}'), ["type"], "is a summary; expected a gauge"),
        (
            events(good='wait_seconds_bucket{le="0.1"}', total="wait_seconds_count"),
            ["latency"],
            "0.0512, 0.1024, 0.2048",
        ),
        (events(good='wait_seconds_bucket{le="0.2048"}', total="wait_seconds_count"), [], ""),
        (state(up="sealed", known="up"), ["two-series"], 'cluster="vault-cluster-08"'),
        (state(up='sealed{cluster!=""}', known="up"), ["pair"], "take a level"),
        (level('sealed{cluster!=""}'), [], ""),
    ],
)
def test_lies_of_others_are_refused(indicator: IndicatorShape, codes: list[str], words: str) -> None:
    """Quantiles are no counts, buckets that miss the bound are no bound, and a dead series beside a live one is two."""
    found = list(indicator_problems(indicator, [MADE], ["site", "tier", "region"]))

    assert [one.code for one in found] == codes
    assert words in "; ".join(f"{one.problem}; {one.hint}" for one in found)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("gateway", {"identity": ["site", "tier", "region", "rack"]}, ["identity/3 identity"]),
        ("gateway", {"identity": ["site", "tier"]}, ["identity identity"]),
        ("link", {"identity": ["site", "tier", "region"]}, ["identity identity"]),
        ("gateway", {"latency": {"histogram": "haproxy_frontend_http_requests_total", "boundsSeconds": ["0.1"]}}, ["latency latency"]),
        ("besu", {"latency": {"histogram": "sankofa_besu_eth_call_duration_seconds", "boundsSeconds": ["0.2", "0.3"]}}, ["latency latency"]),
        ("nginx", {"golden": [{"metric": one, "why": "x"} for one in ("nginx_up", "nginx_down", "up")]}, ["golden/1/metric metric"]),
    ],
)  # fmt: skip
def test_entry_with_a_wrong_part_is_told(name: str, change: dict[str, Any], expected: list[str]) -> None:
    """Labels that nobody sets, latencies that nothing counts, golden metrics that nothing shows."""
    assert said(name, change) == expected


def test_two_interfaces_of_a_device_are_two_targets() -> None:
    """The recording shows two interfaces; the job keeps those of the target, so each indicator finds one series."""
    entry = CATALOGUE.entry("link")
    assert '"eth4"' in (FOLDER / entry.spec.recorded[0].file).read_text()
    (kept,) = RECORDED["link"]
    assert {one.labels.get("ifName") for one in kept.of("ifHCOutOctets")} == {"eth3"}
    loose = exposition_of((FOLDER / entry.spec.recorded[0].file).read_text(), "all", Scrape(job="link"), {})
    assert [one.code for one in indicator_problems(level("ifOperStatus"), [loose], [])] == ["two-series"]


HISTOGRAMS = [
    (name, entry.spec.latency) for name, entry in CATALOGUE.entries.items() if isinstance(entry.spec.latency, Histogram)
]


@given(st.sampled_from(HISTOGRAMS), st.decimals(min_value=0, max_value=20, places=3))
def test_a_bound_passes_where_a_bucket_has_it_and_nowhere_else(chosen: tuple[str, Histogram], bound: Any) -> None:
    """The specification: some bucket's bound is the same number; what is refused is told with every bound there is."""
    name, latency = chosen
    having = [one for one in RECORDED[name] if one.bounds(latency.histogram)]
    there = [bound_text for one in having for bound_text in one.bounds(latency.histogram)]
    problem = latency_problem(latency.histogram, str(bound), RECORDED[name])

    assert (problem == "") == (float(bound) in {float(one) for one in there})
    assert problem == "" or all(one in problem for one in there)


EVERY_SERIES = [
    (one.file, shown) for found in RECORDED.values() for one in found for shown in one.series if shown.kind != "untyped"
]


@given(st.sampled_from(EVERY_SERIES), st.integers(min_value=0, max_value=200))
def test_a_name_with_one_letter_changed_is_nobody_s(chosen: tuple[str, Any], place: int) -> None:
    """Of every series of every recording: its own name is found, and one with a letter more is not."""
    file, shown = chosen
    recorded: list[Exposition] = [one for found in RECORDED.values() for one in found if one.file == file]
    cut = place % (len(shown.metric) + 1)
    wrong = level(f"{shown.metric[:cut]}q{shown.metric[cut:]}" if cut else f"{shown.metric}q", combine="all")
    codes = {one.code for one in indicator_problems(wrong, recorded, [])}
    right = {one.code for one in indicator_problems(level(shown.metric, combine="all"), recorded, [])}

    assert codes == {"metric"}
    assert "metric" not in right


def slo(**indicator: Any) -> dict[str, Any]:
    return {"kind": "SLO", "metadata": {"name": "typed"}, "spec": {"indicator": {"spec": indicator}}}


def metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (slo(thresholdMetric=metric("haproxy_backend_current_queue")), []),
        (slo(thresholdMetric=metric("nobody_has_this")), ["metric"]),
        (slo(thresholdMetric=metric('haproxy_backend_current_queue{job="haproxy"}')), ["job"]),
        (slo(thresholdMetric=metric('haproxy_backend_current_queue{job="gateway"}')), []),
        (slo(thresholdMetric=metric("haproxy_backend_total_time_average_seconds")), ["latency"]),
        (
            slo(
                ratioMetric={
                    "counter": True,
                    "good": metric('sankofa_besu_eth_call_duration_seconds_bucket{le="0.3"}'),
                    "total": metric("sankofa_besu_eth_call_duration_seconds_count"),
                }
            ),
            ["latency"],
        ),
        (
            slo(ratioMetric={"counter": False, "good": metric("sankofa_pve_up"), "total": metric("sankofa_pve_known")}),
            [],
        ),
        ({"kind": "SLO", "metadata": {"name": "ref"}, "spec": {"indicatorRef": "http-up"}}, []),
        ({"kind": "Agreement"}, []),
    ],
)
def test_slo_that_types_its_own_indicator_is_held_against_the_catalogue(
    document: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    """A series that no source has, a bound without a bucket, another job: by file, document and path."""
    file = tmp_path / "slo.yaml"
    file.write_text(yaml.safe_dump(document))
    found = check_slos(CATALOGUE, [file])

    assert [one.code.removeprefix("integration.") for one in found] == expected
    assert all(one.where.startswith(f"{file}#1:/spec/indicator/spec/") for one in found)


def test_every_violation_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """Shapes, names and doubles of several files; nothing is loaded."""
    gateway, twin, odd = raw("gateway"), raw("gateway"), raw("nginx")
    twin["metadata"]["name"] = "twin"
    odd["spec"]["scrape"]["jobb"] = "x"
    odd["spec"]["indicators"][0]["state"]["up"] = "rate(nginx_up[1m])"
    odd["spec"]["golden"] = odd["spec"]["golden"][:2]
    for name, document in {"gateway": gateway, "twin": twin, "odd": odd}.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(InvalidInput) as caught:
        load_catalogue(tmp_path)
    told = [(Path(one.where.partition(":")[0]).name, one.where.partition(":")[2]) for one in caught.value.violations]

    assert told == [
        ("broken.yaml", ""),
        ("odd.yaml", "/spec/scrape/jobb"),
        ("odd.yaml", "/spec/indicators/0"),
        ("odd.yaml", "/spec/golden"),
        ("twin.yaml", "/spec/scrape/job"),
        ("twin.yaml", "/spec/indicators/0/name"),
        ("twin.yaml", "/spec/indicators/1/name"),
        ("twin.yaml", "/spec/indicators/2/name"),
    ]


def test_recording_that_cannot_be_read_is_told_alone() -> None:
    """A file that is gone costs its own entry one line, and nothing that only follows from it."""
    document = raw("nginx")
    document["spec"]["recorded"][0]["file"] = "recorded/none.prom"
    entry = Integration.model_validate(document)
    found = check_entry(entry, *recordings(entry, CATALOGUE))

    assert [(one.where, one.problem) for one in found] == [
        ("nginx.yaml:/spec/recorded/0/file", "recorded/none.prom: no such file")
    ]


@given(st.integers(0, len(TEXTS) - 1), st.integers(min_value=0), st.text(max_size=6), st.integers(0, 40))
def test_a_spoiled_recording_is_refused_or_read(nth: int, place: int, put: str, lost: int) -> None:
    """Of a text with a piece changed anywhere either a line is named, or all of its series have names as Prometheus has them."""
    scrape, text = TEXTS[nth]
    cut = place % len(text)
    said, names = "spoiled.prom, line 1: ", frozenset[str]()
    try:
        names = exposition_of(text[:cut] + put + text[cut + lost :], "spoiled.prom", scrape, {}).metrics()
    except ValueError as error:
        said = str(error)

    assert re.match(r"spoiled\.prom, line [0-9]+: ", said)
    assert all(re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name) for name in names)
