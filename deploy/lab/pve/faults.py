"""Answers of an API that is in trouble, where they apply, and how often each path was asked.

Used by the fake Proxmox cluster. A fault stands in front of everything (`every`) or of the paths that match a pattern
(`nodes/*/replication`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aiohttp import web
from aiohttp.typedefs import Middleware

from deploy.lab.misbehaviour import MISBEHAVIOUR, Handler

API = "/api2/json/"
# A path becomes its pattern, so that the counts of a large cluster fit on a page.
PATTERNS = (
    (re.compile(r"^nodes/[^/]+"), "nodes/NODE"),
    (re.compile(r"/(qemu|lxc)/\d+"), r"/\1/VMID"),
    (re.compile(r"/replication/[^/]+"), "/replication/ID"),
    (re.compile(r"/zfs/[^/]+"), "/zfs/POOL"),
    (re.compile(r"/storage/[^/]+"), "/storage/STORAGE"),
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


async def answer_garbage(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": [{"type": "cluster", "quorate": "yes"}, {"type": "node"}]})


FAULTS: dict[str, Handler] = {
    **MISBEHAVIOUR,
    "500": answer_500,
    "501": answer_501,
    "595": answer_595,
    "401": answer_401,
    "403": answer_403,
    "garbage": answer_garbage,
}


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

    def clear(self) -> None:
        """No fault, and nothing asked yet."""
        self.every = "ok"
        self.endpoints.clear()
        self.calls.clear()

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
