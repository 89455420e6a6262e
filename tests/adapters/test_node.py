"""What a node answers to many questions at once is an answer to each of them, or none."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from eth_hash.auto import keccak

from sankofa_observe.adapters.node import Node, Signed
from sankofa_observe.errors import Unavailable
from tests.http_double import Answer, HttpDouble

GOOD = [{"jsonrpc": "2.0", "id": number, "result": hex(number)} for number in range(3)]


def asked(answer: Any) -> list[Any]:
    with (
        HttpDouble(answer=lambda *_: Answer(body=json.dumps(answer).encode())) as double,
        closing(Node(double.url)) as node,
    ):
        return node.batch("three", [("eth_chainId", [])] * 3)


def test_every_question_has_its_answer() -> None:
    """In the order of the questions."""
    assert asked(GOOD) == ["0x0", "0x1", "0x2"]


@pytest.mark.parametrize(
    "answer",
    [
        GOOD[:2],
        [*GOOD, GOOD[0]],
        [],
        {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}},
    ],
)
def test_fewer_or_more_answers_than_questions_are_none(answer: Any) -> None:
    """Or the wrong one would be read for one that is missing."""
    with pytest.raises(Unavailable, match=r"three: chain node .* answered what cannot be used"):
        asked(answer)


def test_a_signed_transaction_shows_its_hash_and_no_bytes() -> None:
    """What can be sent by whoever has it reaches no log of ours."""
    signed = Signed(raw_transaction=b"\xde\xad" * 8)
    assert (repr(signed), signed.hash) == ("Signed()", keccak(b"\xde\xad" * 8))
