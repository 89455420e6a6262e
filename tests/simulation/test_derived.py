"""Outages, members and rates in random worlds: what is known is true, however it was cut, stored or came late, and is proven."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.testing import FixedClock, MemorySlots
from sankofa_observe.units import Period
from sankofa_observe.verify import verify
from tests.builders import START
from tests.simulation.derived import KINDS, LENGTH, PLACE, World, world
from tests.unit.documents import document
from tests.unit.referee import holds, packed

SEEDS = range(int(os.environ.get("DERIVED_SEEDS", "6")))
PERIOD = Period(starts_at=START, ends_at=START + LENGTH)
DELAY_SECONDS = 30


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_of_a_slot_is_true(kind: str) -> None:
    """What was lost, late or not known makes a slot UNKNOWN, and never the other of GOOD and BAD."""
    for seed in SEEDS:
        made = world(kind, seed)
        found = _at_once(made)
        true = read_slots(made.slo, [PLACE], PERIOD, made.true)
        wrong = [
            one.starts_at - START
            for one, other in zip(found, true, strict=True)
            if {one.state, other.state} == {SlotState.GOOD, SlotState.BAD}
        ]
        assert wrong == [], f"{kind} {seed}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_slots_of_others_are_stored_as_one_recount_finds_them_and_hold(kind: str) -> None:
    """Cut at random, and turn by turn with what had arrived by then; the evidence of them is followed by both verifiers."""
    for seed in SEEDS:
        made, dice = world(kind, seed), random.Random(seed)
        found = _at_once(made)
        stored = _by_turns(made, dice)

        assert list(_cut(made, dice)) == found, f"{kind} {seed}"
        assert stored == found, f"{kind} {seed}"
        raw = packed(document(made.slo, stored, PERIOD))
        assert (verify(raw).wrong, holds(raw)) == ([], True), f"{kind} {seed}"


def test_worlds_of_each_kind_have_all_states() -> None:
    for kind in KINDS:
        states = Counter(slot.state for seed in range(12) for slot in _at_once(world(kind, seed)))
        assert set(states) == {SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN}, kind


def _at_once(made: World) -> list[Slot]:
    return read_slots(made.slo, [PLACE], PERIOD, made.by(float("inf")))


def _cut(made: World, dice: random.Random) -> Iterator[Slot]:
    source, at = made.by(float("inf")), PERIOD.starts_at
    while at < PERIOD.ends_at:
        end = min(at + 60 * dice.randint(1, 20), PERIOD.ends_at)
        yield from read_slots(made.slo, [PLACE], Period(starts_at=at, ends_at=end), source)
        at = end


def _by_turns(made: World, dice: random.Random) -> list[Slot]:
    table, clock, step = MemorySlots(), FixedClock(at=START - 900), dice.choice((60, 120, 300))
    ports = {"table": table, "clock": clock}
    while clock.at < PERIOD.ends_at + 900:
        source = made.by(clock.at - START)
        for _ in observe(made.slo, [PLACE], START - 1200, source=source, delay_seconds=DELAY_SECONDS, **ports):  # type: ignore[arg-type]
            pass
        clock.forward(step)
    clock.forward(6000)
    whole = with_neighbours(PERIOD, made.slo)
    for _ in recount_late(made.slo, [PLACE], whole, source=made.by(float("inf")), **ports):  # type: ignore[arg-type]
        pass
    return table.read(made.slo.name, [PLACE], PERIOD)
