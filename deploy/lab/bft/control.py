"""The lab's switches: what each word of the control endpoint does to the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.lab.misbehaviour import HOST

from .faults import MODES
from .network import Execution, Network, Node

DIALECTS = ("qbft", "ibft2", "ibft1")
APIS = ("admin", "clique", "eth", "ibft", "istanbul", "net", "qbft", "txpool", "web3")
CHANGES = {
    "crash": ("alive", False),
    "return": ("alive", True),
    "lag": ("lagging", True),
    "catch-up": ("lagging", False),
    "slow": ("slow", True),
    "quick": ("slow", False),
}


@dataclass(kw_only=True)
class Lab:
    """The network, where it is served, and whether it runs by itself."""

    network: Network
    port: int
    running: bool = False
    evm: str = ""  # where eth_call is executed; without it every call answers 0x

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.port}/{name}"

    def state(self) -> dict[str, Any]:
        return {
            "now": self.network.now(),
            "running": self.running,
            "block_seconds": self.network.period,
            "dialect": self.network.dialect,
            "waiting": self.network.waiting(),
            "validators": ["0x" + one.hex() for one in self.network.validators],
            "nodes": {name: self._node(node) for name, node in self.network.nodes.items()},
        }

    def _node(self, node: Node) -> dict[str, Any]:
        return {
            "url": self.url(node.name),
            "address": "0x" + node.key.address.hex(),
            "head": node.head.number,
            "alive": node.alive,
            "group": node.group,
            "http": node.fault,
        }

    async def run(self) -> None:
        """A block each period while running; one whose proposer is away takes several."""
        while True:
            await asyncio.sleep(self.network.period)
            if self.running:
                self.network.tick()


def throw(lab: Lab, words: list[str]) -> None:
    """Throw the switch that the words name; raises KeyError, TypeError or ValueError for words that name none."""
    SWITCHES[words[0]](lab, *words[1:])


def _run(lab: Lab) -> None:
    lab.running = True


def _stall(lab: Lab) -> None:
    lab.running = False


def _advance(lab: Lab, blocks: str) -> None:
    lab.network.advance(int(blocks))


def _wait(lab: Lab, seconds: str) -> None:
    lab.network.added_seconds += float(seconds)


def _node(lab: Lab, name: str, change: str) -> None:
    attribute, value = CHANGES[change]
    setattr(lab.network.nodes[name], attribute, value)


def _split(lab: Lab, names: str) -> None:
    lab.network.split([lab.network.nodes[name].name for name in names.split(",")])


def _heal(lab: Lab) -> None:
    lab.network.heal()


def _equivocate(lab: Lab, word: str) -> None:
    lab.network.equivocate = word == "on"


def _join(lab: Lab, name: str) -> None:
    lab.network.vote(name, add=True)


def _leave(lab: Lab, name: str) -> None:
    lab.network.vote(name, add=False)


def _dialect(lab: Lab, dialect: str) -> None:
    if dialect not in DIALECTS:
        raise ValueError(dialect)
    lab.network.dialect = dialect


def _number(attribute: str) -> Callable[[Lab, str], None]:
    def throw_it(lab: Lab, number: str) -> None:
        setattr(lab.network, attribute, int(number))

    return throw_it


def _arriving(lab: Lab, number: str) -> None:
    lab.network.arrive(int(number))


def _capacity(lab: Lab, number: str) -> None:
    lab.network.capacity = None if number == "off" else int(number)


def _calls(lab: Lab, name: str, milliseconds: str) -> None:
    lab.network.nodes[name].call_seconds = int(milliseconds) / 1000


def _emit(lab: Lab, address: str, topic: str) -> None:
    lab.network.events.append((address, topic))


def _call(lab: Lab, address: str) -> None:
    lab.network.calls.append(Execution(to=address))


def _revert(lab: Lab, address: str) -> None:
    lab.network.calls.append(Execution(to=address, reverted=True, gas_used=30_000))


def _api(lab: Lab, name: str, api: str, word: str) -> None:
    if api.lower() not in APIS or word not in {"on", "off"}:
        raise ValueError(f"{api}/{word}")
    off = lab.network.nodes[name].off
    (off.discard if word == "on" else off.add)(api.lower())


def _http(lab: Lab, name: str, mode: str) -> None:
    if mode not in MODES:
        raise ValueError(mode)
    lab.network.nodes[name].fault = mode


SWITCHES: Mapping[str, Callable[..., None]] = {
    "run": _run,
    "stall": _stall,
    "advance": _advance,
    "wait": _wait,
    "node": _node,
    "split": _split,
    "heal": _heal,
    "equivocate": _equivocate,
    "join": _join,
    "leave": _leave,
    "dialect": _dialect,
    "empty": _number("empty_period"),
    "ahead": _number("ahead"),
    "transactions": _number("pool"),
    "arriving": _arriving,
    "capacity": _capacity,
    "calls": _calls,
    "emit": _emit,
    "call": _call,
    "revert": _revert,
    "api": _api,
    "http": _http,
}
