"""Answers without an end: by the byte, by their size, unfolded, or put off by the server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from functools import partial
from threading import Thread

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe.adapters import prometheus
from sankofa_observe.adapters.bounded import MAX_ANSWER_BYTES
from sankofa_observe.adapters.node import Node
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.errors import Unavailable
from sankofa_observe.units import Period
from tests.builders import START
from tests.http_double import Answer, HttpDouble
from tests.pace import limit

PERIOD = Period(starts_at=START, ends_at=START + 10)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def speaking(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what it likes to each that connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def one(peer: socket.socket) -> None:
            with peer, suppress(OSError):
                peer.recv(65_536)
                say(peer)

        def all_of_them() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=one, args=(server.accept()[0],), daemon=True).start()

        Thread(target=all_of_them, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def dripping(head: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def say(peer: socket.socket) -> None:
        peer.sendall(head)
        while True:
            peer.sendall(drop)
            time.sleep(0.02)

    return say


def pouring(head: bytes, body: bytes = b" " * 65_536) -> Callable[[socket.socket], None]:
    def say(peer: socket.socket) -> None:
        peer.sendall(head)
        while True:
            peer.sendall(body)

    return say


@pytest.mark.parametrize(
    "say",
    [
        dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b" "), dripping(HEAD + b"\r\n", b" "), dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"A"), dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 503 Away\r\nContent-Length: 100000\r\n\r\n", b" "),
    ],
)  # fmt: skip
def test_answer_by_the_byte_has_a_deadline(
    say: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its head or its body, whatever frames it; all tries together."""
    monkeypatch.setattr(prometheus, "TIMEOUT_SECONDS", 0.2)
    began = time.monotonic()
    with (
        speaking(say) as url,
        closing(PrometheusSamples(url)) as source,
        pytest.raises(Unavailable, match=r"within 0\.6"),
    ):
        source.read("up", PERIOD)
    assert time.monotonic() - began < limit(10)


def bomb() -> bytes:
    folded = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(folded.compress(b" " * 2**20) for _ in range(20)) + folded.flush()


@pytest.mark.parametrize(
    "say",
    [
        pouring(HEAD + b"\r\n"),
        pouring(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
        pouring(b"HTTP/1.1 500 Oops\r\n\r\n"),
        lambda peer: peer.sendall(
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb()) + bomb()
        ),
    ],
)
def test_answer_has_a_bound_on_its_bytes(say: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Endless, or unfolded from a few; the error says what came and what may."""
    monkeypatch.setattr(prometheus, "MAX_ANSWER_BYTES", 2**20)
    with (
        speaking(say) as url,
        closing(PrometheusSamples(url, tries=0)) as source,
        pytest.raises(Unavailable, match=r"has \d+ bytes or more, expected 1048576 at most"),
    ):
        source.read("up", PERIOD)


def test_bytes_of_an_answer_that_is_tried_again_are_bound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are thrown away, and would be gathered before."""
    monkeypatch.setattr(prometheus, "MAX_ANSWER_BYTES", 2**20)
    with (
        speaking(pouring(b"HTTP/1.1 503 Away\r\n\r\n")) as url,
        closing(PrometheusSamples(url, tries=1)) as source,
        pytest.raises(Unavailable, match="up"),
    ):
        source.read("up", PERIOD)


def test_bound_leaves_a_wide_margin_for_what_is_asked() -> None:
    """A read is cut to 500,000 samples; the longest one in JSON has some 45 bytes."""
    assert len('[1700000000.123,"-1.7976931348623157e+308"],') * 500_000 * 10 < MAX_ANSWER_BYTES


@pytest.mark.parametrize("status", [413, 429, 503])
def test_server_does_not_say_how_long_we_wait(status: int) -> None:
    """A day in `Retry-After` would hold up every other question."""
    answer = b"HTTP/1.1 %d Later\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n" % status
    began = time.monotonic()
    with (
        speaking(lambda peer: peer.sendall(answer)) as url,
        closing(PrometheusSamples(url, tries=1)) as source,
        pytest.raises(Unavailable),
    ):
        source.read("up", PERIOD)
    assert time.monotonic() - began < limit(10)


def test_a_deeply_nested_answer_of_a_node_is_refused_and_ends_no_process() -> None:
    """eth_account raises the limit of recursion so far that the stack gives way first: in a process of its own, to see it live."""
    script = (
        "import sys\nfrom sankofa_observe.adapters import keys\nfrom sankofa_observe.adapters.node import Node\n"
        "from sankofa_observe.errors import Unavailable\n"
        "try:\n    with_node = Node(sys.argv[1])\n    with with_node.asking('the head'): with_node.web3.eth.get_block('latest')\n"
        "except Unavailable as error: print(type(error).__name__)"
    )
    nested = b'{"jsonrpc":"2.0","id":0,"result":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with HttpDouble(answer=lambda *_: Answer(body=nested)) as node:
        done = subprocess.run(
            [sys.executable, "-c", script, node.url], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (0, "Unavailable\n"), done.stderr[-500:]


def _silent(_: socket.socket) -> None:
    time.sleep(limit(60))


@contextmanager
def _full() -> Iterator[str]:
    """An address that takes no connection: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as opened:
        for _ in range(3):
            peer = opened.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


DRIPPING = dripping(HEAD, b"A")


@pytest.mark.parametrize(
    ("place", "scheme"),
    [
        (partial(speaking, _silent), "http"), (partial(speaking, _silent), "https"), (partial(speaking, DRIPPING), "http"),
        (_full, "http"),
    ],
)  # fmt: skip
def test_nobody_is_waited_for_once_the_process_ends(
    place: Callable[[], AbstractContextManager[str]], scheme: str
) -> None:
    """Of both outsides, wherever the exchange stands: connection, handshake, head or body. Then none is begun any more."""
    ended = threading.Event()
    with place() as url, ExitStack() as opened:
        address = url.replace("http:", f"{scheme}:")
        source = opened.enter_context(closing(PrometheusSamples(address, waits_no_more=ended.is_set)))
        node = opened.enter_context(closing(Node(address, waits_no_more=ended.is_set)))
        for ask in (lambda: source.read("up", PERIOD), lambda: node.receipt("0x" + "00" * 32)):
            ended.clear()
            threading.Timer(0.3, ended.set).start()
            began = time.monotonic()
            with pytest.raises(Unavailable, match="the process ends, and waits for no answer"):
                ask()
            assert time.monotonic() - began < limit(5)
            with pytest.raises(Unavailable, match="the process ends, and waits for no answer"):
                ask()


def test_a_name_that_nobody_resolves_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver has no time limit of ours."""
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(limit(60)))
    with closing(Node("http://chain.invalid", waits_no_more=ended.is_set)) as node:
        threading.Timer(0.3, ended.set).start()
        with pytest.raises(Unavailable, match="the process ends"):
            node.receipt("0x" + "00" * 32)
