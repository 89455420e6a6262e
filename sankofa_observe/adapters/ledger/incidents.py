"""Incidents: each thing that was told of an alert is a row, where it says something new."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.checksums import Row
from sankofa_observe.adapters.ledger.writes import add_new, in_turn
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.incident import Incident, IncidentRecord, next_of, replaced

NEWEST = 10  # of one alert, among which one may be open: an older one was replaced when they began
_NAME = re.compile("[0-9a-f]{16,64}")


class Incidents(Acting):
    """Every method is one transaction."""

    def add_incident(self, told: Incident, at: int) -> bool:
        return self.add_incidents([told], at)[0]

    def add_incidents(self, told: Sequence[Incident], at: int) -> list[bool]:
        # Most of what is told is told again, and to look takes no turn from whoever writes.
        with self._database.reading() as connection:
            standing = incidents_of(connection, tables.incidents.c.incident_id.in_([one.id for one in told]))
        known = {one.now.id: one for one in standing}
        news = {one.fingerprint for one in told if next_of(known.get(one.id), one)}
        if not news:
            return [False] * len(told)
        with self._writing() as connection:
            # Several receivers: each would leave an incident of its own open. In one order, or they wait for each other.
            for fingerprint in sorted(news):
                in_turn(connection, f"incident/{fingerprint}")
            return [one.fingerprint in news and self._added(connection, one, at) for one in told]

    def _added(self, connection: Connection, told: Incident, at: int) -> bool:
        table = tables.incidents
        newest = select(table.c.incident_id).where(table.c.fingerprint == told.fingerprint, table.c.revision == 1)
        ids = [told.id, *connection.scalars(newest.order_by(table.c.started_at.desc()).limit(NEWEST))]
        every = incidents_of(connection, table.c.incident_id.in_(ids))
        standing = next((one for one in every if one.now.id == told.id), None)
        if not next_of(standing, told):
            return False
        for one in every:
            if over := replaced(one.now, told):
                self._add(connection, over, len(one.revisions) + 1, at)
        self._add(connection, told, len(standing.revisions) + 1 if standing else 1, at)
        return True

    def _add(self, connection: Connection, one: Incident, revision: int, at: int) -> None:
        row = rows.incident_row(one, revision) | {"tenant": EVERYBODY, **self._by(at)}
        add_new(connection, tables.incidents, row)

    def incidents_named(self, name: str) -> list[IncidentRecord]:
        table, digits = tables.incidents, name.removeprefix("0x")
        if not _NAME.fullmatch(digits):
            return []
        with self._database.reading() as connection:
            return incidents_of(connection, table.c.incident_id.between(f"0x{digits}", f"0x{digits}g"))


def incidents_of(connection: Connection, where: ColumnElement[bool]) -> list[IncidentRecord]:
    """Whole records, by when they began; `where` is true of all rows of one or of none."""
    table = tables.incidents
    query = select(table).where(where).order_by(table.c.started_at, table.c.incident_id, table.c.revision)
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["incident_id"]].append(row)
    return [_record(every) for every in found.values()]


def _record(every: Sequence[Row]) -> IncidentRecord:
    return IncidentRecord(revisions=tuple(map(rows.incident, every)), told_at=tuple(row["written_at"] for row in every))
