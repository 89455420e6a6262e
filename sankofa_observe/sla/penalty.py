"""What a breach costs under an agreement, and the document that proves it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sankofa_observe.sla import evidence
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.schedule import credit_ppm
from sankofa_observe.sla.settlement import ChainIdentity, Report, settlement_id, slo_id
from sankofa_observe.slo.indicator import (
    CompositeIndicator,
    LevelIndicator,
    RatioIndicator,
    Rule,
    StateIndicator,
    for_sites,
)
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import Edges
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.units import Money, Period, share_floor


@dataclass(frozen=True, kw_only=True)
class VerdictRecord:
    """The judgement of one promise over one closed period; a later one of the same period has a higher revision.

    `attainment_revision` names what it was judged from. `at_stake` is the most that may be owed where nobody can tell, else nothing.
    """

    agreement_id: str
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
    at_stake: Money
    judged_at: int

    def __str__(self) -> str:
        attained = self.attainment
        counts = f"{attained.good} good, {attained.bad} bad, {attained.unknown} unknown"
        stake = f"; up to {self.at_stake} at stake" if self.at_stake.amount_minor else ""
        return f"{self.ref} {self.slo} at {self.site}, {self.period}: {self.verdict} ({counts}; revision {self.revision}{stake})"

    @property
    def ref(self) -> str:
        """A name of 16 letters by which people speak of it, the same in every ledger."""
        own = (self.agreement_id, self.slo, self.site, self.period.starts_at, self.period.ends_at, self.revision)
        return hashlib.sha256("\n".join(map(str, own)).encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """What the provider owes for one breach; `credit_minor` is before the cap, which the contract applies.

    `good` of `valid` is the *high* bound: what was not known counts as good, so only what is certain is owed.
    """

    settlement_id: str
    agreement_id: str
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
    leaf_count: int
    document_hash: str
    assessed_at: int

    @property
    def report(self) -> Report:
        return Report(
            agreement_id=self.agreement_id,
            slo_id=slo_id(f"{self.slo}/{self.site}"),
            period=self.period,
            good=self.good,
            valid=self.valid,
            evidence_root=self.evidence_root,
            leaf_count=self.leaf_count,
            document_hash=self.document_hash,
        )


def at_stake(agreement: Agreement, promise: Promise, attainment: Attainment) -> Money:
    """What would be owed if everything that is not known was bad, within the cap of the period."""
    if attainment.bounded and attainment.base:
        share_ppm = credit_ppm(attainment.good, attainment.base, promise.bands)
    else:
        share_ppm = max(band.credit_ppm for band in promise.bands)
    return agreement.money(share_floor(agreement.fee_minor, min(share_ppm, agreement.cap_ppm)))


def price(
    *,
    agreement: Agreement,
    promise: Promise,
    record: VerdictRecord,
    slots: Sequence[Slot],
    edges: Edges,
    chain: ChainIdentity,
    engine: str,
    observer: str,
    assessed_at: int,
) -> tuple[Penalty, evidence.Document]:
    """The penalty of one breach and its evidence document; the two carry each other's digests."""
    attainment = record.attainment
    share_ppm = credit_ppm(attainment.high_good, attainment.base, promise.bands)
    identity = settlement_id(chain, agreement.id, slo_id(promise.label), record.period)
    amount_minor = share_floor(agreement.fee_minor, share_ppm)
    root = evidence.slot_root(slots)
    document = {
        "format": evidence.FORMAT,
        "settlement_id": identity,
        "chain": {"chain_id": chain.chain_id, "contract": chain.contract.lower()},
        "agreement": agreement_terms(agreement, promise),
        "slo": slo_terms(promise, observer),
        "period": [record.period.starts_at, record.period.ends_at],
        "revision": record.revision,
        "engine": engine,
        "slots": [evidence.slot_row(slot) for slot in slots],
        "slot_root": root,
        "edges": evidence.edge_row(edges),
        "proofs": evidence.proofs(slots),
        "exclusions": [],
        "attainment": {
            "good": evidence.exact(attainment.good),
            "bad": evidence.exact(attainment.bad),
            "unknown": evidence.exact(attainment.unknown),
        },
        "verdict": record.verdict.value,
        "credit": {"credit_ppm": share_ppm, "credit_minor": amount_minor},
    }
    penalty = Penalty(
        settlement_id=identity,
        agreement_id=agreement.id,
        tenant=agreement.tenant,
        slo=promise.slo.name,
        site=promise.site,
        period=record.period,
        revision=record.revision,
        good=attainment.high_good,
        valid=attainment.base,
        credit_ppm=share_ppm,
        credit_minor=amount_minor,
        currency=agreement.currency,
        exponent=agreement.exponent,
        evidence_root=root,
        leaf_count=record.slot_count,
        document_hash=evidence.digest(document),
        assessed_at=assessed_at,
    )
    return penalty, document


def agreement_terms(agreement: Agreement, promise: Promise) -> evidence.Document:
    """The terms as the document writes them."""
    return {
        "id": agreement.id,
        "version": agreement.version,
        "terms_hash": agreement.terms_hash,
        "fee_minor": agreement.fee_minor,
        "currency": agreement.currency,
        "exponent": agreement.exponent,
        "cap_ppm": agreement.cap_ppm,
        "bands": [[band.below_ppm, band.credit_ppm] for band in promise.bands],
    }


def slo_terms(promise: Promise, observer: str) -> evidence.Document:
    """The rules of counting as the document writes them."""
    slo = promise.slo
    kinds = {RatioIndicator: "events", CompositeIndicator: "parts"}
    counted = kinds.get(type(slo.indicator), "states")
    return {
        "name": slo.name,
        "site": promise.site,
        "spec_digest": slo.digest,
        "target_ppm": slo.target_ppm,
        "budgeting": slo.budgeting.value,
        "no_traffic": slo.no_traffic.value,
        "counted": counted,
        "slot_seconds": slo.slot.seconds,
        "slot_expected": slo.slot.expected,
        "slot_target_ppm": slo.slot.target_ppm,
        "scrape_seconds": slo.slot.scrape_seconds,
        "settles_seconds": slo.slot.settles_seconds,
        "counts_bad": int(isinstance(slo.indicator, RatioIndicator) and slo.indicator.counts_bad),
        "combine": _combine(slo),
        "sources": list(slo.sources.get(promise.site, ())),
        "observer": observer,
        "queries": [for_sites(selector, [promise.site]) for selector in slo.indicator.selectors()],
    }


def _combine(slo: Slo) -> str:
    """How the sources of a site, or the parts of a composite, make one state."""
    match slo.indicator:
        case StateIndicator() | LevelIndicator() as gauge:
            return (
                f"atLeast {gauge.combine.at_least}" if gauge.combine.rule is Rule.AT_LEAST else gauge.combine.rule.value
            )
        case CompositeIndicator() as composite:
            weights = ",".join(f"{name}={weight}" for name, weight in sorted(composite.weights.items()))
            return f"{composite.wanted_ppm} {weights}"
        case RatioIndicator():
            return ""
