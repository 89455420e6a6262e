"""Threads for work that would hold up the event loop: rendering, large JSON, small files.

They are not asyncio's default threads, because those look up names, and a resolver that hangs for one target would then
delay the answers of all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_WORKERS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="exporter")
RESOLVERS = 64  # threads that may wait for names at the same time


async def apart(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The function's result, computed in one of our own threads."""
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, partial(function, *args, **kwargs))


def widen_resolver() -> None:
    """Give the running loop more threads for name lookups than its default of a handful."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolver"))
