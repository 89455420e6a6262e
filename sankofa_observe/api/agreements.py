"""Agreements of the caller, and how their closed periods were judged."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from sankofa_observe.api.access import IMMUTABLE, Caller, Hex32
from sankofa_observe.api.lists import Paged
from sankofa_observe.api.models import AgreementBody, Agreements, Me, VerdictBody, Verdicts

router = APIRouter(tags=["agreements"])
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/me", operation_id="get_me")
def me(caller: Caller) -> Me:
    """Whose key this is."""
    return Me(tenant=caller.principal.tenant, key_id=caller.principal.key_id)


@router.get("/agreements", operation_id="list_agreements")
def agreements(caller: Caller) -> Agreements:
    """Your agreements, each in its newest version: fee, caps, windows, and what is promised with its bands."""
    return Agreements(items=[AgreementBody.of(one) for one in caller.records.agreements()])


@router.get("/agreements/{agreement_id}", operation_id="get_agreement")
def agreement(agreement_id: Hex32, caller: Caller) -> AgreementBody:
    """One of them, in its newest version."""
    return AgreementBody.of(caller.agreement(agreement_id))


@router.get("/agreements/{agreement_id}/versions/{version}", operation_id="get_agreement_version")
def version_of(agreement_id: Hex32, version: Version, caller: Caller) -> AgreementBody:
    """One version of one; periods are judged by the version that held for them."""
    return AgreementBody.of(caller.agreement(agreement_id, version))


@router.get(
    "/agreements/{agreement_id}/versions/{version}/terms",
    operation_id="get_terms",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "The canonical document, byte for byte"}},
)
def terms(agreement_id: Hex32, version: Version, caller: Caller) -> Response:
    """What both parties accepted: the document whose hash is on the contract, byte for byte. It never changes."""
    raw = caller.agreement(agreement_id, version).document
    return Response(raw, media_type="application/json", headers={"Cache-Control": IMMUTABLE})


@router.get("/agreements/{agreement_id}/verdicts", operation_id="list_verdicts")
def verdicts(agreement_id: Hex32, caller: Caller, paging: Paged) -> Verdicts:
    """Every revision of every closed period, oldest first."""
    caller.agreement(agreement_id)
    return Verdicts(**paging.of(partial(caller.records.verdicts, agreement_id), VerdictBody.of))
