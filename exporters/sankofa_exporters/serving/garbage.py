"""When the process looks for cyclic garbage: between large documents, not in the middle of one.

A document of megabytes becomes hundreds of thousands of objects that live for a tenth of a second. Python would look through
all of them, several times, because they are many; nothing else in the process runs meanwhile. None of them is in a cycle.
"""

from __future__ import annotations

import asyncio
import gc
from itertools import count

from sankofa_exporters.reading.http import large_documents

PAUSE_SECONDS = 10
OLD_EVERY = 60  # of these pauses
MANY_OBJECTS = 3_000_000  # so many new ones at once are looked through wherever they come from


def calm() -> None:
    """What was loaded at the start stays; what comes is looked through by `collect`, or when it is very much."""
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS, 10, 10)


async def collect() -> None:
    """Look for cycles now and then, for as long as the process serves."""
    for number in count(1):
        await asyncio.sleep(PAUSE_SECONDS)
        async with large_documents():
            gc.collect(1 if number % OLD_EVERY else 2)
