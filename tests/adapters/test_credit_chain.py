"""What a promise costs is one amount: what is computed here, and what the contract computes of the same counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.adapters.contract import as_bytes
from sankofa_observe.sla.schedule import Measured, credit_of
from sankofa_observe.units import PPM
from tests.chain import TestChain
from tests.unit.sla.published import MONTH_MINUTES, REPRODUCED

pytestmark = pytest.mark.real("anvil")
SETTLED = [name for name, of in REPRODUCED.items() if isinstance(of.schedule, tuple)]


@pytest.mark.parametrize("case", SETTLED)
def test_bands_cost_on_chain_what_they_cost_here(anvil: TestChain, case: str) -> None:
    """Published bands, at every count from which another one is reached and the ones beside it; a fee that does not divide."""
    of, fee = REPRODUCED[case], 99_999
    assert isinstance(of.schedule, tuple)
    first = anvil.terms().promises[0]
    promise = replace(first, bands=of.schedule, slo=replace(first.slo, target_ppm=of.target_ppm))
    agreement = anvil.agree(passed=0, fee_minor=fee, cap_ppm=PPM, promises=(promise,))
    ask = anvil.books.agreements.functions.creditOf
    named = (as_bytes(agreement.key), agreement.first_period, 0)
    edges = [MONTH_MINUTES * one.below_ppm // 1_000_000 for one in of.schedule]
    counts = sorted({edge + beside for edge in edges for beside in (-1, 0, 1)} | {0, MONTH_MINUTES})
    owed = [credit_of(of.schedule, fee, of.target_ppm, Measured(good=good, valid=MONTH_MINUTES)) for good in counts]
    here = [(one.share_ppm, agreement.credit_minor([one])) for one in owed]
    assert here == [tuple(ask(*named, good, MONTH_MINUTES).call()) for good in counts]
