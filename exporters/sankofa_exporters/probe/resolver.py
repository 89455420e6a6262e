"""Names to addresses, so that one target whose names hang costs no other target its connections.

The system's resolver holds a thread for as long as a name server is silent. A target may hold a few of them at a time, a
name that is being looked up is waited for and not looked up twice, and the address that was good last is used while its name
server is silent. A name that is known not to exist is an error at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

THREADS = 64
SHARE = 4  # threads that one target may hold
PATIENCE_SECONDS = 1.0  # for a name server, when an address is at hand
KEPT_ADDRESSES = 4_096
SILENT = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM})

Key = tuple[Any, ...]
Addresses = list[tuple[Any, ...]]
_OWNER: ContextVar[int] = ContextVar("owner of lookups", default=0)


@contextmanager
def lookups_of(owner: int) -> Iterator[None]:
    """Names looked up inside the block, and by tasks begun inside it, are paid from this owner's share."""
    token = _OWNER.set(owner)
    try:
        yield
    finally:
        _OWNER.reset(token)


@dataclass(kw_only=True)
class _Share:
    """Of one owner; kept while somebody uses it or waits for it."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SHARE))
    users: int = 0


@dataclass(kw_only=True)
class Resolver:
    """The lookups of one event loop."""

    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="resolver"), repr=False
    )
    running: dict[Key, asyncio.Task[Addresses]] = field(default_factory=dict, repr=False)
    shares: dict[int, _Share] = field(default_factory=dict, repr=False)
    good: dict[Key, Addresses] = field(default_factory=dict, repr=False)

    @classmethod
    def of_loop(cls) -> Resolver:
        """The running loop's own: all targets of a process share its threads."""
        return _RESOLVERS.setdefault(asyncio.get_running_loop(), cls())

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as asyncio names it
        proto: int = 0,
        flags: int = 0,
    ) -> Addresses:
        """As `loop.getaddrinfo`, with the last good answer in place of a long silence."""
        key: Key = (host, port, family, type, proto, flags)
        lookup = self.running.get(key)
        if lookup is None:
            lookup = self.running[key] = asyncio.create_task(self._look_up(key))
            lookup.add_done_callback(lambda done: self._ended(key, done))
        known = self.good.get(key)
        if known is not None:
            await asyncio.wait({lookup}, timeout=PATIENCE_SECONDS)
            if not lookup.done():
                return known
        try:
            return await asyncio.shield(lookup)
        except socket.gaierror as error:
            if known is not None and error.errno in SILENT:
                return known
            raise

    async def getnameinfo(self, address: Any, flags: int = 0) -> tuple[str, str]:
        """As `loop.getnameinfo`, of a numeric address."""
        return await asyncio.get_running_loop().getnameinfo(address, flags)

    async def _look_up(self, key: Key) -> Addresses:
        owner = _OWNER.get()
        share = self.shares.setdefault(owner, _Share())
        share.users += 1
        try:
            async with share.room:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self.threads, socket.getaddrinfo, *key)
        finally:
            share.users -= 1
            if not share.users:
                self.shares.pop(owner, None)

    def _ended(self, key: Key, lookup: asyncio.Task[Addresses]) -> None:
        self.running.pop(key, None)
        if lookup.cancelled():
            return
        error = lookup.exception()
        if error is None:
            if len(self.good) >= KEPT_ADDRESSES and key not in self.good:
                self.good.pop(next(iter(self.good)))
            self.good[key] = lookup.result()
        elif isinstance(error, socket.gaierror) and error.errno not in SILENT:
            self.good.pop(key, None)


_RESOLVERS: WeakKeyDictionary[asyncio.AbstractEventLoop, Resolver] = WeakKeyDictionary()
