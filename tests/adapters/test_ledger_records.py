"""What the database itself promises: records are never changed, a tenant sees its own, and what is read hot follows from records."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import (
    Connection,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.ledger import SqlLedger, care, database, migrations, projections, rows, tables
from sankofa_observe.errors import InvalidInput, InvariantBroken, Lost, Unavailable, Unfit
from sankofa_observe.ports import EvidenceRead, Lease, LedgerRead, Outcome, Receipt, Review, StateChange, Wait, Way
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import Verdict
from tests.adapters.grown import grow
from tests.adapters.ledgers import at_revision
from tests.adapters.postgres import Postgres
from tests.adapters.test_ledger import ATTEMPT
from tests.benchmarks.idle import platform_of, turn_of
from tests.builders import APPROVAL, agreement, attainment, breach, credit, exclusion, incident, period, verdict
from tests.pace import limit

ACME, BAOBAB = agreement(), agreement("baobab-edge", tenant="baobab", site="edge-2")


def filled(ledger: SqlLedger) -> None:
    """A row in each table that a stage writes."""
    acting = ledger.acting("person:amina")
    for of in (ACME, BAOBAB):
        acting.add_agreement(
            agreement_id=of.id, version=1, tenant=of.tenant, terms_hash=of.terms_hash, document=of.terms_document, at=1
        )
        acting.add_attainments([attainment(of)])
        unclear = replace(verdict(of, 2), verdict=Verdict.UNDETERMINED, at_stake=of.money(7))
        for record in (verdict(of, 0), verdict(of, 1), verdict(of, 1, revision=2), unclear):
            acting.add_verdict(record)
        acting.add_review(review(unclear))
        acting.begin_wait(waiting(of))
        penalty = breach(of).penalty
        acting.add_penalty(penalty)
        for state in (SettlementState.REPORTED, SettlementState.FINAL):
            acting.add_state(penalty.settlement_id, StateChange(state=state, at=9))
        acting.add_credit(credit(of, penalty))
        planned = exclusion(of)
        acting.add_exclusions([planned])
        acting.act_on_exclusions(acting.exclusions_named(planned.plan), APPROVAL)
    acting.add_attempt(ATTEMPT, 1)
    acting.close_attempt(ATTEMPT, Receipt(succeeded=True, block_number=1), 2)


def review(of: VerdictRecord, outcome: Outcome = Outcome.MET) -> Review:
    told = {"reason": "the site was seen by hand", "reference": "", "actor": "person:amina"}
    return Review(verdict=of.ref, tenant=of.tenant, outcome=outcome, at=of.judged_at + 5, **told)


def waiting(of: Agreement, reason: str = "not observed", at: int = 5) -> Wait:
    told = {"subject": "period", "subject_id": f"{of.id}/{period().starts_at}", "tenant": of.tenant}
    return Wait(**told, reason=reason, since_at=at, due_at=at + 60)


WRITTEN = (
    tables.agreements, tables.attainments, tables.verdicts, tables.reviews, tables.waits, tables.penalties, tables.state_changes, tables.attempts, tables.receipts,
    tables.credit_entries,
)  # fmt: skip


@pytest.mark.parametrize("change", ["update", "delete"])
def test_records_are_never_changed(ledger: SqlLedger, change: str) -> None:
    """By nobody who speaks SQL either; what is made of records may be made anew."""
    filled(ledger)
    statement: Callable[[Any], Any] = delete if change == "delete" else lambda one: update(one).values(actor="x")
    for table in WRITTEN:
        with ledger._database.engine.connect() as connection:
            _as_operator(connection)
            with pytest.raises(DBAPIError, match="a record is never changed"):
                connection.execute(statement(table))
    for table in set(tables.RECORDS) - set(WRITTEN):
        assert table.name in _guarded(ledger), table.name
    with ledger._database.writing() as connection:
        projections.rebuild(connection)


@pytest.mark.parametrize("how", ["INSERT OR REPLACE", "REPLACE"])
def test_records_are_never_replaced(tmp_path: Path, how: str) -> None:
    """SQLite takes away what stands under any unique key of the new row, and fires no trigger of DELETE: the old one stands."""
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        filled(ledger)
        before = _records(ledger)
        for table in WRITTEN:
            keys = _unique(table)
            for kept in keys:
                own = {"id", "ref", "transaction"} - set(kept)
                changed = {**before[table.name][0], "actor": "person:mallory"}
                changed |= {
                    name: {"id": 999, "ref": "f" * 16}.get(name, "0x" + "f" * 64) for name in own & set(changed)
                }
                names = ", ".join(f'"{name}"' for name in changed)
                values = ", ".join(f":{name}" for name in changed)
                with ledger._database.writing() as connection:
                    connection.execute(text(f"{how} INTO {table.name} ({names}) VALUES ({values})"), changed)
        after = _records(ledger)
        # A receipt of another transaction is another record; all else has no place beside what stands.
        assert {name: rows[: len(before[name])] for name, rows in after.items()} == before
        assert {row["actor"] for row in after["verdict"]} == {"person:amina"}


@pytest.mark.parametrize("alias", ["rowid", "oid", "_rowid_", "id"])
def test_records_have_no_key_that_the_guard_does_not_know(tmp_path: Path, alias: str) -> None:
    """Whatever SQLite calls the number of a row: where a table has one, it is its `id`, and else there is none to replace a row by."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        filled(ledger)
        contested(ledger)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.row_factory = sqlite3.Row
        for table in tables.RECORDS:
            before = [tuple(row) for row in other.execute(f"SELECT * FROM {table.name}")]
            assert before, table.name
            row = dict(other.execute(f"SELECT * FROM {table.name} LIMIT 1").fetchone())
            number = row.pop("id", 1)
            others = {name: f"{value}~" if isinstance(value, str) else value for name, value in row.items()}
            names = ", ".join(f'"{name}"' for name in (alias, *others))
            for given in (number, str(number), float(number)):
                with suppress(sqlite3.Error):
                    statement = (
                        f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({', '.join('?' * (len(others) + 1))})"
                    )
                    other.execute(statement, (given, *others.values()))
            after = {tuple(row) for row in other.execute(f"SELECT * FROM {table.name}")}
            assert set(before) <= after, table.name


