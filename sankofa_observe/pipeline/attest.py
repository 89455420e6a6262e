"""attest: a second pair of eyes recounts a period and says what it objects to.

It trusts nothing of the proposer but the claim: terms come from its own copy of the agreement, slots from its own samples, exclusions
from what it was told of them itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sankofa_observe.errors import Unusable
from sankofa_observe.pipeline.period import PeriodSlots, arranged, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import KnownExclusions, SampleSource
from sankofa_observe.sla.agreement import Agreement, Promise, version_id
from sankofa_observe.sla.evidence import (
    Evidence,
    Identity,
    agreed_terms,
    counting_rules,
    day_leaf,
    period_root,
    row_of,
    seen_of,
)
from sankofa_observe.sla.exclusion import overlay_of
from sankofa_observe.sla.overlay import Overlay, of_observers, reach_seconds
from sankofa_observe.sla.schedule import credit_ppm
from sankofa_observe.sla.settlement import settlement_id
from sankofa_observe.slo.observers import Seen, merged
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.verdict import judge
from sankofa_observe.units import Period, rfc3339, share_floor


def objection(
    document: Evidence,
    *,
    agreements: Mapping[str, Agreement],
    source: SampleSource,
    exclusions: KnownExclusions,
    since_at: Mapping[str, int],
) -> str | None:
    """Why these numbers should not be signed, or None; `Unavailable` when the attestor cannot tell.

    `agreements` are versions by their `version_id`; `since_at` is when each site was deployed, by the attestor's own fleet file.
    """
    identity = document.identity
    newest_at = source.newest_at()
    _need_samples(newest_at, identity.period.ends_at)
    agreement = agreements.get(version_id(identity.row.agreement_id, identity.agreement.version))
    if agreement is None or agreement.terms_hash != identity.agreement.terms_hash:
        return "holds other terms for this agreement"
    promise = _promise(agreement, identity)
    if promise is None:
        return f"finds no promise of {identity.slo.name} at {identity.slo.site}"
    whole = with_neighbours(identity.period, promise.slo)
    _need_samples(newest_at, max(whole.ends_at, identity.period.ends_at + agreement.grace_seconds))
    since = identity.period.starts_at - reach_seconds(promise.slo)
    known = exclusions.exclusions_in(Period(starts_at=since, ends_at=identity.period.ends_at))
    overlay = overlay_of(agreement, promise, identity.period, known, since_at.get(promise.site))
    claim = _terms_objection(identity, agreement, promise) or _overlay_objection(identity.overlay, overlay)
    if claim is not None:
        return claim
    try:
        claimed = seen_of(document)
    except ValueError as error:
        return f"finds a row that is no slot: {error}"
    read = read_slots(promise.slo, [promise.site], whole, source)
    own = arranged(promise.slo, promise.site, identity.period, read)
    return (
        _slot_objection(merged(identity.observers, claimed), own.slots, agreement.tolerance_slots)
        or _verdict_objection(document, promise, claimed, own)
        or _price_objection(identity, agreement, promise, own)
    )


def papers(
    identity: Identity,
    *,
    agreements: Mapping[str, Agreement],
    exclusions: KnownExclusions,
    since_at: Mapping[str, int],
) -> str:
    """A digest of what is known here beside samples, as far as an objection to this document may lean on it.

    Whoever objected for want of an approval, or by an older copy of the specs, looks again once that is another one.
    """
    agreement = agreements.get(version_id(identity.row.agreement_id, identity.agreement.version))
    promise = None if agreement is None else _promise(agreement, identity)
    reach = 0 if promise is None else reach_seconds(promise.slo)
    since = identity.period.starts_at - reach
    known = exclusions.exclusions_in(Period(starts_at=since, ends_at=identity.period.ends_at))
    told = (
        agreement and agreement.terms_hash,
        promise and promise.slo.digest,
        since_at.get(identity.slo.site),
        sorted(map(repr, known)),
    )
    return "0x" + hashlib.sha256(repr(told).encode()).hexdigest()


def _need_samples(newest_at: int, until: int) -> None:
    """A period whose end its own samples have not passed is nothing to agree or object to."""
    if newest_at < until:
        raise Unusable(
            f"its own Prometheus has samples up to {rfc3339(newest_at)}, and needs some from {rfc3339(until)} on; asked again"
        )


def _promise(agreement: Agreement, identity: Identity) -> Promise | None:
    wanted = (identity.slo.name, identity.slo.site)
    return next((one for one in agreement.promises if (one.slo.name, one.site) == wanted), None)


def _terms_objection(identity: Identity, agreement: Agreement, promise: Promise) -> str | None:
    """A proposer chooses neither the period nor the rules: a bad minute alone would be a breach of anything."""
    period = identity.period
    if not agreement.covers(period.starts_at) or agreement.window.period_at(period.starts_at) != period:
        return f"finds no period of version {agreement.version} of this agreement at {period}"
    if identity.agreement != agreed_terms(agreement, promise):
        return "finds fee, cap or bands in the document that are not those of its own terms"
    if identity.observers != agreement.observers:
        own, claimed = (str(quorum) or "one" for quorum in (agreement.observers, identity.observers))
        return f"holds terms by which it is observed by {own}, not by {claimed}"
    if identity.slo != counting_rules(promise):
        return f"holds another spec of {promise.slo.name}"
    return _row_objection(identity, agreement, promise)


def _row_objection(identity: Identity, agreement: Agreement, promise: Promise) -> str | None:
    """The contract knows a period and a promise by their numbers alone."""
    if identity.calendar != agreement.calendar:
        return f"holds terms of calendar {agreement.calendar.id}, not {identity.calendar.id}"
    row = row_of(agreement, promise, identity.period)
    if identity.row != row:
        return f"knows it as period {row.period_index} and SLO {row.slo_index}, not {identity.row.period_index} and {identity.row.slo_index}"
    own = settlement_id(identity.chain, row.agreement_id, row.period_index, row.slo_index)
    if identity.settlement_id != own:
        return f"names this settlement {own}, not {identity.settlement_id}"
    return None


def _overlay_objection(claimed: Overlay, own: Overlay) -> str | None:
    """A proposer excludes nothing by itself: each one was proposed and approved, and known here before."""
    if claimed.excluded_slots is not own.excluded_slots:
        return f"holds terms by which an excluded slot {own.excluded_slots}, not {claimed.excluded_slots}"
    if claimed.since_at != own.since_at:
        return f"finds the site deployed at second {own.since_at} of its own fleet file, not {claimed.since_at}"
    for what, these, others in (("knows no approval of", claimed, own), ("misses", own, claimed)):
        for one in sorted(set(these.applied) - set(others.applied)):
            stretch = Period(starts_at=one.starts_at, ends_at=one.ends_at)
            return f"{what} exclusion {one.exclusion_id} over {stretch}"
    return None


def _slot_objection(claimed: Sequence[Slot], own: Sequence[Slot], tolerance: int) -> str | None:
    if [slot.starts_at for slot in claimed] != [slot.starts_at for slot in own]:
        return f"expects {len(own)} slots in a row, finds {len(claimed)} or gaps"
    differing = [mine.starts_at for mine, theirs in zip(own, claimed, strict=True) if mine.state is not theirs.state]
    if len(differing) > tolerance:
        return f"counts {len(differing)} slots otherwise, tolerates {tolerance}; the first is {rfc3339(differing[0])}"
    return None


def _verdict_objection(document: Evidence, promise: Promise, claimed: Sequence[Seen], own: PeriodSlots) -> str | None:
    identity = document.identity
    attained = of_observers(promise.slo, identity.observers, claimed, identity.overlay)
    if (identity.good, identity.bad, identity.unknown) != (attained.good, attained.bad, attained.unknown):
        return "adds these slots up otherwise"
    if identity.days != tuple(map(day_leaf, document.days)) or identity.root != period_root(identity):
        return "finds another root over these slots"
    mine = judge(promise.slo, own.attainment(promise.slo, identity.overlay))
    if mine.value != identity.verdict:
        return f"judges {mine}, not {identity.verdict}"
    return None


def _price_objection(identity: Identity, agreement: Agreement, promise: Promise, own: PeriodSlots) -> str | None:
    share_ppm = credit_ppm(identity.high_good, identity.base, promise.bands)
    amount_minor = share_floor(agreement.fee_minor, share_ppm)
    if (identity.credit_ppm, identity.credit_minor) != (share_ppm, amount_minor):
        return f"prices these counts at {amount_minor} minor units, not {identity.credit_minor}"
    counted = own.attainment(promise.slo, identity.overlay)
    mine_ppm = credit_ppm(counted.high_good, counted.base, promise.bands)
    if mine_ppm != share_ppm:  # equal states may hide other counts, and counts choose the band
        return f"owes {mine_ppm} ppm of the fee by its own counts, not {share_ppm}"
    return None
