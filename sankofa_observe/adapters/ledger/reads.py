"""The records as one scope may see them: each list in pages, by an index, however many records others have."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, Table, and_, func, literal, select, tuple_

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.checksums import Row, reading
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.ledger.exclusions import records_of
from sankofa_observe.adapters.ledger.incidents import incidents_of
from sankofa_observe.adapters.ledger.projections import CREDIT, currency_of
from sankofa_observe.errors import InvalidInput, WrongCursor
from sankofa_observe.ports import (
    AgreementRecord,
    JudgedFrom,
    Page,
    Review,
    SettlementRecord,
    StateChange,
    Transaction,
    Wait,
)
from sankofa_observe.scope import Scope
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.exclusion import ExclusionRecord
from sankofa_observe.sla.incident import IncidentRecord
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.sla.revision import Revision, revisions
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import AttainmentRecord
from sankofa_observe.units import Money

Item = TypeVar("Item")
MOST = 10_000  # items of a page
_NUMBER, _NAME = "[0-9]{1,18}", "0x[0-9a-f]{64}"  # in a cursor


@dataclass(frozen=True)
class ScopedReads:
    """Reads of one scope, each a transaction of its own."""

    database: Database
    scope: Scope

    def agreements(self) -> list[AgreementRecord]:
        table = tables.agreements
        newest = select(table.c.agreement_id, func.max(table.c.version).label("version")).group_by(table.c.agreement_id)
        wanted = self._own(newest, table).subquery()
        query = select(table).join(
            wanted, and_(table.c.agreement_id == wanted.c.agreement_id, table.c.version == wanted.c.version)
        )
        with self.database.reading(self.scope) as connection:
            found = connection.execute(query.order_by(table.c.agreement_id)).mappings().all()
            return _agreements(connection, found)

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord | None:
        table = tables.agreements
        query = self._own(select(table), table).where(table.c.agreement_id == agreement_id)
        if version is not None:
            query = query.where(table.c.version == version)
        with self.database.reading(self.scope) as connection:
            found = connection.execute(query.order_by(table.c.version.desc()).limit(1)).mappings().all()
            return next(iter(_agreements(connection, found)), None)

    def verdicts(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[VerdictRecord]:
        table = tables.verdicts
        query = self._own(select(table), table)
        if agreement_id is not None:
            query = query.where(table.c.agreement_id == agreement_id)
        return self._page(query, (table.c.starts_at, table.c.id), limit, after, _verdicts)

    def undetermined(self, *, limit: int = 100, after: str | None = None) -> Page[VerdictRecord]:
        now = tables.verdicts_now
        query = self._own(newest_verdicts(), now).where(now.c.to_review == 1)
        return self._page(query, (now.c.starts_at, now.c.first_id), limit, after, _verdicts)

    def verdict(self, ref: str) -> JudgedFrom | None:
        table = tables.verdicts
        query = self._own(select(table), table).where(table.c.ref == ref)
        with self.database.reading(self.scope) as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            return JudgedFrom(
                record=rows.verdict(row),
                attained=_attained(connection, row),
                reviews=_reviews(connection, ref),
                history=self._history(connection, row),
            )

    def _history(self, connection: Connection, row: Row) -> tuple[Revision, ...]:
        """Every verdict of the promise and period, with what each was judged from and what it cost."""
        key = {name: row[name] for name in tables.PROMISE}
        of_site = {name: value for name, value in key.items() if name != "agreement_id"}
        read = {
            table: connection.execute(select(table).filter_by(**where)).mappings().all()
            for table, where in ((tables.verdicts, key), (tables.attainments, of_site), (tables.penalties, key))
        }
        return revisions(
            map(rows.verdict, read[tables.verdicts]),
            map(rows.attainment, read[tables.attainments]),
            map(rows.penalty, read[tables.penalties]),
        )

    def exclusions(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ExclusionRecord]:
        table = tables.exclusions
        query = self._own(select(table), table).where(table.c.revision == 1)
        if agreement_id is not None:
            query = query.where(table.c.agreement_id == agreement_id)
        return self._page(query, (table.c.starts_at, table.c.id), limit, after, _exclusions)

    def incidents(self, site: str | None = None, *, limit: int = 100, after: str | None = None) -> Page[IncidentRecord]:
        table = tables.incidents
        query = self._own(select(table), table).where(table.c.revision == 1)
        if site is not None:
            query = query.where(table.c.site == site)
        return self._page(query, (table.c.started_at, table.c.incident_id), limit, after, _incidents)

    def waits(self, *subjects: str, limit: int = 100, after: str | None = None) -> Page[Wait]:
        now = tables.waits_now
        query = self._own(select(now), now)
        if subjects:
            query = query.where(now.c.subject.in_(subjects))
        return self._page(query, (now.c.since_at, now.c.began_id), limit, after, _waits)

    def wait(self, subject: str, subject_id: str) -> Wait | None:
        now = tables.waits_now
        query = self._own(select(now), now).where(now.c.subject == subject, now.c.subject_id == subject_id)
        with self.database.reading(self.scope) as connection, reading("wait_now"):
            row = connection.execute(query).mappings().first()
            return rows.wait(row) if row else None

    def settlement(self, settlement_id: str) -> SettlementRecord | None:
        now = tables.settlements_now
        query = self._own(settlements(), now).where(now.c.settlement_id == settlement_id)
        with self.database.reading(self.scope) as connection:
            found = connection.execute(query).mappings().all()
            return next(iter(settlement_records(connection, found)), None)

    def settlements(
        self, state: SettlementState | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[SettlementRecord]:
        now = tables.settlements_now
        query = self._own(settlements(), now)
        if state is not None:
            query = query.where(now.c.state == state.value)
        return self._page(query, (now.c.starts_at, now.c.settlement_id), limit, after, settlement_records)

    def removed_at(self, document_hash: str) -> int | None:
        table = tables.reviews
        query = self._own(select(table.c.written_at), table)
        query = query.where(table.c.subject == rows.EVIDENCE, table.c.subject_id == document_hash)
        with self.database.reading(self.scope) as connection:
            return connection.execute(query.limit(1)).scalar()

    def credits(
        self, settlement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ServiceCredit]:
        table = tables.credit_entries
        query = self._own(select(table), table)
        if settlement_id is not None:
            query = query.where(table.c.settlement_id == settlement_id)
        return self._page(query, (table.c.id,), limit, after, _credits)

    def transactions(self, *, is_open: bool = False, limit: int = 100, after: str | None = None) -> Page[Transaction]:
        sent, closed = tables.attempts, tables.receipts
        fate = [closed.c[name].label(f"fate_{name}") for name in rows.FATE]
        query = select(sent, *fate).outerjoin(closed, sent.c.transaction == closed.c.transaction)
        if is_open:
            query = query.where(sent.c.id.in_(select(tables.attempts_open.c.attempt_id)))
        if not self.scope.sees_all:
            query = query.where(literal(value=False))
        return self._page(query, (sent.c.id,), limit, after, _transactions)

    def balance(self) -> list[Money]:
        table = tables.tallies
        query = self._own(select(table.c.part, table.c.amount), table).where(table.c.what == CREDIT)
        sums: Counter[tuple[str, int]] = Counter()  # SQLite's own sum ends at 2^63
        with self.database.reading(self.scope) as connection, reading("tally"):
            for part, amount in connection.execute(query):
                sums[currency_of(part)] += int(amount)
        return [Money(amount_minor=amount, currency=of[0], exponent=of[1]) for of, amount in sorted(sums.items())]

    def _own(self, query: Select[Any], table: Table) -> Select[Any]:
        return query if self.scope.sees_all else query.where(table.c.tenant == self.scope.tenant)

    def _page(
        self,
        query: Select[Any],
        order: Sequence[Column[Any]],
        limit: int,
        after: str | None,
        made: Callable[[Connection, Sequence[Row]], list[Item]],
    ) -> Page[Item]:
        if not 1 <= limit <= MOST:
            raise InvalidInput(f"limit {limit}: expected 1 to {MOST}")
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*map(literal, _place(after, order))))
        query = query.add_columns(*(one.label(f"page_{n}") for n, one in enumerate(order)))
        with self.database.reading(self.scope) as connection:
            found = connection.execute(query.order_by(*order).limit(limit + 1)).mappings().all()
            items = tuple(made(connection, found[:limit]))
        if len(found) <= limit:
            return Page(items=items)
        return Page(items=items, next=".".join(str(found[limit - 1][f"page_{n}"]) for n in range(len(order))))


def _place(cursor: str, order: Sequence[Column[Any]]) -> list[int | str]:
    """Where a page begins: the values of its columns, of which a name is 32 bytes in hex and all else a number."""
    names = [one.type.python_type is str for one in order]
    parts = cursor.split(".")
    patterns = [_NAME if name else _NUMBER for name in names]
    if len(parts) != len(order) or not all(map(re.fullmatch, patterns, parts)):
        raise WrongCursor(f"cursor {cursor[:80]!r}: expected the `next` of a page of this list, as it was answered")
    return [part if name else int(part) for part, name in zip(parts, names, strict=True)]


def settlements() -> Select[Any]:
    """Every settlement's newest penalty, to be narrowed by what `settlement_now` says of it."""
    now, penalties = tables.settlements_now, tables.penalties
    return select(penalties).join(now, now.c.penalty_id == penalties.c.id)


