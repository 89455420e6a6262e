"""What a batch may use is held against what forge measured; `tests/contracts/test_gas.py` holds that against receipts of a chain."""

from __future__ import annotations

import json
import re

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.chain import _most_rows, finalise_gas, report_gas
from sankofa_observe.sla.settlement import MAX_BATCH

MEASURED: dict[str, str] = json.loads((CHECKOUT / "contracts/snapshots/SettlementBook.json").read_text())


@pytest.mark.parametrize(("call", "gas"), [("submitReports", report_gas), ("finalizeSettlements", finalise_gas)])
def test_a_batch_may_use_half_as_much_gas_again_as_any_that_was_measured(call: str, gas: object) -> None:
    """One that runs out of gas is refused as a whole, and would be signed again the same.

    The figures are of whole transactions, of up to 200 rows and 8 SLOs, after up to a fifth was given back (EIP-3529). What is not used costs nothing.
    """
    assert callable(gas)
    found = {name: re.fullmatch(rf"{call}, (\d+) rows?\b.*", name) for name in MEASURED}
    enough = {name: 2 * gas(int(one[1])) >= 3 * int(MEASURED[name]) for name, one in found.items() if one}
    assert enough == dict.fromkeys(enough, True)
    assert len(enough) > 10


@pytest.mark.parametrize("gas_limit", [1, 400_000, 1_000_000, 4_700_000, 11_000_000, 30_000_000])
def test_as_many_rows_are_sent_as_a_block_holds_and_no_more(gas_limit: int) -> None:
    """To be reported and to be made final; one at least, which a node may refuse, and never more than a batch has."""
    rows = _most_rows(gas_limit)
    fits = [more for more in range(1, MAX_BATCH + 1) if max(report_gas(more), finalise_gas(more)) <= gas_limit]
    assert rows == max(fits, default=1)
