"""The contract of `SlotTable`, on the double and on Delta Lake, and what only a table on a disk has to promise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise, permutations
from pathlib import Path
from random import Random

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_observe.adapters.slots import DeltaSlots, care
from sankofa_observe.adapters.slots.days import newest
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, SiteSpan, site_days, span
from sankofa_observe.testing import MemorySlots
from sankofa_observe.units import Period
from tests.builders import SLOTS, START, period, slot, slots_of

NAME = "availability-edge"
FIRST_DAY = START // DAY_SECONDS
DAY = Period(starts_at=START, ends_at=START + DAY_SECONDS)
TABLES: dict[str, Callable[[Path], SlotTable]] = {
    "memory": lambda _: MemorySlots(),
    "delta": lambda folder: DeltaSlots(folder, "observer-1"),
}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> SlotTable:
    return TABLES[request.param](tmp_path)


def test_table_that_is_empty_answers_nothing(table: SlotTable) -> None:
    """Before the first append every question has an empty answer."""
    assert (
        table.read(NAME, ["edge-1"], period()),
        table.site_days(NAME, ["edge-1"], DAY),
        table.samples(NAME, ["edge-1"], DAY),
        table.watermarks(NAME),
        table.uncertain(NAME, 0),
    ) == ([], [], {}, {}, {})


def test_table_returns_what_was_appended(table: SlotTable) -> None:
    """Slots come back by site and time with their proof."""
    there, here = slots_of(bad=2, site="edge-2"), slots_of(bad=1)
    assert table.append([*reversed(there), *here], START) == 20
    assert table.read(NAME, ["edge-2", "edge-1"], period()) == here + there


def test_table_adds_nothing_twice(table: SlotTable) -> None:
    """The same slots again add nothing, whenever they are observed."""
    table.append(slots_of(), START)
    assert table.append(slots_of(), START + 900) == 0


def test_table_takes_a_twin_within_one_append_once(table: SlotTable) -> None:
    """The same slot twice in one batch is one slot; of two that differ the last counts."""
    known = slot(START, SlotState.BAD)
    assert table.append([slot(START, SlotState.UNKNOWN), slot(START, SlotState.UNKNOWN), known], START) == 1
    assert table.read(NAME, ["edge-1"], period()) == [known]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_of_two_rows_with_one_revision_the_later_observed_one_stands_for_every_reader(order: tuple[int, ...]) -> None:
    """Two writers of one observer in the same moment (case F30): whichever file is read first, before and after it is compacted."""
    rows = [(1, 200, "unknown"), (2, 100, "good"), (2, 101, "bad")]
    frame = pl.DataFrame(
        [(NAME, "edge-1", START, *rows[n]) for n in order],
        schema=["slo", "site", "starts_at", "revision", "observed_at", "state"],
        orient="row",
    )
    assert newest(frame)["state"].to_list() == ["bad"]
    first = frame.filter(pl.col("observed_at") < 200).with_columns(revision=1)
    assert newest(first)["state"].to_list() == ["bad"]


def test_table_reads_the_latest_revision(table: SlotTable) -> None:
    """A slot that changed stands in its newest form; it may change back."""
    unknown, known = slot(START, SlotState.UNKNOWN), slot(START, SlotState.BAD)
    seen = [
        (table.append([one], START, anyhow=True), table.read(NAME, ["edge-1"], period()))
        for one in (unknown, known, unknown, known)
    ]
    assert seen == [(1, [unknown]), (1, [known]), (1, [unknown]), (1, [known])]


def test_slot_of_fewer_samples_does_not_replace_one_of_more(table: SlotTable) -> None:
    """The source has forgotten; only a person who asks for it by name may have the slot counted so."""
    known, forgotten = slot(START, SlotState.BAD), slot(START, SlotState.UNKNOWN)
    table.append([known], START)
    assert (table.append([forgotten], START), table.read(NAME, ["edge-1"], period())) == (0, [known])
    assert table.append([forgotten], START, anyhow=True) == 1


def test_table_tells_which_slots_came_late(table: SlotTable) -> None:
    """By site the first and the last of those that stand as counted from fewer samples; new ones, and a site's own past, are none."""
    early = [slot(START + at, SlotState.UNKNOWN) for at in (60, 180)]
    table.append([*early, slot(START, SlotState.GOOD), slot(START, SlotState.UNKNOWN, site="edge-2")], START)
    later = [slot(START + at, SlotState.GOOD) for at in range(0, 300, 60)]

    assert table.late(later) == {"edge-1": (START + 60, START + 180)}
    assert (
        table.late([slot(START + 600, SlotState.GOOD, site="edge-2"), slot(START, SlotState.GOOD, site="edge-3")]) == {}
    )
    assert table.late([slot(START, SlotState.GOOD, slo="latency")]) == {}