def test_a_number_that_sqlite_has_for_none_yet_is_taken_by_no_record(tmp_path: Path) -> None:
    """Triggers see -1 for a number that is yet to be given: under it, a record would keep all later ones out."""
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        row = {**rows.verdict_row(verdict(ACME)), "actor": "person:mallory", "written_at": 1}
        for number in (-1, 0):
            with pytest.raises(InvariantBroken, match="CHECK"), ledger._database.writing() as connection:
                connection.execute(insert(tables.verdicts), {**row, "id": number})
        assert ledger.add_verdict(verdict(ACME))


def contested(ledger: SqlLedger) -> None:
    """A row in each table that `filled` leaves empty."""
    ledger.end_agreement(agreement_id="a", tenant="acme", ends_at=1, at=1)
    by = {"tenant": "acme", "actor": "person:amina", "written_at": 1}
    told = {"state": "proposed", "reason": "works"}
    with ledger._database.writing() as connection:
        for table, row in (
            (tables.disputes, {"dispute_id": "d", "settlement_id": "s", "document_hash": "h", **told}),
            (tables.incidents, rows.incident_row(incident(), 1)),
        ):
            connection.execute(insert(table), {"revision": 1, **row, **by})
    ledger.add_evidence_read(
        EvidenceRead(
            document_hash="h",
            settlement_id="s",
            tenant="acme",
            actor="key:0011aabb",
            way=Way.API,
            reason="its own",
            at=1,
        )
    )


def _records(ledger: SqlLedger) -> dict[str, list[dict[str, Any]]]:
    with ledger._database.reading() as connection:
        return {one.name: [dict(row) for row in connection.execute(select(one)).mappings()] for one in WRITTEN}


def _unique(table: Table) -> set[tuple[str, ...]]:
    kinds = (PrimaryKeyConstraint, UniqueConstraint)
    return {tuple(one.columns.keys()) for one in table.constraints if isinstance(one, kinds)}


def test_every_unique_key_of_a_record_is_guarded() -> None:
    """The list of the migration is that of the tables."""
    made = import_module(f"{migrations.__name__}.versions.0002_records")
    assert {name: set(keys) for name, keys in made.UNIQUE.items()} == {one.name: _unique(one) for one in tables.RECORDS}


