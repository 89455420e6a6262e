"""What is read hot, made of the records in the transaction that writes them; `rebuild` makes all of it anew, `differences` compares.

`verdict_now` is the newest verdict of each promise and period, `wait_now` what waits, `settlement_now` the state of each settlement,
`attempt_open` what was signed and has no fate yet, `tally` sums. Nothing stands here that could not be read from the records.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, select, text

from sankofa_observe.adapters.ledger import tables
from sankofa_observe.adapters.ledger.checksums import Row, reading
from sankofa_observe.adapters.ledger.records import no_text
from sankofa_observe.adapters.ledger.writes import in_turn, inserting
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Totals
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.settlement import SettlementState

_REBUILD = (
    "every record agrees with its checksum, so what was made of them is wrong: run sankofa-observe ledger rebuild"
)
_ASK = (
    "which of the two is right nobody can tell here, for records may have been changed, as is said above: compare both with the last "
    "backup before anything is made anew"
)
MOST = 2**63 - 1  # that a column of the database holds exactly
SETTLEMENTS, PENALTY, CREDIT = "settlements", "penalty_minor", "credit_minor"


def alone(connection: Connection, of: Row) -> None:
    """Wait for whoever writes about the same promise and period: each would make what is read hot without the other's record."""
    in_turn(connection, "/".join(str(of[name]) for name in tables.PROMISE))


def judged(connection: Connection, key: Row) -> None:
    """A verdict was added."""
    own = " AND ".join(f"v.{name} = :{name}" for name in tables.PROMISE)
    connection.execute(text(_adding(tables.verdicts_now, own)), {name: key[name] for name in tables.PROMISE})


def waited(connection: Connection, key: Row) -> None:
    """A wait was begun, changed or ended."""
    own = "w.subject = :subject AND w.subject_id = :subject_id"
    connection.execute(text(f"DELETE FROM wait_now WHERE {own.replace('w.', '')}"), dict(key))  # noqa: S608
    connection.execute(text(_adding(tables.waits_now, own)), dict(key))


def priced(connection: Connection, row: Row, before: Row | None, after: SettlementState) -> None:
    """A penalty was added, and its settlement has a state; `before` is the price that stood, with its state."""
    judged(connection, row)
    _settled(connection, row["settlement_id"])
    if before:
        _add(connection, SETTLEMENTS, EVERYBODY, before["state"], -1)
        if before["state"] != SettlementState.WITHDRAWN:
            _add(connection, PENALTY, EVERYBODY, _currency(before), -before["credit_minor"])
    _add(connection, SETTLEMENTS, EVERYBODY, after.value, 1)
    _add(connection, PENALTY, EVERYBODY, _currency(row), row["credit_minor"])


def moved(connection: Connection, settlement_id: str, before: SettlementState, after: SettlementState) -> None:
    """A settlement has another state."""
    now = tables.settlements_now
    _settled(connection, settlement_id)
    _add(connection, SETTLEMENTS, EVERYBODY, before.value, -1)
    _add(connection, SETTLEMENTS, EVERYBODY, after.value, 1)
    if SettlementState.WITHDRAWN in {before, after}:
        table = tables.penalties
        query = select(table).join(now, now.c.penalty_id == table.c.id).where(now.c.settlement_id == settlement_id)
        row = connection.execute(query).mappings().one()
        owed = -row["credit_minor"] if after is SettlementState.WITHDRAWN else row["credit_minor"]
        _add(connection, PENALTY, EVERYBODY, _currency(row), owed)
        judged(connection, row)


def signed(connection: Connection, transaction: str) -> None:
    """A transaction was stored to be sent."""
    connection.execute(
        text(_adding(tables.attempts_open, 'a."transaction" = :transaction')), {"transaction": transaction}
    )


def fated(connection: Connection, transaction: str) -> None:
    """The fate of a transaction was recorded."""
    own, sent = tables.attempts_open, tables.attempts
    connection.execute(delete(own).where(own.c.attempt_id.in_(select(sent.c.id).filter_by(transaction=transaction))))


