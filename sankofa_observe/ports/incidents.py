"""Incidents as they are kept: that an alert began, and that it ended, each a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sankofa_observe.sla.incident import Incident, IncidentRecord


class Incidents(Protocol):
    """What is asked of incidents; whoever acts is the one the ledger writes for."""

    def add_incident(self, told: Incident, at: int) -> bool:
        """Add what was told as a revision; False where nothing is new in it.

        New is a state other than the last one, or another end of what ended. An earlier incident of the same alert that nobody ended is
        replaced in the same transaction: an alert fires once at a time.
        """

    def add_incidents(self, told: Sequence[Incident], at: int) -> list[bool]:
        """Several, one after the other, in one transaction: all of them or, where one cannot be stored, none."""

    def incidents_named(self, name: str) -> list[IncidentRecord]:
        """The one with this id or its first 16 digits."""
