"""Incidents in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import SankofaError
from sankofa_observe.sla.incident import Incident, IncidentRecord, next_of, replaced


@dataclass(kw_only=True)
class MemoryIncidents:
    """The part of a ledger in memory that keeps incidents."""

    told: dict[str, IncidentRecord] = field(default_factory=dict)

    def add_incident(self, told: Incident, at: int) -> bool:
        standing = self.told.get(told.id)
        if not next_of(standing, told):
            return False
        for one in [each.now for each in self.told.values()]:
            if over := replaced(one, told):
                self._add(over, at)
        self._add(told, at)
        return True

    def add_incidents(self, told: Sequence[Incident], at: int) -> list[bool]:
        before = dict(self.told)
        try:
            return [self.add_incident(one, at) for one in told]
        except SankofaError:
            self.told = before
            raise

    def _add(self, one: Incident, at: int) -> None:
        standing = self.told.get(one.id, IncidentRecord(revisions=(), told_at=()))
        self.told[one.id] = IncidentRecord(revisions=(*standing.revisions, one), told_at=(*standing.told_at, at))

    def incidents_named(self, name: str) -> list[IncidentRecord]:
        digits = name.removeprefix("0x")
        return [one for key, one in self.told.items() if len(digits) >= 16 and key.startswith(f"0x{digits}")]  # noqa: PLR2004
