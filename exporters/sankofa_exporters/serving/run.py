"""Run uvicorn on a socket that is already listening, and stop gracefully on SIGTERM or SIGINT with exit code 0."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

import uvicorn

from . import garbage
from .app import Exporter, build_app
from .listener import guarded, renewing_context

log = logging.getLogger(__name__)
STOP_SECONDS = 10  # a probe under way may end; Prometheus' longest wait is its scrape timeout
KEEP_SECONDS = 65  # longer than the usual scrape interval, so that Prometheus' connections live from scrape to scrape


class _Server(uvicorn.Server):
    """uvicorn raises a caught signal again when it has stopped; we end with 0 instead, as Prometheus does.

    SIGHUP reads the configuration again.
    """

    exporter: Exporter

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[Any]] = set()  # a task that nobody holds may vanish

        def begin(work: Coroutine[Any, Any, Any]) -> None:
            task = loop.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        begin(garbage.collect())
        loop.add_signal_handler(signal.SIGHUP, lambda: begin(self.exporter.reload()))

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


def take_short_turns() -> None:
    """A thread that computes gives way after half a millisecond: a probe asks for its turn after each of its waits."""
    sys.setswitchinterval(0.001)


def serve(exporter: Exporter, listener: socket.socket) -> int:
    """Serve until a signal; returns the exit code."""
    allow_files()
    garbage.calm()
    take_short_turns()
    tls = exporter.settings.web.tls_server_config
    server = _Server(
        uvicorn.Config(
            guarded(build_app(exporter), lambda: exporter.passwords),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=KEEP_SECONDS,
            ssl_context_factory=None if tls is None else lambda _config, _default: renewing_context(tls),
        )
    )
    server.exporter = exporter
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    host, port = listener.getsockname()[:2]
    log.info(
        "listening",
        extra={
            "system": exporter.system.name,
            "address": f"{host}:{port}",
            "targets": len(exporter.document.targets),
            "tls": tls is not None,
            "basic_auth": bool(exporter.settings.web.basic_auth_users),
        },
    )
    with listener:
        server.run(sockets=[listener])
    log.info("stopped", extra={"system": exporter.system.name})
    return 0
