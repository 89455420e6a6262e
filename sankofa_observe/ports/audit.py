"""Who acts and who reads: persons and keys by ids that say nothing, and evidence that was handed out, each time as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sankofa_observe.units import rfc3339


class PersonKind(StrEnum):
    PERSON = "person"
    KEY = "key"  # an API key, whose label is a name as well


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom an id stands for. Once erased, the id alone is left, and stands in records for nobody who is known."""

    id: str  # person:<8 of a-z and 2-7>, or key:<8 hex digits>; as `actor` of records has it
    kind: PersonKind
    name: str
    mail: str
    added_at: int
    erased_at: int | None = None

    def is_called(self, text: str) -> bool:
        """Whether that is this one's name or mail; a name may be written like a mail, so both are looked up alike."""
        return bool(text) and text.casefold() in {self.name.casefold(), self.mail.casefold()}

    def __str__(self) -> str:
        if self.erased_at is not None:
            return f"{self.id}: erased {rfc3339(self.erased_at)}"
        return f"{self.id}: {self.name}{f' <{self.mail}>' if self.mail else ''}, since {rfc3339(self.added_at)}"


class Way(StrEnum):
    """How evidence leaves."""

    API = "api"
    CLI = "cli"


@dataclass(frozen=True, kw_only=True)
class EvidenceRead:
    """A document was handed out: to whom, over which way, and why."""

    document_hash: str
    settlement_id: str
    tenant: str  # whose document it is
    actor: str
    way: Way
    reason: str
    at: int


class Audited(Protocol):
    """What is kept of who acts and who reads; whoever acts is the one the ledger writes for."""

    def add_evidence_read(self, read: EvidenceRead) -> bool:
        """A record before the document is handed out; False where the same was read by the same, over the same way and for the same
        reason, on that UTC day already.
        """

    def persons(self) -> Sequence[Person]:
        """All of them, those that were erased among them, by when they were added: there are as many as ever acted by hand."""

    def add_person(self, person: Person, *, reason: str) -> None:
        """Add whom an id stands for, and a record that it was added, which has neither name nor mail.

        Raises:
            InvalidInput: the id, the name or the mail is that of another one.
        """

    def erase_person(self, person_id: str, *, reason: str, at: int) -> bool:
        """Take name and mail away for good, and keep a record of it; False where that was done before.

        Raises:
            Unavailable: it is done, and whoever reads the ledger's file now keeps its last pages readable: do it again.
        """
