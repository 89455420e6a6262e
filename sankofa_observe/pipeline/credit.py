"""credit: a final settlement becomes a service credit, in the amount the contract itself accrued."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_observe.ports import Finalisation, Ledger, SettlementChain, SettlementRecord
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.units import Money


def credit(*, ledger: Ledger, chain: SettlementChain) -> Iterator[ServiceCredit]:
    """Grant what the contract accrued for every settlement that is final, to the tenant of its record; each revision once."""
    records = ledger.uncredited()
    if not records:
        return
    found = chain.finalisations(frozenset(one.penalty.key for one in records))
    for record in records:
        # Where there is none, the node we ask lags behind the one that told us: next run.
        for final in found.get(record.penalty.key, ()):
            grant = _grant(record, final)
            if ledger.add_credit(grant):
                yield grant


def _grant(record: SettlementRecord, final: Finalisation) -> ServiceCredit:
    penalty = record.penalty
    # A ruling may have corrected it, and a restatement changes what others of its period are paid as well.
    as_priced = final.revision == 1
    return ServiceCredit(
        settlement_id=penalty.settlement_id,
        revision=final.revision,
        agreement_id=penalty.agreement_id,
        tenant=penalty.tenant,
        amount=Money(amount_minor=final.delta_minor, currency=penalty.currency, exponent=penalty.exponent),
        cut_minor=max(0, penalty.credit_minor - final.delta_minor) if as_priced else 0,
        transaction=final.transaction,
        block_number=final.block_number,
        granted_at=final.at,
    )
