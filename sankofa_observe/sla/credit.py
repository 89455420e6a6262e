"""What the tenant is granted: a service credit exists only once its settlement is final."""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_observe.units import Money, Period


@dataclass(frozen=True, kw_only=True)
class ServiceCredit:
    """One grant, as the contract's ledger accrued it; `cut_minor` is what the period's cap took off.

    A restatement is one more, of a later revision: by how much it changes what was granted before, which may be less.
    """

    settlement_id: str
    revision: int  # of the word on chain
    agreement_id: str
    slo: str
    site: str
    period: Period  # for which it is granted
    tenant: str
    amount: Money
    cut_minor: int
    transaction: str
    block_number: int
    granted_at: int

    def __str__(self) -> str:
        return f"{self.amount} granted to {self.tenant} for settlement {self.settlement_id}"
