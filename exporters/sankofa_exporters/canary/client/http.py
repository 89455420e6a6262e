"""One request as a user would send it. Names and secrets come before the clock starts; nothing is sent while one is under way.

A connection that was kept and is lost before any answer is replaced once, as every browser does; a new one that is lost has
failed. Redirects are followed within the origin alone: a target must not send us to addresses that nobody configured.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from sankofa_exporters.canary.settings import CanaryModule, CanaryTarget, is_address
from sankofa_exporters.canary.snapshot import Failure, Reply, Unknown
from sankofa_exporters.config.headers import read_header
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.http import USER_AGENT, modified_at, tls_context
from sankofa_exporters.reading.transport import CHUNK_BYTES, open_session

from .failures import RequestError
from .names import Names

REDIRECTS = frozenset({301, 302, 303, 307, 308})
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(kw_only=True)
class _Connection:
    """What aiohttp says of the connection a request went over."""

    was_kept: bool = False


@dataclass(kw_only=True)
class HttpClient:
    """Everything that one target is asked with."""

    module: CanaryModule
    url: URL
    names: Names | None  # None for an address: there is nothing to look up
    verify: ssl.SSLContext
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)
    _secrets: dict[str, tuple[int, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, module: CanaryModule, target: CanaryTarget) -> HttpClient:
        """Raises OSError or ValueError while a file of the module's trust is away."""
        url = URL(target.endpoint)
        host = target.address or url.host or ""
        return cls(
            module=module,
            url=url,
            names=None if is_address(url.host or "") else Names(host=host),
            verify=tls_context(module.ca_file, module.cert_file, module.key_file),
        )

    @property
    def where(self) -> str:
        """What may be shown: no path, which may hold a secret."""
        return f"{self.module.method} {self.url.origin()}"

    async def prepare(self, budget: Budget) -> Mapping[str, str]:
        """The headers, with addresses to connect to known; raises `RequestError`."""
        if self.names is not None:
            await self.names.ready(budget)
        return {
            "user-agent": USER_AGENT,
            "accept": "*/*",
            "accept-encoding": "identity",
            **{name.lower(): value for name, value in self.module.headers.items()},
            **{name.lower(): await self._secret(name, file) for name, file in self.module.header_files.items()},
        }

    async def send(self, headers: Mapping[str, str]) -> Reply:
        """The answer; raises aiohttp's errors, and `RequestError` for a redirect that is not followed."""
        url = self.url
        for _ in range(self.module.redirects):
            reply, location = await self._answer(url, headers)
            if reply.status not in REDIRECTS or location is None:
                return reply
            url = _within(url, location)
        reply, location = await self._answer(url, headers)
        if self.module.redirects and reply.status in REDIRECTS and location is not None:
            raise RequestError(Failure.REDIRECT)
        return reply

    async def close(self) -> None:
        if self.names is not None:
            await self.names.close()
        if self._session is not None:
            await self._session.close()

    async def _answer(self, url: URL, headers: Mapping[str, str]) -> tuple[Reply, str | None]:
        connection = _Connection()
        try:
            return await self._exchange(url, headers, connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) or not connection.was_kept:
                raise
            if self.module.method not in REPEATABLE:
                raise
        return await self._exchange(url, headers, connection)

    async def _exchange(
        self, url: URL, headers: Mapping[str, str], connection: _Connection
    ) -> tuple[Reply, str | None]:
        response = await self._opened().request(
            self.module.method,
            url,
            headers=headers,
            data=self.module.request_body.encode() or None,
            allow_redirects=False,
            server_hostname=self.module.server_name,
            trace_request_ctx=connection,
        )
        try:
            body = bytearray()
            async for piece in response.content.iter_chunked(CHUNK_BYTES):
                body += piece
                if len(body) > self.module.body_bytes:
                    break
            reply = Reply(
                status=response.status,
                body=bytes(body[: self.module.body_bytes]),
                whole=len(body) <= self.module.body_bytes,
                plain=response.headers.get("content-encoding", "identity") == "identity",
            )
            return reply, response.headers.get("location")
        finally:
            if not response.content.is_eof():  # no more of it is read
                response.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_kept)
            self._session = open_session(
                self.verify, self.names or Names(host=""), kept=self.module.connection == "kept", traces=(trace,)
            )
            # It would send again over a new connection too, and one request would be two; there is no setting for it.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session

    async def _secret(self, name: str, file: Path) -> str:
        """As the file says now; read when it has changed."""
        written = modified_at(file)
        known = self._secrets.get(name)
        if known is None or known[0] != written or not written:
            try:
                known = (written, await in_thread(read_header, file))
            except ValueError:
                raise RequestError(Unknown.SETTINGS) from None
            self._secrets[name] = known
        return known[1]


async def _note_kept(_session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
    context.trace_request_ctx.was_kept = True


def _within(url: URL, location: str) -> URL:
    """The redirect's address, when it is of the same origin or of the same host by TLS; raises `RequestError`."""
    origins = {url.origin()}
    if url.scheme == "http" and url.is_default_port():
        origins.add(URL.build(scheme="https", host=url.host or ""))
    try:
        target = url.join(URL(location)).with_fragment(None)
        stays = target.origin() in origins
    except ValueError:  # no URL, or one of a scheme without hosts
        stays = False
    if not stays:
        raise RequestError(Failure.REDIRECT)
    return target
