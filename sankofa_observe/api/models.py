"""What the API answers: integers with their unit in the name, RFC 3339 times, no float anywhere.

Whoever reads a state must bear one that is not known yet: later releases add some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from sankofa_observe.ports import AgreementRecord, SettlementRecord
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.sla.settlement import SettlementState, agreement_key
from sankofa_observe.sla.stacking import Stacking
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.units import Money, rfc3339


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Page(_Answer):
    """`next_cursor` is the `cursor` of the next page, and null at the end."""

    next_cursor: str | None = None


# Numbers that every reader of JSON holds exactly; a larger sum is told as our failure, and never rounded.
MOST = 2**53 - 1
Amount = Annotated[int, Field(ge=-MOST, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class MoneyBody(_Answer):
    """`amount_minor` in units of 10 to the minus `exponent` of an ISO 4217 currency."""

    amount_minor: Amount
    currency: str
    exponent: int

    @classmethod
    def of(cls, money: Money) -> MoneyBody:
        return cls(amount_minor=money.amount_minor, currency=money.currency, exponent=money.exponent)


class CreditBody(_Answer):
    """What was granted for one promise in one period; a later `revision` says by how much a restatement changes it."""

    settlement_id: str
    revision: int
    agreement_id: str
    slo: str
    site: str
    period_start: Instant
    period_end: Instant
    amount: MoneyBody
    cut_minor: Count
    transaction: str
    block_number: Count
    granted_at: Instant

    @classmethod
    def of(cls, credit: ServiceCredit) -> CreditBody:
        return cls(
            settlement_id=credit.settlement_id,
            revision=credit.revision,
            agreement_id=credit.agreement_id,
            slo=credit.slo,
            site=credit.site,
            period_start=rfc3339(credit.period.starts_at),
            period_end=rfc3339(credit.period.ends_at),
            amount=MoneyBody.of(credit.amount),
            cut_minor=credit.cut_minor,
            transaction=credit.transaction,
            block_number=credit.block_number,
            granted_at=rfc3339(credit.granted_at),
        )


class Credits(_Page):
    items: list[CreditBody]


class Balance(_Answer):
    """Granted so far, one sum a currency; sums of different currencies never meet."""

    granted: list[MoneyBody]


class StateBody(_Answer):
    state: SettlementState
    at: Instant
    detail: str


class SettlementBody(_Answer):
    settlement_id: str
    agreement_id: str
    agreement_key: str  # with both indices, by what the contract knows it
    period_index: int
    slo_index: int
    slo: str
    site: str
    period_start: Instant
    period_end: Instant
    state: SettlementState
    history: list[StateBody]
    good: Count
    valid: Count
    credit_ppm: Ppm
    proposed: MoneyBody
    evidence_root: str
    document_hash: str

    @classmethod
    def of(cls, record: SettlementRecord) -> SettlementBody:
        penalty = record.penalty
        return cls(
            settlement_id=penalty.settlement_id,
            agreement_id=penalty.agreement_id,
            agreement_key=penalty.agreement_key,
            period_index=penalty.period_index,
            slo_index=penalty.slo_index,
            slo=penalty.slo,
            site=penalty.site,
            period_start=rfc3339(penalty.period.starts_at),
            period_end=rfc3339(penalty.period.ends_at),
            state=record.state,
            history=[StateBody(state=one.state, at=rfc3339(one.at), detail=one.detail) for one in record.history],
            good=penalty.good,
            valid=penalty.valid,
            credit_ppm=penalty.credit_ppm,
            proposed=MoneyBody(amount_minor=penalty.credit_minor, currency=penalty.currency, exponent=penalty.exponent),
            evidence_root=penalty.evidence_root,
            document_hash=penalty.document_hash,
        )


class Settlements(_Page):
    items: list[SettlementBody]


class VerdictBody(_Answer):
    slo: str
    site: str
    period_start: Instant
    period_end: Instant
    revision: int
    verdict: Verdict
    target_ppm: Ppm
    low_ppm: Ppm | None
    high_ppm: Ppm | None
    coverage_ppm: Ppm
    good: Count
    bad: Count
    unknown: Count
    excluded: Count
    slots: dict[str, Count]
    slots_digest: str
    judged_at: Instant

    @classmethod
    def of(cls, record: VerdictRecord) -> VerdictBody:
        attained = record.attainment
        return cls(
            slo=record.slo,
            site=record.site,
            period_start=rfc3339(record.period.starts_at),
            period_end=rfc3339(record.period.ends_at),
            revision=record.revision,
            verdict=record.verdict,
            target_ppm=record.target_ppm,
            low_ppm=attained.low_ppm,
            high_ppm=attained.high_ppm,
            coverage_ppm=attained.coverage_ppm,
            excluded=attained.excluded,
            good=attained.good,
            bad=attained.bad,
            unknown=attained.unknown,
            slots={state.value: count for state, count in attained.slots.items()},
            slots_digest=record.slots_digest,
            judged_at=rfc3339(record.judged_at),
        )


class Verdicts(_Page):
    items: list[VerdictBody]


class BandBody(_Answer):
    """Whoever attains less than `below_ppm` of a promise owes `credit_ppm` of the fee, or what a lower band says."""

    below_ppm: Ppm
    credit_ppm: Ppm


class PromiseBody(_Answer):
    slo: str
    site: str
    target_ppm: Ppm
    bands: list[BandBody]


class AgreementBody(_Answer):
    """One version of an agreement. Its whole terms, which `terms_hash` is of, are at `/v1/agreements/{id}/versions/{version}/terms`.

    The caps are of what a period, and a year of periods, comes to at most; `ends_at` says that a party has ended it on the contract.
    """

    agreement_id: str
    agreement_key: str  # by what the contract knows it
    name: str
    version: Count
    fee: MoneyBody
    cap_ppm: Ppm
    cap_year: MoneyBody | None
    minimum: MoneyBody | None
    stacking: Stacking
    starts_at: Instant
    ends_at: Instant | None
    dispute_window_seconds: Count
    dispute_window_blocks: Count
    ruling_seconds: Count
    notice_seconds: Count
    grace_seconds: Count
    terms_hash: str
    promises: list[PromiseBody]

    @classmethod
    def of(cls, record: AgreementRecord) -> AgreementBody:
        terms = json.loads(record.document)
        rules = terms.get("credits", {})

        def money(minor: str | None) -> MoneyBody | None:
            return (
                None
                if minor is None
                else MoneyBody(amount_minor=int(minor), currency=terms["currency"], exponent=terms["exponent"])
            )

        return cls(
            agreement_id=record.agreement_id,
            agreement_key=agreement_key(terms["provider"]["account"], record.agreement_id),
            name=terms["name"],
            version=record.version,
            fee=MoneyBody(amount_minor=int(terms["fee_minor"]), currency=terms["currency"], exponent=terms["exponent"]),
            cap_year=money(rules.get("cap_year_minor")),
            minimum=money(rules.get("minimum_minor")),
            stacking=rules.get("stacking", Stacking.SUM),
            starts_at=rfc3339(terms["starts_at"]),
            ends_at=None if record.ends_at is None else rfc3339(record.ends_at),
            terms_hash=record.terms_hash,
            promises=[_promise(one) for one in terms["promises"]],
            **{name: terms[name] for name in _AS_WRITTEN},
        )


_AS_WRITTEN = (
    "cap_ppm", "dispute_window_seconds", "dispute_window_blocks", "ruling_seconds", "notice_seconds", "grace_seconds",
)  # fmt: skip


def _promise(terms: Mapping[str, Any]) -> PromiseBody:
    return PromiseBody(
        slo=terms["slo"]["name"],
        site=terms["site"],
        target_ppm=terms["slo"]["target_ppm"],
        bands=[BandBody(below_ppm=below, credit_ppm=credit) for below, credit in terms["bands"]],
    )


class Agreements(_Answer):
    items: list[AgreementBody]


class Me(_Answer):
    tenant: str
    key_id: str


class Health(_Answer):
    status: str
