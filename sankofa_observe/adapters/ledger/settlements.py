"""What is owed, as the stages write it: penalties, the moves of their settlements, transactions and credits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from sankofa_observe.adapters.ledger import projections, rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.checksums import Row
from sankofa_observe.adapters.ledger.reads import histories, settlement_records, settlements
from sankofa_observe.adapters.ledger.writes import add_new, add_once, inserting
from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.ports import Attempt, Page, Receipt, SettlementRecord, StateChange, Totals
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import ARROWS, PRICEABLE, UNSENT, SettlementState

IN_A_QUERY = 500  # names


class Settlements(Acting):
    """Every method is one transaction."""

    def add_penalty(self, penalty: Penalty) -> bool:
        row = {**rows.penalty_row(penalty), "adopted": 0, **self._by(penalty.assessed_at)}
        key = {"settlement_id": penalty.settlement_id, "revision": penalty.revision, "adopted": 0}
        with self._writing() as connection:
            projections.alone(connection, row)
            before = _priced(connection, penalty.settlement_id)
            if before and before["revision"] != penalty.revision:
                _refuse_sealed(connection, penalty, before)
            if not add_once(connection, tables.penalties, key, row):
                return False
            history = histories(connection, [penalty.settlement_id]).get(penalty.settlement_id, [])
            if not history or history[-1].state is not SettlementState.COMPUTED:
                held = history[-1].revision if history else 0
                change = StateChange(state=SettlementState.COMPUTED, at=penalty.assessed_at, revision=held)
                self._add_change(connection, row, len(history) + 1, change)
            projections.priced(connection, row, before, SettlementState.COMPUTED)
            return True

    def adopt(self, penalty: Penalty, change: StateChange) -> None:
        row = {**rows.penalty_row(penalty), **self._by(change.at)}
        with self._writing() as connection:
            projections.alone(connection, row)
            _refuse_being_sent(connection, penalty.settlement_id)
            table = tables.penalties
            key = {"settlement_id": penalty.settlement_id, "revision": penalty.revision}
            last = connection.execute(select(func.max(table.c.adopted)).filter_by(**key)).scalar() or 0
            before = _priced(connection, penalty.settlement_id)
            history = histories(connection, [penalty.settlement_id]).get(penalty.settlement_id, [])
            add_new(connection, table, {**row, "adopted": last + 1})
            self._add_change(connection, row, len(history) + 1, change)
            projections.priced(connection, row, before, change.state)

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        with self._writing() as connection:
            _alone(connection, [settlement_id])
            history = histories(connection, [settlement_id]).get(settlement_id, [])
            allowed = bool(history) and (history[-1].state, change.state) in ARROWS
            if not allowed and change.state in {one.state for one in history}:
                return False
            if not allowed:
                now = history[-1].state if history else "absent"
                raise InvariantBroken(f"settlement {settlement_id}: is {now}, cannot become {change.state}")
            if change.state in UNSENT:
                _refuse_being_sent(connection, settlement_id)
            of = {"settlement_id": settlement_id, "tenant": _owner_of(connection, settlement_id)}
            self._add_change(connection, of, len(history) + 1, change)
            projections.moved(connection, settlement_id, history[-1].state, change.state)
            return True

    def _add_change(self, connection: Connection, of: Row, number: int, change: StateChange) -> None:
        own = {"settlement_id": of["settlement_id"], "tenant": of["tenant"], "number": number}
        told = {"at": change.at, "detail": change.detail, "revision": change.revision, "due_at": change.due_at}
        add_new(connection, tables.state_changes, {**own, "state": change.state.value, **told, **self._by(change.at)})

    def computed(self) -> list[str]:
        now = tables.settlements_now
        query = select(now.c.settlement_id).where(now.c.state == SettlementState.COMPUTED.value)
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(now.c.starts_at, now.c.settlement_id)).scalars())

    def due(self, unpaused_at: int, limit: int) -> list[SettlementRecord]:
        now = tables.settlements_now
        query = settlements().where(text(tables.ON_CHAIN), now.c.due_at <= unpaused_at)
        return self._settlements(query.order_by(now.c.due_at, now.c.settlement_id).limit(limit))

    def settlements_of(self, ids: Collection[str]) -> list[SettlementRecord]:
        now, wanted, found = tables.settlements_now, sorted(ids), list[SettlementRecord]()
        for first in range(0, len(wanted), IN_A_QUERY):
            found += self._settlements(settlements().where(now.c.settlement_id.in_(wanted[first : first + IN_A_QUERY])))
        return sorted(found, key=lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id))

    def on_chain(self, *, limit: int, after: str | None = None) -> Page[SettlementRecord]:
        now = tables.settlements_now
        query = (
            settlements().where(text(tables.SEEN), now.c.settlement_id > (after or "")).order_by(now.c.settlement_id)
        )
        found = self._settlements(query.limit(limit + 1))
        more = found[limit - 1].penalty.settlement_id if len(found) > limit else None
        return Page(items=tuple(found[:limit]), next=more)

    def uncredited(self) -> list[SettlementRecord]:
        now = tables.settlements_now
        query = settlements().where(text(tables.UNCREDITED))
        return self._settlements(query.order_by(now.c.starts_at, now.c.settlement_id))

    def granted(self, ids: Collection[str]) -> dict[str, set[int]]:
        table, wanted = tables.credit_entries, sorted(ids)
        found: dict[str, set[int]] = {}
        with self._database.reading() as connection:
            for first in range(0, len(wanted), IN_A_QUERY):
                some = table.c.settlement_id.in_(wanted[first : first + IN_A_QUERY])
                for settlement_id, revision in connection.execute(
                    select(table.c.settlement_id, table.c.revision).where(some)
                ):
                    found.setdefault(settlement_id, set()).add(revision)
        return found

    def _settlements(self, query: Select[Any]) -> list[SettlementRecord]:
        with self._database.reading() as connection:
            return settlement_records(connection, connection.execute(query).mappings().all())

    # ------------------------------------------------------------------------------------------------------ transactions

    def add_attempt(
        self, attempt: Attempt, at: int, priced: Mapping[str, int] | None = None, *, reason: str = ""
    ) -> bool:
        row = {**rows.attempt_row(attempt), **self._by(at)}
        key = {name: row[name] for name in ("sender", "nonce", "replacement")}
        with self._writing() as connection:
            _alone(connection, list(priced or {}))
            for settlement_id, revision in (priced or {}).items():
                if changed := _changed_since(connection, settlement_id, revision):
                    raise Unavailable(
                        f"settlement {settlement_id}: {changed}; nothing was sent, it goes out in the next turn"
                    )
            if reason:
                about = {"subject": rows.TRANSACTION, "subject_id": attempt.transaction, "tenant": EVERYBODY}
                said = {"outcome": "replaced", "reason": reason, "reference": ""}
                add_new(connection, tables.reviews, {**about, **said, **self._by(at)})
            if not add_once(connection, tables.attempts, key, row):
                return False
            projections.signed(connection, attempt.transaction)
            return True

    def open_attempts(self) -> list[Attempt]:
        sent, is_open = tables.attempts, tables.attempts_open
        query = select(sent).join(is_open, is_open.c.attempt_id == sent.c.id)
        query = query.order_by(sent.c.sender, sent.c.nonce, sent.c.replacement)
        with self._database.reading() as connection:
            return [rows.attempt(row) for row in connection.execute(query).mappings()]

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool:
        key = {"transaction": attempt.transaction}
        row = {"succeeded": int(receipt.succeeded), "block_number": receipt.block_number, "reason": receipt.reason}
        with self._writing() as connection:
            added = add_once(
                connection,
                tables.receipts,
                key,
                {**key, **row, "block_hash": receipt.block_hash, **self._by(at)},
            )
            projections.fated(connection, attempt.transaction)
            return added

    def attempts_under(self, sender: str, nonce: int) -> list[Attempt]:
        sent = tables.attempts
        query = select(sent).where(sent.c.sender == sender, sent.c.nonce == nonce).order_by(sent.c.replacement)
        with self._database.reading() as connection:
            return [rows.attempt(row) for row in connection.execute(query).mappings()]

    def sent_from(self, sender: str, nonce: int) -> list[Attempt]:
        sent, closed = tables.attempts, tables.receipts
        query = select(sent).join(closed, sent.c.transaction == closed.c.transaction)
        mined = (sent.c.sender == sender, sent.c.nonce >= nonce, closed.c.block_hash != "")
        with self._database.reading() as connection:
            return [
                rows.attempt(row) for row in connection.execute(query.where(*mined).order_by(sent.c.nonce)).mappings()
            ]

    def cursor(self, name: str) -> tuple[int, str] | None:
        table = tables.cursors
        query = select(table.c.block_number, table.c.block_hash).where(table.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return (row[0], row[1]) if row else None

    def move_cursor(self, name: str, number: int, block_hash: str) -> None:
        table, to = tables.cursors, {"block_number": number, "block_hash": block_hash}
        with self._writing() as connection:
            adding = inserting(connection, table).values(name=name, **to)
            connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_=to))

    # ----------------------------------------------------------------------------------------------------------- credits

    def add_credit(self, credit: ServiceCredit, at: int | None = None) -> bool:
        row = {**rows.credit_row(credit), **self._by(credit.granted_at if at is None else at)}
        key = {name: row[name] for name in ("settlement_id", "revision")}
        with self._writing() as connection:
            _alone(connection, [credit.settlement_id])
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


def _alone(connection: Connection, ids: Sequence[str]) -> None:
    """Wait for whoever prices these meanwhile: what is read hot would be made of half of both."""
    now = tables.settlements_now
    query = select(*(now.c[name] for name in tables.PROMISE)).where(now.c.settlement_id.in_(sorted(ids)))
    for row in connection.execute(query.order_by(now.c.settlement_id)).mappings():
        projections.alone(connection, row)


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
    """What is on its way keeps its price until it is at an end; then another one restates it."""
    if SettlementState(before["state"]) not in PRICEABLE or penalty.revision < before["revision"]:
        raise InvariantBroken(
            f"penalty of settlement {penalty.settlement_id}: it is {before['state']}, priced by revision {before['revision']}, and by "
            f"revision {penalty.revision} now; nothing was written"
        )
    _refuse_being_sent(connection, penalty.settlement_id)


def _changed_since(connection: Connection, settlement_id: str, revision: int) -> str:
    """What another turn did about a settlement since its price of a revision was read to be reported."""
    now = _priced(connection, settlement_id)
    if now is None or now["state"] != SettlementState.COMPUTED.value:
        return f"it is {now['state'] if now else 'absent'} meanwhile"
    return "" if now["revision"] == revision else f"it is priced by revision {now['revision']} meanwhile"


def _refuse_being_sent(connection: Connection, settlement_id: str) -> None:
    sent, is_open = tables.attempts, tables.attempts_open
    query = select(sent.c.transaction).join(is_open, is_open.c.attempt_id == sent.c.id)
    query = query.where(sent.c.settlement_ids.contains(settlement_id))
    if found := connection.execute(query.limit(1)).scalar():
        raise Unavailable(
            f"settlement {settlement_id}: transaction {found} carries it, and its fate is not known; nothing was written"
        )
