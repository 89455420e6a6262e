"""credit: a final settlement becomes a service credit, in the amount the contract itself accrued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Ledger, SettlementChain
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.units import Money


def credit(agreements: Mapping[str, Agreement], *, ledger: Ledger, chain: SettlementChain) -> Iterator[ServiceCredit]:
    """Grant every final settlement that has no credit yet; `agreements` is keyed by agreement id."""
    granted = {one.settlement_id for one in ledger.credits()}
    orphans = []
    for record in ledger.settlements(SettlementState.FINAL):
        penalty = record.penalty
        agreement = agreements.get(penalty.agreement_id)
        if penalty.settlement_id in granted:
            continue
        if agreement is None:  # told last, so that it holds up nobody else's
            orphans.append(penalty.settlement_id)
            continue
        final = chain.finalisation(penalty.settlement_id)
        if final is None:  # the node we ask lags behind the one that told us: next run
            continue
        grant = ServiceCredit(
            settlement_id=penalty.settlement_id,
            agreement_id=penalty.agreement_id,
            tenant=agreement.tenant,
            amount=Money(amount_minor=final.credit_minor, currency=penalty.currency, exponent=penalty.exponent),
            cut_minor=final.cut_minor,
            transaction=final.transaction,
            block_number=final.block_number,
            granted_at=final.at,
        )
        ledger.add_credit(grant)
        yield grant
    if orphans:
        raise InvariantBroken(
            f"{', '.join(orphans)}: final, and the specs no longer hold the agreement; restore it, or the credit is not granted"
        )
