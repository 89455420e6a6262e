"""Agreements on record: which versions a platform opens with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.agreements import record_agreements
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.testing import MemoryLedger
from tests import builders


def opened(ledger: MemoryLedger, agreement: Agreement) -> None:
    record_agreements(Catalog(agreements={agreement.id: agreement}), ledger, 1)


def test_an_agreement_that_was_amended_before_anything_was_judged_stays_open() -> None:
    """Judged is by the version that was in force, and only another one than that is refused."""
    ledger, first = MemoryLedger(), builders.agreement()
    second = replace(first, version=2, terms_hash=builders.digest_of("amended"))
    opened(ledger, first)
    opened(ledger, second)
    ledger.add_verdict(builders.verdict(second))
    opened(ledger, second)

    assert ledger.versions(first.id) == [1, 2]
    with pytest.raises(InvariantBroken, match="version 1, and periods were judged by version 2"):
        opened(ledger, first)


def test_terms_of_a_version_are_immutable() -> None:
    """The same version with other terms is refused, whether anything was judged or not."""
    ledger, first = MemoryLedger(), builders.agreement()
    opened(ledger, first)
    with pytest.raises(InvariantBroken):
        opened(ledger, replace(first, terms_hash=builders.digest_of("other")))
