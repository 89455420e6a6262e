"""How a record is written: once, and never over another one."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Insert, Integer, String, Table, select, text

from sankofa_observe.adapters.ledger.checksums import Row, verify
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable

# Who wrote a record and when: the same record written again by another run is the same record.
_OF_THE_RUN = {"id", "actor", "written_at", "judged_at", "drawn_at", "assessed_at", "at"}


def inserting(connection: Connection, table: Table) -> Any:
    """An INSERT that may say what to do on conflict; both databases have it, each in a module that only it needs."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


def in_turn(connection: Connection, named: str) -> None:
    """Wait for whoever writes about what is named so, to the end of this transaction; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        # What no column holds is told by its column, and not here.
        key = hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()
        connection.execute(text("SELECT pg_advisory_xact_lock(5341, hashtext(:key))"), {"key": key})


def add_once(connection: Connection, table: Table, key: Row, row: Row) -> bool:
    """Add a record; False where the same one stands already.

    Raises:
        InvariantBroken: another one stands under its key, or under another unique name that it has.
    """
    if _added(connection, table, row):
        return True
    found = connection.execute(select(table).filter_by(**key)).mappings().first()
    if found is None:
        raise InvariantBroken(
            f"{table.name} {dict(key)}: another record stands under one of its unique names; nothing was written"
        )
    verify(table, found)
    differing = [name for name, value in row.items() if name not in _OF_THE_RUN and found[name] != value]
    if differing:
        told = "; ".join(
            f"{name} is {_short(found[name])} in the ledger and {_short(row[name])} now" for name in differing
        )
        raise InvariantBroken(f"{table.name} {dict(key)}: {told}; nothing was written")
    return False


def add_new(connection: Connection, table: Table, row: Row) -> None:
    """Add a record whose key was chosen in this transaction.

    Raises:
        Unavailable: another process took the key meanwhile. Nothing else tells: SQLite leaves out what stands, instead of replacing it.
    """
    if not _added(connection, table, row):
        raise Unavailable(f"{table.name}: written by another process at the same time; nothing was written, try again")


def _added(connection: Connection, table: Table, row: Row) -> bool:
    if faults := [fault for column in table.columns if (fault := _fault(column, row.get(column.key)))]:
        raise InvalidInput(f"{table.name}: {'; '.join(faults)}; nothing was written")
    adding: Insert = inserting(connection, table).values(dict(row)).on_conflict_do_nothing()
    return connection.execute(adding.returning(*table.primary_key)).first() is not None


def _fault(column: Column[Any], value: object) -> str:
    """Why no database holds it there, or nothing. SQLite itself would take any text and any number of 64 bits."""
    if isinstance(value, str):
        most = column.type.length if isinstance(column.type, String) else None
        if most and len(value) > most:
            return f"{column.key} has {len(value)} letters, {_short(value)!r}; expected {most} at most"
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            return f"{column.key} is {_short(value)!r}; expected text without NUL and without halves of letters"
    if isinstance(value, int) and isinstance(column.type, Integer):
        bits = 63 if isinstance(column.type, BigInteger) else 31
        if not -(2**bits) <= value < 2**bits:
            return f"{column.key} is {value}; expected a number of {bits + 1} bits"
    return ""


def _short(value: object) -> str:
    told = f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
    return told if len(told) <= 80 else f"{told[:77]}..."  # noqa: PLR2004  a line
