"""The tables of the ledger: records, which are only ever inserted, and beside them what is kept up to date.

Every record says whose it is (`tenant`), who wrote it (`actor`: a stage, a key or a person) and when. Money and counts are BIGINT:
exact to 9.2e18, on SQLite and PostgreSQL alike. The migrations under `migrations/` make these tables; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sankofa_observe.adapters.ledger.checksums import checksum_column

REVISIONS = ("0002",)  # of the migrations, oldest first
REVISION = REVISIONS[-1]  # of the tables below
metadata = MetaData()


def _serial() -> Column[int]:
    """A row number; SQLite only counts up by itself in an INTEGER."""
    number = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", number, CheckConstraint("id > 0"), primary_key=True, autoincrement=True)


def _whose() -> Column[str]:
    return Column("tenant", String(128), nullable=False)


def _by() -> tuple[Column[Any], ...]:
    """Who wrote a record, and when; and a sum over all of it."""
    return (
        Column("actor", String(200), nullable=False),
        Column("written_at", BigInteger, nullable=False),
        checksum_column(),
    )


def _promise() -> tuple[Column[Any], ...]:
    """Which promise, and which period of it."""
    return (
        Column("agreement_id", String(66), nullable=False),
        Column("slo", String(128), nullable=False),
        Column("site", String(128), nullable=False),
        Column("starts_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
    )


# Columns that name a promise and a period of it, in the order in which they are asked for.
PROMISE = ("agreement_id", "starts_at", "ends_at", "slo", "site")


def _money(name: str) -> tuple[Column[Any], ...]:
    return (
        Column(name, BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("exponent", Integer, nullable=False),
    )


def _counted() -> tuple[Column[Any], ...]:
    """What was counted in a period, and by which rules."""
    return (
        Column("good", BigInteger, nullable=False),
        Column("bad", BigInteger, nullable=False),
        Column("unknown", BigInteger, nullable=False),
        Column("bounded", Integer, nullable=False),  # 0: nothing says how many events were missed
        Column("slots", Text, nullable=False),  # JSON: state -> count
        Column("slot_count", Integer, nullable=False),
        Column("slots_digest", String(66), nullable=False),
        Column("spec_digest", String(66), nullable=False),
    )


# -------------------------------------------------------------------------------------------------------------- records

agreements = Table(
    "agreement",
    metadata,
    Column("agreement_id", String(66), primary_key=True),
    Column("version", Integer, primary_key=True),
    _whose(),
    Column("terms_hash", String(66), nullable=False),
    Column("document", Text, nullable=False),
    *_by(),
    Index("agreement_of_tenant", "tenant", "agreement_id", "version"),
    sqlite_with_rowid=False,
)

agreement_ends = Table(
    "agreement_end",
    metadata,
    Column("agreement_id", String(66), primary_key=True),
    Column("ends_at", BigInteger, primary_key=True),  # where its last period ends; each later record is an earlier end
    _whose(),
    *_by(),
    sqlite_with_rowid=False,
)

attainments = Table(
    "attainment",
    metadata,
    _serial(),
    _whose(),  # of everybody whose agreement leans on it
    Column("slo", String(128), nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("site", String(128), nullable=False),
    Column("revision", Integer, nullable=False),
    *_counted(),
    Column("samples", BigInteger, nullable=False),  # raw, that its slots were counted from
    Column("days", Text, nullable=False),  # JSON: UTC day -> digest of its slots
    Column("observers", Text, nullable=True),  # JSON: of several, who they are and what each alone would have said
    Column("drawn_at", BigInteger, nullable=False),
    *_by(),
    UniqueConstraint("slo", "starts_at", "ends_at", "site", "revision", name="attainment_revision"),
)

verdicts = Table(
    "verdict",
    metadata,
    _serial(),
    Column("ref", String(16), nullable=False, unique=True),  # by which people name it
    _whose(),
    *_promise(),
    Column("revision", Integer, nullable=False),
    Column("verdict", String(16), nullable=False),
    *_counted(),
    Column("attainment_revision", Integer, nullable=False),  # that it was judged from
    Column("target_ppm", Integer, nullable=False),
    *_money("at_stake_minor"),
    Column("cap_minor", BigInteger, nullable=False),
    Column("agreement_version", Integer, nullable=False),  # by whose terms it was judged
    Column(
        "excluded", Integer, nullable=False
    ),  # slots that exclusions took, or that were before its site was deployed
    Column("overlay", Text, nullable=False),  # JSON: which exclusions lay over it
    Column("judged_at", BigInteger, nullable=False),
    *_by(),
    UniqueConstraint(*PROMISE, "revision", name="verdict_revision"),
    Index("verdict_in_order", "agreement_id", "starts_at", "id"),
    Index("verdict_over_time", "starts_at", "id"),
    Index("verdict_of_tenant", "tenant", "starts_at", "id"),
    Index("verdict_of_attainment", "slo", "starts_at", "ends_at", "site"),
)

penalties = Table(
    "penalty",
    metadata,
    _serial(),
    Column("settlement_id", String(66), nullable=False),
    _whose(),
    *_promise(),
    Column("agreement_version", Integer, nullable=False),  # by whose terms it was priced
    Column("agreement_key", String(66), nullable=False),  # its row on chain, with both indices
    Column("period_index", BigInteger, nullable=False),
    Column("slo_index", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("adopted", Integer, nullable=False),  # 0 as priced here; 1, 2, … taken over from the chain in its place
    Column("good", BigInteger, nullable=False),
    Column("valid", BigInteger, nullable=False),
    Column("credit_ppm", Integer, nullable=False),
    *_money("credit_minor"),
    Column("evidence_root", String(66), nullable=False),
    Column("document_hash", String(66), nullable=False),
    Column("overlay", Text, nullable=False),  # JSON: which exclusions lay over it
    Column("assessed_at", BigInteger, nullable=False),
    *_by(),
    UniqueConstraint("settlement_id", "revision", "adopted", name="penalty_revision"),
    UniqueConstraint(*PROMISE, "revision", "adopted", name="penalty_of_period"),
)

state_changes = Table(
    "settlement_state",
    metadata,
    _serial(),
    Column("settlement_id", String(66), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … of its settlement: two writers cannot both add the next
    _whose(),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),  # of the word on chain that it tells of; 0 while there is none
    Column("due_at", BigInteger),  # when time alone moves it on, by the contract's clock
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    *_by(),
    UniqueConstraint("settlement_id", "number", name="settlement_state_number"),
)

attempts = Table(
    "attempt",
    metadata,
    _serial(),
    Column("kind", String(16), nullable=False),
    Column("settlement_ids", Text, nullable=False),  # JSON list
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("replacement", Integer, nullable=False),  # 0, and 1, 2, … for those signed in its place under one nonce
    Column("transaction", String(66), nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    *_by(),
    UniqueConstraint("sender", "nonce", "replacement", name="attempt_of_nonce"),
)

receipts = Table(
    "receipt",
    metadata,
    Column("transaction", String(66), ForeignKey("attempt.transaction"), primary_key=True),
    Column("succeeded", Integer, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", String(66), nullable=False),
    Column("reason", Text, nullable=False),
    *_by(),
    sqlite_with_rowid=False,
)

credit_entries = Table(
    "credit_entry",
    metadata,
    _serial(),
    Column("settlement_id", String(66), nullable=False),
    Column(
        "revision", Integer, nullable=False
    ),  # of the word on chain by which it is owed: a restatement adjusts what stood before
    *_promise(),
    _whose(),
    *_money("delta_minor"),
    Column("cut_minor", BigInteger, nullable=False),  # what the cap of the period took off
    Column("transaction", String(66), nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    *_by(),
    UniqueConstraint("settlement_id", "revision", name="credit_entry_once"),
    Index("credit_entry_of_tenant", "tenant", "id"),
)

exclusions = Table(
    "exclusion",
    metadata,
    _serial(),
    Column("exclusion_id", String(66), nullable=False),
    Column("revision", Integer, nullable=False),  # 1 proposes it, each later one is what a person did about it
    _whose(),
    Column("plan", String(16), nullable=False),  # what was proposed in one act
    Column("agreement_id", String(66), nullable=False),
    Column("starts_at", BigInteger, nullable=False),  # of its first occurrence
    Column("ends_at", BigInteger, nullable=False),  # of its last one
    Column("document", Text, nullable=False),  # canonical JSON, of the first revision
    Column("state", String(16), nullable=False),  # proposed, approved, withdrawn
    Column("reason", Text, nullable=False),
    Column("from_at", BigInteger, nullable=False),  # of a withdrawal: what begins before stays
    *_by(),
    UniqueConstraint("exclusion_id", "revision", name="exclusion_revision"),
    Index("exclusion_of_plan", "plan"),
    Index("exclusion_over_time", "starts_at", "id"),
    Index("exclusion_of_agreement", "agreement_id", "starts_at", "id"),
    Index("exclusion_of_tenant", "tenant", "starts_at", "id"),
)

disputes = Table(
    "dispute",
    metadata,
    Column("dispute_id", String(66), primary_key=True),
    Column("revision", Integer, primary_key=True),
    _whose(),
    Column("settlement_id", String(66), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("document_hash", String(66), nullable=False),
    *_by(),
    sqlite_with_rowid=False,
)

incidents = Table(
    "incident",
    metadata,
    Column("incident_id", String(66), primary_key=True),
    Column("revision", Integer, primary_key=True),
    _whose(),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # firing, resolved, replaced
    Column("alert", String(128), nullable=False),
    Column("site", String(128), nullable=False),
    Column("slo", String(128), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("document", Text, nullable=False),  # canonical JSON: what was told, with every label and annotation
    *_by(),
    Index("incident_at_site", "site", "started_at"),
    Index("incident_over_time", "started_at", "incident_id"),
    Index("incident_of_fingerprint", "fingerprint", "started_at"),
    sqlite_with_rowid=False,
)

reviews = Table(
    "review",
    metadata,
    _serial(),
    _whose(),
    Column("subject", String(16), nullable=False),  # verdict, settlement, credit
    Column("subject_id", String(128), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),  # of what was done elsewhere: a credit note, a ticket
    *_by(),
    Index("review_of_subject", "subject", "subject_id"),
)

evidence_reads = Table(
    "evidence_read",
    metadata,
    Column("document_hash", String(66), nullable=False),
    Column("settlement_id", String(66), nullable=False),
    _whose(),
    Column("way", String(16), nullable=False),  # over which it was handed out: api, cli
    Column("reason", String(300), nullable=False),
    Column("day", Integer, nullable=False),  # UTC, since 1970: what is read again on the same day is one record
    *_by(),
    PrimaryKeyConstraint("document_hash", "day", "actor", "way", "reason"),
    sqlite_with_rowid=False,
)

waits = Table(
    "wait",
    metadata,
    _serial(),
    _whose(),
    Column("subject", String(16), nullable=False),
    Column("subject_id", String(128), nullable=False),
    Column("number", Integer, nullable=False),  # of its subject: a new reason is a new row, an empty one ends the wait
    Column("reason", Text, nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # after which somebody is told
    *_by(),
    UniqueConstraint("subject", "subject_id", "number", name="wait_number"),
)

# ---------------------------------------------------------------------- projections: made of records, and made anew from them

verdicts_now = Table(
    "verdict_now",
    metadata,
    *(Column(name, String(128) if name in {"slo", "site"} else String(66) if name == "agreement_id" else BigInteger, primary_key=True) for name in PROMISE),
    _whose(),
    Column("verdict_id", BigInteger, nullable=False),
    Column("first_id", BigInteger, nullable=False),  # of the first verdict of the same: it stays as revisions come
    Column("verdict", String(16), nullable=False),
    Column("to_review", Integer, nullable=False),  # 1: undetermined, and nobody has looked at it
    Column("to_assess", Integer, nullable=False),  # 1: a breach without a price, or one whose price is of another revision
    Index("verdict_to_assess", "agreement_id", "starts_at", sqlite_where=text("to_assess = 1"), postgresql_where=text("to_assess = 1")),
    Index("verdict_to_review", "starts_at", "first_id", sqlite_where=text("to_review = 1"), postgresql_where=text("to_review = 1")),
)  # fmt: skip

waits_now = Table(
    "wait_now",
    metadata,
    Column("subject", String(16), primary_key=True),
    Column("subject_id", String(128), primary_key=True),
    _whose(),
    Column("began_id", BigInteger, nullable=False),  # of the first row of this wait: it stays as reasons come
    Column("reason", Text, nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Index("wait_oldest_first", "since_at", "began_id"),
)

ON_CHAIN = "state IN ('reported', 'disputed')"  # and not at an end
SEEN = "on_chain = 1"
UNCREDITED = "credited = 0"
settlements_now = Table(
    "settlement_now",
    metadata,
    Column("settlement_id", String(66), primary_key=True),
    _whose(),
    *_promise(),
    Column("penalty_id", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", BigInteger),  # as its last move says
    Column("credited", Integer, nullable=False),  # 0: it was final by a revision of which nothing is granted yet
    Column("on_chain", Integer, nullable=False),  # 1: the chain holds it, as was last seen
    Index("settlement_on_chain", "settlement_id", sqlite_where=text(SEEN), postgresql_where=text(SEEN)),
    Index("settlement_due", "due_at", "settlement_id", sqlite_where=text(ON_CHAIN), postgresql_where=text(ON_CHAIN)),
    Index("settlement_of_tenant", "tenant", "starts_at", "settlement_id"),
    Index("settlement_in_order", "starts_at", "settlement_id"),
    Index("settlement_of_period", *PROMISE),
    Index("settlement_of_state", "state", "starts_at", "settlement_id"),
    Index(
        "settlement_uncredited", "starts_at", "settlement_id", sqlite_where=text(UNCREDITED), postgresql_where=text(UNCREDITED),
    ),
)  # fmt: skip

attempts_open = Table(
    "attempt_open",
    metadata,
    Column("attempt_id", BigInteger, primary_key=True, autoincrement=False),  # of one whose fate is not recorded
)

tallies = Table(
    "tally",
    metadata,
    Column("what", String(32), primary_key=True),  # settlements, penalty_minor, credit_minor
    Column("tenant", String(128), primary_key=True),
    Column("part", String(32), primary_key=True),  # a state, or currency and exponent
    Column("amount", BigInteger, nullable=False),
)

# ------------------------------------------------------------------------------ changed in place, because they are no records

leases = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

cursors = Table(
    "cursor",
    metadata,
    Column("name", String(128), primary_key=True),  # of what is read on: a contract's log
    Column("block_number", BigInteger, nullable=False),  # the newest block that was read
    Column("block_hash", String(66), nullable=False),  # by which a chain that was rewritten is noticed
)

jobs = Table(
    "job",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index("job_due", "state", "due_at"),
)

idempotency_keys = Table(
    "idempotency_key",
    metadata,
    _whose(),
    Column("key", String(200), nullable=False),
    Column("request_digest", String(66), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    UniqueConstraint("tenant", "key", name="idempotency_key_once"),
)

deliveries = Table(
    "delivery",
    metadata,
    _serial(),
    _whose(),
    Column("event", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("problem", Text, nullable=False),
    Index("delivery_due", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),
)

persons = Table(
    "person",
    metadata,
    Column("subject", String(32), primary_key=True),  # as `actor` names them; it says nothing
    Column("kind", String(16), nullable=False),  # person, key
    Column("name", Text, nullable=False),  # empty once it was erased, like the mail
    Column("mail", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
)  # the only place for names, mail and labels of keys

RECORDS = (
    agreements, agreement_ends, attainments, verdicts, penalties, state_changes, attempts, receipts, credit_entries, exclusions, disputes, incidents, reviews, evidence_reads, waits,
)  # fmt: skip
PROJECTIONS = (verdicts_now, waits_now, settlements_now, attempts_open, tallies)  # as they are made of each other
