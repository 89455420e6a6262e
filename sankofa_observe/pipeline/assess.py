"""assess: a breach under an agreement becomes a penalty with its evidence.

The evidence is archived first and the penalty stored with its settlement in one transaction, so a crash in between leaves
a document nobody points at, never a penalty without proof. A breach is assessed once; a later revision that changes an
assessed period is handed to a person, because restating a settlement is an act of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.period import PeriodSlots, period_slots, period_totals
from sankofa_observe.ports import Clock, EvidenceArchive, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import Origin
from sankofa_observe.sla.penalty import Penalty, VerdictRecord, price
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.units import Money


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A breach has a price and its proof."""

    penalty: Penalty

    def __str__(self) -> str:
        one = self.penalty
        owed = Money(amount_minor=one.credit_minor, currency=one.currency, exponent=one.exponent)
        return f"{one.slo} at {one.site}, {one.period}: {owed} owed, settlement {one.settlement_id}"


@dataclass(frozen=True, kw_only=True)
class NeedsRestatement:
    """An assessed period whose verdict was revised since."""

    record: VerdictRecord
    settlement_id: str

    def __str__(self) -> str:
        one = self.record
        return f"{one.slo} at {one.site}, {one.period}: revision {one.revision} differs from settlement {self.settlement_id}"


def assess(
    agreement: Agreement,
    *,
    table: SlotTable,
    ledger: Ledger,
    archive: EvidenceArchive,
    chain: ChainIdentity,
    origin: Origin,
    clock: Clock,
) -> Iterator[Assessed | NeedsRestatement]:
    """Price every breach of the agreement that has no penalty yet."""
    promises = {(promise.slo.name, promise.site): promise for promise in agreement.promises}
    unpriced = []
    for asked in ledger.to_assess(agreement.id):
        record = asked.record
        if asked.penalty:
            yield NeedsRestatement(record=record, settlement_id=asked.penalty.settlement_id)
        else:
            promise = promises.get((record.slo, record.site))
            if (
                promise is None or promise.slo.digest != record.spec_digest
            ):  # told last, so that it holds up nobody else's
                unpriced.append(f"{record.slo}/{record.site} {record.period}")
                continue
            judged = _judged(promise, record, table)
            penalty, document = price(
                agreement=agreement,
                promise=promise,
                record=record,
                slots=judged.slots,
                edges=judged.edges,
                chain=chain,
                engine=origin.engine,
                observer=origin.observer,
                assessed_at=clock.now(),
            )
            archive.put(document)
            ledger.add_penalty(penalty)
            yield Assessed(penalty=penalty)
    if unpriced:
        raise InvariantBroken(
            f"agreement {agreement.name} no longer promises {', '.join(unpriced)}, a breach that has no penalty yet; "
            "restore the terms it was judged by and assess again"
        )


def _judged(promise: Promise, record: VerdictRecord, table: SlotTable) -> PeriodSlots:
    found = period_slots(promise.slo, promise.site, record.period, table)
    attained = found.attainment(promise.slo, record.overlay)
    if attained != record.attainment or _digest(promise, record, table) != record.slots_digest:
        raise Unavailable(
            f"{promise.label} {record.period}: its slots have changed since revision {record.revision} was judged; it is judged again "
            "in the next turn, or by sankofa-observe evaluate"
        )
    return found


def _digest(promise: Promise, record: VerdictRecord, table: SlotTable) -> str:
    return period_totals(promise.slo, [promise.site], record.period, table)[promise.site].digest
