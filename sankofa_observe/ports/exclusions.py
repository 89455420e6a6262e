"""Exclusions as they are kept: proposals, approvals and withdrawals, each a record with who and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class ExclusionChange:
    """An exclusion counts since, or counts no more: what it covers is to be judged again."""

    number: int  # of its record: later ones are higher
    agreement_id: str
    period: Period  # from its first occurrence to its last
    at: int


class KnownExclusions(Protocol):
    """The exclusions that somebody knows of, with what persons did about them."""

    def exclusions_in(self, period: Period) -> Sequence[ExclusionRecord]:
        """Those that have an occurrence in the period, or one before and one after it, whatever became of them."""


class Exclusions(Protocol):
    """What stages and commands ask of exclusions; whoever acts is the one the ledger writes for."""

    def add_exclusions(self, proposed: Sequence[Exclusion]) -> None:
        """All of them or none; those that stand already are left."""

    def act_on_exclusions(self, records: Sequence[ExclusionRecord], act: Act) -> None:
        """Add what one person did about all of them, or nothing.

        Raises:
            Unavailable: somebody else has acted on one of them since it was read.
        """

    def exclusions_named(self, name: str) -> list[ExclusionRecord]:
        """Those of a plan, or the one with this id or its first 16 digits; by agreement."""

    def exclusions_in(self, period: Period) -> list[ExclusionRecord]:
        """Those that have an occurrence in the period, or one before and one after it, whatever became of them."""

    def exclusion_changes(self, after: int) -> list[ExclusionChange]:
        """Approvals and withdrawals that were recorded after the one of this number, oldest first."""

    def sealed(self, agreement_id: str, period: Period) -> list[tuple[str, Period]]:
        """Settlements of an agreement over this time that are on chain or on the way there, by id and period."""
