"""What may be deleted once its retention is over, and what is kept whatever its age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class KeptBack:
    """A period of which slots and evidence stay, and why."""

    what: str
    period: Period
    why: str

    def __str__(self) -> str:
        return f"{self.what}, {self.period}: {self.why}"


@dataclass(frozen=True, kw_only=True)
class OldEvidence:
    """A document whose settlement is at its end, and of which nothing was recorded since the retention began."""

    document_hash: str
    settlement_id: str
    tenant: str
    agreement_key: str  # by which the contract knows the agreement
    period: Period


class Retained(Protocol):
    """What is asked before anything is deleted; records themselves are never deleted."""

    def kept_back(self, cutoff_at: int) -> Sequence[KeptBack]:
        """What began before and is not done, of any age: a settlement that is no final, voided or withdrawn one, that waits, whose credit
        is not granted or about which something was recorded since; a verdict that ends later, or asks for a price or a person; a wait.
        """

    def old_evidence(self, cutoff_at: int) -> Sequence[OldEvidence]:
        """Documents of periods that ended by then, of settlements that are not kept back, and that were not removed; by period."""

    def add_removal(self, evidence: OldEvidence, *, reason: str, at: int) -> None:
        """A record that a document was removed; once."""

    def add_retention(self, *, what: str, reason: str, told: str, at: int) -> None:
        """A record that retention was applied: to what, why, and what that means in words."""
