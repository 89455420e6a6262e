"""One process that answers as all exporters of a fleet and as the platform, with a switch for each fault.

Every observer's exporters stand at one port, the platform at another: a port that is closed refuses connections, as a dead host does.
A fault of a site is a pattern of looks that its scrapes walk through, so "one verdict in three is lost" needs no clock.
Time that is *told* (a chain's head) runs as many times faster as the rules were scaled; nothing here knows a rule.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from deploy.lab.ports import free_port
from deploy.lab.storm import exposition
from deploy.lab.storm.exposition import Look
from deploy.lab.storm.fleet import FORKING, NETWORK, OBSERVERS, Fleet, Site
from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.proxmox.families import ha
from sankofa_observe import telemetry

PLATFORM = "platform"
Pattern = tuple[Look, ...]
WELL: Pattern = (Look.UP,)
BLOCK_SECONDS = 2


@dataclass(kw_only=True)
class World:
    """All exporters and the platform; call `start` once, then set faults."""

    fleet: Fleet
    factor: float
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in (*OBSERVERS, PLATFORM)})
    patterns: dict[tuple[str, str], Pattern] = field(default_factory=dict)  # by site and system
    held: int = 0  # settlements, and
    broken: int = 0  # how often what cannot be was met, as the platform tells it
    stalled_at: float | None = None  # the newest block of the sites' chain is of then
    settlement_stalled_at: float | None = None  # likewise of the chain that settles
    forked: bool = False  # the other chain
    unfound: set[str] = field(default_factory=set)  # sites whose Ceph misses objects
    given_up: set[str] = field(default_factory=set)  # sites whose HA has given up on a service
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._runners: dict[str, web.ServerRunner] = {}
        self._fixed = {
            **{system: exposition.expected(self.fleet.sites.values(), [system]) for system in exposition.PAIRS},
            PLATFORM: [
                *exposition.expected(self.fleet.sites.values()),
                *exposition.inventory(self.fleet.sites.values()),
            ],
        }

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for name in self.ports:
            self.open(name)

    def stop(self) -> None:
        for name in list(self._runners):
            self.close(name)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def open(self, name: str) -> None:
        """Listen as this observer's exporters, or as the platform."""
        self._do(self._open(name))

    def close(self, name: str) -> None:
        """Refuse connections from now on, and end those there are."""
        self._do(self._closed(self._runners.pop(name)))

    def set(self, sites: Iterable[str], pattern: Pattern, *systems: str) -> None:
        """From the next scrape on every system (or the named ones) of these sites walks through the pattern."""
        for name in sites:
            for system in systems or self.fleet.sites[name].systems:
                self.patterns[name, system] = pattern

    def mend(self, sites: Iterable[str]) -> None:
        self.set(sites, WELL)

    def _do(self, work: Awaitable[None]) -> None:
        asyncio.run_coroutine_threadsafe(_whole(work), self._loop).result(30)

    async def _open(self, name: str) -> None:
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.ports[name], reuse_address=True).start()
        self._runners[name] = runner

    async def _closed(self, runner: web.ServerRunner) -> None:
        """Also where a client that died has left an answer half sent: what waits to be read would keep its connection open."""
        for connection in runner.server.connections if runner.server else ():
            if connection.transport:
                connection.transport.abort()
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        match request.path.split("/")[1:]:
            case ["probe"]:
                system, _, site = request.query["target"].partition(".")
                return web.Response(text=self._probed(self.fleet.sites[site], system))
            case ["metrics", system]:
                return web.Response(text="\n".join(self._fixed[system]) + "\n")
            case _:
                return web.Response(text="\n".join((*self._fixed[PLATFORM], *self._platform())) + "\n")

    def _probed(self, site: Site, system: str) -> str:
        pattern = self.patterns.get((site.name, system), WELL)
        step = self.looks[site.name, system]
        self.looks[site.name, system] += 1
        look = pattern[step % len(pattern)]
        if site.tier == "chain":
            stands = look is Look.UP and site.name == NETWORK and self.stalled_at is not None
            return exposition.target("network", Look.DOWN if stands else look, self._network(site.name))
        return exposition.target(system, look, self._more(site, system))

    def _network(self, name: str) -> dict[str, float]:
        """What alerts read of a chain itself, which several nodes are asked about."""
        head = self.head(self.stalled_at if name == NETWORK else None)
        forked = int(name == FORKING and self.forked)
        return {network.FORK_PROVEN.name: forked, network.NETWORK_HEAD_TIMESTAMP.name: head}

    def _more(self, site: Site, system: str) -> dict[str, float]:
        """What alerts of a system read beside its pair."""
        if system == "besu":
            return {besu.HEAD_TIMESTAMP.name: self.head(self.stalled_at)}
        if system == "ceph":
            return {ceph.OBJECTS_UNFOUND.name: int(site.name in self.unfound)}
        if system == "proxmox":
            return {f'{ha.HA_SERVICES.name}{{state="error"}}': int(site.name in self.given_up)}
        return {}

    def head(self, stalled_at: float | None) -> float:
        """When a chain's newest block was made, as the scaled clock tells it."""
        now = time.time()
        return now - (BLOCK_SECONDS if stalled_at is None else self.factor * (now - stalled_at))

    def _platform(self) -> Iterable[str]:
        yield exposition.sample(telemetry.CHAIN_ASKED, time.time())
        yield exposition.sample(telemetry.CHAIN_HEAD, self.head(self.settlement_stalled_at))
        yield exposition.sample(telemetry.SETTLEMENTS, self.held, {"state": "held"})
        yield exposition.sample(telemetry.ERRORS, self.broken, {"part": "scheduler", "kind": "invariant_broken"})


async def _whole(work: Awaitable[Any]) -> None:
    await work
