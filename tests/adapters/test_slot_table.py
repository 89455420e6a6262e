"""The contract of `SlotTable`, on the double and on Delta Lake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.verdict import Tally, tally
from sankofa_observe.testing import MemorySlots
from sankofa_observe.units import Period
from tests.builders import START, period, slot, slots_of

NAME = "availability-edge"
TABLES: dict[str, Callable[[Path], SlotTable]] = {
    "memory": lambda _: MemorySlots(),
    "delta": lambda folder: DeltaSlots(folder / "slots", "observer-1"),
}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> SlotTable:
    return TABLES[request.param](tmp_path)


def stored(slots: list[Slot]) -> list[Slot]:
    """As a table gives them back: raw samples are kept of what is not GOOD."""
    return [replace(one, samples=()) if one.state is SlotState.GOOD else one for one in slots]


def test_table_that_is_empty_answers_nothing(table: SlotTable) -> None:
    """Before the first append every question has an empty answer."""
    assert (
        table.read(NAME, ["edge-1"], period()),
        table.tallies(NAME, ["edge-1"], period()),
        table.watermarks(NAME),
    ) == ([], {}, {})


def test_table_returns_what_was_appended(table: SlotTable) -> None:
    """Slots come back by site and time with the raw samples of every slot that is not GOOD."""
    there, here = slots_of(bad=2, site="edge-2"), slots_of(bad=1)
    assert table.append([*reversed(there), *here], START) == 20
    assert table.read(NAME, ["edge-2", "edge-1"], period()) == stored(here + there)


def test_table_adds_nothing_twice(table: SlotTable) -> None:
    """The same slots again add nothing, whenever they are observed."""
    table.append(slots_of(), START)
    assert table.append(slots_of(), START + 900) == 0


def test_table_takes_a_twin_within_one_append_once(table: SlotTable) -> None:
    """The same slot twice in one batch is one slot; a changed twin is its next revision."""
    known = slot(START, SlotState.BAD)
    assert table.append([slot(START, SlotState.UNKNOWN), slot(START, SlotState.UNKNOWN), known], START) == 2
    assert table.read(NAME, ["edge-1"], period()) == [known]


def test_table_reads_the_latest_revision(table: SlotTable) -> None:
    """A slot that changed stands in its newest form; it may change back."""
    unknown, known = slot(START, SlotState.UNKNOWN), slot(START, SlotState.BAD)
    seen = [
        (table.append([one], START), table.read(NAME, ["edge-1"], period())) for one in (unknown, known, unknown, known)
    ]
    assert seen == [(1, [unknown]), (1, [known]), (1, [unknown]), (1, [known])]


def test_table_notices_changed_samples(table: SlotTable) -> None:
    """Other raw samples under the same counts are another revision, because they are evidence."""
    first = slot(START, SlotState.BAD)
    other = slot(START, SlotState.BAD, samples=(((START * 1000 + 7, 0, 1),),))
    assert [table.append([first], START), table.append([other], START)] == [1, 1]
    assert table.read(NAME, ["edge-1"], period()) == [other]


def test_table_reads_a_half_open_period(table: SlotTable) -> None:
    """A slot that starts at the period's end belongs to the next one."""
    table.append(slots_of(0) + slots_of(1), START)
    inside = Period(starts_at=START + 60, ends_at=START + 600)
    assert [one.starts_at for one in table.read(NAME, ["edge-1"], inside)] == list(range(START + 60, START + 600, 60))


@pytest.mark.parametrize("sites", [[], ["edge-9"], ["edge"], ["edge-1' OR 1=1"]], ids=str)
def test_table_reads_only_the_named_sites(table: SlotTable, sites: list[str]) -> None:
    """A site that is not there has no slot, and no name is a pattern."""
    table.append(slots_of(), START)
    assert (table.read(NAME, sites, period()), table.tallies(NAME, sites, period())) == ([], {})


