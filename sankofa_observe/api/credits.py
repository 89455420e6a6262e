"""Service credits of the caller: each grant, and their sum."""

from __future__ import annotations

from fastapi import APIRouter

from sankofa_observe.api.access import PAGE, After, Caller, Limit, page_of
from sankofa_observe.api.models import Balance, CreditBody, Credits, MoneyBody

router = APIRouter(prefix="/credits", tags=["credits"])


@router.get("", operation_id="list_credits")
def list_credits(caller: Caller, limit: Limit = PAGE, after: After = None) -> Credits:
    """Each service credit that was granted, with its transaction."""
    page = page_of(caller.records.credits, limit, after)
    return Credits(items=[CreditBody.of(one) for one in page.items], next=page.next)


@router.get("/balance", operation_id="get_balance")
def balance(caller: Caller) -> Balance:
    """One sum a currency; sums of different currencies never meet."""
    return Balance(granted=[MoneyBody.of(one) for one in caller.records.balance()])
