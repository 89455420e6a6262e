"""Specs held against a Prometheus: a real one, with blocks of the last minutes that the test wrote into it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.spec_live import Look, look
from sankofa_observe.adapters.spec_seen import without_bound
from sankofa_observe.adapters.specs import load_with_places
from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.testing import ScriptedSamples
from tests.adapters.spec_documents import (
    FLEET,
    LATENCY,
    QUERY,
    SLO,
    TOTAL,
    Change,
    Document,
    changed,
    composite,
    level,
    named,
    notes,
    put,
    write,
)
from tests.cli.running import Run

STEP, STEPS = 15, 12
SITES = {"edge-1": "a1", "edge-2": "a2"}
Labels = dict[str, str]


def series(
    name: str, step: int = STEP, *, sites: dict[str, str] | None = None, **labels: str
) -> list[tuple[str, Labels, int]]:
    """One series a site, as its source shows it."""
    return [
        (name, {"job": "pve", "instance": instance, "site": site, **labels}, step)
        for site, instance in (sites or SITES).items()
    ]


def states(prefix: str, **different: Any) -> list[tuple[str, Labels, int]]:
    return [*series(f"{prefix}_up", **different), *series(f"{prefix}_known", **different)]


def histogram(
    prefix: str, bounds: tuple[str, ...] = ("0.1", "0.2", "1.0", "+Inf"), **different: Any
) -> list[tuple[str, Labels, int]]:
    buckets = [one for le in bounds for one in series(f"{prefix}_bucket", le=le, **different)]
    return [*buckets, *series(f"{prefix}_count", **different)]


ROWS = [
    *series("up"),
    *series("up", sites={"edge-2": "silent"}, away="1"),
    *states("good"),
    *states("slow", step=30),
    *states("quick", step=5),
    *[(name, {"job": "pve", "instance": "a1"}, STEP) for name in ("nosite_up", "nosite_known")],
    *states("other", sites={"regional-9": "x"}),
    *states("one", sites={"edge-1": "a1"}),
    *states("pair", prometheus_replica="1"),
    *states("pair", prometheus_replica="2"),
    *states("nodes", node="1"),
    *states("nodes", node="2"),
    *histogram("fine"),
    *histogram("coarse", bounds=("0.1", "0.25", "+Inf")),
    *histogram("mixed", sites={"edge-1": "a1"}),
    *histogram("mixed", bounds=("0.1", "0.25", "+Inf"), sites={"edge-2": "a2"}),
    *histogram("twin", prometheus_replica="1"),
    *histogram("twin", prometheus_replica="2"),
    *series("calls", code="200"),
    *series("waits", quantile="0.99"),
    *series("waits_sum"),
    *series("waits_count"),
    *series("lag_seconds"),
]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over blocks that end now; a row with the label `away` does not answer."""
    folder, now = tmp_path_factory.mktemp("prometheus"), int(time.time())
    lines = []
    for name, labels, step in sorted(ROWS, key=lambda one: one[0]):
        value = "0" if labels.pop("away", "") else "1"
        matchers = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines += [f"{name}{{{matchers}}} {value} {now - step * back}" for back in range(STEPS, -1, -1)]
    (folder / "samples.txt").write_text("\n".join([*lines, "# EOF", ""]))
    command = ["tsdb", "create-blocks-from", "openmetrics", str(folder / "samples.txt"), str(folder / "tsdb")]
    subprocess.run([need_program("promtool"), *command], check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    port = free_port()
    with Processes(folder=folder) as processes:
        child = processes.start(
            "prometheus",
            [
                need_program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}", "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
        )  # fmt: skip
        processes.wait_until(child, answers(f"http://127.0.0.1:{port}/-/ready"))
        yield f"http://127.0.0.1:{port}"


def fleet(*more: str) -> Document:
    sites = [
        {"name": site, "tier": "edge", "region": "x", "targets": {"proxmox": {name: {} for name in (instance, *extra)}}}
        for (site, instance), extra in zip(SITES.items(), ((), more), strict=True)
    ]
    return changed(FLEET, put("spec|sites", sites))


def of_states(prefix: str, *changes: Change) -> Document:
    queries = (put(QUERY, f"{prefix}_up"), put(TOTAL, f"{prefix}_known"))
    return changed(named(SLO, prefix), *queries, *changes)


def of_events(good: str, total: str, *changes: Change) -> Document:
    return changed(
        named(LATENCY, "events"), put(QUERY, good), put(TOTAL, total), notes(tier="edge", sources="proxmox"), *changes
    )


GOOD_AT, TOTAL_AT = "/spec/indicator/spec/ratioMetric/good", "/spec/indicator/spec/ratioMetric/total"
SCRAPE = "/metadata/annotations/sankofa.observe/scrape"
SOURCES = "/metadata/annotations/sankofa.observe/sources"
Told = list[tuple[str, str, str]]  # code, place, words
CASES: dict[str, tuple[Document, Document, Told, Told]] = {
    "states": (fleet(), of_states("good"), [], []),
    "events": (fleet(), of_events('fine_bucket{le="0.2"}', "fine_count"), [], []),
    "events-of-a-whole-bound": (fleet(), of_events('fine_bucket{le="1"}', "fine_count"), [], []),  # Prometheus 3 writes 1.0
    "levels": (fleet(), changed(named(SLO, "lag"), level(op="lte", value=9)), [], []),
    "composite-reads-nothing": (fleet(), changed(named(SLO, "all"), composite(parts="good")), [], []),
    "nothing-published": (
        fleet(),
        of_states("absent"),
        [("live.no-series", GOOD_AT, "nothing publishes absent_up"), ("live.no-series", TOTAL_AT, "nothing publishes absent_known")],
        [],
    ),
    "matchers-that-fit-nothing": (
        fleet(),
        of_states("good", put(QUERY, 'good_up{job="ceph"}')),
        [("live.no-series", GOOD_AT, "good_up has 2, and the matchers fit none of them")],
        [],
    ),
    "named-indicator": (
        fleet(),
        changed(of_states("absent"), put("spec|indicator", ...), put("spec|indicatorRef", "absent")),
        [("live.no-series", "/spec/indicatorRef", "absent_up"), ("live.no-series", "/spec/indicatorRef", "absent_known")],
        [],
    ),
    "no-bad-event-yet": (
        fleet(),
        of_events('calls{code="500"}', "calls"),
        [],
        [("live.no-series", GOOD_AT, "calls has 2, and the matchers fit none of them")],
    ),
    "bucket": (
        fleet(),
        of_events('coarse_bucket{job="pve",le="0.2"}', "coarse_count"),
        [("live.bucket", GOOD_AT, 'no bucket le="0.2": the histogram has 0.1, 0.25, +Inf')],
        [],
    ),
    "bucket-of-one-site": (
        fleet(),
        of_events('mixed_bucket{le="0.2"}', "mixed_count"),
        [],
        [("live.bucket", GOOD_AT, 'no bucket le="0.2" at 1 of 2 sites: edge-2; the histograms there have 0.1, 0.25, +Inf')],
    ),
    "summary": (
        fleet(),
        of_events('waits{quantile="0.99"}', "waits_count"),
        [("live.summary", GOOD_AT, "waits is a summary: its quantile 0.99 is worked out at the source")],
        [],
    ),
    "average": (
        fleet(),
        of_events("waits_sum", "waits_count"),
        [("live.summary", GOOD_AT, "waits_sum is a sum of what was measured")],
        [],
    ),
    "no-site": (
        fleet(),
        of_states("nosite"),
        [("live.site", GOOD_AT, "1 of 1 series have no label site, such as nosite_up{instance='a1', job='pve'}"), ("live.site", TOTAL_AT, "1 of 1")],
        [],
    ),
    "site-of-another-tier": (
        fleet(),
        of_states("other"),
        [("live.site", GOOD_AT, "none of its series is of a site of the tier; they are of regional-9"), ("live.site", TOTAL_AT, "regional-9")],
        [],
    ),
    "site-without-series": (
        fleet(),
        of_states("one"),
        [],
        [("live.no-series", GOOD_AT, "no series of 1 of 2 sites: edge-2"), ("live.no-series", TOTAL_AT, "edge-2")],
    ),
    "replicas-of-gauges": (
        fleet(),
        of_states("pair"),
        [("live.several", GOOD_AT, "told apart by prometheus_replica: 2 sources, such as pve/a1 at edge-1 with 2"), ("live.several", TOTAL_AT, "prometheus_replica")],
        [],
    ),
    "several-gauges": (
        fleet(),
        of_states("nodes"),
        [],
        [("live.several", GOOD_AT, "told apart by node"), ("live.several", TOTAL_AT, "told apart by node")],
    ),
    "replicas-of-counters": (
        fleet(),
        of_events('twin_bucket{le="0.2"}', "twin_count"),
        [("live.several", TOTAL_AT, "series differ only by prometheus_replica: 2 sources, such as pve/a1 at edge-1")],
        [],
    ),
    "scraped-too-rarely": (
        fleet(),
        of_states("slow"),
        [("live.scrape", SCRAPE, "farther apart than 15 s: of 2 of 2 sources, such as 30 s of pve/a1 at edge-1")],
        [],
    ),
    "scraped-more-often": (
        fleet(),
        of_states("quick"),
        [],
        [("live.scrape", SCRAPE, "nearer apart than 15 s: of 2 of 2 sources, such as 5 s")],
    ),
    "a-source-that-nobody-scrapes": (
        fleet("a3"),
        of_states("good"),
        [],
        [("live.source", SOURCES, "lists sources that nobody scrapes: a3 at edge-2")],
    ),
    "a-source-that-does-not-answer": (
        fleet("silent"),
        of_states("good"),
        [],
        [("live.source", SOURCES, "scraped and do not answer: silent at edge-2")],
    ),
}  # fmt: skip


def told(folder: Path, source: Any) -> Look:
    catalog, places = load_with_places([folder])
    return look(catalog, places, source)


@pytest.mark.real("prometheus", "promtool")
@pytest.mark.parametrize("case", CASES)
def test_specs_are_held_against_what_prometheus_has(case: str, prometheus: str, tmp_path: Path) -> None:
    """Each finding once, with its code, its place and line, and what is there instead."""
    sites, slo, errors, warnings = CASES[case]
    more = {"part": of_states("good")} if case.startswith("composite") else {}
    if case == "named-indicator":
        spec = of_states("absent")["spec"]["indicator"]["spec"]
        more["sli"] = {"apiVersion": "openslo/v1", "kind": "SLI", "metadata": {"name": "absent"}, "spec": spec}
    folder = write(tmp_path, fleet=sites, slo=slo, **more)
    with closing(PrometheusSamples(prometheus)) as source:
        found = told(folder, source)
    for expected, every in ((errors, found.errors), (warnings, found.warnings)):
        assert [one.code for one in every] == [code for code, _, _ in expected], list(map(str, every))
        for (_, place, words), one in zip(expected, every, strict=True):
            assert (place in one.where, words in one.problem, one.line > 1) == (True, True, True), str(one)


@pytest.mark.real("prometheus", "promtool")
def test_check_against_prometheus_ends_with_what_it_found(prometheus: str, tmp_path: Path, run: Run) -> None:
    """Errors end with 2 and warnings with 0, but under --strict; each has its severity for programs."""
    folder = write(tmp_path, fleet=fleet("a3"), slo=of_states("good"))
    lax = run("specs", "check", str(folder), "--prometheus", prometheus)
    strict = run("specs", "check", str(folder), "--prometheus", prometheus, "--strict")
    assert (lax.code, lax.err) == (0, "")
    assert "2 sites, 1 SLO, 0 agreements: no violation\nwarning: " in lax.out
    assert (strict.code, strict.out) == (2, "2 sites, 1 SLO, 0 agreements: 1 violation\n")
    assert f"error: {folder / 'slo.yaml'}:" in strict.err
    assert "[live.source]\n    hint: their time is UNKNOWN" in strict.err
    write(tmp_path, slo=of_states("absent"))
    broken = run("specs", "check", str(folder), "--prometheus", prometheus, "--json")
    assert (broken.code, broken.out.count('"severity": "violation"')) == (2, 2)


def test_strict_makes_errors_of_what_will_surprise(tmp_path: Path, run: Run) -> None:
    """Without a Prometheus as well."""
    folder = write(tmp_path, slo=changed(LATENCY, put("spec|objectives|0|target", 0.9999)))
    lax, strict = run("specs", "check", str(folder)), run("specs", "check", str(folder), "--strict")
    assert (lax.code, "warning: " in lax.out, strict.code, "error: " in strict.err) == (0, True, 2, True)


def test_a_prometheus_that_is_away_is_told(tmp_path: Path, run: Run) -> None:
    """The code is 1: try again; an answer in part is never held against a spec."""
    folder = write(tmp_path, fleet=fleet(), slo=of_states("good"))
    ended = run("specs", "check", str(folder), "--prometheus", f"http://127.0.0.1:{free_port()}")
    assert (ended.code, ended.out) == (1, "")
    with pytest.raises(Unavailable):
        told(folder, ScriptedSamples(away=True))
    with pytest.raises(Unusable, match="answered in part"):
        told(folder, ScriptedSamples(complete=False))


def test_slos_that_share_a_selector_ask_once(tmp_path: Path) -> None:
    """Each selector and the state of the targets, however many SLOs read them."""
    source = ScriptedSamples(scraped_at=1_800_000_000)
    for name in ("good_up", "good_known", "up"):
        for site, instance in SITES.items():
            at = [(1_800_000_000_000 - 15_000 * back, 1) for back in range(10)]
            source.add(name, sorted(at), site=site, job="pve", instance=instance)
    folder = write(tmp_path, fleet=fleet(), one=of_states("good"), two=named(of_states("good"), "two"))
    assert told(folder, source) == Look()
    assert sorted(selector for selector, _ in source.reads) == ["good_known", "good_up", "up"]


BOUNDS = {
    'x_bucket{le="0.2"}': "x_bucket{}",
    'x_bucket{job="a",le="0.2"}': 'x_bucket{job="a"}',
    'x_bucket{le="0.2", job="a"}': 'x_bucket{job="a"}',
    "x_bucket{a='b',le='0.2',c='d'}": "x_bucket{a='b',c='d'}",
    'x_bucket{file="0.2"}': 'x_bucket{file="0.2"}',
    """x_bucket{note='le="0.1"',le="0.2"}""": """x_bucket{note='le="0.1"'}""",
    "x_bucket": "x_bucket",
}


@pytest.mark.parametrize("selector", BOUNDS)
def test_a_selector_is_widened_to_every_bucket(selector: str) -> None:
    """Its other matchers stay."""
    assert without_bound(selector) == BOUNDS[selector]