def test_table_keeps_slos_apart(table: SlotTable) -> None:
    """Two SLOs of one site share nothing."""
    mine, other = slot(START, SlotState.BAD), slot(START, SlotState.GOOD, slo="latency", samples=())
    table.append([mine, other], START)
    assert (table.read(NAME, ["edge-1"], period()), table.read("latency", ["edge-1"], period())) == ([mine], [other])


MIXED = (
    slot(START, SlotState.GOOD),
    slot(START + 60, SlotState.BAD),
    slot(START + 120, SlotState.UNKNOWN, good=900, valid=901, seen=1),
    slot(START + 180, SlotState.EXCLUDED, good=800, valid=801),
    slot(START + 240, SlotState.RECOVERED, good=7, valid=9),
    slot(START + 300, SlotState.NO_TRAFFIC, good=0, valid=0),
)


def test_table_tallies_as_the_core_does(table: SlotTable) -> None:
    """Sums over every state equal those of `tally` over the same slots."""
    table.append([*MIXED, *slots_of(1), *slots_of(0, site="edge-2")], START)
    assert dict(table.tallies(NAME, ["edge-1", "edge-2"], period())) == {
        "edge-1": tally(MIXED),
        "edge-2": tally(slots_of(0, site="edge-2")),
    }


@pytest.mark.parametrize("state", [SlotState.UNKNOWN, SlotState.EXCLUDED])
def test_table_tallies_a_site_without_any_known_slot(table: SlotTable, state: SlotState) -> None:
    """Where nothing is known the busiest slot is 0, not absent."""
    table.append([slot(START, state, good=3, valid=4)], START)
    counted = state is SlotState.UNKNOWN
    expected = Tally(states={state: 1}, good=3 if counted else 0, valid=4 if counted else 0, busiest=0)
    assert dict(table.tallies(NAME, ["edge-1"], period())) == {"edge-1": expected}


def test_table_knows_the_newest_slot_of_each_site(table: SlotTable) -> None:
    """The watermark is the largest start, in whatever order slots arrived."""
    table.append(slots_of(1), START)
    table.append(slots_of(0), START)
    table.append([slot(START + 60, site="edge-2")], START)
    assert dict(table.watermarks(NAME)) == {"edge-1": START + 600 + 540, "edge-2": START + 60}


def test_table_keeps_every_revision_of_an_observer_apart(tmp_path: Path) -> None:
    """Two observers share a Delta table and never see each other's slots."""
    first, second = DeltaSlots(tmp_path / "slots", "observer-1"), DeltaSlots(tmp_path / "slots", "observer-2")
    mine, other = slot(START, SlotState.BAD), slot(START, SlotState.UNKNOWN)
    assert [first.append([mine], START), second.append([other], START)] == [1, 1]
    assert (first.read(NAME, ["edge-1"], period()), second.read(NAME, ["edge-1"], period())) == ([mine], [other])


def test_table_survives_compaction(tmp_path: Path) -> None:
    """Joining the files of many ticks changes no row."""
    table = DeltaSlots(tmp_path / "slots", "observer-1")
    for one in slots_of(bad=3):
        table.append([one], START)
    table.append([slot(START, SlotState.UNKNOWN)], START)
    before = table.read(NAME, ["edge-1"], period())
    table.compact()
    assert table.read(NAME, ["edge-1"], period()) == before
    assert before[0] == slot(START, SlotState.UNKNOWN)


def test_table_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    """A damaged log, or a data file that is gone, is told as `Unavailable` and never as a library's error."""
    table = DeltaSlots(tmp_path / "slots", "observer-1")
    table.append(slots_of(), START)
    for file in (tmp_path / "slots").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(Unavailable, match="slots"):
        table.read(NAME, ["edge-1"], period())
    for file in (tmp_path / "slots" / "_delta_log").glob("*.json"):
        file.write_text("no json")
    with pytest.raises(Unavailable, match="slots"):
        table.append(slots_of(1), START)
