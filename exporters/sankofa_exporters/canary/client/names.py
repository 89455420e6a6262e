"""The addresses of one host, kept so that no request waits for a name server.

They are looked up anew every half minute beside the requests. A name that does not exist is the target's affair; a name
server that is silent is ours, and the addresses that were good last are used meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from sankofa_exporters.canary.snapshot import Failure, Unknown
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.resolver import SILENT, Resolver

from .failures import RequestError

LOOKUP_SECONDS = 30.0


@dataclass(kw_only=True)
class Names(AbstractResolver):
    """Of `host`, for whatever name a connection is opened to."""

    host: str
    known: list[tuple[Any, ...]] = field(default_factory=list)
    error: Failure | Unknown | None = None  # of the last lookup; None with what it found
    looked_up_at: float = float("-inf")
    _lookup: asyncio.Task[None] | None = field(default=None, repr=False)

    async def ready(self, budget: Budget) -> None:
        """Return when addresses are known; raise `RequestError` when the name does not exist or nobody answers."""
        now = time.monotonic()
        if (self._lookup is None or self._lookup.done()) and (self.error or now - self.looked_up_at > LOOKUP_SECONDS):
            self.looked_up_at = now
            self._lookup = asyncio.get_running_loop().create_task(self._look_up())
        if not self.known and self._lookup is not None:
            await asyncio.wait({self._lookup}, timeout=budget.remaining())
        if not self.known:
            raise RequestError(self.error or Unknown.RESOLVER)

    async def _look_up(self) -> None:
        try:
            self.known = await Resolver.of_loop().getaddrinfo(
                self.host, 0, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
            self.error = None
        except socket.gaierror as error:
            self.error = Unknown.RESOLVER if error.errno in SILENT else Failure.DNS
            if self.error is Failure.DNS:
                self.known = []
        except (OSError, UnicodeError):
            self.error = Unknown.RESOLVER

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """As aiohttp asks; without waiting."""
        return [
            ResolveResult(
                hostname=host, host=address[0], port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in self.known
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        if self._lookup is not None:
            self._lookup.cancel()
