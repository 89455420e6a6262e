"""The data files of a slot table in a folder: which there are, what each holds, and what is wrong with it.

A file is read whole and decoded whole. One that fails says so and costs only itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from sankofa_observe.adapters.slots import checksums
from sankofa_observe.adapters.slots.delta import FAILURES, Delta
from sankofa_observe.adapters.slots.lock import writer_of
from sankofa_observe.adapters.slots.log import LOG, Log, read_log
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import rfc3339

# A writer puts the file first and its commit at once after it; while one writes, a younger file may be such a one.
YOUNG_SECONDS = 600


class Unreadable(Exception):
    """A data file whose rows cannot be had, or not be trusted; the message says why."""


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One data file below a table's folder."""

    path: Path
    name: str  # below the table's folder
    observer: str  # of its folder; empty where it lies in none
    day: int | None
    added: Mapping[str, Any] | None  # the action of the log that makes it live
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class Files:
    """What the log and the folder of a table say together."""

    log: Log
    live: list[DataFile]
    orphans: list[DataFile]  # no commit names them
    removed: list[DataFile]  # replaced by a commit, and still there


def files_of(table: Delta) -> Files:
    folder = Path(table.location)
    names = [  # before the log is read: what is committed meanwhile is then no orphan
        file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*.parquet")) if LOG not in file.parts
    ]
    log, sums = read_log(folder), checksums.known(folder)

    def file(name: str) -> DataFile:
        parts = dict(part.split("=", 1) for part in name.split("/")[:-1] if "=" in part)
        day = parts.get("day", "")
        return DataFile(
            path=folder / name,
            name=name,
            observer=unquote(parts.get("observer", "")),
            day=int(day) if day.lstrip("-").isdecimal() else None,
            added=log.live.get(name),
            checksum=sums.get(name),
        )

    return Files(
        log=log,
        live=[file(name) for name in sorted(log.live)],
        orphans=[file(name) for name in names if name not in log.live and name not in log.removed],
        removed=[file(name) for name in names if name in log.removed],
    )


def may_be_under_way(file: DataFile, location: str) -> bool:
    """Whether a writer may be about to commit this file, or to keep its checksum."""
    try:
        young = time.time() - file.path.stat().st_mtime < YOUNG_SECONDS
    except OSError:
        return True  # gone since
    locks = Path(location).glob("*.lock") if not file.observer else [Path(location) / f"{file.observer}.lock"]
    return young and any(writer_of(lock) for lock in locks)


def rows_of(file: DataFile, table: Delta) -> pl.DataFrame:
    """Every row of a file, without the partition columns; raises `Unreadable`."""
    frame = _decoded(_content(file))
    wanted = {name: kind for name, kind in table.schema.items() if name not in table.partition}
    if missing := [name for name in wanted if name not in frame.columns]:
        raise Unreadable(f"lacks the columns {', '.join(missing)}")
    try:
        frame = frame.select(list(wanted)).cast(wanted)  # type: ignore[arg-type]  # a mapping of types
    except FAILURES as error:
        raise Unreadable(f"has columns of other types ({_words(error)})") from None
    stated = _statistics(file).get("numRecords", frame.height)
    if stated != frame.height:
        raise Unreadable(f"has {frame.height} rows, and its commit says {stated}")
    return frame


def _content(file: DataFile) -> bytes:
    """The bytes of a file as they were committed."""
    try:
        content = file.path.read_bytes()
    except FileNotFoundError:
        raise Unreadable("is named by the log, and not there") from None
    except OSError as error:
        raise Unreadable(f"cannot be read ({_words(error)})") from None
    if file.added is not None and len(content) != file.added["size"]:
        raise Unreadable(f"has {len(content)} bytes, and its commit says {file.added['size']}")
    if file.checksum is not None and checksums.of(content) != file.checksum:
        raise Unreadable("has other bytes than when it was committed: its SHA-256 is not the one that was kept then")
    if len(content) < 12 or content[:4] != b"PAR1" or content[-4:] != b"PAR1":  # noqa: PLR2004  the least Parquet has
        raise Unreadable(f"is no whole Parquet file ({len(content)} bytes)")
    return content


def _decoded(content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(BytesIO(content), hive_partitioning=False)
    except FAILURES as error:
        raise Unreadable(f"cannot be decoded ({_words(error)})") from None


def stretch(file: DataFile) -> str:
    """What a file that cannot be read held, as far as the log knows, and the command that counts it again."""
    least, most = (_statistics(file).get(end) or {} for end in ("minValues", "maxValues"))
    day = file.day if file.day is not None else least.get("day")
    last_day = file.day if file.day is not None else most.get("day")
    only = [f" --{name} {least[name]}" for name in ("slo", "site") if name in least and least[name] == most.get(name)]
    whose = f"observer {file.observer or 'unknown'}"
    if day is None or last_day is None:
        return (
            f"{whose}, day unknown: count the days again that lack slots, with sankofa-observe recount --from … --to …"
        )
    return f"{whose}: count again with: {recount(day, last_day)}{''.join(only)}"


def recount(day: int, last_day: int | None = None) -> str:
    """The command that counts whole days again."""
    until = (day if last_day is None else last_day) + 1
    return f"sankofa-observe recount --from {rfc3339(day * DAY_SECONDS)} --to {rfc3339(until * DAY_SECONDS)}"


def date_of(day: int) -> str:
    """A day as people write it."""
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).date().isoformat()


def observers_of(location: str) -> list[str]:
    """Every observer that has a partition in one of the tables."""
    found = {
        unquote(folder.name.partition("=")[2]) for folder in Path(location).glob("*/observer=*") if folder.is_dir()
    }
    return sorted(found)


def folders_of_days(frame: pl.DataFrame) -> Iterator[int]:
    """The days that rows of slots belong to, whatever folder they lie in."""
    yield from frame.select(pl.col("starts_at") // DAY_SECONDS).to_series().unique().sort()


def _statistics(file: DataFile) -> Mapping[str, Any]:
    try:
        return dict(json.loads((file.added or {}).get("stats") or "{}"))
    except ValueError:
        return {}


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
