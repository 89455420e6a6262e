"""The place pages go to in the lab: a webhook receiver that keeps what Alertmanager delivered."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Page:
    """One notification as it arrived."""

    at: float
    path: str
    body: dict[str, Any]

    def names(self) -> list[str]:
        return sorted({alert["labels"]["alertname"] for alert in self.body["alerts"]})


@dataclass(kw_only=True)
class Pager:
    """Listens on loopback in a thread of its own."""

    port: int
    pages: list[Page] = field(default_factory=list)

    def __post_init__(self) -> None:
        pages = self.pages

        class Receive(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                pages.append(Page(at=time.time(), path=self.path, body=json.loads(raw)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing: what arrived is in `pages`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Receive)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def first(self, path: str, alert: str) -> Page | None:
        return next((page for page in self.pages if page.path == path and alert in page.names()), None)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
