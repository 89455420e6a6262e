"""What keeps records from being changed or seen is looked at word by word: a guard of the right name that does nothing guards nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from sankofa_observe.adapters.ledger import SqlLedger, care, shape
from sankofa_observe.errors import Unfit
from tests.adapters.postgres import Postgres
from tests.adapters.test_ledger_records import filled

_numbers = itertools.count()


HARM = {
    "table": ("DROP TABLE dispute", "table dispute is not there"),
    "column": ("ALTER TABLE dispute DROP COLUMN reason", "table dispute: column reason is not there"),
    "trigger": ("DROP TRIGGER verdict_no_{change}", "verdict_no_{change} is not there"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_check_names_what_is_missing(ledger: SqlLedger, harm: str) -> None:
    """Compared with what the migrations make; without it, nothing would keep a record from being changed."""
    change = "update" if ledger._database.is_sqlite else "change"
    statement, told = (one.format(change=change) for one in HARM[harm])
    if harm == "trigger" and not ledger._database.is_sqlite:
        statement += " ON verdict"
    with ledger._database.engine.connect() as connection:  # rolled back
        assert shape.missing(connection) == []
        connection.execute(text(statement))
        found = shape.missing(connection)
        assert any(told in line for line in found), found


def test_a_check_knows_a_trigger_that_does_nothing(tmp_path: Path) -> None:
    """Its name alone guards nothing; what is wrong with the tables ends the check with an answer."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with closing(SqlLedger(url)) as ledger, ledger._database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER verdict_no_update")
        connection.exec_driver_sql("CREATE TRIGGER verdict_no_update BEFORE UPDATE ON verdict BEGIN SELECT 1; END")
        connection.exec_driver_sql("DROP TABLE verdict_now")
    assert [one.partition(":")[0].partition(";")[0] for one in care.check(url)] == [
        "table verdict_now is not there",
        "verdict_no_update is otherwise",
        "verdict_to_assess is not there",
        "verdict_to_review is not there",
    ]


@pytest.mark.real("postgres", "initdb", "pg_isready")
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP POLICY verdict_own ON verdict", "policy verdict_own is not there"),
        (
            "ALTER TABLE verdict DISABLE TRIGGER verdict_no_change",
            "trigger verdict_no_change is not there, or is turned off",
        ),
        ("ALTER TABLE verdict NO FORCE ROW LEVEL SECURITY", "row level security of verdict is not there"),
    ],
)
def test_a_check_names_what_shows_others_of_postgresql(postgres: Postgres, statement: str, told: str) -> None:
    """What shows a tenant its own, and only that, is part of the tables."""
    with closing(SqlLedger(postgres.empty_database())) as ledger, ledger._database.engine.connect() as connection:
        connection.execute(text(statement))  # rolled back
        assert [one for one in shape.missing(connection) if told in one]


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgres", "initdb", "pg_isready"))]
)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SqlLedger, str]]:
    """A ledger of each kind that is changed for good, and its address."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database(f"guards_{next(_numbers)}")
    with closing(SqlLedger(url)) as ledger:
        filled(ledger)
        yield ledger, url


FORGED = {
    "sqlite": ("DROP TRIGGER verdict_no_update", "UPDATE verdict SET verdict = 'met'"),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION sankofa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "UPDATE verdict SET verdict = 'met'",
    ),
}


def test_records_that_were_changed_are_not_taken_over(own: tuple[SqlLedger, str]) -> None:
    """Behind a guard that was taken away: the check says what was, names each, and nothing is made anew of them."""
    ledger, url = own
    with ledger._database.writing() as connection:
        for statement in FORGED[connection.dialect.name]:
            connection.execute(text(statement))
    found = care.check(url)
    assert any(
        one.startswith(("trigger verdict", "verdict_no_update is not there", "function sankofa_refuse() is otherwise"))
        for one in found
    )
    assert sum(one.startswith("verdict id ") for one in found) == 8
    (made,) = [one for one in found if one.startswith("verdict_now: ")]
    assert "which of the two is right nobody can tell here" in made
    assert "ledger rebuild" not in "".join(found)
    with pytest.raises(Unfit, match="nothing was written"):
        care.rebuild(url)


def test_what_is_made_of_whole_records_may_be_made_anew(own: tuple[SqlLedger, str]) -> None:
    """Where every guard stands and every record agrees with its checksum."""
    ledger, url = own
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE verdict_now SET verdict = 'met'"))
    (found,) = care.check(url)
    assert found.endswith(
        "every record agrees with its checksum, so what was made of them is wrong: run sankofa-observe ledger rebuild"
    )
    care.rebuild(url)
    assert care.check(url) == []


ON_SQLITE = {
    "a trigger more": (
        "CREATE TRIGGER quiet BEFORE INSERT ON verdict BEGIN SELECT RAISE(IGNORE); END", "quiet is of no release: CREATE TRIGGER quiet",
    ),
    "a key more": ("CREATE UNIQUE INDEX one ON verdict (actor, id)", "one is of no release: CREATE UNIQUE INDEX one"),
    "a column more": ("ALTER TABLE verdict ADD COLUMN more TEXT", "table verdict is otherwise"),
    "a rowid": (
        "ALTER TABLE dispute RENAME TO before + CREATE TABLE dispute AS SELECT * FROM before + DROP TABLE before",
        "table dispute is otherwise: expected without a hidden rowid",
    ),
    "an index": ("CREATE INDEX quicker ON verdict (actor)", ""),
}  # fmt: skip


@pytest.mark.parametrize("harm", ON_SQLITE)
def test_a_check_of_sqlite_knows_what_is_of_no_release(tmp_path: Path, harm: str) -> None:
    """What stands beside the guards, or in their place; an index that forbids nothing is nobody's business."""
    url, (statements, told) = f"sqlite:///{tmp_path / 'ledger.sqlite'}", ON_SQLITE[harm]
    with closing(SqlLedger(url)) as ledger, ledger._database.writing() as connection:
        for statement in statements.split(" + "):
            connection.execute(text(statement))
        found = shape.missing(connection)
    assert any(told in one for one in found) if told else found == []


