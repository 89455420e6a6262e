"""Agreements as they were used: every version is on record before anything is judged by it."""

from __future__ import annotations

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Ledger
from sankofa_observe.sla.catalog import Catalog


def record_agreements(catalog: Catalog, ledger: Ledger, at: int) -> None:
    """Keep every version ever used; the same version with other terms is refused, because terms are immutable.

    So is another version of an agreement than periods were judged by: amending is not built, on chain neither.
    """
    for agreement in catalog.agreements.values():
        judged_by = ledger.judged_by(agreement.id)
        if judged_by not in {None, agreement.version}:
            raise InvariantBroken(
                f"agreement {agreement.name}: version {agreement.version}, and periods were judged by version {judged_by}; "
                "amending is not built: restore that version, or make a new agreement under another name"
            )
        ledger.add_agreement(
            agreement_id=agreement.id,
            version=agreement.version,
            tenant=agreement.tenant,
            terms_hash=agreement.terms_hash,
            document=agreement.terms_document,
            at=at,
        )
