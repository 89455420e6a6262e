"""What leans over a boundary: each version counts as if it had always held and always will, and nothing of it stands in the other's slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import ENDED_SECONDS, observe
from sankofa_observe.pipeline.period import PeriodTotals, period_totals
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import (
    LevelIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    StateIndicator,
)
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import SLOT_SECONDS, START, period

BOUNDARY = period(1).ends_at
BEFORE, AFTER = period(1), period(2)
LEAD = -7200
Added = Iterable[tuple[int, int]]  # second from the boundary, value

STATE = StateIndicator(up="up", known="known")
EVENTS = RatioIndicator(good="good", valid="valid")


def samples(**series: Added) -> ScriptedSamples:
    source = ScriptedSamples()
    for name, values in series.items():
        points = [((BOUNDARY + at) * 1000, value) for at, value in values]
        source.add(name, points, site="edge-1", job="app", instance="a")
    return source


def scraped(value: Callable[[int], int], *, lost: range = range(0)) -> list[tuple[int, int]]:
    return [(at, value(at)) for at in range(LEAD, 3600, 15) if at not in lost]


def events(lost: range) -> tuple[ScriptedSamples, Slo, Slo]:
    """The later version counts longer slots, whose good events may settle a minute late."""
    source = samples(
        good=scraped(lambda at: 9 * at // 5 + 20_000, lost=lost),
        valid=scraped(lambda at: 2 * at + 20_000, lost=lost),
        up=scraped(lambda _: 1, lost=lost),
    )
    first = builders.slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES)
    rule = SlotRule(seconds=5 * SLOT_SECONDS, scrape_seconds=15, settles_seconds=60)
    return source, first, replace(first, slot=rule, target_ppm=900_000)


def floating() -> tuple[ScriptedSamples, Slo, Slo]:
    """Scrapes around the boundary are lost, so events float over it."""
    return events(range(-40, 25))


def settling() -> tuple[ScriptedSamples, Slo, Slo]:
    """Every scrape is there, and events of the last minute before the boundary may be good after it."""
    return events(range(0))


def outage() -> tuple[ScriptedSamples, Slo, Slo]:
    """Down from ten minutes before the boundary to five after it; the limit is five minutes before, and twelve from then on."""
    source = samples(up=scraped(lambda at: int(not -600 <= at < 300)), known=scraped(lambda _: 1))
    part = builders.slo("up", indicator=STATE)
    first = builders.slo(indicator=OutageIndicator(of="up", limit_seconds=300), parts={"up": part})
    return source, first, replace(first, indicator=OutageIndicator(of="up", limit_seconds=720))


def level() -> tuple[ScriptedSamples, Slo, Slo]:
    """A rate whose last good sample is just before the boundary; the bound is another one from then on."""
    source = samples(
        bytes_total=scraped(lambda at: 20 * at + 10**6 if at < 0 else 10 * at + 10**6), up=scraped(lambda _: 1)
    )
    level = LevelIndicator(level="bytes_total", operator=Operator.GTE, bound=Decimal(15), reading=Reading.RATE)
    first = builders.slo(indicator=level)
    return source, first, replace(first, indicator=replace(level, bound=Decimal(10)))


def other_series() -> tuple[ScriptedSamples, Slo, Slo]:
    """Another indicator altogether, over slots of another length."""
    source = samples(up=scraped(lambda at: int(at % 240 != 15)), known=scraped(lambda _: 1), good=scraped(lambda at: at + 10**5), valid=scraped(lambda at: at + 10**5))  # fmt: skip
    return (
        source,
        builders.slo(indicator=STATE),
        builders.slo(indicator=EVENTS, slot=SlotRule(seconds=300, scrape_seconds=15)),
    )


WORLDS = [floating, settling, outage, level, other_series]


@pytest.fixture(params=["memory", "delta"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[SlotTable]:
    if request.param == "memory":
        yield MemorySlots()
        return
    store = DeltaSlots(tmp_path / "slots", "observer-1")
    yield store
    store.close()


def count(slo: Slo, source: ScriptedSamples, table: SlotTable, *, until: int = 2400, turns: int = 5) -> None:
    """As time goes by, in turns."""
    since = Catalog().begins_at(slo, START + 3600)  # an hour back, where no agreement leans on it
    for turn in range(1, turns + 1):
        clock = FixedClock(at=BOUNDARY + until * turn // turns)
        list(observe(slo, ["edge-1"], since, source=source, table=table, clock=clock, delay_seconds=30))


def found(slo: Slo, of: Period, table: SlotTable) -> PeriodTotals:
    return period_totals(slo, ["edge-1"], of, table)["edge-1"]


def versions(first: Slo, later: Slo) -> tuple[Slo, Slo]:
    return replace(first, ends_at=BOUNDARY), replace(later, version=2, starts_at=BOUNDARY)


@pytest.mark.parametrize("world", WORLDS)
def test_each_version_counts_as_if_it_were_alone(
    world: Callable[[], tuple[ScriptedSamples, Slo, Slo]], table: SlotTable
) -> None:
    """The last period before the boundary and the first one after it: totals, edges and digest are those of a world without versions."""
    source, first, later = world()
    for one in versions(first, later):
        count(one, source, table)
    old, new = versions(first, later)
    for version, alone, of in ((old, first, BEFORE), (new, later, AFTER)):
        other = MemorySlots()
        count(alone, source, other)
        assert found(version, of, table) == found(alone, of, other)
        assert found(version, of, table).counted == found(version, of, table).slots


@pytest.mark.parametrize(("world", "edge"), [(floating, "after_good"), (settling, "settled")])
def test_events_that_float_over_the_boundary_are_possible_on_both_sides(
    world: Callable[[], tuple[ScriptedSamples, Slo, Slo]], edge: str
) -> None:
    """The worlds are such that something floats: without the slot beyond the boundary, the edges would say that nothing does."""
    source, first, later = world()
    table = MemorySlots()
    old, new = versions(first, later)
    for one in (old, new):
        count(one, source, table)
    of = {"after_good": found(old, BEFORE, table), "settled": found(new, AFTER, table)}[edge]
    assert getattr(of.edges, edge) > 0


def test_an_outage_goes_on_over_the_boundary_by_the_limit_of_each_side() -> None:
    """After ten minutes of outage, version 1 has been past its limit for five; version 2 is from its third minute on."""
    source, first, later = outage()
    table = MemorySlots()
    for one in versions(first, later):
        count(one, source, table)
    bad = {
        one.counted_as: [
            (slot.starts_at - BOUNDARY) // SLOT_SECONDS
            for slot in table.read(one.counted_as, ["edge-1"], of)
            if slot.state is SlotState.BAD
        ]
        for one, of in zip(versions(first, later), (BEFORE, AFTER), strict=True)
    }
    assert bad == {first.name: [-6, -5, -4, -3, -2, -1], f"{first.name}@2": [1, 2, 3, 4]}


def test_a_version_counts_no_further_than_a_slot_beyond_its_boundaries(table: SlotTable) -> None:
    """However it is asked: by turns, by a recount, by a look for late samples; and a later version begins at once where it is written late."""
    source, first, later = floating()
    old, new = versions(first, later)
    for one in (old, new):
        count(one, source, table)
        clock, whole = FixedClock(at=BOUNDARY + 3000), Period(starts_at=START - 3600, ends_at=BOUNDARY + 2400)
        ports = {"source": source, "table": table, "clock": clock}
        list(recount(one, ["edge-1"], whole, **ports))  # type: ignore[arg-type]
        list(recount_late(one, ["edge-1"], whole, **ports))  # type: ignore[arg-type]
    wide = Period(starts_at=START - 10_000, ends_at=BOUNDARY + 10_000)
    starts = {
        one.counted_as: [slot.starts_at for slot in table.read(one.counted_as, ["edge-1"], wide)] for one in (old, new)
    }
    assert starts[old.counted_as][-1] == BOUNDARY
    assert starts[new.counted_as][0] == BOUNDARY - new.slot.seconds


def test_a_version_that_has_ended_asks_no_more() -> None:
    """Its last slots are looked at again while something may still come, and a day later nobody is asked; who was away catches up."""
    source, first, later = floating()
    old, _ = versions(first, later)
    table = MemorySlots()
    count(old, source, table)
    source.reads.clear()
    clock = FixedClock(at=BOUNDARY + ENDED_SECONDS + 3600)
    ports = {"source": source, "clock": clock, "delay_seconds": 30}
    assert list(observe(old, ["edge-1"], START, table=table, **ports)) == []  # type: ignore[arg-type]
    assert source.reads == []
    assert list(observe(old, ["edge-1"], START, table=MemorySlots(), **ports))  # type: ignore[arg-type]