def newest_verdicts() -> Select[Any]:
    """The newest verdict of each promise and period, to be narrowed by what `verdict_now` says of it."""
    now = tables.verdicts_now
    return select(tables.verdicts).join(now, now.c.verdict_id == tables.verdicts.c.id)


def ends_of(connection: Connection, query: Select[Any]) -> dict[str, int]:
    """By agreement where a party has ended it, of these words; of several about one the earliest."""
    found: dict[str, int] = {}
    for row in connection.execute(query).mappings():
        agreement_id, ends_at = rows.agreement_end(row)
        found[agreement_id] = min(ends_at, found.get(agreement_id, ends_at))
    return found


def settlement_records(connection: Connection, found: Sequence[Row]) -> list[SettlementRecord]:
    """The records of rows of penalties, with the moves of their settlements."""
    moves = histories(connection, [row["settlement_id"] for row in found])
    return [rows.settlement(row, moves[row["settlement_id"]]) for row in found]


def _agreements(connection: Connection, found: Sequence[Row]) -> list[AgreementRecord]:
    """Each with where a party has ended it."""
    table = tables.agreement_ends
    ends = ends_of(connection, select(table).where(table.c.agreement_id.in_([row["agreement_id"] for row in found])))
    records = map(rows.agreement, found)
    return [replace(one, ends_at=ends.get(one.agreement_id)) for one in records]


