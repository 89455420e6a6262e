"""Agreements on record: which versions a platform opens with, and what of them is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.agreements import record_agreements
from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.terms import with_terms
from sankofa_observe.testing import MemoryLedger
from tests import builders
from tests.builders import period

FIRST = with_terms(builders.agreement(), salt="0x" + "5a" * 32)


def version(number: int, index: int, **changes: Any) -> Agreement:
    """A later version, from the nth period on."""
    made = replace(FIRST, version=number, starts_at=period(index).starts_at, began_at=FIRST.starts_at, **changes)
    return with_terms(made, salt="0x" + "5a" * 32)


def catalog(*versions: Agreement) -> Catalog:
    ends = [*(one.starts_at for one in versions[1:]), None]
    return Catalog(
        agreements={one.version_id: replace(one, ends_at=end) for one, end in zip(versions, ends, strict=True)}
    )


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    return MemoryLedger() if request.param == "memory" else SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


def opened(ledger: Ledger, *versions: Agreement) -> None:
    record_agreements(catalog(*versions), ledger, 1)


def judged(ledger: Ledger, by: Agreement, index: int) -> None:
    ledger.add_verdict(builders.verdict(by, index))


def refusal(ledger: Ledger, *versions: Agreement) -> str:
    before = ledger.versions(FIRST.id)
    with pytest.raises(InvariantBroken) as caught:
        opened(ledger, *versions)
    assert ledger.versions(FIRST.id) == before
    return str(caught.value)


def test_a_version_from_the_next_period_on_is_recorded_beside_the_first(ledger: Ledger) -> None:
    """Nothing of what stood is changed, and opening again adds nothing."""
    opened(ledger, FIRST)
    judged(ledger, FIRST, 0)
    for _ in range(2):
        opened(ledger, FIRST, version(2, 1, fee_minor=150_000))

    reads = ledger.read(OPERATOR)
    hashes = [found.terms_hash for number in (1, 2) if (found := reads.agreement(FIRST.id, number))]
    assert ledger.versions(FIRST.id) == [1, 2]
    assert hashes == [FIRST.terms_hash, version(2, 1, fee_minor=150_000).terms_hash]
    assert reads.agreement(FIRST.id, 3) is None


def test_a_boundary_before_what_was_judged_is_refused(ledger: Ledger) -> None:
    """By the period and the version that judged it, with the first instant that is free; what was not judged may be amended."""
    opened(ledger, FIRST)
    for index in (0, 1):
        judged(ledger, FIRST, index)

    told = refusal(ledger, FIRST, version(2, 1))
    assert f"version 2 begins at 2026-01-01T00:10:00Z, and {period(1)} was judged by version 1" in told
    assert "hint: begin at 2026-01-01T00:20:00Z or later" in told
    opened(ledger, FIRST, version(2, 2))


def test_a_boundary_that_was_judged_by_stays(ledger: Ledger) -> None:
    """A later version may follow, and none may take away what version 2 has judged."""
    second = version(2, 1)
    opened(ledger, FIRST, second)
    judged(ledger, second, 1)

    assert "version 3 begins at 2026-01-01T00:10:00Z" in refusal(ledger, FIRST, second, version(3, 1))
    opened(ledger, FIRST, second, version(3, 2))


def test_terms_of_a_version_are_immutable(ledger: Ledger) -> None:
    """The same version with other terms is refused, whether anything was judged or not: by what differs, and with what to write."""
    opened(ledger, FIRST)
    told = refusal(ledger, with_terms(replace(FIRST, fee_minor=150_000, cap_ppm=400_000), salt="0x" + "5a" * 32))
    assert "version 1 was recorded with other terms: cap_ppm 500000 -> 400000; fee_minor 125000 -> 150000" in told
    assert "write the change as version 2 with a boundary" in told


def test_rules_of_counting_are_terms(ledger: Ledger) -> None:
    """An edited SLO is an edited agreement: it is named by its place."""
    opened(ledger, FIRST)
    promise = FIRST.promises[0]
    slo = replace(promise.slo, slot=replace(promise.slo.slot, scrape_seconds=30))
    told = refusal(ledger, with_terms(replace(FIRST, promises=(replace(promise, slo=slo),)), salt="0x" + "5a" * 32))
    assert "promise availability-edge/edge-1.slo.slot.scrape_seconds 15 -> 30" in told


def test_a_recorded_version_that_is_in_no_spec_is_refused(ledger: Ledger) -> None:
    """Its periods would be judged by the terms before."""
    opened(ledger, FIRST, version(2, 1))
    assert "version 2 is recorded, and in no spec" in refusal(ledger, FIRST)


def test_every_agreement_is_looked_at_before_any_is_written(ledger: Ledger) -> None:
    """Two wrong ones are told in one run, and a third one that is right is not recorded."""
    names = ("a", "b", "c")
    first, second, third = (with_terms(builders.agreement(name), salt="0x" + "5a" * 32) for name in names)
    record_agreements(Catalog(agreements={one.id: one for one in (first, second)}), ledger, 1)
    wrong = [with_terms(replace(one, fee_minor=1), salt="0x" + "5a" * 32) for one in (first, second)]
    with pytest.raises(InvariantBroken) as caught:
        record_agreements(Catalog(agreements={one.id: one for one in (*wrong, third)}), ledger, 1)

    assert [f"agreement {name}:" in str(caught.value) for name in names] == [True, True, False]
    assert ledger.versions(third.id) == []
