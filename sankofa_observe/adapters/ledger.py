"""The ledger in a SQL database: SQLite beside the process, PostgreSQL in the large.

Insert only. Writing the same thing again answers False; writing another thing in its place raises `InvariantBroken`, because
then two truths disagree. Every method is one transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, create_engine, event, insert, inspect, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from sankofa_observe.adapters import records, rows
from sankofa_observe.adapters.rows import Row
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.ports import Attempt, Receipt, SettlementRecord, StateChange
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import ARROWS, SettlementState
from sankofa_observe.units import Period

BUSY_SECONDS = 10


class SqlLedger:
    """A ledger at a SQLAlchemy URL; opening it brings the tables up to date."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _sqlite_pragmas)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def _migrate(self) -> None:
        with self._transaction() as connection:
            if _revision(connection) == records.REVISION:
                return  # Alembic is a third of what opening a ledger costs, and has nothing to do
        with self._transaction() as connection:
            # One process at a time, and all or nothing: scheduler and API may open a new ledger at once.
            lock = "BEGIN IMMEDIATE" if self._engine.dialect.name == "sqlite" else "SELECT pg_advisory_xact_lock(5340)"
            connection.exec_driver_sql(lock)
            from sankofa_observe.adapters.migrations import NewerTables, upgrade

            try:
                upgrade(connection)
            except NewerTables as error:
                raise InvalidInput(
                    f"ledger {self._engine.url!r}: {error}; its tables are of a newer release, upgrade this one"
                ) from error

    def close(self) -> None:
        self._engine.dispose()

    def add_agreement(self, *, agreement_id: str, version: int, terms_hash: str, document: str, at: int) -> bool:
        key = {"agreement_id": agreement_id, "version": version}
        row = {**key, "terms_hash": terms_hash, "document": document, "recorded_at": at}
        return self._add(records.agreements, key, row, same=("terms_hash",))

    def versions(self, agreement_id: str) -> list[int]:
        table = records.agreements
        query = select(table.c.version).where(table.c.agreement_id == agreement_id).order_by(table.c.version)
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def add_verdict(self, record: VerdictRecord) -> bool:
        row = rows.verdict_row(record)
        key = {name: row[name] for name in ("agreement_id", "slo", "site", "starts_at", "ends_at", "revision")}
        return self._add(records.verdicts, key, row, same=("slots_digest", "verdict"))

    def verdicts(self, *, agreement_id: str | None = None, period: Period | None = None) -> list[VerdictRecord]:
        table = records.verdicts
        query = select(table).order_by(table.c.starts_at, table.c.id)
        if agreement_id is not None:
            query = query.where(table.c.agreement_id == agreement_id)
        if period is not None:
            query = query.where(table.c.starts_at == period.starts_at, table.c.ends_at == period.ends_at)
        with self._transaction() as connection:
            return [rows.verdict(row) for row in connection.execute(query).mappings()]

    def add_penalty(self, penalty: Penalty) -> bool:
        row = rows.penalty_row(penalty)
        first = {
            "settlement_id": penalty.settlement_id,
            "state": SettlementState.COMPUTED.value,
            "at": penalty.assessed_at,
            "detail": "",
        }
        key = {"settlement_id": penalty.settlement_id}
        with self._transaction() as connection:
            if not self._insert(connection, records.penalties, key, row, ("document_hash",)):
                return False
            connection.execute(insert(records.state_changes), first)
            return True

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        key = {"settlement_id": settlement_id, "state": change.state.value}
        with self._transaction() as connection:
            history = self._history(connection, settlement_id)
            if change.state in {one.state for one in history}:
                return False
            if not history or (history[-1].state, change.state) not in ARROWS:
                now = history[-1].state if history else "absent"
                raise InvariantBroken(f"settlement {settlement_id}: is {now}, cannot become {change.state}")
            row = {**key, "at": change.at, "detail": change.detail}
            return self._insert(connection, records.state_changes, key, row, ())

    def settlements(self, *states: SettlementState) -> list[SettlementRecord]:
        table = records.penalties
        query = select(table).order_by(table.c.starts_at, table.c.settlement_id)
        moves = select(records.state_changes).order_by(records.state_changes.c.id)
        with self._transaction() as connection:
            found = list(connection.execute(query).mappings())
            histories: dict[str, list[StateChange]] = {}
            for row in connection.execute(moves).mappings():
                histories.setdefault(row["settlement_id"], []).append(rows.change(row))
        every = [rows.settlement(row, histories[row["settlement_id"]]) for row in found]
        return [record for record in every if not states or record.state in states]

    def settlement(self, settlement_id: str) -> SettlementRecord | None:
        query = select(records.penalties).where(records.penalties.c.settlement_id == settlement_id)
        with self._transaction() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return rows.settlement(row, self._history(connection, settlement_id)) if row else None

    def add_attempt(self, attempt: Attempt, at: int) -> bool:
        row = {**rows.attempt_row(attempt), "signed_at": at}
        key = {"sender": attempt.sender, "nonce": attempt.nonce}
        return self._add(records.attempts, key, row, same=("transaction",))

    def open_attempts(self) -> list[Attempt]:
        sent, closed = records.attempts, records.receipts
        query = (
            select(sent)
            .outerjoin(closed, sent.c.transaction == closed.c.transaction)
            .where(closed.c.transaction.is_(None))
            .order_by(sent.c.sender, sent.c.nonce)
        )
        with self._transaction() as connection:
            return [rows.attempt(row) for row in connection.execute(query).mappings()]

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool:
        key = {"transaction": attempt.transaction}
        row = {
            **key,
            "succeeded": int(receipt.succeeded),
            "block_number": receipt.block_number,
            "reason": receipt.reason,
            "closed_at": at,
        }
        return self._add(records.receipts, key, row, same=("succeeded",))

    def add_credit(self, credit: ServiceCredit) -> bool:
        key = {"settlement_id": credit.settlement_id}
        row = rows.credit_row(credit)
        return self._add(records.service_credits, key, row, same=("amount_minor", "tenant"))

    def credits(self, *, tenant: str | None = None) -> list[ServiceCredit]:
        table = records.service_credits
        query = select(table).order_by(table.c.granted_at, table.c.settlement_id)
        if tenant is not None:
            query = query.where(table.c.tenant == tenant)
        with self._transaction() as connection:
            return [rows.credit(row) for row in connection.execute(query).mappings()]

    def _add(self, table: Table, key: Row, row: Row, same: tuple[str, ...]) -> bool:
        with self._transaction() as connection:
            return self._insert(connection, table, key, row, same)

    @staticmethod
    def _insert(connection: Connection, table: Table, key: Row, row: Row, same: tuple[str, ...]) -> bool:
        where = and_(*(table.c[name] == value for name, value in key.items()))
        found = connection.execute(select(table).where(where)).mappings().one_or_none()
        if found is None:
            connection.execute(insert(table), dict(row))
            return True
        for name in same:
            if found[name] != row[name]:
                raise InvariantBroken(
                    f"{table.name} {dict(key)}: {name} is {found[name]} in the ledger and {row[name]} now; nothing was written"
                )
        return False

    @staticmethod
    def _history(connection: Connection, settlement_id: str) -> list[StateChange]:
        table = records.state_changes
        query = select(table).where(table.c.settlement_id == settlement_id).order_by(table.c.id)
        return [rows.change(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError as error:  # another writer was quicker: the next run sees what it wrote
            raise Unavailable(f"ledger: written by another process at the same time ({error.orig})") from error
        except DBAPIError as error:
            raise Unavailable(f"ledger {self._engine.url!r}: {error.orig}; nothing was written, try again") from error


def _engine(url: str) -> Engine:
    """An engine for the URL; what is wrong with the setting is told without the password in it."""
    try:
        return create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        scheme = url.partition(":")[0] if "://" in url else "no"
        raise InvalidInput(
            f"ledger_url: a {scheme} address of a database, {type(error).__name__}; expected one that is installed here, "
            "like sqlite:////var/lib/sankofa/ledger.sqlite or postgresql+psycopg://user@host/database"
        ) from None


def _revision(connection: Connection) -> str | None:
    """What the tables are at, or None for a database without them."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _sqlite_pragmas(connection: Any, _: Any) -> None:
    """WAL lets the API read while the scheduler writes; FULL keeps a committed row over a power cut."""
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _write_ahead(connection)


def _write_ahead(connection: Any) -> Any:
    """Turned on once in a file's life, and while another turns it on SQLite answers "locked" without its busy timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
