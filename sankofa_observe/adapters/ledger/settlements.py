"""What is owed, as the stages write it: penalties, the moves of their settlements, transactions and credits."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, TextClause, select, text

from sankofa_observe.adapters.ledger import projections, rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.checksums import Row
from sankofa_observe.adapters.ledger.reads import histories, settlement_records, settlements
from sankofa_observe.adapters.ledger.writes import add_new, add_once
from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.ports import Attempt, Receipt, SettlementRecord, StateChange, Totals
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import ARROWS, OPEN, SettlementState


class Settlements(Acting):
    """Every method is one transaction."""

    def add_penalty(self, penalty: Penalty) -> bool:
        row = {**rows.penalty_row(penalty), **self._by(penalty.assessed_at)}
        key = {"settlement_id": penalty.settlement_id, "revision": penalty.revision}
        with self._writing() as connection:
            projections.alone(connection, row)
            before = _priced(connection, penalty.settlement_id)
            if before and before["revision"] != penalty.revision:
                _refuse_sealed(connection, penalty, before)
            if not add_once(connection, tables.penalties, key, row):
                return False
            history = histories(connection, [penalty.settlement_id]).get(penalty.settlement_id, [])
            if not history or history[-1].state is SettlementState.WITHDRAWN:
                change = StateChange(state=SettlementState.COMPUTED, at=penalty.assessed_at)
                self._add_change(connection, row, len(history) + 1, change)
            projections.priced(connection, row, before)
            return True

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        with self._writing() as connection:
            history = histories(connection, [settlement_id]).get(settlement_id, [])
            allowed = bool(history) and (history[-1].state, change.state) in ARROWS
            if not allowed and change.state in {one.state for one in history}:
                return False
            if not allowed:
                now = history[-1].state if history else "absent"
                raise InvariantBroken(f"settlement {settlement_id}: is {now}, cannot become {change.state}")
            if change.state is SettlementState.WITHDRAWN:
                _refuse_being_sent(connection, settlement_id)
            of = {"settlement_id": settlement_id, "tenant": _owner_of(connection, settlement_id)}
            self._add_change(connection, of, len(history) + 1, change)
            projections.moved(connection, settlement_id, history[-1].state, change.state)
            return True

    def _add_change(self, connection: Connection, of: Row, number: int, change: StateChange) -> None:
        own = {"settlement_id": of["settlement_id"], "tenant": of["tenant"], "number": number}
        row = {**own, "state": change.state.value, "at": change.at, "detail": change.detail}
        add_new(connection, tables.state_changes, {**row, **self._by(change.at)})

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
        with self._writing() as connection:
            return add_once(connection, tables.attempts, key, row)

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
        with self._writing() as connection:
            return add_once(connection, tables.receipts, key, {**key, **row, **self._by(at)})

    # ----------------------------------------------------------------------------------------------------------- credits

    def add_credit(self, credit: ServiceCredit) -> bool:
        row = {**rows.credit_row(credit), **self._by(credit.granted_at)}
        key = {name: row[name] for name in ("settlement_id", "kind", "number")}
        with self._writing() as connection:
            if (owner := _owner_of(connection, credit.settlement_id)) != credit.tenant:
                raise InvariantBroken(
                    f"credit_entry of settlement {credit.settlement_id}: it is {owner}'s in the ledger, and {credit.tenant}'s now; "
                    "nothing was written"
                )
            if not add_once(connection, tables.credit_entries, key, row):
                return False
            projections.credited(connection, row)
            return True

    def totals(self) -> Totals:
        with self._database.reading() as connection:
            return projections.totals(connection)


def _owner_of(connection: Connection, settlement_id: str) -> str | None:
    """The tenant of a settlement, or None where there is none."""
    now = tables.settlements_now
    return connection.execute(select(now.c.tenant).where(now.c.settlement_id == settlement_id)).scalar_one_or_none()


def _priced(connection: Connection, settlement_id: str) -> Row | None:
    """The price that stands, with the state of its settlement."""
    now, table = tables.settlements_now, tables.penalties
    query = select(table, now.c.state).join(now, now.c.penalty_id == table.c.id)
    return connection.execute(query.where(now.c.settlement_id == settlement_id)).mappings().first()


def _refuse_sealed(connection: Connection, penalty: Penalty, before: Row) -> None:
    """What is reported keeps its price: to price it again is a restatement, which both parties agree on, and is not built."""
    if SettlementState(before["state"]) not in OPEN or penalty.revision < before["revision"]:
        raise InvariantBroken(
            f"penalty of settlement {penalty.settlement_id}: it is {before['state']}, priced by revision {before['revision']}, and by "
            f"revision {penalty.revision} now; nothing was written"
        )
    _refuse_being_sent(connection, penalty.settlement_id)


def _refuse_being_sent(connection: Connection, settlement_id: str) -> None:
    sent, closed = tables.attempts, tables.receipts
    query = select(sent.c.transaction).outerjoin(closed, sent.c.transaction == closed.c.transaction)
    query = query.where(closed.c.transaction.is_(None), sent.c.settlement_ids.contains(settlement_id))
    if found := connection.execute(query.limit(1)).scalar():
        raise Unavailable(
            f"settlement {settlement_id}: transaction {found} carries it, and its fate is not known; nothing was written"
        )
