"""Service credits of the caller: each grant, and their sum."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter

from sankofa_observe.api.access import Caller
from sankofa_observe.api.models import Balance, CreditBody, Credits, MoneyBody

router = APIRouter(prefix="/credits", tags=["credits"])


@router.get("", operation_id="list_credits")
def list_credits(caller: Caller) -> Credits:
    """Each service credit that was granted, with its transaction."""
    return Credits(items=[CreditBody.of(one) for one in caller.credits()])


@router.get("/balance", operation_id="get_balance")
def balance(caller: Caller) -> Balance:
    """One sum a currency; sums of different currencies never meet."""
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for one in caller.credits():
        sums[one.amount.currency, one.amount.exponent] += one.amount.amount_minor
    granted = [
        MoneyBody(amount_minor=total, currency=currency, exponent=exponent)
        for (currency, exponent), total in sorted(sums.items())
    ]
    return Balance(granted=granted)
