"""credit: a final settlement becomes a service credit, in the amount the contract itself accrued."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_observe.ports import Ledger, SettlementChain
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.units import Money


def credit(*, ledger: Ledger, chain: SettlementChain) -> Iterator[ServiceCredit]:
    """Grant every final settlement that has no credit yet, to the tenant of its record."""
    for record in ledger.uncredited():
        penalty = record.penalty
        found = chain.settlement(penalty.key)
        final = chain.finalisation(penalty.key, found.standing.revision) if found else None
        if found is None or final is None:  # the node we ask lags behind the one that told us: next run
            continue
        as_priced = found.standing.credit_ppm == penalty.credit_ppm  # a ruling may have corrected it
        grant = ServiceCredit(
            settlement_id=penalty.settlement_id,
            agreement_id=penalty.agreement_id,
            tenant=penalty.tenant,
            amount=Money(amount_minor=final.delta_minor, currency=penalty.currency, exponent=penalty.exponent),
            cut_minor=max(0, penalty.credit_minor - final.delta_minor) if as_priced else 0,
            transaction=final.transaction,
            block_number=final.block_number,
            granted_at=final.at,
        )
        ledger.add_credit(grant)
        yield grant
