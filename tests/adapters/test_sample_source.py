"""The contract of `SampleSource`, on the double and on a real Prometheus that was loaded with known samples."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import RawSeries, SampleSet, SampleSource
from sankofa_observe.slo.indicator import for_sites
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import START
from tests.http_double import Answer, HttpDouble
from tests.pace import limit, until

Row = tuple[str, dict[str, str], Sequence[tuple[int, str]]]
TEN_SECONDS = Period(starts_at=START, ends_at=START + 10)


def ms(*offsets: int, value: str = "1") -> list[tuple[int, str]]:
    return [(START * 1000 + offset, value) for offset in offsets]


# Milliseconds from START; the edges of the period are sampled exactly, and one millisecond to either side.
EDGES = (-1, 0, 1, 5_000, 9_999, 10_000, 10_001)
HUGE = "9007199254740993"  # 2^53 + 1: text until the core reads it
ROWS: list[Row] = [
    ("up", {"site": "edge-1", "instance": "a"}, ms(*EDGES)),
    ("up", {"site": "edge-10", "instance": "b"}, ms(3_000, value="0")),
    ("up", {"site": "edge.1", "instance": "c"}, ms(4_000)),
    ("up", {"instance": "without-a-site"}, ms(4_000)),
    ("latency_bucket", {"site": "edge-1", "le": "0.2"}, ms(1_000, 2_000, value="7")),
    ("latency_bucket", {"site": "edge-1", "le": "0.25"}, ms(1_000, value="8")),
    ("latency_bucket", {"site": "edge-1", "le": "+Inf"}, ms(1_000, value="9")),
    ("odd", {"site": "edge-1", "path": 'a\\b"c', "kind": "warnings"}, ms(1_000, value="NaN")),
    ("big", {"site": "edge-1"}, ms(1_000, value="9.007199254740992e+15")),
    ("late", {"site": "edge-1"}, ms(10_000)),
    ("nothing", {"site": "edge-1"}, ms(1_000, 2_000, value="0")),
    ("zeros", {"site": "edge-1"}, [one for at in range(0, 9_000, 250) for one in ms(at, value=str(at % 750))]),
    ("mixed", {"site": "edge-1"}, [*ms(1_000, value="0"), *ms(2_000, value="-2.5e-07"), *ms(3_000, value="+Inf")]),
]


def exposition() -> str:
    """The rows as OpenMetrics text with timestamps."""
    lines = []
    for name, labels, samples in ROWS:
        escaped = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in labels.items()}
        matchers = ",".join(f'{key}="{value}"' for key, value in escaped.items())
        lines += [f"{name}{{{matchers}}} {value} {at // 1000}.{at % 1000:03}" for at, value in samples]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="session")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with blocks made from the rows."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples.txt").write_text(exposition())
    command = ["tsdb", "create-blocks-from", "openmetrics", str(folder / "samples.txt"), str(folder / "tsdb")]
    subprocess.run([need_program("promtool"), *command], check=True, capture_output=True)
    return folder


@contextmanager
def running(folder: Path, configuration: str) -> Iterator[str]:
    """A real server over the blocks."""
    (folder / "prometheus.yml").write_text(configuration)
    port = free_port()
    with Processes(folder=folder) as processes:
        child = processes.start(
            "prometheus",
            [
                need_program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}", "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle",
            ],
        )  # fmt: skip
        processes.wait_until(child, answers(f"http://127.0.0.1:{port}/-/ready"))
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def prometheus_url(blocks: Path) -> Iterator[str]:
    with running(blocks, "scrape_configs: []\n") as url:
        yield url


@pytest.fixture(
    params=[
        "scripted",
        pytest.param("prometheus", marks=pytest.mark.real("prometheus", "promtool")),
        pytest.param("remote read", marks=pytest.mark.real("prometheus", "promtool")),
    ],
)
def source(request: pytest.FixtureRequest) -> Iterator[SampleSource]:
    if request.param == "scripted":
        scripted = ScriptedSamples()
        for name, labels, samples in ROWS:
            scripted.add(name, samples, **labels)
        yield scripted
        return
    longer_than = 0 if request.param == "remote read" else 2**40
    with closing(PrometheusSamples(request.getfixturevalue("prometheus_url"), remote_over_seconds=longer_than)) as real:
        yield real


def read(source: SampleSource, selector: str, period: Period = TEN_SECONDS) -> dict[str, list[tuple[int, str]]]:
    """The samples as offsets from START in milliseconds, by the label that tells the series apart."""
    found = source.read(selector, period)
    assert found.complete
    return {
        one.labels.get("le") or one.labels.get("instance") or one.labels["site"]: [
            (at - START * 1000, value) for at, value in one.samples
        ]
        for one in found.series
    }


def test_source_cuts_a_half_open_period(source: SampleSource) -> None:
    """A sample at the first millisecond is in, one at the last second's end is out."""
    inside = [(at, "1") for at in (0, 1, 5_000, 9_999)]
    assert read(source, for_sites("up", ["edge-1"])) == {"a": inside}


