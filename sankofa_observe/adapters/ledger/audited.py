"""Who acts and who reads: reads of evidence are records; whom an id stands for is the one table from which something is erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.writes import add_new, add_once, in_turn
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.ports import EvidenceRead, Person, PersonKind
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.slo.totals import DAY_SECONDS

_SAME_READ = ("document_hash", "day", "actor", "way", "reason")


class WhoActs(Acting):
    """Every method is one transaction."""

    def add_evidence_read(self, read: EvidenceRead) -> bool:
        table, names = tables.evidence_reads, ("document_hash", "settlement_id", "tenant", "reason", "actor")
        row: dict[str, Any] = {name: getattr(read, name) for name in names}
        row |= {"way": read.way.value, "day": read.at // DAY_SECONDS, "written_at": read.at}
        key = {name: row[name] for name in _SAME_READ}
        with self._database.reading() as connection:  # who reads again takes no turn from whoever writes
            if connection.execute(select(table.c.day).filter_by(**key)).first():
                return False
        with self._writing() as connection:
            return add_once(connection, table, key, row)

    def persons(self) -> list[Person]:
        with self._database.reading() as connection:
            return _persons(connection)

    def add_person(self, person: Person, *, reason: str) -> None:
        with self._writing() as connection:
            in_turn(connection, rows.PERSON)
            for one in _persons(connection):
                same = {
                    "id": one.id == person.id,
                    "name": one.is_called(person.name),
                    "mail": one.is_called(person.mail),
                }
                if taken := [what for what, is_same in same.items() if is_same]:
                    raise InvalidInput(
                        f"the {taken[0]} is that of {one.id} already, and each is known by one id; see sankofa-observe persons list; "
                        "nothing was written"
                    )
            row = {"subject": person.id, "kind": person.kind.value, "name": person.name, "mail": person.mail}
            connection.execute(insert(tables.persons), {**row, "added_at": person.added_at, "erased_at": None})
            self._said(connection, person.id, "added", reason, person.added_at)

    def erase_person(self, person_id: str, *, reason: str, at: int) -> bool:
        table = tables.persons
        with self._writing() as connection:
            gone = update(table).where(table.c.subject == person_id, table.c.erased_at.is_(None))
            changed = connection.execute(gone.values(name="", mail="", erased_at=at)).rowcount == 1
            if changed:
                self._said(connection, person_id, "erased", reason, at)
        if not self._database.forget():
            raise Unavailable(
                f"{person_id} is erased, and the last pages of the ledger's file are held by somebody who reads it: run sankofa-observe persons "
                f"erase {person_id} again, by its id, for nobody has that name any more"
            )
        return changed

    def _said(self, connection: Connection, person_id: str, outcome: str, reason: str, at: int) -> None:
        about = {"subject": rows.PERSON, "subject_id": person_id, "tenant": EVERYBODY, "outcome": outcome}
        add_new(connection, tables.reviews, {**about, "reason": reason, "reference": "", **self._by(at)})


def _persons(connection: Connection) -> list[Person]:
    table = tables.persons
    return [
        Person(
            id=row["subject"],
            kind=PersonKind(row["kind"]),
            **{name: row[name] for name in ("name", "mail", "added_at", "erased_at")},
        )
        for row in connection.execute(select(table).order_by(table.c.added_at, table.c.subject)).mappings()
    ]
