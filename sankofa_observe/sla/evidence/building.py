"""From slots to a document: what was agreed, by which rules it was counted, and each day with its leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence.document import (
    AgreedTerms,
    CountingRules,
    Day,
    EdgeCounts,
    Evidence,
    Identity,
    Json,
    Provenance,
    RowName,
)
from sankofa_observe.sla.evidence.form import exact
from sankofa_observe.sla.evidence.tree import day_leaf, period_root
from sankofa_observe.sla.overlay import Overlay
from sankofa_observe.sla.schedule import credit_ppm
from sankofa_observe.sla.settlement import ChainIdentity, settlement_id
from sankofa_observe.slo.indicator import (
    CompositeIndicator,
    LevelIndicator,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    Rule,
    StateIndicator,
    for_sites,
)
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.outage import slots_to_fill
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, ROW_COUNTS, Edges, edges, row_text
from sankofa_observe.slo.verdict import Attainment, judge
from sankofa_observe.units import Period, share_floor


def evidence_of(
    *,
    agreement: Agreement,
    promise: Promise,
    period: Period,
    seen: Sequence[Seen],
    attainment: Attainment,
    chain: ChainIdentity,
    provenance: Provenance,
    overlay: Overlay,
) -> Evidence:
    """The evidence of one period from what each observer counted; `attainment` is that of all of it under the overlay.

    Raises:
        InvalidInput: the agreement's calendar has no such period.
    """
    days = tuple(day for each in seen for day in _days(each.slots))
    share_ppm = credit_ppm(attainment.high_good, attainment.base, promise.bands)
    row = row_of(agreement, promise, period)
    identity = Identity(
        settlement_id=settlement_id(chain, row.agreement_id, row.period_index, row.slo_index),
        chain=replace(chain, contract=chain.contract.lower()),
        row=row,
        calendar=agreement.calendar,
        agreement=agreed_terms(agreement, promise),
        slo=counting_rules(promise),
        period=period,
        observers=agreement.observers,
        days=tuple(day_leaf(day) for day in days),
        root="",
        edges=tuple(_outside(each.edges) for each in seen),
        overlay=overlay,
        good=attainment.good,
        bad=attainment.bad,
        unknown=attainment.unknown,
        verdict=judge(promise.slo, attainment).value,
        credit_ppm=share_ppm,
        credit_minor=share_floor(agreement.fee_minor, share_ppm),
    )
    return Evidence(identity=replace(identity, root=period_root(identity)), days=days, provenance=provenance)


def _outside(edges: Edges) -> EdgeCounts:
    return EdgeCounts(
        settled=edges.settled,
        after_good=edges.after_good,
        after_bad=edges.after_bad,
        after_hidden=edges.after_hidden,
    )


def _days(slots: Sequence[Slot]) -> Iterator[Day]:
    for day, group in groupby(slots, key=lambda slot: slot.starts_at // DAY_SECONDS):
        own = list(group)
        # Every slot that is not GOOD, and no other: a GOOD one speaks for itself.
        proven = [slot for slot in own if slot.state is not SlotState.GOOD]
        yield Day(
            day=day,
            rows=tuple(map(row_text, own)),
            proofs=tuple((slot.starts_at, _plain(slot.proof)) for slot in proven),
        )


def _plain(value: Any) -> Json:
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return exact(value) if isinstance(value, int) else value


def seen_of(evidence: Evidence) -> tuple[Seen, ...]:
    """What each observer counted, by the document, without the proofs.

    Raises:
        ValueError: a row that is no slot.
    """
    identity, found = evidence.identity, []
    for n, outside in enumerate(identity.edges):
        slots = [_slot(identity.slo.name, identity.slo.site, row) for day in evidence.days_of(n) for row in day.rows]
        first, last = (slots[0], slots[-1]) if slots else (None, None)
        inner = edges(first, None, last, None)
        found.append(Seen(slots=slots, edges=replace(inner, **vars(outside))))
    return tuple(found)


def _slot(slo: str, site: str, row: str) -> Slot:
    start, *counts, state = row.split(",")
    numbers: dict[str, Any] = dict(zip(ROW_COUNTS, map(int, counts), strict=True))
    slot = Slot(slo=slo, site=site, starts_at=int(start), state=SlotState(state), **numbers)
    if row_text(slot) != row:
        raise ValueError(f"{row!r} is another way to write {row_text(slot)!r}")
    return slot


def row_of(agreement: Agreement, promise: Promise, period: Period) -> RowName:
    return RowName(
        agreement_id=agreement.key,
        period_index=agreement.calendar.index_of(period),
        slo_index=agreement.slo_index(promise),
    )


def agreed_terms(agreement: Agreement, promise: Promise) -> AgreedTerms:
    return AgreedTerms(
        version=agreement.version,
        terms_hash=agreement.terms_hash,
        fee_minor=agreement.fee_minor,
        currency=agreement.currency,
        exponent=agreement.exponent,
        cap_ppm=agreement.cap_ppm,
        bands=tuple((band.below_ppm, band.credit_ppm) for band in promise.bands),
    )


_COUNTED = {
    RatioIndicator: "events",
    CompositeIndicator: "parts",
    OutageIndicator: "outages",
    MembersIndicator: "members",
}


def counting_rules(promise: Promise) -> CountingRules:
    slo = promise.slo
    return CountingRules(
        name=slo.name,
        site=promise.site,
        spec_digest=slo.digest,
        target_ppm=slo.target_ppm,
        budgeting=slo.budgeting.value,
        no_traffic=slo.no_traffic.value,
        counted=_COUNTED.get(type(slo.indicator), "states"),
        slot_seconds=slo.slot.seconds,
        slot_expected=slo.slot.expected,
        slot_target_ppm=slo.slot.target_ppm,
        scrape_seconds=slo.slot.scrape_seconds,
        settles_seconds=slo.slot.settles_seconds,
        counts_bad=int(isinstance(slo.indicator, RatioIndicator) and slo.indicator.counts_bad),
        combine=_combine(slo),
    )


def queries_of(promise: Promise) -> tuple[str, ...]:
    """The selectors that are read for a promise's site."""
    return tuple(for_sites(selector, [promise.site]) for selector in promise.slo.indicator.selectors())


def _combine(slo: Slo) -> str:
    """How the sources of a site, the parts of a composite or the members of a place make one state."""
    match slo.indicator:
        case StateIndicator() | LevelIndicator() as gauge:
            return (
                f"atLeast {gauge.combine.at_least}" if gauge.combine.rule is Rule.AT_LEAST else gauge.combine.rule.value
            )
        case CompositeIndicator() as composite:
            weights = ",".join(f"{name}={weight}" for name, weight in sorted(composite.weights.items()))
            return f"{composite.wanted_ppm} {weights}"
        case OutageIndicator() as outage:
            return f"{slots_to_fill(outage.limit_seconds, slo.slot.seconds)} {outage.of}"
        case MembersIndicator() as members:
            return ",".join(f"{role}={needed + members.spare}" for role, needed in sorted(members.at_least.items()))
        case RatioIndicator():
            return ""
