"""Prices: what a breach costs, and that penalty and document carry the same numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.evidence import counting_rules, document_hash
from sankofa_observe.sla.evidence.building import queries_of
from sankofa_observe.sla.penalty import at_stake, most_owed
from sankofa_observe.sla.stacking import BelowMinimum, CreditRules
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment
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


@given(fee_minor=st.integers(0, 2**60), bad=st.integers(0, 10))
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
    """Identity, root, credit and hash of the penalty are those of its document, and its row repeats what goes on chain."""
    found = builders.breach(builders.agreement(), bad=2)
    penalty, identity, row = found.penalty, found.document.identity, found.penalty.row(3)

    assert identity.settlement_id == penalty.settlement_id
    assert identity.root == penalty.evidence_root
    assert (identity.credit_ppm, identity.credit_minor) == (penalty.credit_ppm, penalty.credit_minor)
    assert (identity.high_good, identity.base) == (penalty.good, penalty.valid) == (row.good, row.valid)
    assert document_hash(identity) == penalty.document_hash == row.document_hash
    named = (builders.agreement().key, builders.agreement().first_period, 0)
    assert named == (row.agreement_id, row.period_index, row.slo_index) == tuple(vars(identity.row).values())
    assert row.revision == 3


@pytest.mark.parametrize(
    ("fee_minor", "rules", "expected"),
    [
        (125_000, CreditRules(), 50_000),
        (11, CreditRules(), 5),  # 4.4, and several that are added up may owe 4.4 each; the cap is 5.5
        (11, CreditRules(minimum_minor=5), 5),  # together with others it may reach what nothing is paid below
        (125_000, CreditRules(minimum_minor=60_000, below_minimum=BelowMinimum.MINIMUM), 60_000),
        (125_000, CreditRules(minimum_minor=60_000), 50_000),
    ],
)
def test_at_stake_is_never_less_than_what_may_be_owed(fee_minor: int, rules: CreditRules, expected: int) -> None:
    """Of one promise in a period of which nothing is known; the deepest band is 40 % and the cap is half."""
    of = builders.agreement(fee_minor=fee_minor, credit_rules=rules)
    unseen = Attainment(good=0, bad=0, unknown=10, slots={SlotState.UNKNOWN: 10})
    found = at_stake(of, of.promises[0], unseen).amount_minor
    assert found == expected >= of.credit_minor([most_owed(of, of.promises[0], unseen)])


GAUGES = StateIndicator(up="up", known="known")
LEVEL = LevelIndicator(level="seconds", operator=Operator.LTE, bound=Decimal("0.5"))
COMPOSITE = CompositeIndicator(together=Together.WEIGHTED, weights={"slow": 1, "down": 3}, share_ppm=750_000)


@pytest.mark.parametrize(
    ("indicator", "counted", "combine", "queries"),
    [
        (GAUGES, "states", "all", 2),
        (replace(GAUGES, combine=Combine(rule=Rule.ANY)), "states", "any", 2),
        (replace(LEVEL, combine=Combine(rule=Rule.AT_LEAST, at_least=2)), "states", "atLeast 2", 1),
        (RatioIndicator(good="good", valid="valid"), "events", "", 2),
        (COMPOSITE, "parts", "750000 down=3,slow=1", 0),
        (replace(COMPOSITE, together=Together.ANY), "parts", "1 down=3,slow=1", 0),
        (replace(COMPOSITE, together=Together.ALL), "parts", "1000000 down=3,slow=1", 0),
    ],
)
def test_a_document_names_what_is_counted_and_how_it_is_put_together(
    indicator: Indicator, counted: str, combine: str, queries: int
) -> None:
    """A reader counts by the document alone: sources and parts are combined by words that the format has."""
    promise = replace(builders.agreement().promises[0], slo=builders.slo(indicator=indicator))
    rules = counting_rules(promise)

    assert (rules.counted, rules.combine, len(queries_of(promise))) == (counted, combine, queries)


def test_a_document_names_the_rules_that_a_proof_is_checked_by() -> None:
    """Lengths, what settles, and whose errors are counted."""
    rule = SlotRule(seconds=60, scrape_seconds=20, settles_seconds=40, target_ppm=900_000)
    slo = builders.slo(
        indicator=RatioIndicator(good="errors", valid="calls", counts_bad=True),
        slot=rule,
    )
    rules = counting_rules(replace(builders.agreement().promises[0], slo=slo))

    expected = {
        "slot_seconds": 60,
        "slot_expected": 3,
        "slot_target_ppm": 900_000,
        "scrape_seconds": 20,
        "settles_seconds": 40,
    }
    assert expected.items() <= vars(rules).items()
    assert rules.counts_bad == 1


@pytest.mark.parametrize("change", ["id", "provider", "chain", "period", "site"])
def test_an_identity_is_of_one_promise_on_one_chain_in_one_period(change: str) -> None:
    """Another agreement, provider, contract, period or promise is another settlement."""
    terms = builders.agreement()
    (promise,) = terms.promises
    two = replace(terms, promises=(promise, replace(promise, site="edge-2")))
    elsewhere = {
        "id": lambda: builders.breach(builders.agreement("other")),
        "chain": lambda: builders.breach(terms, chain=replace(builders.CHAIN, chain_id=1)),
        "period": lambda: builders.breach(terms, 1),
        "provider": lambda: builders.breach(replace(terms, provider_account="0x" + "12" * 20)),
        "site": lambda: builders.breach(
            replace(two, promises=tuple(sorted(two.promises, key=two.slo_index, reverse=True)))
        ),
    }

    assert builders.breach(terms).penalty.settlement_id != elsewhere[change]().penalty.settlement_id


def test_a_verdict_of_events_tells_the_slots_in_which_nobody_counted() -> None:
    """How many events they had is not known: `0 unknown` alone would read as if all had been seen."""
    record = builders.verdict(builders.agreement())
    unseen = Attainment(good=8, bad=2, unknown=0, slots={SlotState.GOOD: 8, SlotState.UNKNOWN: 12}, bounded=False)
    told = [str(replace(record, attainment=one)) for one in (record.attainment, unseen)]
    assert ["UNKNOWN" in one for one in told] == [False, True]
    assert "(8 good, 2 bad, 0 unknown; 12 of 20 slots UNKNOWN; revision 1)" in told[1]
