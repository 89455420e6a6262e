"""What a promise costs is one amount: what is computed here, and what the contract computes of the same counts."""

from __future__ import annotations

import pytest

from sankofa_observe.sla.schedule import Measured, credit_of
from sankofa_observe.sla.stacking import CreditRules, period_credit
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
    edges = [MONTH_MINUTES * one.below_ppm // 1_000_000 for one in of.schedule]
    for good in sorted({edge + beside for edge in edges for beside in (-1, 0, 1)} | {0, MONTH_MINUTES}):
        rows = [(one.below_ppm, one.credit_ppm) for one in of.schedule]
        _, there = anvil.call("creditOf", fee, of.target_ppm, rows, good, MONTH_MINUTES)
        credit = credit_of(of.schedule, fee, of.target_ppm, Measured(good=good, valid=MONTH_MINUTES))
        here = period_credit(CreditRules(), fee, PPM, [credit])
        assert (good, here) == (good, there)
