"""What is wrong with a slot table.

`check` reads everything and writes nothing. It sees: a log that is cut, emptied or has a gap; a data file that is gone, cut, changed
since its checksum was kept, or undecodable; rows that no commit names or that lie in another day's folder; totals of which any column
differs from what the slots make; a sealed day whose slots are gone. It cannot see a whole commit that was removed together with its
data file, nor what was changed before the checksum of a file was kept or together with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sankofa_observe.adapters.slots.delta import UNFINISHED, Delta, is_folder
from sankofa_observe.adapters.slots.files import (
    DataFile,
    Unreadable,
    date_of,
    files_of,
    folders_of_days,
    may_be_under_way,
    observers_of,
    recount,
    rows_of,
    stretch,
)
from sankofa_observe.adapters.slots.lock import writer_of
from sankofa_observe.adapters.slots.log import log_faults
from sankofa_observe.adapters.slots.rows import DAYS, SITE_DAY
from sankofa_observe.adapters.slots.store import DeltaSlots
from sankofa_observe.errors import InvalidInput, SankofaError
from sankofa_observe.units import rfc3339

Progress = Callable[[str, int, int], None]  # what is read, how many of it are done, and how many there are
MADE = [name for name in DAYS if name not in {"revision", "sealed_at"}]  # what slots say of a site-day


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    text: str
    mendable: bool = True  # by a repair; otherwise by counting again


def silent(_what: str, _done: int, _of: int) -> None:
    """No progress is shown."""


def check(store: DeltaSlots, progress: Progress = silent) -> list[str]:
    """Everything that is wrong with the tables, of all their observers, in words; empty where nothing is.

    Raises `InvalidInput` where the location is no folder.
    """
    return [one.text for one in findings(store, progress)]


def absent(location: str) -> str:
    """Why there is no table at all, or nothing: what is not there must not be taken for slots that are others now."""
    if not is_folder(location) or Path(location).exists():
        return ""
    return (
        f"{location}: no such folder: nothing was ever written here, or it is not mounted; mount it, name it as slot_table in the settings, "
        "or count its slots again: sankofa-observe recount"
    )


def findings(store: DeltaSlots, progress: Progress = silent) -> list[Finding]:
    """As `check`, with what a repair can mend of it."""
    if not is_folder(store.location):
        return list(_of_totals(store.location, [store.observer], progress))
    root = Path(store.location)
    if root.exists() and not root.is_dir():
        raise InvalidInput(
            f"slot table {root}: expected a folder, found a file; name the folder of the table in the settings as slot_table"
        )
    if gone := absent(store.location):
        return [Finding(text=gone, mendable=False)]
    if (root / UNFINISHED).exists():
        return [Finding(text=f"{root}: a repair was cut short; run it again: sankofa-observe slots repair")]
    found = [one for table in (store.slots, store.days) for one in _of_files(table, store, progress)]
    if any(list(log_faults(Path(table.location))) for table in (store.slots, store.days)):
        return found  # no totals can be read, and why is told
    return [*found, *_of_totals_twice(store.location, progress)]


def _of_files(table: Delta, store: DeltaSlots, progress: Progress) -> Iterator[Finding]:
    files = files_of(table)
    yield from (Finding(text=fault) for fault in files.log.faults)
    yield from _of_opening(table, sound=not files.log.faults)
    for file in files.orphans:
        if not may_be_under_way(file, store.location):
            yield Finding(text=f"{file.path}: rows that no commit names, and no writer is about to write one")
    for done, file in enumerate(files.live):
        progress(f"files of {Path(table.location).name}", done, len(files.live))
        yield from _of_file(file, table, store)


def _of_opening(table: Delta, *, sound: bool) -> Iterator[Finding]:
    """What the library says of a log in which nothing else was found."""
    if not sound:
        return
    try:
        table.table()
    except SankofaError as error:
        yield Finding(text=str(error))


def _of_file(file: DataFile, table: Delta, store: DeltaSlots) -> Iterator[Finding]:
    try:
        rows = rows_of(file, table)
    except Unreadable as error:
        yield Finding(text=f"{file.path}: {error}; {stretch(file)}")
        return
    if file.checksum is None and not may_be_under_way(file, store.location):
        yield Finding(
            text=f"{file.path}: no checksum of it was kept, so changed bytes could not be told; the next write keeps it"
        )
    if "starts_at" in rows.columns and (others := [day for day in folders_of_days(rows) if day != file.day]):
        yield Finding(
            text=f"{file.path}: has slots of {', '.join(map(date_of, others))}, which belong in other folders"
        )


def _of_totals_twice(location: str, progress: Progress) -> Iterator[Finding]:
    """A writer commits slots first and their totals at once after: beside one, only what is found twice is wrong."""
    observers = observers_of(location)
    found = list(_of_totals(location, observers, progress))
    if found and any(writer_of(Path(location) / f"{one}.lock") for one in observers):
        again = list(_of_totals(location, observers, progress))
        return iter([one for one in found if one in again])
    return iter(found)


def _of_totals(location: str, observers: Iterable[str], progress: Progress) -> Iterator[Finding]:
    """Sealed site-days of which the slots make other totals, or have none any more."""
    for observer in observers:
        store = DeltaSlots(location, observer)
        try:
            totals, there, forgotten = store.totals(), store.days_of_slots(), store.forgotten_days()
        except SankofaError as error:
            yield Finding(text=str(error))
            continue
        days = sorted(set(totals["day"]) - (forgotten - there))
        for done, day in enumerate(days):
            progress(f"totals of {observer}", done, len(days))
            stored = totals.filter(pl.col("day") == day)
            if day not in there:
                yield Finding(mendable=False, text=_gone(observer, day, int(stored["slots"].sum())))
                continue
            try:
                made = store.made(day)
            except SankofaError as error:
                yield Finding(text=f"observer {observer}, {date_of(day)}: totals and slots cannot be compared: {error}")
                continue
            yield from _of_day(stored, made)


def _of_day(stored: pl.DataFrame, made: pl.DataFrame) -> Iterator[Finding]:
    for row in differing(stored, made).iter_rows(named=True):
        where = f"observer {row['observer']}, {row['slo']} at {row['site']}, {date_of(row['day'])}"
        if row["slots"] is None:
            yield Finding(text=f"{where}: {row['slots_made']} slots of a sealed day and no totals")
        elif row["slots_made"] is None:
            again = f"{recount(row['day'])} --slo {row['slo']} --site {row['site']}"
            yield Finding(
                text=f"{where}: totals of {row['slots']} slots, which are gone; count again with: {again}",
                mendable=False,
            )
        else:
            wrong = [name for name in MADE if name not in SITE_DAY and row[name] != row[f"{name}_made"]]
            told = "; ".join(_difference(name, row[name], row[f"{name}_made"]) for name in wrong)
            yield Finding(text=f"{where}: the totals are not those of the slots: {told}")


def _difference(name: str, stored: object, made: object) -> str:
    """A column in words; of an hour that differs, when it begins."""
    if not isinstance(stored, list) or not isinstance(made, list):
        return f"{name} is {stored}, and the slots make {made}"
    starts = sorted({one["first_starts_at"] for one in (*stored, *made) if one not in stored or one not in made})
    return f"{name} from {', '.join(map(rfc3339, starts))} on are not what the slots make"


def differing(stored: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Site-days of which any column that slots make differs, stands on one side only, or is null; made ones end in `_made`."""
    columns = [name for name in MADE if name not in SITE_DAY]
    made = made.select(MADE).cast({name: DAYS[name] for name in MADE})
    both = stored.join(made, on=SITE_DAY, how="full", coalesce=True, suffix="_made")
    return both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_made")) for name in columns))


def _gone(observer: str, day: int, slots: int) -> str:
    return (
        f"observer {observer}, {date_of(day)}: totals of {slots} slots, which are gone, and retention did not forget them; the totals "
        f"stay in force; count again with: {recount(day)}"
    )
