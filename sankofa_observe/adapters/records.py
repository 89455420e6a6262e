"""The tables of the ledger. Rows are only ever inserted; what changes over time is a row of its own.

Money and counts are BIGINT: exact to 9.2e18, on SQLite and PostgreSQL alike. The migrations under `migrations/` make these
tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"  # of the newest migration, which makes the tables below
metadata = MetaData()


def _serial() -> Column[int]:
    """A row number; SQLite only counts up by itself in an INTEGER."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


agreements = Table(
    "agreement",
    metadata,
    Column("agreement_id", String(66), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("terms_hash", String(66), nullable=False),
    Column("document", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
)

verdicts = Table(
    "verdict",
    metadata,
    _serial(),
    Column("agreement_id", String(66), nullable=False),
    Column("slo", String(128), nullable=False),
    Column("site", String(128), nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("good", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("slots", Text, nullable=False),  # JSON: state -> count
    Column("target_ppm", Integer, nullable=False),
    Column("spec_digest", String(66), nullable=False),
    Column("slots_digest", String(66), nullable=False),
    Column("slot_count", Integer, nullable=False),
    Column("judged_at", BigInteger, nullable=False),
    UniqueConstraint("agreement_id", "slo", "site", "starts_at", "ends_at", "revision"),
)

penalties = Table(
    "penalty",
    metadata,
    Column("settlement_id", String(66), primary_key=True),
    Column("agreement_id", String(66), nullable=False),
    Column("slo", String(128), nullable=False),
    Column("site", String(128), nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("good", BigInteger, nullable=False),
    Column("valid", BigInteger, nullable=False),
    Column("credit_ppm", Integer, nullable=False),
    Column("credit_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("evidence_root", String(66), nullable=False),
    Column("leaf_count", Integer, nullable=False),
    Column("document_hash", String(66), nullable=False),
    Column("assessed_at", BigInteger, nullable=False),
    UniqueConstraint("agreement_id", "slo", "site", "starts_at", "ends_at"),
)

state_changes = Table(
    "settlement_state",
    metadata,
    _serial(),
    Column("settlement_id", String(66), ForeignKey("penalty.settlement_id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("settlement_id", "state"),
)

attempts = Table(
    "attempt",
    metadata,
    _serial(),
    Column("kind", String(16), nullable=False),
    Column("settlement_ids", Text, nullable=False),  # JSON list
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("transaction", String(66), nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    UniqueConstraint("sender", "nonce"),
)

receipts = Table(
    "receipt",
    metadata,
    Column("transaction", String(66), ForeignKey("attempt.transaction"), primary_key=True),
    Column("succeeded", Integer, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
)

service_credits = Table(
    "service_credit",
    metadata,
    Column("settlement_id", String(66), ForeignKey("penalty.settlement_id"), primary_key=True),
    Column("agreement_id", String(66), nullable=False),
    Column("tenant", String(128), nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("cut_minor", BigInteger, nullable=False),
    Column("transaction", String(66), nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
)
