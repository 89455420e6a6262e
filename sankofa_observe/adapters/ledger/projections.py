"""What is read hot, made of the records in the transaction that writes them; `rebuild` makes all of it anew, `differences` compares.

`verdict_now` is the newest verdict of each promise and period, `settlement_now` the state of each settlement, `tally` sums. No record
is ever read from here that could not be read from the records.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from sankofa_observe.adapters.ledger import tables
from sankofa_observe.adapters.ledger.rows import Row
from sankofa_observe.adapters.ledger.tables import EVERYBODY
from sankofa_observe.ports import Totals
from sankofa_observe.sla.settlement import SettlementState

IS_MOVING: ColumnElement[bool] = literal_column(
    "settlement_now.state IN ('computed', 'reported', 'disputed')"
)  # as its index has it
SETTLEMENTS, PENALTY, CREDIT = "settlements", "penalty_minor", "credit_minor"


def judged(connection: Connection, key: Row) -> None:
    """A verdict was added."""
    promise = {name: key[name] for name in tables.PROMISE}
    _put(connection, _verdicts_now("v.agreement_id = :agreement_id AND v.slo = :slo AND v.site = :site "
                                   "AND v.starts_at = :starts_at AND v.ends_at = :ends_at"), promise)  # fmt: skip


def priced(connection: Connection, row: Row) -> None:
    """A penalty and the first state of its settlement were added."""
    judged(connection, row)
    _put(connection, _settlements_now("p.settlement_id = :settlement_id"), {"settlement_id": row["settlement_id"]})
    _add(connection, SETTLEMENTS, EVERYBODY, SettlementState.COMPUTED.value, 1)
    _add(connection, PENALTY, EVERYBODY, _currency(row), row["credit_minor"])


def moved(connection: Connection, settlement_id: str, before: SettlementState, after: SettlementState) -> None:
    """A settlement has another state."""
    now = tables.settlements_now
    connection.execute(update(now).where(now.c.settlement_id == settlement_id).values(state=after.value))
    _add(connection, SETTLEMENTS, EVERYBODY, before.value, -1)
    _add(connection, SETTLEMENTS, EVERYBODY, after.value, 1)


def credited(connection: Connection, row: Row) -> None:
    """An entry of credits was added."""
    now = tables.settlements_now
    connection.execute(update(now).where(now.c.settlement_id == row["settlement_id"]).values(credited=1))
    _add(connection, CREDIT, row["tenant"], _currency(row), row["delta_minor"])


def totals(connection: Connection) -> Totals:
    found: dict[str, dict[tuple[str, str], int]] = {SETTLEMENTS: {}, PENALTY: {}, CREDIT: {}}
    for what, tenant, part, amount in connection.execute(select(tables.tallies)):
        found[what][tenant, part] = amount
    penalties = {currency_of(part): amount for (_, part), amount in found[PENALTY].items()}
    return Totals(
        settlements={SettlementState(part): amount for (_, part), amount in found[SETTLEMENTS].items() if amount},
        penalties=penalties,
        credits={(tenant, *currency_of(part)): amount for (tenant, part), amount in found[CREDIT].items()},
    )


def rebuild(connection: Connection) -> None:
    """Make all projections anew from the records."""
    for table in tables.PROJECTIONS:
        connection.execute(delete(table))
    for statement in (_verdicts_now("1 = 1"), _settlements_now("1 = 1"), *_TALLIES):
        _put(connection, statement, {})


def differences(connection: Connection) -> list[str]:
    """Where a projection is not what its records make; the transaction must be rolled back afterwards."""
    before = {table.name: _content(connection, table) for table in tables.PROJECTIONS}
    rebuild(connection)
    found = []
    for table in tables.PROJECTIONS:
        after = _content(connection, table)
        if wrong := len(before[table.name] ^ after):
            found.append(
                f"{table.name}: {wrong} rows are not what the records make; run sankofa-observe ledger rebuild"
            )
    return found


def _content(connection: Connection, table: Any) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(select(table)) if table is not tables.tallies or row[-1]}


def _verdicts_now(where: str) -> str:
    """The newest revision of each; it asks for a price where it is a breach without one, or the price is of another revision."""
    return f"""
        INSERT INTO verdict_now (agreement_id, slo, site, starts_at, ends_at, tenant, verdict_id, verdict, to_assess)
        SELECT v.agreement_id, v.slo, v.site, v.starts_at, v.ends_at, v.tenant, v.id, v.verdict,
            CASE WHEN p.revision IS NULL THEN CASE WHEN v.verdict = 'breach' THEN 1 ELSE 0 END
                 WHEN p.revision <> v.revision THEN 1 ELSE 0 END
        FROM verdict v LEFT JOIN penalty p ON {_same("p", "v")} AND {_newest("penalty", "p")}
        WHERE {where} AND {_newest("verdict", "v")}
        ON CONFLICT (agreement_id, slo, site, starts_at, ends_at) DO UPDATE SET
            tenant = excluded.tenant, verdict_id = excluded.verdict_id, verdict = excluded.verdict, to_assess = excluded.to_assess
    """  # noqa: S608  no value of anybody is in it


def _settlements_now(where: str) -> str:
    return f"""
        INSERT INTO settlement_now
            (settlement_id, tenant, agreement_id, slo, site, starts_at, ends_at, penalty_id, state, credited)
        SELECT p.settlement_id, p.tenant, p.agreement_id, p.slo, p.site, p.starts_at, p.ends_at, p.id, s.state,
            CASE WHEN EXISTS (SELECT 1 FROM credit_entry c WHERE c.settlement_id = p.settlement_id) THEN 1 ELSE 0 END
        FROM penalty p JOIN settlement_state s ON s.settlement_id = p.settlement_id
        WHERE {where} AND {_newest("penalty", "p")}
            AND s.number = (SELECT max(number) FROM settlement_state WHERE settlement_id = p.settlement_id)
        ON CONFLICT (settlement_id) DO UPDATE SET
            penalty_id = excluded.penalty_id, state = excluded.state, credited = excluded.credited
    """  # noqa: S608


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in tables.PROMISE)


def _newest(table: str, alias: str) -> str:
    return f"{alias}.revision = (SELECT max(x.revision) FROM {table} x WHERE {_same('x', alias)})"  # noqa: S608


_TALLIES = tuple(
    "INSERT INTO tally (what, tenant, part, amount) " + query
    for query in (
        "SELECT 'settlements', '*', state, count(*) FROM settlement_now GROUP BY state",
        "SELECT 'penalty_minor', '*', currency || '/' || exponent, sum(credit_minor) FROM penalty GROUP BY currency, exponent",
        "SELECT 'credit_minor', tenant, currency || '/' || exponent, sum(delta_minor) FROM credit_entry GROUP BY tenant, currency, exponent",
    )
)


def _put(connection: Connection, statement: str, values: Row) -> None:
    connection.execute(text(statement), dict(values))


def _add(connection: Connection, what: str, tenant: str, part: str, amount: int) -> None:
    table = tables.tallies
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    adding = insert(table).values(what=what, tenant=tenant, part=part, amount=amount)
    key = [table.c.what, table.c.tenant, table.c.part]
    connection.execute(adding.on_conflict_do_update(index_elements=key, set_={"amount": table.c.amount + amount}))


def _currency(row: Row) -> str:
    return f"{row['currency']}/{row['exponent']}"


def currency_of(part: str) -> tuple[str, int]:
    """Currency and exponent of a sum of money, by the part of its tally."""
    currency, _, exponent = part.partition("/")
    return currency, int(exponent)
