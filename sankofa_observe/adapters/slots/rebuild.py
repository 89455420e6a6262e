"""Repair of the slot tables in a folder: built anew from every row that can be read, proved, and put in place of the old ones.

The old tables are moved aside under a dated name and never changed or deleted. A file that is written once the new tables are proved
says that they are to take the old ones' place: killed before it, nothing has happened; killed after it, the next repair goes on.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from sankofa_observe.adapters.slots.days import newest_days
from sankofa_observe.adapters.slots.delta import FAILURES, SEALED, UNFINISHED, Delta, is_folder
from sankofa_observe.adapters.slots.files import (
    DataFile,
    Unreadable,
    date_of,
    files_of,
    folders_of_days,
    observers_of,
    rows_of,
    stretch,
)
from sankofa_observe.adapters.slots.findings import MADE, Progress, absent, check, differing, findings, silent
from sankofa_observe.adapters.slots.lock import alone
from sankofa_observe.adapters.slots.rows import DAYS, KEY, SITE_DAY, SLOTS, shaped
from sankofa_observe.adapters.slots.store import DeltaSlots
from sankofa_observe.adapters.whole_files import write_whole
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.slo.totals import DAY_SECONDS

WORK = ".repair"  # the new tables, until they are put in place
TABLES = ("slots", "days")
# Of two rows of one key and revision the committed one stands, then the one that no commit names, then the replaced one.
LIVE, ORPHAN, REPLACED = range(3)
_SLOT = ("observer", *KEY, "revision")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A data file that can be read."""

    file: DataFile
    rank: int
    observer: str
    days: frozenset[int]  # of its slots; of totals none


def repair(store: DeltaSlots, progress: Progress = silent) -> list[str]:
    """Mend what `check` finds; answers what was done, and what is lost and how to count it again. Empty where nothing was to do.

    Raises `Unavailable` while an observer writes there, and where there is no space for a second copy of the tables.
    """
    if not is_folder(store.location):
        raise InvalidInput(
            f"slot table {store.location}: only a table in a folder is repaired; restore a version of the object store"
        )
    store.close()  # its own lock would keep the repair out
    root = Path(store.location)
    if gone := absent(store.location):
        raise InvalidInput(f"{gone}; nothing was repaired")
    if not root.is_dir():
        return check(store, progress)
    with alone(store.location):
        said = _put_in_place(root)
        found = findings(store, progress)
        if any(one.mendable for one in found):
            said += _rebuild(store, progress)
            said += _put_in_place(root)
            found = findings(DeltaSlots(root, store.observer), progress)
        return said + [one.text for one in found]


def _rebuild(store: DeltaSlots, progress: Progress) -> list[str]:
    """Make both tables anew in the work folder, and name them as proved."""
    root = Path(store.location)
    work = root / WORK
    shutil.rmtree(work, ignore_errors=True)  # what an earlier repair had copied when it was cut short
    new = DeltaSlots(work, store.observer)
    try:
        said = [*_slots(store, new, progress), *_days(store, new, progress)]
        work.mkdir(exist_ok=True)
        os.sync()  # the new tables are on the disk before the old ones are moved
        _announce(root)
    except FAILURES as error:
        shutil.rmtree(work, ignore_errors=True)
        raise Unavailable(
            f"slot tables {root}: building them anew failed ({type(error).__name__}: {error}); expected space for a second copy: "
            "mend that and run sankofa-observe slots repair again, nothing was changed"
        ) from error
    except (Unavailable, InvariantBroken):
        shutil.rmtree(work, ignore_errors=True)
        raise
    return said


# ------------------------------------------------------------------------------------------------------------------- slots


def _slots(store: DeltaSlots, new: DeltaSlots, progress: Progress) -> Iterator[str]:
    """Slots of every readable file, a day of an observer after the other."""
    sources, said = _sources(store.slots, store)
    yield from said
    parts = sorted({(one.observer, day) for one in sources for day in one.days})
    expected: dict[tuple[str, ...], int] = {}
    for done, (observer, day) in enumerate(parts):
        progress("days made anew", done, len(parts))
        rows = _of_part(store.slots, [one for one in sources if one.observer == observer and day in one.days], day)
        kept = _once(rows, _SLOT, "observed_at").sort(*KEY, "revision")
        if found := kept.filter(pl.col("rank") > LIVE).height:
            yield f"observer {observer}, {date_of(day)}: {found} rows that were out of sight are back"
        if twice := rows.filter(pl.col("rank") == LIVE).height - kept.filter(pl.col("rank") == LIVE).height:
            yield f"observer {observer}, {date_of(day)}: {twice} rows stood there twice and are kept once"
        new.slots.append(shaped(kept, SLOTS), SEALED)
        expected[observer, str(day)] = kept.select(_SLOT).n_unique()
    _prove(new.slots, expected)


