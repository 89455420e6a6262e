"""What is made of an answer of Prometheus in JSON: whole, partial, or none."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.exceptions import PanicException, PolarsError

from sankofa_observe.adapters import prometheus
from sankofa_observe.adapters.matrix import read_matrix, samples_of
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import RawSeries, SampleSet
from sankofa_observe.slo.samples import number_text
from sankofa_observe.units import Period
from tests.builders import START
from tests.http_double import Answer, HttpDouble

TEN_SECONDS = Period(starts_at=START, ends_at=START + 10)
HOUR = Period(starts_at=START // 3600 * 3600, ends_at=START // 3600 * 3600 + 3600)


def said(result: bytes, status: bytes = b'"status":"success",') -> Answer:
    return Answer(body=b'{%s"data":{"resultType":"matrix","result":%s}}' % (status, result))


def series(values: bytes = b'[[%d,"1"]]' % START, labels: bytes = b'{"site":"a"}') -> bytes:
    return b'[{"metric":%s,"values":%s}]' % (labels, values)


SERIES = {"metric": {"__name__": "up", "site": "edge-1"}, "values": [[START, "1"]]}
DATA = {"resultType": "matrix", "result": [SERIES]}
PARTIAL = {
    "no-warning": ({"status": "success", "data": DATA}, True),
    "infos-only": ({"status": "success", "data": DATA, "infos": ["metric might not be a counter"]}, True),
    "empty-warnings": ({"status": "success", "data": DATA, "warnings": []}, True),
    "warnings": ({"status": "success", "data": DATA, "warnings": ["store sidecar-2 is away"]}, False),
    "partial": ({"status": "success", "isPartial": True, "data": DATA}, False),
    "whole": ({"status": "success", "isPartial": False, "data": DATA}, True),
}


@pytest.mark.parametrize("case", PARTIAL)
def test_prometheus_answer_with_warnings_is_not_complete(case: str) -> None:
    """Warnings of a fan-out, and the flag of a cluster, mean that a part is missing; notes on style do not."""
    body, complete = PARTIAL[case]
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(body).encode())) as server,
        closing(PrometheusSamples(server.url)) as source,
    ):
        assert source.read("up", TEN_SECONDS) == SampleSet(
            series=[RawSeries(labels={"__name__": "up", "site": "edge-1"}, samples=[(START * 1000, "1")])],
            complete=complete,
        )


def test_prometheus_warning_is_forgotten_by_the_next_read() -> None:
    """One partial answer does not taint those after it."""
    bodies = [{"status": "success", "data": DATA, "warnings": ["away"]}, {"status": "success", "data": DATA}]
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(bodies.pop(0)).encode())) as server,
        closing(PrometheusSamples(server.url)) as source,
    ):
        assert [source.read("up", TEN_SECONDS).complete for _ in range(2)] == [False, True]


GARBLED = {
    "no-json": Answer(body=b"<html>gateway</html>"),
    "no-data": Answer(body=b'{"status":"success"}'),
    "null-result": Answer(body=b'{"status":"success","data":{"resultType":"matrix","result":null}}'),
    "a-vector": Answer(body=b'{"status":"success","data":{"resultType":"vector","result":[]}}'),
    "an-error-with-200": said(b"[]", b'"status":"error","error":"out of memory",'),
    "an-object": said(b"{}"),
    "a-text": said(b'""'),
    "a-part-of-a-body": Answer(status=206, body=said(b"[]").body),
    "not-modified": Answer(status=304),
    "a-redirect-to-nowhere": Answer(status=302, body=said(b"[]").body),
    "nested-objects": said(b'{"[":' * 200_000 + b"1" + b"}" * 200_000),
    "nested-lists-of-samples": said(series(b"[" * 200_000 + b"]" * 200_000)),
    "nested": said(b"[" * 200_000 + b"]" * 200_000),
    "a-name-twice": said(series(b'[[1,"1"]],"values":[[1,"2"]]')),
    "a-list": Answer(body=b"[]"),
    **{f"labels {one}": said(series(labels=one.encode())) for one in (
        "null", "[]", "5", '{"site":5}', '{"site":null}', '{"site":"\\ud800"}', '{"values":[[1,"2"]]}', '{"a":"b","a":"c"}',
    )},
    **{f"values {one}": said(series(one.encode())) for one in (
        "0", '"0"', "null", "{}", '"x"', "[[]]", '[["x"]]', "[[]]", "[[1]]", "[[1,2]]", "[[1,null]]", "[1]", '["1,2"]',
        '[[1,"1,2"]]', '[[1,"1",2],[3]]', '[[1],[2,"3","4"]]', '[[1,"1],[9,3"]]', '[[1,"2"]5,[3,"4"]]', '[5[1,"2"]]', '[[1,5"2"]]',
        '[[1,"2"5]]', '[[1,"2"]],[[3,"4"]]', '[[1,"1 2"]]', '[[1 2,"3"]]', '[["1","2"]]', '[[1,"x"]]', '[[1,""]]', '[[,"1"]]',
        '[[NaN,"1"]]', '[[1e300,"1"]]', '[[1e16,"1"]]', '[[1,"1_0"]]', '[[1,"0x1"]]', '[[true,"1"]]', '[[1,"\\u0031 "]]', '[["",""]]',
    )},
    "a-forged-place": Answer(
        body=b'{"status":"success","x":{"values":[[1,"2"]]},"data":{"resultType":"matrix","result":[{"metric":{},"values":0}]}}'
    ),
    "a-place-for-two": said(b'[{"metric":{"a":"1"},"values":0},' + series()[1:]),
    "a-text-before-a-list": said(b'[{"metric":{"a":"1"},"values":"x"},' + series()[1:]),
    "two-of-the-same-labels": said(series()[:-1] + b"," + series()[1:]),
    "hangs-up": Answer(hang_up=True),
    "internal-error": Answer(status=500, body=b"oops"),
    "not-there": Answer(status=404, body=b"404 page not found"),
    "away-for-good": Answer(status=503, body=b"away"),
    "forbidden": Answer(status=403, body=b"forbidden"),
}  # fmt: skip


@pytest.mark.parametrize("case", GARBLED)
def test_answer_that_is_none_is_unavailable(case: str) -> None:
    """Whatever stands where an answer was expected is never an empty result, and never proof that nothing came late."""
    with (
        HttpDouble(answer=lambda *_: GARBLED[case]) as server,
        closing(PrometheusSamples(server.url, tries=1)) as source,
    ):
        with pytest.raises(Unavailable, match="up"):
            source.read("up", TEN_SECONDS)
        with pytest.raises(Unavailable, match="up"):
            source.samples("up", HOUR)


@pytest.mark.parametrize("case", [case for case, (_, whole) in PARTIAL.items() if not whole])
def test_partial_answer_is_no_proof_that_nothing_came_late(case: str) -> None:
    """Nor that nothing was scraped."""
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(PARTIAL[case][0]).encode())) as server,
        closing(PrometheusSamples(server.url)) as source,
        pytest.raises(Unavailable, match="missing"),
    ):
        source.samples("up", HOUR)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "error", "data": {"resultType": "vector", "result": []}},
        {"status": "success", "data": {"resultType": "vector", "result": []}, "warnings": ["away"]},
        {"status": "success", "data": {"resultType": "vector", "result": []}, "isPartial": True},
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": "12"}]}},
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "NaN"]}]}},
        {"status": "success", "data": {"resultType": "vector", "result": {}}},
    ],
)
def test_newest_sample_is_never_taken_from_what_is_no_answer(body: object) -> None:
    """Slots would be closed over samples that are to come."""
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(body).encode())) as server,
        closing(PrometheusSamples(server.url)) as source,
        pytest.raises(Unavailable, match="newest"),
    ):
        source.newest_at()


def read_in_trouble(trouble: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read whose answer makes its reader fail."""

    def fail(_: bytes) -> None:
        raise trouble

    monkeypatch.setattr(prometheus, "read_matrix", fail)
    with HttpDouble(answer=lambda *_: said(series())) as server, closing(PrometheusSamples(server.url)) as source:
        source.read("up", TEN_SECONDS)


