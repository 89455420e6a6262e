"""Ledgers of each kind for the tests that run on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sankofa_observe.adapters.ledger import SqlLedger
from tests.adapters.postgres import Postgres

SQL_KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgres", "initdb", "pg_isready"))]


@contextmanager
def sql_ledger(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[SqlLedger]:
    """An empty one; a server of PostgreSQL is started where it is asked for."""
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty_database()
    with closing(SqlLedger(url)) as opened:
        yield opened


def at_revision(folder: Path, revision: str) -> str:
    """The address of a ledger whose tables say that they are of this revision."""
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    SqlLedger(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()
    return url
