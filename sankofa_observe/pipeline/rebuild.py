"""rebuild: evidence that was lost or damaged is written anew, from the slot table and what the ledger holds.

Terms are those that were recorded: no spec and no fleet file is read, which may be others by now. Nothing is written that is not byte
for byte the identity whose hash the penalty names: where slots or terms are others now, that is said, and a person looks. One document that cannot be written anew costs no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sankofa_observe.errors import InvalidInput, InvariantBroken, SankofaError
from sankofa_observe.pipeline.panel import Panel, PanelOf
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.ports import EvidenceArchive, Ledger, SettlementRecord
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import Evidence, Origin, Provenance, document_hash, evidence_of
from sankofa_observe.sla.evidence.building import queries_of
from sankofa_observe.sla.overlay import of_observers
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.recorded_terms import agreement_of
from sankofa_observe.sla.settlement import ChainIdentity

PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Unproven:
    """A settlement whose document is missing or damaged."""

    settlement_id: str
    document_hash: str
    problem: str

    def __str__(self) -> str:
        return (
            f"settlement {self.settlement_id}: evidence {self.document_hash}: {self.problem}; "
            f"write it anew: sankofa-observe evidence rebuild {self.settlement_id}"
        )


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A document stands again."""

    settlement_id: str
    document_hash: str

    def __str__(self) -> str:
        return f"settlement {self.settlement_id}: evidence {self.document_hash} was written anew, its identity byte for byte"


@dataclass(frozen=True, kw_only=True)
class NotRebuilt:
    """What there is now does not make the document that the penalty names; nothing was written."""

    settlement_id: str
    problem: str

    def __str__(self) -> str:
        return f"settlement {self.settlement_id}: evidence was not written: {self.problem}"


def settlements(ledger: Ledger) -> Iterator[SettlementRecord]:
    """All of them, a page at a time."""
    reads, after = ledger.read(OPERATOR), None
    while True:
        page = reads.settlements(limit=PAGE, after=after)
        yield from page.items
        after = page.next
        if after is None:
            return


def unproven(record: SettlementRecord, archive: EvidenceArchive, ledger: Ledger) -> Unproven | None:
    """What is wrong with a settlement's document, or None; one whose retention is over is missed by nobody."""
    penalty = record.penalty
    try:
        whole = archive.get(penalty.document_hash) is not None
        problem = archive.exposed(penalty.document_hash) if whole else "it is not in the archive"
    except SankofaError as error:
        problem = str(error)
    if not problem or ledger.read(OPERATOR).removed_at(penalty.document_hash):
        return None
    return Unproven(settlement_id=penalty.settlement_id, document_hash=penalty.document_hash, problem=problem)


def rebuild(
    records: Iterable[SettlementRecord],
    *,
    panel_of: PanelOf,
    ledger: Ledger,
    archive: EvidenceArchive,
    chain: ChainIdentity,
    origin: Origin,
) -> Iterator[Rebuilt | NotRebuilt]:
    """Write the document of each settlement anew."""
    for record in records:
        penalty = record.penalty
        try:
            agreement = _agreement(penalty, ledger)
            made = _made(penalty, agreement, _promise(penalty, agreement), panel_of(agreement.observers), chain, origin)
            problem = _differs(penalty, made)
            if not problem:
                archive.put(made)
        except SankofaError as error:
            problem = str(error)
        if problem:
            yield NotRebuilt(settlement_id=penalty.settlement_id, problem=problem)
        else:
            yield Rebuilt(settlement_id=penalty.settlement_id, document_hash=penalty.document_hash)


def _agreement(penalty: Penalty, ledger: Ledger) -> Agreement:
    """The terms as they were recorded."""
    recorded = ledger.read(OPERATOR).agreement(penalty.agreement_id, penalty.agreement_version)
    if recorded is None:
        raise InvariantBroken(
            f"version {penalty.agreement_version} of agreement {penalty.agreement_id} is not in the ledger, expected its terms; restore it from a copy"
        )
    read = agreement_of(recorded.document)
    if read.terms_hash != recorded.terms_hash:
        raise InvariantBroken(
            f"the ledger's terms of agreement {penalty.agreement_id} have hash {read.terms_hash}, expected "
            f"{recorded.terms_hash}; restore them from a copy"
        )
    return read


def _promise(penalty: Penalty, agreement: Agreement) -> Promise:
    wanted = (penalty.slo, penalty.site)
    found = next((one for one in agreement.promises if (one.slo.name, one.site) == wanted), None)
    if found is None:
        raise InvariantBroken(
            f"agreement {agreement.name} has no promise {penalty.slo}/{penalty.site}; restore its terms"
        )
    return found


def _made(
    penalty: Penalty, agreement: Agreement, promise: Promise, panel: Panel, chain: ChainIdentity, origin: Origin
) -> Evidence:
    if panel.forgotten(with_neighbours(penalty.period, promise.slo)):  # what stands beside it is in the identity
        raise InvalidInput(
            f"slots of {penalty.period} are no longer kept (retention_years); restore the document from a copy, "
            "or ask the tenant for theirs"
        )
    seen = panel.seen(promise.slo, promise.site, penalty.period)
    source = Provenance(
        engine=origin.engine,
        observer=origin.observers(agreement.observers),
        queries=queries_of(promise),
        revision=penalty.revision,
        assessed_at=penalty.assessed_at,
    )
    return evidence_of(
        agreement=agreement,
        promise=promise,
        period=penalty.period,
        seen=seen,
        attainment=of_observers(promise.slo, panel.quorum, seen, penalty.overlay),
        overlay=penalty.overlay,
        chain=chain,
        provenance=source,
    )


def _differs(penalty: Penalty, made: Evidence) -> str:
    """How the document that can be made differs from the one that the penalty names, or nothing."""
    identity = made.identity
    if document_hash(identity) == penalty.document_hash:
        return ""
    for what, seen, expected in (
        ("settlement", identity.settlement_id, penalty.settlement_id),
        ("good", identity.high_good, penalty.good),
        ("valid", identity.base, penalty.valid),
        ("root", identity.root, penalty.evidence_root),
        ("credit", identity.credit_minor, penalty.credit_minor),
        ("hash", document_hash(identity), penalty.document_hash),
    ):
        if seen != expected:
            cause = _CAUSES.get(what, "the slots are others now")
            return f"its {what} is now {seen}, the penalty's is {expected}: {cause}; restore them as they were, or the document from a copy"
    return ""


_CAUSES = {
    "settlement": "the settings name another chain or contract",
    "credit": "the terms are others now",
    "hash": "the terms are others now",
}