@pytest.mark.parametrize("trouble", [MemoryError(), RecursionError(), PolarsError("x"), PanicException("x")])
def test_trouble_of_a_reader_costs_one_question(trouble: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic in polars is no Exception, and would end the turn of all other SLOs."""
    with pytest.raises(Unavailable, match=type(trouble).__name__):
        read_in_trouble(trouble, monkeypatch)


def test_interrupt_is_none_of_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ends the process ends it."""
    with pytest.raises(KeyboardInterrupt):
        read_in_trouble(KeyboardInterrupt(), monkeypatch)


NUMBERS = st.one_of(
    st.integers(-(2**60), 2**60).map(str), st.floats().map(number_text), st.sampled_from(["-Inf", "1e+06"])
)
ROWS = st.lists(st.tuples(st.integers(0, 10**13).map(lambda at: at / 1000), NUMBERS), max_size=5)


@given(rows=st.lists(ROWS, max_size=4))
def test_table_and_pairs_say_the_same(rows: list[list[tuple[float, str]]]) -> None:
    """A list that Prometheus wrote is read as a table, one that was laid out anew pair by pair."""
    result = [{"metric": {"site": str(n)}, "values": one} for n, one in enumerate(rows)]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    tight, wide = (json.dumps(answer, separators=one).encode() for one in ((",", ":"), (", ", ": ")))
    expected = [({"site": str(n)}, list(samples_of([list(pair) for pair in one]))) for n, one in enumerate(rows)]
    for body in (tight, wide):
        assert [(labels, list(samples)) for labels, samples in read_matrix(body).series] == expected


def test_series_of_native_histograms_alone_has_no_samples() -> None:
    """As remote read says it."""
    histogram = b'[{"metric":{"site":"a"},"histograms":[[1,{"count":"1","buckets":[[0,"1","2","3"]]}]]}]'
    with HttpDouble(answer=lambda *_: said(histogram)) as server, closing(PrometheusSamples(server.url)) as source:
        assert source.read("up", TEN_SECONDS) == SampleSet(series=[])


def test_prometheus_gateway_that_fails_once_is_asked_again() -> None:
    """A 503 is retried within one read."""
    left = [Answer(status=503), Answer(body=json.dumps({"status": "success", "data": DATA}).encode())]
    with HttpDouble(answer=lambda *_: left.pop(0)) as server, closing(PrometheusSamples(server.url)) as source:
        assert len(source.read("up", TEN_SECONDS).series) == 1


def test_source_says_when_it_scraped_last() -> None:
    """The newest sample of any target, by the time of its scrape."""
    body = {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": {}, "value": [START, str(START - 7)]}]},
    }
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(body).encode())) as double,
        closing(PrometheusSamples(double.url)) as source,
    ):
        assert source.newest_at() == START - 7


def test_source_follows_no_redirect() -> None:
    """Samples come from where the settings say, and nowhere else."""
    with (
        HttpDouble(answer=lambda *_: Answer(body=b"{}")) as elsewhere,
        HttpDouble(answer=lambda *_: Answer(status=302, location=elsewhere.url)) as double,
        closing(PrometheusSamples(double.url)) as source,
        pytest.raises(Unavailable),
    ):
        source.read("up", TEN_SECONDS)
    assert elsewhere.requests == []
