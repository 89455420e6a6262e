"""Care for a slot table: `check` finds every kind of damage and tells no false one, `repair` leaves no dead end and loses no row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from sankofa_observe.adapters.slots import DeltaSlots, care, checksums, lock
from sankofa_observe.adapters.slots.rows import DAYS, shaped
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period
from tests.builders import START, slot

DAMAGES = int(os.environ.get("DAMAGES", "40"))  # make test-all sets 120
NAME = "availability-edge"
FIRST_DAY = START // DAY_SECONDS
ROWS = 5
PERIOD = Period(starts_at=START, ends_at=START + 9 * DAY_SECONDS)
Damage = Callable[[Path], object]


def of_day(day: int, **counts: Any) -> list[Slot]:
    states = [SlotState.BAD, *[SlotState.GOOD] * (ROWS - 1)]
    return [slot(START + day * DAY_SECONDS + 60 * n, state, **counts) for n, state in enumerate(states)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two sealed days and today, written by a process that has ended."""
    table = DeltaSlots(tmp_path, "observer-1")
    for day in range(3):
        table.append(of_day(day), START)
    for day in range(2):
        table.seal(FIRST_DAY + day, START)
    table.close()
    return tmp_path


def read(root: Path) -> list[Slot]:
    return DeltaSlots(root, "observer-1").read(NAME, ["edge-1"], PERIOD)


def check(root: Path) -> list[str]:
    return care.check(DeltaSlots(root, "observer-1"))


def repair(root: Path) -> list[str]:
    return care.repair(DeltaSlots(root, "observer-1"))


def totals(root: Path) -> list[tuple[int, int, int]]:
    days = DeltaSlots(root, "observer-1").site_days(NAME, ["edge-1"], PERIOD)
    return [(one.day - FIRST_DAY, one.totals.good, one.totals.states.get(SlotState.BAD, 0)) for one in days]


def live(root: Path, table: str, place: int = -1) -> Path:
    """A live data file, the files in order of their days."""
    return Path(sorted(DeltaTable(str(root / table)).file_uris())[place].removeprefix("file://"))


def commit(root: Path, table: str, place: int) -> Path:
    return sorted((root / table / "_delta_log").glob("*.json"))[place]


def cut(file: Path, keep: float = 0.5) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])


def without(file: Path, action: str) -> None:
    lines = [line for line in file.read_text().splitlines(keepends=True) if f'"{action}"' not in line[:20]]
    file.write_text("".join(lines))


def stray(root: Path, target: str) -> None:
    """A copy of today's file in a place where it does not belong."""
    shutil.copy(live(root, "slots"), root / "slots" / target)


def misfile(root: Path) -> None:
    """The live file of today has the slots of another day."""
    table = DeltaSlots(root, "observer-1")
    rows = pl.read_parquet(live(root, "slots", 0), hive_partitioning=False)
    rows = rows.with_columns(observer=pl.lit("observer-1"), day=pl.lit(FIRST_DAY + 2, pl.Int32))
    table.slots.append(rows.select(list(table.slots.schema)))


def folder_in_place_of(file: Path) -> None:
    file.unlink()
    file.mkdir()


def no_log(root: Path) -> None:
    shutil.rmtree(root / "slots" / "_delta_log")


def spoil_totals(root: Path, **columns: pl.Expr) -> None:
    """A revision of a day's totals with other values under the digest of its slots."""
    stored = pl.read_delta(str(root / "days")).filter(pl.col("day") == FIRST_DAY)
    spoiled = stored.with_columns(revision=pl.col("revision") + 1, **columns)
    write_deltalake(str(root / "days"), shaped(spoiled, DAYS), mode="append")


OTHER_HOUR = pl.col("hours").list.eval(pl.element().struct.with_fields(good=pl.lit(10**6)))


