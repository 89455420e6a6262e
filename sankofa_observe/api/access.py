"""Who may see what. A handler gets a `Caller`, whose reads show only what belongs to the tenant of the key.

Foreign and absent objects are one code path and one answer, so that an id tells nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sankofa_observe.api.keys import KeyRing, Principal
from sankofa_observe.api.requests import is_of
from sankofa_observe.errors import InvariantBroken, WrongCursor
from sankofa_observe.ports import EvidenceArchive, Ledger, LedgerRead, Page, SettlementRecord
from sankofa_observe.scope import of_tenant

log = logging.getLogger(__name__)
Item = TypeVar("Item")
PAGE, MOST = 100, 1000  # items of a page, without `limit` and at most
Hex32 = Annotated[str, Path(pattern=r"^0x[0-9a-f]{64}$")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most")]
After = Annotated[str | None, Query(max_length=200, description="The `next` of the page before")]
_bearer = HTTPBearer(auto_error=False, description="An API key, `skn_…`")


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the API reads; it writes nothing."""

    ledger: Ledger
    archive: EvidenceArchive
    keys: KeyRing


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks, and the records as they may see them."""

    principal: Principal
    records: LedgerRead
    archive: EvidenceArchive

    def settlement(self, settlement_id: str) -> SettlementRecord:
        record = self.records.settlement(settlement_id)
        if record is None:
            raise HTTPException(404, "no such settlement")
        return record

    def evidence(self, settlement_id: str) -> tuple[str, bytes]:
        """Digest and bytes of a settlement's evidence."""
        digest = self.settlement(settlement_id).penalty.document_hash
        try:
            raw = self.archive.get(digest)
        except InvariantBroken:
            log.exception("evidence of settlement %s", settlement_id)
            raw = None
        if raw is None:
            raise HTTPException(503, "the evidence is not in the archive; the operator has to restore it")
        return digest, raw


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
    return Asking(principal=principal, records=scoped, archive=records.archive)


Caller = Annotated[Asking, Depends(caller_of)]
AnyRecords = Annotated[Records, Depends(records_of)]