def _settled(connection: Connection, settlement_id: str) -> None:
    """Something was added about a settlement."""
    own = text(_adding(tables.settlements_now, "p.settlement_id = :settlement_id"))
    connection.execute(own, {"settlement_id": settlement_id})


def credited(connection: Connection, row: Row) -> None:
    """An entry of credits was added."""
    _settled(connection, row["settlement_id"])
    _add(connection, CREDIT, row["tenant"], _currency(row), row["delta_minor"])


def totals(connection: Connection) -> Totals:
    found: dict[str, dict[tuple[str, str], int]] = {SETTLEMENTS: {}, PENALTY: {}, CREDIT: {}}
    with reading("tally"):
        for what, tenant, part, amount in connection.execute(select(tables.tallies)):
            found[what][tenant, part] = int(amount)
        return Totals(
            settlements={SettlementState(part): amount for (_, part), amount in found[SETTLEMENTS].items() if amount},
            penalties={currency_of(part): amount for (_, part), amount in found[PENALTY].items()},
            credits={(tenant, *currency_of(part)): amount for (tenant, part), amount in found[CREDIT].items()},
        )


def rebuild(connection: Connection) -> None:
    """Make all projections anew from the records."""
    for table in tables.PROJECTIONS:
        connection.execute(delete(table))
        connection.execute(text(_adding(table, "1 = 1")))


def differences(connection: Connection, *, trusted: bool = True) -> list[str]:
    """Where a projection is not what its records make; compared by the database itself, and nothing is written.

    Without `trusted`, records may have been changed: then nothing is to be made of them.
    """
    cure = _REBUILD if trusted else _ASK
    found = []
    for table in tables.PROJECTIONS:
        # What was moved away is no sum, and a price of 0 adds none.
        kept = "WHERE amount <> 0" if table is tables.tallies else ""
        made = f"SELECT * FROM ({_MADE[table.name].format(where='1 = 1')}) made {kept}"  # noqa: S608  no value of anybody is in it
        standing = f"SELECT {_columns(table)} FROM {table.name} {kept}"  # noqa: S608
        wrong = _more(connection, standing, made) + _more(connection, made, standing)
        if table is tables.tallies:  # and neither is one that is nothing, which is read as well
            wrong = wrong or len(list(no_text(connection, [table])))
        if wrong:
            found.append(f"{table.name}: {wrong} rows are not what the records make; {cure}")
    return found


def _more(connection: Connection, one: str, other: str) -> int:
    """How many rows one question answers and the other does not."""
    return int(connection.execute(text(f"SELECT count(*) FROM ({one} EXCEPT {other}) more")).scalar_one())  # noqa: S608


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _adding(table: Table, where: str) -> str:
    """Put what the records make into a projection, over what stands there."""
    key = [column.name for column in table.primary_key]
    rest = ", ".join(f"{one.name} = excluded.{one.name}" for one in table.columns if one.name not in key)
    made = _MADE[table.name].format(where=where)
    columns = _columns(table)
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM ({made}) made WHERE 1 = 1 "  # noqa: S608
        f"ON CONFLICT ({', '.join(key)}) DO {f'UPDATE SET {rest}' if rest else 'NOTHING'}"
    )


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in tables.PROMISE)


def _newest(table: str, alias: str) -> str:
    return f"{alias}.revision = (SELECT max(x.revision) FROM {table} x WHERE {_same('x', alias)})"  # noqa: S608


# Prices of a settlement only ever follow each other: the last one that was added stands.
_LAST_PRICE = f"(SELECT max(x.id) FROM penalty x WHERE {_same('x', 'p')})"  # noqa: S608  names of ours

