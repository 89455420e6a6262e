"""Rows of the ledger's tables, to and from the values of the core."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Table

from sankofa_observe.adapters.ledger import tables
from sankofa_observe.adapters.ledger.checksums import Row, place, unreadable, verify
from sankofa_observe.ports import (
    AgreementRecord,
    Attempt,
    AttemptKind,
    Outcome,
    Receipt,
    Review,
    SettlementRecord,
    StateChange,
    Transaction,
    Wait,
)
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord, ExclusionState, exclusion_of
from sankofa_observe.sla.incident import Incident, IncidentState
from sankofa_observe.sla.overlay import Overlay, overlay_of_plain, plain
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo import quorum
from sankofa_observe.slo.quorum import View
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, AttainmentRecord, Verdict
from sankofa_observe.units import Money, Period

VERDICT, TRANSACTION, EVIDENCE, PERSON, RETENTION = (
    "verdict",
    "transaction",
    "evidence",
    "person",
    "retention",
)  # as the subject of a review
_More = ParamSpec("_More")
_Value = TypeVar("_Value")
_Reader = Callable[Concatenate[Row, _More], _Value]


def _record(table: Table) -> Callable[[_Reader[_More, _Value]], _Reader[_More, _Value]]:
    """A record is read as it was written, or `Unreadable` names it."""

    def checking(read: _Reader[_More, _Value]) -> _Reader[_More, _Value]:
        @wraps(read)
        def checked(row: Row, /, *more: _More.args, **named: _More.kwargs) -> _Value:
            verify(table, row)
            try:
                return read(row, *more, **named)
            except (ValueError, TypeError, LookupError) as error:
                raise unreadable(place(table, row), error) from error

        return checked

    return checking


@_record(tables.agreements)
def agreement(row: Row) -> AgreementRecord:
    return AgreementRecord(**_same(row, "agreement_id", "version", "tenant", "terms_hash", "document"))


@_record(tables.agreement_ends)
def agreement_end(row: Row) -> tuple[str, int]:
    """Which agreement, and where it ends."""
    return row["agreement_id"], row["ends_at"]


def attainment_row(record: AttainmentRecord) -> dict[str, Any]:
    return {
        "tenant": EVERYBODY,
        "slo": record.slo,
        "site": record.site,
        "revision": record.revision,
        "days": json.dumps({str(day): digest for day, digest in sorted(record.days.items())}),
        "observers": _observers_text(record),
        "samples": record.samples,
        "drawn_at": record.drawn_at,
        **_period_row(record.period),
        **_counted_row(record),
    }


def _observers_text(record: AttainmentRecord) -> str | None:
    """Who was put to the vote and what each alone would have said; nothing where there is one observer."""
    if not record.quorum.names:
        return None
    views = [vars(view) for view in record.views]
    return json.dumps({**quorum.plain(record.quorum), "views": views}, sort_keys=True)


def _observers(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    said = json.loads(text)
    return {"quorum": quorum.quorum_of_plain(said), "views": tuple(View(**view) for view in said["views"])}


@_record(tables.attainments)
def attainment(row: Row) -> AttainmentRecord:
    return AttainmentRecord(
        period=_period(row),
        attainment=_attained(row),
        days={int(day): digest for day, digest in json.loads(row["days"]).items()},
        **_observers(row["observers"]),
        **_same(row, "slo", "site", "revision", "samples", "drawn_at", *_COUNTED),
    )


_VERDICT_COLUMNS = (
    "tenant", "agreement_id", "agreement_version", "slo", "site", "revision", "attainment_revision", "target_ppm", "cap_minor",
    "judged_at",
)  # fmt: skip


def verdict_row(record: VerdictRecord) -> dict[str, Any]:
    return {
        "ref": record.ref,
        "verdict": record.verdict.value,
        **{name: getattr(record, name) for name in _VERDICT_COLUMNS},
        "excluded": record.attainment.excluded,
        "overlay": _overlay_text(record.overlay),
        **_period_row(record.period),
        **_counted_row(record),
        **_money_row("at_stake_minor", record.at_stake),
    }


@_record(tables.verdicts)
def verdict(row: Row) -> VerdictRecord:
    return VerdictRecord(
        period=_period(row),
        verdict=Verdict(row["verdict"]),
        attainment=_attained(row, excluded=row["excluded"]),
        overlay=_overlay(row),
        at_stake=_money(row, "at_stake_minor"),
        **_same(row, *_VERDICT_COLUMNS, *_COUNTED),
    )


_COUNTED = ("slot_count", "slots_digest", "spec_digest")


def _counted_row(record: VerdictRecord | AttainmentRecord) -> dict[str, Any]:
    attained = record.attainment
    return {
        "good": attained.good,
        "bad": attained.bad,
        "unknown": attained.unknown,
        "bounded": int(attained.bounded),
        "slots": json.dumps(attained.slots, sort_keys=True),
        **{name: getattr(record, name) for name in _COUNTED},
    }


def _attained(row: Row, *, excluded: int = 0) -> Attainment:
    slots = {SlotState(state): count for state, count in json.loads(row["slots"]).items()}
    counts = _same(row, "good", "bad", "unknown")
    return Attainment(slots=slots, bounded=bool(row["bounded"]), excluded=excluded, **counts)


def _overlay_text(overlay: Overlay) -> str:
    return json.dumps(plain(overlay), sort_keys=True)


def _overlay(row: Row) -> Overlay:
    return overlay_of_plain(json.loads(row["overlay"]))


def exclusion_row(one: Exclusion, revision: int, state: ExclusionState, reason: str, from_at: int) -> dict[str, Any]:
    """What one act says of an exclusion; its document stands in the first row alone."""
    return {
        "exclusion_id": one.id,
        "revision": revision,
        "state": state.value,
        "reason": reason,
        "from_at": from_at,
        "starts_at": one.occurrences[0].starts_at,
        "ends_at": one.occurrences[-1].ends_at,
        **{name: getattr(one, name) for name in ("tenant", "plan", "agreement_id")},
    }


def exclusion(every: Sequence[Row]) -> ExclusionRecord:
    """An exclusion from its rows, oldest first."""
    acts = tuple(_act(row) for row in every)
    return ExclusionRecord(exclusion=_excluded(every[0]), acts=acts)


@_record(tables.exclusions)
def _excluded(row: Row) -> Exclusion:
    found = exclusion_of(row["document"])
    if found.id != row["exclusion_id"]:
        raise ValueError(f"its document is of exclusion {found.id}")
    return found


def exclusion_act(row: Row) -> Act:
    """One row of an exclusion, its document with it where it has one."""
    if row["document"]:
        _excluded(row)
    return _act(row)


@_record(tables.exclusions)
def _act(row: Row) -> Act:
    return Act(state=ExclusionState(row["state"]), at=row["written_at"], **_same(row, "actor", "reason", "from_at"))


def incident_row(one: Incident, revision: int) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("fingerprint", "begins", "started_at", "ended_at")}
    told |= {"state": one.state.value, "labels": dict(one.labels), "annotations": dict(one.annotations)}
    return {
        "incident_id": one.id,
        "revision": revision,
        "state": one.state.value,
        "site": one.labels.get("site", ""),
        "slo": one.labels.get("slo", ""),
        "document": json.dumps(told, sort_keys=True, ensure_ascii=False),
        **{name: getattr(one, name) for name in ("fingerprint", "alert", "started_at", "ended_at")},
    }


@_record(tables.incidents)
def incident(row: Row) -> Incident:
    """One revision; its columns are those of its document."""
    told = json.loads(row["document"])
    found = Incident(**{**told, "state": IncidentState(told["state"])})
    other = {name: value for name, value in incident_row(found, row["revision"]).items() if row[name] != value}
    if other:
        raise ValueError(f"its document says {other}")
    return found


def review_row(review: Review) -> dict[str, Any]:
    about = {"subject": VERDICT, "subject_id": review.verdict, "tenant": review.tenant}
    return {**about, "outcome": review.outcome.value, "reason": review.reason, "reference": review.reference}


@_record(tables.reviews)
def review(row: Row) -> Review:
    told = {"verdict": row["subject_id"], "at": row["written_at"], "outcome": Outcome(row["outcome"])}
    return Review(**told, **_same(row, "tenant", "reason", "reference", "actor"))


def wait(row: Row) -> Wait:
    return Wait(**_same(row, "subject", "subject_id", "tenant", "reason", "since_at", "due_at"))


_PENALTY_COLUMNS = (
    "settlement_id", "tenant", "agreement_id", "agreement_version", "agreement_key", "period_index", "slo_index", "slo", "site", "revision",
    "good", "valid", "credit_ppm", "credit_minor", "currency", "exponent", "evidence_root", "document_hash", "assessed_at",
)  # fmt: skip


def penalty_row(penalty: Penalty) -> dict[str, Any]:
    row = {name: getattr(penalty, name) for name in _PENALTY_COLUMNS}
    return {**row, **_period_row(penalty.period), "overlay": _overlay_text(penalty.overlay)}


def settlement(row: Row, history: list[StateChange]) -> SettlementRecord:
    return SettlementRecord(penalty=penalty(row), history=tuple(history))


@_record(tables.penalties)
def penalty(row: Row) -> Penalty:
    return Penalty(period=_period(row), overlay=_overlay(row), **_same(row, *_PENALTY_COLUMNS))


@_record(tables.state_changes)
def change(row: Row) -> StateChange:
    return StateChange(state=SettlementState(row["state"]), **_same(row, "at", "detail", "revision", "due_at"))


@_record(tables.attempts)
def attempt(row: Row) -> Attempt:
    return Attempt(
        kind=AttemptKind(row["kind"]),
        settlement_ids=tuple(json.loads(row["settlement_ids"])),
        **_same(row, "sender", "nonce", "transaction", "raw", "replacement"),
    )


FATE = ("succeeded", "block_number", "reason", "block_hash")


def transaction(row: Row, reviews: tuple[str, ...]) -> Transaction:
    """An attempt with its fate beside it, in columns `fate_…`."""
    own = {name: value for name, value in row.items() if not name.startswith(("fate_", "page_"))}
    fate = {name: row[f"fate_{name}"] for name in FATE}
    receipt = None if fate["succeeded"] is None else Receipt(**{**fate, "succeeded": bool(fate["succeeded"])})
    return Transaction(attempt=attempt(own), actor=row["actor"], at=row["written_at"], receipt=receipt, reviews=reviews)


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "kind": attempt.kind.value,
        "settlement_ids": json.dumps(attempt.settlement_ids),
        "sender": attempt.sender,
        "nonce": attempt.nonce,
        "transaction": attempt.transaction,
        "raw": attempt.raw,
        "replacement": attempt.replacement,
    }


_CREDIT_COLUMNS = (
    "settlement_id", "revision", "agreement_id", "slo", "site", "tenant", "cut_minor", "transaction", "block_number",
)  # fmt: skip


def credit_row(credit: ServiceCredit) -> dict[str, Any]:
    row = {name: getattr(credit, name) for name in _CREDIT_COLUMNS}
    return {**row, **_period_row(credit.period), **_money_row("delta_minor", credit.amount), "at": credit.granted_at}


@_record(tables.credit_entries)
def credit(row: Row) -> ServiceCredit:
    own = _same(row, *_CREDIT_COLUMNS)
    return ServiceCredit(amount=_money(row, "delta_minor"), period=_period(row), granted_at=row["at"], **own)


def _period(row: Row) -> Period:
    return Period(starts_at=row["starts_at"], ends_at=row["ends_at"])


def _period_row(period: Period) -> dict[str, Any]:
    return {"starts_at": period.starts_at, "ends_at": period.ends_at}


def _money(row: Row, name: str) -> Money:
    return Money(amount_minor=row[name], **_same(row, "currency", "exponent"))


def _money_row(name: str, money: Money) -> dict[str, Any]:
    return {name: money.amount_minor, "currency": money.currency, "exponent": money.exponent}


def _same(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
