"""Service credits of the caller: each grant with what it is for, and their sum."""

from __future__ import annotations

from fastapi import APIRouter

from sankofa_observe.api.access import Caller
from sankofa_observe.api.lists import Paged
from sankofa_observe.api.models import Balance, CreditBody, Credits, MoneyBody

router = APIRouter(prefix="/credits", tags=["credits"])


@router.get("", operation_id="list_credits")
def list_credits(caller: Caller, paging: Paged) -> Credits:
    """Each service credit that was granted: for which promise, site and period, and by which transaction; in the order of granting."""
    return Credits(**paging.of(caller.records.credits, CreditBody.of))


@router.get("/balance", operation_id="get_balance")
def balance(caller: Caller) -> Balance:
    """What was granted so far. One sum a currency; sums of different currencies never meet."""
    return Balance(granted=[MoneyBody.of(one) for one in caller.records.balance()])
