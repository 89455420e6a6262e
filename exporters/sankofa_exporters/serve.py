"""Run uvicorn on a socket that is already listening, and stop gracefully on SIGTERM or SIGINT with exit code 0."""

from __future__ import annotations

import contextlib
import logging
import resource
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from .registry import System
from .server import Exporter, build_app
from .settings import Document

log = logging.getLogger(__name__)
STOP_SECONDS = 10  # a probe under way may end; Prometheus' longest wait is its scrape timeout
KEEP_SECONDS = 65  # longer than the usual scrape interval, so that Prometheus' connections live from scrape to scrape


class _Server(uvicorn.Server):
    """uvicorn raises a caught signal again when it has stopped; we end with 0 instead, as Prometheus does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def allow_files() -> None:
    """Lift the soft limit of open files to the hard one: each target holds a few connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    log.debug("open files: limit was %d, is %d", soft, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def serve(chosen: System, document: Document[Any, Any], listener: socket.socket) -> int:
    """Serve until a signal; returns the exit code."""
    allow_files()
    app = build_app(Exporter(system=chosen, document=document))
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=KEEP_SECONDS,
        )
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    host, port = listener.getsockname()[:2]
    log.info("system=%s listening=%s:%d targets=%d", chosen.name, host, port, len(document.targets))
    with listener:
        server.run(sockets=[listener])
    log.info("system=%s stopped", chosen.name)
    return 0
