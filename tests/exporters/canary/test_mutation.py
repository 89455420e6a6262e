"""Spoiled answers: no exception leaves a request, and none is good that does not hold what it must."""

from __future__ import annotations

import asyncio
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_exporters.canary.snapshot import Failure, Outcome, Unknown
from tests.exporters.mutation import CASES

from .asking import asked, canary

MARK = b"all is well"
GOOD = (
    b"HTTP/1.1 200 OK\r\nserver: gateway\r\ncontent-type: text/plain\r\ncontent-length: 24\r\n"
    b"connection: keep-alive\r\n\r\n" + MARK + b" at the edge\n"
)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n" + MARK + b"\r\n0\r\n\r\n"
HEADS = [
    b"content-length: 3\r\n",
    b"transfer-encoding: chunked\r\n",
    b"content-encoding: gzip\r\n",
    b"location: http://[\r\n",
]
PIECES = [
    b"",
    b"\x00",
    b"\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1 ",
    b"500",
    b"200",
    b"-1",
    b"9" * 40,
    b"\xff" * 9,
    b"x" * 70_000,
    b":",
]
IN_PIECES = re.compile(b".*?".join(re.escape(bytes([one])) for one in MARK), re.DOTALL)  # chunks may divide it


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A good answer after one to three cuts, insertions or replacements."""
    answer = draw(st.sampled_from([GOOD, CHUNKED]))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(answer)))
        length = draw(st.sampled_from([0, 0, 1, 3, 12, 400]))
        answer = answer[:at] + draw(st.sampled_from(PIECES + HEADS)) + answer[at + length :]
    return answer


async def outcomes(answer: bytes) -> list[Outcome]:
    """Of two requests over whatever connection there is: the rest of an answer must not be the next one's."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
                await writer.drain()
                if b"content-length: 24" not in answer:  # nobody knows where it ends
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        module = {"objective_seconds": 0.01, "interval_seconds": 0.2, "timeout_seconds": 0.2}
        return await asked(canary(url, {**module, "expected_text": MARK.decode(), "redirects": 1}), times=2)


@settings(max_examples=CASES)
@given(spoiled())
def test_spoiled_answer_is_never_a_false_good(answer: bytes) -> None:
    """A good one says 200 and holds the text, in the bytes that were sent; nothing is taken for a defect of ours."""
    found = asyncio.run(outcomes(answer))

    assert all(isinstance(one, Failure | None | Unknown) and one is not Unknown.DEFECT for one in found)
    if None in found:
        assert b" 200" in answer.lstrip(b"\r\n").partition(b"\r\n")[0]  # empty lines before an answer are borne
        assert IN_PIECES.search(answer)


def test_unspoiled_answers_are_good() -> None:
    """What is spoiled above is good before."""
    assert [asyncio.run(outcomes(answer)) for answer in (GOOD, CHUNKED)] == [[None, None], [None, None]]
