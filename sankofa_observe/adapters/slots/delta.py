"""One Delta Lake table in a folder or on an object store: opened once, appended to in whole commits, scanned lazily."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import polars as pl
from arro3.core import RecordBatchReader
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from sankofa_observe.adapters.slots import checksums
from sankofa_observe.adapters.slots.log import LOG, log_faults
from sankofa_observe.errors import Unavailable

T = TypeVar("T")
COMMIT_SECONDS = 60  # for as long writers of several observers may get in each other's way
PAUSES = (0.01, 0.3)  # seconds between two tries
ROW_GROUP = 100_000  # rows: what a question about one site reads of a sealed day at least
TICK = WriterProperties(compression="SNAPPY")
SEALED = WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)
PROPERTIES = {"delta.logRetentionDuration": "interval 2 days", "delta.checkpointInterval": "100"}
# What the two libraries raise; a panic of Polars, as on a file that was cut, is no `Exception`.
FAILURES = (DeltaError, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
UNFINISHED = "repair-unfinished.json"  # beside the tables: a repair that puts new tables in place of the old ones


@dataclass(kw_only=True)
class Delta:
    """A table with its schema and partition columns; made by its first append."""

    location: str
    schema: Mapping[str, pl.DataType | type[pl.DataType]]
    partition: Sequence[str]
    _opened: DeltaTable | None = field(default=None, repr=False)
    _counted: tuple[object, Mapping[tuple[str, ...], int]] = field(default=(None, MappingProxyType({})), repr=False)
    _inode: int = field(default=0, repr=False)  # of the log's folder: another one is another table
    _held: threading.RLock = field(default_factory=threading.RLock, repr=False)  # several stages use one open table

    @contextmanager
    def held(self) -> Iterator[DeltaTable | None]:
        """The table as it stands now, for one thread at a time; a scan that was made outlives it.

        What is committed meanwhile has its checksums kept.
        """
        with self._held:
            table = self.table()
            before = None if table is None else table.version()
            yield table
            if table is not None and table.version() != before:
                self._keep_checksums(table)

    def scan(self) -> pl.LazyFrame:
        with self.held() as table:
            return pl.LazyFrame(schema=dict(self.schema)) if table is None else pl.scan_delta(table)

    def append(self, frame: pl.DataFrame, properties: WriterProperties = TICK) -> None:
        """One commit, however many rows."""

        def write(opened: DeltaTable | None) -> None:
            made = {} if opened else {"partition_by": list(self.partition), "configuration": PROPERTIES}
            write_deltalake(opened or self.location, frame, mode="append", writer_properties=properties, **made)  # type: ignore[call-overload]  # of a table that is there neither is said
            if opened is None:
                self._keep_checksums(self.table())

        self.commit("append", write)

    def replace(self, frames: Callable[[], Iterator[pl.DataFrame]], where: str) -> None:
        """Put the rows in place of those of the partitions that `where` names, in one commit, one frame at a time."""
        schema = RecordBatchReader.from_arrow(pl.DataFrame(schema=dict(self.schema))).schema

        def write(_: DeltaTable | None) -> None:
            batches = (batch for frame in frames() for batch in RecordBatchReader.from_arrow(frame))
            write_deltalake(
                self.location,
                RecordBatchReader.from_batches(schema, batches),
                mode="overwrite",
                predicate=where,
                partition_by=list(self.partition),
                writer_properties=SEALED,
            )
            self._keep_checksums(self.table())

        self.commit("sealing", write)

    def commit(self, what: str, write: Callable[[DeltaTable | None], T]) -> T:
        """Write, and once more where another process has committed at the same time: what was refused so has changed nothing."""
        until = time.monotonic() + COMMIT_SECONDS
        while True:
            try:
                with self.held() as opened, self.asking(what):
                    return write(opened)
            except Unavailable as error:
                if not isinstance(error.__cause__, CommitFailedError) or time.monotonic() > until:
                    raise
            time.sleep(random.uniform(*PAUSES))  # noqa: S311  two that met once must not meet again

    def table(self) -> DeltaTable | None:
        """The table as it stands now, or None where nothing was ever written."""
        with self._held, self.asking("opening"):
            inode = self._inode_now()
            if self._opened is not None and inode == self._inode:
                self._opened.update_incremental()
                return self._opened
            self._refuse_damage()
            try:
                self._opened, self._inode = DeltaTable(self.location), inode
            except TableNotFoundError:
                self._refuse_loss()
            return self._opened

    def state(self, table: DeltaTable) -> object:
        """What is remembered of a table holds as long as this is the same; a repair puts another table in its place."""
        return self._inode, table.version()

    def rows_by_partition(self) -> Mapping[tuple[str, ...], int]:
        """How many rows each partition has, from the log alone."""
        with self.held() as table:
            if table is None:
                return {}
            if self._counted[0] != (state := self.state(table)):
                actions = pl.DataFrame(table.get_add_actions(flatten=True))
                names = [f"partition.{name}" for name in self.partition]
                sums = actions.group_by(pl.col(names).cast(pl.String)).agg(pl.col("num_records").sum())
                self._counted = state, {tuple(key): rows for *key, rows in sums.iter_rows()}
            return self._counted[1]

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """A store that is away, full or damaged is one error of ours; the table itself commits whole appends or none."""
        try:
            yield
        except FAILURES as error:
            words = " ".join(str(error).split())[:200]
            raise Unavailable(
                f"slot table {self.location}: {what} failed ({type(error).__name__}: {words}); if its log is damaged, "
                "`sankofa-observe slots check` says where"
            ) from error

    def _inode_now(self) -> int:
        """0 on an object store, and where there is no log."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return (Path(self.location) / LOG).stat().st_ino if is_folder(self.location) else 0
        return 0

    def _refuse_damage(self) -> None:
        """A commit that was cut short would make rows vanish in silence, or every later question fail."""
        if not is_folder(self.location):
            return
        folder = Path(self.location)
        if (folder.parent / UNFINISHED).exists():
            raise Unavailable(
                f"slot table {self.location}: a repair puts it in place; if none is running, it was cut short: "
                "run sankofa-observe slots repair again"
            )
        if faults := list(log_faults(folder)):
            names = ", ".join(fault.removeprefix(f"{folder / LOG}/").partition(":")[0] for fault in faults[:5])
            raise Unavailable(
                f"slot table {self.location}: {names} of its log is damaged; stop what writes "
                "there and run: sankofa-observe slots repair"
            )

    def _refuse_loss(self) -> None:
        """A log that is gone would be taken for a table in which nothing was ever written, and begun anew."""
        if self._opened is not None or (is_folder(self.location) and (Path(self.location) / checksums.FILE).exists()):
            raise Unavailable(
                f"slot table {self.location}: slots were written here, and its log is gone; expected the folder {LOG}: "
                "put it back, or stop what writes there and run: sankofa-observe slots repair"
            )

    def _keep_checksums(self, table: DeltaTable | None) -> None:
        """A full disk must not fail what is committed already: the next commit keeps what this one could not."""
        if table is None or not is_folder(self.location):
            return
        with suppress(OSError):
            checksums.keep(Path(self.location), self.live(table))

    def live(self, table: DeltaTable) -> list[str]:
        """Paths of the live data files, below the table's folder."""
        return [unquote(str(path)) for path in pl.DataFrame(table.get_add_actions(flatten=True))["path"]]


def place_of(location: str | Path) -> str:
    """A `file://` address as the path that it names; any other location as it stands. Locks and care need the path."""
    address = urlsplit(str(location))
    return url2pathname(address.path) if address.scheme == "file" else str(location)


def is_folder(location: str) -> bool:
    return "://" not in location
