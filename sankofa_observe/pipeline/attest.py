"""attest: a second pair of eyes recounts a period and says what it objects to.

It trusts nothing of the proposer but the claim: terms come from its own copy of the agreement, slots from its own samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_observe.pipeline.period import PeriodSlots, arranged, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import SampleSource
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import FORMAT, Document, digest, exact, slot_root
from sankofa_observe.sla.penalty import agreement_terms, slo_terms
from sankofa_observe.sla.schedule import credit_ppm
from sankofa_observe.sla.settlement import ChainIdentity, Report, settlement_id, slo_id
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import Edges, edges
from sankofa_observe.slo.verdict import judge
from sankofa_observe.units import Period, rfc3339, share_floor


def objection(document: Document, *, agreements: Mapping[str, Agreement], source: SampleSource) -> str | None:
    """Why these numbers should not be signed, or None; `Unavailable` when the attestor cannot tell."""
    agreement = agreements.get(document["agreement"]["id"])
    if agreement is None or agreement.terms_hash != document["agreement"]["terms_hash"]:
        return "holds other terms for this agreement"
    promise = _promise(agreement, document)
    if promise is None:
        return f"finds no promise of {document['slo']['name']} at {document['slo']['site']}"
    period = Period(starts_at=document["period"][0], ends_at=document["period"][1])
    claim = _terms_objection(document, agreement, promise, period)
    if claim is not None:
        return claim
    claimed = _claimed(document, promise)
    read = read_slots(promise.slo, [promise.site], with_neighbours(period, promise.slo), source)
    own = arranged(promise.slo, promise.site, period, read)
    return (
        _slot_objection(claimed.slots, own.slots, agreement.tolerance_slots)
        or _verdict_objection(document, promise, claimed, own)
        or _price_objection(document, agreement, promise, own)
    )


def reported_counts(document: Document) -> tuple[int, int, str]:
    """Good, valid and root, as the report of this document must carry them."""
    claimed = {name: int(count) for name, count in document["attainment"].items()}
    good = claimed["good"] + claimed["unknown"]
    return good, good + claimed["bad"], document["slot_root"]


def attested_report(document: Document) -> tuple[ChainIdentity, Report]:
    """The one report of a reviewed document, and the contract it is for: what may be signed and nothing else."""
    good, valid, root = reported_counts(document)
    report = Report(
        agreement_id=document["agreement"]["id"],
        slo_id=slo_id(f"{document['slo']['name']}/{document['slo']['site']}"),
        period=Period(starts_at=document["period"][0], ends_at=document["period"][1]),
        good=good,
        valid=valid,
        evidence_root=root,
        leaf_count=len(document["slots"]),
        document_hash=digest(document),
    )
    return ChainIdentity(chain_id=document["chain"]["chain_id"], contract=document["chain"]["contract"]), report


def _promise(agreement: Agreement, document: Document) -> Promise | None:
    wanted = (document["slo"]["name"], document["slo"]["site"])
    return next((one for one in agreement.promises if (one.slo.name, one.site) == wanted), None)


def _terms_objection(document: Document, agreement: Agreement, promise: Promise, period: Period) -> str | None:
    """A proposer chooses neither the period nor the rules: a bad minute alone would be a breach of anything."""
    if period.starts_at < agreement.starts_at or agreement.window.period_at(period.starts_at) != period:
        return f"finds no period of this agreement at {period}"
    if document["agreement"] != agreement_terms(agreement, promise):
        return "finds fee, cap or bands in the document that are not those of its own terms"
    if document["slo"] != slo_terms(promise, document["slo"]["observer"]):
        return f"holds another spec of {promise.slo.name}"
    return _identity_objection(document, agreement, promise, period)


def _identity_objection(document: Document, agreement: Agreement, promise: Promise, period: Period) -> str | None:
    """What is signed is the whole document: a name or an exclusion that nobody recounts would be signed with it."""
    chain = ChainIdentity(chain_id=document["chain"]["chain_id"], contract=document["chain"]["contract"])
    identity = settlement_id(chain, agreement.id, slo_id(promise.label), period)
    if document["settlement_id"] != identity:
        return f"names this settlement {identity}, not {document['settlement_id']}"
    if document["format"] != FORMAT:
        return f"reads {FORMAT}, not {document['format']}"
    if document["exclusions"]:
        return "knows of no exclusion"
    return None


_COUNTS = (
    "good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen",
)  # fmt: skip


def _claimed(document: Document, promise: Promise) -> PeriodSlots:
    slots = [_slot(promise, row) for row in document["slots"]]
    settled, good, bad, hidden = (int(one) for one in document["edges"])
    inner = edges(slots[0] if slots else None, None, slots[-1] if slots else None, None)
    outer = Edges(
        over_good=inner.over_good,
        over_bad=inner.over_bad,
        settling=inner.settling,
        settled=settled,
        after_good=good,
        after_bad=bad,
        after_hidden=hidden,
    )
    return PeriodSlots(slots=slots, edges=outer)


def _slot(promise: Promise, row: list[int | str]) -> Slot:
    start, *numbers = (int(value) for value in row[:-1])
    counts: dict[str, Any] = dict(zip(_COUNTS, numbers, strict=True))
    return Slot(slo=promise.slo.name, site=promise.site, starts_at=start, state=SlotState(str(row[-1])), **counts)


def _slot_objection(claimed: list[Slot], own: list[Slot], tolerance: int) -> str | None:
    if [slot.starts_at for slot in claimed] != [slot.starts_at for slot in own]:
        return f"expects {len(own)} slots in a row, finds {len(claimed)} or gaps"
    differing = [mine.starts_at for mine, theirs in zip(own, claimed, strict=True) if mine.state is not theirs.state]
    if len(differing) > tolerance:
        return f"counts {len(differing)} slots otherwise, tolerates {tolerance}; the first is {rfc3339(differing[0])}"
    return None


def _verdict_objection(document: Document, promise: Promise, claimed: PeriodSlots, own: PeriodSlots) -> str | None:
    attained = claimed.attainment(promise.slo)
    sums = {"good": exact(attained.good), "bad": exact(attained.bad), "unknown": exact(attained.unknown)}
    if document["attainment"] != sums:
        return "adds these slots up otherwise"
    if slot_root(claimed.slots) != document["slot_root"]:
        return "finds another root over these slots"
    mine = judge(promise.slo, own.attainment(promise.slo))
    if mine.value != document["verdict"]:
        return f"judges {mine}, not {document['verdict']}"
    return None


def _price_objection(document: Document, agreement: Agreement, promise: Promise, own: PeriodSlots) -> str | None:
    good, valid, _ = reported_counts(document)
    share_ppm = credit_ppm(good, valid, promise.bands)
    amount_minor = share_floor(agreement.fee_minor, share_ppm)
    if document["credit"] != {"credit_ppm": share_ppm, "credit_minor": amount_minor}:
        return f"prices these counts at {amount_minor} minor units, not {document['credit']['credit_minor']}"
    counted = own.attainment(promise.slo)
    mine_ppm = credit_ppm(counted.high_good, counted.base, promise.bands)
    if mine_ppm != share_ppm:  # equal states may hide other counts, and counts choose the band
        return f"owes {mine_ppm} ppm of the fee by its own counts, not {share_ppm}"
    return None
