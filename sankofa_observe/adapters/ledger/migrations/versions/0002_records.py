"""The records by tenant, revision and actor; what is read hot; and what the database itself refuses.

Records are never changed: triggers refuse UPDATE and DELETE. On PostgreSQL a transaction sees only the rows of the tenant that it
names, and none where it names nobody.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None
branch_labels = None
depends_on = None

RECORDS = (
    "agreement", "agreement_end", "attainment", "verdict", "penalty", "settlement_state", "attempt", "receipt", "credit_entry", "exclusion", "dispute", "incident",
    "review", "evidence_read", "wait",
)  # fmt: skip
# Every unique key of each record: `INSERT OR REPLACE` of SQLite takes a row away that stands under one, and fires no trigger of DELETE.
# A table without an `id` has no hidden rowid either (`sqlite_with_rowid`), which would be one more key.
UNIQUE = {
    "agreement": (("agreement_id", "version"),),
    "agreement_end": (("agreement_id", "ends_at"),),
    "attainment": (("id",), ("slo", "starts_at", "ends_at", "site", "revision")),
    "verdict": (("id",), ("ref",), ("agreement_id", "starts_at", "ends_at", "slo", "site", "revision")),
    "penalty": (
        ("id",),
        ("settlement_id", "revision", "adopted"),
        ("agreement_id", "starts_at", "ends_at", "slo", "site", "revision", "adopted"),
    ),
    "settlement_state": (("id",), ("settlement_id", "number")),
    "attempt": (("id",), ("transaction",), ("sender", "nonce", "replacement")),
    "receipt": (("transaction",),),
    "credit_entry": (("id",), ("settlement_id", "revision")),
    "exclusion": (("id",), ("exclusion_id", "revision")),
    "dispute": (("dispute_id", "revision"),),
    "incident": (("incident_id", "revision"),),
    "review": (("id",),),
    "evidence_read": (("document_hash", "day", "actor", "way", "reason"),),
    "wait": (("id",), ("subject", "subject_id", "number")),
}
IN_PAGES = ("verdict", "credit_entry", "exclusion", "wait")  # by the number of their rows, where all else is alike
OF_TENANTS = (
    "agreement", "agreement_end", "verdict", "penalty", "settlement_state", "credit_entry", "exclusion", "dispute", "incident", "review", "evidence_read",
    "wait", "verdict_now", "wait_now", "settlement_now", "tally", "idempotency_key", "delivery",
)  # fmt: skip
OF_THE_OPERATOR = ("attempt", "attempt_open", "receipt", "cursor", "lease", "job", "person")


def upgrade() -> None:
    _agreements()
    _verdicts()
    _settlements()
    _transactions()
    _read_on()
    _contested()
    _looked_after()
    _projections()
    _settled_now()
    _working()
    if op.get_bind().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()
        _number_as_committed()
        _show_each_its_own()


# ------------------------------------------------------------------------------------- columns that several tables have


def _serial() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    # -1 is what SQLite's triggers see of a number that is yet to be given: a row under it would stand in the way of all others.
    return sa.Column("id", number, sa.CheckConstraint("id > 0"), autoincrement=True, nullable=False)


def _whose() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(length=128), nullable=False)


def _by() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
    )


def _promise() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("agreement_id", sa.String(length=66), nullable=False),
        sa.Column("slo", sa.String(length=128), nullable=False),
        sa.Column("site", sa.String(length=128), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
    )


def _counted() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.BigInteger(), nullable=False),
        sa.Column("unknown", sa.BigInteger(), nullable=False),
        sa.Column("bounded", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.Column("slot_count", sa.Integer(), nullable=False),
        sa.Column("slots_digest", sa.String(length=66), nullable=False),
        sa.Column("spec_digest", sa.String(length=66), nullable=False),
    )


def _agreements() -> None:
    op.create_table(
        "agreement",
        sa.Column("agreement_id", sa.String(length=66), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _whose(),
        sa.Column("terms_hash", sa.String(length=66), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("agreement_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_index("agreement_of_tenant", "agreement", ["tenant", "agreement_id", "version"], unique=False)
    op.create_table(
        "agreement_end",
        sa.Column("agreement_id", sa.String(length=66), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        _whose(),
        *_by(),
        sa.PrimaryKeyConstraint("agreement_id", "ends_at"),
        sqlite_with_rowid=False,
    )


def _verdicts() -> None:
    op.create_table(
        "attainment",
        _serial(),
        _whose(),
        sa.Column("slo", sa.String(length=128), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_counted(),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("observers", sa.Text(), nullable=True),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slo", "starts_at", "ends_at", "site", "revision", name="attainment_revision"),
    )
    op.create_table(
        "verdict",
        _serial(),
        sa.Column("ref", sa.String(length=16), nullable=False),
        _whose(),
        *_promise(),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        *_counted(),
        sa.Column("attainment_revision", sa.Integer(), nullable=False),
        sa.Column("target_ppm", sa.Integer(), nullable=False),
        sa.Column("at_stake_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("cap_minor", sa.BigInteger(), nullable=False),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("overlay", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ref"),
        sa.UniqueConstraint("agreement_id", "starts_at", "ends_at", "slo", "site", "revision", name="verdict_revision"),
    )
    op.create_index("verdict_in_order", "verdict", ["agreement_id", "starts_at", "id"], unique=False)
    op.create_index("verdict_over_time", "verdict", ["starts_at", "id"], unique=False)
    op.create_index("verdict_of_tenant", "verdict", ["tenant", "starts_at", "id"], unique=False)
    op.create_index("verdict_of_attainment", "verdict", ["slo", "starts_at", "ends_at", "site"], unique=False)


def _settlements() -> None:
    op.create_table(
        "penalty",
        _serial(),
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        _whose(),
        *_promise(),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("agreement_key", sa.String(length=66), nullable=False),
        sa.Column("period_index", sa.BigInteger(), nullable=False),
        sa.Column("slo_index", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("adopted", sa.Integer(), nullable=False),
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.BigInteger(), nullable=False),
        sa.Column("credit_ppm", sa.Integer(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("evidence_root", sa.String(length=66), nullable=False),
        sa.Column("document_hash", sa.String(length=66), nullable=False),
        sa.Column("overlay", sa.Text(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "agreement_id", "starts_at", "ends_at", "slo", "site", "revision", "adopted", name="penalty_of_period"
        ),
        sa.UniqueConstraint("settlement_id", "revision", "adopted", name="penalty_revision"),
    )
    op.create_table(
        "settlement_state",
        _serial(),
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _whose(),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("settlement_id", "number", name="settlement_state_number"),
    )
    op.create_table(
        "credit_entry",
        _serial(),
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_promise(),
        _whose(),
        sa.Column("delta_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("cut_minor", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.String(length=66), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("settlement_id", "revision", name="credit_entry_once"),
    )
    op.create_index("credit_entry_of_tenant", "credit_entry", ["tenant", "id"], unique=False)


def _transactions() -> None:
    op.create_table(
        "attempt",
        _serial(),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("settlement_ids", sa.Text(), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("replacement", sa.Integer(), nullable=False),
        sa.Column("transaction", sa.String(length=66), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sender", "nonce", "replacement", name="attempt_of_nonce"),
        sa.UniqueConstraint("transaction"),
    )
    op.create_table(
        "receipt",
        sa.Column("transaction", sa.String(length=66), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.String(length=66), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_by(),
        sa.ForeignKeyConstraint(["transaction"], ["attempt.transaction"]),
        sa.PrimaryKeyConstraint("transaction"),
        sqlite_with_rowid=False,
    )


def _read_on() -> None:
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.String(length=66), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _contested() -> None:
    op.create_table(
        "exclusion",
        _serial(),
        sa.Column("exclusion_id", sa.String(length=66), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _whose(),
        sa.Column("plan", sa.String(length=16), nullable=False),
        sa.Column("agreement_id", sa.String(length=66), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("exclusion_id", "revision", name="exclusion_revision"),
    )
    op.create_index("exclusion_of_plan", "exclusion", ["plan"], unique=False)
    op.create_index("exclusion_over_time", "exclusion", ["starts_at", "id"], unique=False)
    op.create_index("exclusion_of_agreement", "exclusion", ["agreement_id", "starts_at", "id"], unique=False)
    op.create_index("exclusion_of_tenant", "exclusion", ["tenant", "starts_at", "id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("dispute_id", sa.String(length=66), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _whose(),
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_hash", sa.String(length=66), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("dispute_id", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_dispute_settlement_id"), "dispute", ["settlement_id"], unique=False)
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.String(length=66), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _whose(),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("alert", sa.String(length=128), nullable=False),
        sa.Column("site", sa.String(length=128), nullable=False),
        sa.Column("slo", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("incident_id", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_index("incident_at_site", "incident", ["site", "started_at"], unique=False)
    op.create_index("incident_over_time", "incident", ["started_at", "incident_id"], unique=False)
    op.create_index("incident_of_fingerprint", "incident", ["fingerprint", "started_at"], unique=False)


def _looked_after() -> None:
    op.create_table(
        "review",
        _serial(),
        _whose(),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("review_of_subject", "review", ["subject", "subject_id"], unique=False)
    op.create_table(
        "evidence_read",
        sa.Column("document_hash", sa.String(length=66), nullable=False),
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        _whose(),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("document_hash", "day", "actor", "way", "reason"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wait",
        _serial(),
        _whose(),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        *_by(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "subject_id", "number", name="wait_number"),
    )


def _projections() -> None:
    op.create_table(
        "verdict_now",
        *_promise(),
        _whose(),
        sa.Column("verdict_id", sa.BigInteger(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("to_review", sa.Integer(), nullable=False),
        sa.Column("to_assess", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "starts_at", "ends_at", "slo", "site"),
    )
    op.create_index(
        "verdict_to_assess",
        "verdict_now",
        ["agreement_id", "starts_at"],
        unique=False,
        sqlite_where=sa.text("to_assess = 1"),
        postgresql_where=sa.text("to_assess = 1"),
    )
    op.create_index(
        "verdict_to_review",
        "verdict_now",
        ["starts_at", "first_id"],
        unique=False,
        sqlite_where=sa.text("to_review = 1"),
        postgresql_where=sa.text("to_review = 1"),
    )
    op.create_table(
        "wait_now",
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        _whose(),
        sa.Column("began_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "subject_id"),
    )
    op.create_index("wait_oldest_first", "wait_now", ["since_at", "began_id"], unique=False)


def _settled_now() -> None:
    op.create_table(
        "settlement_now",
        sa.Column("settlement_id", sa.String(length=66), nullable=False),
        _whose(),
        *_promise(),
        sa.Column("penalty_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("credited", sa.Integer(), nullable=False),
        sa.Column("on_chain", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id"),
    )
    op.create_index(
        "settlement_on_chain",
        "settlement_now",
        ["settlement_id"],
        unique=False,
        sqlite_where=sa.text("on_chain = 1"),
        postgresql_where=sa.text("on_chain = 1"),
    )
    op.create_index(
        "settlement_due",
        "settlement_now",
        ["due_at", "settlement_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('reported', 'disputed')"),
        postgresql_where=sa.text("state IN ('reported', 'disputed')"),
    )
    op.create_index("settlement_of_state", "settlement_now", ["state", "starts_at", "settlement_id"], unique=False)
    op.create_index(
        "settlement_of_period", "settlement_now", ["agreement_id", "starts_at", "ends_at", "slo", "site"], unique=False
    )
    op.create_index("settlement_of_tenant", "settlement_now", ["tenant", "starts_at", "settlement_id"], unique=False)
    op.create_index("settlement_in_order", "settlement_now", ["starts_at", "settlement_id"], unique=False)
    op.create_index(
        "settlement_uncredited",
        "settlement_now",
        ["starts_at", "settlement_id"],
        unique=False,
        sqlite_where=sa.text("credited = 0"),
        postgresql_where=sa.text("credited = 0"),
    )
    op.create_table(
        "attempt_open",
        sa.Column("attempt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_table(
        "tally",
        sa.Column("what", sa.String(length=32), nullable=False),
        _whose(),
        sa.Column("part", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "tenant", "part"),
    )


def _working() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "key"),
    )
    op.create_index("job_due", "job", ["state", "due_at"], unique=False)
    op.create_table(
        "idempotency_key",
        _whose(),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_digest", sa.String(length=66), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("tenant", "key", name="idempotency_key_once"),
    )
    op.create_table(
        "delivery",
        _serial(),
        _whose(),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "person",
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject"),
    )


def _refuse_changes_on_sqlite() -> None:
    for table in RECORDS:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: a record is never changed; add another one'); END"
            )
        # What is not inserted changes nothing; an error here would be one of our own ON CONFLICT DO NOTHING as well.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN {' OR '.join(_stands(table, key) for key in UNIQUE[table])} BEGIN SELECT RAISE(IGNORE); END"
        )


def _stands(table: str, key: tuple[str, ...]) -> str:
    same = " AND ".join(f'"{name}" = NEW."{name}"' for name in key)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  names of ours


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION sankofa_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%: a record is never changed; add another one', TG_TABLE_NAME; END $$"
    )
    for table in RECORDS:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION sankofa_refuse()"
        )


def _number_as_committed() -> None:
    """A number is given before its row is committed: where pages go on by it, one writes at a time, or a reader passes a row that comes later.

    The trigger of a statement is first: the number of a row is taken after it. SQLite has one writer anyway.
    """
    op.execute(
        "CREATE FUNCTION sankofa_in_turn() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_advisory_xact_lock(5342); RETURN NULL; END $$"
    )
    for table in IN_PAGES:
        op.execute(
            f"CREATE TRIGGER {table}_in_turn BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION sankofa_in_turn()"
        )


def _show_each_its_own() -> None:
    asked = "current_setting('sankofa.tenant', true)"
    for table in (*OF_TENANTS, *OF_THE_OPERATOR):
        own = f" OR tenant = {asked}" if table in OF_TENANTS else ""
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")  # for the owner of the table as well
        op.execute(f"CREATE POLICY {table}_own ON {table} USING ({asked} = '*'{own})")
    # What was attained belongs to nobody; a tenant sees what a verdict of its own leans on.
    leaning = " AND ".join(f"v.{name} = attainment.{name}" for name in ("slo", "starts_at", "ends_at", "site"))
    op.execute("ALTER TABLE attainment ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE attainment FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY attainment_own ON attainment USING ({asked} = '*' OR EXISTS (SELECT 1 FROM verdict v WHERE {leaning}))"  # noqa: S608
    )
