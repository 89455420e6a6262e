"""HTTP whose answers have an end: one deadline for a whole answer with its tries, a bound on its bytes, and an end of all waiting.

A timeout of `requests` is one of each read, so that a byte now and then runs for ever; a body of small size may unfold to any.
Bodies are read here to their end, and never handed on in part.

A process that ends waits for nobody. Names, connections, handshakes and pauses between tries cannot be interrupted from another thread,
so each exchange has a thread of its own: one that is not waited for any more is left alone, and its socket closes with the process.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

MAX_ANSWER_BYTES = 256 * 2**20
"""Of a decoded body. 500,000 samples, which is what one read is cut to, are 12 to 25 million bytes of JSON."""

_CHUNK_BYTES = 2**16
_LOOK_SECONDS = 0.25  # between two looks whether the process ends


def for_ever() -> bool:
    """Of a process whose end is not to be asked about: Ctrl-C ends a command."""
    return False


class NotWaitedFor(requests.RequestException):
    """The process ends before the answer came: whether the question arrived is not known, as with a connection that broke."""


class BoundedAdapter(HTTPAdapter):
    """Sends a request, and reads its answer within `seconds` and `max_bytes`; decoded, and as they come over the wire.

    Raises:
        requests.Timeout: the answer is not whole in time.
        NotWaitedFor: `waits_no_more` became true first.
        requests.RequestException: it has more bytes, or breaks off.
    """

    def __init__(
        self, *, seconds: float, max_bytes: int, retries: Retry, waits_no_more: Callable[[], bool] = for_ever
    ) -> None:
        super().__init__(max_retries=retries)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._waits_no_more = waits_no_more

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **named: Any) -> None:  # noqa: FBT001, FBT002  as in requests
        super().init_poolmanager(connections, maxsize, block, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002  as in requests; what it answers has been read
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        def exchange() -> requests.Response:
            return self._whole(lambda: HTTPAdapter.send(self, request, True, timeout, verify, cert, proxies))  # type: ignore[arg-type]

        return _unless(self._waits_no_more, exchange)

    def _whole(self, sent: Callable[[], requests.Response]) -> requests.Response:
        budget = _Budget(seconds=self._seconds, max_bytes=self._max_bytes)
        before = _BUDGET.set(budget)
        try:
            response = sent()
            response._content = self._body(response)  # noqa: SLF001  as `Response.content` would
        except requests.RequestException as error:
            if budget.seconds_left() <= 0:
                raise requests.Timeout(f"no whole answer within {self._seconds} s, its tries included") from error
            if budget.came > self._max_bytes:
                raise _too_large(budget.came, self._max_bytes) from error
            raise
        finally:
            _BUDGET.reset(before)
        return response

    def _body(self, response: requests.Response) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_bytes:
                response.close()
                raise _too_large(size, self._max_bytes)
        return b"".join(chunks)


def _unless(waits_no_more: Callable[[], bool], exchange: Callable[[], requests.Response]) -> requests.Response:
    """What an exchange answers, or raises; nothing is begun, and nothing waited for, once `waits_no_more`."""
    answers: list[requests.Response] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(exchange())
        except BaseException as error:  # noqa: BLE001  raised again where it was asked
            faults.append(error)

    thread = threading.Thread(target=run, name="exchange", daemon=True)
    if not waits_no_more():
        thread.start()
        while thread.is_alive() and not waits_no_more():
            thread.join(_LOOK_SECONDS)
    if faults:
        raise faults[0]
    if not answers:
        raise NotWaitedFor("the process ends, and waits for no answer")
    return answers[0]


def content_of(response: requests.Response) -> bytes:
    """The body of an answer; raises `requests.HTTPError` with the server's own words where it is none of success."""
    if response.status_code != requests.codes.ok:
        words = response.content.decode(errors="replace")
        raise requests.HTTPError(f"HTTP {response.status_code}, expected 200: {words}", response=response)
    return response.content


def _too_large(size: int, max_bytes: int) -> requests.RequestException:
    return requests.RequestException(f"the answer has {size} bytes or more, expected {max_bytes} at most")


class _Budget:
    """What is left for one answer: time for all its tries, and bytes of each."""

    def __init__(self, *, seconds: float, max_bytes: int) -> None:
        self._ends_at = time.monotonic() + seconds
        self.max_bytes = max_bytes
        self.came = 0  # bytes over the wire of the try that runs

    def seconds_left(self) -> float:
        return self._ends_at - time.monotonic()


_BUDGET: ContextVar[_Budget] = ContextVar("_BUDGET")  # of the request that this thread waits for


class _Wire(io.RawIOBase):
    """What comes over a socket, head and body, for as long as the budget lasts."""

    def __init__(self, sock: socket.socket) -> None:
        self._raw = sock.makefile("rb", buffering=0)
        self._sock, self._budget, self._timeout = sock, _BUDGET.get(), sock.gettimeout()
        self._budget.came = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        left = self._budget.seconds_left()
        if left <= 0 or self._budget.came > self._budget.max_bytes:
            raise TimeoutError("the time or the bytes of an answer are used up")
        self._sock.settimeout(left if self._timeout is None else min(left, self._timeout))
        came = self._raw.readinto(into)
        self._budget.came += came or 0
        return came

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Wire(sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
