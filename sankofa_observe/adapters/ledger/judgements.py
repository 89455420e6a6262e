"""What was promised and how it was kept, as the stages write it: agreements, attainments, verdicts, reviews, and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from sankofa_observe.adapters.ledger import projections, rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.checksums import Row, reading
from sankofa_observe.adapters.ledger.reads import ends_of, newest_verdicts
from sankofa_observe.adapters.ledger.writes import add_new, add_once
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.ports import Review, ToAssess, Undetermined, Wait, Waiting
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import AttainmentRecord
from sankofa_observe.units import Money, Period


class Judgements(Acting):
    """Every method is one transaction."""

    # -------------------------------------------------------------------------------------------------------- agreements

    def add_agreement(
        self, *, agreement_id: str, version: int, tenant: str, terms_hash: str, document: str, at: int
    ) -> bool:
        key = {"agreement_id": agreement_id, "version": version}
        row = {**key, "tenant": tenant, "terms_hash": terms_hash, "document": document, **self._by(at)}
        with self._writing() as connection:
            return add_once(connection, tables.agreements, key, row)

    def versions(self, agreement_id: str) -> list[int]:
        table = tables.agreements
        query = select(table.c.version).where(table.c.agreement_id == agreement_id).order_by(table.c.version)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def end_agreement(self, *, agreement_id: str, tenant: str, ends_at: int, at: int) -> bool:
        key = {"agreement_id": agreement_id, "ends_at": ends_at}
        with self._writing() as connection:
            return add_once(connection, tables.agreement_ends, key, {**key, "tenant": tenant, **self._by(at)})

    def ends(self) -> Mapping[str, int]:
        with self._database.reading() as connection:
            return ends_of(connection, select(tables.agreement_ends))

    def newest_judged(self, agreement_id: str, *, before_at: int | None = None) -> VerdictRecord | None:
        table = tables.verdicts
        query = select(table).where(table.c.agreement_id == agreement_id)
        if before_at is not None:
            query = query.where(table.c.starts_at < before_at)
        newest = query.order_by(table.c.starts_at.desc(), table.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).mappings().first()
            return rows.verdict(row) if row else None

    def judged_to(self) -> Mapping[str, int]:
        now, agreement = tables.verdicts_now, tables.agreements.c.agreement_id
        newest = select(func.max(now.c.starts_at)).where(now.c.agreement_id == agreement).scalar_subquery()
        with self._database.reading() as connection:
            found = connection.execute(select(agreement, newest).distinct()).all()
        return {agreement_id: starts_at for agreement_id, starts_at in found if starts_at is not None}

    # ---------------------------------------------------------------------------------------------------------- verdicts

    def verdicts_written(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(select(func.coalesce(func.max(tables.verdicts.c.id), 0))).scalar_one())

    def add_attainments(self, records: Sequence[AttainmentRecord]) -> None:
        with self._writing() as connection:
            for record in records:
                row = {**rows.attainment_row(record), **self._by(record.drawn_at)}
                key = {name: row[name] for name in ("slo", "starts_at", "ends_at", "site", "revision")}
                try:
                    add_once(connection, tables.attainments, key, row)
                except InvariantBroken as error:
                    # Who drew it saw what stands, and takes the next number for what is otherwise.
                    raise Unavailable(f"{error}: drawn by another process at the same time, try again") from error

    def attainments(self, slo: str, period: Period) -> list[AttainmentRecord]:
        table = tables.attainments
        where = (table.c.slo == slo, table.c.starts_at == period.starts_at, table.c.ends_at == period.ends_at)
        with self._database.reading() as connection:
            found = connection.execute(select(table).where(*where).order_by(table.c.site, table.c.revision)).mappings()
            every = [rows.attainment(row) for row in found]
        return list({(one.site, one.quorum): one for one in every}.values())

    def add_verdict(self, record: VerdictRecord) -> bool:
        row = {**rows.verdict_row(record), **self._by(record.judged_at)}
        key = {name: row[name] for name in (*tables.PROMISE, "revision")}
        with self._writing() as connection:
            projections.alone(connection, row)
            if not add_once(connection, tables.verdicts, key, row):
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

    def agreements_to_assess(self) -> list[str]:
        now = tables.verdicts_now
        query = select(now.c.agreement_id).where(now.c.to_assess == 1).distinct().order_by(now.c.agreement_id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

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
                ToAssess(record=rows.verdict(row), **_price_of(connection, {n: row[n] for n in tables.PROMISE}))
                for row in found
            ]

    # ----------------------------------------------------------------------------------------------------------- reviews

    def add_review(self, review: Review) -> None:
        with self._writing() as connection:
            if found := _standing(connection, review.verdict):
                projections.alone(connection, found)
                found = _standing(connection, review.verdict)
            if found is None:
                raise InvalidInput(
                    f"no verdict {review.verdict} stands; see sankofa-observe verdicts list --undetermined"
                )
            if not found["to_review"]:
                how = "was reviewed already" if found["verdict"] == "undetermined" else f"is {found['verdict']}"
                raise InvalidInput(
                    f"verdict {review.verdict} {how}: only one that is undetermined and that nobody has reviewed is settled by hand"
                )
            add_new(connection, tables.reviews, {**rows.review_row(review), **self._by(review.at)})
            projections.judged(connection, found)

    def undetermined(self) -> list[Undetermined]:
        now = tables.verdicts_now
        query = select(now.c.slo, func.count(), func.min(now.c.ends_at)).where(now.c.to_review == 1)
        with self._database.reading() as connection:
            found = connection.execute(query.group_by(now.c.slo).order_by(now.c.slo)).all()
        return [Undetermined(slo=slo, verdicts=count, oldest_ends_at=ends_at) for slo, count, ends_at in found]

    def at_stake(self) -> list[Money]:
        now, table = tables.verdicts_now, tables.verdicts
        of = (now.c.agreement_id, now.c.starts_at, now.c.ends_at, table.c.currency, table.c.exponent)
        query = select(table.c.at_stake_minor, table.c.cap_minor, *of).join(table, now.c.verdict_id == table.c.id)
        stakes: Counter[tuple[Any, ...]] = Counter()  # SQLite's own sum ends at 2^63
        caps: dict[tuple[Any, ...], int] = {}
        sums: Counter[tuple[str, int]] = Counter()
        with self._database.reading() as connection, reading("verdict"):
            for at_stake, cap, *found in connection.execute(query.where(now.c.to_review == 1)):
                stakes[tuple(found)] += at_stake
                caps[tuple(found)] = max(cap, caps.get(tuple(found), 0))
            for asked, at_stake in stakes.items():
                agreement_id, starts_at, ends_at, currency, exponent = asked
                owed = _owed(connection, agreement_id, Period(starts_at=starts_at, ends_at=ends_at))
                sums[currency, exponent] += min(at_stake, max(caps[asked] - owed, 0))
        return [Money(amount_minor=amount, currency=of[0], exponent=of[1]) for of, amount in sorted(sums.items())]

    # ------------------------------------------------------------------------------------------------------------- waits

    def begin_wait(self, wait: Wait) -> bool:
        with self._writing() as connection:
            return self._begin_wait(connection, wait)

    def change_waits(self, begun: Sequence[Wait], ended: Sequence[tuple[str, str]], at: int) -> None:
        with self._writing() as connection:
            for wait in begun:
                self._begin_wait(connection, wait)
            for subject, subject_id in ended:
                self._end_wait(connection, subject, subject_id, at)

    def _begin_wait(self, connection: Connection, wait: Wait) -> bool:
        standing = _wait(connection, wait.subject, wait.subject_id)
        if standing and standing["reason"] == wait.reason:
            return False
        since_at = standing["since_at"] if standing else wait.since_at
        told = {"tenant": wait.tenant, "reason": wait.reason, "since_at": since_at, "due_at": wait.due_at}
        self._add_wait(connection, wait.subject, wait.subject_id, {**told, **self._by(wait.since_at)})
        return True

    def end_wait(self, subject: str, subject_id: str, at: int) -> bool:
        with self._writing() as connection:
            return self._end_wait(connection, subject, subject_id, at) is not None

    def dismiss_wait(self, subject: str, subject_id: str, *, reason: str, at: int) -> None:
        with self._writing() as connection:
            ended = self._end_wait(connection, subject, subject_id, at)
            if ended is None:
                raise InvalidInput(f"{subject} {subject_id} does not wait; see sankofa-observe verdicts waiting")
            about = {"subject": "wait", "subject_id": subject_id, "tenant": ended["tenant"]}
            said = {"outcome": "dismissed", "reason": reason, "reference": ""}
            add_new(connection, tables.reviews, {**about, **said, **self._by(at)})

    def _end_wait(self, connection: Connection, subject: str, subject_id: str, at: int) -> Row | None:
        """The wait that ended, or None."""
        standing = _wait(connection, subject, subject_id)
        if standing:
            kept = {name: standing[name] for name in ("tenant", "since_at", "due_at")}
            self._add_wait(connection, subject, subject_id, {**kept, "reason": "", **self._by(at)})
        return standing

    def _add_wait(self, connection: Connection, subject: str, subject_id: str, told: Row) -> None:
        table, key = tables.waits, {"subject": subject, "subject_id": subject_id}
        last = connection.execute(select(func.max(table.c.number)).filter_by(**key)).scalar() or 0
        add_new(connection, table, {**key, "number": last + 1, **told})
        projections.waited(connection, key)

    def waits(self, subject: str) -> list[Wait]:
        table = tables.waits_now
        query = select(table).where(table.c.subject == subject).order_by(table.c.since_at, table.c.began_id)
        with self._database.reading() as connection:
            return [rows.wait(row) for row in connection.execute(query).mappings()]

    def waiting(self) -> list[Waiting]:
        table = tables.waits_now
        query = select(table.c.subject, func.count(), func.min(table.c.since_at), func.min(table.c.due_at))
        with self._database.reading() as connection:
            found = connection.execute(query.group_by(table.c.subject).order_by(table.c.subject)).all()
        return [
            Waiting(subject=subject, waits=waits, oldest_since_at=since_at, oldest_due_at=due_at)
            for subject, waits, since_at, due_at in found
        ]


def _price_of(connection: Connection, promise: Row) -> dict[str, Any]:
    """The price that stands and the state of its settlement, or neither."""
    now, table = tables.settlements_now, tables.penalties
    query = select(table, now.c.state, now.c.on_chain).join(now, now.c.penalty_id == table.c.id)
    row = connection.execute(query.where(*(now.c[name] == value for name, value in promise.items()))).mappings().first()
    if row is None:
        return {"penalty": None, "state": None}
    return {
        "penalty": rows.penalty(row),
        "state": SettlementState(row["state"]),
        "on_chain": bool(row["on_chain"]),
    }


def _standing(connection: Connection, ref: str) -> Row | None:
    """A verdict that no later one has replaced, and whether it waits for a person."""
    now, table = tables.verdicts_now, tables.verdicts
    query = select(table, now.c.to_review).join(now, now.c.verdict_id == table.c.id).where(table.c.ref == ref)
    return connection.execute(query).mappings().first()


def _wait(connection: Connection, subject: str, subject_id: str) -> Row | None:
    query = select(tables.waits_now).filter_by(subject=subject, subject_id=subject_id)
    return connection.execute(query).mappings().first()


def _owed(connection: Connection, agreement_id: str, period: Period) -> int:
    """What the breaches of an agreement in a period are priced at."""
    now, table = tables.settlements_now, tables.penalties
    query = select(table.c.credit_minor).join(now, now.c.penalty_id == table.c.id)
    of = (now.c.agreement_id == agreement_id, now.c.starts_at == period.starts_at, now.c.ends_at == period.ends_at)
    owed = now.c.state != SettlementState.WITHDRAWN.value
    return sum(connection.execute(query.where(*of, owed)).scalars())