def _guarded(ledger: SqlLedger) -> str:
    """The names of all triggers."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if not ledger._database.is_sqlite:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with ledger._database.reading() as connection:
        return " ".join(connection.execute(text(query)).scalars())


def _as_operator(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('sankofa.tenant', '*', true)"))


def test_every_record_says_who_wrote_it_and_whose_it_is(ledger: SqlLedger) -> None:
    """Actor and time on every one; a tenant on all but transactions."""
    filled(ledger)
    with ledger._database.reading() as connection:
        for table in WRITTEN:
            rows = connection.execute(select(table)).mappings().all()
            assert {row["actor"] for row in rows} == {"person:amina"}
            assert all(row["written_at"] > 0 for row in rows)
            if table is tables.attainments:  # of everybody whose agreement leans on it
                assert {row["tenant"] for row in rows} == {"*"}
            elif table not in {tables.attempts, tables.receipts}:
                assert {row["tenant"] for row in rows} == {"acme", "baobab"}
    assert all({"actor", "written_at"} <= set(table.c.keys()) for table in tables.RECORDS)


def test_what_is_read_hot_is_what_the_records_make(ledger: SqlLedger) -> None:
    """After every write, and after all of it was made anew; a table with a row that is wrong, missing or too many is named."""
    with ledger._database.reading() as connection:
        assert projections.differences(connection) == []
    filled(ledger)
    ledger.add_attempt(
        replace(ATTEMPT, nonce=ATTEMPT.nonce + 1, transaction="0x" + "0e" * 32), 9
    )  # whose fate is not known
    with ledger._database.writing() as connection:
        assert projections.differences(connection) == []
        for table in tables.PROJECTIONS:
            assert connection.execute(select(table)).first(), table.name
        connection.execute(update(tables.settlements_now).values(state="reported"))
        connection.execute(delete(tables.waits_now))
        found = projections.differences(connection)
        assert [one.partition(" rows")[0] for one in found] == ["wait_now: 2", "settlement_now: 4", "tally: 2"]
        projections.rebuild(connection)
        assert projections.differences(connection) == []


def test_a_check_holds_up_nobody_who_writes(ledger: SqlLedger) -> None:
    """It reads one picture of the records: what is written meanwhile is in none of its sums."""
    filled(ledger)
    with ledger._database.reading() as connection:
        connection.execute(select(tables.verdicts)).all()
        assert ledger.add_verdict(verdict(ACME, 5))
        assert projections.differences(connection) == []
    with ledger._database.reading() as connection:
        assert projections.differences(connection) == []


@pytest.mark.real("postgres", "initdb", "pg_isready")
def test_postgresql_shows_a_transaction_only_what_its_tenant_owns(postgres: Postgres) -> None:
    """Whatever is asked, with no WHERE; and nothing to one that names nobody."""
    with closing(SqlLedger(postgres.empty_database())) as ledger:
        filled(ledger)
        found = {}
        for whose in ("acme", "baobab", "*", ""):
            with ledger._database.engine.begin() as connection:
                if whose:
                    connection.execute(text("SELECT set_config('sankofa.tenant', :whose, true)"), {"whose": whose})
                found[whose] = {
                    table.name: {row.get("tenant", "?") for row in connection.execute(select(table)).mappings()}
                    for table in metadata_in_use()
                }
                found[whose]["sites"] = set(connection.execute(select(tables.attainments.c.site)).scalars())
    assert {whose: seen.pop("sites") for whose, seen in found.items()} == {
        "acme": {"edge-1"}, "baobab": {"edge-2"}, "*": {"edge-1", "edge-2"}, "": set(),
    }  # fmt: skip
    owned = {name for name, seen in found["*"].items() if "acme" in seen}

    assert {
        "agreement",
        "verdict",
        "penalty",
        "settlement_state",
        "credit_entry",
        "settlement_now",
        "verdict_now",
        "wait_now",
        "review",
        "wait",
    } <= owned
    for whose in ("acme", "baobab"):
        assert {name: found[whose][name] for name in owned} == {name: {whose} for name in owned}
        assert (found[whose]["attempt"], found[whose]["receipt"]) == (set(), set())
    assert set().union(*found[""].values()) == set()


def metadata_in_use() -> list[Any]:
    return [*WRITTEN, *tables.PROJECTIONS]


# ------------------------------------------------------------------------------------------------------------------ growth


def steps_of(ledger: SqlLedger, work: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for it, in hundreds."""
    count = 0

    def counted() -> int:
        nonlocal count
        count += 1
        return 0

    def listen(connection: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(counted, 100)

    event.listen(ledger._database.engine, "begin", listen)
    try:
        work()
    finally:
        event.remove(ledger._database.engine, "begin", listen)
    return count


def _own(ledger: SqlLedger) -> LedgerRead:
    return ledger.read(of_tenant("acme"))


QUESTIONS: dict[str, Callable[[SqlLedger], object]] = {
    "settlements": lambda ledger: _own(ledger).settlements(),
    "credits": lambda ledger: _own(ledger).credits(),
    "credits of one settlement": lambda ledger: _own(ledger).credits(breach(ACME).penalty.settlement_id),
    "verdicts": lambda ledger: _own(ledger).verdicts(ACME.id),
    "balance": lambda ledger: _own(ledger).balance(),
    "agreements": lambda ledger: _own(ledger).agreements(),
    "one settlement": lambda ledger: _own(ledger).settlement(breach(ACME).penalty.settlement_id),
    "undetermined": lambda ledger: _own(ledger).undetermined(),
    "a verdict with what it was judged from": lambda ledger: _own(ledger).verdict(verdict(ACME, 0).ref),
    "waits": lambda ledger: _own(ledger).waits(),
    "how much is undetermined": lambda ledger: ledger.undetermined(),
    "at stake": lambda ledger: ledger.at_stake(),
    "how much waits": lambda ledger: ledger.waiting(),
    "what waits": lambda ledger: ledger.waits("period"),
    "attainments": lambda ledger: ledger.attainments("availability-edge", period()),
    "a page of all verdicts": lambda ledger: ledger.read(OPERATOR).verdicts(limit=10),
    "standing": lambda ledger: ledger.standing(ACME.id, period()),
    "to assess": lambda ledger: ledger.to_assess(ACME.id),
    "agreements to assess": lambda ledger: ledger.agreements_to_assess(),
    "newest judged": lambda ledger: ledger.newest_judged(ACME.id),
    "what is to be reported": lambda ledger: ledger.computed(),
    "what is due": lambda ledger: ledger.due(0, 10),
    "a page of what is on chain": lambda ledger: ledger.on_chain(limit=10),
    "what was sent": lambda ledger: ledger.sent_from(ATTEMPT.sender, 0),
    "uncredited": lambda ledger: ledger.uncredited(),
    "totals": lambda ledger: ledger.totals(),
    "open attempts": lambda ledger: ledger.open_attempts(),
    "a page of all settlements": lambda ledger: ledger.read(OPERATOR).settlements(limit=10),
    "a page of all credits": lambda ledger: ledger.read(OPERATOR).credits(limit=10),
    "all that is undetermined": lambda ledger: ledger.read(OPERATOR).undetermined(),
    "a verdict": lambda ledger: ledger.add_verdict(verdict(ACME, 7)),
    "an attainment": lambda ledger: ledger.add_attainments([attainment(ACME, 7)]),
    "a wait": lambda ledger: ledger.begin_wait(waiting(ACME, "another reason")),
    "a penalty": lambda ledger: ledger.add_penalty(breach(ACME, 7).penalty),
}


def test_no_question_costs_more_beside_many_records_of_others(tmp_path: Path) -> None:
    """A tenant's pages, what is to be done, and a write: as many steps beside 20,000 settlements as beside 500."""
    costs: dict[int, dict[str, int]] = {}
    for size in (500, 20_000):
        with closing(SqlLedger(f"sqlite:///{tmp_path / str(size)}.sqlite")) as ledger:
            filled(ledger)
            with ledger._database.writing() as connection:
                grow(connection, size)
            costs[size] = {what: steps_of(ledger, partial(ask, ledger)) for what, ask in QUESTIONS.items()}
    more = {what: (costs[500][what], found) for what, found in costs[20_000].items() if found > costs[500][what] + 8}

    assert more == {}


def test_an_idle_turn_asks_as_much_of_three_hundred_agreements_as_of_three(tmp_path: Path) -> None:
    """Nothing is asked for each agreement of which nothing is due, and no store but the ledger is asked at all."""
    costs = {}
    for agreements in (3, 300):
        with closing(SqlLedger(f"sqlite:///{tmp_path / str(agreements)}.sqlite")) as ledger:
            platform = platform_of(ledger, agreements)
            turn = turn_of(platform)
            turn()
            asked: list[str] = []
            event.listen(
                ledger._database.engine, "before_cursor_execute", lambda *told, asked=asked: asked.append(told[2])
            )
            steps = steps_of(ledger, turn)
            costs[agreements] = (sum(not one.startswith("BEGIN") for one in asked), steps)

    assert costs[300][0] == costs[3][0]
    assert costs[300][1] <= costs[3][1] + 8


# -------------------------------------------------------------------------------------------------------------------- care


def test_care_tells_what_a_ledger_holds_and_what_is_wrong(tmp_path: Path) -> None:
    """New, upgraded, filled, with a sum that is wrong, and made anew."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    for look in (care.status, care.check, care.rebuild):
        with pytest.raises(Unavailable, match="No such file"):
            look(url)
    assert list(tmp_path.iterdir()) == []
    told = [str(care.upgrade(url)), str(care.upgrade(url)), str(care.status(url))]
    with closing(SqlLedger(url)) as ledger:
        filled(ledger)
        whole = care.check(url)
        with ledger._database.writing() as connection:
            connection.execute(update(tables.tallies).values(amount=1))
        [wrong] = care.check(url)
        again = care.check(url)
        care.rebuild(url)

        assert ledger.totals().settlements == {SettlementState.FINAL: 2}
    assert [one.partition(": ")[2] for one in told] == [
        "from revision none to 0002",
        "at revision 0002 already",
        "at revision 0002; no records",
    ]
    assert (whole, care.check(url), [wrong]) == ([], [], again)
    assert wrong.startswith("tally: ")
    assert wrong.endswith("run sankofa-observe ledger rebuild")
    assert care.status(url).records["penalty"] == 2


# -------------------------------------------------------------------------------------------------------------------- file


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """With what SQLite puts beside it; and one that others may read is refused with the command that helps."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        filled(ledger)
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    file.chmod(0o644)
    with pytest.raises(InvalidInput, match=r"mode 644, expected 600.*chmod 600"):
        SqlLedger(f"sqlite:///{file}")


@pytest.mark.parametrize("beside", ["-wal", "-shm"])
def test_what_lies_beside_a_file_is_its_owners_alone(tmp_path: Path, beside: str) -> None:
    """The newest records stand there, for whoever may read it."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        filled(ledger)
        (tmp_path / f"ledger.sqlite{beside}").chmod(0o644)
        with pytest.raises(InvalidInput, match=rf"{beside} has mode 644, expected 600"):
            SqlLedger(f"sqlite:///{file}")


def test_a_folder_in_which_others_replace_the_file_is_refused(tmp_path: Path) -> None:
    """Where it is sticky, they cannot."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    tmp_path.chmod(0o777)
    with pytest.raises(InvalidInput, match=r"mode 777.*chmod go-w"):
        SqlLedger(url)
    tmp_path.chmod(0o1777)
    SqlLedger(url).close()


def test_what_is_written_ahead_is_watched_like_the_file(tmp_path: Path) -> None:
    """Removed while it is open, what is written to it is lost with the process; what SQLite itself removes is not missed."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        for n in range(3):
            ledger.add_verdict(verdict(ACME, n))
            ledger._database.engine.dispose()  # the last one to close removes it
        ledger.add_verdict(verdict(ACME, 3))
        (tmp_path / "ledger.sqlite-wal").unlink()
        with pytest.raises(Unfit, match="was removed or replaced while it was open"):
            ledger.add_verdict(verdict(ACME, 4))


def test_a_backup_is_a_ledger_of_its_own(tmp_path: Path) -> None:
    """Of one moment, in one file that is its owner's alone; a file that stands is left alone."""
    url, copy = f"sqlite:///{tmp_path / 'ledger.sqlite'}", tmp_path / "copy.sqlite"
    with closing(SqlLedger(url)) as ledger:
        filled(ledger)
        assert str(copy) in care.backup(url, copy)
        standing = ledger.read(OPERATOR).verdicts().items
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(SqlLedger(f"sqlite:///{copy}")) as restored:
        assert restored.read(OPERATOR).verdicts().items == standing
    assert care.check(f"sqlite:///{copy}") == []
    before = copy.read_bytes()
    with pytest.raises(InvalidInput, match="File exists; name a new file"):
        care.backup(url, copy)
    assert copy.read_bytes() == before


@pytest.mark.parametrize("page", [0, 1, 2, 9])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, page: int) -> None:
    """Whatever page was overwritten: it is not opened, and nothing more is written to it."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        filled(ledger)
    raw = bytearray(file.read_bytes())
    raw[4096 * page : 4096 * (page + 1)] = b"\xa5" * 4096
    file.write_bytes(raw)
    with pytest.raises(InvalidInput, match="damaged"):
        SqlLedger(f"sqlite:///{file}")
    assert file.read_bytes() == bytes(raw)


def test_a_ledger_that_is_opened_twice_keeps_its_locks(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops all locks of the process on it: then another process deletes the log of ours."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    write = "from tests.adapters.test_ledger_records import *; import sys\nwith closing(SqlLedger(sys.argv[1])) as ledger: ledger.add_verdict(verdict(ACME, int(sys.argv[2])))"
    with closing(SqlLedger(url)) as first:
        first.add_verdict(verdict(ACME, 0))
        for n in (1, 3):
            care.status(url)
            subprocess.run([sys.executable, "-c", write, url, str(n)], check=True, cwd=CHECKOUT)
            first.add_verdict(verdict(ACME, n + 1))
    with closing(SqlLedger(url)) as again:
        assert len(again.read(OPERATOR).verdicts(ACME.id).items) == 5


def test_a_credit_belongs_to_the_tenant_of_its_settlement(ledger: SqlLedger) -> None:
    """And to a settlement that there is."""
    penalty = breach(ACME).penalty
    with pytest.raises(InvariantBroken, match="None's in the ledger"):
        ledger.add_credit(credit(ACME, penalty))
    ledger.add_penalty(penalty)
    with pytest.raises(InvariantBroken, match="acme's in the ledger"):
        ledger.add_credit(credit(BAOBAB, penalty))


def test_a_write_under_a_lease_that_was_taken_over_is_refused(ledger: SqlLedger) -> None:
    """A stage that was frozen in the middle of its turn: what it writes afterwards is not written."""
    first, second = (replace(ledger.lease("scheduler"), owner=owner) for owner in ("host-a:1", "host-b:2"))
    first.take()
    fenced = ledger.acting("stage:evaluate").fenced(first)
    assert fenced.add_verdict(verdict(ACME, 0))
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(expires_at=1))
    second.take()
    with pytest.raises(Lost, match="nothing was written"):
        fenced.add_verdict(verdict(ACME, 1))
    assert ledger.fenced(second).add_verdict(verdict(ACME, 1))
    with pytest.raises(InvalidInput, match="does not"):
        ledger.fenced(cast("Lease", object()))


def test_whoever_takes_a_lease_waits_for_the_write_of_its_holder(ledger: SqlLedger) -> None:
    """So that none comes after: the write ends first, or is refused."""
    first, second = (replace(ledger.lease("scheduler"), owner=owner) for owner in ("host-a:1", "host-b:2"))
    first.take()
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(expires_at=1))
    with ThreadPoolExecutor(1) as other:
        with ledger.fenced(first)._writing():
            taking = other.submit(second.take)
            with pytest.raises(TimeoutError):
                taking.result(timeout=0.3)
        assert taking.result(timeout=limit(10)) == 2


def written_at_once(ledger: SqlLedger, first: Callable[[], object], later: Callable[[], object]) -> object:
    """What the second write says, which began before the first had ended, and waited for it."""
    held, go_on = threading.Event(), threading.Event()

    def hold(connection: Any) -> None:
        if threading.current_thread().name.startswith("first"):
            held.set()
            go_on.wait(limit(10))

    event.listen(ledger._database.engine, "commit", hold)
    with ThreadPoolExecutor(1, "first") as one, ThreadPoolExecutor(1, "later") as other:
        done = one.submit(first)
        assert held.wait(limit(10))
        waiting = other.submit(later)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        go_on.set()
        done.result(limit(10))
        error = waiting.exception(limit(10))
    with ledger._database.reading() as connection:
        assert projections.differences(connection) == []
    return error or waiting.result()


@pytest.mark.real("postgres", "initdb", "pg_isready")
@pytest.mark.parametrize("later", ["verdict", "penalty"])
def test_what_is_read_hot_is_right_when_price_and_revision_are_written_at_once(postgres: Postgres, later: str) -> None:
    """Whoever comes second waits for the first, and then makes it of both records."""
    with closing(SqlLedger(postgres.empty_database())) as ledger:
        ledger.add_verdict(verdict(ACME, 0))
        writes: dict[str, Callable[[], object]] = {
            "verdict": lambda: ledger.add_verdict(replace(verdict(ACME, 0, revision=2), verdict=Verdict.MET)),
            "penalty": lambda: ledger.add_penalty(breach(ACME, 0).penalty),
        }
        first = next(name for name in writes if name != later)
        assert written_at_once(ledger, writes[first], writes[later]) is True
        assert [one.record.revision for one in ledger.to_assess(ACME.id)] == [2]


@pytest.mark.real("postgres", "initdb", "pg_isready")
@pytest.mark.parametrize(
    ("first", "later", "told"),
    [
        ("report", "price", "carries it, and its fate is not known"),
        ("price", "report", "priced by revision 2 meanwhile"),
        ("report", "close", "carries it, and its fate is not known"),
        ("close", "report", "it is closed meanwhile"),
        ("close", "close again", "False"),
    ],
)
def test_writers_of_one_settlement_take_turns(postgres: Postgres, first: str, later: str, told: str) -> None:
    """Pricing, reporting and a person's act at once: whoever comes second waits, sees what the first did, and is refused."""
    with closing(SqlLedger(postgres.empty_database())) as ledger:
        penalty = breach(ACME, 0).penalty
        ledger.add_penalty(penalty)
        closed = StateChange(state=SettlementState.CLOSED, at=9)
        sent = replace(ATTEMPT, settlement_ids=(penalty.settlement_id,))
        writes: dict[str, Callable[[], object]] = {
            "report": lambda: ledger.add_attempt(sent, 9, {penalty.settlement_id: 1}),
            "price": lambda: ledger.add_penalty(replace(breach(ACME, 0, bad=2).penalty, revision=2)),
            "close": lambda: ledger.add_state(penalty.settlement_id, closed),
            "close again": lambda: ledger.add_state(penalty.settlement_id, closed),
        }
        assert told in str(written_at_once(ledger, writes[first], writes[later]))


