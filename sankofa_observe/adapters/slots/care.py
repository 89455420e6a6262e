"""Care for a slot table in a folder: what is damaged, and how to make it whole without losing a row that can be read.

A commit that was cut short or emptied takes the rows of its file out of sight. Repairing puts a commit without rows in its place,
keeps the damaged one beside it, and appends the rows of every data file that no commit names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from sankofa_observe.adapters.slots.days import newest, newest_days, site_days
from sankofa_observe.adapters.slots.delta import LOG, Delta, damaged_commits, is_folder
from sankofa_observe.adapters.slots.store import DeltaSlots
from sankofa_observe.errors import InvalidInput, SankofaError

EMPTY_COMMIT = '{"commitInfo":{"operation":"REPAIR"}}\n'


def check(store: DeltaSlots) -> list[str]:
    """Everything that is wrong with the table, in words; empty where nothing is."""
    found: list[str] = []
    for table in (store.slots, store.days):
        found += [f"{file}: this commit is empty or no JSON" for file in damaged_commits(table.location)]
    if found:
        return found
    for table in (store.slots, store.days):
        found += [f"{table.location}/{name}: named by the log, and not there" for name in _missing(table)]
        found += [f"{file}: rows that no commit names" for file in orphans(table)]
    try:
        return found + list(_wrong_totals(store))
    except SankofaError as error:
        return [*found, str(error)]


def repair(store: DeltaSlots) -> list[str]:
    """Mend what `check` finds; answers what was done. Stop every writer first: the lock is taken."""
    if not is_folder(store.location):
        raise InvalidInput(
            f"slot table {store.location}: only a table in a folder is repaired; restore a version of the object store"
        )
    store.lock()
    done: list[str] = []
    for table in (store.slots, store.days):
        for file in damaged_commits(table.location):
            kept = file.with_suffix(".damaged")
            file.rename(kept)
            file.write_text(EMPTY_COMMIT, encoding="utf-8")
            done.append(f"{file}: replaced by a commit without rows, the damaged one is kept as {kept.name}")
    for file in orphans(store.slots):
        added = _take_in(store, file)
        done.append(f"{file}: {added} rows that were out of sight are back" if added else f"{file}: holds nothing new")
    return done + store.total_all()


def orphans(table: Delta) -> list[Path]:
    """Data files in the folder that the newest version of the table does not name and never removed."""
    if not is_folder(table.location) or not Path(table.location).is_dir():
        return []
    folder = Path(table.location)
    known = _ever_named(folder)
    return [
        file for file in sorted(folder.rglob("*.parquet")) if LOG not in file.parts and _name(folder, file) not in known
    ]


def _ever_named(folder: Path) -> set[str]:
    """Every data file that any commit added or removed; checkpoints are read through the table itself."""
    named: set[str] = set()
    with suppress(DeltaError, OSError):
        named |= {str(one) for one in pl.DataFrame(DeltaTable(str(folder)).get_add_actions(flatten=True))["path"]}
    for file in (folder / LOG).glob("*.json"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                named |= {str(entry[key]["path"]) for key in ("add", "remove") if key in entry}
    return named


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _missing(table: Delta) -> Iterator[str]:
    opened = table.table()
    if opened is None or not is_folder(table.location):
        return
    for name in pl.DataFrame(opened.get_add_actions(flatten=True))["path"]:
        if not (Path(table.location) / str(name)).exists():
            yield str(name)


def _take_in(store: DeltaSlots, file: Path) -> int:
    """The rows of a file that the table does not have, appended as they are."""
    added = store.take_in(pl.read_parquet(file, hive_partitioning=True), file)
    file.rename(file.with_suffix(".taken-in"))
    return added


def _wrong_totals(store: DeltaSlots) -> Iterator[str]:
    """Sealed site-days whose slots are not those that their digest names."""
    with store.days.asking("read"):
        totals = newest_days(store.days.scan().filter(pl.col("observer") == store.observer).collect())
    for day in sorted(set(totals["day"])):
        with store.slots.asking("read"):
            own = (pl.col("observer") == store.observer) & (pl.col("day") == day)
            rows = store.slots.scan().filter(own).collect()
        if rows.is_empty():
            continue  # forgotten by retention
        made = site_days(newest(rows)).select("slo", "site", "day", pl.col("digest").alias("found"))
        both = totals.filter(pl.col("day") == day).join(made, on=["slo", "site", "day"], how="full", coalesce=True)
        for row in both.filter(pl.col("digest").ne_missing(pl.col("found"))).iter_rows(named=True):
            yield f"{row['slo']} at {row['site']}, day {row['day']}: totals of {row['digest']}, slots of {row['found']}"
