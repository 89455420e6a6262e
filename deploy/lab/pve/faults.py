"""Answers of an API that is in trouble, where they apply, and how often each path was asked.

Used by the fake Proxmox cluster. A fault stands in front of everything (`every`) or of the paths that match a pattern
(`nodes/*/replication`). Peers and Host headers that are not loopback are refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aiohttp import web
from aiohttp.typedefs import Middleware

HOST = "127.0.0.1"
API = "/api2/json/"
HUGE_BYTES = 64 * 1024 * 1024
HANG_SECONDS = 3600
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# A path becomes its pattern, so that the counts of a large cluster fit on a page.
PATTERNS = (
    (re.compile(r"^nodes/[^/]+"), "nodes/NODE"),
    (re.compile(r"/(qemu|lxc)/\d+"), r"/\1/VMID"),
    (re.compile(r"/replication/[^/]+"), "/replication/ID"),
    (re.compile(r"/zfs/[^/]+"), "/zfs/POOL"),
)


async def answer_500(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=500, reason="cluster not ready")


async def answer_501(request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=501, reason=f"Method 'GET {request.path}' not implemented")


async def answer_595(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=595, reason="No route to host")


async def answer_401(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=401, reason="authentication failure")


async def answer_403(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=403, reason="Permission check failed (/, Sys.Audit)")


async def answer_html(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>a proxy's login page</body></html>", content_type="text/html")


async def answer_redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"location": f"https://{request.host}/elsewhere"})


async def answer_garbage(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": [{"type": "cluster", "quorate": "yes"}, {"type": "node"}]})


async def answer_huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
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
    for _ in range(HANG_SECONDS * 10):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


FAULTS: dict[str, Handler] = {
    "500": answer_500,
    "501": answer_501,
    "595": answer_595,
    "401": answer_401,
    "403": answer_403,
    "html": answer_html,
    "redirect": answer_redirect,
    "garbage": answer_garbage,
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


@dataclass(kw_only=True)
class Traffic:
    """What the API answers just now instead of the truth, and what it was asked."""

    every: str = "ok"
    endpoints: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def set_endpoint(self, pattern: str, mode: str) -> None:
        self.endpoints.pop(pattern, None)
        if mode != "ok":
            self.endpoints[pattern] = mode

    def fault(self, path: str) -> Handler | None:
        """What stands in front of this path; the last switch that matches it counts."""
        for pattern, mode in reversed(self.endpoints.items()):
            if fnmatchcase(path, pattern):
                return FAULTS[mode]
        return FAULTS.get(self.every)

    def middleware(self) -> Middleware:
        @web.middleware
        async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
            path = request.path.removeprefix(API)
            self.calls[pattern_of(path)] += 1
            return await (self.fault(path) or handler)(request)

        return counted


def pattern_of(path: str) -> str:
    for found, instead in PATTERNS:
        path = found.sub(instead, path)
    return path