# What each projection is made of, with its columns in order.
_MADE = {
    # The newest revision; it asks for a person where nobody can tell and nobody has said, and for a price where it is a breach without
    # one, or the price is of another revision. A price that was withdrawn is none.
    "verdict_now": f"""
        SELECT v.agreement_id, v.starts_at, v.ends_at, v.slo, v.site, v.tenant, v.id AS verdict_id,
            (SELECT min(x.id) FROM verdict x WHERE {_same("x", "v")}) AS first_id, v.verdict,
            CASE WHEN v.verdict = 'undetermined' AND NOT EXISTS
                (SELECT 1 FROM review r WHERE r.subject = 'verdict' AND r.subject_id = v.ref) THEN 1 ELSE 0 END AS to_review,
            CASE WHEN p.revision IS NULL OR s.state = 'withdrawn' THEN CASE WHEN v.verdict = 'breach' THEN 1 ELSE 0 END
                 WHEN p.revision <> v.revision THEN 1 ELSE 0 END AS to_assess
        FROM verdict v LEFT JOIN penalty p ON {_same("p", "v")} AND p.id = {_LAST_PRICE}
            LEFT JOIN settlement_state s ON s.settlement_id = p.settlement_id
                AND s.number = (SELECT max(x.number) FROM settlement_state x WHERE x.settlement_id = p.settlement_id)
        WHERE {{where}} AND {_newest("verdict", "v")}""",  # noqa: S608
    "wait_now": """
        SELECT w.subject, w.subject_id, w.tenant,
            (SELECT min(x.id) FROM wait x WHERE x.subject = w.subject AND x.subject_id = w.subject_id AND x.number > coalesce(
                (SELECT max(e.number) FROM wait e WHERE e.subject = w.subject AND e.subject_id = w.subject_id AND e.reason = ''), 0)
            ) AS began_id, w.reason, w.since_at, w.due_at
        FROM wait w
        WHERE {where} AND w.reason <> ''
            AND w.number = (SELECT max(x.number) FROM wait x WHERE x.subject = w.subject AND x.subject_id = w.subject_id)""",
    "settlement_now": f"""
        SELECT p.settlement_id, p.tenant, p.agreement_id, p.slo, p.site, p.starts_at, p.ends_at, p.id AS penalty_id, s.state, s.due_at,
            CASE WHEN EXISTS (SELECT 1 FROM settlement_state f WHERE f.settlement_id = p.settlement_id AND f.state = 'final' AND NOT EXISTS
                (SELECT 1 FROM credit_entry c WHERE c.settlement_id = f.settlement_id AND c.revision = f.revision))
                THEN 0 ELSE 1 END AS credited,
            CASE WHEN s.revision > 0 THEN 1 ELSE 0 END AS on_chain
        FROM penalty p JOIN settlement_state s ON s.settlement_id = p.settlement_id
        WHERE {{where}} AND p.id = {_LAST_PRICE}
            AND s.number = (SELECT max(number) FROM settlement_state WHERE settlement_id = p.settlement_id)""",  # noqa: S608
    "attempt_open": """
        SELECT a.id AS attempt_id FROM attempt a
        WHERE {where} AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r."transaction" = a."transaction")""",
    "tally": """
        SELECT 'settlements' AS what, '*' AS tenant, state AS part, count(*) AS amount FROM settlement_now GROUP BY state
        UNION ALL
        SELECT 'penalty_minor', '*', p.currency || '/' || p.exponent, sum(p.credit_minor)
            FROM penalty p JOIN settlement_now n ON n.penalty_id = p.id WHERE n.state <> 'withdrawn' GROUP BY p.currency, p.exponent
        UNION ALL
        SELECT 'credit_minor', tenant, currency || '/' || exponent, sum(delta_minor) FROM credit_entry
            GROUP BY tenant, currency, exponent""",
}


def _add(connection: Connection, what: str, tenant: str, part: str, amount: int) -> None:
    table = tables.tallies
    key = {"what": what, "tenant": tenant, "part": part}
    before = connection.execute(select(table.c.amount).filter_by(**key)).scalar() or 0
    if abs(before + amount) > MOST:
        raise InvariantBroken(f"tally {key}: {before} and {amount} are together beyond {MOST}; nothing was written")
    adding = inserting(connection, table).values(**key, amount=amount)
    connection.execute(adding.on_conflict_do_update(index_elements=list(key), set_={"amount": table.c.amount + amount}))


def _currency(row: Row) -> str:
    return f"{row['currency']}/{row['exponent']}"


def currency_of(part: str) -> tuple[str, int]:
    """Currency and exponent of a sum of money, by the part of its tally."""
    currency, _, exponent = part.partition("/")
    return currency, int(exponent)
