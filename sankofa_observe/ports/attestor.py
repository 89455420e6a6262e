"""Independent witnesses, from both sides: whom a proposer asks, and what recounts and signs.

A proposer hands over and takes what is there; nothing of `Attestor` waits, so that one who hangs holds up nobody. A shared folder is one
way between the two sides, a thread another; a network would be a third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sankofa_observe.ports.chain import AttestorSet
from sankofa_observe.sla.evidence import Evidence, Identity
from sankofa_observe.sla.settlement import ChainIdentity, Row

NO_PAPERS = "0x" + "00" * 32


class Word(StrEnum):
    """What an attestor says of a document. The first two are its last word, save that an objection may be of papers that change."""

    AGREES = "agrees"
    OBJECTS = "objects"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One attestor's word on one document, by the hash that is named on chain."""

    document: str
    word: Word
    reason: str = ""
    since_at: int  # when it first said so
    at: int
    papers: str = NO_PAPERS  # a digest of the terms, exclusions and fleet that it went by


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """What stands in place of an answer and is none: torn, too large, or of a stranger's key."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A batch to be signed as it is: these rows, for this contract, under this set of attestors."""

    chain: ChainIdentity
    attestors: AttestorSet
    rows: tuple[Row, ...]

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(one.document_hash for one in self.rows)

    @property
    def revisions(self) -> dict[str, int]:
        """By document, in the order of its rows."""
        return {one.document_hash: one.revision for one in self.rows}


class Attestor(Protocol):
    """An independent witness as its proposer sees it. Each call answers at once, or raises `Unavailable` for this attestor alone."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    def ask(self, documents: Mapping[str, Evidence]) -> None:
        """Begin to have these looked at, each by its hash, where that needs no proposal."""

    @property
    def is_awaited(self) -> bool:
        """Whether it works on an answer that may still come in this turn."""

    def answers(self, documents: Mapping[str, Evidence]) -> Mapping[str, Answer | NoAnswer]:
        """What it said of these so far."""

    def propose(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        """All that is open now, with the documents; what it was asked before and is not among these is asked no more."""

    def signature(self, proposal: Proposal) -> bytes | None:
        """65 bytes by its account over exactly this batch, None where it has not signed; raises `Unavailable` for what is none."""

    @property
    def heard_at(self) -> int | None:
        """When it was last known to be at work, UTC seconds; None where it never was."""


class Witness(Protocol):
    """What recounts from its own samples, and holds the key: the attestor's own side."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    def objection(self, document: Evidence) -> str | None:
        """Why it would not sign this document, or None; raises `Unavailable` where it cannot tell yet."""

    def papers(self, identity: Identity) -> str:
        """A digest of its own terms, exclusions and fleet, as far as they matter to this document."""

    def recall(self, document: Evidence) -> None:
        """It agreed to this before: sign it without a recount."""

    def sign_documents(self, revisions: Mapping[str, int], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        """Over the rows of documents that it agreed to, each by its revision; raises `InvariantBroken` for any other one.

        Which revision is the next one is the contract's own knowledge: it takes no other.
        """


class AnswerMemory(Protocol):
    """What an attestor has said: kept before anybody is told."""

    def get(self, document: str) -> Answer | None: ...

    def put(self, answer: Answer) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A proposal as an attestor reads it: documents by hash, and as which revision of its settlement each is reported."""

    id: str
    chain: ChainIdentity
    attestors: AttestorSet
    revisions: Mapping[str, int]

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(self.revisions)


class AttestorDesk(Protocol):
    """Where an attestor finds what it is asked, and lays down what it says."""

    def asked(self) -> tuple[Sequence[Asked], Sequence[str]]:
        """The proposals that are open, and in words what cannot be read as one."""

    def document(self, digest: str) -> Evidence:
        """Raises `Unavailable` where it is not there yet, or is not what its name says."""

    def tell(self, answer: Answer) -> None: ...

    def has_signed(self, asked: Asked) -> bool: ...

    def lay_signature(self, asked: Asked, signature: bytes) -> None: ...

    def beat(self, at: int) -> None:
        """Say that one is at work."""
