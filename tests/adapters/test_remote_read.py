"""Remote read: what is asked, what is made of an answer, and what happens where there is none."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.remote_read import STALE, is_plain, request, series_of
from sankofa_observe.errors import Unavailable
from sankofa_observe.slo.samples import number_text
from sankofa_observe.units import Period
from tests.builders import START
from tests.http_double import Answer, HttpDouble

PERIOD = Period(starts_at=START, ends_at=START + 10)
PLAIN = json.dumps({"status": "success", "data": {"yaml": "global:\n  scrape_interval: 15s\n"}}).encode()
MATRIX = {"resultType": "matrix", "result": [{"metric": {"__name__": "up", "site": "a"}, "values": [[START, "7"]]}]}
JSON = json.dumps({"status": "success", "data": MATRIX}).encode()


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def varint(value: int) -> bytes:
    low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return low + varint(value >> 7) if value > 0x7F else low


def answer(labels: dict[str, str], samples: Sequence[tuple[int, bytes]]) -> bytes:
    """A `ReadResponse` of one series, by the published schema; values are the eight bytes of a double."""
    series = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in labels.items())
    series += b"".join(
        field(2, (b"" if value == bytes(8) else b"\x09" + value) + b"\x10" + varint(at)) for at, value in samples
    )
    long = b"\x0a" + varint(len(series)) + series
    return b"\x0a" + varint(len(long)) + long


def double(value: float) -> bytes:
    return struct.pack("<d", value)


def served(read: Callable[[], Answer], configuration: Answer | None = None) -> HttpDouble:
    def of(method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/config"):
            return configuration or Answer(body=PLAIN)
        return read() if path.endswith("/read") else Answer(body=JSON)

    return HttpDouble(answer=of)


def protobuf(body: bytes) -> Answer:
    return Answer(body=bytes(cramjam.snappy.compress_raw(body)), media_type="application/x-protobuf")


def configured(text: str) -> Answer:
    return Answer(body=json.dumps({"status": "success", "data": {"yaml": text}}).encode())


def test_markers_of_an_end_are_no_samples() -> None:
    """As an answer in JSON has none."""
    at = START * 1000
    labels = {"__name__": "up", "region": "eu", "site": "a"}
    body = answer(labels, [(at, double(1)), (at + 1, STALE.to_bytes(8, "little")), (at + 2, double(float("nan")))])
    with (
        served(lambda: protobuf(body)) as server,
        closing(PrometheusSamples(server.url, remote_over_seconds=0)) as source,
    ):
        [series] = source.read("up", PERIOD).series
    assert series.labels == labels
    assert list(series.samples) == [(at, "1"), (at + 2, "NaN")]


@pytest.mark.parametrize(
    "shut",
    [
        Answer(status=404),
        Answer(status=405),
        Answer(status=302, location="/login"),
        Answer(body=b"<html>welcome</html>"),
    ],
)
def test_where_remote_read_is_shut_json_is_asked(shut: Answer) -> None:
    """As it is where it was never open."""
    with served(lambda: shut) as server, closing(PrometheusSamples(server.url, remote_over_seconds=0)) as source:
        assert source.read("up", PERIOD).series[0].samples == [(START * 1000, "7")]


@pytest.mark.parametrize(
    "configuration",
    [
        Answer(status=404), Answer(body=b"<html>"), Answer(body=b"{}"), Answer(status=302, location="/"),
        Answer(status=206, body=PLAIN), Answer(hang_up=True), configured("global: [" + "[" * 2000),
        configured("global: {external_labels: {region: eu}}"), configured("global: {external_labels: {site: a}}"),
        configured("global: {}\nremote_read: [{url: http://elsewhere}]"),
    ],
)  # fmt: skip
def test_what_is_no_plain_prometheus_is_asked_in_json(configuration: Answer) -> None:
    """A querier in front of several answers in part without a word over remote read, and external labels change its data."""
    with (
        served(lambda: pytest.fail("it was asked"), configuration) as server,
        closing(PrometheusSamples(server.url, tries=0, remote_over_seconds=0)) as source,
    ):
        assert source.read("up", PERIOD).series[0].samples == [(START * 1000, "7")]


def test_a_configuration_is_asked_at_each_long_read() -> None:
    """External labels of a reload are noticed, in the midst of a read too; one answer that fails costs one read its speed."""
    external = configured("global: {external_labels: {site: a}}")
    plain, away = Answer(body=PLAIN), Answer(status=503)
    left = [plain, plain, away, plain, plain, external, plain, external]
    remote = protobuf(answer({"__name__": "up", "site": "a"}, [(START * 1000, double(1))]))

    def of(method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/config"):
            return left.pop(0)
        return remote if path.endswith("/read") else Answer(body=JSON)

    with (
        HttpDouble(answer=of) as server,
        closing(PrometheusSamples(server.url, tries=0, remote_over_seconds=0)) as source,
    ):
        found = [source.read("up", PERIOD).series[0].samples[0][1] for _ in range(5)]
    assert (found, left) == (["1", "7", "1", "7", "7"], [])


@pytest.mark.parametrize(
    "broken",
    [
        Answer(status=500, body=b"oops"),
        Answer(hang_up=True),
        protobuf(b"\x0a\x7f"),
        Answer(body=b"\xff\xff\xff\xff\x0f\x00a", media_type="application/x-protobuf"),
    ],
)
def test_an_answer_that_is_none_is_unavailable(broken: Answer) -> None:
    """It is never an empty result."""
    with (
        served(lambda: broken) as server,
        closing(PrometheusSamples(server.url, tries=0, remote_over_seconds=0)) as source,
        pytest.raises(Unavailable, match="remote read"),
    ):
        source.read("up", PERIOD)


@given(body=st.binary(max_size=60), cut=st.integers(0, 80))
def test_spoiled_answers_are_unavailable_or_read(body: bytes, cut: int) -> None:
    """Whatever bytes come, no other error does."""
    whole = answer({"__name__": "up"}, [(START * 1000, double(1)), (START * 1000 + 15, double(0))])
    for one in (body, whole[:cut] + body):
        with suppress(ValueError):
            assert isinstance(series_of(one), list)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"a\\b", b"a\\b"), (r"\"", b'"'), (r"\n\t", b"\n\t"), (r"\x41", b"A"), (r"\u00e9", "é".encode()), (r"\U0001F600", "\U0001f600".encode()),
        (r"\303\251", "é".encode()), (r"\xc3\xa9", "é".encode()), ("é", "é".encode()),
    ],
)  # fmt: skip
def test_values_of_matchers_are_unquoted(text: str, value: bytes) -> None:
    """Escapes as PromQL writes them, bytes of a character among them."""
    assert field(3, value) in request(f'up{{path="{text}"}}', PERIOD)


def test_a_plain_prometheus_has_no_external_labels() -> None:
    """An empty list of them is none."""
    assert is_plain(PLAIN)
    assert is_plain(json.dumps({"status": "success", "data": {"yaml": "global: {external_labels: {}}"}}).encode())


def sample(at: int, value: float, *more: bytes) -> bytes:
    zero = struct.pack("<d", value) == bytes(8)
    return field(2, (b"" if zero else b"\x09" + double(value)) + b"\x10" + varint(at % 2**64) + b"".join(more))


def response(*parts: bytes) -> bytes:
    whole = b"".join(parts)
    whole = b"\x0a" + varint(len(whole)) + whole
    return b"\x0a" + varint(len(whole)) + whole


LABEL = field(1, field(1, b"site") + field(2, b"a"))


def test_fields_may_stand_in_any_order() -> None:
    """Labels behind samples, and unknown fields of every kind between them."""
    unknown = [b"\x48\x01", b"\x4d1234", b"\x4912345678", field(9, b"x")]
    [(labels, samples)] = series_of(response(sample(-5, 1), *unknown, sample(7, 0), LABEL))
    assert (labels, list(samples)) == ({"site": "a"}, [(-5, "1"), (7, "0")])


@pytest.mark.parametrize(
    "body",
    [
        b"", response()[:0] + b"\x0a\x00" * 2, response(b"\x0a\x7f"), response(b"\x0a\x06\x0a\x50site"), response(LABEL, LABEL),
        response(b"\x08\x01"), response(b"\x10\x01"), response(field(1, b"\x08\x01")), response(field(2, b"\x08\x07\x10\x01")),
        response(field(2, b"\x0a\x015\x10\x01")), response(field(2, b"\x11" + bytes(8))), response(field(2, b"\x10" + b"\x80" * 11)),
        response(b"\x0b"), response(field(1, field(1, b"\xff"))), response(b"\x09123"),
    ],
)  # fmt: skip
def test_spoiled_series_is_none(body: bytes) -> None:
    """A known field is of its kind, and nothing reaches past an end."""
    with pytest.raises(ValueError, match=r"protobuf|remote read|decode"):
        series_of(body)


def test_tables_and_single_samples_say_the_same() -> None:
    """Runs of whole samples and of zeros, and what fits neither, in every mixture."""
    chance = random.Random(7)
    for _ in range(300):
        at, expected, parts = 1_700_000_000_000, [], [LABEL]
        for _ in range(chance.randrange(12)):
            values = chance.choice([[0.0], [1.5], [0.0, 2.0], [float("nan"), float("-inf")]])
            for value in (chance.choice(values) for _ in range(chance.choice([1, 2, 5, 40]))):
                at += chance.choice([1, 15_000])
                more = [b"\x18\x01"] if chance.random() < 0.01 else []
                odd = chance.random()
                stamp = -at if odd < 0.01 else at + 2**50 if odd < 0.02 else at
                parts.append(sample(stamp, value, *more))
                expected.append((stamp, number_text(value)))
        [(labels, samples)] = series_of(response(*parts))
        assert (labels, list(samples)) == ({"site": "a"}, sorted(expected))


def test_samples_outside_the_period_are_cut() -> None:
    """As those of an answer in JSON."""
    at = [START * 1000 + offset for offset in (-1, 0, 9_999, 10_000)]
    with (
        served(lambda: protobuf(response(LABEL, *(sample(one, 1) for one in at)))) as server,
        closing(PrometheusSamples(server.url, remote_over_seconds=0)) as source,
    ):
        assert [list(one.samples) for one in source.read("up", PERIOD).series] == [[(one, "1") for one in at[1:3]]]