def test_table_amends_only_what_stands_of_as_many_samples(table: SlotTable) -> None:
    """More samples, fewer samples and a slot that is new are left; what differs otherwise is a revision."""
    standing = [slot(START + 60 * n, SlotState.BAD) for n in range(3)]
    table.append([*standing, slot(START + 180, SlotState.UNKNOWN)], START)
    other = slot(START, SlotState.BAD, proof=(("a/b", ((START * 1000 + 7, 0),)),))
    fewer, more = slot(START + 60, SlotState.UNKNOWN), slot(START + 180, SlotState.GOOD)
    offered = [other, fewer, standing[2], more, slot(START + 240, SlotState.GOOD)]

    assert (table.amend(offered, START + 900), table.amend(offered, START + 900)) == (1, 0)
    assert table.read(NAME, ["edge-1"], period()) == [other, *standing[1:], slot(START + 180, SlotState.UNKNOWN)]


def test_table_of_one_commit_knows_what_waits_in_it(tmp_path: Path) -> None:
    """Inside `together` a slot that was appended before is read, and a second append of it is a second revision."""
    table, unknown, known = (
        DeltaSlots(tmp_path, "observer-1"),
        slot(START, SlotState.UNKNOWN),
        slot(START, SlotState.BAD),
    )
    with table.together(START):
        added = [table.append([unknown], START), table.append([unknown], START), table.append([known], START + 1)]
        inside = table.read(NAME, ["edge-1"], period())

    assert (added, inside, table.read(NAME, ["edge-1"], period())) == ([1, 0, 1], [known], [known])


def test_table_notices_a_changed_proof(table: SlotTable) -> None:
    """Another proof under the same counts is another revision, because it is evidence."""
    first = slot(START, SlotState.BAD)
    other = slot(START, SlotState.BAD, proof=(("a/b", ((START * 1000 + 7, 0),)),))
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
    assert (table.read(NAME, sites, period()), table.site_days(NAME, sites, DAY)) == ([], [])


def test_table_keeps_slos_apart(table: SlotTable) -> None:
    """Two SLOs of one site share nothing."""
    mine, other = slot(START, SlotState.BAD), slot(START, SlotState.GOOD, slo="latency")
    table.append([mine, other], START)
    assert (table.read(NAME, ["edge-1"], period()), table.read("latency", ["edge-1"], period())) == ([mine], [other])


MIXED = [
    slot(START, SlotState.BAD, over_good=3, over_bad=1, over_hidden=2),
    slot(START + 60, SlotState.BAD),
    slot(START + 120, SlotState.UNKNOWN, good=900, bad=1, hidden=5, blind=60),
    slot(START + 180, SlotState.GOOD, settling=4),
    slot(START + 240, SlotState.NO_TRAFFIC, good=0),
    slot(START + DAY_SECONDS - 60, SlotState.BAD, bad=2**53, settling=7),
]


