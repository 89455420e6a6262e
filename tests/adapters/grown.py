"""A ledger on SQLite with as many records of other tenants as one likes, made by the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, text

from sankofa_observe.adapters.ledger import projections, tables
from sankofa_observe.adapters.ledger.checksums import checksum

TENANTS = 300
_ID = "printf('0x%064x', n + 1000)"
_WHOSE = f"'tenant-' || (n % {TENANTS})"
_AGREEMENT = f"printf('0x%064x', n % {TENANTS} + 7)"
_PERIOD = {"starts_at": "o.ends_at + n * 60", "ends_at": "o.ends_at + n * 60 + 60"}
_STATES = ("computed", "reported", "final")


def grow(connection: Connection, settlements: int) -> None:
    """Add so many settlements, each judged, final and credited, after the pattern of the first of each record."""
    own = {"agreement_id": _AGREEMENT, "tenant": _WHOSE}
    _many(connection, tables.attainments, _PERIOD, settlements)
    _many(connection, tables.verdicts, {**own, **_PERIOD, "ref": "printf('%016x', n)"}, settlements)
    _many(connection, tables.penalties, {**own, **_PERIOD, "settlement_id": _ID}, settlements)
    _many(connection, tables.credit_entries, {**own, "settlement_id": _ID, "at": "n"}, settlements)
    for number, state in enumerate(_STATES, 1):
        seen = str(int(state != "computed"))
        change = {
            "settlement_id": _ID,
            "tenant": _WHOSE,
            "number": str(number),
            "state": f"'{state}'",
            "at": "n",
            "revision": seen,
        }
        _many(connection, tables.state_changes, change, settlements)
    projections.rebuild(connection)
    connection.exec_driver_sql("ANALYZE")


def _many(connection: Connection, table: Table, changes: Mapping[str, str], count: int) -> None:
    names = [one.name for one in table.columns if one.name not in {"id", "checksum"}]
    columns = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(f'{changes[name]} AS "{name}"' if name in changes else f'o."{name}"' for name in names)
    driver: Any = connection.connection.driver_connection
    driver.create_function("checksum_of", len(names), lambda *row: checksum(table, dict(zip(names, row, strict=True))))
    connection.execute(
        text(
            f"INSERT INTO {table.name} ({columns}, checksum) WITH RECURSIVE many(n) AS "
            "(SELECT 0 UNION ALL SELECT n + 1 FROM many WHERE n + 1 < :count) "
            f"SELECT {columns}, checksum_of({columns}) FROM "
            f"(SELECT {chosen} FROM many, (SELECT * FROM {table.name} ORDER BY id LIMIT 1) o)"
        ),
        {"count": count},
    )
