"""Web3Signer in eth1 mode on loopback, for tests: it signs with real keys, and does what a fault says.

It stands for Consensys/web3signer, built from its source at 3522fc8 (after 26.4.2) and that of web3j, which it signs with: routes, HTTP
statuses and JSON-RPC errors of `eth_accounts`, `eth_signTransaction`, `eth_signTypedData`, `health_status` and `/upcheck`, the list of
allowed hosts, TLS with certificates of clients. Its answers are held to signatures and bytes that the project's own tests publish. What it
does not know it would pass on to a node; there is none, so it answers as without one. It counts what it was asked, and `eth_sendTransaction`
with it. It does not show how a vault or a KMS behind the real one fails, nor how long they take.
"""

from __future__ import annotations

import json
import ssl
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak

from deploy.lab.web3signer.faults import FAULTS, Fault
from deploy.lab.web3signer.transactions import ParamsError, signature, signed
from deploy.lab.web3signer.typed_data import EncodingError, encoded

PARSE_ERROR, INVALID_PARAMS, INTERNAL = (-32700, "Parse error"), (-32602, "Invalid params"), (-32603, "Internal error")
NO_ACCOUNT = (-32000, "No unlocked account matches the Sender")
NO_NODE = (-32000, "Failed to connect to downstream node")
_STATUS = {PARSE_ERROR: 400, INVALID_PARAMS: 400, INTERNAL: 500, NO_ACCOUNT: 200, NO_NODE: 504}
_PLAIN, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
NOT_FOUND = b"<html><body><h1>Resource not found</h1></body></html>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or shows no certificate, is what some tests are about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class RpcError(Exception):
    """One of its answers that is an error: code and message."""


@dataclass(kw_only=True)
class Web3SignerDouble:
    """One server with some keys; `fault` may be changed at any time, `asked` holds every question."""

    keys: list[LocalAccount]
    chain_id: int
    fault: str = ""
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    certificate: tuple[Path, Path] | None = None  # with its key
    clients_file: Path | None = None  # whose certificates may connect
    stranger: LocalAccount | None = None  # who signs under the fault `other_account`
    asked: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.closes = Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.certificate)
            if self.clients_file:
                context.load_verify_locations(self.clients_file)
                context.verify_mode = ssl.CERT_REQUIRED
            # The handshake is of the thread that serves: one that never ends holds up no other.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self._server.server_port}"

    @property
    def is_at(self) -> Fault:
        return FAULTS[self.fault]

    def close(self) -> None:
        self.closes.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of a question in JSON-RPC."""
        number: Any = None
        try:
            question = json.loads(body)
            number, method, params = question.get("id"), question["method"], question.get("params")
        except (ValueError, LookupError, AttributeError):
            return _told(None, {"error": PARSE_ERROR})
        self.asked.append((method, params))
        try:
            return _told(self.is_at.number(number), {"result": self.is_at.result(self._result(method, params))})
        except RpcError as error:
            return _told(number, {"error": error.args})

    def _result(self, method: str, params: Any) -> Any:
        if method == "eth_accounts":
            if params:
                raise RpcError(*INVALID_PARAMS)
            return sorted(key.address.lower() for key in self.keys)
        if method == "health_status":
            return "OK"
        try:
            if method == "eth_signTransaction":
                return self._transaction(params)
            if method == "eth_signTypedData":
                return self._typed_data(params)
        except ParamsError as error:
            raise RpcError(*INVALID_PARAMS) from error
        except EncodingError as error:
            raise RpcError(*INTERNAL) from error
        raise RpcError(*NO_NODE)

    def _transaction(self, params: Any) -> str:
        asked = params[0] if isinstance(params, list) and len(params) == 1 else params
        if (
            not isinstance(asked, dict)
            or not isinstance(sender := asked.get("from"), str)
            or not sender
            or asked.get("nonce") is None
        ):
            raise ParamsError(str(asked)[:80])
        key = self._key(sender)
        made, chain_id = self.is_at.transaction(asked, self.chain_id)
        return "0x" + signed(made, key, chain_id, high_s=self.is_at.high_s).hex()

    def _typed_data(self, params: Any) -> str:
        if not isinstance(params, list) or len(params) < len(("account", "document")) or not isinstance(params[0], str):
            raise ParamsError(str(params)[:80])
        key = self._key(params[0])
        text = params[1] if isinstance(params[1], str) else json.dumps(params[1])
        try:
            json.loads(text)
        except ValueError as error:
            raise ParamsError(text[:80]) from error
        digest = keccak(self.is_at.message(encoded(text)))
        odd, r, s = signature(digest, key, high_s=self.is_at.high_s)
        return "0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([self.is_at.least_v + odd])).hex()

    def _key(self, account: str) -> LocalAccount:
        wanted = "0x" + account.lower().removeprefix("0x")
        found = next((key for key in self.keys if key.address.lower() == wanted), None)
        if found is None:
            raise RpcError(*NO_ACCOUNT)
        return self.stranger if self.stranger and self.is_at.stranger else found


def _told(number: Any, said: dict[str, Any]) -> tuple[int, bytes]:
    if "error" not in said:
        return 200, json.dumps({"jsonrpc": "2.0", "id": number, **said}).encode()
    code, message = said["error"]
    error = {"code": code, "message": message}
    return _STATUS[code, message], json.dumps({"jsonrpc": "2.0", "id": number, "error": error}).encode()


def _handler_of(double: Web3SignerDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one packet
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self._is_allowed():
                up = self.path == "/upcheck"
                self._send(*((200, b"OK", _PLAIN) if up else (404, NOT_FOUND, _HTML)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            double.headers.append(dict(self.headers))
            if not self._is_allowed():
                return
            if self.path != "/":
                self._send(404, NOT_FOUND, _HTML)
                return
            status, answer = double.answer(body)
            double.is_at.send(self, status, answer, double.closes)

        def _is_allowed(self) -> bool:
            host = self.headers.get("Host", "").partition(":")[0]
            if host in double.allowed_hosts:
                return True
            self._send(403, b'{"message":"Host not authorized."}', "application/json; charset=utf-8")
            return False

        def _send(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            """Say nothing: the test keeps the questions."""

    return Handler
