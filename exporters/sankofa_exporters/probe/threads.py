"""Threads for work that would hold up the event loop: rendering, large JSON, small files.

They are not the threads that look up names (`resolver`): one that hangs for one target would delay the answers of all others.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_WORKERS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="exporter")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The function's result, computed in one of our own threads, in the caller's context."""
    call = partial(contextvars.copy_context().run, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, call)