MENDED: dict[str, Damage] = {
    "the first commit is cut": lambda root: cut(commit(root, "slots", 0)),
    "the first commit lacks its metadata": lambda root: without(commit(root, "slots", 0), "metaData"),
    "a commit in the middle is emptied": lambda root: commit(root, "slots", 1).write_text(""),
    "a commit in the middle is gone": lambda root: commit(root, "slots", 1).unlink(),
    "a commit is renamed, as a killed repair of old left it": lambda root: (
        commit(root, "slots", 2).rename(commit(root, "slots", 2).with_suffix(".damaged")) and None
    ),
    "the last commit is gone": lambda root: commit(root, "slots", -1).unlink(),
    "a seal's commit has lost its new file": lambda root: without(commit(root, "slots", -1), "add"),
    "a seal's commit has lost its old files": lambda root: without(commit(root, "slots", -1), "remove"),
    "the first commit of the totals is cut": lambda root: cut(commit(root, "days", 0)),
    "the last commit of the totals is emptied": lambda root: commit(root, "days", -1).write_text(""),
    "the log is gone": no_log,
    "a file of another day under a day's folder": lambda root: stray(root, f"observer=observer-1/day={FIRST_DAY}/x.parquet"),
    "a file in the top folder": lambda root: stray(root, "x.parquet"),
    "a leftover that is no parquet": lambda root: (root / "slots" / "x.parquet").write_bytes(b"PAR1 cut"),
    "a leftover that is empty": lambda root: (root / "days" / "observer=observer-1" / "x.parquet").touch(),
    "a live file has slots of another day": misfile,
    "totals of other sums with the digest kept": lambda root: spoil_totals(root, good=pl.lit(10**6)),
    "totals of other sums by the hour": lambda root: spoil_totals(root, hours=OTHER_HOUR),
    "a sealed file is gone, and what it replaced is still there": lambda root: live(root, "slots", 0).unlink(),
    "checksums are gone": lambda root: (root / "slots" / checksums.FILE).unlink(),
}  # fmt: skip


@pytest.mark.parametrize("damage", MENDED.values(), ids=MENDED)
def test_damage_is_found_and_every_row_comes_back(damage: Damage, root: Path) -> None:
    """After one repair the table is whole, has every slot and total it had, takes new slots, and a second repair does nothing."""
    slots, sums = read(root), totals(root)
    assert (check(root), repair(root)) == ([], [])
    damage(root)
    assert check(root) != []
    said = repair(root)
    [aside] = root.glob("damaged-*")
    assert f"the old ones are kept in {aside}" in said[-1]
    assert (check(root), read(root), totals(root), repair(root)) == ([], slots, sums, [])
    table = DeltaSlots(root, "observer-1")
    assert (table.append(of_day(3), START), table.seal(FIRST_DAY + 2, START)) == (ROWS, 1)


def test_an_hour_whose_totals_differ_is_named(root: Path) -> None:
    """By when it begins, and not by all the figures of its day."""
    spoil_totals(root, hours=OTHER_HOUR)
    [found] = [one for one in check(root) if one.startswith("observer observer-1, ")]
    assert found.endswith(
        "the totals are not those of the slots: hours from 2026-01-01T00:00:00Z on are not what the slots make"
    )


LOST: dict[str, Damage] = {
    "gone": lambda root: live(root, "slots").unlink(),
    "cut": lambda root: cut(live(root, "slots")),
    "empty": lambda root: live(root, "slots").write_bytes(b""),
    "zeroed": lambda root: live(root, "slots").write_bytes(bytes(live(root, "slots").stat().st_size)),
    "a folder": lambda root: folder_in_place_of(live(root, "slots")),
}


@pytest.mark.parametrize("damage", LOST.values(), ids=LOST)
def test_file_of_today_that_is_lost_can_be_counted_again(damage: Damage, root: Path) -> None:
    """Check and repair name it with the command that counts it again; the rest stands, and the observer goes on."""
    damage(root)
    again = "sankofa-observe recount --from 2026-01-03T00:00:00Z --to 2026-01-04T00:00:00Z --slo availability-edge --site edge-1"
    [found] = [one for one in check(root) if again in one]
    assert str(root / "slots") in found
    assert [again in one for one in repair(root)] == [True, False]
    assert (check(root), read(root)) == ([], of_day(0) + of_day(1))
    table = DeltaSlots(root, "observer-1")
    assert table.append(of_day(2), START, anyhow=True) == ROWS
    assert read(root) == of_day(0) + of_day(1) + of_day(2)


