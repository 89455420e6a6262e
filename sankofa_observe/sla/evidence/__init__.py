"""Evidence: one document a settlement, from which a tenant recomputes verdict, credit and roots.

`document` has the types, `building` makes one from slots, `form` writes it, `reading` reads it, `tree` hashes it, `slot` cuts out
the proof of a single slot. The hash on chain is of the *identity*: what was agreed and counted, not who wrote it and when.
"""

from __future__ import annotations

from sankofa_observe.sla.evidence.building import agreed_terms, counting_rules, evidence_of, row_of, seen_of
from sankofa_observe.sla.evidence.document import (
    FORMAT,
    AgreedTerms,
    CountingRules,
    Day,
    DayLeaf,
    EdgeCounts,
    Evidence,
    Identity,
    Origin,
    Provenance,
    RowName,
)
from sankofa_observe.sla.evidence.form import attested_row, canonical, document_hash, written
from sankofa_observe.sla.evidence.reading import parse
from sankofa_observe.sla.evidence.tree import day_leaf, period_root

__all__ = [
    "FORMAT",
    "AgreedTerms",
    "CountingRules",
    "Day",
    "DayLeaf",
    "EdgeCounts",
    "Evidence",
    "Identity",
    "Origin",
    "Provenance",
    "RowName",
    "agreed_terms",
    "attested_row",
    "canonical",
    "counting_rules",
    "day_leaf",
    "document_hash",
    "evidence_of",
    "parse",
    "period_root",
    "row_of",
    "seen_of",
    "written",
]
