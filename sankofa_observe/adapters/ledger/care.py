"""Looking after a ledger: what it holds, whether it is whole, and making anew what is made of records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, func, inspect, select

from sankofa_observe.adapters.ledger import projections, records, shape, tables
from sankofa_observe.adapters.ledger.checksums import printable
from sankofa_observe.adapters.ledger.database import Database, any_text, other_revision, revision
from sankofa_observe.adapters.whole_files import sync_folder
from sankofa_observe.errors import InvalidInput, Unfit


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a ledger is at, and how many records it has."""

    ledger: str
    revision: str | None
    wanted: str
    records: dict[str, int]

    def __str__(self) -> str:
        at = "new, without tables" if self.revision is None else f"at revision {self.revision}"
        good = "" if self.revision in {None, self.wanted} else f"; {other_revision(self.revision)}"
        counts = ", ".join(f"{count} {name}" for name, count in self.records.items() if count)
        return f"{self.ledger}: {at}{good}; {counts or 'no records'}"


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """The tables are of this release now."""

    ledger: str
    before: str | None
    after: str

    def __str__(self) -> str:
        if self.before == self.after:
            return f"{self.ledger}: at revision {self.after} already"
        return f"{self.ledger}: from revision {self.before or 'none'} to {self.after}"


def status(url: str) -> Status:
    with _open(url, new=False) as database, database.reading() as connection:
        found = revision(connection)
        there = set(inspect(connection).get_table_names())
        counts = {one.name: _count(connection, one) for one in tables.RECORDS if one.name in there}
        return Status(ledger=database.url, revision=found, wanted=tables.REVISION, records=counts)


def upgrade(url: str) -> Upgraded:
    """Bring the tables to this release, in one transaction: killed at any point, none of it stands."""
    with _open(url) as database:
        return Upgraded(ledger=database.url, before=database.upgrade(), after=tables.REVISION)


def check(url: str) -> list[str]:
    """Everything that is wrong; reads all of it, writes nothing and holds up nobody who writes.

    Raises:
        InvalidInput: the file is so damaged that it cannot be read, or its tables are of another release.
    """
    with _open(url, new=False) as database, database.reading() as connection, any_text(connection):
        if (found := revision(connection)) != tables.REVISION:
            raise InvalidInput(f"ledger {database.url}: {other_revision(found)}")
        damage = list(_broken(connection)) if database.is_sqlite else []
        doubts = [*damage, *_doubts(connection)]
        if not damage and not list(shape.absent(connection)):
            others = [one for one in tables.metadata.sorted_tables if one not in (*tables.RECORDS, *tables.PROJECTIONS)]
            broken = [f"{one}; restore the last backup" for one in records.no_text(connection, others)]
            doubts += [*broken, *projections.differences(connection, trusted=not doubts)]
        return [printable(one) for one in doubts]


def rebuild(url: str) -> str:
    """Make what is read hot anew from the records.

    Raises:
        Unfit: a record may be another one than was written: a guard is not as it was made, or a checksum is of other values.
    """
    with _open(url, new=False) as database, database.writing() as connection:
        if (found := revision(connection)) != tables.REVISION:
            raise InvalidInput(f"ledger {database.url}: {other_revision(found)}")
        with any_text(connection):
            doubt = next(_doubts(connection), None)
        if doubt:
            raise Unfit(
                f"ledger {database.url}: {printable(doubt)}; what is read hot would be made of records that may have been changed: "
                "nothing was written. See sankofa-observe ledger check, and restore the last backup"
            )
        projections.rebuild(connection)
        return f"{database.url}: what is read hot was made anew from the records"


def backup(url: str, file: Path) -> str:
    """A copy of one moment, whoever writes meanwhile, in a new file that is its owner's alone.

    Raises:
        InvalidInput: it is there already, or cannot be made; or the ledger is on a server, which has a program of its own for it.
    """
    with _open(url, new=False) as database:
        if not database.is_sqlite:
            raise InvalidInput(f"ledger {database.url} is on a server: back it up there, with pg_dump")
        try:
            # SQLite writes into an empty file as well: so nobody else reads it, and none that stands is lost.
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise InvalidInput(f"backup {file}: {error.strerror}; name a new file; nothing was written") from error
        try:
            database.copy_into(file)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    with file.open("rb") as copy:
        os.fsync(copy.fileno())
    sync_folder(file.parent)
    return f"{database.url}: backed up to {file}, {file.stat().st_size} bytes"


def _doubts(connection: Connection) -> Iterator[str]:
    """Why records may be others than were written."""
    absent = list(shape.absent(connection))
    yield from absent
    yield from shape.otherwise(connection)
    if not absent:  # what is not there cannot be read
        yield from records.unreadable(connection)


def _broken(connection: Connection) -> Iterator[str]:
    for (found,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if found != "ok":
            yield f"damaged: {found}"
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"{table}: {'a row' if row is None else f'row {row}'} names what is not in {parent}"


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@contextmanager
def _open(url: str, *, new: bool = True) -> Iterator[Database]:
    with closing(Database(url, new=new)) as database:
        yield database