def test_source_loses_no_sample_between_two_periods(source: SampleSource) -> None:
    """Periods that touch share no sample and drop none."""
    edges = [START - 1, START, START + 5, START + 10, START + 11]
    periods = [Period(starts_at=low, ends_at=high) for low, high in pairwise(edges)]
    selector = for_sites("up", ["edge-1"])
    assert [at for one in periods for at, _ in read(source, selector, one).get("a", [])] == list(EDGES)


def test_source_takes_a_site_as_a_word(source: SampleSource) -> None:
    """A dot in a site's name matches a dot, and no name matches as the beginning of another."""
    assert read(source, for_sites("up", ["edge.1"])) == {"c": [(4_000, "1")]}


def test_source_reads_several_sites_at_once(source: SampleSource) -> None:
    """Each named site has its own series; a series without a site belongs to nobody."""
    assert set(read(source, for_sites("up", ["edge-1", "edge-10", "edge.1", "edge-3"]))) == {"a", "b", "c"}


def test_source_selects_a_bucket_by_its_bound(source: SampleSource) -> None:
    """`le` is matched as the text it is: 0.2 is not 0.25, and both labels of the selector hold."""
    selector = for_sites('latency_bucket{le="0.2"}', ["edge-1"])
    expected = RawSeries(
        labels={"__name__": "latency_bucket", "site": "edge-1", "le": "0.2"}, samples=ms(1_000, 2_000, value="7")
    )
    assert source.read(selector, TEN_SECONDS) == SampleSet(series=[expected], complete=True)


def test_source_returns_values_as_text(source: SampleSource) -> None:
    """What the source wrote comes through unparsed: not a number stays one, and a large count is not rounded again."""
    found = (read(source, for_sites("odd", ["edge-1"])), read(source, for_sites("big", ["edge-1"])))
    values = [[value for _, value in samples] for one in found for samples in one.values()]
    assert [[float(value) == float(value) for value in row] for row in values] == [[False], [True]]
    assert int(float(values[1][0])) == 2**53


def test_source_returns_zeros_and_fractions(source: SampleSource) -> None:
    """Remote read leaves zeros out of its samples, and reads those of one length and of several."""
    assert read(source, for_sites("nothing", ["edge-1"])) == {"edge-1": [(1_000, "0"), (2_000, "0")]}
    assert read(source, for_sites("mixed", ["edge-1"])) == {
        "edge-1": [(1_000, "0"), (2_000, "-2.5e-07"), (3_000, "+Inf")]
    }


@pytest.mark.real("prometheus", "promtool")
def test_remote_read_says_what_json_says(blocks: Path, tmp_path: Path) -> None:
    """Zeros among the samples or not, and whatever external labels are loaded while the source is open.

    The server takes a matcher on an external label of its own for a question about itself.
    """
    shutil.copytree(blocks / "tsdb", tmp_path / "tsdb", ignore=shutil.ignore_patterns("lock"))
    names = {name for name, _, _ in ROWS}
    selectors = [*names, *(for_sites(name, ["edge-1"]) for name in names), for_sites("up", ["edge-1", "edge-10"])]
    with (
        running(tmp_path, "scrape_configs: []\n") as url,
        closing(PrometheusSamples(url, remote_over_seconds=2**40)) as by_json,
        closing(PrometheusSamples(url, remote_over_seconds=0)) as remote,
    ):
        for external in ({}, {"replica": "r1"}, {"site": "edge-1"}, {"instance": "a", "le": "0.2"}):
            (tmp_path / "prometheus.yml").write_text(json.dumps({"global": {"external_labels": external}}))
            requests.post(f"{url}/-/reload", timeout=limit(60)).raise_for_status()
            for one in selectors:
                assert by_series(remote, one) == by_series(by_json, one)


