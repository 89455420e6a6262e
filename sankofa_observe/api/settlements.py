"""Settlements of the caller, with the evidence from which each is recomputed."""

from __future__ import annotations

from fastapi import APIRouter, Response

from sankofa_observe.api.access import PAGE, After, Caller, Hex32, Limit, page_of
from sankofa_observe.api.models import SettlementBody, Settlements
from sankofa_observe.api.problems import MEDIA_TYPE

router = APIRouter(prefix="/settlements", tags=["settlements"])


@router.get("", operation_id="list_settlements")
def settlements(caller: Caller, limit: Limit = PAGE, after: After = None) -> Settlements:
    """Every breach that has a price, and how far it has come: computed, reported, final."""
    page = page_of(caller.records.settlements, limit, after)
    return Settlements(items=[SettlementBody.of(one) for one in page.items], next=page.next)


@router.get("/{settlement_id}", operation_id="get_settlement")
def settlement(settlement_id: Hex32, caller: Caller) -> SettlementBody:
    """One of them, with the time of each state."""
    return SettlementBody.of(caller.settlement(settlement_id))


@router.get(
    "/{settlement_id}/evidence",
    operation_id="get_evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}}, "description": "The canonical document, byte for byte"},
        410: {"content": {MEDIA_TYPE: {}}, "description": "It was removed: the time for which it is kept is over"},
    },
)
def evidence(settlement_id: Hex32, caller: Caller) -> Response:
    """What `sankofa-verify` reads: the SHA-256 of its `identity` is the document hash on chain, and the ETag."""
    digest, raw = caller.evidence(settlement_id)
    headers = {"ETag": f'W/"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(raw, media_type="application/json", headers=headers)
