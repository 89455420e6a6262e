"""The ledger as the stages use it: records are inserted, and with them, in one transaction, what is read hot.

Writing the same thing again answers False; writing another thing in its place raises `InvariantBroken`, because then two truths
disagree. Every method is one transaction, and every question is answered from an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, TextClause, and_, insert, select, text

from sankofa_observe.adapters.ledger import projections, rows, tables
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.ledger.lease import LedgerLease
from sankofa_observe.adapters.ledger.reads import (
    ScopedReads,
    histories,
    newest_verdicts,
    settlement_records,
    settlements,
)
from sankofa_observe.adapters.ledger.rows import Row
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Attempt, Receipt, SettlementRecord, StateChange, ToAssess, Totals
from sankofa_observe.scope import Scope
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import ARROWS, SettlementState
from sankofa_observe.units import Period

NOBODY = "stage:unnamed"


class SqlLedger:
    """A ledger at a SQLAlchemy URL; opening a new one makes its tables, and refuses one of another release."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._actor = NOBODY
        try:
            self._database.open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._database.close()

    def read(self, scope: Scope) -> ScopedReads:
        return ScopedReads(self._database, scope)

    def lease(self, name: str) -> LedgerLease:
        return LedgerLease(database=self._database, name=name)

    def acting(self, actor: str) -> SqlLedger:
        other = SqlLedger.__new__(SqlLedger)
        other._database, other._actor = self._database, actor  # noqa: SLF001  the same class
        return other

    # -------------------------------------------------------------------------------------------------------- agreements

    def add_agreement(
        self, *, agreement_id: str, version: int, tenant: str, terms_hash: str, document: str, at: int
    ) -> bool:
        key = {"agreement_id": agreement_id, "version": version}
        row = {**key, "tenant": tenant, "terms_hash": terms_hash, "document": document, **self._by(at)}
        with self._database.writing() as connection:
            return _insert(connection, tables.agreements, key, row, ("terms_hash", "tenant"))

    def versions(self, agreement_id: str) -> list[int]:
        table = tables.agreements
        query = select(table.c.version).where(table.c.agreement_id == agreement_id).order_by(table.c.version)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    # ---------------------------------------------------------------------------------------------------------- verdicts

    def was_judged(self, agreement_id: str) -> bool:
        query = select(tables.verdicts.c.id).where(tables.verdicts.c.agreement_id == agreement_id).limit(1)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def add_verdict(self, record: VerdictRecord) -> bool:
        row = {**rows.verdict_row(record), **self._by(record.judged_at)}
        key = {name: row[name] for name in (*tables.PROMISE, "revision")}
        with self._database.writing() as connection:
            if not _insert(connection, tables.verdicts, key, row, ("slots_digest", "verdict", "tenant")):
                return False
            projections.judged(connection, key)
            return True

    def standing(self, agreement_id: str, period: Period) -> list[VerdictRecord]:
        now = tables.verdicts_now
        query = (
            newest_verdicts()
            .where(
                now.c.agreement_id == agreement_id,
                now.c.starts_at == period.starts_at,
                now.c.ends_at == period.ends_at,
            )
            .order_by(tables.verdicts.c.id)
        )
        with self._database.reading() as connection:
            return [rows.verdict(row) for row in connection.execute(query).mappings()]

    def to_assess(self, agreement_id: str) -> list[ToAssess]:
        now = tables.verdicts_now
        query = (
            newest_verdicts()
            .where(now.c.agreement_id == agreement_id, now.c.to_assess == 1)
            .order_by(now.c.starts_at, tables.verdicts.c.id)
        )
        with self._database.reading() as connection:
            found = connection.execute(query).mappings().all()
            return [
                ToAssess(record=rows.verdict(row), penalty=_penalty_of(connection, {n: row[n] for n in tables.PROMISE}))
                for row in found
            ]

    # ------------------------------------------------------------------------------------------------------- settlements

    def add_penalty(self, penalty: Penalty) -> bool:
        row = {**rows.penalty_row(penalty), **self._by(penalty.assessed_at)}
        key = {"settlement_id": penalty.settlement_id}
        with self._database.writing() as connection:
            if not _insert(connection, tables.penalties, key, row, ("document_hash", "credit_minor", "tenant")):
                return False
            self._add_change(connection, row, 1, StateChange(state=SettlementState.COMPUTED, at=penalty.assessed_at))
            projections.priced(connection, row)
            return True

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        with self._database.writing() as connection:
            history = histories(connection, [settlement_id]).get(settlement_id, [])
            if change.state in {one.state for one in history}:
                return False
            if not history or (history[-1].state, change.state) not in ARROWS:
                now = history[-1].state if history else "absent"
                raise InvariantBroken(f"settlement {settlement_id}: is {now}, cannot become {change.state}")
            of = {"settlement_id": settlement_id, "tenant": _owner_of(connection, settlement_id)}
            self._add_change(connection, of, len(history) + 1, change)
            projections.moved(connection, settlement_id, history[-1].state, change.state)
            return True

    def _add_change(self, connection: Connection, of: Row, number: int, change: StateChange) -> None:
        own = {"settlement_id": of["settlement_id"], "tenant": of["tenant"], "number": number}
        row = {**own, "state": change.state.value, "at": change.at, "detail": change.detail}
        connection.execute(insert(tables.state_changes), {**row, **self._by(change.at)})

    def moving(self, *states: SettlementState) -> list[SettlementRecord]:
        now = tables.settlements_now
        return self._settlements(now.c.state.in_([one.value for one in states]), text(tables.MOVING))

    def uncredited(self) -> list[SettlementRecord]:
        now = tables.settlements_now
        return self._settlements(now.c.state == SettlementState.FINAL.value, now.c.credited == 0)

    def _settlements(self, *where: ColumnElement[bool] | TextClause) -> list[SettlementRecord]:
        now = tables.settlements_now
        query = settlements().where(*where).order_by(now.c.starts_at, now.c.settlement_id)
        with self._database.reading() as connection:
            return settlement_records(connection, connection.execute(query).mappings().all())

    # ------------------------------------------------------------------------------------------------------ transactions

    def add_attempt(self, attempt: Attempt, at: int) -> bool:
        row = {**rows.attempt_row(attempt), "replacement": 0, **self._by(at)}
        key = {"sender": attempt.sender, "nonce": attempt.nonce, "replacement": 0}
        with self._database.writing() as connection:
            return _insert(connection, tables.attempts, key, row, ("transaction",))

    def open_attempts(self) -> list[Attempt]:
        sent, closed = tables.attempts, tables.receipts
        query = (
            select(sent)
            .outerjoin(closed, sent.c.transaction == closed.c.transaction)
            .where(closed.c.transaction.is_(None))
            .order_by(sent.c.sender, sent.c.nonce)
        )
        with self._database.reading() as connection:
            return [rows.attempt(row) for row in connection.execute(query).mappings()]

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool:
        key = {"transaction": attempt.transaction}
        row = {"succeeded": int(receipt.succeeded), "block_number": receipt.block_number, "reason": receipt.reason}
        with self._database.writing() as connection:
            return _insert(connection, tables.receipts, key, {**key, **row, **self._by(at)}, ("succeeded",))

    # ----------------------------------------------------------------------------------------------------------- credits

    def add_credit(self, credit: ServiceCredit) -> bool:
        row = {**rows.credit_row(credit), **self._by(credit.granted_at)}
        key = {name: row[name] for name in ("settlement_id", "kind", "number")}
        with self._database.writing() as connection:
            if (owner := _owner_of(connection, credit.settlement_id)) != credit.tenant:
                raise InvariantBroken(
                    f"credit_entry of settlement {credit.settlement_id}: it is {owner}'s in the ledger, and {credit.tenant}'s now; "
                    "nothing was written"
                )
            if not _insert(
                connection,
                tables.credit_entries,
                key,
                row,
                ("delta_minor", "currency", "exponent", "cut_minor", "tenant"),
            ):
                return False
            projections.credited(connection, row)
            return True

    def totals(self) -> Totals:
        with self._database.reading() as connection:
            return projections.totals(connection)

    def _by(self, at: int) -> dict[str, Any]:
        return {"actor": self._actor, "written_at": at}


def _owner_of(connection: Connection, settlement_id: str) -> str | None:
    """The tenant of a settlement, or None where there is none."""
    now = tables.settlements_now
    return connection.execute(select(now.c.tenant).where(now.c.settlement_id == settlement_id)).scalar_one_or_none()


def _penalty_of(connection: Connection, promise: Row) -> Penalty | None:
    table = tables.penalties
    where = and_(*(table.c[name] == value for name, value in promise.items()))
    row = connection.execute(select(table).where(where).order_by(table.c.revision.desc()).limit(1)).mappings().first()
    return rows.penalty(row) if row else None


def _insert(connection: Connection, table: Table, key: Row, row: Row, same: Sequence[str]) -> bool:
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