_LESS = "CREATE TRIGGER verdict_no_change BEFORE DELETE ON verdict FOR EACH STATEMENT EXECUTE FUNCTION sankofa_refuse()"
ON_POSTGRESQL = {
    "a function": (FORGED["postgresql"][0], "function sankofa_refuse() is otherwise"),
    "a function of its definer": ("ALTER FUNCTION sankofa_refuse() SECURITY DEFINER", "function sankofa_refuse() is otherwise"),
    "a policy for all": (
        "DROP POLICY penalty_own ON penalty + CREATE POLICY penalty_own ON penalty USING (true)", "policy penalty_own is otherwise",
    ),
    "a policy to one": ("ALTER POLICY penalty_own ON penalty TO sankofa", "policy penalty_own is otherwise"),
    "a policy of writes": ("ALTER POLICY penalty_own ON penalty WITH CHECK (true)", "policy penalty_own is otherwise"),
    "a policy more": ("CREATE POLICY more ON penalty USING (true)", "policy more is of no release"),
    "a trigger of less": (
        f"DROP TRIGGER verdict_no_change ON verdict + {_LESS}",
        "trigger verdict_no_change is otherwise",
    ),
    "a trigger more": (
        "CREATE TRIGGER more BEFORE INSERT ON verdict FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "trigger more is of no release",
    ),
    "a rule": ("CREATE RULE more AS ON UPDATE TO verdict DO INSTEAD NOTHING", "rule more is of no release"),
    "a key": ("ALTER TABLE verdict DROP CONSTRAINT verdict_revision", "constraint verdict_revision is not there"),
    "a child": ("CREATE TABLE child () INHERITS (dispute)", "table dispute is otherwise"),
    "an unlogged table": ("ALTER TABLE incident SET UNLOGGED", "table incident is otherwise"),
    "row level security": ("ALTER TABLE verdict DISABLE ROW LEVEL SECURITY", "row level security of verdict is not there"),
    "an order of numbers": ("ALTER TABLE wait DISABLE TRIGGER wait_in_turn", "trigger wait_in_turn is not there, or is turned off"),
}  # fmt: skip


@pytest.mark.real("postgres", "initdb", "pg_isready")
@pytest.mark.parametrize("harm", ON_POSTGRESQL)
def test_a_check_of_postgresql_knows_guards_that_are_otherwise(postgres: Postgres, harm: str) -> None:
    """By what the server says of each, beside what it says of what the migrations make; and nothing of that stays."""
    statements, told = ON_POSTGRESQL[harm]
    with closing(SqlLedger(postgres.empty_database())) as ledger, ledger._database.engine.connect() as connection:
        schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sankofa%'"
        assert shape.missing(connection) == []
        for statement in statements.split(" + "):
            connection.execute(text(statement))  # rolled back
        assert any(one.startswith(told) for one in shape.missing(connection)), shape.missing(connection)
        assert connection.execute(text(schemas)).all() == []
        assert connection.execute(text("SELECT current_schema()")).scalar_one() == "public"


@pytest.mark.real("postgres", "initdb", "pg_isready")
def test_a_check_by_a_role_that_may_make_no_schema_says_so(postgres: Postgres) -> None:
    """What it could not compare it does not call whole."""
    with closing(SqlLedger(postgres.empty_database())) as ledger, ledger._database.engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        (found,) = shape.missing(connection)
    assert found.startswith(
        "what guards the records could not be compared: cannot execute CREATE SCHEMA in a read-only transaction"
    )
