"""What is agreed as the contract's struct: in its order, and never where it would compute another credit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from sankofa_observe.adapters.contract import terms_fields
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.schedule import Steps
from sankofa_observe.sla.stacking import Claim, CreditRules
from tests.builders import agreement, slo

EDGE = agreement()
[PROMISE] = EDGE.promises
SEVERAL = replace(EDGE, promises=tuple(replace(PROMISE, slo=slo(f"slo-{n}")) for n in range(5)))
OF_FORMULA = replace(PROMISE, slo=slo("steps"), bands=(), formula=Steps(each_seconds=3600, credit_ppm=50_000))


def test_the_promises_stand_in_the_order_of_their_hashed_ids_with_their_bands() -> None:
    """By this order a row names its SLO."""
    found = terms_fields(SEVERAL)["slos"]
    ids = [bytes(one["sloId"]) for one in found]
    bands = [{"belowPpm": one.below_ppm, "creditPpm": one.credit_ppm} for one in PROMISE.bands]

    assert ids == sorted(keccak(one.label.encode()) for one in SEVERAL.promises)
    assert ids != [keccak(one.label.encode()) for one in SEVERAL.promises]
    assert [one["bands"] for one in found] == [bands] * 5
    assert [SEVERAL.slo_index(one) for one in sorted(SEVERAL.promises, key=lambda one: keccak(one.label.encode()))] == [
        0,
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(
    "of",
    [
        replace(EDGE, credit_rules=CreditRules(claim=Claim(days=30))),
        replace(EDGE, promises=(OF_FORMULA,)),
        replace(EDGE, promises=(PROMISE, OF_FORMULA)),
    ],
    ids=["claimed", "a formula", "one of two"],
)
def test_an_agreement_that_the_contract_cannot_settle_is_no_struct(of: Agreement) -> None:
    """One promise of it is enough."""
    with pytest.raises(ValueError, match="acme-edge: the contract cannot settle all of its credits"):
        terms_fields(of)
