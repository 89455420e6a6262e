"""One Delta Lake table in a folder or on an object store: opened once, appended to in whole commits, scanned lazily."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit
from urllib.request import url2pathname

import polars as pl
from arro3.core import RecordBatchReader
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from sankofa_observe.errors import Unavailable

ROW_GROUP = 100_000  # rows: what a question about one site reads of a sealed day at least
LOG = "_delta_log"
PROPERTIES = {"delta.logRetentionDuration": "interval 2 days", "delta.checkpointInterval": "100"}


@dataclass(kw_only=True)
class Delta:
    """A table with its schema and partition columns; made by its first append."""

    location: str
    schema: Mapping[str, type[pl.DataType]]
    partition: Sequence[str]
    _opened: DeltaTable | None = field(default=None, repr=False)
    _counted: tuple[int, Mapping[tuple[str, ...], int]] = field(default=(-1, MappingProxyType({})), repr=False)
    _held: threading.RLock = field(default_factory=threading.RLock, repr=False)  # several stages use one open table

    @contextmanager
    def held(self) -> Iterator[DeltaTable | None]:
        """The table as it stands now, for one thread at a time; a scan that was made outlives it."""
        with self._held:
            yield self.table()

    def scan(self) -> pl.LazyFrame:
        with self.held() as table:
            return pl.LazyFrame(schema=dict(self.schema)) if table is None else pl.scan_delta(table)

    def append(self, frame: pl.DataFrame) -> None:
        """One commit, however many rows."""
        with self.held() as opened, self.asking("append"):
            if opened is not None:
                write_deltalake(opened, frame, mode="append")
            else:
                partition = list(self.partition)
                write_deltalake(self.location, frame, mode="append", partition_by=partition, configuration=PROPERTIES)

    def replace(self, frames: Iterator[pl.DataFrame], where: str) -> None:
        """Put the rows in place of those of the partitions that `where` names, in one commit, one frame at a time."""
        properties = WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)
        schema = RecordBatchReader.from_arrow(pl.DataFrame(schema=dict(self.schema))).schema
        batches = (batch for frame in frames for batch in RecordBatchReader.from_arrow(frame))
        with self._held, self.asking("sealing"):
            write_deltalake(
                self.location,
                RecordBatchReader.from_batches(schema, batches),
                mode="overwrite",
                predicate=where,
                partition_by=list(self.partition),
                writer_properties=properties,
            )

    def table(self) -> DeltaTable | None:
        """The table as it stands now, or None where nothing was ever written."""
        with self._held, self.asking("opening"):
            if self._opened is not None:
                self._opened.update_incremental()
                return self._opened
            self._refuse_damage()
            try:
                self._opened = DeltaTable(self.location)
            except TableNotFoundError:
                return None
            return self._opened

    def rows_by_partition(self) -> Mapping[tuple[str, ...], int]:
        """How many rows each partition has, from the log alone."""
        with self.held() as table:
            if table is None:
                return {}
            if self._counted[0] != table.version():
                actions = pl.DataFrame(table.get_add_actions(flatten=True))
                names = [f"partition.{name}" for name in self.partition]
                sums = actions.group_by(pl.col(names).cast(pl.String)).agg(pl.col("num_records").sum())
                self._counted = table.version(), {tuple(key): rows for *key, rows in sums.iter_rows()}
            return self._counted[1]

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """A store that is away, full or damaged is one error of ours; the table itself commits whole appends or none."""
        try:
            yield
        except (DeltaError, pl.exceptions.PolarsError, OSError) as error:
            words = " ".join(str(error).split())[:200]
            raise Unavailable(
                f"slot table {self.location}: {what} failed ({type(error).__name__}: {words}); if its log is damaged, "
                "`sankofa-observe slots check` says where"
            ) from error

    def _refuse_damage(self) -> None:
        """A commit that was cut short would make rows vanish in silence, or every later question fail."""
        damaged = damaged_commits(self.location)
        if damaged:
            raise Unavailable(
                f"slot table {self.location}: {', '.join(one.name for one in damaged)} of its log is damaged; stop what writes "
                "there and run: sankofa-observe slots repair"
            )


def place_of(location: str | Path) -> str:
    """A `file://` address as the path that it names; any other location as it stands. Locks and care need the path."""
    address = urlsplit(str(location))
    return url2pathname(address.path) if address.scheme == "file" else str(location)


def is_folder(location: str) -> bool:
    return "://" not in location


def damaged_commits(location: str) -> list[Path]:
    """Commits of a table in a folder that are empty or no lines of JSON."""
    folder = Path(location) / LOG
    if not is_folder(location) or not folder.is_dir():
        return []
    return [file for file in sorted(folder.glob("*.json")) if file.stem.isdecimal() and not _is_whole(file)]


def _is_whole(file: Path) -> bool:
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError:
        return False
    return bool(lines) and all(isinstance(line, dict) for line in lines)
