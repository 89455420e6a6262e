"""In-memory ports, public: the project's own tests and yours use the same doubles.

Each behaves as its real adapter does, and one contract suite per port (`tests/adapters/`) runs on both. `FakeChain` follows the
contract's rules for reports and finalisation, has faults to switch on, and lets a test read everything that happened.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from eth_hash.auto import keccak

from sankofa_observe.errors import InvariantBroken, Refused, Unavailable
from sankofa_observe.ports import (
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainSettlement,
    RawSeries,
    Receipt,
    SampleSet,
    SettlementRecord,
    StateChange,
)
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Document, canonical, digest
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import ARROWS, ChainIdentity, Report, SettlementState, settlement_id
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import SiteDay, SiteSpan, site_days, span
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class FixedClock:
    """A clock that moves only when told."""

    at: int

    def now(self) -> int:
        return self.at

    def forward(self, seconds: int) -> None:
        self.at += seconds


@dataclass(kw_only=True)
class ScriptedSamples:
    """Series as a test wrote them; answers by metric name and by the site matcher of `for_sites`."""

    series: list[RawSeries] = field(default_factory=list)
    complete: bool = True
    away: bool = False
    scraped_at: int = 2**53  # when anything was last scraped: as it is, it goes on scraping
    reads: list[tuple[str, Period]] = field(default_factory=list)

    def add(self, name: str, samples: Iterable[tuple[int, object]], **labels: str) -> None:
        """Add a series; samples are (milliseconds, value)."""
        points = [(at, str(value)) for at, value in samples]
        self.series.append(RawSeries(labels={"__name__": name, **labels}, samples=points))

    def read(self, selector: str, period: Period) -> SampleSet:
        if self.away:
            raise Unavailable("scripted samples: switched away")
        self.reads.append((selector, period))
        found = [replace(one, samples=_within(one, period)) for one in self.series if _selected(one, selector)]
        return SampleSet(series=[one for one in found if one.samples], complete=self.complete)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = defaultdict(int)
        for series in self.read(selector, period).series:
            for at in dict(series.samples):
                found[series.labels.get("site", ""), at // 3_600_000 * 3600] += 1
        return found

    def newest_at(self) -> int:
        if self.away:
            raise Unavailable("scripted samples: switched away")
        return self.scraped_at


def _within(series: RawSeries, period: Period) -> list[tuple[int, str]]:
    return [one for one in series.samples if period.starts_at * 1000 <= one[0] < period.ends_at * 1000]


def _selected(series: RawSeries, selector: str) -> bool:
    name, _, matchers = selector.partition("{")
    if series.labels["__name__"] != name:
        return False
    for label, operator, value in re.findall(r'(\w+)(=~|=)"((?:\\.|[^"\\])*)"', matchers):
        wanted, seen = value.replace("\\\\", "\\"), series.labels.get(label, "")
        if not (re.fullmatch(wanted, seen) if operator == "=~" else wanted == seen):
            return False
    return True


@dataclass(kw_only=True)
class MemorySlots:
    """The slot table as a list of revisions."""

    revisions: dict[tuple[str, str, int], list[Slot]] = field(default_factory=lambda: defaultdict(list))

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:  # noqa: ARG002  the real table stores it
        added = 0
        for slot in {(one.slo, one.site, one.starts_at): one for one in slots}.values():
            standing = self.revisions[slot.slo, slot.site, slot.starts_at]
            if standing and slot.samples < standing[-1].samples and not anyhow:
                continue
            if not standing or standing[-1] != slot:
                standing.append(slot)
                added += 1
        return added

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        return self.append((slot for slot in slots if self._samples_of(slot) == slot.samples), observed_at)

    def _samples_of(self, slot: Slot) -> int | None:
        standing = self.revisions.get((slot.slo, slot.site, slot.starts_at))
        return standing[-1].samples if standing else None

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        found = [
            revisions[-1]
            for (name, site, at), revisions in self.revisions.items()
            if name == slo and site in sites and at in period and revisions
        ]
        return sorted(found, key=lambda slot: (slot.site, slot.starts_at))

    def site_days(self, slo: str, sites: Sequence[str], period: Period) -> list[SiteDay]:
        return site_days(self.read(slo, sites, period))

    def spans(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, SiteSpan]:
        by_site = groupby(self.site_days(slo, sites, period), key=lambda day: day.site)
        return {site: span(list(days)) for site, days in by_site}

    def forgotten(self, period: Period) -> bool:  # noqa: ARG002  it keeps all
        return False

    def late(self, slots: Iterable[Slot]) -> Mapping[str, tuple[int, int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for slot in slots:
            if (before := self._samples_of(slot)) is not None and before < slot.samples:
                found[slot.site].append(slot.starts_at)
        return {site: (min(starts), max(starts)) for site, starts in found.items()}

    def samples(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = defaultdict(int)
        for slot in self.read(slo, sites, period):
            found[slot.site, slot.starts_at // 3600 * 3600] += slot.samples
        return found

    def watermarks(self, slo: str) -> Mapping[str, int]:
        marks: dict[str, int] = {}
        for name, site, at in self.revisions:
            if name == slo:
                marks[site] = max(at, marks.get(site, at))
        return marks

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        oldest: dict[str, int] = {}
        for (name, site, at), revisions in self.revisions.items():
            if name == slo and at >= since_at and revisions and revisions[-1].reasons:
                oldest[site] = min(at, oldest.get(site, at))
        return oldest


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
    """The records in lists, with the refusals of the real ledger."""

    agreements: dict[tuple[str, int], str] = field(default_factory=dict)
    verdict_rows: list[VerdictRecord] = field(default_factory=list)
    records: dict[str, SettlementRecord] = field(default_factory=dict)
    attempts: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    grants: dict[str, ServiceCredit] = field(default_factory=dict)

    def add_agreement(self, *, agreement_id: str, version: int, terms_hash: str, document: str, at: int) -> bool:  # noqa: ARG002
        return _put_once(self.agreements, (agreement_id, version), terms_hash, "agreement")

    def versions(self, agreement_id: str) -> list[int]:
        return sorted(version for one, version in self.agreements if one == agreement_id)

    def add_verdict(self, record: VerdictRecord) -> bool:
        key = (record.agreement_id, record.slo, record.site, record.period, record.revision)
        for one in self.verdict_rows:
            if (one.agreement_id, one.slo, one.site, one.period, one.revision) == key:
                if (one.slots_digest, one.verdict) != (record.slots_digest, record.verdict):
                    raise InvariantBroken(f"verdict {key}: another one stands")
                return False
        self.verdict_rows.append(record)
        return True

    def verdicts(self, *, agreement_id: str | None = None, period: Period | None = None) -> list[VerdictRecord]:
        found = [
            one
            for one in self.verdict_rows
            if agreement_id in {None, one.agreement_id} and (period is None or period == one.period)
        ]
        return sorted(found, key=lambda one: one.period)

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

    def settlements(self, *states: SettlementState) -> list[SettlementRecord]:
        found = [one for one in self.records.values() if not states or one.state in states]
        return sorted(found, key=lambda one: (one.penalty.period.starts_at, one.penalty.settlement_id))

    def settlement(self, settlement_id: str) -> SettlementRecord | None:
        return self.records.get(settlement_id)

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
            raise InvariantBroken(f"credit {credit.settlement_id}: another amount stands")
        self.grants.setdefault(credit.settlement_id, credit)
        return standing is None

    def credits(self, *, tenant: str | None = None) -> list[ServiceCredit]:
        found = [one for one in self.grants.values() if tenant in {None, one.tenant}]
        return sorted(found, key=lambda one: (one.granted_at, one.settlement_id))


def _put_once(rows: dict[tuple[str, int], str], key: tuple[str, int], value: str, what: str) -> bool:
    fresh = key not in rows
    if rows.setdefault(key, value) != value:
        raise InvariantBroken(f"{what} {key}: {rows[key]} stands, {value} was given")
    return fresh


@dataclass(kw_only=True)
class ChainFaults:
    """What goes wrong, until switched off."""

    away: bool = False  # nothing answers
    lose_reply: bool = False  # a transaction is taken, the answer to the sender is lost
    drop: bool = False  # a transaction is answered as taken and forgotten
    halt: bool = False  # no new block


@dataclass(kw_only=True)
class FakeChain:
    """The contract's rules in memory: k of n sign, the second write is refused, the window passes, anyone finalises.

    Transactions wait in a pool until `mine` is called (or at once, with `instant`).
    """

    clock: FixedClock
    members: tuple[str, ...]
    threshold: int
    prices: dict[str, int] = field(default_factory=dict)  # settlement id -> credit the contract computes
    other_terms: set[str] = field(default_factory=set)  # agreements whose accepted terms are not those of the specs
    window_seconds: int = 10
    instant: bool = True
    identity: ChainIdentity = field(default_factory=lambda: ChainIdentity(chain_id=31337, contract="0x" + "c0" * 20))
    faults: ChainFaults = field(default_factory=ChainFaults)
    number: int = 1
    head_at: int | None = None
    nonce: int = 0
    pool: dict[int, Attempt] = field(default_factory=dict)
    mined: dict[str, Receipt] = field(default_factory=dict)
    held: dict[str, OnChainSettlement] = field(default_factory=dict)
    finals: dict[str, Finalisation] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)  # (settlement id, what was written), in order
    _reports: dict[str, tuple[tuple[str, Report], ...]] = field(default_factory=dict)

    def head(self) -> ChainHead:
        self._answer()
        return ChainHead(number=self.number, at=self.clock.at if self.head_at is None else self.head_at)

    def attestor_set(self) -> AttestorSet:
        self._answer()
        return AttestorSet(members=self.members, threshold=self.threshold, epoch=1, config_digest="0x" + "00" * 32)

    def settlement(self, settlement_id: str) -> OnChainSettlement | None:
        self._answer()
        return self.held.get(settlement_id)

    def holds_terms(self, agreement_id: str, terms_hash: str) -> bool:  # noqa: ARG002  every version is as accepted
        self._answer()
        return agreement_id not in self.other_terms

    def can_finalise(self, settlement_id: str) -> bool:
        self._answer()
        return self._window_is_over(settlement_id)

    def _window_is_over(self, settlement_id: str) -> bool:
        found = self.held.get(settlement_id)
        return found is not None and found.state is SettlementState.REPORTED and self.clock.at >= found.deadline_at

    def next_nonce(self) -> int:
        self._answer()
        return self.nonce

    def sign_reports(self, reports: Sequence[Report], signatures: Sequence[bytes], nonce: int) -> Attempt:
        self._answer()
        if len(set(signatures)) < self.threshold:
            raise Refused(f"the contract refuses now: {len(set(signatures))} signatures, needs {self.threshold}")
        ids = [settlement_id(self.identity, one.agreement_id, one.slo_id, one.period) for one in reports]
        if any(one in self.held for one in ids):
            raise Refused("the contract refuses now: SLASettlementExists")
        attempt = self._sign(AttemptKind.REPORT, ids, nonce, repr(reports).encode())
        self._reports[attempt.transaction] = tuple(zip(ids, reports, strict=True))
        return attempt

    def sign_finalise(self, settlement_ids: Sequence[str], nonce: int) -> Attempt:
        if not all(self.can_finalise(one) for one in settlement_ids):
            raise Refused("the contract refuses now: SLADisputeWindowOpen")
        return self._sign(AttemptKind.FINALISE, settlement_ids, nonce, b"")

    def send(self, attempt: Attempt) -> None:
        self._answer()
        if attempt.transaction in self.mined or attempt.nonce < self.nonce:
            return
        if not self.faults.drop:
            self.pool[attempt.nonce] = attempt
            if self.instant:
                self.mine()
        if self.faults.lose_reply:
            raise Unavailable("fake chain: the reply was lost")

    def receipt(self, attempt: Attempt) -> Receipt | None:
        self._answer()
        return self.mined.get(attempt.transaction)

    def finalisation(self, settlement_id: str) -> Finalisation | None:
        self._answer()
        return self.finals.get(settlement_id)

    def mine(self) -> None:
        """Put the pool into a block, in nonce order, as far as there is no gap."""
        if self.faults.halt:
            return
        self.number += 1
        while (attempt := self.pool.pop(self.nonce, None)) is not None:
            self.nonce += 1
            refused = self._refusal(attempt)
            self.mined[attempt.transaction] = Receipt(succeeded=not refused, block_number=self.number, reason=refused)
            if not refused:
                self._apply(attempt)

    def _refusal(self, attempt: Attempt) -> str:
        for one in attempt.settlement_ids:
            if attempt.kind is AttemptKind.REPORT and one in self.held:
                return "SLASettlementExists"
            if attempt.kind is AttemptKind.FINALISE and not self._window_is_over(one):
                return "SLASettlementUnexpectedState"
        return ""

    def _apply(self, attempt: Attempt) -> None:
        for one, report in self._reports.get(attempt.transaction, ()):
            self.writes.append((one, "reported"))
            self.held[one] = OnChainSettlement(
                state=SettlementState.REPORTED,
                document_hash=report.document_hash,
                credit_minor=self.prices.get(one, 0),
                deadline_at=self.clock.at + self.window_seconds,
            )
        if attempt.kind is AttemptKind.FINALISE:
            for one in attempt.settlement_ids:
                self._finalise(one, attempt)

    def _finalise(self, one: str, attempt: Attempt) -> None:
        self.writes.append((one, "final"))
        self.held[one] = replace(self.held[one], state=SettlementState.FINAL)
        self.finals[one] = Finalisation(
            credit_minor=self.held[one].credit_minor,
            cut_minor=0,
            transaction=attempt.transaction,
            block_number=self.number,
            at=self.clock.at,
        )

    def _sign(self, kind: AttemptKind, ids: Sequence[str], nonce: int, payload: bytes) -> Attempt:
        raw = f"{kind}:{nonce}:{','.join(ids)}:".encode() + payload
        return Attempt(
            kind=kind,
            settlement_ids=tuple(ids),
            sender="0x" + "5e" * 20,
            nonce=nonce,
            transaction="0x" + keccak(raw).hex(),
            raw=raw,
        )

    def _answer(self) -> None:
        if self.faults.away:
            raise Unavailable("fake chain: switched away")


@dataclass(kw_only=True)
class FakeAttestor:
    """Signs with its account's name, unless told to object or to be away."""

    name: str
    account: str
    objects: str | None = None
    away: bool = False

    def objection(self, document: Document) -> str | None:  # noqa: ARG002  a real one reads it
        if self.away:
            raise Unavailable(f"{self.name}: switched away")
        return self.objects

    def sign(self, reports: Sequence[Report], attestors: AttestorSet, chain: ChainIdentity) -> bytes:  # noqa: ARG002
        return self.account.encode()
