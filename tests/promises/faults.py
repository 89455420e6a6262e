"""Faults driven into the estate's sources: what each strikes, and how its source itself says that it is there and gone.

Waited for is the source's own word, never a time; so a machine that is busy makes a fault longer, and no test red.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from deploy.lab.sources.chain import TRANSACTIONS_A_SECOND, Chain
from deploy.lab.sources.estate import Estate
from deploy.lab.sources.gateway import users
from deploy.lab.sources.hypervisors import Hypervisors
from deploy.lab.sources.link import Link
from deploy.lab.sources.storage import Storage
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


@dataclass(kw_only=True)
class Stretch:
    """When a fault began, was there, began to end and was gone, in seconds of this machine's one clock."""

    fault: Fault
    began_at: float = field(default_factory=time.time)
    there_at: float = 0.0
    ends_at: float = 0.0
    gone_at: float = 0.0

    def end(self) -> None:
        self.ends_at = time.time()
        self.fault.end()


def acts(estate: Estate, judge: Judge) -> Sequence[Sequence[Fault]]:
    """Of each act, faults in sources that have nothing to do with each other."""
    return (
        (
            requests_queue(estate),
            line_drops(estate.link),
            apis_not_ready(estate),
            no_quorum(estate.hypervisors),
            blocks_full(estate.chain, judge),
        ),
        (
            users_wait(estate),
            line_full(estate.link),
            queries_wait(estate.chain),
            copies_fail(estate.hypervisors),
            operations_hang(estate.storage),
        ),
        (gateway_ended(estate), storage_serves_nobody(estate.storage), no_blocks(estate.chain)),
    )


def requests_queue(estate: Estate) -> Fault:
    """Eight users at two servers of two places that take 0.3 s each make 13 requests a second, and a queue."""
    leaving = ExitStack()

    def begin() -> None:
        for origin in estate.origins:
            origin.fail(status=200, delay_seconds=0.3)
        leaving.enter_context(users(estate.haproxy.url, 8))

    def end() -> None:
        for origin in estate.origins:
            origin.mend()
        leaving.close()

    return Fault(name="requests queue", strikes=("throughput-api",), begin=begin, end=end)


def line_drops(link: Link) -> Fault:
    return Fault(
        name="the line drops",
        strikes=("bandwidth-core",),
        begin=lambda: link.set(INTERFACE, out_discards_per_second=40),
        end=lambda: link.set(INTERFACE, out_discards_per_second=0),
    )


def line_full(link: Link) -> Fault:
    """A line of 100 that runs at 40 and carries 40, and drops nothing; before and after, the same traffic leaves room."""
    return Fault(
        name="the line is full",
        strikes=("bandwidth-core",),
        begin=lambda: link.set(INTERFACE, speed_mbit=40),
        end=lambda: link.set(INTERFACE, speed_mbit=100),
    )


def apis_not_ready(estate: Estate) -> Fault:
    """Of one core datacenter, on standby, and of one regional one; for longer than recovery may take."""
    struck = (estate.readiness[STRUCK], estate.readiness[STRUCK_REGIONAL])

    def begin() -> None:
        for one in struck:
            one.fail(status=500)

    def end() -> None:
        for one in struck:
            one.mend()

    strikes = ("kubernetes-api-core", "kubernetes-api-regional", *DATACENTERS)
    return Fault(name="two APIs are not ready", strikes=strikes, begin=begin, end=end)


def no_quorum(pve: Hypervisors) -> Fault:
    return Fault(
        name="no quorum",
        strikes=("availability-edge",),
        begin=lambda: pve.do("quorum/lost"),
        end=lambda: pve.do("quorum/restored"),
    )


def blocks_full(chain: Chain, judge: Judge) -> Fault:
    """50 transactions a second come, and a block a second takes 5."""
    above = judge.above("throughput-chain")

    def begin() -> None:
        chain.do("capacity/5")
        chain.do("arriving/50")

    def end() -> None:
        chain.do(f"arriving/{TRANSACTIONS_A_SECOND}")
        chain.do("capacity/off")

    return Fault(
        name="blocks are full",
        strikes=("throughput-chain",),
        begin=begin,
        end=end,
        is_there=lambda: chain.state()["waiting"] > above,
        is_gone=lambda: chain.state()["waiting"] <= above,
    )


def users_wait(estate: Estate) -> Fault:
    """150 ms: too slow for all three tiers."""
    return Fault(
        name="users wait",
        strikes=USERS,
        begin=lambda: estate.behind_nginx.fail(status=200, delay_seconds=0.15),
        end=estate.behind_nginx.mend,
    )


def queries_wait(chain: Chain) -> Fault:
    """600 ms: over the bound by more than a busy machine delays the exporter, and within a probe's time."""
    return Fault(
        name="queries wait",
        strikes=("latency-chain-query",),
        begin=lambda: chain.do("calls/replica-1/600"),
        end=lambda: chain.do("calls/replica-1/0"),
    )


def copies_fail(pve: Hypervisors) -> Fault:
    """One guest's: its newest copy is two hours old."""
    return Fault(
        name="copies fail",
        strikes=("rpo",),
        begin=lambda: pve.do("replication/100-0/failing"),
        end=lambda: pve.do("replication/100-0/ok"),
    )


def operations_hang(storage: Storage) -> Fault:
    """An OSD stands still, and the others may not go on without it: the pool serves, and no write comes to its end.

    Metrics do not tell which flag is set, so datacenters whose storage is asked by metrics alone are not known meanwhile.
    """

    def begin() -> None:
        storage.do("flag/nodown/set")
        storage.do("osd.2/freeze")

    def end() -> None:
        storage.do("osd.2/thaw")
        storage.do("flag/nodown/unset")

    return Fault(
        name="operations hang",
        strikes=("iops-storage",),
        begin=begin,
        end=end,
        is_there=storage.slow,
        is_gone=lambda: not storage.slow(),
    )


def gateway_ended(estate: Estate) -> Fault:
    nginx = estate.nginx

    def begin() -> None:
        assert nginx.child is not None
        nginx.child.kill()

    return Fault(
        name="the gateway ended",
        strikes=("gateway-core", "gateway-regional"),
        begin=begin,
        end=nginx.start_server,
        may_touch=(*USERS, *DATACENTERS),
    )


def storage_serves_nobody(storage: Storage) -> Fault:
    """Two OSDs of three stop, and the pool serves with two copies."""

    def both(switch: str) -> None:
        for osd in ("osd.1", "osd.2"):
            storage.do(f"{osd}/{switch}")

    return Fault(
        name="storage does not serve",
        strikes=("storage-core", "storage-regional"),
        begin=lambda: both("stop"),
        end=lambda: both("start"),
        is_there=lambda: bool(storage.state("osdmap")["up"] == [0]),
        is_gone=storage.serving,
        may_touch=DATACENTERS,
    )


def no_blocks(chain: Chain) -> Fault:
    """It is there once the head is as old as the exporter calls old; a few transactions come on."""
    stalled: dict[str, float] = {}

    def begin() -> None:
        chain.do("stall")
        stalled.update(at=time.time(), height=chain.height())

    return Fault(
        name="no blocks",
        strikes=("availability-chain", "redundancy-chain-state", "validators-core", "replicas-regional"),
        begin=begin,
        end=lambda: chain.do("run"),
        is_there=lambda: time.time() > stalled["at"] + chain.old_seconds + 1,
        is_gone=lambda: chain.height() > stalled["height"],
        may_touch=("throughput-chain", *DATACENTERS),
    )
