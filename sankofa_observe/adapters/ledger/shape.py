"""What a ledger's tables lack of what the migrations make: tables, columns, and what keeps records from being changed or seen.

Nothing is written: on SQLite the migrations run in memory beside the ledger, on PostgreSQL the names are read from its catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from sankofa_observe.adapters.ledger.tables import metadata

_GUARDS = "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
_POLICIES = "SELECT policyname FROM pg_policies WHERE schemaname = current_schema()"
_HIDDEN = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity AND relforcerowsecurity"
_RESTORE = "restore the last backup"


def missing(connection: Connection) -> list[str]:
    """Each in a line that names it, in a fixed order."""
    guards = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    return [*_columns(connection), *guards(connection)]


def _columns(connection: Connection) -> Iterator[str]:
    seen = inspect(connection)
    standing = set(seen.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in standing:
            yield f"table {table.name} is not there; {_RESTORE}"
            continue
        found = {column["name"] for column in seen.get_columns(table.name)}
        for column in table.columns:
            if column.name not in found:
                yield f"table {table.name}: column {column.name} is not there; {_RESTORE}"


def _on_sqlite(connection: Connection) -> Iterator[str]:
    """Triggers and indexes word by word: one of the right name that does nothing guards nothing."""
    from sankofa_observe.adapters.ledger.migrations import upgrade

    engine = create_engine("sqlite://")
    with engine.begin() as made:
        upgrade(made)
        wanted = _named(made, _GUARDS)
    engine.dispose()
    standing = _named(connection, _GUARDS)
    for name, statement in sorted(wanted.items()):
        if name not in standing:
            yield f"{name} is not there: {statement}"
        elif standing[name] != statement:
            yield f"{name} is otherwise: expected {statement}"


def _on_postgresql(connection: Connection) -> Iterator[str]:
    from sankofa_observe.adapters.ledger.migrations import guards

    wanted = guards()
    for kind, names, question in (
        ("trigger", wanted.triggers, _TRIGGERS),
        ("policy", wanted.policies, _POLICIES),
        ("row level security of", wanted.hidden, _HIDDEN),
    ):
        standing = set(connection.execute(text(question)).scalars())
        for name in sorted(set(names) - standing):
            yield f"{kind} {name} is not there, or is turned off; {_RESTORE}"


def _named(connection: Connection, question: str) -> dict[str, Any]:
    return {row[0]: row[1] for row in connection.exec_driver_sql(question)}