def test_a_fault_that_lasts_is_not_to_be_tried_again(ledger: SqlLedger) -> None:
    """A fate of no transaction, a transaction under two nonces, and values that no database holds."""
    with pytest.raises(InvariantBroken):
        ledger.close_attempt(ATTEMPT, Receipt(succeeded=True, block_number=1), 2)
    ledger.add_attempt(ATTEMPT, 1)
    with pytest.raises(InvariantBroken, match="another record stands under one of its unique names"):
        ledger.add_attempt(replace(ATTEMPT, nonce=ATTEMPT.nonce + 1), 1)
    for other in (replace(ATTEMPT, raw=b"other"), replace(ATTEMPT, settlement_ids=("0x1",))):
        with pytest.raises(InvariantBroken, match="nothing was written"):
            ledger.add_attempt(other, 1)
    for name in ("\ud800", "x" * 500):
        with pytest.raises(InvalidInput):
            ledger.add_verdict(replace(verdict(ACME), site=name))
    with pytest.raises(InvalidInput):
        ledger.add_verdict(replace(verdict(ACME), attainment=replace(verdict(ACME).attainment, good=2**63)))


def test_sums_stay_exact(ledger: SqlLedger) -> None:
    """A credit that carries a sum beyond what a column holds is refused, and leaves the sum as it was."""
    for index, of in enumerate((ACME, BAOBAB)):
        ledger.add_penalty(breach(of, index).penalty)
    whole = replace(breach(ACME, 3).penalty, settlement_id="0x" + "77" * 32, credit_minor=2**63 - 1)
    before = ledger.totals().penalties
    with pytest.raises(InvariantBroken, match="beyond"):
        ledger.add_penalty(whole)
    assert (ledger.totals().penalties, ledger.read(OPERATOR).settlement(whole.settlement_id)) == (before, None)