@pytest.mark.parametrize("table", ["slots", "days"])
def test_changed_byte_is_found_wherever_it_is(table: str, root: Path) -> None:
    """Most changed bytes decode to another number: only what was kept at the commit tells them."""
    file = live(root, table)
    whole = file.read_bytes()
    for place in range(0, len(whole), 48_000 // DAMAGES):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert [f"{file}: has other bytes than when it was committed" in one for one in check(root)][:1] == [True], (
            place
        )
    file.write_bytes(whole)
    assert check(root) == []


def test_sealed_day_whose_slots_are_gone_is_found_and_keeps_its_totals(root: Path) -> None:
    """Its totals stay in force, repair cannot mend it and copies nothing, and counting again brings the slots back."""
    before = totals(root)
    DeltaTable(str(root / "slots")).delete(f"day = {FIRST_DAY + 1}")
    [found] = check(root)
    assert "recount --from 2026-01-02T00:00:00Z --to 2026-01-03T00:00:00Z" in found
    assert (repair(root), totals(root), [*root.glob("damaged-*")]) == ([found], before, [])
    assert DeltaSlots(root, "observer-1").append(of_day(1), START, anyhow=True) == ROWS
    assert (check(root), totals(root)) == ([], before)


def test_day_that_retention_forgot_is_whole_and_keeps_its_totals_through_a_repair(root: Path) -> None:
    """Totals alone are what retention leaves; a rebuild neither drops them nor brings forgotten slots back."""
    table = DeltaSlots(root, "observer-1")
    before = totals(root)
    assert table.forget([FIRST_DAY]) == [FIRST_DAY]
    table.close()
    assert check(root) == []
    cut(commit(root, "days", 0))
    repair(root)
    assert (check(root), totals(root), read(root)) == ([], before, of_day(1) + of_day(2))


def test_one_damaged_file_does_not_hide_another(root: Path) -> None:
    """Each is one finding, in both tables."""
    for table in ("slots", "days"):
        for place in (0, 1):
            cut(live(root, table, place))
    found = check(root)
    assert [sum(f"{root / table}/observer" in one and "bytes, and its commit says" in one for one in found) for table in ("slots", "days")] == [2, 2]  # fmt: skip


def test_readers_are_told_of_a_file_that_makes_the_library_panic(root: Path) -> None:
    """A cut file makes Polars panic, which is no `Exception`: every reader gets `Unavailable`."""
    cut(live(root, "slots"), 0.1)
    with pytest.raises(Unavailable, match="slot table"):
        read(root)


class Killed(BaseException):
    """Stands for the end of the process."""


def _killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let the process end at the nth change that repair itself makes to the folder."""
    left = [step]

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real(*args, **options)

        return act

    for name in ("rename", "replace", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, deadly(getattr(Path, name)))
    monkeypatch.setattr(shutil, "rmtree", deadly(shutil.rmtree))
    monkeypatch.setattr(os, "sync", deadly(lambda: None))
    yield step
    monkeypatch.undo()


def test_repair_that_is_killed_anywhere_is_finished_by_the_next(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its steps readers and writers are refused or see everything; never a table that looks new."""
    slots, sums = read(root), totals(root)
    cut(commit(root, "slots", 0))
    killed = 0
    for step in range(1, 100):
        copy = tmp_path_factory.mktemp("killed") / "slots"
        shutil.copytree(root, copy)
        for _ in _killed_at(step, monkeypatch):
            try:
                repair(copy)
                ended = True
            except Killed:
                ended = False
        if ended:
            break
        killed += 1
        try:
            assert read(copy) == slots
        except Unavailable:
            writer = DeltaSlots(copy, "observer-1")
            with pytest.raises(Unavailable, match="slots repair"):
                writer.append(of_day(3), START)
            writer.close()
        repair(copy)
        assert (check(copy), read(copy), totals(copy)) == ([], slots, sums), step
    assert killed > 8


def test_repair_for_one_observer_mends_the_tables_of_all(root: Path) -> None:
    """Both share the folders: rows and totals of the other stay, and damage of the other is found and mended."""
    other = DeltaSlots(root, "observer-2")
    other.append(of_day(0, good=9), START)
    other.seal(FIRST_DAY, START)
    other.close()
    before = DeltaSlots(root, "observer-2").read(NAME, ["edge-1"], PERIOD)
    cut(commit(root, "slots", -2))
    assert check(root) != []
    repair(root)
    assert DeltaSlots(root, "observer-2").read(NAME, ["edge-1"], PERIOD) == before
    assert (check(root), read(root)) == ([], of_day(0) + of_day(1) + of_day(2))


