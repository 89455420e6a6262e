"""Rows of the ledger's tables, to and from the values of the core."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sankofa_observe.ports import AgreementRecord, Attempt, AttemptKind, SettlementRecord, StateChange
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.units import Money, Period

Row = Mapping[Any, Any]


def agreement(row: Row) -> AgreementRecord:
    return AgreementRecord(**_same(row, "agreement_id", "version", "tenant", "terms_hash", "document"))


def verdict_row(record: VerdictRecord) -> dict[str, Any]:
    return {
        "tenant": record.tenant,
        "agreement_id": record.agreement_id,
        "slo": record.slo,
        "site": record.site,
        "starts_at": record.period.starts_at,
        "ends_at": record.period.ends_at,
        "revision": record.revision,
        "verdict": record.verdict.value,
        "good": record.attainment.good,
        "bad": record.attainment.bad,
        "unknown": record.attainment.unknown,
        "slots": json.dumps(record.attainment.slots, sort_keys=True),
        "target_ppm": record.target_ppm,
        "spec_digest": record.spec_digest,
        "slots_digest": record.slots_digest,
        "slot_count": record.slot_count,
        "judged_at": record.judged_at,
    }


def verdict(row: Row) -> VerdictRecord:
    slots = {SlotState(state): count for state, count in json.loads(row["slots"]).items()}
    return VerdictRecord(
        period=_period(row),
        verdict=Verdict(row["verdict"]),
        attainment=Attainment(good=row["good"], bad=row["bad"], unknown=row["unknown"], slots=slots),
        **_same(row, "tenant", "agreement_id", "slo", "site", "revision", "target_ppm"),
        **_same(row, "spec_digest", "slots_digest", "slot_count", "judged_at"),
    )


_PENALTY_COLUMNS = (
    "settlement_id", "tenant", "agreement_id", "slo", "site", "revision", "good", "valid", "credit_ppm", "credit_minor", "currency",
    "exponent", "evidence_root", "leaf_count", "document_hash", "assessed_at",
)  # fmt: skip


def penalty_row(penalty: Penalty) -> dict[str, Any]:
    row = {name: getattr(penalty, name) for name in _PENALTY_COLUMNS}
    return {**row, "starts_at": penalty.period.starts_at, "ends_at": penalty.period.ends_at}


def settlement(row: Row, history: list[StateChange]) -> SettlementRecord:
    return SettlementRecord(penalty=penalty(row), history=tuple(history))


def penalty(row: Row) -> Penalty:
    return Penalty(period=_period(row), **_same(row, *_PENALTY_COLUMNS))


def change(row: Row) -> StateChange:
    return StateChange(state=SettlementState(row["state"]), at=row["at"], detail=row["detail"])


def attempt(row: Row) -> Attempt:
    return Attempt(
        kind=AttemptKind(row["kind"]),
        settlement_ids=tuple(json.loads(row["settlement_ids"])),
        **_same(row, "sender", "nonce", "transaction", "raw"),
    )


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "kind": attempt.kind.value,
        "settlement_ids": json.dumps(attempt.settlement_ids),
        "sender": attempt.sender,
        "nonce": attempt.nonce,
        "transaction": attempt.transaction,
        "raw": attempt.raw,
    }


_CREDIT_COLUMNS = ("settlement_id", "agreement_id", "tenant", "cut_minor", "transaction", "block_number")


def credit_row(credit: ServiceCredit) -> dict[str, Any]:
    """What was accrued, as the first entry of its settlement."""
    row = {name: getattr(credit, name) for name in _CREDIT_COLUMNS}
    amount = credit.amount
    money = {"delta_minor": amount.amount_minor, "currency": amount.currency, "exponent": amount.exponent}
    return {**row, **money, "kind": "accrued", "number": 1, "at": credit.granted_at}


def credit(row: Row) -> ServiceCredit:
    amount = Money(amount_minor=row["delta_minor"], **_same(row, "currency", "exponent"))
    return ServiceCredit(amount=amount, granted_at=row["at"], **_same(row, *_CREDIT_COLUMNS))


def _period(row: Row) -> Period:
    return Period(starts_at=row["starts_at"], ends_at=row["ends_at"])


def _same(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
