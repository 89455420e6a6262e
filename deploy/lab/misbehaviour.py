"""Answers of an HTTP listener in trouble, the same for every fake of the lab, and who may ask a fake at all."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web

HOST = "127.0.0.1"
HUGE_BYTES = 64 * 1024 * 1024
HANG_SECONDS = 3600
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def answer_html(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>a proxy's login page</body></html>", content_type="text/html")


async def answer_redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"location": f"{request.scheme}://{request.host}/elsewhere"})


async def answer_huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(HUGE_BYTES // 65_536):
            await response.write(b" " * 65_536)
    return response


async def answer_hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(HANG_SECONDS)
    return web.Response()


async def answer_drip(request: web.Request) -> web.StreamResponse:
    """A byte now and then: no phase of the exchange is ever late, only the whole."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(HANG_SECONDS * 10):
            await response.write(b" ")
            await asyncio.sleep(0.1)
    return response


MISBEHAVIOUR: dict[str, Handler] = {
    "html": answer_html,
    "redirect": answer_redirect,
    "huge": answer_huge,
    "hang": answer_hang,
    "drip": answer_drip,
}


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse peers that are not on this host, and browsers that were sent here under another name."""
    host = request.host.rpartition(":")[0] or request.host
    if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback or host not in {HOST, "localhost"}:  # noqa: S104
        raise web.HTTPForbidden(text="loopback only\n")
    return await handler(request)
