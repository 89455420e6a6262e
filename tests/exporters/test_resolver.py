"""Names that hang cost the target that has them, and no other."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sankofa_exporters.probe import resolver as module
from sankofa_exporters.probe.resolver import SHARE, Resolver, lookups_of
from tests.pace import limit

GOOD = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]


class Names:
    """The system's resolver: names that begin with `hang` are silent until the test ends, others do as they are told."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.errors: dict[str, int] = {}
        self.asked: Counter[str] = Counter()

    def __call__(self, host: str, *_: Any) -> list[Any]:
        self.asked[host] += 1
        if host.startswith("hang"):
            self.released.wait()
        if host in self.errors:
            raise socket.gaierror(self.errors[host], "refused")
        return GOOD


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found)
    yield found
    found.released.set()


async def ask(resolver: Resolver, host: str, owner: int) -> Any:
    with lookups_of(owner):
        return await resolver.getaddrinfo(host, 80)


async def test_target_whose_names_hang_delays_no_other(names: Names) -> None:
    """Many targets with 32 silent names each hold their shares; another target's name is looked up at once."""
    resolver = Resolver()
    stuck = [
        asyncio.create_task(ask(resolver, f"hang-{owner}-{number}", owner))
        for owner in range(5)
        for number in range(32)
    ]
    async with asyncio.timeout(limit(5)):
        assert await ask(resolver, "good", 9) == GOOD

    assert sum(names.asked.values()) <= 5 * SHARE + 1
    names.released.set()
    assert await asyncio.gather(*stuck) == [GOOD] * 160
    assert resolver.shares == {}


async def test_one_name_is_looked_up_once_at_a_time(names: Names) -> None:
    """A silent name is waited for by all that want it, in one thread."""
    resolver = Resolver()
    waiting = [asyncio.create_task(ask(resolver, "hang", owner)) for owner in range(20)]
    await asyncio.sleep(0)
    names.released.set()

    assert await asyncio.gather(*waiting) == [GOOD] * 20
    assert names.asked == {"hang": 1}


@pytest.mark.parametrize("trouble", ["silent", "again"])
async def test_last_good_address_is_used_while_the_name_server_is_away(
    names: Names, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that is silent, or says that it does not know just now, makes no target unknown."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    resolver = Resolver()
    names.released.set()
    assert await ask(resolver, "hang", 1) == GOOD
    if trouble == "silent":
        names.released.clear()
    else:
        names.errors["hang"] = socket.EAI_AGAIN

    async with asyncio.timeout(limit(5)):
        assert await ask(resolver, "hang", 1) == GOOD


async def test_name_that_does_not_exist_is_an_error_at_once(names: Names) -> None:
    """What the name server says counts: the old address is forgotten, even for a silence afterwards."""
    resolver = Resolver()
    assert await ask(resolver, "gone", 1) == GOOD
    names.errors["gone"] = socket.EAI_NONAME
    with pytest.raises(socket.gaierror):
        await ask(resolver, "gone", 1)
    names.errors["gone"] = socket.EAI_AGAIN

    with pytest.raises(socket.gaierror):
        await ask(resolver, "gone", 1)
