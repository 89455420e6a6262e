"""assess: a breach under an agreement becomes a penalty with its evidence.

The evidence is archived first and the penalty stored with its settlement in one transaction, so a crash in between leaves
a document nobody points at, never a penalty without proof. A later revision of the verdict is priced anew, as one more row: at once while
nothing was reported, and once it is final as a restatement, which attestors sign and parties may dispute like a report. A period that is no
breach any more has its settlement withdrawn, or is restated as met. Of one that nobody can tell any more a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.panel import Panel, PanelOf
from sankofa_observe.ports import Clock, EvidenceArchive, Ledger, StateChange, ToAssess
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import Origin
from sankofa_observe.sla.overlay import of_observers
from sankofa_observe.sla.penalty import Penalty, VerdictRecord, price
from sankofa_observe.sla.settlement import PRICEABLE, ChainIdentity, SettlementState
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A breach has a price and its proof."""

    penalty: Penalty
    replaces: Penalty | None = None  # the price in whose place it stands

    def __str__(self) -> str:
        one = self.penalty
        before = f" instead of {self.replaces.amount}" if self.replaces else ""
        return f"{one.slo} at {one.site}, {one.period}: {one.amount} owed{before}, settlement {one.settlement_id}"


@dataclass(frozen=True, kw_only=True)
class PriceWithdrawn:
    """An assessed period that is no breach any more, and was not reported: nothing is owed for it."""

    record: VerdictRecord
    settlement_id: str

    def __str__(self) -> str:
        one = self.record
        return f"{one.slo} at {one.site}, {one.period}: {one.verdict} in revision {one.revision}, settlement {self.settlement_id} is withdrawn"


@dataclass(frozen=True, kw_only=True)
class RestatedLater:
    """A period whose verdict was revised, and whose settlement is still on its way, or cannot be priced any more."""

    record: VerdictRecord
    settlement_id: str
    why: str

    def __str__(self) -> str:
        one = self.record
        return f"{one.slo} at {one.site}, {one.period}: revision {one.revision} differs from settlement {self.settlement_id}, {self.why}"


def assess(
    versions: Sequence[Agreement],
    *,
    panel_of: PanelOf,
    ledger: Ledger,
    archive: EvidenceArchive,
    chain: ChainIdentity,
    origin: Origin,
    clock: Clock,
) -> Iterator[Assessed | PriceWithdrawn | RestatedLater]:
    """Price every breach of an agreement that has no penalty yet, or one of an earlier revision that was not reported.

    Each by the version that judged it.
    """
    promised = {
        (one.version, promise.slo.name, promise.site): (one, promise) for one in versions for promise in one.promises
    }
    unpriced = []
    later: list[InvariantBroken | Unavailable] = []  # what holds up no other of this agreement
    for asked in ledger.to_assess(versions[0].id):
        record = asked.record
        if asked.penalty and (why := _restated_later(asked)):
            yield RestatedLater(record=record, settlement_id=asked.penalty.settlement_id, why=why)
            continue
        if asked.penalty and record.verdict is not Verdict.BREACH and not asked.on_chain:
            detail = f"verdict {record.ref} is {record.verdict}"
            change = StateChange(state=SettlementState.WITHDRAWN, at=clock.now(), detail=detail)
            try:
                ledger.add_state(asked.penalty.settlement_id, change)
            except (InvariantBroken, Unavailable) as error:  # it is on its way by now: told last
                later.append(error)
                continue
            ledger.end_wait("settlement", asked.penalty.settlement_id, clock.now())
            yield PriceWithdrawn(record=record, settlement_id=asked.penalty.settlement_id)
            continue
        agreement, promise = promised.get((record.agreement_version, record.slo, record.site), (None, None))
        if agreement is None or promise is None or promise.slo.digest != record.spec_digest:
            # Told last, so that it holds up nobody else's.
            unpriced.append(f"{record.slo}/{record.site} {record.period} by version {record.agreement_version}")
            continue
        seen = _seen(promise, record, panel_of(agreement.observers))
        penalty, document = price(
            agreement=agreement,
            promise=promise,
            record=record,
            seen=seen,
            chain=chain,
            engine=origin.engine,
            observer=origin.observers(agreement.observers),
            assessed_at=clock.now(),
        )
        archive.put(document)
        try:
            ledger.add_penalty(penalty)
        except (InvariantBroken, Unavailable) as error:  # it is on its way by now: told last
            later.append(error)
            continue
        yield Assessed(penalty=penalty, replaces=asked.penalty)
    if unpriced:
        raise InvariantBroken(
            f"agreement {versions[0].name} no longer promises {', '.join(unpriced)}, a breach that has no penalty yet; "
            "restore the terms it was judged by and assess again"
        )
    if later:
        raise next((one for one in later if isinstance(one, InvariantBroken)), later[0])


def _restated_later(asked: ToAssess) -> str:
    """Why a revised verdict is not priced now, or nothing."""
    if asked.state is SettlementState.CLOSED:
        return "which a person settled elsewhere; have it priced and reported all the same: sankofa-observe settlements release"
    if asked.state not in PRICEABLE:
        return f"which is {asked.state}: it is restated once that is over"
    if asked.on_chain and asked.record.verdict is Verdict.UNDETERMINED:
        return "which stands: nobody can tell any more, and a person decides (sankofa-observe verdicts settle)"
    return ""


def _seen(promise: Promise, record: VerdictRecord, panel: Panel) -> tuple[Seen, ...]:
    slo, site, period = promise.slo, promise.site, record.period
    seen = panel.seen(slo, site, period)
    attained = of_observers(slo, panel.quorum, seen, record.overlay)
    if attained != record.attainment or panel.draw(slo, [site], period)[site].digest != record.slots_digest:
        raise Unavailable(
            f"{promise.label} {period}: its slots have changed since revision {record.revision} was judged; it is judged again "
            "in the next turn, or by sankofa-observe evaluate"
        )
    return seen
