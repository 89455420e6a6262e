"""Names that hang cost the target that has them, and no other."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sankofa_exporters.probe import resolver as module
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.resolver import SHARE, Resolver, lookups_of
from sankofa_exporters.reading.http import exchange, open_client
from tests.pace import limit

from .doubles import constant, loopback

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
        return [(*GOOD[0][:4], self.address)]

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", 80)


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


async def test_clients_of_targets_look_up_names_by_it(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target whose name is silent holds its share; another target is connected to by name."""
    monkeypatch.setattr(module, "THREADS", SHARE + 1)

    async def get(client: httpx.AsyncClient, url: str, owner: int) -> int:
        with lookups_of(owner):
            request = client.build_request("GET", url)
            return (await exchange(client, request, budget=Budget.of(limit(5)), body_bytes=1000)).status

    async with loopback(constant(b"{}")) as double, open_client() as silent, open_client() as client:
        stuck = [asyncio.create_task(get(silent, f"http://hang-{number}:1", 1)) for number in range(32)]
        await asyncio.sleep(0)
        monkeypatch.setattr(Names, "address", property(lambda _: ("127.0.0.1", int(double.url.rpartition(":")[2]))))
        assert await get(client, double.url.replace("127.0.0.1", "node.internal"), 2) == 200
        for one in stuck:
            one.cancel()
        names.released.set()
        await asyncio.gather(*stuck, return_exceptions=True)