def test_a_price_of_nothing_is_no_difference(ledger: SqlLedger) -> None:
    """Before what is read hot was made anew, and afterwards."""
    ledger.add_penalty(replace(breach(ACME).penalty, credit_minor=0))
    with ledger._database.writing() as connection:
        assert projections.differences(connection) == []
        before = projections.totals(connection)
        projections.rebuild(connection)
        assert projections.differences(connection) == []
        assert projections.totals(connection) == before


def test_sums_over_tenants_end_nowhere(ledger: SqlLedger) -> None:
    """Each tenant's fits its column; what is shown of all of them is added up exactly, on both databases."""
    most = 2**63 - 1
    for index, of in enumerate((ACME, BAOBAB)):
        unclear = {"verdict": Verdict.UNDETERMINED, "at_stake": of.money(most), "cap_minor": most}
        ledger.add_verdict(replace(verdict(of, 5), **cast("Any", unclear)))
        penalty = replace(breach(of, index).penalty, credit_minor=0)
        ledger.add_penalty(penalty)
        ledger.add_credit(credit(of, penalty, amount=of.money(most - index)))

    assert ledger.read(OPERATOR).balance() == [ACME.money(2 * most - 1)]
    assert ledger.at_stake() == [ACME.money(2 * most)]
    assert ledger.read(of_tenant("acme")).balance() == [ACME.money(most)]


