"""Asking every node: when due, a few at a time, and a silent one costs itself alone, whoever waits how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.proxmox.system.node_queries import LANES, NodePoller, NodeQuery
from tests.pace import limit

from .recorded import Clock

NODES = [f"pve{number}" for number in range(1, 17)]


class Asked:
    """A query that notes who is asked, and how many at once."""

    def __init__(self, **failures: CollectorError) -> None:
        self.nodes: list[str] = []
        self.at_once = self.most = 0
        self.failures = failures

    async def __call__(self, node: str, budget: Budget) -> str:
        self.nodes.append(node)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if node in self.failures:
            raise self.failures[node]
        return f"answer of {node}"


def poller(*queries: tuple[str, Any], period: float = 60) -> tuple[NodePoller, Clock]:
    clock = Clock()
    made = tuple(NodeQuery(name=name, ask=ask, period_seconds=period) for name, ask in queries)
    return NodePoller(queries=made, clock=clock), clock


async def ask(found: NodePoller, nodes: list[str]) -> None:
    found.begin(nodes)
    await found.wait(Budget.of(limit(9)))


async def test_every_node_is_asked_once_and_a_few_at_a_time() -> None:
    """Sixteen nodes, never more than the lanes at once, and all have answered."""
    zfs = Asked()
    found, _ = poller(("zfs", zfs))
    await ask(found, NODES)

    assert sorted(zfs.nodes) == sorted(NODES)
    assert zfs.most == LANES
    assert found.recall(found.queries[0], NODES).answers == {node: f"answer of {node}" for node in NODES}


async def test_answers_are_kept_for_a_period_and_then_not_all_asked_at_once() -> None:
    """At 15 s no probe asks more than half of the nodes again, and in a period everybody is asked once."""
    zfs = Asked()
    found, clock = poller(("zfs", zfs))
    await ask(found, NODES)
    loads = []
    for _ in range(40):
        zfs.nodes.clear()
        clock.now += 15
        await ask(found, NODES)
        loads.append(len(zfs.nodes))

    assert max(loads) <= len(NODES) // 2
    assert all(sum(loads[at : at + 4]) == len(NODES) for at in range(0, 40, 4))


async def test_a_period_of_zero_asks_at_every_probe() -> None:
    """Each probe has its own answers."""
    zfs = Asked()
    found, _ = poller(("zfs", zfs), period=0)
    for _ in range(3):
        await ask(found, NODES[:2])

    assert sorted(zfs.nodes) == ["pve1"] * 3 + ["pve2"] * 3


@pytest.mark.parametrize(("kind", "second_is_asked"), [(Kind.TIMEOUT, False), (Kind.REFUSED, False), (Kind.HTTP, True)])
async def test_a_node_that_is_not_reached_is_not_asked_for_more(*, kind: Kind, second_is_asked: bool) -> None:
    """Its other queries would fail the same way; an answer that is merely wrong costs one query."""
    first, second = Asked(pve2=CollectorError(kind, "x")), Asked()
    found, _ = poller(("replication", first), ("zfs", second))
    await ask(found, ["pve1", "pve2"])

    assert ("pve2" in second.nodes) is second_is_asked
    assert set(found.recall(found.queries[1], ["pve1", "pve2"]).answers) == (
        {"pve1", "pve2"} if second_is_asked else {"pve1"}
    )


async def test_hanging_nodes_do_not_hold_up_the_others_for_a_second_time() -> None:
    """As many as there are lanes hang: then they are asked apart, one by one, and all others at once."""
    hanging = set(NODES[:LANES])
    order: list[str] = []
    released = asyncio.Event()

    async def zfs(node: str, _budget: Budget) -> str:
        order.append(node)
        if node in hanging:
            await released.wait()
            raise CollectorError(Kind.TIMEOUT, "x")
        return node

    found, clock = poller(("zfs", zfs))
    found.begin(NODES)
    await asyncio.sleep(0)
    released.set()
    await found.wait(Budget.of(limit(9)))
    assert found.silent == hanging
    released.clear()
    order.clear()
    clock.now += 120
    found.begin(NODES)
    await found.wait(Budget.of(3))  # less than an attempt's own deadline, after which the next silent one has its turn

    assert set(order) == {*NODES[LANES:], NODES[0]}
    assert len(found.recall(found.queries[0], NODES).answers) == len(NODES) - LANES
    found.cancel()


async def test_a_callers_short_time_is_no_failure_of_the_node() -> None:
    """The probe ends before the answer; the next one has it, and nobody was called silent."""
    released = asyncio.Event()

    async def zfs(node: str, _budget: Budget) -> str:
        await released.wait()
        return node

    found, _ = poller(("zfs", zfs))
    found.begin(["pve1"])
    await found.wait(Budget.of(0.01))
    with pytest.raises(CollectorError) as caught:
        found.recall(found.queries[0], ["pve1"])
    released.set()
    await found.wait(Budget.of(limit(5)))

    assert caught.value.failure.kind is Kind.TIMEOUT
    assert (found.recall(found.queries[0], ["pve1"]).answers, found.silent) == ({"pve1": "pve1"}, set())


async def test_an_answer_past_its_cap_is_stale() -> None:
    """Five minutes without a chance to ask again."""
    found, clock = poller(("zfs", Asked()))
    await ask(found, NODES[:1])
    clock.now += 301
    with pytest.raises(CollectorError) as caught:
        found.recall(found.queries[0], NODES[:1])

    assert caught.value.failure.kind is Kind.STALE


@pytest.mark.parametrize(
    ("kind", "kept"), [(Kind.TIMEOUT, True), (Kind.HTTP, True), (Kind.PERMISSION, False), (Kind.DECODE, False)]
)
async def test_silence_keeps_the_last_answer_and_a_refusal_takes_its_place(*, kind: Kind, kept: bool) -> None:
    """Until the answer is too old to be believed."""
    zfs = Asked()
    found, clock = poller(("zfs", zfs))
    await ask(found, ["pve1", "pve2"])
    zfs.failures = {"pve1": CollectorError(kind, "x")}
    clock.now += 61
    await ask(found, ["pve1", "pve2"])
    clock.now += 1

    assert ("pve1" in found.recall(found.queries[0], ["pve1", "pve2"]).answers) is kept


async def test_a_node_that_left_is_forgotten() -> None:
    """It is asked anew when it is back, and a cluster whose nodes come and go does not fill the memory."""
    zfs = Asked()
    found, _ = poller(("zfs", zfs))
    for nodes in (["pve1", "pve2"], ["pve1"], ["pve1", "pve2"]):
        await ask(found, nodes)

    assert zfs.nodes == ["pve1", "pve2", "pve2"]


async def test_a_defect_about_one_node_is_that_nodes_failure() -> None:
    """An exception nobody expected costs nobody else."""

    async def zfs(node: str, _budget: Budget) -> str:
        if node == "pve1":
            raise KeyError(node)
        return node

    found, _ = poller(("zfs", zfs))
    await ask(found, ["pve1", "pve2"])

    assert found.recall(found.queries[0], ["pve1", "pve2"]).answers == {"pve2": "pve2"}