def test_repair_is_refused_while_any_observer_writes(root: Path) -> None:
    """It names the one that does, and nothing is changed."""
    other = DeltaSlots(root, "observer-2")
    other.append(of_day(0), START)
    commit(root, "slots", 1).write_text("")
    with pytest.raises(Unavailable, match=rf"observer observer-2: process {os.getpid()} writes them"):
        repair(root)
    assert (commit(root, "slots", 1).read_text(), [*root.glob("damaged-*")]) == ("", [])


def test_file_that_a_writer_is_about_to_commit_is_no_finding(root: Path) -> None:
    """While its observer's lock is held a young file is not looked at; an old one is, and so is any once nobody writes."""
    writer = lock.WriterLock(str(root), "observer-1")
    writer.take()
    file = root / "slots" / "observer=observer-1" / f"day={FIRST_DAY + 2}" / "next.parquet"
    shutil.copy(live(root, "slots"), file)
    assert check(root) == []
    os.utime(file, (START, START))
    assert [file.name in one for one in check(root)] == [True]
    os.utime(file)
    writer.release()
    assert [file.name in one for one in check(root)] == [True]


def test_location_that_is_no_folder_is_not_a_whole_table(tmp_path: Path) -> None:
    """A file there is a wrong setting; nothing there may be a volume that is not mounted."""
    assert ["no such folder" in one for one in check(tmp_path / "away")] == [True]
    with pytest.raises(InvalidInput, match=r"no such folder.*nothing was repaired"):
        repair(tmp_path / "away")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InvalidInput, match="expected a folder, found a file"):
        check(tmp_path / "file")


def test_table_whose_log_is_gone_is_not_begun_anew(root: Path) -> None:
    """A writer that finds data files and no log is told so, instead of counting as if nothing had been."""
    no_log(root)
    with pytest.raises(Unavailable, match=r"its log is gone.*slots repair"):
        DeltaSlots(root, "observer-1").append(of_day(3), START)


def test_reader_that_is_open_during_a_repair_reads_the_new_table(root: Path) -> None:
    """The API keeps the table open: it must not go on from the old log, nor mix it with the new one."""
    reader = DeltaSlots(root, "observer-1")
    assert len(reader.read(NAME, ["edge-1"], PERIOD)) == 3 * ROWS
    stray(root, "x.parquet")
    repair(root)
    DeltaSlots(root, "observer-1").append(of_day(3), START)
    assert len(reader.read(NAME, ["edge-1"], PERIOD)) == 4 * ROWS
    assert [one[0] for one in totals(root)] == [0, 1, 2, 3]


def test_committed_row_wins_over_one_that_no_commit_names(root: Path) -> None:
    """An append that failed left a file with the same revision: what stood in the table goes on standing."""
    rows = pl.read_parquet(live(root, "slots"), hive_partitioning=False)
    rows.with_columns(good=pl.lit(999), observed_at=pl.lit(START + 99)).write_parquet(
        live(root, "slots").with_name("x.parquet")
    )
    repair(root)
    assert read(root) == of_day(0) + of_day(1) + of_day(2)


def test_checksums_are_of_the_form_of_sha256sum_and_are_dropped_with_their_files(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction replaces files, and the lines of those that are gone go; a line that was cut short costs one checksum."""
    monkeypatch.setattr(checksums, "SPARE_LINES", 0)
    table = DeltaSlots(root, "observer-1")
    for n in range(9):
        table.append([replace(one, starts_at=one.starts_at + 600 * n) for one in of_day(4)], START)
    table.compact()
    for file in (root / "slots").rglob("*.parquet"):
        if str(file) not in {uri.removeprefix("file://") for uri in DeltaTable(str(root / "slots")).file_uris()}:
            file.unlink()
    table.append(of_day(5), START)
    names = {file.relative_to(root / "slots").as_posix() for file in (root / "slots").rglob("*.parquet")}
    assert checksums.known(root / "slots").keys() == names
    with (root / "slots" / checksums.FILE).open("a") as out:
        out.write("0123")
    table.append(of_day(6), START)
    table.close()
    assert check(root) == []