def test_a_sum_that_sqlite_cannot_make_is_not_to_be_tried_again(tmp_path: Path) -> None:
    """Of credits that no writer of ours wrote: it is the same at every try."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with closing(SqlLedger(url)) as ledger:
        for n in range(2):
            with ledger._database.writing() as connection:
                row = rows.credit_row(credit(ACME, breach(ACME, n).penalty, amount=ACME.money(2**63 - 1)))
                connection.execute(insert(tables.credit_entries), {**row, "actor": "x", "written_at": 1})
    with pytest.raises(InvariantBroken, match="a sum is beyond"):
        care.rebuild(url)


def test_what_is_owed_is_the_newest_price(ledger: SqlLedger) -> None:
    """Of a settlement that was priced again: the sum that is made anew counts each once."""
    first, other = breach(ACME, 0).penalty, breach(ACME, 1).penalty
    for penalty in (first, other):
        ledger.add_penalty(penalty)
    with ledger._database.writing() as connection:
        for revision, amount in ((2, 100), (3, 50)):
            row = rows.penalty_row(replace(first, revision=revision, credit_minor=amount))
            connection.execute(
                insert(tables.penalties), {**row, "adopted": 0, "actor": "person:amina", "written_at": 1}
            )
        assert any(one.startswith("settlement_now: ") for one in projections.differences(connection))
        projections.rebuild(connection)

    assert dict(ledger.totals().penalties) == {("USD", 2): other.credit_minor + 50}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"site": "a\0b"}, "verdict: site is 'a\\x00b'; expected text without NUL"),
        ({"site": "a\ud800"}, "verdict: site is 'a\\ud800'; expected text without NUL"),
        ({"tenant": "x" * 129}, "verdict: tenant has 129 letters, 'xxx"),
        ({"agreement_id": "x" * 67}, "verdict: agreement_id has 67 letters"),
        ({"revision": 2**31}, "verdict: revision is 2147483648; expected a number of 32 bits"),
        ({"cap_minor": 2**63}, "verdict: cap_minor is 9223372036854775808; expected a number of 64 bits"),
    ],
)
def test_what_a_column_does_not_hold_is_refused_by_name(ledger: SqlLedger, change: dict[str, Any], told: str) -> None:
    """On both databases alike, before any of it is written."""
    with pytest.raises(InvalidInput, match=re.escape(told)):
        ledger.add_verdict(replace(verdict(ACME), **change))
    with pytest.raises(InvalidInput, match="actor has 201 letters"):
        ledger.acting("x" * 201).add_verdict(verdict(ACME))
    assert ledger.add_verdict(replace(verdict(ACME), tenant="é" * 128))
    assert ledger.read(of_tenant("é" * 128)).verdicts().items != ()


def test_nothing_is_asked_for_by_a_text_that_no_database_holds(ledger: SqlLedger) -> None:
    """Neither of them finds something else under what stands before it."""
    asks: list[Callable[[], object]] = [
        lambda: ledger.read(of_tenant("acme\0")).verdicts(),
        lambda: ledger.read(OPERATOR).verdict("a\0"),
        lambda: ledger.read(OPERATOR).settlement("\0"),
        lambda: ledger.end_wait("period", "a\0", 1),
    ]
    for ask in asks:
        with pytest.raises(InvalidInput, match="NUL"):
            ask()


def test_records_in_memory_are_refused() -> None:
    """They would end with the process."""
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"):
        with pytest.raises(InvalidInput, match="records in memory end with the process"):
            SqlLedger(url)


def test_a_file_that_was_removed_while_it_was_open_is_written_to_no_more(tmp_path: Path) -> None:
    """Removed or replaced: what was written would be lost with the process."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        file.rename(tmp_path / "moved")
        for replaced in (False, True):
            if replaced:
                file.touch(0o600)
            with pytest.raises(InvalidInput, match="was removed or replaced while it was open"):
                ledger.add_verdict(verdict(ACME))


