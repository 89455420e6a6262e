"""Whatever fails and whenever the process ends: the chain, the ledger and the credits are those of the run without it.

The invariants are numbered in README.md. `SIMULATION_SEEDS=17` (or `0-999`) runs the named seeds only; `EVERY_CALL=1` ends
the process at every call of a port, where otherwise each third is taken and each name of a call at least once.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

import pytest

from tests.simulation.world import FAULTS, WINDOW_SECONDS, Outcome, World

REPLAY = "SIMULATION_SEEDS={seed} .venv/bin/python -m pytest tests/simulation -k schedule"


FEWEST = 24  # seeds that together meet every fault
CALLS = 1 if os.environ.get("EVERY_CALL") else 3


def seeds() -> range:
    first, _, last = os.environ.get("SIMULATION_SEEDS", f"0-{FEWEST - 1}").partition("-")
    return range(int(first), int(last or first) + 1)


_met: dict[int, tuple[Counter[str], set[str]]] = {}  # by seed, of the lives that tests have lived


def _meets(world: World) -> tuple[Counter[str], set[str]]:
    """The faults that a life met, and the calls at which its process ended."""
    return Counter(world.met), set(world.fuse.burnt)


@cache
def peaceful(seed: int) -> Outcome:
    """How the seed ends when nothing fails."""
    world = World(seed)
    world.run_in_peace()
    return world.outcome()


def lived(seed: int) -> World:
    """The world of a seed after its faults, and after the time in peace that follows them."""
    world = World(seed)
    try:
        world.run_with_faults()
        world.run_in_peace()
    except Exception as error:
        error.add_note(f"seed {seed}; replay it with: {REPLAY.format(seed=seed)}")
        raise
    return world


@pytest.mark.parametrize("seed", seeds())
def test_any_schedule_of_faults_ends_as_the_run_without_them(seed: int) -> None:
    """Invariants 1 to 8: after crashes and faults of every part the end is that of the peaceful run, and a replay adds nothing."""
    world = lived(seed)
    _met[seed] = _meets(world)
    end, again = world.outcome(), f"seed {seed}; replay it with: {REPLAY.format(seed=seed)}"
    ids = sorted(row[0] for row in end.settlements)

    assert peaceful(seed) == end, f"invariant 6: {again}"
    assert [(one, what) for one in ids for what in ("reported", "final")] == list(end.writes), f"invariant 7: {again}"
    assert ids == [row[0] for row in end.credits], f"invariant 7: {again}"

    sizes = world.sizes()
    for _ in range(3):
        world.turn()
    assert sizes == world.sizes(), f"invariant 8: {again}"


def test_every_seed_has_something_to_lose() -> None:
    """No schedule is empty: each peaceful run has a breach that is credited, and together they have every kind of slot."""
    ends = [peaceful(seed) for seed in range(FEWEST)]

    assert all(end.credits for end in ends)
    assert {row[2] for end in ends for row in end.slots} == {"GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN"}
    assert {row[3] for end in ends for row in end.verdicts} == {"met", "breach", "undetermined"}


def test_schedules_meet_every_fault() -> None:
    """A few seeds meet each fault many times, and end the process in every kind of store and in every source."""
    met: Counter[str] = Counter()
    ports = set()
    for seed in range(FEWEST):
        found, burnt = _met.get(seed) or _meets(lived(seed))
        met += found
        ports |= {name.partition(".")[0] for name in burnt}

    assert {name for name, times in met.items() if times >= FEWEST} == {
        *(f"chain {fault}" for fault in FAULTS), "crash", "source away", "source in part", "attestor away",
    }  # fmt: skip
    assert ports >= {"FixedClock", "ArrivedSamples", "MemorySlots", "MemoryLedger", "FakeChain"}


@pytest.mark.parametrize("after", [False, True])
def test_crash_at_any_call_of_a_write_or_of_the_chain_changes_nothing(after: bool) -> None:  # noqa: FBT001
    """Invariant 6: the process ends once, before or after the nth call of a port on the way to the credit."""
    called, ended = _crashed_at(nth=-1, after=after).fuse.called, set()
    first = {called.index(name) for name in set(called)}
    for nth in sorted({*range(0, len(called), CALLS), *first}):
        world = _crashed_at(nth=nth + 1, after=after)
        ended |= set(world.fuse.burnt)
        assert peaceful(3) == world.outcome(), f"call {nth} of {len(called)}: {world.fuse.burnt}"

    assert {
        "MemoryArchive.put", "MemoryLedger.add_penalty", "Recounting.answers", "Recounting.signature",
        "FakeChain.sign_reports", "MemoryLedger.add_attempt", "FakeChain.send", "FakeChain.receipt",
        "MemoryLedger.close_attempt", "MemoryLedger.add_state", "FakeChain.sign_finalise", "FakeChain.finalisations",
        "MemoryLedger.add_credit",
    } <= ended  # fmt: skip


def _crashed_at(*, nth: int, after: bool) -> World:
    """Seed 3, observed and judged without a fault; then every call of a port may be the last."""
    world = World(3)
    world.clock.forward(4000)  # both periods are over: a turn takes every step that can be taken
    world.observe_and_judge()
    world.fuse.after, world.fuse.calls_left = after, nth
    world.fuse.called.clear()
    for _ in range(6):
        world.turn(observing=False)
        world.clock.forward(WINDOW_SECONDS)
    world.calm()
    for _ in range(4):
        world.turn(observing=False)
    return world
