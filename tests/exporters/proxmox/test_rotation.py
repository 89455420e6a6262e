"""Details in rotation: one call a probe, kinds in turn, and answers that stay for as long as a round may take."""

from __future__ import annotations

import asyncio

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.proxmox.system.rotation import AT_ONCE, DETAILS, DISKS, SNAPSHOTS, Ask, Rotation
from tests.pace import limit

from .recorded import Clock

GUESTS = [f"qemu/{number}" for number in range(1, 5)]


def answering(order: list[str], *keys: str) -> dict[str, Ask | None]:
    def of(key: str) -> Ask:
        async def ask(_budget: Budget) -> str:
            order.append(key)
            return key

        return ask

    return {key: of(key) for key in keys}


async def step(rotation: Rotation, wanted: dict[str, dict[str, Ask | None]]) -> None:
    attempt = rotation.begin(wanted)
    if attempt is not None:
        await attempt.wait(limit(5))


async def test_kinds_take_turns_and_each_key_has_one() -> None:
    """Two nodes' disks and four guests' snapshots: one call each, no kind waits for the end of another."""
    order: list[str] = []
    rotation = Rotation(clock=Clock())
    wanted = {"disks": answering(order, "pve1", "pve2"), "snapshots": answering(order, *GUESTS)}
    for _ in range(8):
        await step(rotation, wanted)

    assert order == ["pve1", "qemu/1", "pve2", "qemu/2", "qemu/3", "qemu/4"]
    assert set(rotation.recall(SNAPSHOTS).answers) == set(GUESTS)


async def test_what_is_most_overdue_comes_first() -> None:
    """After its period each key is asked again, the oldest answer first."""
    order: list[str] = []
    clock = Clock()
    rotation = Rotation(details=(SNAPSHOTS,), clock=clock)
    for key in reversed(GUESTS):
        await step(rotation, {"snapshots": {**dict.fromkeys(GUESTS), **answering(order, key)}})
        clock.now += 10
    clock.now += SNAPSHOTS.period_seconds
    await step(rotation, {"snapshots": answering(order, *GUESTS)})

    assert order[-1] == GUESTS[-1]


async def test_what_cannot_be_asked_just_now_is_kept_and_what_is_gone_is_forgotten() -> None:
    """A guest on a node that is offline keeps its snapshots; one that was removed does not."""
    order: list[str] = []
    rotation = Rotation(details=(SNAPSHOTS,), clock=Clock())
    for _ in range(2):
        await step(rotation, {"snapshots": answering(order, "qemu/1", "qemu/2")})
    await step(rotation, {"snapshots": {"qemu/1": None}})

    assert dict(rotation.recall(SNAPSHOTS).answers) == {"qemu/1": "qemu/1"}


async def test_hanging_calls_do_not_pile_up() -> None:
    """While two are under way no third begins; when they have ended, the rotation goes on."""
    released = asyncio.Event()
    began: list[str] = []

    def hanging(key: str) -> Ask:
        async def ask(_budget: Budget) -> str:
            began.append(key)
            await released.wait()
            return key

        return ask

    rotation = Rotation(details=(SNAPSHOTS,), clock=Clock())
    wanted: dict[str, dict[str, Ask | None]] = {"snapshots": {guest: hanging(guest) for guest in GUESTS}}
    attempts = [rotation.begin(wanted) for _ in range(4)]
    await asyncio.sleep(0)
    assert ([attempt is not None for attempt in attempts], len(began)) == ([True, True, False, False], AT_ONCE)
    released.set()
    for attempt in attempts[:AT_ONCE]:
        assert attempt is not None
        await attempt.wait(limit(5))

    assert rotation.begin(wanted) is not None
    rotation.cancel()


async def test_a_kind_without_anything_to_ask_is_no_failure() -> None:
    """No storage for backups, no guest: nothing is known, and nothing is missing."""
    rotation = Rotation(clock=Clock())
    await step(rotation, {"disks": {}})

    assert [dict(rotation.recall(detail).answers) for detail in DETAILS] == [{}] * 4


async def test_a_failed_answer_costs_its_own_key() -> None:
    """One node refuses: the other's disks are known; when all refuse, the collector says why."""

    async def refuse(_budget: Budget) -> str:
        raise CollectorError(Kind.PERMISSION, "x")

    rotation = Rotation(details=(DISKS,), clock=Clock())
    await step(rotation, {"disks": {"pve1": refuse}})
    with pytest.raises(CollectorError) as caught:
        rotation.recall(DISKS)
    await step(rotation, {"disks": {"pve1": refuse, **answering([], "pve2")}})

    assert (caught.value.failure.kind, dict(rotation.recall(DISKS).answers)) == (Kind.PERMISSION, {"pve2": "pve2"})
