"""Who may see what. A handler gets a `Scope`, and through it only what belongs to the caller's tenant.

Foreign and absent objects are one code path and one answer, so that an id tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sankofa_observe.api.keys import KeyRing, Principal
from sankofa_observe.ports import EvidenceArchive, Ledger, SettlementRecord
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import VerdictRecord

Hex32 = Annotated[str, Path(pattern=r"^0x[0-9a-f]{64}$")]
_bearer = HTTPBearer(auto_error=False, description="An API key, `skn_…`")


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the API reads; it writes nothing."""

    catalog: Catalog
    ledger: Ledger
    archive: EvidenceArchive
    keys: KeyRing


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The records as one tenant may see them."""

    principal: Principal
    records: Records

    def agreements(self) -> dict[str, Agreement]:
        tenant = self.principal.tenant
        return {key: one for key, one in self.records.catalog.agreements.items() if one.tenant == tenant}

    def verdicts(self, agreement_id: str) -> list[VerdictRecord]:
        if agreement_id not in self.agreements():
            raise HTTPException(404, "no such agreement")
        return self.records.ledger.verdicts(agreement_id=agreement_id)

    def settlements(self) -> list[SettlementRecord]:
        own = self.agreements()
        return [one for one in self.records.ledger.settlements() if one.penalty.agreement_id in own]

    def settlement(self, settlement_id: str) -> SettlementRecord:
        record = self.records.ledger.settlement(settlement_id)
        if record is None or record.penalty.agreement_id not in self.agreements():
            raise HTTPException(404, "no such settlement")
        return record

    def evidence(self, settlement_id: str) -> tuple[str, bytes]:
        """Digest and bytes of a settlement's evidence."""
        digest = self.settlement(settlement_id).penalty.document_hash
        raw = self.records.archive.get(digest)
        if raw is None:
            raise HTTPException(503, "the evidence is not in the archive; the operator has to restore it")
        return digest, raw

    def credits(self) -> list[ServiceCredit]:
        return self.records.ledger.credits(tenant=self.principal.tenant)


def records_of(request: Request) -> Records:
    records: Records = request.app.state.records
    return records


def scope_of(
    records: Annotated[Records, Depends(records_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Scope:
    principal = records.keys.principal(credentials.credentials) if credentials else None
    if principal is None:
        raise HTTPException(401, "a valid API key is needed", headers={"WWW-Authenticate": "Bearer"})
    return Scope(principal=principal, records=records)


Caller = Annotated[Scope, Depends(scope_of)]
AnyRecords = Annotated[Records, Depends(records_of)]
