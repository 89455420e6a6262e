"""What a store holds after minutes of turns, late samples and restarts is what one recount finds after the grace."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import RawSeries
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from tests.simulation import events, oracle
from tests.simulation.oracle import PERIOD

DELAY_SECONDS = 30
# Turns read little where nothing is in doubt, so every class is a test of that shortcut as well.
SEEDS = range(int(os.environ.get("STORED_SEEDS", "1")))
LATE = {
    "on time": (),
    "two minutes": (120,),
    "ten minutes": (600,),
    "an hour": (3600,),
}


def promised(world: events.World) -> Slo:
    """The SLO of the oracle, with selectors for the world's series."""
    made = oracle.slo_of(world)
    codes = RatioIndicator(good='app_requests_total{code="200"}', valid="app_requests_total", changing=world.changing)
    pair = RatioIndicator(good="app_seconds_bucket", valid="app_seconds_count", changing=world.changing)
    listed = tuple(one.name for one in world.emitters if one.listed)
    return replace(made, indicator=codes if world.layout == "codes" else pair, sources={"a": listed})


def arrived(world: events.World, late: tuple[int, ...], dice: random.Random) -> Iterator[tuple[int, RawSeries]]:
    """The world's series in pieces, each with the instant at which it is there."""
    good, valid, up = world.seen()
    since = events.START_MS + dice.randrange(0, events.PERIOD_MS)
    window = range(since, since + dice.randrange(60_000, 300_000)) if late else range(0)
    whole = {id(one[1]): one for one in (*valid, *good, *up)}  # a code's series is met by both selectors
    for labels, points in whole.values():
        for at, value in points:
            delay = dice.choice(late) if at in window else 0
            yield at // 1000 + delay, RawSeries(labels=labels, samples=[(at, value)])


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "lateness", [one if one == "ten minutes" else pytest.param(one, marks=pytest.mark.tier("test-all")) for one in LATE]
)
@pytest.mark.parametrize("kind", events.CLASSES)
def test_stored_slots_equal_a_later_recount(kind: str, lateness: str) -> None:
    """To the last figure and proof, whatever came late, and although turns were missed."""
    for seed in SEEDS:
        world, dice = events.world(kind, seed), random.Random(f"{kind} {seed} {lateness}")
        slo = promised(world)
        pieces = sorted(arrived(world, LATE[lateness], dice), key=lambda one: one[0])
        table, source, clock = MemorySlots(), ScriptedSamples(), FixedClock(at=PERIOD.starts_at + DELAY_SECONDS)
        place = 0
        while clock.at < PERIOD.ends_at + 4800:
            place = _deliver(source, pieces, place, clock.at)
            if dice.random() < 0.9:  # a turn may be missed
                _turn(slo, source, table, clock)
            clock.forward(dice.choice((60, 60, 120)))
        _drain(recount_late(slo, ["a"], PERIOD, source=source, table=table, clock=clock))
        stored = table.read(slo.name, ["a"], PERIOD)
        at_once = read_slots(slo, ["a"], PERIOD, source)
        assert _texts(stored) == _texts(at_once), f"{kind} {seed}"
        assert stored == at_once, f"{kind} {seed}"


def _turn(slo: Slo, source: ScriptedSamples, table: MemorySlots, clock: FixedClock) -> None:
    since_at = PERIOD.starts_at
    _drain(observe(slo, ["a"], since_at, source=source, table=table, clock=clock, delay_seconds=DELAY_SECONDS))


def _deliver(source: ScriptedSamples, pieces: list[tuple[int, RawSeries]], place: int, now: int) -> int:
    """Add what has arrived by now; answers how far one is."""
    known = {tuple(sorted(one.labels.items())): one for one in source.series}
    while place < len(pieces) and pieces[place][0] <= now:
        piece = pieces[place][1]
        key = tuple(sorted(piece.labels.items()))
        if key not in known:
            known[key] = RawSeries(labels=piece.labels, samples=[])
        known[key].samples.extend(piece.samples)  # type: ignore[attr-defined]  # a list of our own
        place += 1
    source.series = list(known.values())
    return place


def _texts(slots: list[Slot]) -> list[str]:
    return [
        f"{one.starts_at - PERIOD.starts_at} {one.state} {one.good}/{one.bad}/{one.hidden} {one.reasons}"
        for one in slots
    ]


def _drain(steps: Iterator[object]) -> None:
    for _ in steps:
        pass
