"""Credits of an agreement in its document: what is wrong is named, and what the contract cannot settle yet is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.adapters.spec_credit import NOT_BUILT, SETTLED
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.schedule import Counted, Proportional, Rounding, Steps
from sankofa_observe.sla.stacking import BelowMinimum, Claim, CreditRules, Stacking
from tests.adapters.spec_documents import AGREEMENT, FLEET, LATENCY, SLO, changed, found, put, write
from tests.unit.sla.published import REFUSED, REPRODUCED

HOURLY = {"kind": "steps", "eachSeconds": 3600, "creditPpm": 50_000}
TENFOLD = {"kind": "proportional", "factorPpm": 10_000_000}
AT = "/spec/promises/0/formula"
UNSETTLED = ("agreement.unsettled", AT)


def agreed(folder: Path, rules: dict[str, Any] | None = None, formula: dict[str, Any] | None = None) -> Path:
    """The example with these credits, and with this formula in place of its first promise's bands."""

    def changes(document: dict[str, Any]) -> None:
        if rules:
            document["spec"]["credits"] = rules
        if formula:
            promise = document["spec"]["promises"][0]
            promise["formula"] = formula
            del promise["bands"]

    return write(folder, fleet=FLEET, slo=SLO, latency=LATENCY, terms=changed(AGREEMENT, changes))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (HOURLY, [UNSETTLED]),
        (TENFOLD, [UNSETTLED]),
        ({"kind": "hourly"}, [("agreement.formula", f"{AT}/kind")]),
        ({"kind": "steps"}, [("agreement.formula", AT)] * 2 + [UNSETTLED]),
        ({**HOURLY, "eachPpm": 1000}, [("agreement.formula", AT), UNSETTLED]),
        ({**HOURLY, "eachSeconds": 0}, [("agreement.formula", f"{AT}/eachSeconds"), UNSETTLED]),
        ({**HOURLY, "factorPpm": 1}, [("agreement.formula", f"{AT}/factorPpm"), UNSETTLED]),
        ({**TENFOLD, "rounding": "started"}, [("agreement.formula", f"{AT}/rounding"), UNSETTLED]),
        ({**HOURLY, "creditPpm": 7}, [("agreement.fee", f"{AT}/creditPpm"), UNSETTLED]),
        ({**HOURLY, "counted": "some"}, [("spec.literal-error", f"{AT}/counted")]),
        ({**TENFOLD, "factorPpm": 0}, [("spec.greater-than-equal", f"{AT}/factorPpm")]),
    ],
)
def test_formula_that_is_wrong_is_named(
    formula: dict[str, Any], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Each field that is missing, too many, or of no worth."""
    assert sorted(found(agreed(tmp_path, formula=formula))) == sorted(
        (code, f"terms.yaml#1:{path}") for code, path in expected
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"stacking": "sum", "minimumMinor": 0, "belowMinimum": "nothing"}, []),  # what the contract computes
        ({"stacking": "largest", "minimumMinor": 101, "belowMinimum": "minimum", "capYearMinor": 100_000}, []),
        ({"claimDays": 30}, [("agreement.unsettled", "claimDays")]),
        ({"claimPeriods": 2}, [("agreement.unsettled", "claimPeriods")]),
        (
            {"minimumMinor": 62_501},
            [("agreement.credits", "minimumMinor")],
        ),
        (
            {"claimDays": 30, "claimPeriods": 2},
            [
                ("agreement.credits", "claimPeriods"),
                ("agreement.unsettled", "claimDays"),
                ("agreement.unsettled", "claimPeriods"),
            ],
        ),
        (
            {"belowMinimum": "minimum"},
            [("agreement.credits", "belowMinimum")],
        ),
        ({"stacking": "product"}, [("spec.literal-error", "stacking")]),
        ({"minimum": 1}, [("spec.extra-forbidden", "minimum")]),
    ],
)
def test_rules_that_are_wrong_or_not_settled_are_named(
    rules: dict[str, Any], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    """A field a fault; half of the example's fee, 62,500, is the cap."""
    folder = agreed(tmp_path, rules=rules)
    if not expected:
        assert load_catalog([folder]).agreements
        return
    assert sorted(found(folder)) == sorted((code, f"terms.yaml#1:/spec/credits/{path}") for code, path in expected)


def test_what_is_refused_says_what_can_be_settled(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_catalog([agreed(tmp_path, rules={"claimDays": 30})])
    (told,) = caught.value.violations
    assert (told.problem, told.hint) == ("30: the contract cannot settle it yet", SETTLED)


@pytest.mark.parametrize("case", REFUSED)
def test_a_published_schedule_that_no_form_holds_is_refused_by_its_name(case: str, tmp_path: Path) -> None:
    """By what the provider calls for, not as a field that is unknown."""
    kind = REFUSED[case].kind
    with pytest.raises(InvalidInput) as caught:
        load_catalog([agreed(tmp_path, formula={"kind": kind})])
    assert [(one.code, one.problem) for one in caught.value.violations] == [
        ("agreement.formula", f"{kind}: {NOT_BUILT[kind]}; not built")
    ]


def test_each_name_that_is_not_built_is_of_a_published_schedule() -> None:
    assert {one.kind for one in REFUSED.values()} == set(NOT_BUILT)
    assert not set(REFUSED) & set(REPRODUCED)


def test_events_have_no_hours(tmp_path: Path) -> None:
    """The second promise of the example counts requests."""
    folder = write(
        tmp_path,
        fleet=FLEET,
        slo=SLO,
        latency=LATENCY,
        terms=changed(AGREEMENT, put("spec|promises|1|formula", HOURLY), put("spec|promises|1|bands", [])),
    )
    assert sorted(found(folder)) == [
        ("agreement.formula", "terms.yaml#1:/spec/promises/1/formula/eachSeconds"),
        ("agreement.unsettled", "terms.yaml#1:/spec/promises/1/formula"),
    ]


def test_bands_and_a_formula_are_one_too_many(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        fleet=FLEET,
        slo=SLO,
        latency=LATENCY,
        terms=changed(AGREEMENT, put("spec|promises|0|formula", HOURLY)),
    )
    assert sorted(found(folder)) == [
        ("agreement.formula", f"terms.yaml#1:{AT}"),
        ("agreement.unsettled", f"terms.yaml#1:{AT}"),
    ]


def test_what_cannot_be_settled_yet_is_read_to_be_explained(tmp_path: Path) -> None:
    """All of it, as values; and no terms with it can be put on chain."""
    every = {"stacking": "largest", "minimumMinor": 101, "belowMinimum": "minimum", "capYearMinor": 500_000}
    formula = {**HOURLY, "counted": "beyond-objective", "rounding": "started"}
    folder = agreed(tmp_path, rules={**every, "claimDays": 60}, formula=formula)
    (made,) = load_catalog([folder], unsettled=True).agreements.values()
    assert made.credit_rules == CreditRules(
        stacking=Stacking.LARGEST,
        minimum_minor=101,
        below_minimum=BelowMinimum.MINIMUM,
        cap_year_minor=500_000,
        claim=Claim(days=60),
    )
    assert made.promises[0].schedule == Steps(
        each_seconds=3600, credit_ppm=50_000, counted=Counted.BEYOND, rounding=Rounding.STARTED
    )
    from sankofa_observe.adapters.contract import terms_fields

    with pytest.raises(ValueError, match="the contract cannot settle all of its credits"):
        terms_fields(made)


def test_a_share_is_read(tmp_path: Path) -> None:
    (made,) = load_catalog([agreed(tmp_path, formula=TENFOLD)], unsettled=True).agreements.values()
    assert made.promises[0].schedule == Proportional(factor_ppm=10_000_000)
