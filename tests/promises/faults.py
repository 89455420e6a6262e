"""Faults driven into the estate's sources: what each strikes, and how its source itself says that it is there and gone.

Waited for is the source's own word, never a time; so a machine that is busy makes a fault longer, and no test red.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from deploy.lab.sources.chain import TRANSACTIONS_A_SECOND
from deploy.lab.sources.estate import Estate
from deploy.lab.sources.gateway import users
from deploy.lab.sources.yard import INTERFACE
from tests.promises.judging import STRUCK, STRUCK_REGIONAL, Judge

USERS = ("latency-edge-user", "latency-regional-user", "latency-core-user")
DATACENTERS = (
    "availability-core", "availability-regional", "redundancy-core", "redundancy-regional", "rto-core", "rto-regional",
)  # fmt: skip


@dataclass(kw_only=True)
class Fault:
    """`strikes` are the promises that it breaks; `may_touch` are those that it may break as well, later or for less long."""

    name: str
    strikes: Sequence[str]
    begin: Callable[[], object]
    end: Callable[[], object]
    is_there: Callable[[], bool] = lambda: True
    is_gone: Callable[[], bool] = lambda: True
    may_touch: Sequence[str] = ()


def asked_too_much(estate: Estate, judge: Judge) -> list[Fault]:
    """Of a gateway, a line and a chain, while two APIs are not ready and a cluster has no quorum: five sources apart."""
    stack = ExitStack()
    chain, link, pve = estate.chain, estate.link, estate.hypervisors
    ready = (estate.readiness[STRUCK], estate.readiness[STRUCK_REGIONAL])
    above = judge.above("throughput-chain")

    def queue() -> None:
        for origin in estate.origins:
            origin.fail(status=200, delay_seconds=0.3)
        stack.enter_context(users(estate.haproxy.url, 8))  # two servers of two places take 13 a second

    def leave() -> None:
        for origin in estate.origins:
            origin.mend()
        stack.close()

    def fill() -> None:
        chain.do("capacity/5")
        chain.do("arriving/50")

    def empty() -> None:
        chain.do(f"arriving/{TRANSACTIONS_A_SECOND}")
        chain.do("capacity/off")

    return [
        Fault(name="requests queue", strikes=("throughput-api",), begin=queue, end=leave),
        Fault(
            name="the line drops",
            strikes=("bandwidth-core",),
            begin=lambda: link.set(INTERFACE, out_octets_per_second=5_000_000, out_discards_per_second=40),
            end=lambda: link.set(INTERFACE, out_octets_per_second=11_000_000, out_discards_per_second=0),
        ),
        Fault(
            name="two APIs are not ready",
            strikes=("kubernetes-api-core", "kubernetes-api-regional", *DATACENTERS),
            begin=lambda: [one.fail(status=500) for one in ready],
            end=lambda: [one.mend() for one in ready],
        ),
        Fault(
            name="no quorum",
            strikes=("availability-edge",),
            begin=lambda: pve.do("quorum/lost"),
            end=lambda: pve.do("quorum/restored"),
        ),
        Fault(
            name="blocks are full",
            strikes=("throughput-chain",),
            begin=fill,
            end=empty,
            is_there=lambda: chain.state()["waiting"] > above,
            is_gone=lambda: chain.state()["waiting"] <= above,
        ),
    ]


def answered_late(estate: Estate, _judge: Judge) -> list[Fault]:
    """Users and queries wait, copies grow old, operations hang."""
    chain, pve, storage = estate.chain, estate.hypervisors, estate.storage

    def hang() -> None:
        storage.do("flag/nodown/set")  # else the others would go on without it
        storage.do("osd.2/freeze")

    def go_on() -> None:
        storage.do("osd.2/thaw")
        storage.do("flag/nodown/unset")

    return [
        Fault(
            name="users wait",
            strikes=USERS,  # 150 ms are too slow for all three tiers
            begin=lambda: estate.behind_nginx.fail(status=200, delay_seconds=0.15),
            end=estate.behind_nginx.mend,
        ),
        Fault(
            name="queries wait",
            strikes=("latency-chain-query",),
            begin=lambda: chain.do("calls/replica-1/300"),
            end=lambda: chain.do("calls/replica-1/0"),
        ),
        Fault(
            name="copies fail",
            strikes=("rpo",),
            begin=lambda: pve.do("replication/100-0/failing"),
            end=lambda: pve.do("replication/100-0/ok"),
        ),
        Fault(
            name="operations hang",
            strikes=("iops-storage",),
            begin=hang,
            end=go_on,
            is_there=storage.slow,
            is_gone=lambda: not storage.slow(),
        ),
    ]


def gone(estate: Estate, _judge: Judge) -> list[Fault]:
    """The gateway ends, storage serves nobody, the chain makes no block."""
    chain, nginx, storage = estate.chain, estate.nginx, estate.storage
    stalled: list[float] = []

    def end_nginx() -> None:
        assert nginx.child is not None
        nginx.child.kill()

    def stall() -> None:
        chain.do("stall")
        stalled[:] = [time.time(), chain.height()]

    return [
        Fault(
            name="the gateway ended",
            strikes=("gateway-core", "gateway-regional"),
            begin=end_nginx,
            end=nginx.start_server,
            may_touch=(*USERS, *DATACENTERS),
        ),
        Fault(
            name="storage does not serve",
            strikes=("storage-core", "storage-regional"),
            begin=lambda: [storage.do(f"osd.{one}/stop") for one in (1, 2)],
            end=lambda: [storage.do(f"osd.{one}/start") for one in (1, 2)],
            is_there=lambda: bool(storage.state("osdmap")["up"] == [0]),
            is_gone=storage.serving,
            may_touch=DATACENTERS,
        ),
        Fault(
            name="no blocks",
            strikes=("availability-chain", "redundancy-chain-state", "validators-core", "replicas-regional"),
            begin=stall,
            end=lambda: chain.do("run"),
            is_there=lambda: time.time() > stalled[0] + chain.old_seconds + 1,
            is_gone=lambda: chain.height() > stalled[1],
            may_touch=("throughput-chain", *DATACENTERS),
        ),
    ]


ACTS = (asked_too_much, answered_late, gone)


@dataclass(kw_only=True)
class Stretch:
    """When a fault began, was there, began to end and was gone, in seconds of this machine's one clock."""

    fault: Fault
    began_at: float = field(default_factory=time.time)
    there_at: float = 0.0
    ends_at: float = 0.0
    gone_at: float = 0.0
