"""Going round the nodes: concurrently, when due, and a silent one costs bounded time and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.proxmox.visits import LANES, NODE_SECONDS, Errand, Visits
from tests.pace import limit

from .recorded import Clock

NODES = [f"pve{number}" for number in range(1, 17)]


class Asked:
    """An errand that notes who is asked, and how many at once."""

    def __init__(self, **troubles: CollectorError) -> None:
        self.nodes: list[str] = []
        self.at_once = self.most = 0
        self.troubles = troubles

    async def __call__(self, node: str, budget: Budget) -> str:
        self.nodes.append(node)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if node in self.troubles:
            raise self.troubles[node]
        return f"answer of {node}"


def visits(*errands: tuple[str, Any], period: float = 60) -> tuple[Visits, Clock]:
    clock = Clock()
    made = tuple(Errand(name=name, ask=ask, period_seconds=period) for name, ask in errands)
    return Visits(errands=made, clock=clock), clock


async def test_every_node_is_asked_once_and_a_few_at_a_time() -> None:
    """Sixteen nodes, never more than the lanes at once, and all have answered."""
    ask = Asked()
    found, _ = visits(("zfs", ask))
    await found.go(NODES, Budget.of(limit(5)))

    assert sorted(ask.nodes) == sorted(NODES)
    assert ask.most == LANES
    assert found.recall(found.errands[0], NODES).answers == {node: f"answer of {node}" for node in NODES}


async def test_answers_are_kept_for_a_period_and_then_not_all_asked_at_once() -> None:
    """At 15 s no probe asks more than half of the nodes again, and in a period and a bit everybody was asked."""
    ask = Asked()
    found, clock = visits(("zfs", ask))
    await found.go(NODES, Budget.of(limit(5)))
    loads = []
    for _ in range(40):
        ask.nodes.clear()
        clock.now += 15
        await found.go(NODES, Budget.of(limit(5)))
        loads.append(len(ask.nodes))

    assert max(loads) <= len(NODES) // 2
    assert sum(loads[:4]) == len(NODES)
    assert all(sum(loads[at : at + 4]) == len(NODES) for at in range(0, 40, 4))


async def test_a_period_of_zero_asks_at_every_probe() -> None:
    """Nothing is remembered."""
    ask = Asked()
    found, _ = visits(("zfs", ask), period=0)
    for _ in range(3):
        await found.go(NODES[:2], Budget.of(limit(5)))

    assert sorted(ask.nodes) == ["pve1"] * 3 + ["pve2"] * 3


@pytest.mark.parametrize(("kind", "second_is_asked"), [(Kind.TIMEOUT, False), (Kind.REFUSED, False), (Kind.HTTP, True)])
async def test_a_node_that_is_not_reached_is_not_asked_for_more(*, kind: Kind, second_is_asked: bool) -> None:
    """The rest of its visit has the same trouble; an answer that is merely wrong costs one errand."""
    first, second = Asked(pve2=CollectorError(kind, "x")), Asked()
    found, _ = visits(("replication", first), ("zfs", second))
    await found.go(["pve1", "pve2"], Budget.of(limit(5)))
    answers = found.recall(found.errands[1], ["pve1", "pve2"]).answers

    assert ("pve2" in second.nodes) is second_is_asked
    assert set(answers) == ({"pve1", "pve2"} if second_is_asked else {"pve1"})


async def test_hanging_nodes_cost_their_own_time_and_come_last_the_next_time() -> None:
    """Three nodes fill all lanes; the others are still asked in this probe, and first in the next one."""
    order: list[str] = []
    granted: list[float] = []

    async def ask(node: str, budget: Budget) -> str:
        order.append(node)
        if node in NODES[:LANES]:
            granted.append(budget.remaining())
            await asyncio.sleep(0 if len(granted) > LANES else budget.remaining())
            order.append(f"{node} is given up")
            raise CollectorError(Kind.TIMEOUT, "x")
        return node

    found, clock = visits(("zfs", ask))
    await found.go(NODES, Budget.of(limit(9)))
    assert len(found.recall(found.errands[0], NODES).answers) == len(NODES) - LANES
    assert max(granted) <= NODE_SECONDS
    given_up = [at for at, name in enumerate(order) if name not in NODES]
    assert max(order.index(name) for name in NODES[:LANES]) < min(given_up)  # all three hang at once
    order.clear()
    clock.now += 61
    await found.go(NODES, Budget.of(limit(9)))

    assert [name for name in order if name in NODES][-LANES:] == NODES[:LANES]


async def test_without_time_nothing_is_asked_and_memory_stands() -> None:
    """A probe whose deadline is near keeps the last answers, with their age."""
    ask = Asked()
    found, clock = visits(("zfs", ask))
    await found.go(NODES[:2], Budget.of(limit(5)))
    clock.now += 61
    await found.go(NODES[:2], Budget.of(0))
    answer = found.recall(found.errands[0], NODES[:2])

    assert (sorted(ask.nodes), set(answer.answers), answer.age_seconds) == (["pve1", "pve2"], {"pve1", "pve2"}, 61)


async def test_an_answer_past_its_cap_is_stale() -> None:
    """Five minutes without a chance to ask again."""
    found, clock = visits(("zfs", Asked()))
    await found.go(NODES[:1], Budget.of(limit(5)))
    clock.now += 301
    with pytest.raises(CollectorError) as caught:
        found.recall(found.errands[0], NODES[:1])

    assert caught.value.failure.kind is Kind.STALE


async def test_a_node_that_left_is_forgotten() -> None:
    """It is asked anew when it is back, and a cluster whose nodes come and go does not fill the memory."""
    ask = Asked()
    found, _ = visits(("zfs", ask))
    await found.go(["pve1", "pve2"], Budget.of(limit(5)))
    await found.go(["pve1"], Budget.of(limit(5)))
    await found.go(["pve1", "pve2"], Budget.of(limit(5)))

    assert ask.nodes == ["pve1", "pve2", "pve2"]


async def test_a_defect_about_one_node_is_that_nodes_trouble() -> None:
    """An exception nobody expected does not end the round."""

    async def ask(node: str, _budget: Budget) -> str:
        if node == "pve1":
            raise KeyError(node)
        return node

    found, _ = visits(("zfs", ask))
    await found.go(["pve1", "pve2"], Budget.of(limit(5)))

    assert found.recall(found.errands[0], ["pve1", "pve2"]).answers == {"pve2": "pve2"}
