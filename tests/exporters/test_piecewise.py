"""JSON read in pieces has the value, and the refusals, of `json.loads`; and nobody waits for the whole of it."""

from __future__ import annotations

import gc
import json
from typing import Any, NoReturn

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.besu.rpc.client import Access, RpcClient
from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading import piecewise

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=6),
    max_leaves=30,
)


def _refused(text: str) -> NoReturn:
    raise ValueError(text)


def _outcome(loads: Any, body: bytes) -> Any:
    try:
        return json.dumps(loads(body), sort_keys=True)  # NaN and 1.0 beside 1 compare as they are written
    except ValueError:
        return ValueError


def _same(body: bytes, window_chars: int) -> None:
    ours = _outcome(lambda given: piecewise.loads(given, window_chars=window_chars), body)
    assert ours == _outcome(lambda given: json.loads(given, parse_constant=_refused), body)


@given(value=VALUES, window_chars=st.integers(1, 40), indent=st.none() | st.integers(0, 3), ascii_only=st.booleans())
def test_any_document_has_the_value_of_json_loads(
    *, value: Any, window_chars: int, indent: int | None, ascii_only: bool
) -> None:
    _same(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(), window_chars)


@given(value=VALUES, window_chars=st.integers(1, 40), data=st.data())
def test_any_damaged_document_is_refused_where_json_loads_refuses_it(
    value: Any, window_chars: int, data: st.DataObject
) -> None:
    """Cut short, with bytes taken out, doubled or put in: never another value, never another error."""
    body = json.dumps(value).encode()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 3)))
    put_in = data.draw(
        st.sampled_from([b"", b",", b":", b"]", b"}", b'"', b"[", b"{", b"1", b"NaN", b"\xff", b" ", b"x"])
    )
    _same(body[:start] + put_in + body[end:], window_chars)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"[1,]",
        b'{"a":1,}',
        b'{"a" 1}',
        b"[1 2]",
        b"1 2",
        b"[NaN]",
        b"[-Infinity]",
        b"\xef\xbb\xbf[1]",
        b"\xef\xbb\xbf\xef\xbb\xbf[1]",
        '["ü"]'.encode("utf-16"),
        b'["\xff"]',
        b'["\\ud800"]',
        b'{"a":1,"a":2}',
        b"[" + b"1" * 5_000 + b"]",
        b"-",
        b'["' + b"x" * 100 + b'"]',
        b'["' + b"x" * 100,
        b" [ 1 , 2 ] ",
    ],
    ids=repr,
)
@pytest.mark.parametrize("window_chars", [1, 7, 1 << 14])
def test_odd_documents_too(body: bytes, window_chars: int) -> None:
    _same(body, window_chars)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(RecursionError):
        piecewise.loads(b"[" * 150_000)


@pytest.mark.parametrize(
    "body",
    [b'{"jsonrpc":"2.0","id":0,"result":[' + b'{"a":[1]},' * 9_000 + b"0]}", b"[" + b'{"a":[1]},' * 9_000 + b"0]"],
    ids=["not a batch", "a batch of nobody"],
)
async def test_document_ends_where_it_was_read(body: bytes) -> None:
    """An error that kept the frames which had it would keep hundreds of thousands of objects until somebody looks for cycles."""
    stream = httpx.MockTransport(lambda _request: httpx.Response(200, stream=httpx.ByteStream(body)))
    async with httpx.AsyncClient(transport=stream) as http:
        client = RpcClient(http=http, access=Access(url="http://double"), body_bytes=1 << 24)
        gc.collect()
        gc.disable()
        try:
            answers = await client.many([("a", []), ("b", [])], Budget.of(60))
            kept = gc.collect()
        finally:
            gc.enable()

    assert all(isinstance(answer, CollectorError) for answer in answers)
    assert kept < 1_000
