"""A JSON-RPC proxy in front of a real node, which loses, delays, garbles and contradicts on request.

What it does to each request is decided by a function of the method's name, so a table names a fault and a seed replays a
whole schedule of them. It shares no code with the platform.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

import httpx

from tests.http_double import Answer, HttpDouble
from tests.pace import limit


class Fault(StrEnum):
    """One thing that goes wrong with one request."""

    LOSE_REQUEST = "lose-request"  # the node never sees it
    LOSE_REPLY = "lose-reply"  # the node does it, the answer is lost
    BAD_GATEWAY = "bad-gateway"  # 502 with a page of HTML
    AWAY = "away"  # 503
    DELAY = "delay"  # the answer comes late, but it comes
    RATE_LIMIT = "rate-limit"  # a JSON-RPC error of the gateway
    NULL = "null"  # a result that says nothing
    KNOWN = "known"  # taken, answered as known
    KNOWN_LIE = "known-lie"  # not taken, answered as known: a node that forgot its pool
    NONCE_TOO_LOW = "nonce-too-low"  # taken and mined, answered as too low
    NONCE_LIE = "nonce-lie"  # not taken, answered as too low: another node's view
    LAG = "lag"  # answered by a node one block behind


SENDING = "eth_sendRawTransaction"
ON_SENDING = (
    Fault.LOSE_REQUEST, Fault.LOSE_REPLY, Fault.BAD_GATEWAY, Fault.AWAY, Fault.DELAY, Fault.RATE_LIMIT, Fault.KNOWN,
    Fault.KNOWN_LIE, Fault.NONCE_TOO_LOW, Fault.NONCE_LIE,
)  # fmt: skip
ON_READING = (Fault.LOSE_REQUEST, Fault.LOSE_REPLY, Fault.BAD_GATEWAY, Fault.AWAY, Fault.DELAY, Fault.RATE_LIMIT)
LAGGING = (
    "eth_getBlockByNumber",
    "eth_blockNumber",
    "eth_call",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
)
ERRORS = {
    Fault.RATE_LIMIT: (-32005, "rate limit exceeded"),
    Fault.KNOWN: (-32000, "already known"),
    Fault.KNOWN_LIE: (-32000, "already known"),
    Fault.NONCE_TOO_LOW: (-32001, "Nonce too low"),
    Fault.NONCE_LIE: (-32001, "Nonce too low"),
}
_DONE = {Fault.LOSE_REPLY, Fault.DELAY, Fault.KNOWN, Fault.NONCE_TOO_LOW}  # the node does what it was asked
_AT_ONCE = {
    Fault.LOSE_REQUEST: Answer(hang_up=True),
    Fault.LOSE_REPLY: Answer(hang_up=True),
    Fault.BAD_GATEWAY: Answer(status=502, body=b"<html>bad gateway</html>", media_type="text/html"),
    Fault.AWAY: Answer(status=503),
}
Plan = Callable[[str], Fault | None]
"""Which fault a call of this method meets, if any."""


def once(method: str, fault: Fault, times: int = 1) -> Plan:
    """The fault on the first calls of one method, then nothing."""
    left = [times]

    def plan(called: str) -> Fault | None:
        if called != method or not left[0]:
            return None
        left[0] -= 1
        return fault

    return plan


def seeded(seed: int, *, faulty_calls: int = 120, share: float = 0.3) -> Plan:
    """A schedule that replays from its seed and ends by itself, so that every run can come to its end."""
    random, calls = Random(seed), [0]

    def plan(called: str) -> Fault | None:
        calls[0] += 1
        if calls[0] > faulty_calls or random.random() > share:
            return None
        if called in LAGGING and random.random() < 0.3:
            return Fault.LAG
        return random.choice(ON_SENDING if called == SENDING else ON_READING)

    return plan


@dataclass(kw_only=True)
class FaultyRpc(AbstractContextManager["FaultyRpc"]):
    """The proxy; `met` keeps what it did, in order."""

    target: str
    plan: Plan
    met: list[tuple[str, Fault]] = field(default_factory=list)
    hold: Callable[[], object] = field(default=lambda: time.sleep(0.02))  # what a late answer waits for

    def __post_init__(self) -> None:
        self._client = httpx.Client(trust_env=False, timeout=limit(10))
        self._double = HttpDouble(answer=self._answer)

    @property
    def url(self) -> str:
        return self._double.url

    def __exit__(self, *_: object) -> None:
        self._double.close()
        self._client.close()

    def _answer(self, _method: str, _path: str, body: bytes) -> Answer:
        request = json.loads(body)
        return self._batch(request) if isinstance(request, list) else self._one(request)

    def _batch(self, requests: list[dict[str, Any]]) -> Answer:
        """Each with a fault of its own; what takes one of them from the wire takes all."""
        answers = [self._one(one) for one in requests]
        cut = next((one for one in answers if one.hang_up or one.status != 200), None)
        return cut or Answer(body=b"[" + b",".join(one.body for one in answers) + b"]")

    def _one(self, request: dict[str, Any]) -> Answer:
        fault = self.plan(request["method"])
        if fault is None:
            return self._forward(request)
        self.met.append((request["method"], fault))
        return self._fail(fault, request)

    def _fail(self, fault: Fault, request: dict[str, Any]) -> Answer:
        if fault in _DONE:
            done = self._forward(request)
            if fault is Fault.DELAY:
                self.hold()
                return done
            return _AT_ONCE.get(fault) or _error(request, fault)
        if fault is Fault.LAG:
            return self._lag(request)
        if fault is Fault.NULL:
            return _reply(request, result=None)
        return _AT_ONCE.get(fault) or _error(request, fault)

    def _lag(self, request: dict[str, Any]) -> Answer:
        """What a node would answer that has not seen the newest block yet."""
        if request["method"] == "eth_getTransactionReceipt":
            return _reply(request, result=None)
        newest = int(self._ask("eth_blockNumber")["result"], 16)
        before = hex(max(newest - 1, 0))
        if request["method"] == "eth_blockNumber":
            return _reply(request, result=before)
        params = [before if one in {"latest", "pending"} else one for one in request["params"]]
        return self._forward({**request, "params": params})

    def _ask(self, method: str) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": []}
        return self._client.post(self.target, json=body).json()

    def _forward(self, request: dict[str, Any]) -> Answer:
        return Answer(body=self._client.post(self.target, json=request).content)


def _error(request: dict[str, Any], fault: Fault) -> Answer:
    code, message = ERRORS[fault]
    return _reply(request, error={"code": code, "message": message})


def _reply(request: dict[str, Any], **members: Any) -> Answer:
    return Answer(body=json.dumps({"jsonrpc": "2.0", "id": request["id"], **members}).encode())
