"""What the double of Web3Signer does wrong, by name: in what it signs, in its signature, in its answer, on its way.

`""` is none. Each is one change to what the real one does, so that a test shows which check finds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any

DROP_SECONDS = 0.05
HUGE_BYTES = 8 * 2**20
_PREFIX = b"\x19Ethereum Signed Message:\n"

Send = Callable[[BaseHTTPRequestHandler, int, bytes, Event], None]


def answered(handler: BaseHTTPRequestHandler, status: int, body: bytes, closes: Event) -> None:  # noqa: ARG001
    """As the real one does: `Content` beside `Content-Type` is its own."""
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("Content", "application/json")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way of being wrong; what it does not name is done right."""

    change: Mapping[str, Any] | None = None  # of the transaction
    chain_id: int | None = None
    stranger: bool = False
    high_s: bool = False
    least_v: int = 27
    message: Callable[[bytes], bytes] = lambda encoded: encoded
    result: Callable[[Any], Any] = lambda result: result
    number: Callable[[Any], Any] = lambda number: number
    send: Send = answered

    def transaction(self, asked: Mapping[str, Any], chain_id: int) -> tuple[dict[str, Any], int]:
        return {**asked, **(self.change or {})}, self.chain_id or chain_id


def _instead(status: int, body: bytes, location: str = "") -> Send:
    def send(handler: BaseHTTPRequestHandler, _status: int, _body: bytes, _closes: Event) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "text/html")
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return send


def _rpc_error(status: int, code: int, message: str) -> Send:
    body = f'{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"{message}"}}}}'
    return _instead(status, body.encode())


def _hang(handler: BaseHTTPRequestHandler, _status: int, _body: bytes, closes: Event) -> None:
    handler.close_connection = True
    closes.wait(600)


def _drip(handler: BaseHTTPRequestHandler, _status: int, _body: bytes, closes: Event) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not closes.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(DROP_SECONDS)


def _truncated(handler: BaseHTTPRequestHandler, _status: int, body: bytes, _closes: Event) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def _hung_up(handler: BaseHTTPRequestHandler, _status: int, _body: bytes, _closes: Event) -> None:
    handler.close_connection = True


def _prefixed(encoded: bytes) -> bytes:
    """As `eth_sign` would: what the published reference says of typed data, and the real one never did."""
    return _PREFIX + str(len(encoded)).encode() + encoded


_HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"
FAULTS: dict[str, Fault] = {
    "": Fault(),
    "other_nonce": Fault(change={"nonce": "0x2a"}),
    "other_to": Fault(change={"to": "0x" + "ee" * 20}),
    "other_data": Fault(change={"data": "0xdeadbeef"}),
    "other_value": Fault(change={"value": "0x1"}),
    "other_gas": Fault(change={"gas": "0x1"}),
    "other_price": Fault(change={"gasPrice": "0x77359400"}),
    "other_fee": Fault(change={"maxFeePerGas": "0x4"}),
    "other_tip": Fault(change={"maxPriorityFeePerGas": "0x2"}),
    "other_kind": Fault(change={"maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0"}),
    "other_chain": Fault(chain_id=1),
    "other_account": Fault(stranger=True),
    "other_digest": Fault(message=_prefixed),
    "high_s": Fault(high_s=True),
    "v_0_or_1": Fault(least_v=0),
    "v_29_or_30": Fault(least_v=29),
    "half_a_result": Fault(result=lambda result: result[: len(result) // 2 // 2 * 2]),
    "no_hex": Fault(result=lambda result: "signed"),  # noqa: ARG005
    "null": Fault(result=lambda result: None),  # noqa: ARG005
    "other_number": Fault(number=lambda number: number + 1),
    "html": Fault(send=_instead(200, _HTML)),
    "no_object": Fault(send=_instead(200, b"[]")),
    "deep": Fault(send=_instead(200, b"[" * 100_000)),
    "redirect": Fault(send=_instead(307, b"", "http://127.0.0.1:1/")),
    "http_404": Fault(send=_instead(404, b"<html><body><h1>Resource not found</h1></body></html>")),
    "http_401": Fault(send=_instead(401, b"who are you?")),
    "http_502": Fault(send=_instead(502, _HTML)),
    "internal": Fault(send=_rpc_error(500, -32603, "Internal error")),
    "declined": Fault(send=_rpc_error(200, -32604, "Method not enabled")),
    "invalid": Fault(send=_rpc_error(400, -32602, "Invalid params")),
    "huge": Fault(send=_instead(200, b" " * HUGE_BYTES)),
    "hang": Fault(send=_hang),
    "drip": Fault(send=_drip),
    "truncated": Fault(send=_truncated),
    "hung_up": Fault(send=_hung_up),
}
