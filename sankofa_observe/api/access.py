"""Who may see what. A handler gets a `Caller`, whose reads show only what belongs to the tenant of the key.

Foreign and absent objects are one code path and one answer, so that an id tells nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sankofa_observe.api.cursors import Cursors
from sankofa_observe.api.keys import KeyRing, Principal
from sankofa_observe.api.problems import Cause, Problem
from sankofa_observe.api.requests import failed_by, is_of, template
from sankofa_observe.errors import InvariantBroken, SankofaError
from sankofa_observe.pipeline.handing_out import HandingOut
from sankofa_observe.ports import AgreementRecord, Clock, EvidenceArchive, Ledger, LedgerRead, SettlementRecord, Way
from sankofa_observe.scope import of_tenant

log = logging.getLogger(__name__)
ITS_OWN = "its own settlement"  # why a tenant is handed evidence
NOT_RECORDED = "evidence is handed out with a record of it, and none can be written now; try again later"
IMMUTABLE = "private, max-age=31536000, immutable"  # of what is named by its content, or numbered once
Hex32 = Annotated[str, Path(pattern=r"^0x[0-9a-f]{64}$")]
_bearer = HTTPBearer(auto_error=False, description="An API key, `skn_…`")


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the API reads. It writes one thing: that evidence was handed out, and to which key."""

    ledger: Ledger
    archive: EvidenceArchive
    keys: KeyRing
    cursors: Cursors
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
    cursors: Cursors
    request: Request

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord:
        """Of one version, or of the newest."""
        record = self.records.agreement(agreement_id, version)
        if record is None:
            raise Problem(Cause.NOT_FOUND, "no such agreement, or no such version of it")
        return record

    def settlement(self, settlement_id: str) -> SettlementRecord:
        record = self.records.settlement(settlement_id)
        if record is None:
            raise Problem(Cause.NOT_FOUND, "no such settlement")
        return record

    def evidence(self, settlement_id: str) -> bytes:
        """A settlement's evidence; whoever gets it stands in a record first."""
        record = self.settlement(settlement_id)
        try:
            raw = self.handing_out.document(record)
        except InvariantBroken:
            log.exception("evidence of settlement %s", settlement_id)
            raw = None
        if raw is None and self.records.removed_at(record.penalty.document_hash):
            raise Problem(Cause.GONE, "the evidence was removed: the time for which it is kept is over")
        if raw is None:
            raise Problem(Cause.EVIDENCE_AWAY, "the evidence is not in the archive; the operator has to restore it")
        try:
            self.handing_out.record(record, actor=self.principal.actor, way=Way.API, reason=ITS_OWN)
        except SankofaError as error:
            failed_by(self.request, error)
            log.critical("evidence of settlement %s is not handed out: %s", settlement_id, error)
            raise Problem(Cause.NOT_RECORDED, NOT_RECORDED) from None
        return raw


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
        raise Problem(Cause.UNAUTHENTICATED, "a valid API key is needed")
    is_of(request, principal.tenant)
    _refuse_unknown(request)
    return Asking(
        principal=principal,
        records=records.ledger.read(of_tenant(principal.tenant)),
        handing_out=records.handing_out,
        cursors=records.cursors,
        request=request,
    )


def _refuse_unknown(request: Request) -> None:
    """A parameter that is spelled wrongly is no filter, and the answer would look as if it were."""
    if not request.query_params:
        return
    known = request.app.state.parameters[template(request.scope)]
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        detail = f"expected {', '.join(sorted(known))}" if known else "expected none"
        faults = [{"parameter": one[:80], "code": "unknown_parameter", "detail": detail} for one in unknown[:10]]
        raise Problem(Cause.INVALID_REQUEST, "a parameter is not known here", errors=faults)


Caller = Annotated[Asking, Depends(caller_of)]
AnyRecords = Annotated[Records, Depends(records_of)]
