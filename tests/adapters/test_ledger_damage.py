"""A ledger whose file was damaged, or whose records are not what was written: told by table and row, and never read as if it were whole."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from sankofa_observe.adapters.ledger import SqlLedger, care, rows, tables
from sankofa_observe.adapters.ledger.checksums import checksum
from sankofa_observe.errors import Unfit
from sankofa_observe.scope import OPERATOR
from tests.adapters.test_ledger import ATTEMPT
from tests.adapters.test_ledger_records import ACME, BAOBAB, contested, filled
from tests.builders import breach, incident, period, verdict

DAMAGES = int(os.environ.get("DAMAGES", "40"))  # make test-all sets 120


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger on SQLite with a row in every table of records, closed; it is written once."""
    file = tmp_path_factory.mktemp("whole") / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        filled(ledger)
        contested(ledger)
    assert [one.name for one in file.parent.iterdir() if one.name.endswith("-wal")] == []
    return file.read_bytes()


@pytest.fixture
def file(whole_file: bytes, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    copy = tmp_path / "ledger.sqlite"
    copy.touch(mode=0o600)
    copy.write_bytes(whole_file)
    return copy


def everything(ledger: SqlLedger) -> list[object]:
    """Every question that a tenant, an operator or a stage asks."""
    reads = ledger.read(OPERATOR)
    pages: list[object] = [reads.agreements(), reads.verdicts(), reads.settlements(), reads.credits(), reads.waits()]
    sums: list[object] = [reads.balance(), ledger.totals(), ledger.at_stake(), ledger.undetermined(), ledger.waiting()]
    todo = [ledger.to_assess(one.id) for one in (ACME, BAOBAB)], ledger.open_attempts(), ledger.judged_to()
    moves = (
        ledger.settlements_of(ledger.computed()),
        ledger.uncredited(),
        [ledger.versions(one.id) for one in (ACME, BAOBAB)],
    )
    attained = [ledger.attainments("availability-edge", period(n)) for n in range(3)]
    judged = [reads.verdict(verdict(of, n).ref) for of in (ACME, BAOBAB) for n in range(3)]
    return [*pages, *sums, todo, moves, attained, judged, reads.undetermined()]


def changed(file: Path, table: Table, column: str, value: object) -> None:
    """Change a value behind the guard, which stands again afterwards."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        guard = f"SELECT sql FROM sqlite_master WHERE name = '{table.name}_no_update'"
        [(statement,)] = other.execute(guard).fetchall()
        other.execute(f"DROP TRIGGER {table.name}_no_update")
        key = next(iter(table.primary_key)).name
        other.execute(
            f'UPDATE {table.name} SET "{column}" = ? WHERE "{key}" = (SELECT min("{key}") FROM {table.name})', (value,)
        )
        other.execute(statement)


@pytest.mark.parametrize("table", tables.RECORDS, ids=lambda one: one.name)
def test_a_check_names_a_record_whatever_column_was_changed(file: Path, table: Table) -> None:
    """Each column of each table, with a value that reads as well as the old one; what is made of it is not to be made anew."""
    url = f"sqlite:///{file}"
    original = file.read_bytes()
    for column in table.columns:
        if column.key in {key.key for key in table.primary_key} or column.foreign_keys:
            continue
        file.write_bytes(original)
        with closing(sqlite3.connect(file)) as other:
            (before,) = other.execute(f'SELECT "{column.key}" FROM {table.name}').fetchone()
        after = (
            b"other" if isinstance(before, bytes) else f"{before}~" if isinstance(before, str) else (before or 0) + 100
        )
        changed(file, table, column.key, after)
        found = [one for one in care.check(url) if one.startswith(f"{table.name} ")]
        assert len(found) == 1, column.key
        assert "it is not what was written" in found[0]
    with pytest.raises(Unfit, match="records that may have been changed: nothing was written"):
        care.rebuild(url)


READS: dict[str, Callable[[SqlLedger], object]] = {
    "agreement": lambda ledger: ledger.read(OPERATOR).agreements(),
    "attainment": lambda ledger: ledger.attainments("availability-edge", period()),
    "verdict": lambda ledger: ledger.read(OPERATOR).verdicts(),
    "penalty": lambda ledger: ledger.read(OPERATOR).settlements(),
    "settlement_state": lambda ledger: ledger.read(OPERATOR).settlement(breach(ACME).penalty.settlement_id),
    "attempt": lambda ledger: ledger.add_attempt(ATTEMPT, 1),
    "credit_entry": lambda ledger: ledger.read(OPERATOR).credits(),
    "review": lambda ledger: [ledger.read(OPERATOR).verdict(verdict(of, 2).ref) for of in (ACME, BAOBAB)],
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("value", ["{", "no state", b"\x00", None, 1.5, "\udcff"], ids=repr)
def test_a_record_that_is_not_what_was_written_is_not_read(file: Path, name: str, value: object) -> None:
    """Broken JSON, words and kinds of values, and text that is none: damage, with its table and row and what helps."""
    table = tables.metadata.tables[name]
    column = {
        "agreement": "document", "attainment": "slots", "verdict": "slots", "penalty": "overlay", "settlement_state": "state",
        "attempt": "settlement_ids", "credit_entry": "currency", "review": "outcome",
    }[name]  # fmt: skip
    if value is None:
        column, value = "written_at", "never"
    spoil(file, table, column, value)
    with (
        closing(SqlLedger(f"sqlite:///{file}")) as ledger,
        pytest.raises(
            Unfit, match=rf"is damaged: {name} \w+ .*Keep .*restore the last backup, .*`sankofa-observe ledger check`"
        ),
    ):
        READS[name](ledger)
    assert any(one.startswith(f"{name} ") for one in care.check(f"sqlite:///{file}"))


def spoil(file: Path, table: Table, column: str, value: object) -> None:
    if value == "\udcff":  # is no text for SQLite's driver either
        changed(file, table, column, "here stands a text")
        file.write_bytes(file.read_bytes().replace(b"here stands a text", b"here st\xffnds a text"))
    else:
        changed(file, table, column, value)


@pytest.mark.parametrize(
    "table", [one for one in tables.PROJECTIONS if one is not tables.attempts_open], ids=lambda one: one.name
)
def test_what_is_made_of_records_is_read_as_text_only(file: Path, table: Table) -> None:
    """In each of its texts: told by table and row where it is read, and by the check, which says that it can be made anew."""
    column = {"verdict_now": "slo", "wait_now": "reason", "settlement_now": "tenant", "tally": "part"}[table.name]
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(f"UPDATE {table.name} SET {column} = CAST(x'61ff62' AS TEXT) WHERE rowid = 1")
    asks: dict[str, Callable[[SqlLedger], object]] = {
        "verdict_now": lambda ledger: _whole(ledger, tables.verdicts_now),
        "wait_now": lambda ledger: ledger.read(OPERATOR).waits(),
        "settlement_now": lambda ledger: _whole(ledger, tables.settlements_now),
        "tally": lambda ledger: ledger.totals(),
    }
    with (
        closing(SqlLedger(f"sqlite:///{file}")) as ledger,
        pytest.raises(Unfit, match=rf"is damaged: {table.name} .*: {column}: b'a.*b' is no UTF-8"),
    ):
        asks[table.name](ledger)
    found = care.check(f"sqlite:///{file}")
    assert any(one.startswith(f"{table.name}: ") for one in found)
    assert all(one.endswith("run sankofa-observe ledger rebuild") for one in found)


def _whole(ledger: SqlLedger, table: Table) -> object:
    with ledger._database.reading() as connection:
        return connection.execute(select(table)).all()


TOUCHES: dict[str, Callable[[str, Path], object]] = {
    "open": lambda url, _: SqlLedger(url),
    "check": lambda url, _: care.check(url),
    "status": lambda url, _: care.status(url),
    "rebuild": lambda url, _: care.rebuild(url),
    "upgrade": lambda url, _: care.upgrade(url),
    "backup": lambda url, folder: care.backup(url, folder / "copy"),
}


@pytest.mark.parametrize("touch", TOUCHES)
@pytest.mark.parametrize(
    "written", [b"CREATE TRIGGER wait_no_update", b"CREATE TABLE wait (", b"CREATE INDEX wait_oldest"]
)
def test_a_definition_that_is_no_text_is_told_by_everything_that_touches_it(
    file: Path, touch: str, written: bytes
) -> None:
    """Whatever SQLite makes of it: the driver itself cannot say what it says."""
    raw = file.read_bytes()
    assert raw.count(written) == 1
    file.write_bytes(raw.replace(written, written[:8] + b"\xff\x81" + written[10:]))
    with pytest.raises(Unfit, match="damaged"):
        TOUCHES[touch](f"sqlite:///{file}", file.parent)


def test_a_key_that_names_nothing_is_no_trouble_of_a_moment(file: Path) -> None:
    """What a table refers to was damaged in its definition: no waiting mends it."""
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b'REFERENCES attempt ("transaction")', b'REFERENCES attempt ("transactiom")'))
    assert file.read_bytes() != raw
    with pytest.raises(Unfit, match=r"foreign key mismatch.*: a table of this release was changed"):
        care.check(f"sqlite:///{file}")


def test_no_changed_byte_is_read_as_if_nothing_was(file: Path) -> None:
    """One to three of them, anywhere: what is read is what it was, or damage, or the check tells; nothing is unforeseen."""
    url, raw, rng = f"sqlite:///{file}", file.read_bytes(), random.Random(7)
    with closing(SqlLedger(url)) as ledger:
        whole = everything(ledger)
    for _ in range(DAMAGES):
        bytes_of = bytearray(raw)
        for _ in range(rng.randint(1, 3)):
            bytes_of[rng.randrange(len(raw))] = rng.randrange(256)
        file.write_bytes(bytes_of)
        said = found = None
        try:
            with closing(SqlLedger(url, new=False)) as ledger:
                found = everything(ledger)
        except Unfit as error:
            said = error
        try:
            told = care.check(url)
        except Unfit as error:
            told = [str(error)]
        assert told or (said is None and found == whole), said or found


def test_a_checksum_is_of_what_was_written(ledger: SqlLedger) -> None:
    """Each record of each table has its own, whichever database it was read from."""
    filled(ledger)
    contested(ledger)
    with ledger._database.reading() as connection:
        sums = {one.name: connection.execute(select(one)).mappings().all() for one in tables.RECORDS}
    every = [row["checksum"] for found in sums.values() for row in found]
    assert len(set(every)) == len(every) > len(tables.RECORDS)
    for table in tables.RECORDS:
        assert [row["checksum"] for row in sums[table.name]] == [checksum(table, row) for row in sums[table.name]]


def test_a_check_tells_a_record_that_no_writer_of_ours_wrote(ledger: SqlLedger) -> None:
    """Inserted with a sum of something else; on both databases."""
    filled(ledger)
    row: dict[str, Any] = {"tenant": "acme", "actor": "person:mallory", "written_at": 1, "checksum": "0" * 64}
    with ledger._database.writing() as connection:
        connection.execute(insert(tables.incidents), {**row, **rows.incident_row(incident(), 1)})
    url = ledger._database.engine.url.render_as_string(hide_password=False)
    assert care.check(url) == [
        f"incident incident_id {incident().id}, revision 1: it is not what was written, its checksum is of other values"
    ]