def by_series(source: SampleSource, selector: str) -> list[tuple[list[tuple[str, str]], list[tuple[int, str]]]]:
    return sorted((sorted(one.labels.items()), list(one.samples)) for one in source.read(selector, TEN_SECONDS).series)


def test_source_is_complete_whatever_its_labels_say(source: SampleSource) -> None:
    """A label value that reads like a warning is a label value."""
    assert source.read(for_sites("odd", ["edge-1"]), TEN_SECONDS).complete


@pytest.mark.parametrize("selector", ["nothing_by_that_name", 'up{site="edge-9"}', "late"])
def test_source_without_samples_answers_no_series(source: SampleSource, selector: str) -> None:
    """No sample in the period is an empty, complete answer."""
    assert read(source, selector) == {}


def test_scripted_source_that_is_away_is_unavailable() -> None:
    """The double fails as the real one does."""
    with pytest.raises(Unavailable):
        ScriptedSamples(away=True).read("up", TEN_SECONDS)


def test_prometheus_that_is_away_is_unavailable() -> None:
    """A refused connection names the address and the question."""
    with (
        closing(PrometheusSamples(f"http://127.0.0.1:{free_port()}", tries=0)) as source,
        pytest.raises(Unavailable, match=r"127\.0\.0\.1.*up\[11s\]"),
    ):
        source.read("up", TEN_SECONDS)


@pytest.mark.real("prometheus", "promtool")
def test_prometheus_that_refuses_a_query_is_unavailable(prometheus_url: str) -> None:
    """A query it cannot parse is told with its own words."""
    with closing(PrometheusSamples(prometheus_url)) as source, pytest.raises(Unavailable, match="parse error"):
        source.read("up{", TEN_SECONDS)


DATA = {"resultType": "matrix", "result": []}


def test_prometheus_is_asked_for_raw_samples_only() -> None:
    """One instant query of a range selector at the period's end, a second wider because Prometheus 3 leaves out its left edge.

    It is posted: the names of a thousand sites are longer than the line a proxy reads.
    """
    asked = []

    def answer(method: str, path: str, body: bytes) -> Answer:
        asked.append((method, path, parse_qs(body.decode())))
        return Answer(body=json.dumps({"status": "success", "data": DATA}).encode())

    selector = for_sites("up", [f"site-{n:04}" for n in range(3250)])
    with (
        HttpDouble(answer=answer) as server,
        closing(PrometheusSamples(server.url, headers={"X-Scope-OrgID": "sankofa"})) as source,
    ):
        source.read(selector, TEN_SECONDS)
        ((_, headers),) = server.requests
    assert asked == [("POST", "/api/v1/query", {"query": [f"{selector}[11s]"], "time": [str(START + 10)]})]
    assert headers["X-Scope-OrgID"] == "sankofa"


def test_source_knows_how_many_samples_an_hour_has(source: SampleSource) -> None:
    """By site and hour, the edges as the slots have them: a sample at an hour's very start is of that hour."""
    hours = Period(starts_at=START - 3600, ends_at=START + 3600)
    found = source.samples(for_sites("up", ["edge-1", "edge-10"]), hours)
    assert found[("edge-1", START - 3600)] == 1
    assert found[("edge-10", START)] == 1
    # On Prometheus 3 the range is open on the left, and the one at the very start is left out: fewer is never late.
    assert found[("edge-1", START)] in {5, 6}
    assert set(found) == {("edge-1", START - 3600), ("edge-1", START), ("edge-10", START)}


def test_source_that_scrapes_nothing_now_says_an_hour_before_its_clock(prometheus_url: str) -> None:
    """Its samples are years old: our own clock does not decide alone, and nothing waits for ever."""
    with closing(PrometheusSamples(prometheus_url)) as source:
        assert abs(source.newest_at() - (time.time() - 3600)) < limit(60)


def test_source_tells_by_how_much_its_clock_is_ahead_of_ours(
    prometheus_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To less than the second that it tells at all; an hour that ours is behind is an hour that it is ahead."""
    with closing(PrometheusSamples(prometheus_url)) as source:
        until(lambda: (ahead := source.ahead_seconds()) is not None and abs(ahead) < 0.5)
        ours = time.time
        monkeypatch.setattr(time, "time", lambda: ours() - 3600)
        until(lambda: (ahead := source.ahead_seconds()) is not None and abs(ahead - 3600) < 0.5)
        monkeypatch.setattr("sankofa_observe.adapters.prometheus.TELLS_SECONDS", 0)
        assert source.ahead_seconds() is None
