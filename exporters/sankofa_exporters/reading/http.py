"""One bounded HTTP exchange: time, size, redirects, TLS and proxies are decided here and nowhere else.

Assumes the caller made the client with `open_client`. Never follows a redirect, never reads the proxy environment,
never accepts a compressed body (a small bomb would unpack past the cap), never puts a header into an error.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.probe.trace import begin_call

from . import piecewise
from .backoff import BUSY, retry_after
from .transport import Transport

V = TypeVar("V")
USER_AGENT = "sankofa-exporter"
_REFUSALS = {
    int(httpx.codes.UNAUTHORIZED): Kind.AUTH,
    int(httpx.codes.FORBIDDEN): Kind.PERMISSION,
    int(httpx.codes.TOO_MANY_REQUESTS): Kind.LIMIT,
}
REFUSAL_BYTES = 64 * 1024
DECODE_IN_THREAD_BYTES = 64 * 1024
# A cluster of 10,000 OSDs or guests has some 150,000 objects. What is in a text counts as well: it is a bound, not a parser.
MAX_CONTAINERS, MAX_ITEMS = 200_000, 600_000
EXPOSITION = "text/plain"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A complete response whose body is inside the cap; `where` is safe to show, the headers may not be."""

    where: str
    status: int
    body: bytes
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a JSON document is made of, counted while it arrives: a hostile one is not even read to its end."""

    containers: int = 0
    items: int = 0

    def after(self, piece: bytes, where: str) -> Parts:
        """With a further piece; raises `limit` when it has become too many."""
        containers = self.containers + piece.count(b"{") + piece.count(b"[")
        items = self.items + piece.count(b",")
        if containers > MAX_CONTAINERS or items > MAX_ITEMS:
            seen = f"{containers} objects and lists and {items} commas so far"
            raise CollectorError(Kind.LIMIT, f"{where}: {seen}; at most {MAX_CONTAINERS} and {MAX_ITEMS}")
        return Parts(containers=containers, items=items)


def tls_context(ca_file: Path | None, cert_file: Path | None = None, key_file: Path | None = None) -> ssl.SSLContext:
    """Verification is always on; a module's own CA file replaces the system's list, and a certificate is shown where asked.

    Targets share a context; renewed files are loaded when the configuration is read again.
    """
    files = (ca_file, cert_file, key_file)
    return _tls_context(files, tuple(map(modified_at, files)))


@lru_cache(maxsize=1024)
def _tls_context(files: tuple[Path | None, ...], _modified_at: tuple[int, ...]) -> ssl.SSLContext:
    ca_file, cert_file, key_file = files
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    if cert_file is not None:
        context.load_cert_chain(cert_file, key_file, password=no_passphrase)
    return context


def no_passphrase() -> str:
    """An encrypted key would otherwise ask on the terminal."""
    raise ValueError("the key is encrypted")


def modified_at(file: Path | None) -> int:
    """When the file was written last, in nanoseconds; 0 for none, and for one that is away just now."""
    try:
        return 0 if file is None else file.stat().st_mtime_ns
    except OSError:
        return 0


class SourceClient(httpx.AsyncClient):
    """A client that hands requests to its transport as they are: of redirects, cookies and logins it knows nothing.

    Going through all of them was a tenth of a probe's CPU, and `exchange` allows none.
    """

    def __init__(self, *, transport: Transport, headers: Mapping[str, str]) -> None:
        super().__init__(transport=transport, headers=headers, trust_env=False)
        self.transport = transport

    async def send(self, request: httpx.Request, **_: object) -> httpx.Response:
        return await self.transport.handle_async_request(request)


def open_client(*, verify: ssl.SSLContext | None = None, server_name: str | None = None) -> httpx.AsyncClient:
    """One pooled client for one target; time is bounded by `Budget`, not by httpx's per-phase timeouts.

    `server_name` is what the certificate must name, for a source that is asked by address.
    """
    return SourceClient(
        transport=Transport(verify=verify or tls_context(None), server_name=server_name),
        headers={"user-agent": USER_AGENT, "accept": "application/json", "accept-encoding": "identity"},
    )


async def exchange(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    budget: Budget,
    body_bytes: int,
    again: bool = True,
    shows_path: bool = True,
) -> Answer:
    """Send and read within the budget and the cap, or raise `CollectorError` with the kind of the failure.

    `shows_path` is False where the path itself may be a secret: then errors and the timeline name the host alone.
    """
    where = f"{request.method} {request.url.scheme}://{request.url.netloc.decode()}"
    where += request.url.path if shows_path else ""
    try:
        async with asyncio.timeout(budget.remaining()):
            try:
                return await _traced(client, request, where=where, body_bytes=body_bytes)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # The server may close a pooled connection at the moment we reuse it; what only reads may be asked again.
                if not again:
                    raise
                return await _traced(client, request, where=where, body_bytes=body_bytes)
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise from_transport(error, where) from None


async def _traced(client: httpx.AsyncClient, request: httpx.Request, *, where: str, body_bytes: int) -> Answer:
    """One attempt, written into the probe's trace however it ends."""
    call = begin_call(where)
    try:
        answer = await _stream(client, request, where=where, body_bytes=body_bytes)
    except CollectorError as error:
        call.ended_with(error.failure.kind)
        raise
    except asyncio.CancelledError:
        call.ended_with(Kind.TIMEOUT)
        raise
    except (httpx.HTTPError, OSError) as error:
        call.ended_with(from_transport(error, where).failure.kind)
        raise
    call.ended_with(str(answer.status), len(answer.body))
    return answer