def _of_part(table: Delta, sources: Sequence[Source], day: int) -> pl.DataFrame:
    """The rows of one observer and day, with the rank of their file."""
    frames = [
        rows_of(one.file, table)
        .filter(pl.col("starts_at") // DAY_SECONDS == day)
        .with_columns(observer=pl.lit(one.observer), day=pl.lit(day, pl.Int32), rank=pl.lit(one.rank))
        for one in sources
    ]
    return pl.concat(frames)


def _once(rows: pl.DataFrame, key: Sequence[str], later: str) -> pl.DataFrame:
    """One row a key: of the best rank, and of those the later one."""
    return rows.sort("rank", later, descending=[True, False]).unique(list(key), keep="last", maintain_order=True)


# -------------------------------------------------------------------------------------------------------------------- days


def _days(store: DeltaSlots, new: DeltaSlots, progress: Progress) -> Iterator[str]:
    """Totals as they stand with all their revisions, and another revision where the slots make others."""
    sources, said = _sources(store.days, store)
    yield from said
    if not sources:
        return
    frames = [
        rows_of(one.file, store.days).with_columns(observer=pl.lit(one.observer), rank=pl.lit(one.rank))
        for one in sources
    ]
    kept = _once(pl.concat(frames), (*SITE_DAY, "revision"), "sealed_at")
    if found := kept.filter(pl.col("rank") > LIVE).height:
        yield f"{found} totals that were out of sight are back"
    rows = [shaped(kept, DAYS)]
    for observer in sorted(set(kept["observer"])):
        own = newest_days(rows[0].filter(pl.col("observer") == observer))
        of_observer = DeltaSlots(new.location, observer)
        days = sorted(set(own["day"]) & of_observer.days_of_slots())
        for done, day in enumerate(days):
            progress(f"totals of {observer}", done, len(days))
            changed = _revised(own.filter(pl.col("day") == day), of_observer.made(day))
            if not changed.is_empty():
                yield f"observer {observer}, {date_of(day)}: totals of {changed.height} site-days are made anew"
                rows.append(changed)
    every = pl.concat(rows).sort(*SITE_DAY, "revision")
    new.days.append(every, SEALED)
    counts = every.group_by("observer").agg(pl.len()).iter_rows()
    _prove(new.days, {(observer,): count for observer, count in counts})


def _revised(stored: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """The next revision of totals that the slots make otherwise; totals whose slots are gone stay."""
    changed = differing(stored, made).filter(pl.col("rows_made").is_not_null()).select(*SITE_DAY, "revision")
    return (
        made.select(MADE)
        .cast({name: DAYS[name] for name in MADE})
        .join(changed, on=SITE_DAY)
        .with_columns(
            revision=(pl.col("revision").fill_null(0) + 1).cast(pl.Int32),
            sealed_at=pl.lit(stored["sealed_at"].max(), pl.Int64),  # of the day: nothing newer was looked at
        )
        .select(list(DAYS))
    )


# ----------------------------------------------------------------------------------------------------------------- sources


def _sources(table: Delta, store: DeltaSlots) -> tuple[list[Source], list[str]]:
    """Every file that can be read, and what is to be said of the others.

    A file that was replaced is read only where one of its folder is lost: elsewhere all its rows stand in what replaced it, and
    in a folder without live files retention has forgotten them.
    """
    files = files_of(table)
    sources: list[Source] = []
    said: list[str] = []
    lost: set[Path] = set()
    for rank, some in ((LIVE, files.live), (ORPHAN, files.orphans), (REPLACED, files.removed)):
        for file in some:
            if rank == REPLACED and file.path.parent not in lost:
                continue
            try:
                sources.append(_source(file, rank, table, store))
            except Unreadable as error:
                if rank < REPLACED:
                    lost.add(file.path.parent)
                    said.append(f"{file.path}: {error}, and is left out; {stretch(file)}")
    said += [
        f"{one.file.path}: its slots of {', '.join(map(date_of, others))} are put where they belong"
        for one in sources
        if (others := sorted(one.days - {one.file.day}))
    ]
    return sources, said


def _source(file: DataFile, rank: int, table: Delta, store: DeltaSlots) -> Source:
    rows = rows_of(file, table)
    observers = observers_of(store.location) or [store.observer]
    if not file.observer and len(observers) > 1:
        raise Unreadable(f"lies in no observer's folder, and may be of any of {', '.join(observers)}")
    days = frozenset(folders_of_days(rows)) if table is store.slots else frozenset[int]()
    return Source(file=file, rank=rank, observer=file.observer or observers[0], days=days)


def _prove(table: Delta, expected: dict[tuple[str, ...], int]) -> None:
    """The new table has the rows it was given, by its log and by its files; raises `InvariantBroken`."""
    files = files_of(table)
    found = sum(rows_of(file, table).height for file in files.live)
    if table.rows_by_partition() != expected or found != sum(expected.values()) or files.log.faults:
        raise InvariantBroken(
            f"slot table {table.location}: made anew it has {found} rows, expected {sum(expected.values())}; nothing was put in "
            "place: keep the table as it is and report this"
        )


# ---------------------------------------------------------------------------------------------------------------- in place


def _announce(root: Path) -> None:
    """From here on the new tables are to take the old ones' place, whatever happens to this process."""
    name = f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    aside = next(one for n in range(1, 1000) if not (root / (one := f"{name}-{n}" if n > 1 else name)).exists())
    write_whole(root / UNFINISHED, json.dumps({"aside": aside}).encode())


def _put_in_place(root: Path) -> list[str]:
    """Move the old tables aside and the new ones in their place; every step may have been done before."""
    marker, work = root / UNFINISHED, root / WORK
    if not marker.exists():
        return []
    aside = root / str(json.loads(marker.read_text(encoding="utf-8"))["aside"])
    aside.mkdir(exist_ok=True)
    for name in TABLES:
        if (root / name).exists() and not (aside / name).exists():
            (root / name).rename(aside / name)
        if (work / name).exists():
            (work / name).rename(root / name)
    shutil.rmtree(work, ignore_errors=True)
    marker.unlink()
    return [f"{root}: the tables are built anew; the old ones are kept in {aside}: drop them once nothing is missed"]
