"""credit: a final settlement becomes a service credit, in the amount the contract itself accrued."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Clock, Finalisation, Ledger, SettlementChain, SettlementRecord
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.units import Money


def credit(*, ledger: Ledger, chain: SettlementChain, clock: Clock | None = None) -> Iterator[ServiceCredit]:
    """Grant what the contract accrued for every revision that was final, to the tenant of its record; each once.

    Raises:
        InvariantBroken: told last, of those that cannot be granted: they hold up no other.
    """
    records = ledger.uncredited()
    if not records:
        return
    found = chain.finalisations(frozenset(one.penalty.key for one in records))
    granted = ledger.granted([one.penalty.settlement_id for one in records])
    broken: list[str] = []
    for record in records:
        # Where there is none, the node we ask lags behind the one that told us: next run.
        for final in found.get(record.penalty.key, ()):
            if final.revision in granted.get(record.penalty.settlement_id, ()):
                continue
            grant = _grant(record, final)
            try:
                if ledger.add_credit(grant, clock.now() if clock else None):
                    yield grant
            except InvariantBroken as error:
                broken.append(str(error))
    if broken:
        raise InvariantBroken("; ".join(broken))


def _grant(record: SettlementRecord, final: Finalisation) -> ServiceCredit:
    penalty = record.penalty
    # A ruling may have corrected it, and a restatement changes what others of its period are paid as well.
    as_priced = final.revision == 1
    return ServiceCredit(
        settlement_id=penalty.settlement_id,
        revision=final.revision,
        agreement_id=penalty.agreement_id,
        slo=penalty.slo,
        site=penalty.site,
        period=penalty.period,
        tenant=penalty.tenant,
        amount=Money(amount_minor=final.delta_minor, currency=penalty.currency, exponent=penalty.exponent),
        cut_minor=max(0, penalty.credit_minor - final.delta_minor) if as_priced else 0,
        transaction=final.transaction,
        block_number=final.block_number,
        granted_at=final.at,
    )
