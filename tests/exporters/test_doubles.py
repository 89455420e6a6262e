"""What the tests' own servers owe them."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest

from tests.exporters.doubles import constant, loopback


@pytest.mark.parametrize("turns", range(8))
def test_double_that_ends_leaves_no_connection_open(turns: int) -> None:
    """Also one that was accepted a moment ago: its warning failed whichever test the collector ran in."""

    async def ends_early() -> None:
        async with loopback(constant(b"well")) as double:
            port = int(double.url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)):
                for _ in range(turns):
                    await asyncio.sleep(0)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(ends_early())
        gc.collect()
    assert [str(one.message) for one in told if issubclass(one.category, ResourceWarning)] == []
