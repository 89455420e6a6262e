"""Who acts and who reads, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sankofa_observe.errors import InvalidInput
from sankofa_observe.ports import EvidenceRead, Person
from sankofa_observe.slo.totals import DAY_SECONDS


@dataclass(kw_only=True)
class MemoryAudited:
    """The part of a ledger in memory that keeps reads of evidence, and whom ids stand for."""

    reads: list[EvidenceRead] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)

    def add_evidence_read(self, read: EvidenceRead) -> bool:
        if _key(read) in map(_key, self.reads):
            return False
        self.reads.append(read)
        return True

    def persons(self) -> list[Person]:
        return sorted(self.people.values(), key=lambda one: (one.added_at, one.id))

    def add_person(self, person: Person, *, reason: str) -> None:  # noqa: ARG002  acts by hand are kept by real ledgers
        for one in self.people.values():
            if one.id == person.id or one.is_called(person.name) or one.is_called(person.mail):
                raise InvalidInput(f"that is {one.id} already; nothing was written")
        self.people[person.id] = person

    def erase_person(self, person_id: str, *, reason: str, at: int) -> bool:  # noqa: ARG002
        standing = self.people.get(person_id)
        if standing is None or standing.erased_at is not None:
            return False
        self.people[person_id] = replace(standing, name="", mail="", erased_at=at)
        return True


def _key(read: EvidenceRead) -> tuple[object, ...]:
    return read.document_hash, read.at // DAY_SECONDS, read.actor, read.way, read.reason