def _verdicts(_: Connection, found: Sequence[Row]) -> list[VerdictRecord]:
    return [rows.verdict(row) for row in found]


def _attained(connection: Connection, row: Row) -> AttainmentRecord | None:
    """What a verdict was judged from."""
    table = tables.attainments
    key = {name: row[name] for name in ("slo", "site", "starts_at", "ends_at")}
    query = select(table).filter_by(**key, revision=row["attainment_revision"])
    found = connection.execute(query).mappings().first()
    return rows.attainment(found) if found else None


def _reviews(connection: Connection, ref: str) -> tuple[Review, ...]:
    table = tables.reviews
    query = select(table).filter_by(subject=rows.VERDICT, subject_id=ref).order_by(table.c.id)
    return tuple(rows.review(row) for row in connection.execute(query).mappings())


def _exclusions(connection: Connection, found: Sequence[Row]) -> list[ExclusionRecord]:
    """Each with what was done about it, in the order of the page."""
    ids = [row["exclusion_id"] for row in found]
    records = {one.exclusion.id: one for one in records_of(connection, tables.exclusions.c.exclusion_id.in_(ids))}
    return [records[one] for one in ids]


def _incidents(connection: Connection, found: Sequence[Row]) -> list[IncidentRecord]:
    """Each with its revisions, in the order of the page."""
    ids = [row["incident_id"] for row in found]
    records = {one.now.id: one for one in incidents_of(connection, tables.incidents.c.incident_id.in_(ids))}
    return [records[one] for one in ids]


def _waits(_: Connection, found: Sequence[Row]) -> list[Wait]:
    with reading("wait_now"):
        return [rows.wait(row) for row in found]


def _transactions(connection: Connection, found: Sequence[Row]) -> list[Transaction]:
    """Each with what a person said of it."""
    table, names = tables.reviews, [row["transaction"] for row in found]
    query = select(table).where(table.c.subject == rows.TRANSACTION, table.c.subject_id.in_(names)).order_by(table.c.id)
    said: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        said[row["subject_id"]].append(f"{row['outcome']} by {row['actor']}: {row['reason']}")
    return [rows.transaction(row, tuple(said[row["transaction"]])) for row in found]


def _credits(_: Connection, found: Sequence[Row]) -> list[ServiceCredit]:
    return [rows.credit(row) for row in found]


def histories(connection: Connection, settlement_ids: Sequence[str]) -> dict[str, list[StateChange]]:
    """The moves of these settlements, oldest first."""
    table = tables.state_changes
    found: dict[str, list[StateChange]] = defaultdict(list)
    for first in range(0, len(settlement_ids), 500):
        some = list(settlement_ids[first : first + 500])
        query = select(table).where(table.c.settlement_id.in_(some)).order_by(table.c.settlement_id, table.c.number)
        for row in connection.execute(query).mappings():
            found[row["settlement_id"]].append(rows.change(row))
    return found
