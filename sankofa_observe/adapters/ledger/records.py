"""Every record, read as the product reads it: which cannot be read, and which is not as its writer left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Connection, LargeBinary, String, Table, cast, literal, select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.checksums import Row, Unreadable, place, printable, verify

# What the product reads each record by; of others it reads no row yet.
_READERS: Mapping[Table, Callable[[Row], object]] = {
    tables.agreements: rows.agreement,
    tables.attainments: rows.attainment,
    tables.verdicts: rows.verdict,
    tables.penalties: rows.penalty,
    tables.state_changes: rows.change,
    tables.attempts: rows.attempt,
    tables.credit_entries: rows.credit,
    tables.exclusions: rows.exclusion_act,
    tables.incidents: rows.incident,
}


def unreadable(connection: Connection) -> Iterator[str]:
    """Each in a line that names it by its table and key."""
    for table in tables.RECORDS:
        try:
            for row in connection.execute(select(table).execution_options(yield_per=1000)).mappings():
                if why := _fault(table, row):
                    yield why
        except DatabaseError as error:
            yield printable(f"{table.name}: it cannot be read to its end: {error.orig}")


def no_text(connection: Connection, of: Sequence[Table]) -> Iterator[str]:
    """Texts that are no UTF-8 in rows that are no records, of a connection that reads them all the same; each in a line."""
    for table in of:
        names = [column.name for column in table.columns if isinstance(column.type, String)]
        for row in connection.execute(select(table).execution_options(yield_per=1000)).mappings():
            for name in names:
                if isinstance(row[name], str) and printable(row[name]) != row[name]:
                    yield f"{place(table, row)}: {name} is no UTF-8"


def where_is(connection: Connection, raw: bytes) -> str:
    """The first row in which this text stands, or nothing; each table is read to its end."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String):
                query = select(*(table.primary_key or table.columns)).where(cast(column, LargeBinary) == literal(raw))
                with suppress(SQLAlchemyError):
                    if row := connection.execute(query.limit(1)).mappings().first():
                        return f"{place(table, row)}: {column.name}"
    return ""


def _fault(table: Table, row: Row) -> str:
    try:
        if table is tables.reviews and row["subject"] == rows.VERDICT:
            rows.review(row)
        elif table in _READERS:
            _READERS[table](row)
        else:
            verify(table, row)
    except Unreadable as error:
        return printable(str(error))
    return ""