async def _stream(client: httpx.AsyncClient, request: httpx.Request, *, where: str, body_bytes: int) -> Answer:
    response = await client.send(request, stream=True)
    try:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise CollectorError(Kind.DECODE, f"{where}: a compressed body, though identity was asked for")
        body, parts = bytearray(), Parts()
        is_json = not response.headers.get("content-type", "").startswith(EXPOSITION)
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > body_bytes:
                raise CollectorError(Kind.LIMIT, f"{where}: the body is over {body_bytes} bytes")
            if is_json:
                parts = parts.after(chunk, where)
        return Answer(where=where, status=response.status_code, body=bytes(body), headers=response.headers)
    finally:
        await response.aclose()


def small_json(answer: Answer) -> Any:
    """The JSON of a short refusal, or None: a long one is not parsed, for it would hold up every other probe."""
    if len(answer.body) > REFUSAL_BYTES:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def check_status(answer: Answer) -> None:
    """Refuse everything but 200 with the kind that says whose fault it is; one that is busy says for how long."""
    if answer.status == httpx.codes.OK:
        return
    if httpx.codes.is_redirect(answer.status):
        raise CollectorError(Kind.HTTP, f"{answer.where}: redirected ({answer.status}); redirects are not followed")
    wait = retry_after(answer.headers, time.time()) if answer.status in BUSY else None
    kind = _REFUSALS.get(answer.status, Kind.HTTP)
    raise CollectorError(kind, f"{answer.where}: answered {answer.status}", retry_after_seconds=wait)


async def decode(answer: Answer) -> Any:
    """The body as JSON; see `read`."""
    return await read(answer, _itself)


_LARGE: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def read(answer: Answer, parse: Callable[[Any], V]) -> V:
    """What `parse` makes of the body's JSON. Both happen in a thread for a large one: it would hold up every other probe."""
    if len(answer.body) <= DECODE_IN_THREAD_BYTES:
        return _read(answer, parse)
    # One at a time in a process: two at once would hold up the others for twice as long, and none is done sooner.
    async with large_documents():
        return await in_thread(_read, answer, parse)


def large_documents() -> asyncio.Semaphore:
    """Held while a large document is read: whoever holds it knows that none is."""
    return _LARGE.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))


def _read(answer: Answer, parse: Callable[[Any], V]) -> V:
    """The document ends here whatever comes of it: an error that kept it would keep hundreds of thousands of objects."""
    try:
        return parse(parse_json(answer.body, answer.where))
    except CollectorError as error:
        error.settled()
        raise


def _itself(document: Any) -> Any:
    return document


def parse_json(body: bytes, where: str) -> Any:
    """Strict JSON: NaN and Infinity are not numbers that a verdict may lean on.

    Objects, lists and their items are counted first: a small body of empty ones becomes gigabytes and takes minutes.
    """
    Parts().after(body, where)
    try:
        return piecewise.loads(body)
    except (ValueError, RecursionError):
        looks = "HTML" if body.lstrip()[:1] == b"<" else "not JSON"
        raise CollectorError(Kind.DECODE, f"{where}: the body is {looks} ({len(body)} bytes)") from None


def from_transport(error: Exception, where: str) -> CollectorError:
    """The kind of an httpx or timeout error that met us at `where` (an address without secrets)."""
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return CollectorError(Kind.TIMEOUT, f"{where}: no complete answer in time")
    causes = list(_causes(error))
    for cause_type, kind, text in (
        (ssl.SSLError, Kind.TLS, "TLS failed"),
        (socket.gaierror, Kind.DNS, "name not found"),
        (OSError, Kind.REFUSED, "not reachable"),
    ):
        for cause in causes:
            if isinstance(cause, cause_type):
                return CollectorError(kind, f"{where}: {text} ({_short(cause)})")
    if isinstance(error, httpx.NetworkError) or str(error).startswith("Server disconnected"):
        return CollectorError(Kind.REFUSED, f"{where}: connection lost ({type(error).__name__})")
    if isinstance(error, httpx.DecodingError):
        return CollectorError(Kind.DECODE, f"{where}: the body's encoding is broken")
    return CollectorError(Kind.HTTP, f"{where}: {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The chain behind an httpx error, deepest knowledge included; bounded because chains may loop."""
    pending, seen = [error], 0
    while pending and seen < 32:  # noqa: PLR2004 - a bound, not a meaning
        current = pending.pop(0)
        seen += 1
        yield current
        if isinstance(current, BaseExceptionGroup):
            pending.extend(current.exceptions)
        pending.extend(linked for linked in (current.__cause__, current.__context__) if linked is not None)


def _short(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return getattr(cause, "strerror", None) or type(cause).__name__
