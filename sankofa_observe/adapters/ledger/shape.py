"""What a ledger's tables lack of what the migrations make, and what is there beside: what keeps records from being changed or seen.

The migrations run beside the ledger, in memory or in a schema that is taken back, and each definition is compared word by word.
"""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from sankofa_observe.adapters.ledger.tables import metadata

Definitions = Mapping[str, str]  # by kind and name
_RESTORE = "restore the last backup"
_HARMLESS = "CREATE INDEX "  # one that forbids nothing makes reading quicker
_OF_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('trigger', 'index', 'table')"
# A definition is written without the schema that it is in, because that one is the only one in the search path.
_OF_POSTGRESQL = """
    WITH ours AS (SELECT c.* FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:tables))
    SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'sankofa\\_%' AND prokind = 'f'
    UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(t.oid, true) FROM pg_trigger t JOIN ours ON ours.oid = tgrelid
        WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')
    UNION ALL SELECT 'policy ' || policyname, concat_ws(' ', permissive, 'ON', tablename, 'FOR', cmd, 'TO', roles, 'USING', qual, 'CHECK', with_check)
        FROM pg_policies WHERE schemaname = current_schema() AND tablename = ANY(:tables)
    UNION ALL SELECT 'row level security of ' || relname, 'forced' FROM ours WHERE relrowsecurity AND relforcerowsecurity
    UNION ALL SELECT 'rule ' || rulename, definition FROM pg_rules WHERE schemaname = current_schema() AND tablename = ANY(:tables)
    UNION ALL SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid, 0, true) FROM pg_index JOIN ours ON ours.oid = indrelid
        WHERE indisvalid
    UNION ALL SELECT 'constraint ' || conname, relname || ' ' || pg_get_constraintdef(k.oid, true) FROM pg_constraint k
        JOIN ours ON ours.oid = conrelid
    UNION ALL SELECT 'column ' || relname || '.' || attname,
            concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END, pg_get_expr(adbin, adrelid, true))
        FROM pg_attribute JOIN ours ON ours.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'table ' || relname, concat_ws(' ', relkind, relpersistence,
            (SELECT count(*) FROM pg_inherits WHERE inhparent = ours.oid), 'of its rows elsewhere,',
            (SELECT count(*) FROM pg_trigger WHERE tgrelid = ours.oid AND tgisinternal AND tgenabled NOT IN ('O', 'A')), 'keys turned off')
        FROM ours"""


def missing(connection: Connection) -> list[str]:
    """Each in a line that names it, in a fixed order."""
    return [*absent(connection), *otherwise(connection)]


def absent(connection: Connection) -> Iterator[str]:
    """Tables and columns that are not there."""
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


def otherwise(connection: Connection) -> Iterator[str]:
    """What guards records, and is not there, is not as the migrations make it, or was put there by somebody else."""
    try:
        wanted, standing = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection)
    except DBAPIError as error:
        if connection.dialect.name == "sqlite":
            raise
        told = str(error.orig).splitlines()[0]
        yield f"what guards the records could not be compared: {told}; check as a role that may create a schema in this database"
        return
    off = "" if connection.dialect.name == "sqlite" else ", or is turned off"
    for name in sorted({*wanted, *standing}):
        if name not in standing:
            yield f"{name} is not there{off}: expected {_line(wanted[name])}; {_RESTORE}"
        elif name in wanted and standing[name] != wanted[name]:
            yield f"{name} is otherwise: expected {_line(wanted[name])}; found {_line(standing[name])}; {_RESTORE}"
        elif name not in wanted and not standing[name].startswith(_HARMLESS):
            yield f"{name} is of no release: {_line(standing[name])}; remove it, and ask who made it"


def _line(definition: str) -> str:
    return " ".join(definition.split())


def _sqlite(connection: Connection) -> tuple[Definitions, Definitions]:
    wanted, standing = _made_on_sqlite(), _on_sqlite(connection)
    there = {f"table {name}" for name in inspect(connection).get_table_names()}
    # A table that is not there is named by `absent`.
    return {name: one for name, one in wanted.items() if name in there or not name.startswith("table ")}, standing


@cache
def _made_on_sqlite() -> Definitions:
    from sankofa_observe.adapters.ledger.migrations import upgrade

    engine = create_engine("sqlite://")
    with engine.begin() as made:
        upgrade(made)
        found = _on_sqlite(made)
    engine.dispose()
    return found


def _on_sqlite(connection: Connection) -> Definitions:
    """Triggers and indexes as they were made; of tables what they are, for their text is another one by another SQLAlchemy."""
    found: dict[str, str] = {}
    texts: dict[str, str] = {}
    for kind, name, statement in connection.exec_driver_sql(_OF_SQLITE).all():
        (texts if kind == "table" else found)[name] = statement
    for name in sorted(texts.keys() & metadata.tables.keys()):
        columns = connection.exec_driver_sql(f"PRAGMA table_xinfo({name})").all()
        keys = [
            [
                one.unique,
                one.origin,
                *(each.name for each in connection.exec_driver_sql(f"PRAGMA index_info('{one.name}')")),
            ]
            for one in connection.exec_driver_sql(f"PRAGMA index_list({name})").all()
            if one.unique
        ]
        hidden = "without" if re.search(r"\bWITHOUT\s+ROWID\b", texts[name]) else "with"
        found[f"table {name}"] = (
            f"{hidden} a hidden rowid, columns {[tuple(one) for one in columns]}, keys {sorted(keys)}"
        )
    return found


def _postgresql(connection: Connection) -> tuple[Definitions, Definitions]:
    """The migrations run in a schema of their own, and are taken back: the server itself says how it writes each definition."""
    from sankofa_observe.adapters.ledger.migrations import upgrade

    standing = _on_postgresql(connection)
    beside = f"sankofa_{secrets.token_hex(8)}"
    undone = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {beside}")
        connection.exec_driver_sql(f"SET LOCAL search_path = {beside}")
        upgrade(connection)
        wanted = _on_postgresql(connection)
    finally:
        undone.rollback()
    return wanted, standing


def _on_postgresql(connection: Connection) -> Definitions:
    found: dict[str, list[str]] = defaultdict(list)
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for name, definition in connection.execute(text(_OF_POSTGRESQL), {"tables": list(metadata.tables)}):
        found[name].append(definition.replace(f" {schema}.", " ", 1) if name.startswith("function") else definition)
    return {name: " and ".join(sorted(one)) for name, one in found.items()}
