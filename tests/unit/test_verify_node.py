"""The verifier's own JSON-RPC, on a real socket: one node, one deadline, nowhere else."""

from __future__ import annotations

import base64
import json

import pytest

from sankofa_observe.verify import NoAnswer, node
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


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of a node on this machine leaves it for nobody."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with HttpDouble(answer=lambda *_: BLOCK) as double:
        assert node.node(double.url)("eth_blockNumber", []) == "0x7"
