"""Incidents in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_observe.sla.incident import Incident, IncidentRecord, IncidentState, next_of, replaced


@dataclass(kw_only=True)
class MemoryIncidents:
    """The part of a ledger in memory that keeps incidents."""

    told: dict[str, IncidentRecord] = field(default_factory=dict)

    def add_incident(self, told: Incident, at: int) -> bool:
        standing = self.told.get(told.id)
        if not next_of(standing, told):
            return False
        for one in [each.now for each in self.told.values()]:
            same = one.fingerprint == told.fingerprint and one.id != told.id
            if same and told.state is IncidentState.FIRING and one.state is IncidentState.FIRING:
                self._add(replaced(one, told), at)
        self._add(told, at)
        return True

    def _add(self, one: Incident, at: int) -> None:
        standing = self.told.get(one.id, IncidentRecord(revisions=(), told_at=()))
        self.told[one.id] = IncidentRecord(revisions=(*standing.revisions, one), told_at=(*standing.told_at, at))

    def incidents_named(self, name: str) -> list[IncidentRecord]:
        digits = name.removeprefix("0x")
        return [one for key, one in self.told.items() if len(digits) >= 16 and key.startswith(f"0x{digits}")]  # noqa: PLR2004
