"""The dead man's judge as a process: it listens for heartbeats, looks every few seconds, and calls.

Only Python's own server and the metrics library: what is not loaded cannot fail.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from sankofa_observe import telemetry
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.operations.deadman import Judge, Word
from sankofa_observe.operations.deadman_state import Memories
from sankofa_observe.operations.second_channel import SecondChannel

MAX_BODY_BYTES = 2**20
READ_SECONDS = 10
MOST_TOLD = 5  # of what is wrong with a notification
GAUGES = (telemetry.DEADMAN_SILENT, telemetry.DEADMAN_LATE)
COUNTERS = (telemetry.DEADMAN_BEATS, telemetry.DEADMAN_CALLS)
log = logging.getLogger(__name__)


def look(judge: Judge, channel: SecondChannel, metrics: Metrics, state: Memories) -> None:
    """Tell what is due. What reaches nobody is due again."""
    for call in judge.due():
        reached = channel.tell(call)
        metrics.called(call.word, reached=reached)
        if reached:
            judge.told(call)
            log.warning("called", extra={"observer": call.sender, "word": call.word.value})
            state.write(judge.memory)  # at once: a call is made once
    state.write(judge.memory)


class Metrics:
    def __init__(self, judge: Judge) -> None:
        self.registry = CollectorRegistry()
        silent, late = (Gauge(one.name, one.meaning, one.labels, registry=self.registry) for one in GAUGES)
        self._beats, self._calls = (
            Counter(one.name, one.meaning, one.labels, registry=self.registry) for one in COUNTERS
        )
        for name in judge.senders:
            self._beats.labels(name)
            silent.labels(name).set_function(partial(judge.silent_seconds, name))
            late.labels(name).set_function(partial(judge.is_late, name))
        for word in Word:
            for outcome in ("reached", "failed"):
                self._calls.labels(word.value, outcome)

    def heard(self, name: str) -> None:
        self._beats.labels(name).inc()

    def called(self, word: Word, *, reached: bool) -> None:
        self._calls.labels(word.value, "reached" if reached else "failed").inc()


class DeadmanServer(ThreadingHTTPServer):
    """Listening; `token` is what a heartbeat must bring, empty where none is asked for."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], judge: Judge, metrics: Metrics, token: Callable[[], str]) -> None:
        self.judge, self.metrics, self.token = judge, metrics, token
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            place = f"{address[0]}:{address[1]}"
            raise Unavailable(f"{place}: {error.strerror}; stop what listens there or name another address") from error

    def handle_error(self, *_: Any) -> None:
        """Whoever hung up, or sent nothing, is no affair of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: DeadmanServer
    timeout = READ_SECONDS
    server_version, sys_version = "sankofa-deadman", ""

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, generate_latest(self.server.metrics.registry), "text/plain; version=0.0.4; charset=utf-8")
        elif self.path == "/healthz":
            self._say(200, "ok")
        else:
            self._say(404, "known: /metrics, /healthz, and POST /v1/heartbeats")

    def do_POST(self) -> None:
        status, text = self._posted()
        self._say(status, text)
        if status >= 400:  # noqa: PLR2004  errors
            log.warning("heartbeat refused", extra={"status": status, "why": text})

    def _posted(self) -> tuple[int, str]:
        if self.path != "/v1/heartbeats":
            return 404, "known: POST /v1/heartbeats"
        try:
            wanted = self.server.token()
        except InvalidInput as error:
            return 503, str(error)
        given = self.headers.get("Authorization", "")
        if wanted and not hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode()):
            return 401, "a bearer token is needed: credentials_file of the receiver"
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return 413, f"expected a body of at most {MAX_BODY_BYTES} bytes"
        return _beaten(self.server.judge, self.server.metrics, self.rfile.read(int(length)))

    def _say(self, status: int, text: str) -> None:
        self._answer(status, f"{text}\n".encode(), "text/plain; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Beats that are well are silent."""


def _beaten(judge: Judge, metrics: Metrics, body: bytes) -> tuple[int, str]:
    """Each alert of a notification by itself; one that names nobody is told and costs no other one."""
    try:
        alerts = list(json.loads(body)["alerts"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return 422, "expected a notification of Alertmanager, version 4"
    wrong = []
    for one in alerts:
        try:
            if name := judge.heard(one):
                metrics.heard(name)
        except InvalidInput as error:
            wrong.append(str(error))
        except (TypeError, LookupError, AttributeError) as error:
            wrong.append(f"{type(error).__name__}: expected an alert as Alertmanager posts it")
    more = [f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
    return (422, "; ".join([*wrong[:MOST_TOLD], *more])) if wrong else (200, "heard")
