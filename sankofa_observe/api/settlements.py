"""Settlements of the caller, with the evidence from which each is recomputed."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Response

from sankofa_observe.api import problems
from sankofa_observe.api.access import IMMUTABLE, Caller, Hex32
from sankofa_observe.api.lists import Paged
from sankofa_observe.api.models import SettlementBody, Settlements
from sankofa_observe.api.problems import Cause
from sankofa_observe.sla.settlement import SettlementState

router = APIRouter(prefix="/settlements", tags=["settlements"])


@router.get("", operation_id="list_settlements")
def settlements(caller: Caller, paging: Paged, state: SettlementState | None = None) -> Settlements:
    """Every breach that has a price, and how far it has come: computed, reported, final. By period; of one `state` alone, or all."""
    found = partial(caller.records.settlements, state)
    return Settlements(**paging.of(found, SettlementBody.of, state=state.value if state else None))


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
        **problems.responses(Cause.GONE, Cause.UNAVAILABLE, Cause.EVIDENCE_AWAY, Cause.NOT_RECORDED),
    },
)
def evidence(settlement_id: Hex32, caller: Caller) -> Response:
    """What `sankofa-verify` reads: the SHA-256 of its `identity` is the document hash on chain."""
    raw = caller.evidence(settlement_id)
    return Response(raw, media_type="application/json", headers={"Cache-Control": IMMUTABLE})
