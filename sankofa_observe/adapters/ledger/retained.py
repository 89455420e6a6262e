"""What may be deleted once its retention is over, by what the records say; deletions are records, and records stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.writes import add_new, in_turn
from sankofa_observe.ports import KeptBack, OldEvidence
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.settlement import DONE
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period

LONGEST_SECONDS = 367 * DAY_SECONDS  # a period is at most a year


class Retained(Acting):
    """Every method is one transaction."""

    def kept_back(self, cutoff_at: int) -> list[KeptBack]:
        with self._database.reading() as connection:
            return [
                *_settlements(connection, cutoff_at),
                *_verdicts(connection, cutoff_at),
                *_waits(connection, cutoff_at),
            ]

    def old_evidence(self, cutoff_at: int) -> list[OldEvidence]:
        now, table, said = tables.settlements_now, tables.penalties, tables.reviews
        removed = exists().where(said.c.subject == rows.EVIDENCE, said.c.subject_id == table.c.document_hash)
        names = ("document_hash", "settlement_id", "tenant", "agreement_key")
        query = select(*(table.c[name] for name in names), table.c.starts_at, table.c.ends_at).distinct()
        query = query.join(now, now.c.settlement_id == table.c.settlement_id)
        query = query.where(now.c.starts_at < cutoff_at, now.c.ends_at <= cutoff_at, ~removed)
        query = query.where(*(~one for one in _undone(cutoff_at).values()), ~_asks(now))
        query = query.order_by(table.c.starts_at, table.c.document_hash)
        with self._database.reading() as connection:
            return [
                OldEvidence(**{name: row[name] for name in names}, period=_period(row))
                for row in connection.execute(query).mappings()
            ]

    def add_removal(self, evidence: OldEvidence, *, reason: str, at: int) -> None:
        table = tables.reviews
        about = {"subject": rows.EVIDENCE, "subject_id": evidence.document_hash}
        said = {"tenant": evidence.tenant, "outcome": "removed", "reason": reason, "reference": evidence.settlement_id}
        with self._writing() as connection:
            in_turn(connection, f"{rows.EVIDENCE}/{evidence.document_hash}")
            if not connection.execute(select(table.c.id).filter_by(**about)).first():
                add_new(connection, table, {**about, **said, **self._by(at)})

    def add_retention(self, *, what: str, reason: str, told: str, at: int) -> None:
        about = {"subject": rows.RETENTION, "subject_id": what, "tenant": EVERYBODY, "outcome": "applied"}
        with self._writing() as connection:
            add_new(connection, tables.reviews, {**about, "reason": reason, "reference": told, **self._by(at)})


def _undone(cutoff_at: int) -> dict[str, ColumnElement[bool]]:
    """By why a settlement is kept, when that is so."""
    now, wait, moves, grants = tables.settlements_now, tables.waits_now, tables.state_changes, tables.credit_entries
    own = now.c.settlement_id
    return {
        "it is not at its end": now.c.state.not_in([one.value for one in DONE]),
        "its credit is not granted": now.c.credited == 0,
        "it waits": exists().where(wait.c.subject == "settlement", wait.c.subject_id == own),
        "its retention has not passed": or_(
            now.c.ends_at > cutoff_at,
            exists().where(moves.c.settlement_id == own, moves.c.written_at > cutoff_at),
            exists().where(grants.c.settlement_id == own, grants.c.written_at > cutoff_at),
        ),
    }


def _asks(now: Any) -> ColumnElement[bool]:
    """Whether the verdict of a settlement asks for a price or a person."""
    judged = tables.verdicts_now
    same = and_(*(judged.c[name] == now.c[name] for name in tables.PROMISE))
    return exists().where(same, or_(judged.c.to_review == 1, judged.c.to_assess == 1))


def _settlements(connection: Connection, cutoff_at: int) -> Iterator[KeptBack]:
    now, undone = tables.settlements_now, _undone(cutoff_at)
    why = [one.label(f"why_{n}") for n, one in enumerate(undone.values())]
    query = select(now.c.settlement_id, now.c.state, now.c.starts_at, now.c.ends_at, *why)
    query = query.where(now.c.starts_at < cutoff_at, or_(*undone.values())).order_by(
        now.c.starts_at, now.c.settlement_id
    )
    for row in connection.execute(query).mappings():
        reasons = [text for n, text in enumerate(undone) if row[f"why_{n}"]]
        yield KeptBack(
            what=f"settlement {row['settlement_id']}, {row['state']}", period=_period(row), why=", ".join(reasons)
        )


def _verdicts(connection: Connection, cutoff_at: int) -> Iterator[KeptBack]:
    now, table = tables.verdicts_now, tables.verdicts
    asks = {"to_review": "nobody can tell it, and nobody has said", "to_assess": "it asks for a price"}
    open_ones = select(table.c.ref, now.c.starts_at, now.c.ends_at, now.c.to_review, now.c.to_assess)
    open_ones = open_ones.join(table, table.c.id == now.c.verdict_id).where(
        now.c.starts_at < cutoff_at, or_(now.c.to_review == 1, now.c.to_assess == 1)
    )
    for row in connection.execute(open_ones.order_by(now.c.starts_at, table.c.ref)).mappings():
        told = ", ".join(text for name, text in asks.items() if row[name])
        yield KeptBack(what=f"verdict {row['ref']}", period=_period(row), why=told)
    straddling = select(table.c.starts_at, table.c.ends_at).distinct()
    straddling = straddling.where(
        table.c.starts_at < cutoff_at, table.c.starts_at > cutoff_at - LONGEST_SECONDS, table.c.ends_at > cutoff_at
    )
    for row in connection.execute(straddling.order_by(table.c.starts_at)).mappings():
        yield KeptBack(what="a period that was judged", period=_period(row), why="its retention has not passed")


def _waits(connection: Connection, cutoff_at: int) -> Iterator[KeptBack]:
    """Periods that wait, by where they begin; how long one is, no record says."""
    table = tables.waits_now
    query = select(table).where(table.c.subject == "period").order_by(table.c.since_at, table.c.began_id)
    for row in connection.execute(query).mappings():
        start = row["subject_id"].rpartition("/")[2]
        if start.isdecimal() and int(start) < cutoff_at:
            period = Period(starts_at=int(start), ends_at=int(start) + LONGEST_SECONDS)
            yield KeptBack(what=f"period {row['subject_id']}", period=period, why=f"it waits: {row['reason']}")


def _period(row: Any) -> Period:
    return Period(starts_at=row["starts_at"], ends_at=row["ends_at"])
