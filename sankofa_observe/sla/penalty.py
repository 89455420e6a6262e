"""What a breach costs under an agreement, and the document that proves it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sankofa_observe.sla.agreement import Agreement, Promise, version_id
from sankofa_observe.sla.evidence import Evidence, Provenance, document_hash, evidence_of
from sankofa_observe.sla.evidence.building import queries_of
from sankofa_observe.sla.overlay import Overlay
from sankofa_observe.sla.schedule import Measured, credit_of, most_of
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementKey
from sankofa_observe.sla.stacking import BelowMinimum, Credit
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.units import PPM, Money, Period


@dataclass(frozen=True, kw_only=True)
class VerdictRecord:
    """The judgement of one promise over one closed period; a later one of the same period has a higher revision.

    `attainment_revision` names what it was judged from, and `overlay` what lay over it: `attainment` is what both make together. `at_stake` is the most that may be owed where nobody can tell, else nothing.
    """

    agreement_id: str
    agreement_version: int
    tenant: str
    slo: str
    site: str
    period: Period
    revision: int
    verdict: Verdict
    attainment: Attainment
    attainment_revision: int
    target_ppm: int
    spec_digest: str
    slots_digest: str  # of the slots and edges that it was drawn from
    slot_count: int
    overlay: Overlay = field(default_factory=Overlay)  # the exclusions that were applied
    at_stake: Money
    cap_minor: int  # of all credits of the agreement in this period, in the same currency
    judged_at: int

    def __str__(self) -> str:
        attained = self.attainment
        counts = f"{attained.good} good, {attained.bad} bad, {attained.unknown} unknown"
        unseen, every = attained.slots.get(SlotState.UNKNOWN, 0), sum(attained.slots.values())
        if unseen != attained.unknown:  # of events nobody may know how many they had
            counts += f"; {unseen} of {every} slots UNKNOWN"
        if attained.excluded:
            counts += f"; {attained.excluded} of {self.slot_count} slots excluded"
        stake = f"; up to {self.at_stake} at stake" if self.at_stake.amount_minor else ""
        return f"{self.ref} {self.slo} at {self.site}, {self.period}: {self.verdict} ({counts}; revision {self.revision}{stake})"

    @property
    def ref(self) -> str:
        """A name of 16 letters by which people speak of it, the same in every ledger."""
        return self._ref(self.revision)

    @property
    def replaces(self) -> str:
        """The name of the verdict in whose place it stands, or nothing."""
        return self._ref(self.revision - 1) if self.revision > 1 else ""

    def _ref(self, revision: int) -> str:
        own = (self.agreement_id, self.slo, self.site, self.period.starts_at, self.period.ends_at, revision)
        return hashlib.sha256("\n".join(map(str, own)).encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """What the provider owes for one breach; `credit_minor` is of this promise alone, before what the contract makes of all of a period.

    `agreement_key`, `period_index` and `slo_index` are its row on chain. `revision` is that of the verdict, and none of the row. `good` of `valid` is the *high* bound: what was not known counts as good, so only what is certain is owed.
    """

    settlement_id: str
    agreement_id: str
    agreement_version: int
    agreement_key: str
    period_index: int
    slo_index: int
    tenant: str
    slo: str
    site: str
    period: Period
    revision: int
    good: int
    valid: int
    credit_ppm: int
    credit_minor: int
    currency: str
    exponent: int
    evidence_root: str
    document_hash: str
    overlay: Overlay = field(default_factory=Overlay)
    assessed_at: int

    @property
    def key(self) -> SettlementKey:
        return self.row().key

    @property
    def version_id(self) -> str:
        """The version of the agreement by whose terms it was priced."""
        return version_id(self.agreement_key, self.agreement_version)

    @property
    def amount(self) -> Money:
        """What is owed for it, before anything that is agreed of several."""
        return Money(amount_minor=self.credit_minor, currency=self.currency, exponent=self.exponent)

    def row(self, revision: int = 1) -> Row:
        """What is reported of it, as the first report of its settlement or as a later one."""
        return Row(
            agreement_id=self.agreement_key,
            period_index=self.period_index,
            slo_index=self.slo_index,
            revision=revision,
            good=self.good,
            valid=self.valid,
            document_hash=self.document_hash,
        )


def owed(agreement: Agreement, promise: Promise, *, good: int, valid: int) -> Credit:
    """The credit of one promise by its schedule, before anything that is agreed of several."""
    slo = promise.slo
    seconds = slo.slot.seconds if slo.budgeting is Budgeting.TIMESLICES else 0
    measured = Measured(good=good, valid=valid, slot_seconds=seconds)
    return credit_of(promise.schedule, agreement.fee_minor, slo.target_ppm, measured)


def most_owed(agreement: Agreement, promise: Promise, attainment: Attainment) -> Credit:
    """What would be owed if everything that is not known was bad."""
    if attainment.bounded and attainment.base:
        return owed(agreement, promise, good=attainment.good, valid=attainment.base)
    return most_of(promise.schedule, agreement.fee_minor)


def at_stake(agreement: Agreement, promise: Promise, attainment: Attainment) -> Money:
    """The most that one promise may add to its period if everything that is not known was bad, within the cap.

    Rounded up, and without a minimum below which nothing is paid: several are added up, and together they may reach what none does alone.
    """
    credit, rules = most_owed(agreement, promise, attainment), agreement.credit_rules
    amount = -(-agreement.fee_minor * credit.share_ppm // PPM) + credit.amount_minor
    if amount and rules.below_minimum is BelowMinimum.MINIMUM:
        amount = max(amount, rules.minimum_minor)
    return agreement.money(min(amount, agreement.cap_minor))


def price(
    *,
    agreement: Agreement,
    promise: Promise,
    record: VerdictRecord,
    seen: Sequence[Seen],
    chain: ChainIdentity,
    engine: str,
    observer: str,
    assessed_at: int,
) -> tuple[Penalty, Evidence]:
    """The penalty of one breach and its evidence; the penalty carries the hash of its identity."""
    source = Provenance(
        engine=engine,
        observer=observer,
        queries=queries_of(promise),
        revision=record.revision,
        assessed_at=assessed_at,
    )
    document = evidence_of(
        agreement=agreement,
        promise=promise,
        period=record.period,
        seen=seen,
        attainment=record.attainment,
        overlay=record.overlay,
        chain=chain,
        provenance=source,
    )
    return penalty_of(document, agreement, revision=record.revision, at=assessed_at), document


def penalty_of(document: Evidence, agreement: Agreement, *, revision: int, at: int) -> Penalty:
    """What a document prices, of one version of an agreement; `revision` is that of its verdict."""
    identity = document.identity
    return Penalty(
        settlement_id=identity.settlement_id,
        agreement_id=agreement.id,
        agreement_version=agreement.version,
        agreement_key=identity.row.agreement_id,
        period_index=identity.row.period_index,
        slo_index=identity.row.slo_index,
        tenant=agreement.tenant,
        slo=identity.slo.name,
        site=identity.slo.site,
        period=identity.period,
        revision=revision,
        good=identity.high_good,
        valid=identity.base,
        credit_ppm=identity.credit_ppm,
        credit_minor=identity.credit_minor,
        currency=agreement.currency,
        exponent=agreement.exponent,
        evidence_root=identity.root,
        document_hash=document_hash(identity),
        overlay=identity.overlay,
        assessed_at=at,
    )
