"""The lab's BFT chain inside a test: served on loopback, its time under the test's hand, and a network source that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deploy.lab.bft.control import Lab, throw
from deploy.lab.bft.network import Network, Node
from deploy.lab.bft_chain import served
from deploy.lab.ports import free_port
from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.node.system.source import BesuSource
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.probe.runtime import Report
from tests.pace import limit

from .recorded import probed, values

STARTED = 1_750_000_000.0
BOUNDS = Bounds(body_bytes=1024 * 1024)  # so that a huge body ends soon
WINDOW = 16
BACKLOG = 24


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The running lab."""

    lab: Lab

    @property
    def network(self) -> Network:
        return self.lab.network

    def node(self, name: str) -> Node:
        return self.network.nodes[name]

    def address(self, name: str) -> str:
        return "0x" + self.node(name).key.address.hex()

    def do(self, path: str) -> None:
        """Throw a switch as the control endpoint does."""
        throw(self.lab, path.strip("/").split("/"))

    @asynccontextmanager
    async def watched(self, *names: str, **module: Any) -> AsyncIterator[NetworkSource]:
        witnesses = {name: self.lab.url(name) for name in names or tuple(self.network.nodes)}
        settings = BesuModule(**{"window_blocks": WINDOW, **module})
        opened = open_source(settings, BesuTarget(module="m", witnesses=witnesses), BOUNDS)
        assert isinstance(opened, NetworkSource)
        source = NetworkSource.of(opened.witnesses, settings)
        object.__setattr__(source, "clock", self.network.now)
        try:
            yield source
        finally:
            await source.close()

    @asynccontextmanager
    async def watched_node(self, name: str, *, role: str = "replica", **module: Any) -> AsyncIterator[BesuSource]:
        target = BesuTarget.model_validate({"module": "m", "endpoint": self.lab.url(name), "role": role})
        source = open_source(BesuModule(**module), target, Bounds())
        assert isinstance(source, BesuSource)
        object.__setattr__(source, "clock", self.network.now)
        try:
            yield source
        finally:
            await source.close()

    async def probe(self, source: Any, *, seconds: float | None = None) -> Report:
        return await probed(source, seconds=limit(5) if seconds is None else seconds, now=self.network.now)

    async def seen(self, source: Any, *, seconds: float | None = None) -> dict[tuple[str, ...], Any]:
        """The values of one probe by name and labels."""
        return values(await self.probe(source, seconds=seconds))


@asynccontextmanager
async def chain(
    *,
    dialect: str = "qbft",
    validators: int = 4,
    replicas: int = 0,
    backlog: int = BACKLOG,
    off: Sequence[str] = (),
    **more: Any,
) -> AsyncIterator[Chain]:
    network = Network.of(
        dialect=dialect, validators=validators, replicas=replicas, backlog=backlog, clock=lambda: STARTED, **more
    )
    for node in network.nodes.values():
        node.off = set(off)
    async with served(Lab(network=network, port=free_port())) as lab:
        yield Chain(lab=lab)


def by_validator(found: dict[tuple[str, ...], Any], family: str) -> dict[str, float]:
    return {key[1]: value for key, value in found.items() if key[0] == f"besu_validator_{family}"}


def pair(found: dict[tuple[str, ...], Any]) -> tuple[float, float]:
    return found["besu_network_up",], found["besu_network_known",]