def test_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    """A database with tables of which none says a revision is not ours."""
    file = tmp_path / "other.sqlite"
    file.touch(0o600)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customer (name TEXT)"))
    engine.dispose()
    for touch in (SqlLedger, care.upgrade):
        with pytest.raises(InvalidInput, match="another program's database"):
            touch(f"sqlite:///{file}")
    with pytest.raises(InvalidInput, match="another program's database"):
        care.rebuild(f"sqlite:///{file}")


@pytest.mark.parametrize("named", ["", " 0002", "0003", "0002x"])
def test_a_revision_that_nobody_made_is_told_by_everything(tmp_path: Path, named: str) -> None:
    """With what it is, and nothing is upgraded from it."""
    url = at_revision(tmp_path, named)
    for touch in (SqlLedger, care.upgrade, care.check, care.rebuild):
        with pytest.raises(InvalidInput, match=f"at revision '{named}', which this release does not know"):
            touch(url)
    assert f"at revision {named}" in str(care.status(url))


def test_a_ledger_of_two_revisions_is_not_opened(ledger: SqlLedger) -> None:
    """Nor is it whole: which of them is it?"""
    url = ledger._database.engine.url.render_as_string(hide_password=False)
    with ledger._database.writing() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('0009')"))
    try:
        for touch in (SqlLedger, care.upgrade, care.check, care.rebuild, care.status):
            with pytest.raises(Unfit, match="names 2 revisions, '0002', '0009'"):
                touch(url)
    finally:
        with ledger._database.writing() as connection:
            connection.execute(text("DELETE FROM alembic_version WHERE version_num = '0009'"))


