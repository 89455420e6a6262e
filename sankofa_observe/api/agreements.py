"""Agreements of the caller, and how their closed periods were judged."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from sankofa_observe.api.access import Caller, Hex32
from sankofa_observe.api.lists import Paged
from sankofa_observe.api.models import AgreementBody, Agreements, Me, VerdictBody, Verdicts

router = APIRouter(tags=["agreements"])


@router.get("/me", operation_id="get_me")
def me(caller: Caller) -> Me:
    """Whose key this is."""
    return Me(tenant=caller.principal.tenant, key_id=caller.principal.key_id)


@router.get("/agreements", operation_id="list_agreements")
def agreements(caller: Caller) -> Agreements:
    """Your agreements: fee, cap, start and promises."""
    return Agreements(items=[AgreementBody.of(one) for one in caller.records.agreements()])


@router.get("/agreements/{agreement_id}/verdicts", operation_id="list_verdicts")
def verdicts(agreement_id: Hex32, caller: Caller, paging: Paged) -> Verdicts:
    """Every revision of every closed period, oldest first."""
    caller.agreement(agreement_id)
    return Verdicts(**paging.of(partial(caller.records.verdicts, agreement_id), VerdictBody.of))
