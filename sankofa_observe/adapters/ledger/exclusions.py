"""Exclusions: each act of a person is a row; the first row of an exclusion carries what it says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from sankofa_observe.adapters.ledger import rows, tables
from sankofa_observe.adapters.ledger.acting import Acting
from sankofa_observe.adapters.ledger.checksums import Row
from sankofa_observe.adapters.ledger.writes import add_new, add_once
from sankofa_observe.ports import ExclusionChange
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord, ExclusionState
from sankofa_observe.sla.settlement import OPEN
from sankofa_observe.units import Period

_NAME = re.compile("[0-9a-f]{16}")
_CHANGES = (ExclusionState.APPROVED.value, ExclusionState.WITHDRAWN.value)


class Exclusions(Acting):
    """Every method is one transaction."""

    def add_exclusions(self, proposed: Sequence[Exclusion]) -> None:
        with self._writing() as connection:
            for one in proposed:
                row = rows.exclusion_row(one, 1, ExclusionState.PROPOSED, one.reason, 0) | {"document": one.document}
                key = {"exclusion_id": one.id, "revision": 1}
                add_once(connection, tables.exclusions, key, {**row, **self._by(one.announced_at)})

    def act_on_exclusions(self, records: Sequence[ExclusionRecord], act: Act) -> None:
        with self._writing() as connection:
            for one in records:
                number = len(one.acts) + 1
                row = rows.exclusion_row(one.exclusion, number, act.state, act.reason, act.from_at) | {"document": ""}
                add_new(connection, tables.exclusions, {**row, **self._by(act.at)})

    def exclusions_named(self, name: str) -> list[ExclusionRecord]:
        table, digits = tables.exclusions, name.removeprefix("0x")
        if not _NAME.fullmatch(digits[:16]):
            return []
        of_id = table.c.exclusion_id.between(f"0x{digits}", f"0x{digits}g")
        with self._database.reading() as connection:
            return records_of(connection, or_(table.c.plan == name, of_id))

    def exclusions_in(self, period: Period) -> list[ExclusionRecord]:
        table = tables.exclusions
        with self._database.reading() as connection:
            return records_of(connection, (table.c.starts_at < period.ends_at) & (table.c.ends_at > period.starts_at))

    def exclusion_changes(self, after: int) -> list[ExclusionChange]:
        table = tables.exclusions
        names = ("agreement_id", "starts_at", "ends_at", "written_at")
        query = select(table.c.id, *(table.c[name] for name in names))
        query = query.where(table.c.id > after, table.c.state.in_(_CHANGES)).order_by(table.c.id)
        with self._database.reading() as connection:
            return [
                ExclusionChange(
                    number=number, agreement_id=of, period=Period(starts_at=starts_at, ends_at=ends_at), at=at
                )
                for number, of, starts_at, ends_at, at in connection.execute(query)
            ]

    def sealed(self, agreement_id: str, period: Period) -> list[tuple[str, Period]]:
        now = tables.settlements_now
        own = (now.c.agreement_id == agreement_id, now.c.state.not_in([one.value for one in OPEN]))
        query = select(now.c.settlement_id, now.c.starts_at, now.c.ends_at).where(*own)
        query = query.where(now.c.starts_at < period.ends_at, now.c.ends_at > period.starts_at)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(now.c.starts_at, now.c.settlement_id)).all()
        return [(one, Period(starts_at=starts_at, ends_at=ends_at)) for one, starts_at, ends_at in found]


def records_of(connection: Connection, where: ColumnElement[bool]) -> list[ExclusionRecord]:
    """Whole records, by agreement and id; `where` is true of all rows of one or of none."""
    table = tables.exclusions
    query = select(table).where(where).order_by(table.c.agreement_id, table.c.exclusion_id, table.c.revision)
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["exclusion_id"]].append(row)
    return [rows.exclusion(every) for every in found.values()]
