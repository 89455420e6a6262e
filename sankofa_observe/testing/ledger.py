"""The records and the evidence in memory."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable, WrongCursor
from sankofa_observe.ports import (
    AgreementRecord,
    Attempt,
    JudgedFrom,
    Lease,
    Page,
    Receipt,
    Review,
    SettlementRecord,
    StateChange,
    ToAssess,
    Totals,
    Transaction,
    Undetermined,
    Wait,
    Waiting,
)
from sankofa_observe.scope import Scope
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Evidence, document_hash, parse, written
from sankofa_observe.sla.exclusion import ExclusionRecord
from sankofa_observe.sla.incident import IncidentRecord
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.revision import revisions
from sankofa_observe.sla.settlement import ARROWS, PRICEABLE, UNSENT, SettlementState
from sankofa_observe.slo.verdict import AttainmentRecord, Verdict
from sankofa_observe.testing.audited import MemoryAudited
from sankofa_observe.testing.exclusions import MemoryExclusions
from sankofa_observe.testing.incidents import MemoryIncidents
from sankofa_observe.testing.retained import MemoryRetained
from sankofa_observe.units import Money, Period

Item = TypeVar("Item")


@dataclass(kw_only=True)
class MemoryArchive:
    documents: dict[str, bytes] = field(default_factory=dict)

    def put(self, document: Evidence) -> str:
        name = document_hash(document.identity)
        if not self._whole(name):
            self.documents[name] = written(document)
        return name

    def get(self, digest: str) -> bytes | None:
        raw = self.documents.get(digest)
        if raw is not None and not self._whole(digest):
            raise InvariantBroken(
                f"evidence {digest} is damaged; write it anew: sankofa-observe evidence rebuild --all"
            )
        return raw

    def remove(self, digest: str) -> bool:
        return self.documents.pop(digest, None) is not None

    def exposed(self, digest: str) -> str:  # noqa: ARG002  memory is nobody else's
        return ""

    def _whole(self, name: str) -> bool:
        try:
            return name in self.documents and document_hash(parse(self.documents[name]).identity) == name
        except InvalidInput:
            return False


@dataclass(kw_only=True)
class MemoryLedger(MemoryExclusions, MemoryIncidents, MemoryAudited, MemoryRetained):
    """The records in lists, with the refusals of the real ledger; who wrote them it does not keep."""

    agreements: dict[tuple[str, int], AgreementRecord] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    attempts: dict[tuple[str, int, int], Attempt] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    cursors: dict[str, tuple[int, str]] = field(default_factory=dict)
    attained: dict[tuple[str, str, Period], list[AttainmentRecord]] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    begun: dict[tuple[str, str], int] = field(default_factory=dict)  # when each began, of all that ever did
    dismissed: list[tuple[str, str]] = field(default_factory=list)  # what a person ended, and why

    def read(self, scope: Scope) -> MemoryReads:
        return MemoryReads(ledger=self, scope=scope)

    def acting(self, actor: str) -> MemoryLedger:  # noqa: ARG002
        return self

    def fenced(self, lease: Lease) -> MemoryLedger:  # noqa: ARG002  it has one writer
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

    def end_agreement(self, *, agreement_id: str, tenant: str, ends_at: int, at: int) -> bool:
        del tenant, at
        if self.ended.get(agreement_id) == ends_at:
            return False
        self.ended[agreement_id] = min(ends_at, self.ended.get(agreement_id, ends_at))
        return True

    def ends(self) -> dict[str, int]:
        return dict(self.ended)

    def versions(self, agreement_id: str) -> list[int]:
        return sorted(version for one, version in self.agreements if one == agreement_id)

    def newest_judged(self, agreement_id: str, *, before_at: int | None = None) -> VerdictRecord | None:
        own = [
            one
            for one in reversed(self.verdicts)
            if one.agreement_id == agreement_id and (before_at is None or one.period.starts_at < before_at)
        ]
        return max(own, key=lambda one: one.period.starts_at, default=None)

    def judged_to(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self.verdicts:
            if any(one.agreement_id == agreement_id for agreement_id, _ in self.agreements):
                found[one.agreement_id] = max(found.get(one.agreement_id, 0), one.period.starts_at)
        return found

    def add_attainments(self, records: Sequence[AttainmentRecord]) -> None:
        attained = {key: list(known) for key, known in self.attained.items()}
        for record in records:
            known = attained.setdefault((record.slo, record.site, record.period), [])
            same = [one for one in known if one.revision == record.revision]
            if any(replace(one, drawn_at=0) != replace(record, drawn_at=0) for one in same):
                raise Unavailable(
                    f"attainment of {record.slo} at {record.site}: drawn by another process at the same time"
                )
            if not same:
                known.append(record)
        self.attained = attained

    def attainments(self, slo: str, period: Period) -> list[AttainmentRecord]:
        every = [one for known in self.attained.values() for one in known if (one.slo, one.period) == (slo, period)]
        newest = {(one.site, one.quorum): one for one in sorted(every, key=lambda one: one.revision)}
        return sorted(newest.values(), key=lambda one: one.site)

    def add_verdict(self, record: VerdictRecord) -> bool:
        for one in self.verdicts:
            if one.ref == record.ref:
                if replace(one, judged_at=0) != replace(record, judged_at=0):
                    raise InvariantBroken(f"verdict {_promise(record)}: another one stands")
                return False
        self.verdicts.append(record)
        return True

    def to_review(self) -> list[VerdictRecord]:
        """The newest verdicts that are undetermined, and that nobody has reviewed."""
        reviewed = {one.verdict for one in self.reviews}
        return [one for one in self.newest() if one.verdict is Verdict.UNDETERMINED and one.ref not in reviewed]

    def add_review(self, review: Review) -> None:
        if review.verdict not in {one.ref for one in self.to_review()}:
            raise InvalidInput(f"verdict {review.verdict} is not undetermined, was revised or reviewed")
        self.reviews.append(review)

    def undetermined(self) -> list[Undetermined]:
        by_slo: dict[str, list[VerdictRecord]] = defaultdict(list)
        for one in self.to_review():
            by_slo[one.slo].append(one)
        return [
            Undetermined(
                slo=slo,
                verdicts=len(found),
                oldest_ends_at=min(one.period.ends_at for one in found),
            )
            for slo, found in sorted(by_slo.items())
        ]

    def at_stake(self) -> list[Money]:
        by_period: dict[tuple[str, Period], list[VerdictRecord]] = defaultdict(list)
        for one in self.to_review():
            by_period[one.agreement_id, one.period].append(one)
        found = []
        for (agreement_id, period), records in by_period.items():
            penalties = [one.penalty for one in self.records.values() if one.state is not SettlementState.WITHDRAWN]
            owed = sum(
                one.credit_minor for one in penalties if (one.agreement_id, one.period) == (agreement_id, period)
            )
            most = min(sum(one.at_stake.amount_minor for one in records), max(records[0].cap_minor - owed, 0))
            found.append(replace(records[0].at_stake, amount_minor=most))
        return _sums(found)

    def begin_wait(self, wait: Wait) -> bool:
        standing = self.open_waits.get((wait.subject, wait.subject_id))
        if standing and standing.reason == wait.reason:
            return False
        since_at = standing.since_at if standing else wait.since_at
        if standing is None:
            self.begun[wait.subject, wait.subject_id] = max(self.begun.values(), default=0) + 1
        self.open_waits[wait.subject, wait.subject_id] = replace(wait, since_at=since_at)
        return True

    def end_wait(self, subject: str, subject_id: str, at: int) -> bool:  # noqa: ARG002
        return self.open_waits.pop((subject, subject_id), None) is not None

    def change_waits(self, begun: Sequence[Wait], ended: Sequence[tuple[str, str]], at: int) -> None:
        for wait in begun:
            self.begin_wait(wait)
        for subject, subject_id in ended:
            self.end_wait(subject, subject_id, at)

    def dismiss_wait(self, subject: str, subject_id: str, *, reason: str, at: int) -> None:
        if not self.end_wait(subject, subject_id, at):
            raise InvalidInput(f"{subject} {subject_id} does not wait")
        self.dismissed.append((subject_id, reason))

    def waits(self, subject: str) -> list[Wait]:
        own = [one for one in self.open_waits.values() if one.subject == subject]
        return sorted(own, key=lambda one: one.since_at)

    def waiting(self) -> list[Waiting]:
        found = {subject: self.waits(subject) for subject, _ in sorted(self.open_waits)}
        return [
            Waiting(
                subject=subject,
                waits=len(waits),
                oldest_since_at=waits[0].since_at,
                oldest_due_at=min(one.due_at for one in waits),
            )
            for subject, waits in found.items()
        ]

    def newest(self) -> list[VerdictRecord]:
        """The newest verdict of each promise and period, in the order of time."""
        found: dict[tuple[object, ...], VerdictRecord] = {}
        for one in self.verdicts:
            if _promise(one) not in found or found[_promise(one)].revision < one.revision:
                found[_promise(one)] = one
        return sorted(found.values(), key=lambda one: (one.period.starts_at, self.verdicts.index(one)))

    def verdicts_written(self) -> int:
        return len(self.verdicts)

    def standing(self, agreement_id: str, period: Period) -> list[VerdictRecord]:
        return [one for one in self.newest() if (one.agreement_id, one.period) == (agreement_id, period)]

    def agreements_to_assess(self) -> list[str]:
        return [one for one in sorted({one.agreement_id for one in self.verdicts}) if self.to_assess(one)]

    def to_assess(self, agreement_id: str) -> list[ToAssess]:
        settled = {_promise(one.penalty): one for one in self.records.values()}
        found = []
        for one in self.newest():
            priced = settled.get(_promise(one))
            none = priced is None or priced.state is SettlementState.WITHDRAWN
            asks = one.verdict is Verdict.BREACH if none or priced is None else priced.penalty.revision != one.revision
            if one.agreement_id == agreement_id and asks:
                known = {"on_chain": priced.on_chain > 0} if priced else {}
                penalty, state = (priced.penalty, priced.state) if priced else (None, None)
                found.append(ToAssess(record=one, penalty=penalty, state=state, **known))
        return found

    def add_penalty(self, penalty: Penalty) -> bool:
        standing = self.records.get(penalty.settlement_id)
        priced = {(_promise(one.penalty), one.penalty.revision) for one in self.records.values()}
        held = standing.on_chain if standing else 0
        first = StateChange(state=SettlementState.COMPUTED, at=penalty.assessed_at, revision=held)
        if standing is None:
            if (_promise(penalty), penalty.revision) in priced:
                raise InvariantBroken(
                    f"penalty {penalty.settlement_id}: its promise is priced under another settlement"
                )
            history: tuple[StateChange, ...] = (first,)
        elif standing.penalty.revision == penalty.revision:
            if replace(standing.penalty, assessed_at=0) != replace(penalty, assessed_at=0):
                raise InvariantBroken(f"penalty {penalty.settlement_id}: another one stands")
            return False
        else:
            if standing.state not in PRICEABLE or penalty.revision < standing.penalty.revision:
                raise InvariantBroken(
                    f"penalty {penalty.settlement_id}: it is {standing.state}, and priced by another revision"
                )
            self._refuse_being_sent(penalty.settlement_id)
            again = () if standing.state is SettlementState.COMPUTED else (first,)
            history = (*standing.history, *again)
        self.prices.append(penalty)
        self.records[penalty.settlement_id] = SettlementRecord(penalty=penalty, history=history)
        return True

    def adopt(self, penalty: Penalty, change: StateChange) -> None:
        self._refuse_being_sent(penalty.settlement_id)
        standing = self.records.get(penalty.settlement_id)
        before = standing.history if standing else ()
        self.prices.append(penalty)
        self.records[penalty.settlement_id] = SettlementRecord(penalty=penalty, history=(*before, change))

    def _refuse_being_sent(self, settlement_id: str) -> None:
        if any(settlement_id in one.settlement_ids for one in self.open_attempts()):
            raise Unavailable(f"settlement {settlement_id}: a transaction carries it, and its fate is not known")

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        record = self.records.get(settlement_id)
        allowed = record is not None and (record.state, change.state) in ARROWS
        if record and not allowed and change.state in {one.state for one in record.history}:
            return False
        if record is None or not allowed:
            raise InvariantBroken(f"settlement {settlement_id}: cannot become {change.state}")
        if change.state in UNSENT:
            self._refuse_being_sent(settlement_id)
        self.records[settlement_id] = replace(record, history=(*record.history, change))
        return True

    def in_order(self) -> list[SettlementRecord]:
        """All settlements, by period and id."""
        return sorted(self.records.values(), key=lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id))

    def computed(self) -> list[str]:
        return [one.penalty.settlement_id for one in self.in_order() if one.state is SettlementState.COMPUTED]

    def due(self, unpaused_at: int, limit: int) -> list[SettlementRecord]:
        on_chain = {SettlementState.REPORTED, SettlementState.DISPUTED}
        found = [(one.history[-1].due_at, one) for one in self.in_order() if one.state in on_chain]
        due = [(at, one) for at, one in found if at is not None and at <= unpaused_at]
        return [one for _, one in sorted(due, key=lambda found: (found[0], found[1].penalty.settlement_id))][:limit]

    def settlements_of(self, ids: Collection[str]) -> list[SettlementRecord]:
        return [one for one in self.in_order() if one.penalty.settlement_id in ids]

    def on_chain(self, *, limit: int, after: str | None = None) -> Page[SettlementRecord]:
        found = [
            self.records[one] for one in sorted(self.records) if one > (after or "") and self.records[one].on_chain
        ]
        more = found[limit - 1].penalty.settlement_id if len(found) > limit else None
        return Page(items=tuple(found[:limit]), next=more)

    def uncredited(self) -> list[SettlementRecord]:
        return [
            one
            for one in self.in_order()
            if any(
                change.state is SettlementState.FINAL
                and (one.penalty.settlement_id, change.revision) not in self.grants
                for change in one.history
            )
        ]

    def granted(self, ids: Collection[str]) -> dict[str, set[int]]:
        return {name: {revision for one, revision in self.grants if one == name} for name in ids}

    def add_attempt(
        self,
        attempt: Attempt,
        at: int,  # noqa: ARG002  the real ledger stores it
        priced: Mapping[str, int] | None = None,
        *,
        reason: str = "",  # noqa: ARG002
    ) -> bool:
        for settlement_id, revision in (priced or {}).items():
            now = self.records[settlement_id]
            if (now.state, now.penalty.revision) != (SettlementState.COMPUTED, revision):
                raise Unavailable(f"settlement {settlement_id}: it is {now.state} meanwhile")
        key = attempt.sender, attempt.nonce, attempt.replacement
        standing = self.attempts.get(key)
        others = [one for other, one in self.attempts.items() if other != key]
        if (standing and standing != attempt) or any(one.transaction == attempt.transaction for one in others):
            raise InvariantBroken(f"attempt {attempt.sender} nonce {attempt.nonce}: another transaction stands")
        self.attempts[key] = attempt
        return standing is None

    def open_attempts(self) -> list[Attempt]:
        return [one for _, one in sorted(self.attempts.items()) if one.transaction not in self.receipts]

    def attempts_under(self, sender: str, nonce: int) -> list[Attempt]:
        return [one for key, one in sorted(self.attempts.items()) if key[:2] == (sender, nonce)]

    def sent_from(self, sender: str, nonce: int) -> list[Attempt]:
        return [
            one
            for key, one in sorted(self.attempts.items())
            if key[0] == sender and key[1] >= nonce and (fate := self.receipts.get(one.transaction)) and fate.block_hash
        ]

    def cursor(self, name: str) -> tuple[int, str] | None:
        return self.cursors.get(name)

    def move_cursor(self, name: str, number: int, block_hash: str) -> None:
        self.cursors[name] = number, block_hash

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool:  # noqa: ARG002
        if attempt not in self.attempts.values():
            raise InvariantBroken(f"receipt {attempt.transaction}: of no attempt")
        standing = self.receipts.get(attempt.transaction)
        if standing and standing != receipt:
            raise InvariantBroken(f"receipt {attempt.transaction}: another fate stands")
        self.receipts.setdefault(attempt.transaction, receipt)
        return standing is None

    def add_credit(self, credit: ServiceCredit, at: int | None = None) -> bool:  # noqa: ARG002  the real ledger stores it
        settled = self.records.get(credit.settlement_id)
        if settled is None or settled.penalty.tenant != credit.tenant:
            raise InvariantBroken(
                f"credit_entry of settlement {credit.settlement_id}: no settlement of {credit.tenant}'s"
            )
        key = credit.settlement_id, credit.revision
        standing = self.grants.get(key)
        if standing and replace(standing, granted_at=0) != replace(credit, granted_at=0):
            raise InvariantBroken(f"credit_entry {credit.settlement_id}: another amount stands")
        self.grants.setdefault(key, credit)
        return standing is None

    def totals(self) -> Totals:
        penalties: Counter[tuple[str, int]] = Counter()
        for one in self.records.values():
            if one.state is SettlementState.WITHDRAWN:
                continue
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
        return [self._ended(one) for one in newest.values() if self.scope.sees(one.tenant)]

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord | None:
        if version is None:
            return next((one for one in self.agreements() if one.agreement_id == agreement_id), None)
        found = self.ledger.agreements.get((agreement_id, version))
        return self._ended(found) if found and self.scope.sees(found.tenant) else None

    def _ended(self, record: AgreementRecord) -> AgreementRecord:
        return replace(record, ends_at=self.ledger.ends().get(record.agreement_id))

    def verdicts(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[VerdictRecord]:
        found = [one for one in self.ledger.verdicts if agreement_id in {None, one.agreement_id}]
        return self._page(found, lambda one: (one.period.starts_at, self.ledger.verdicts.index(one)), limit, after)

    def undetermined(self, *, limit: int = 100, after: str | None = None) -> Page[VerdictRecord]:
        first: dict[tuple[object, ...], int] = {}
        for place, one in enumerate(self.ledger.verdicts):
            first.setdefault(_promise(one), place)
        found = self.ledger.to_review()
        return self._page(found, lambda one: (one.period.starts_at, first[_promise(one)]), limit, after)

    def verdict(self, ref: str) -> JudgedFrom | None:
        record = next((one for one in self.ledger.verdicts if one.ref == ref and self.scope.sees(one.tenant)), None)
        if record is None:
            return None
        known = self.ledger.attained.get((record.slo, record.site, record.period), [])
        attained = next((one for one in known if one.revision == record.attainment_revision), None)
        reviews = tuple(one for one in self.ledger.reviews if one.verdict == ref)
        same = [one for one in self.ledger.verdicts if _promise(one) == _promise(record)]
        prices = [one for one in self.ledger.prices if _promise(one) == _promise(record)]
        return JudgedFrom(record=record, attained=attained, reviews=reviews, history=revisions(same, known, prices))

    def exclusions(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ExclusionRecord]:
        every = list(self.ledger.excluded.values())
        found = [one for one in every if agreement_id in {None, one.exclusion.agreement_id}]
        return self._page(found, lambda one: (one.exclusion.occurrences[0].starts_at, every.index(one)), limit, after)

    def incidents(self, site: str | None = None, *, limit: int = 100, after: str | None = None) -> Page[IncidentRecord]:
        found = [one for one in self.ledger.told.values() if site in {None, one.now.labels.get("site", "")}]
        return self._page(found, lambda one: (one.now.started_at, one.now.id), limit, after)

    def waits(self, *subjects: str, limit: int = 100, after: str | None = None) -> Page[Wait]:
        begun = self.ledger.begun
        every = [one for one in self.ledger.open_waits.values() if not subjects or one.subject in subjects]
        return self._page(every, lambda one: (one.since_at, begun[one.subject, one.subject_id]), limit, after)

    def wait(self, subject: str, subject_id: str) -> Wait | None:
        found = self.ledger.open_waits.get((subject, subject_id))
        return found if found and self.scope.sees(found.tenant) else None

    def settlement(self, settlement_id: str) -> SettlementRecord | None:
        found = self.ledger.records.get(settlement_id)
        return found if found and self.scope.sees(found.penalty.tenant) else None

    def settlements(
        self, state: SettlementState | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[SettlementRecord]:
        found = [one for one in self.ledger.in_order() if state in {None, one.state}]
        return self._page(found, lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id), limit, after)

    def removed_at(self, document_hash: str) -> int | None:
        return self.ledger.removals.get(document_hash)

    def credits(
        self, settlement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ServiceCredit]:
        every = list(self.ledger.grants.values())
        found = [one for one in every if settlement_id in {None, one.settlement_id}]
        return self._page(found, lambda one: (every.index(one),), limit, after, r"[0-9]{1,18}")

    def transactions(self, *, is_open: bool = False, limit: int = 100, after: str | None = None) -> Page[Transaction]:
        every = list(self.ledger.attempts.values()) if self.scope.sees_all else []
        fates = self.ledger.receipts
        whole = [Transaction(attempt=one, actor="", at=0, receipt=fates.get(one.transaction)) for one in every]
        found = [one for one in whole if one.receipt is None or not is_open]
        return self._page(found, lambda one: (whole.index(one),), limit, after, r"[0-9]{1,18}")

    def balance(self) -> list[Money]:
        return _sums(one.amount for one in self.ledger.grants.values() if self.scope.sees(one.tenant))

    def _page(
        self,
        every: Iterable[Item],
        key: Callable[[Item], tuple[int | str, ...]],
        limit: int,
        after: str | None,
        cursor: str = r"[0-9]{1,18}\.([0-9]{1,18}|0x[0-9a-f]{64})",
    ) -> Page[Item]:
        own = sorted((one for one in every if self.scope.sees(_tenant(one))), key=key)
        if after is not None and not re.fullmatch(cursor, after):
            raise WrongCursor(f"cursor {after!r}: expected the `next` of a page of this list, as it was answered")
        if limit < 1:
            raise InvalidInput(f"limit {limit}: expected 1 or more")
        if after is not None:
            place = tuple(part if part.startswith("0x") else int(part) for part in after.split("."))
            own = [one for one in own if key(one) > place]
        last = ".".join(map(str, key(own[limit - 1]))) if len(own) > limit else None
        return Page(items=tuple(own[:limit]), next=last)


def _tenant(one: object) -> str:
    if isinstance(one, SettlementRecord):
        return one.penalty.tenant
    if isinstance(one, ExclusionRecord):
        return one.exclusion.tenant
    if isinstance(one, IncidentRecord | Transaction):
        return "*"  # of nobody alone
    assert isinstance(one, VerdictRecord | ServiceCredit | Wait)  # noqa: S101
    return one.tenant


def _sums(amounts: Iterable[Money]) -> list[Money]:
    """One sum a currency."""
    sums: Counter[tuple[str, int]] = Counter()
    for one in amounts:
        sums[one.currency, one.exponent] += one.amount_minor
    return [
        Money(amount_minor=amount, currency=currency, exponent=exponent)
        for (currency, exponent), amount in sorted(sums.items())
    ]
