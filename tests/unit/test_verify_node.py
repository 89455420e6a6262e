"""The verifier's own JSON-RPC, on a real socket: one node, one deadline, nowhere else."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Callable

import pytest

from sankofa_observe.verify import CannotCheck, NoAnswer, node
from tests.http_double import Answer, HttpDouble

BLOCK = Answer(body=b'{"jsonrpc":"2.0","id":1,"result":"0x7"}')


def test_a_question_is_asked_and_its_result_answered() -> None:
    """The body is JSON-RPC 2.0; a name and a password of the address go into a header, and not into the request line."""
    asked: list[tuple[str, bytes]] = []

    def answer(_: str, path: str, body: bytes) -> Answer:
        asked.append((path, body))
        return BLOCK

    with HttpDouble(answer=answer) as double:
        address = double.url.replace("http://", "http://me:a%20b@") + "/key?x=1"
        assert node.node(address)("eth_blockNumber", []) == "0x7"
        sent = {name.lower(): value for name, value in double.requests[0][1].items()}

    [(path, body)] = asked
    assert path == "/key?x=1"
    assert json.loads(body) == {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    assert sent["authorization"] == "Basic " + base64.b64encode(b"me:a b").decode()


def test_a_redirect_is_not_followed() -> None:
    """Who was named answers, or nobody does: another node is never asked."""
    elsewhere = HttpDouble(answer=lambda *_: BLOCK)
    with elsewhere, HttpDouble(answer=lambda *_: Answer(status=307, location=elsewhere.url)) as double:
        ask = node.node(double.url)
        with pytest.raises(NoAnswer, match="307"):
            ask("eth_blockNumber", [])
        assert (len(double.requests), elsewhere.requests) == (1, [])


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node can fill no memory."""
    monkeypatch.setattr(node, "MOST_BYTES", 1000)
    with HttpDouble(answer=lambda *_: Answer(body=b" " * 2000 + BLOCK.body)) as double:
        ask = node.node(double.url)
        with pytest.raises(NoAnswer, match="more than 1000 bytes"):
            ask("eth_blockNumber", [])


def _drips_a_header(peer: socket.socket, ended: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not ended.wait(0.05):
        peer.sendall(b"a")


def _continues_for_ever(peer: socket.socket, ended: threading.Event) -> None:
    while not ended.wait(0.05):
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _drips_the_size_of_a_chunk(peer: socket.socket, ended: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not ended.wait(0.05):
        peer.sendall(b"0")


def _drips_the_body(peer: socket.socket, ended: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not ended.wait(0.05):
        peer.sendall(b" ")


def _says_nothing(_: socket.socket, ended: threading.Event) -> None:
    ended.wait()


@pytest.mark.parametrize(
    "speak", [_drips_a_header, _continues_for_ever, _drips_the_size_of_a_chunk, _drips_the_body, _says_nothing]
)
def test_one_deadline_holds_the_whole_exchange(speak: Callable[[socket.socket, threading.Event], None]) -> None:
    """A byte now and then is no answer: who asks is told, however it drips."""
    ended, server = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            peer, _ = server.accept()
            with peer:
                peer.recv(65_536)
                speak(peer, ended)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        ask = node.node(f"http://127.0.0.1:{server.getsockname()[1]}", seconds=0.5)
        with pytest.raises(NoAnswer, match=r"within 0\.5 s|timed out"):
            ask("eth_blockNumber", [])
    finally:
        ended.set()
        server.close()
        thread.join(10)


@pytest.mark.parametrize("address", ["", "127.0.0.1:8545", "http://", "file:///etc/passwd", "http://127.0.0.1:99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """An empty one as well: a variable that is not set asks nobody, and that must be told."""
    with pytest.raises(CannotCheck, match=r"chain node.*expected http://"):
        node.node(address)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of a node on this machine leaves it for nobody."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with HttpDouble(answer=lambda *_: BLOCK) as double:
        assert node.node(double.url)("eth_blockNumber", []) == "0x7"
