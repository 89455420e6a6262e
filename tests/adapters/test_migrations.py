"""The migrations make exactly the tables that the code describes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.ledger import SqlLedger, migrations
from sankofa_observe.adapters.ledger.tables import REVISION, metadata
from tests.pace import limit

_numbers = itertools.count()


def test_migrations_make_the_tables_of_the_records(tmp_path: Path) -> None:
    """Alembic finds no difference in tables, columns, types, keys or indexes."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    SqlLedger(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrations_end_at_the_revision_of_the_records() -> None:
    """A ledger at `REVISION` is opened without Alembic, so a new migration must move it."""
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [REVISION]


def test_migrations_keep_every_constraint(tmp_path: Path) -> None:
    """Unique keys, primary keys and foreign keys, which SQLite would not miss, are those of the records."""
    made, described = f"sqlite:///{tmp_path / 'made.sqlite'}", f"sqlite:///{tmp_path / 'described.sqlite'}"
    SqlLedger(made).close()
    engine = create_engine(described)
    metadata.create_all(engine)
    engine.dispose()
    assert _constraints(made) == _constraints(described)


def test_migrations_run_again_change_nothing(tmp_path: Path) -> None:
    """Opening a ledger a second time leaves its file byte for byte."""
    file = tmp_path / "ledger.sqlite"
    SqlLedger(f"sqlite:///{file}").close()
    before = file.read_bytes()
    with closing(SqlLedger(f"sqlite:///{file}")):
        pass
    assert file.read_bytes() == before


POSTGRES = pytest.mark.real("postgres", "initdb", "pg_isready")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def new_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    url: str = request.getfixturevalue("postgres").new_database(f"ledger_{next(_numbers)}")
    return url


def test_a_new_ledger_is_opened_by_two_at_once(new_ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables are made by one of them, and the other finds them: scheduler and API start together."""
    both = threading.Barrier(2)
    monkeypatch.setattr(migrations, "upgrade", _meeting(both, migrations.upgrade))
    with ThreadPoolExecutor(2) as openers:
        opened = [openers.submit(SqlLedger, new_ledger) for _ in range(2)]
        ledgers = [one.result() for one in opened]
    found = [one.versions("none") for one in ledgers]
    for one in ledgers:
        one.close()
    assert (found, both.broken) == ([[], []], True)


def _meeting(both: threading.Barrier, upgrade: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """The migration, begun by two at the same moment if two can be in it; who is alone goes on."""

    def meet(connection: Connection) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=limit(0.5))
        upgrade(connection)

    return meet


def _constraints(url: str) -> dict[str, object]:
    engine = create_engine(url)
    seen = inspect(engine)
    found: dict[str, object] = {
        name: (
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted(tuple(one["column_names"]) for one in seen.get_unique_constraints(name)),
            sorted((tuple(one["constrained_columns"]), one["referred_table"]) for one in seen.get_foreign_keys(name)),
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)),
        )
        for name in seen.get_table_names()
        if name != "alembic_version"
    }
    engine.dispose()
    return found


def test_an_upgrade_that_is_killed_after_any_statement_is_made_again(new_ledger: str, tmp_path: Path) -> None:
    """Kill -9 after each statement (each nineteenth in `make test`): nothing of it stands, and opening the ledger makes all of it."""
    url = new_ledger if new_ledger.startswith("postgresql") else f"sqlite:///{tmp_path}/{{n}}.sqlite"
    step = "1" if os.environ.get("EVERY_CALL") else "19"
    command = [sys.executable, "-m", "tests.adapters.killed_upgrade", url, step]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=limit(60))
    found = json.loads(done.stdout)

    assert found["problems"] == {}
    assert found["beyond"] > 60