def test_table_adds_up_days_as_the_core_does(table: SlotTable) -> None:
    """Every figure of a site-day is that of the same slots in plain Python: sums, edges, runs and digest."""
    next_day = [slot(one.starts_at + DAY_SECONDS, one.state) for one in MIXED]
    all_good = slots_of(0, bad=0, site="edge-2")
    table.append([*MIXED, *next_day, *all_good], START)
    expected = site_days([*MIXED, *next_day, *all_good])
    two_days = Period(starts_at=START, ends_at=START + 2 * DAY_SECONDS)
    assert table.site_days(NAME, ["edge-1", "edge-2"], two_days) == expected
    assert dict(table.spans(NAME, ["edge-1", "edge-2"], two_days)) == {
        "edge-1": span(expected[:2]), "edge-2": span(expected[2:]),
    }  # fmt: skip


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    ("since", "until"), [(60, 2 * DAY_SECONDS), (0, DAY_SECONDS + 180), (120, 240), (180, 3 * DAY_SECONDS)]
)
def test_table_adds_up_parts_of_days(tmp_path: Path, since: int, until: int, *, sealed: bool) -> None:
    """A period that begins or ends inside a day has the slots that start in it, whether the day is sealed or not."""
    table, every = (
        DeltaSlots(tmp_path, "observer-1"),
        [*MIXED, *(replace(one, starts_at=one.starts_at + DAY_SECONDS) for one in MIXED)],
    )
    table.append(every, START)
    if sealed:
        table.seal(START // DAY_SECONDS, START)
    wanted = Period(starts_at=START + since, ends_at=START + until)
    expected = span(site_days(one for one in every if one.starts_at in wanted))
    assert dict(table.spans(NAME, ["edge-1"], wanted)) == {"edge-1": expected}


@pytest.mark.parametrize("sealed", [False, True])
def test_table_adds_up_several_periods_in_one_question(tmp_path: Path, *, sealed: bool) -> None:
    """As each by itself: whole days and parts of days, of several sites, of periods that touch or lie apart."""
    every = [
        replace(one, starts_at=one.starts_at + day * DAY_SECONDS, site=site)
        for day in range(5)
        for site in ("edge-1", "edge-2")
        for one in MIXED
        if (day, site) != (2, "edge-2")
    ]
    edges = [0, 60, DAY_SECONDS, 2 * DAY_SECONDS, 2 * DAY_SECONDS + 180, 5 * DAY_SECONDS]
    periods = [Period(starts_at=START + since, ends_at=START + until) for since, until in pairwise(edges)]
    periods.append(Period(starts_at=START + 9 * DAY_SECONDS, ends_at=START + 10 * DAY_SECONDS))
    with closing(DeltaSlots(tmp_path, "observer-1")) as table:
        table.append(every, START)
        for day in range(4) if sealed else ():
            table.seal(START // DAY_SECONDS + day, START)
        sites = ["edge-1", "edge-2"]
        found = table.cut(NAME, sites, periods)
        each = {(site, one): of for one in periods for site, of in table.spans(NAME, sites, one).items()}
        assert found == {key: replace(of, lines="") for key, of in each.items()}
    memory = MemorySlots()
    memory.append(every, START)
    assert found == memory.cut(NAME, sites, periods)


def test_table_knows_how_many_samples_an_hour_was_counted_from(table: SlotTable) -> None:
    """By site and hour, of the newest revisions."""
    table.append(
        [slot(START, samples=8), slot(START + 3600, samples=7), slot(START + 60, samples=1, site="edge-2")], START
    )
    table.append([slot(START, samples=9)], START)
    assert dict(table.samples(NAME, ["edge-1", "edge-2"], DAY)) == {
        ("edge-1", START): 9, ("edge-1", START + 3600): 7, ("edge-2", START): 1,
    }  # fmt: skip


def test_table_knows_the_oldest_slot_that_may_still_change(table: SlotTable) -> None:
    """Of those that start from an instant on, the oldest whose newest revision has a reason."""
    table.append([slot(START + 60 * n, SlotState.UNKNOWN) for n in range(4)], START)
    table.append([slot(START + 120)], START)
    assert [dict(table.uncertain(NAME, START + at)) for at in (0, 120, 240)] == [
        {"edge-1": START}, {"edge-1": START + 180}, {},
    ]  # fmt: skip


def test_table_knows_the_newest_slot_of_each_site(table: SlotTable) -> None:
    """The watermark is the largest start, in whatever order slots arrived."""
    table.append(slots_of(1), START)
    table.append(slots_of(0), START)
    table.append([slot(START + 60, site="edge-2")], START)
    assert dict(table.watermarks(NAME)) == {"edge-1": START + 600 + 540, "edge-2": START + 60}


def test_table_keeps_every_revision_of_an_observer_apart(tmp_path: Path) -> None:
    """Two observers share a Delta table and never see each other's slots."""
    first, second = DeltaSlots(tmp_path, "observer-1"), DeltaSlots(tmp_path, "observer-2")
    mine, other = slot(START, SlotState.BAD), slot(START, SlotState.UNKNOWN)
    assert [first.append([mine], START), second.append([other], START)] == [1, 1]
    assert (first.read(NAME, ["edge-1"], period()), second.read(NAME, ["edge-1"], period())) == ([mine], [other])


def test_table_survives_compaction(tmp_path: Path) -> None:
    """Joining the files of many ticks changes no row."""
    table = DeltaSlots(tmp_path, "observer-1")
    for one in slots_of(bad=3):
        table.append([one], START)
    table.append([slot(START, SlotState.UNKNOWN)], START, anyhow=True)
    before = table.read(NAME, ["edge-1"], period())
    table.compact()
    assert table.read(NAME, ["edge-1"], period()) == before
    assert before[0] == slot(START, SlotState.UNKNOWN)


def test_table_is_sealed_into_one_file_a_day_and_answers_the_same(tmp_path: Path) -> None:
    """Sealing changes where rows lie; what was read, and the totals, are as before, and superseded revisions are kept."""
    table = DeltaSlots(tmp_path, "observer-1")
    for one in MIXED:
        table.append([one], START)
    table.append([slot(START + 60, SlotState.GOOD)], START)
    before = (table.read(NAME, ["edge-1"], DAY), table.site_days(NAME, ["edge-1"], DAY))
    assert (table.unsealed(), table.seal(FIRST_DAY, START)) == ([FIRST_DAY], 1)
    assert (table.read(NAME, ["edge-1"], DAY), table.site_days(NAME, ["edge-1"], DAY)) == before
    assert (table.unsealed(), sum(table.slots.rows_by_partition().values())) == ([], len(MIXED) + 1)
    table.compact()
    files = DeltaTable(str(tmp_path / "slots")).file_uris()
    assert len(files) == 1


def test_late_slot_of_a_sealed_day_makes_its_totals_anew(tmp_path: Path) -> None:
    """The day gets a revision, and the next process reads it."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(MIXED, START)
    table.seal(FIRST_DAY, START)
    late = slot(START, SlotState.GOOD)
    table.append([late], START + 9)
    [found] = DeltaSlots(tmp_path, "observer-1").site_days(NAME, ["edge-1"], DAY)
    assert found == replace(site_days([late, *MIXED[1:]])[0], revision=2)


def test_totals_that_a_killed_process_left_behind_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the slots and their day's totals: the next writer sees it by the number of rows, and mends it."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(MIXED, START)
    table.seal(FIRST_DAY, START)
    monkeypatch.setattr(DeltaSlots, "_total_anew", lambda *_: None)
    table.append([slot(START, SlotState.GOOD)], START)
    table.close()
    monkeypatch.undo()
    following = DeltaSlots(tmp_path, "observer-1")
    following.append([slot(START + DAY_SECONDS)], START)
    assert following.site_days(NAME, ["edge-1"], DAY)[0].totals.states[SlotState.GOOD] == 2


def test_second_writer_of_an_observer_is_refused(tmp_path: Path) -> None:
    """It is told who writes; another observer's writer, and readers, are free."""
    first, second = DeltaSlots(tmp_path, "observer-1"), DeltaSlots(tmp_path, "observer-1")
    first.append(slots_of(), START)
    with pytest.raises(Unavailable, match=rf"process {os.getpid()} writes them"):
        second.append(slots_of(1), START)
    assert len(second.read(NAME, ["edge-1"], DAY)) == SLOTS
    assert DeltaSlots(tmp_path, "observer-2").append(slots_of(), START) == SLOTS
    first.close()
    assert second.append(slots_of(1), START) == SLOTS


def test_writers_of_several_observers_share_the_tables(tmp_path: Path) -> None:
    """Each appends, seals and compacts as if it were alone: no commit is lost, and none fails because another one came first."""
    names, days = ("east", "north", "west"), range(3)

    def write(name: str) -> None:
        table = DeltaSlots(tmp_path, name)
        for day in days:
            for minute in range(12):
                at = START + day * DAY_SECONDS + minute * 60
                assert table.append([slot(at)], START) == 1
            table.seal(FIRST_DAY + day, START)
            table.compact()
        table.close()

    with ThreadPoolExecutor(len(names)) as processes:
        for done in [processes.submit(write, name) for name in names]:
            done.result()
    whole = Period(starts_at=START, ends_at=START + len(days) * DAY_SECONDS)
    for name in names:
        table = DeltaSlots(tmp_path, name)
        assert len(table.read(NAME, ["edge-1"], whole)) == 12 * len(days)
        assert table.unsealed() == []


def test_stages_of_one_process_share_a_table(tmp_path: Path) -> None:
    """Observing, judging and sealing run in threads of their own over one open table: nothing is lost, nothing fails."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(slots_of(0), START)

    def observe(number: int) -> int:
        with table.together(START):
            return table.append(slots_of(0, site=f"edge-{number}"), START)

    def judge(_: int) -> int:
        table.compact()
        return len(table.site_days(NAME, ["edge-1"], DAY)) + len(table.read(NAME, ["edge-1"], DAY))

    with ThreadPoolExecutor(4) as stages:
        observed = [stages.submit(observe, number) for number in range(2, 14)]
        judged = [stages.submit(judge, number) for number in range(12)]
        sealed = stages.submit(table.seal, FIRST_DAY, START)
        assert [one.result() for one in observed] == [SLOTS] * 12
        assert {one.result() for one in judged} == {1 + SLOTS}
        assert sealed.result() >= 1
    sites = [f"edge-{number}" for number in range(1, 14)]
    assert len(table.read(NAME, sites, DAY)) == 13 * SLOTS
    assert [one.slots for one in table.site_days(NAME, sites, DAY)] == [SLOTS] * 13


def test_slots_of_one_turn_are_one_commit(tmp_path: Path) -> None:
    """However many SLOs and sites: the log grows by the turn."""
    table = DeltaSlots(tmp_path, "observer-1")
    with table.together(START):
        for site in ("edge-1", "edge-2"):
            table.append(slots_of(site=site), START)
            table.append([replace(one, slo="other") for one in slots_of(site=site)], START)
    assert DeltaTable(str(tmp_path / "slots")).version() == 0
    assert len(table.read("other", ["edge-1", "edge-2"], DAY)) == 2 * SLOTS


def test_old_slots_are_forgotten_and_their_totals_stay(tmp_path: Path) -> None:
    """What a retention leaves of a day is what verdicts and boards need."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([*MIXED, slot(START + 9 * DAY_SECONDS)], START)
    table.seal(FIRST_DAY, START)
    [before] = table.site_days(NAME, ["edge-1"], DAY)
    days = [FIRST_DAY - 1, FIRST_DAY, FIRST_DAY + 9]
    assert [table.forget(some) for some in ([], days, days)] == [[], [FIRST_DAY], []]
    assert (table.read(NAME, ["edge-1"], DAY), table.forgotten(DAY)) == ([], True)
    assert table.site_days(NAME, ["edge-1"], DAY) == [replace(before, revision=2)]


def test_day_that_was_never_sealed_is_not_forgotten(tmp_path: Path) -> None:
    """Without its totals nothing would be left of it."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([*MIXED, slot(START + 9 * DAY_SECONDS)], START)
    assert (table.forget([FIRST_DAY]), len(table.read(NAME, ["edge-1"], DAY))) == ([], len(MIXED))


def test_day_that_is_lost_by_damage_is_counted_anew(tmp_path: Path) -> None:
    """Nobody forgot it: what a Prometheus still has of it is taken."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([*MIXED, slot(START + DAY_SECONDS)], START)
    table.seal(FIRST_DAY, START)
    DeltaTable(str(tmp_path / "slots")).delete(f"day = {FIRST_DAY}")
    assert (table.forgotten(DAY), table.append(MIXED, START)) == (False, len(MIXED))
    assert [one.slots for one in table.site_days(NAME, ["edge-1"], DAY)] == [len(MIXED)]


def test_totals_that_are_older_than_their_slots_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ended between the slots and the totals of a sealed day; one that only reads counts from the slots."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(MIXED, START)
    table.seal(FIRST_DAY, START)
    monkeypatch.setattr(table, "_total_anew", lambda *_: None)
    mended = [replace(one, state=SlotState.GOOD) for one in MIXED]
    table.append(mended, START)
    table.close()
    reader = DeltaSlots(tmp_path, "observer-1")
    assert [one.totals.states for one in reader.site_days(NAME, ["edge-1"], DAY)] == [{SlotState.GOOD: len(MIXED)}]


@pytest.mark.parametrize("error", [MemoryError("no room"), KeyboardInterrupt()])
def test_slots_whose_commit_fails_are_not_held_for_stored(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it failed with: the table is asked anew where it stands."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([slot(START)], START)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(table.slots, "append", fail)
    with pytest.raises(type(error)):
        table.append([slot(START + 60)], START)
    monkeypatch.undo()
    assert (table.watermarks(NAME), table.append([slot(START + 60)], START)) == ({"edge-1": START}, 1)


def test_day_of_which_only_totals_are_left_is_not_counted_anew(tmp_path: Path) -> None:
    """What a Prometheus still has of it would be less than what the totals were made of."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([*MIXED, slot(START + 9 * DAY_SECONDS)], START)
    table.seal(FIRST_DAY, START)
    table.forget([FIRST_DAY])
    before = table.site_days(NAME, ["edge-1"], DAY)
    assert table.append([slot(START, samples=99)], START, anyhow=True) == 0
    assert table.site_days(NAME, ["edge-1"], DAY) == before


def test_site_that_was_away_for_long_goes_on_from_its_newest_slot(tmp_path: Path) -> None:
    """Its mark is found however long ago it stands, by a process that begins anew."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append([slot(START), slot(START, site="edge-2")], START)
    for day in range(1, 9):
        table.append([slot(START + day * DAY_SECONDS, site="edge-2")], START)
        table.seal(FIRST_DAY + day - 1, START)
    table.close()
    assert DeltaSlots(tmp_path, "observer-1").watermarks(NAME) == {"edge-1": START, "edge-2": START + 8 * DAY_SECONDS}


def test_totals_that_could_not_be_written_are_made_at_the_next_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slots stand, the commit of their totals failed, and the process lives on."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(MIXED, START)
    table.seal(FIRST_DAY, START)

    def away(_: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(table.days, "append", away)
    with pytest.raises(Unavailable, match="the disk is full"):
        table.append([slot(START, SlotState.GOOD)], START)
    monkeypatch.undo()
    table.append([slot(START + DAY_SECONDS)], START)
    assert table.site_days(NAME, ["edge-1"], DAY)[0].totals.states[SlotState.GOOD] == 2


def test_table_whose_files_are_gone_is_unavailable(tmp_path: Path) -> None:
    """A data file that is gone is told as `Unavailable`, never as a library's error, and `check` names it."""
    table = DeltaSlots(tmp_path, "observer-1")
    table.append(slots_of(), START)
    for file in tmp_path.rglob("*.parquet"):
        file.unlink()
    with pytest.raises(Unavailable, match="slot table"):
        table.read(NAME, ["edge-1"], period())
    assert ["named by the log, and not there" in one for one in care.check(table)][:1] == [True]


@pytest.mark.parametrize("damage", [lambda text: text[: len(text) // 2], lambda _: ""], ids=["cut", "emptied"])
def test_damaged_log_is_named_and_repaired(damage: Callable[[str], str], tmp_path: Path) -> None:
    """The last commit is cut short or empty: nothing is read in silence, and repairing brings every row back."""
    first = DeltaSlots(tmp_path, "observer-1")
    first.append(slots_of(0), START)
    first.append(slots_of(1), START)
    first.close()
    commit = max((tmp_path / "slots" / "_delta_log").glob("*.json"))
    commit.write_text(damage(commit.read_text()))
    table = DeltaSlots(tmp_path, "observer-1")
    with pytest.raises(Unavailable, match=rf"{commit.name} of its log is damaged.*sankofa-observe slots repair"):
        table.read(NAME, ["edge-1"], DAY)
    assert [commit.name in one for one in care.check(table)] == [
        True,
        False,
    ]  # and the file whose rows are out of sight
    said = care.repair(table)
    assert ([f"{SLOTS} rows that were out of sight are back" in one for one in said]).count(True) == 1
    assert table.read(NAME, ["edge-1"], DAY) == slots_of(0) + slots_of(1)
    assert care.check(table) == []


def test_a_cut_is_what_its_stretches_span(table: SlotTable) -> None:
    """Of sealed days, unsealed ones, revised slots and gaps: each stretch as if it was asked for alone, but for the digests."""
    minute, late = 60, START + DAY_SECONDS // 2
    starts = [*range(START, START + 3600, minute), *range(late, START + 2 * DAY_SECONDS + 600, 30 * minute)]
    for site in ("edge-1", "edge-2"):
        every = [
            slot(at, SlotState.BAD if at % 7 == 0 else SlotState.GOOD, site=site, over_good=at % 5) for at in starts
        ]
        table.append(every, START)
    if isinstance(table, DeltaSlots):
        for day in (FIRST_DAY, FIRST_DAY + 1):
            table.seal(day, START)
    table.append([slot(START + minute, SlotState.BAD, good=1, bad=3)], START)
    edges = [START - 5, START + 90, START + 1800, late, START + DAY_SECONDS, START + 2 * DAY_SECONDS, START + 3 * DAY_SECONDS, START + 4 * DAY_SECONDS]  # fmt: skip
    stretches = [Period(starts_at=low, ends_at=high) for low, high in pairwise(edges)]
    asked = [*stretches[:1], *stretches[2:]]  # one is left out, and nothing of it is counted
    found = table.cut(NAME, ["edge-1", "edge-2"], asked)

    wanted = {
        (site, one): replace(whole, lines="")
        for one in asked
        for site, whole in table.spans(NAME, ["edge-1", "edge-2"], one).items()
    }
    assert found == wanted
    assert len({one for _, one in found}) == len(asked) - 1  # in one of them nobody recorded anything
    assert table.cut(NAME, ["edge-3"], asked) == {}
    assert table.cut(NAME, ["edge-1"], []) == {}


Cut = Mapping[tuple[str, Period], SiteSpan]


@pytest.fixture(scope="module")
def cut_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[Period]], tuple[Cut, Cut]]]:
    """A table and its double cut the same four days of two sites: one whose slots are gone, two that are sealed, and one that is not.

    Some slots are revised.
    """
    folder = tmp_path_factory.mktemp("twins")
    dice, names = Random(7), ("good", "bad", "hidden", "over_good", "over_bad", "over_hidden", "settling")
    every = [
        slot(START + 600 * n, dice.choice(list(SlotState)), site=site, **{name: dice.randint(0, 9) for name in names})
        for site in ("edge-1", "edge-2")
        for n in range(4 * 144)
        if dice.randint(0, 5)
    ]
    revised = [replace(one, bad=one.bad + 1, samples=one.samples + 1) for one in every[150::37]]
    with closing(DeltaSlots(folder, "observer-1")) as table:
        memory = MemorySlots()
        for some in (every, revised):
            memory.append(some, START)
        table.append(every, START)
        for day in range(3):
            table.seal(FIRST_DAY + day, START)
        table.append(revised, START)
        assert table.forget([FIRST_DAY]) == [FIRST_DAY]
        sites = ["edge-1", "edge-2", "edge-3"]
        yield lambda stretches: (table.cut(NAME, sites, stretches), memory.cut(NAME, sites, stretches))


@given(st.lists(st.integers(-12, 4 * 144 + 12), min_size=2, max_size=12, unique=True), st.sets(st.integers(0, 10)))
@settings(deadline=None)
def test_a_cut_is_what_its_slots_add_up_to(
    cut_of: Callable[[list[Period]], tuple[Cut, Cut]], edges: list[int], left_out: set[int]
) -> None:
    """However stretches cut days and hours, to the slot; of a day whose slots are gone, by the hour."""
    # Before the second day nothing but whole hours is known.
    at = sorted({START + 600 * (edge if edge > 144 else edge // 6 * 6) for edge in edges})
    stretches = [Period(starts_at=low, ends_at=high) for low, high in pairwise(at)]
    found, wanted = cut_of([one for n, one in enumerate(stretches) if n not in left_out])
    assert found == wanted
