"""Values of the core for tests: one agreement, its periods, and breaches priced by the engine itself.

Small on purpose: a period is ten slots of a minute, a slot is four scrapes. What differs in a test stands in the test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from sankofa_observe.ports import Ledger, Person, PersonKind
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Evidence, Provenance, evidence_of
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionState
from sankofa_observe.sla.incident import Incident, IncidentState
from sankofa_observe.sla.overlay import Overlay, of_slots
from sankofa_observe.sla.penalty import Penalty, VerdictRecord, price
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.sla.schedule import CreditBand
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.sla.terms import with_terms
from sankofa_observe.slo.indicator import StateIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, Edges, site_days, span, total
from sankofa_observe.slo.totals import digest_of as totals_digest
from sankofa_observe.slo.verdict import AttainmentRecord, attain, judge
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.units import Money, Period, share_floor

START = 1_767_225_600  # 2026-01-01T00:00:00Z
SLOT_SECONDS, SLOTS = 60, 10
PERIOD_SECONDS = SLOT_SECONDS * SLOTS
CHAIN = ChainIdentity(chain_id=31337, contract="0x" + "c0" * 20)
FEE_MINOR, CREDIT_PPM = 125_000, 400_000
CREDIT_MINOR = 50_000  # 40 % of the fee: one bad slot of ten is the deepest band


def digest_of(text: str) -> str:
    """A well-formed 32-byte id that is a function of a word."""
    return "0x" + hashlib.sha256(text.encode()).hexdigest()


def slo(name: str = "availability-edge", **changes: Any) -> Slo:
    made = Slo(
        name=name,
        tier="edge",
        indicator=StateIndicator(up="sankofa_pve_up", known="sankofa_pve_known"),
        target_ppm=995_000,
        budgeting=Budgeting.TIMESLICES,
        window=FixedWindow(seconds=PERIOD_SECONDS, anchor_at=START),
        slot=SlotRule(seconds=SLOT_SECONDS, scrape_seconds=15),
        digest=digest_of(f"spec of {name}"),
    )
    return replace(made, **changes)


def agreement(name: str = "acme-edge", *, tenant: str = "acme", site: str = "edge-1", **changes: Any) -> Agreement:
    bands = tuple(
        CreditBand(below_ppm=below, credit_ppm=credit)
        for below, credit in ((995_000, 100_000), (990_000, 250_000), (950_000, CREDIT_PPM))
    )
    made = Agreement(
        id=digest_of(f"agreement {name}"),
        name=name,
        version=1,
        tenant=tenant,
        tenant_account="0x" + "22" * 20,
        provider_account="0x" + "11" * 20,
        currency="USD",
        exponent=2,
        fee_minor=FEE_MINOR,
        cap_ppm=500_000,
        starts_at=START,
        grace_seconds=0,
        dispute_window_seconds=100,
        dispute_window_blocks=2,
        tolerance_slots=0,
        promises=(Promise(slo=slo(), site=site, bands=bands),),
    )
    made = with_terms(made, salt="0x" + "5a" * 32)
    return replace(made, **changes)


def period(index: int = 0) -> Period:
    """The nth period of the window."""
    return Period(starts_at=START + index * PERIOD_SECONDS, ends_at=START + (index + 1) * PERIOD_SECONDS)


def period_of(of: Agreement, index: int) -> Period:
    """The nth period of an agreement, counted from the first of its first version."""
    began_at = of.starts_at if of.began_at is None else of.began_at
    return period((began_at - START) // PERIOD_SECONDS + index)


def slot(at: int, state: SlotState = SlotState.GOOD, *, site: str = "edge-1", **changes: Any) -> Slot:
    """A slot of four scrapes: all up when GOOD, one down when BAD, none seen when UNKNOWN."""
    seen = 0 if state is SlotState.UNKNOWN else 4
    down = 1 if state is SlotState.BAD else 0
    built = Slot(
        slo="availability-edge",
        site=site,
        starts_at=at,
        good=seen - down,
        bad=down,
        hidden=4 - seen,
        expected=4,
        seen=seen,
        samples=2 * seen,
        state=state,
        reasons=() if seen else ("not seen",),
        proof=() if state is SlotState.GOOD else _proof(at, seen, down),
    )
    return replace(built, **changes)


def _proof(at: int, seen: int, down: int) -> tuple[object, ...]:
    return (("sankofa-proxmox/pve", tuple(((at + 15 * n) * 1000, 0 if n < down else 1) for n in range(seen))),)


def slots_of(index: int = 0, *, bad: int = 1, site: str = "edge-1") -> list[Slot]:
    """A period whose first `bad` slots are BAD."""
    return slots_in(period(index), bad=bad, site=site)


def slots_in(of: Period, *, bad: int = 1, site: str = "edge-1") -> list[Slot]:
    start = of.starts_at
    return [
        slot(start + n * SLOT_SECONDS, SlotState.BAD if n < bad else SlotState.GOOD, site=site) for n in range(SLOTS)
    ]


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One breached period, judged and priced."""

    record: VerdictRecord
    penalty: Penalty
    document: Evidence