@pytest.mark.parametrize("beside", ["", "-wal", "-shm"])
@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_what_is_no_file_in_the_place_of_one_is_told(tmp_path: Path, beside: str, kind: str) -> None:
    """No waiting makes a ledger of it, and no other mode."""
    file = tmp_path / "ledger.sqlite"
    if beside:
        SqlLedger(f"sqlite:///{file}").close()
    one = tmp_path / f"ledger.sqlite{beside}"
    if kind == "a folder":
        one.mkdir()
    else:
        os.mkfifo(one, 0o600)
    for touch in (SqlLedger, care.check, care.status, care.upgrade):
        with pytest.raises(Unfit, match=f"ledger {one} is {kind}, expected a file; move it away"):
            touch(f"sqlite:///{file}")


def test_a_ledger_below_a_file_is_told(tmp_path: Path) -> None:
    """Where a folder is expected there is none."""
    (tmp_path / "file").touch(0o600)
    with pytest.raises(Unfit, match="Not a directory; expected a file in a folder"):
        SqlLedger(f"sqlite:///{tmp_path}/file/ledger.sqlite")


def test_tables_of_an_older_release_ask_for_the_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is changed by opening it, and the command is named; tables of a revision that nobody knows are left alone."""
    url = at_revision(tmp_path, "0001")
    with pytest.raises(InvalidInput, match="which this release does not know"):
        SqlLedger(url)
    with pytest.raises(InvalidInput, match="which this release does not know"):
        care.upgrade(url)
    monkeypatch.setattr(database, "REVISIONS", ("0001", *tables.REVISIONS))
    with pytest.raises(InvalidInput, match="sankofa-observe ledger upgrade"):
        SqlLedger(url)
