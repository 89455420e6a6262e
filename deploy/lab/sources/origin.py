"""An HTTP server whose faults are thrown by assignment: what stands behind a gateway, and a double of Kubernetes' /readyz.

No Kubernetes API server can be had as a package; its readiness answer is small and written down (200 `ok`, or 500 with the list
of checks), and only that is doubled. Answers every path alike, in a thread of this process, but for `/health`, by which a gateway
checks it: that is well as long as it listens, as a check that looks at less than users do.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from deploy.lab.ports import free_port

HEALTH = "/health"
# How long a stop may take; an estate has eleven origins, each of which wakes up as often.
STOP_SECONDS = 0.25
READY_STATUS, READY = 200, b"ok"
NOT_READY = b"[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"


@dataclass(kw_only=True)
class Origin:
    """Answers `status` after `delay_seconds`; 200 says `ok`, anything else what a server that is not ready says."""

    port: int = field(default_factory=free_port)
    status: int = 200
    delay_seconds: float = 0.0
    _thaw: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; raises OSError where somebody else does."""
        self._thaw.clear()
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": STOP_SECONDS}, daemon=True).start()

    def stop(self) -> None:
        """Close the port: the next connection is refused. Requests under way are let go."""
        self._thaw.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def fail(self, *, status: int = 500, delay_seconds: float = 0.0) -> None:
        """Answer otherwise, or later, from the next request on."""
        self._thaw.clear()
        self.status, self.delay_seconds = status, delay_seconds

    def mend(self) -> None:
        """Answer at once and well; what was held back is answered as well."""
        self.status, self.delay_seconds = 200, 0.0
        self._thaw.set()
        if self._server is None:
            self.start()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == HEALTH:
            return READY_STATUS, READY
        if self.delay_seconds:
            self._thaw.wait(self.delay_seconds)
        return self.status, READY if self.status == READY_STATUS else NOT_READY

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no error of the origin."""


def _handler(origin: Origin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def do_GET(self) -> None:
            status, body = origin.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            """Say nothing."""

    return Handler