def digest_of_slots(slots: list[Slot]) -> str:
    """As a verdict names the slots that it was drawn from."""
    return totals_digest([span(site_days(slots)).lines, repr(Edges())])


def verdict(of: Agreement, index: int = 0, *, bad: int = 1, revision: int = 1) -> VerdictRecord:
    promise = of.promises[0]
    judged = period_of(of, index)
    slots = slots_in(judged, bad=bad, site=promise.site)
    attained = attain(promise.slo, total(slots))
    return VerdictRecord(
        agreement_id=of.id,
        agreement_version=of.version,
        tenant=of.tenant,
        slo=promise.slo.name,
        site=promise.site,
        period=judged,
        revision=revision,
        verdict=judge(promise.slo, attained),
        attainment=attained,
        attainment_revision=1,
        target_ppm=promise.slo.target_ppm,
        spec_digest=promise.slo.digest,
        slots_digest=digest_of_slots(slots),
        slot_count=len(slots),
        at_stake=of.money(0),
        cap_minor=share_floor(of.fee_minor, of.cap_ppm),
        judged_at=judged.ends_at + 60,
    )


def attainment(of: Agreement, index: int = 0, *, bad: int = 1, revision: int = 1) -> AttainmentRecord:
    """That `verdict` of the same numbers is judged from."""
    judged = verdict(of, index, bad=bad)
    days = site_days(slots_in(judged.period, bad=bad, site=judged.site))
    return AttainmentRecord(
        slo=judged.slo,
        site=judged.site,
        period=judged.period,
        revision=revision,
        attainment=judged.attainment,
        slot_count=judged.slot_count,
        samples=sum(one.samples for one in slots_in(judged.period, bad=bad, site=judged.site)),
        slots_digest=judged.slots_digest,
        spec_digest=judged.spec_digest,
        days={day.day * DAY_SECONDS: day.digest for day in days},
        drawn_at=judged.judged_at,
    )


def breach(of: Agreement, index: int = 0, *, bad: int = 1, chain: ChainIdentity = CHAIN) -> Breach:
    record = verdict(of, index, bad=bad)
    penalty, document = price(
        agreement=of,
        promise=of.promises[0],
        record=record,
        seen=[Seen(slots=slots_in(record.period, bad=bad, site=record.site), edges=Edges())],
        chain=chain,
        engine="sankofa-observe/test",
        observer="observer-1",
        assessed_at=record.judged_at,
    )
    return Breach(record=record, penalty=penalty, document=document)


