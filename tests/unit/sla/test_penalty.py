"""Prices: what a breach costs, and that penalty and document carry the same numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.evidence import canonical, digest, parse
from sankofa_observe.sla.settlement import slo_id
from tests import builders


@pytest.mark.parametrize(
    ("bad", "credit_ppm", "credit_minor"),
    [(0, 0, 0), (1, 400_000, 50_000), (10, 400_000, 50_000)],
)
def test_a_price_is_the_share_of_the_deepest_band(bad: int, credit_ppm: int, credit_minor: int) -> None:
    """One bad slot of ten is under all three bands; none is under no band and costs nothing."""
    penalty = builders.breach(builders.agreement(), bad=bad).penalty

    assert (penalty.credit_ppm, penalty.credit_minor) == (credit_ppm, credit_minor)
    assert (penalty.good, penalty.valid) == (10 - bad, 10)


@given(fee_minor=st.integers(0, 2**52), bad=st.integers(0, 10))
def test_a_price_never_exceeds_the_exact_share_nor_misses_it_by_a_unit(fee_minor: int, bad: int) -> None:
    """The amount is the exact share rounded down: no tenant is owed a unit that was not agreed."""
    penalty = builders.breach(builders.agreement(fee_minor=fee_minor), bad=bad).penalty
    exact = Fraction(fee_minor * penalty.credit_ppm, 1_000_000)

    assert penalty.credit_minor <= exact < penalty.credit_minor + 1


@given(bad=st.integers(0, 9))
def test_a_worse_period_never_costs_less(bad: int) -> None:
    """One more bad slot never lowers the price."""
    better, worse = (builders.breach(builders.agreement(), bad=n).penalty for n in (bad, bad + 1))

    assert better.credit_minor <= worse.credit_minor


def test_penalty_and_document_carry_the_same_numbers() -> None:
    """Identity, root, credit and hash of the penalty are those of its document, and the report repeats them."""
    found = builders.breach(builders.agreement(), bad=2)
    penalty, document, report = found.penalty, found.document, found.penalty.report

    assert document["settlement_id"] == penalty.settlement_id
    assert document["slot_root"] == penalty.evidence_root == report.evidence_root
    assert document["credit"] == {"credit_ppm": penalty.credit_ppm, "credit_minor": penalty.credit_minor}
    assert digest(document) == penalty.document_hash == report.document_hash
    assert (len(document["slots"]), slo_id("availability-edge/edge-1")) == (report.leaf_count, report.slo_id)
    assert parse(canonical(document)) == document


def test_a_document_does_not_tell_when_it_was_made() -> None:
    """Whoever assesses, and whenever, writes the same bytes: the hash is of facts alone."""
    once, again = (builders.breach(builders.agreement(), bad=2) for _ in range(2))

    assert canonical(once.document) == canonical(again.document)
    assert str(once.penalty.assessed_at) not in canonical(once.document).decode()


@pytest.mark.parametrize("change", ["id", "chain", "period", "site"])
def test_an_identity_is_of_one_promise_on_one_chain_in_one_period(change: str) -> None:
    """Another agreement, contract, period or site is another settlement."""
    terms = builders.agreement()
    elsewhere = {
        "id": lambda: builders.breach(builders.agreement("other")),
        "chain": lambda: builders.breach(terms, chain=replace(builders.CHAIN, chain_id=1)),
        "period": lambda: builders.breach(terms, 1),
        "site": lambda: builders.breach(builders.agreement(site="edge-2")),
    }

    assert builders.breach(terms).penalty.settlement_id != elsewhere[change]().penalty.settlement_id
