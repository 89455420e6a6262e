"""The records and the evidence in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.ports import (
    AgreementRecord,
    Attempt,
    Page,
    Receipt,
    SettlementRecord,
    StateChange,
    ToAssess,
    Totals,
)
from sankofa_observe.scope import Scope
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Document, canonical, digest
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import ARROWS, MOVING, SettlementState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.units import Money, Period

Item = TypeVar("Item")


@dataclass(kw_only=True)
class MemoryArchive:
    documents: dict[str, bytes] = field(default_factory=dict)

    def put(self, document: Document) -> str:
        name = digest(document)
        self.documents.setdefault(name, canonical(document))
        return name

    def get(self, digest: str) -> bytes | None:
        return self.documents.get(digest)


@dataclass(kw_only=True)
class MemoryLedger:
    """The records in lists, with the refusals of the real ledger; who wrote them it does not keep."""

    agreements: dict[tuple[str, int], AgreementRecord] = field(default_factory=dict)
    verdicts: list[VerdictRecord] = field(default_factory=list)
    records: dict[str, SettlementRecord] = field(default_factory=dict)
    attempts: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    grants: dict[str, ServiceCredit] = field(default_factory=dict)

    def read(self, scope: Scope) -> MemoryReads:
        return MemoryReads(ledger=self, scope=scope)

    def acting(self, actor: str) -> MemoryLedger:  # noqa: ARG002
        return self

    def add_agreement(
        self, *, agreement_id: str, version: int, tenant: str, terms_hash: str, document: str, at: int
    ) -> bool:
        del at
        key = (agreement_id, version)
        row = AgreementRecord(
            agreement_id=agreement_id, version=version, tenant=tenant, terms_hash=terms_hash, document=document
        )
        standing = self.agreements.setdefault(key, row)
        if (standing.terms_hash, standing.tenant) != (terms_hash, tenant):
            raise InvariantBroken(f"agreement {key}: other terms stand")
        return standing is row

    def versions(self, agreement_id: str) -> list[int]:
        return sorted(version for one, version in self.agreements if one == agreement_id)

    def was_judged(self, agreement_id: str) -> bool:
        return any(one.agreement_id == agreement_id for one in self.verdicts)

    def add_verdict(self, record: VerdictRecord) -> bool:
        for one in self.verdicts:
            if (*_promise(one), one.revision) == (*_promise(record), record.revision):
                if (one.slots_digest, one.verdict) != (record.slots_digest, record.verdict):
                    raise InvariantBroken(f"verdict {_promise(record)}: another one stands")
                return False
        self.verdicts.append(record)
        return True

    def newest(self) -> list[VerdictRecord]:
        """The newest verdict of each promise and period, in the order of time."""
        found: dict[tuple[object, ...], VerdictRecord] = {}
        for one in self.verdicts:
            if _promise(one) not in found or found[_promise(one)].revision < one.revision:
                found[_promise(one)] = one
        return sorted(found.values(), key=lambda one: (one.period.starts_at, self.verdicts.index(one)))

    def standing(self, agreement_id: str, period: Period) -> list[VerdictRecord]:
        return [one for one in self.newest() if (one.agreement_id, one.period) == (agreement_id, period)]

    def to_assess(self, agreement_id: str) -> list[ToAssess]:
        penalties = {_promise(one.penalty): one.penalty for one in self.records.values()}
        found = []
        for one in self.newest():
            penalty = penalties.get(_promise(one))
            asks = one.verdict is Verdict.BREACH if penalty is None else penalty.revision != one.revision
            if one.agreement_id == agreement_id and asks:
                found.append(ToAssess(record=one, penalty=penalty))
        return found

    def add_penalty(self, penalty: Penalty) -> bool:
        standing = self.records.get(penalty.settlement_id)
        if standing is None:
            first = StateChange(state=SettlementState.COMPUTED, at=penalty.assessed_at)
            self.records[penalty.settlement_id] = SettlementRecord(penalty=penalty, history=(first,))
            return True
        if standing.penalty.document_hash != penalty.document_hash:
            raise InvariantBroken(f"penalty {penalty.settlement_id}: another document stands")
        return False

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        record = self.records.get(settlement_id)
        if record and change.state in {one.state for one in record.history}:
            return False
        if record is None or (record.state, change.state) not in ARROWS:
            raise InvariantBroken(f"settlement {settlement_id}: cannot become {change.state}")
        self.records[settlement_id] = replace(record, history=(*record.history, change))
        return True

    def in_order(self) -> list[SettlementRecord]:
        """All settlements, by period and id."""
        return sorted(self.records.values(), key=lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id))

    def moving(self, *states: SettlementState) -> list[SettlementRecord]:
        return [one for one in self.in_order() if one.state in states and one.state in MOVING]

    def uncredited(self) -> list[SettlementRecord]:
        return [
            one
            for one in self.in_order()
            if one.state is SettlementState.FINAL and one.penalty.settlement_id not in self.grants
        ]

    def add_attempt(self, attempt: Attempt, at: int) -> bool:  # noqa: ARG002  the real ledger stores it
        standing = self.attempts.get((attempt.sender, attempt.nonce))
        if standing and standing.transaction != attempt.transaction:
            raise InvariantBroken(f"attempt {attempt.sender} nonce {attempt.nonce}: another transaction stands")
        self.attempts[attempt.sender, attempt.nonce] = attempt
        return standing is None

    def open_attempts(self) -> list[Attempt]:
        found = [one for one in self.attempts.values() if one.transaction not in self.receipts]
        return sorted(found, key=lambda one: (one.sender, one.nonce))

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool:  # noqa: ARG002
        standing = self.receipts.get(attempt.transaction)
        if standing and standing.succeeded != receipt.succeeded:
            raise InvariantBroken(f"receipt {attempt.transaction}: another fate stands")
        self.receipts.setdefault(attempt.transaction, receipt)
        return standing is None

    def add_credit(self, credit: ServiceCredit) -> bool:
        standing = self.grants.get(credit.settlement_id)
        if standing and (standing.amount, standing.tenant) != (credit.amount, credit.tenant):
            raise InvariantBroken(f"credit_entry {credit.settlement_id}: another amount stands")
        self.grants.setdefault(credit.settlement_id, credit)
        return standing is None

    def totals(self) -> Totals:
        penalties: Counter[tuple[str, int]] = Counter()
        for one in self.records.values():
            penalties[one.penalty.currency, one.penalty.exponent] += one.penalty.credit_minor
        granted: Counter[tuple[str, str, int]] = Counter()
        for grant in self.grants.values():
            granted[grant.tenant, grant.amount.currency, grant.amount.exponent] += grant.amount.amount_minor
        return Totals(
            settlements=Counter(one.state for one in self.records.values()), penalties=penalties, credits=granted
        )


def _promise(one: VerdictRecord | Penalty) -> tuple[object, ...]:
    return one.agreement_id, one.slo, one.site, one.period


@dataclass(frozen=True, kw_only=True)
class MemoryReads:
    """What a scope may see of a `MemoryLedger`."""

    ledger: MemoryLedger
    scope: Scope

    def agreements(self) -> list[AgreementRecord]:
        newest = {key: one for (key, _), one in sorted(self.ledger.agreements.items())}
        return [one for one in newest.values() if self.scope.sees(one.tenant)]

    def agreement(self, agreement_id: str) -> AgreementRecord | None:
        return next((one for one in self.agreements() if one.agreement_id == agreement_id), None)

    def verdicts(self, agreement_id: str, *, limit: int = 100, after: str | None = None) -> Page[VerdictRecord]:
        found = [one for one in self.ledger.verdicts if one.agreement_id == agreement_id]
        return self._page(found, lambda one: (one.period.starts_at, self.ledger.verdicts.index(one)), limit, after)

    def undetermined(self, *, limit: int = 100, after: str | None = None) -> Page[VerdictRecord]:
        found = [one for one in self.ledger.newest() if one.verdict is Verdict.UNDETERMINED]
        return self._page(found, lambda one: (one.period.starts_at, self.ledger.verdicts.index(one)), limit, after)

    def settlement(self, settlement_id: str) -> SettlementRecord | None:
        found = self.ledger.records.get(settlement_id)
        return found if found and self.scope.sees(found.penalty.tenant) else None

    def settlements(self, *, limit: int = 100, after: str | None = None) -> Page[SettlementRecord]:
        found = self.ledger.in_order()
        return self._page(found, lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id), limit, after)

    def credits(self, *, limit: int = 100, after: str | None = None) -> Page[ServiceCredit]:
        every = list(self.ledger.grants.values())
        return self._page(every, lambda one: (one.granted_at, every.index(one)), limit, after)

    def balance(self) -> list[Money]:
        sums: Counter[tuple[str, int]] = Counter()
        for grant in self.ledger.grants.values():
            if self.scope.sees(grant.tenant):
                sums[grant.amount.currency, grant.amount.exponent] += grant.amount.amount_minor
        return [
            Money(amount_minor=amount, currency=currency, exponent=exponent)
            for (currency, exponent), amount in sorted(sums.items())
        ]

    def _page(
        self, every: Iterable[Item], key: Callable[[Item], tuple[int, int | str]], limit: int, after: str | None
    ) -> Page[Item]:
        own = sorted((one for one in every if self.scope.sees(_tenant(one))), key=key)
        cursors = [".".join(map(str, key(one))) for one in own]
        if after is not None and not re.fullmatch(r"[0-9]{1,18}\.([0-9]{1,18}|0x[0-9a-f]{64})", after):
            raise InvalidInput(f"cursor {after!r}: expected the `next` of a page of this list, as it was answered")
        if limit < 1:
            raise InvalidInput(f"limit {limit}: expected 1 or more")
        first = cursors.index(after) + 1 if after in cursors else 0 if after is None else len(own)
        more = len(own) > first + limit
        return Page(items=tuple(own[first : first + limit]), next=cursors[first + limit - 1] if more else None)


def _tenant(one: object) -> str:
    if isinstance(one, SettlementRecord):
        return one.penalty.tenant
    assert isinstance(one, VerdictRecord | ServiceCredit)  # noqa: S101
    return one.tenant