def evidence(
    slots: list[Slot],
    of: Period,
    *,
    edges: Edges | None = None,
    slot_seconds: int = SLOT_SECONDS,
    overlay: Overlay | None = None,
    **terms: Any,
) -> Evidence:
    """The evidence of any slots over any period."""
    made = agreement(**terms)
    rule = SlotRule(seconds=slot_seconds, scrape_seconds=slot_seconds // 4)
    promise = in_periods_like(of, replace(made.promises[0], slo=slo(slot=rule)))
    return evidence_of(
        agreement=replace(made, promises=(promise,), starts_at=of.starts_at),
        promise=promise,
        period=of,
        seen=[Seen(slots=slots, edges=edges or Edges())],
        attainment=of_slots(promise.slo, slots, edges or Edges(), overlay or Overlay()),
        overlay=overlay or Overlay(),
        chain=CHAIN,
        provenance=Provenance(engine="engine/1", observer="observer-1", queries=(), revision=1, assessed_at=of.ends_at),
    )


def in_periods_like(of: Period, promise: Promise) -> Promise:
    """The promise in a window that has this period."""
    window = FixedWindow(seconds=of.seconds, anchor_at=of.starts_at)
    return replace(promise, slo=replace(promise.slo, window=window))


def exclusion(of: Agreement, begins: str = "2026-01-01T00:00:00", **changes: Any) -> Exclusion:
    """Planned work over the first minute of the first period, announced a week before."""
    schedule = Schedule(zone="UTC", begins=begins, length_seconds=SLOT_SECONDS)
    made = Exclusion(
        plan="3f0c19d2a4b7e581",
        agreement_id=of.id,
        tenant=of.tenant,
        slos=tuple(sorted({one.slo.name for one in of.promises})),
        sites=tuple(sorted({one.site for one in of.promises})),
        schedule=schedule,
        reason="firmware of the switches",
        author="person:amina",
        announced_at=START - 7 * DAY_SECONDS,
    )
    return replace(made, **changes)


APPROVAL = Act(state=ExclusionState.APPROVED, actor="person:kofi", at=START - 6 * DAY_SECONDS, reason="seen")


def incident(site: str = "edge-1", *, minute: int = 0, **changes: Any) -> Incident:
    """A page that a site is down, which began so many minutes after `START`."""
    labels = {"alertname": "SiteDown", "severity": "page", "kind": "cause", "scope": "site", "system": "all"}
    made = Incident(
        fingerprint=hashlib.sha256(site.encode()).hexdigest()[:16],
        begins=f"2026-01-01T00:{minute:02d}:00.123456789Z",
        started_at=START + minute * 60,
        ended_at=None,
        state=IncidentState.FIRING,
        labels=labels | {"tier": "edge", "region": "ke", "site": site},
        annotations={"summary": f"{site} is DOWN: proxmox"},
    )
    return replace(made, **changes)


def credit(of: Agreement, penalty: Penalty, **changes: Any) -> ServiceCredit:
    made = ServiceCredit(
        settlement_id=penalty.settlement_id,
        agreement_id=penalty.agreement_id,
        slo=penalty.slo,
        site=penalty.site,
        period=penalty.period,
        tenant=of.tenant,
        amount=Money(amount_minor=penalty.credit_minor, currency=penalty.currency, exponent=penalty.exponent),
        cut_minor=0,
        revision=1,
        transaction=digest_of(f"transaction of {penalty.settlement_id}"),
        block_number=7,
        granted_at=penalty.assessed_at + 3600,
    )
    return replace(made, **changes)


AMINA, KOFI = "person:aminaaaa", "person:kofiaaaa"
PEOPLE = {
    one: Person(
        id=one, kind=PersonKind.PERSON, name=name, mail=f"{name}@example.org", added_at=START - 30 * DAY_SECONDS
    )
    for one, name in ((AMINA, "amina"), (KOFI, "kofi"))
}


def introduce(ledger: Ledger) -> None:
    """Make the persons who act in tests known to a ledger."""
    for one in PEOPLE.values():
        ledger.acting(one.id).add_person(one, reason="acts by hand")
