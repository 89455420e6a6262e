"""A checksum over each record, made as it is written: what has changed since is found, in whatever column and table.

It tells a damaged record from one that is whole. Who may change records on purpose makes the sum anew as well: guards are against that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Column, String, Table

from sankofa_observe.errors import Unfit

Row = Mapping[Any, Any]
_GIVEN = {"id", "checksum"}  # by the database, and the sum itself


class Unreadable(Unfit):
    """What stands in a table cannot be read, or is not what was written; says which row, and why."""


def checksum_column() -> Column[str]:
    """Of every record; whoever inserts by the table has it made."""
    return Column("checksum", String(64), nullable=False, default=_of_insert)


def checksum(table: Table, row: Row) -> str:
    """SHA-256 in hex over the table's name, the names of its columns in order, and their values."""
    names = _names(table)
    return hashlib.sha256(_JSON([table.name, names, [row[name] for name in names]]).encode()).hexdigest()


@cache
def _names(table: Table) -> list[str]:
    return sorted(one.key for one in table.columns if one.key not in _GIVEN)


def verify(table: Table, row: Row) -> None:
    """Raise `Unreadable` for a record that is not as it was written."""
    if checksum(table, row) != row["checksum"]:
        raise Unreadable(f"{place(table, row)}: it is not what was written, its checksum is of other values")


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Whatever cannot be made of the values that stand there is `Unreadable`."""
    try:
        yield
    except UnicodeError:
        raise  # of the database: it is told by its text
    except (ValueError, TypeError, LookupError) as error:
        raise unreadable(where, error) from error


def unreadable(where: str, error: Exception) -> Unreadable:
    return Unreadable(f"{where}: {type(error).__name__}: {error}")


def place(table: Table, row: Row) -> str:
    """A row by its table and key, in letters that every terminal has."""
    keys = [one.key for one in table.primary_key] or [one.key for one in table.columns][:2]
    key = ", ".join(f"{one} {row[one]}" for one in keys)
    return printable(f"{table.name} {key}")


def printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _of_insert(context: Any) -> str:
    """A column that is not given is null."""
    table = context.current_column.table
    return checksum(table, {**dict.fromkeys(_names(table)), **context.get_current_parameters()})


def _hex(value: Any) -> Any:
    """Bytes, and nothing that a text could be taken for."""
    return {"hex": bytes(value).hex()}


_JSON = json.JSONEncoder(default=_hex).encode
