"""httpx on aiohttp's connections: the same client, at half of the CPU a call.

httpx's own transport parses HTTP in Python (h11) under two layers of async compatibility, which was most of a probe's CPU
(decision 0028). Assumes one target a transport. Never follows, unpacks, keeps a cookie or reads the proxy environment.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver

from sankofa_exporters.model.certificates import show
from sankofa_exporters.probe.resolver import Resolver

CONNECTIONS = 16
KEPT_SECONDS = 90  # longer than the usual scrape interval, so that connections live from scrape to scrape
CHUNK_BYTES = 1 << 16
LINE_BYTES, FIELD_BYTES = 1 << 14, 1 << 14  # of a head; real ones have some hundred


def open_session(
    verify: ssl.SSLContext,
    names: AbstractResolver,
    *,
    kept: bool = True,
    traces: Sequence[aiohttp.TraceConfig] = (),
) -> aiohttp.ClientSession:
    """Connections that do what they are told and nothing else; inside of a running event loop."""
    return aiohttp.ClientSession(
        connector=_Connector(
            ssl=verify,
            limit=CONNECTIONS,
            keepalive_timeout=KEPT_SECONDS if kept else None,
            force_close=not kept,
            use_dns_cache=False,  # what is kept of names is the resolver's affair
            resolver=names,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the caller bounds the whole exchange
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
        max_line_size=LINE_BYTES,
        max_field_size=FIELD_BYTES,
        trace_configs=list(traces),
    )


class _Connector(aiohttp.TCPConnector):
    """Tells whose certificate a connection was made with, one that was kept too."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - as aiohttp has it
        connection = await super().connect(req, traces, timeout)
        if connection.transport is not None:
            host, port = req.url.host, req.url.port
            show(f"{host}:{port}", connection.transport.get_extra_info("peercert"))
        return connection


@dataclass(kw_only=True)
class Transport(httpx.AsyncBaseTransport):
    """The connections to one target; opened at the first request, which has a running loop."""

    verify: ssl.SSLContext
    server_name: str | None = None
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _translated():
            response = await self._opened().request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                server_hostname=self.server_name,
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response), request=request)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # It asks nothing of a loop but `getaddrinfo`, and ours has a share for each target.
            names = aiohttp.ThreadedResolver(loop=Resolver.of_loop())  # type: ignore[arg-type]
            self._session = open_session(self.verify, names)
        return self._session


@dataclass(frozen=True, kw_only=False)
class _Body(httpx.AsyncByteStream):
    response: aiohttp.ClientResponse

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self.response.content.iter_chunked(CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        """A body that was read to its end gives its connection back; of another one nothing more is read."""
        if self.response.content.is_eof():
            self.response.release()
        else:
            self.response.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Aiohttp's errors as httpx's, with the cause that tells which kind it is."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise httpx.ConnectError("certificate") from error.certificate_error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError("not connected") from error.os_error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise httpx.RemoteProtocolError("Server disconnected") from error
    except aiohttp.ClientPayloadError as error:
        raise httpx.ReadError(type(error).__name__) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise httpx.LocalProtocolError(type(error).__name__) from error
