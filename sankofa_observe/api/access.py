"""Who may see what. A handler gets a `Caller`, whose reads show only what belongs to the tenant of the key.

Foreign and absent objects are one code path and one answer, so that an id tells nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sankofa_observe.api.keys import KeyRing, Principal
from sankofa_observe.api.requests import failed_by, is_of
from sankofa_observe.errors import InvariantBroken, SankofaError, WrongCursor
from sankofa_observe.pipeline.handing_out import HandingOut
from sankofa_observe.ports import Clock, EvidenceArchive, Ledger, LedgerRead, Page, SettlementRecord, Way
from sankofa_observe.scope import of_tenant

log = logging.getLogger(__name__)
Item = TypeVar("Item")
ITS_OWN = "its own settlement"  # why a tenant is handed evidence
NOT_RECORDED = "evidence is handed out with a record of it, and none can be written now; try again later"
PAGE, MOST = 100, 1000  # items of a page, without `limit` and at most
Hex32 = Annotated[str, Path(pattern=r"^0x[0-9a-f]{64}$")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most")]
After = Annotated[str | None, Query(max_length=200, description="The `next` of the page before")]
_bearer = HTTPBearer(auto_error=False, description="An API key, `skn_…`")


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the API reads. It writes one thing: that evidence was handed out, and to which key."""

    ledger: Ledger
    archive: EvidenceArchive
    keys: KeyRing
    clock: Clock

    @cached_property
    def handing_out(self) -> HandingOut:
        return HandingOut(ledger=self.ledger, archive=self.archive, clock=self.clock)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks, and the records as they may see them."""

    principal: Principal
    records: LedgerRead
    handing_out: HandingOut
    request: Request

    def settlement(self, settlement_id: str) -> SettlementRecord:
        record = self.records.settlement(settlement_id)
        if record is None:
            raise HTTPException(404, "no such settlement")
        return record

    def evidence(self, settlement_id: str) -> tuple[str, bytes]:
        """Digest and bytes of a settlement's evidence; whoever gets them stands in a record first."""
        record = self.settlement(settlement_id)
        try:
            raw = self.handing_out.document(record)
        except InvariantBroken:
            log.exception("evidence of settlement %s", settlement_id)
            raw = None
        if raw is None and self.records.removed_at(record.penalty.document_hash):
            raise HTTPException(410, "the evidence was removed: the time for which it is kept is over")
        if raw is None:
            raise HTTPException(503, "the evidence is not in the archive; the operator has to restore it")
        try:
            self.handing_out.record(record, actor=self.principal.actor, way=Way.API, reason=ITS_OWN)
        except SankofaError as error:
            failed_by(self.request, error)
            log.critical("evidence of settlement %s is not handed out: %s", settlement_id, error)
            raise HTTPException(503, NOT_RECORDED, headers={"Retry-After": "10"}) from None
        return record.penalty.document_hash, raw


def page_of(ask: Callable[..., Page[Item]], limit: int, after: str | None) -> Page[Item]:
    """A page of a list; a cursor that is none is told to the caller."""
    try:
        return ask(limit=limit, after=after)
    except WrongCursor:
        raise HTTPException(422, "`after` is not the `next` of a page of this list") from None


def records_of(request: Request) -> Records:
    records: Records = request.app.state.records
    return records


def caller_of(
    request: Request,
    records: Annotated[Records, Depends(records_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Asking:
    principal = records.keys.principal(credentials.credentials) if credentials else None
    if principal is None:
        raise HTTPException(401, "a valid API key is needed", headers={"WWW-Authenticate": "Bearer"})
    is_of(request, principal.tenant)
    scoped = records.ledger.read(of_tenant(principal.tenant))
    return Asking(principal=principal, records=scoped, handing_out=records.handing_out, request=request)


Caller = Annotated[Asking, Depends(caller_of)]
AnyRecords = Annotated[Records, Depends(records_of)]
