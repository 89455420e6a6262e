"""Exclusions and prices that change, on every kind of ledger: acts are records, and a history tells why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.adapters.ledger import SqlLedger, projections
from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.ports import Attempt, AttemptKind, ExclusionChange, Ledger, StateChange
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.exclusion import Act, ExclusionRecord, ExclusionState
from sankofa_observe.sla.overlay import Applied, Overlay
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.units import Period
from tests.builders import APPROVAL, CREDIT_MINOR, START, agreement, attainment, breach, exclusion, verdict

ACME, BAOBAB = agreement(), agreement("baobab-edge", tenant="baobab", site="edge-2")
FIRST, OTHERS = exclusion(ACME), exclusion(BAOBAB)
LATER = exclusion(ACME, "2026-02-01T00:00:00", plan="77" * 8)
WITHDRAWAL = Act(state=ExclusionState.WITHDRAWN, actor="person:amina", at=START, reason="no parts", from_at=START)
MINUTE = Period(starts_at=START, ends_at=START + 60)


@pytest.fixture
def ledger(any_ledger: Ledger) -> Ledger:
    return any_ledger


def proposed(ledger: Ledger) -> list[ExclusionRecord]:
    ledger.acting("person:amina").add_exclusions([FIRST, OTHERS, LATER])
    return ledger.exclusions_named(FIRST.plan)


def test_an_exclusion_is_read_as_it_was_proposed_and_acted_on(ledger: Ledger) -> None:
    """A plan is found by its name, one of it by its id or the first 16 digits; adding it again adds nothing."""
    found = proposed(ledger)
    ledger.acting("person:amina").add_exclusions([FIRST])
    ledger.acting(APPROVAL.actor).act_on_exclusions(found, APPROVAL)
    by_name = {
        name: ledger.exclusions_named(name) for name in (FIRST.plan, FIRST.id, FIRST.ref, "ffffffffffffffff", "")
    }

    first_act = Act(state=ExclusionState.PROPOSED, actor="person:amina", at=FIRST.announced_at, reason=FIRST.reason)
    wanted = [ExclusionRecord(exclusion=one, acts=(first_act, APPROVAL)) for one in (FIRST, OTHERS)]
    own = [wanted[0]]
    assert by_name == {
        FIRST.plan: sorted(wanted, key=lambda one: one.exclusion.agreement_id),
        FIRST.id: own,
        FIRST.ref: own,
        "ffffffffffffffff": [],
        "": [],
    }


def test_who_acts_on_what_changed_meanwhile_is_refused(ledger: Ledger) -> None:
    """Two persons at one time: one of them reads again, and nothing of a plan is half done."""
    found = proposed(ledger)
    ledger.acting(APPROVAL.actor).act_on_exclusions(found[1:], APPROVAL)
    with pytest.raises(Unavailable, match="another process"):
        ledger.acting("person:zuri").act_on_exclusions(found, replace(APPROVAL, actor="person:zuri"))

    assert [one.state for one in ledger.exclusions_named(FIRST.plan)] == [
        ExclusionState.PROPOSED,
        ExclusionState.APPROVED,
    ]


def test_what_counts_in_a_period_is_asked_by_its_time(ledger: Ledger) -> None:
    """Those beside it are not read, and one of any state is: whoever judges says which count."""
    ledger.acting(APPROVAL.actor).act_on_exclusions(proposed(ledger), APPROVAL)
    beside = Period(starts_at=MINUTE.ends_at, ends_at=MINUTE.ends_at + 60)

    assert {one.exclusion.id for one in ledger.exclusions_in(MINUTE)} == {FIRST.id, OTHERS.id}
    assert ledger.exclusions_in(beside) == []


def test_approvals_and_withdrawals_are_told_once_each_in_order(ledger: Ledger) -> None:
    """A proposal changes nothing; who has seen one change asks for later ones."""
    found = proposed(ledger)
    assert ledger.exclusion_changes(0) == []
    own = [one for one in found if one.exclusion == FIRST]
    ledger.acting(APPROVAL.actor).act_on_exclusions(own, APPROVAL)
    ledger.acting("person:amina").act_on_exclusions(ledger.exclusions_named(FIRST.ref), WITHDRAWAL)
    changes = ledger.exclusion_changes(0)

    assert [replace(one, number=0) for one in changes] == [
        ExclusionChange(number=0, agreement_id=ACME.id, period=MINUTE, at=act.at) for act in (APPROVAL, WITHDRAWAL)
    ]
    assert ledger.exclusion_changes(changes[0].number) == changes[1:]
    assert ledger.exclusion_changes(changes[1].number) == []


def test_a_tenant_sees_its_own_exclusions_in_pages(ledger: Ledger) -> None:
    """By when they begin; another tenant's are absent."""
    proposed(ledger)
    reads = ledger.read(OPERATOR)
    one = reads.exclusions(limit=2)
    two = reads.exclusions(limit=2, after=one.next)

    assert [each.exclusion.id for each in (*one.items, *two.items)] == [FIRST.id, OTHERS.id, LATER.id]
    assert two.next is None
    assert [each.exclusion for each in ledger.read(of_tenant("acme")).exclusions().items] == [FIRST, LATER]
    assert [each.exclusion for each in reads.exclusions(BAOBAB.id).items] == [OTHERS]


@pytest.mark.parametrize("states", [(), ("withdrawn",), ("reported",), ("reported", "final"), ("held",)], ids="-".join)
def test_a_settlement_is_sealed_once_it_left_the_house(ledger: Ledger, states: tuple[str, ...]) -> None:
    """What is computed or withdrawn is ours to change; of another agreement or time none is told."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    for state in states:
        ledger.add_state(penalty.settlement_id, StateChange(state=SettlementState(state), at=9))
    later = Period(starts_at=penalty.period.ends_at, ends_at=penalty.period.ends_at + 1)

    sealed = [(penalty.settlement_id, penalty.period)] if states and states != ("withdrawn",) else []
    assert [ledger.sealed(ACME.id, MINUTE), ledger.sealed(BAOBAB.id, MINUTE), ledger.sealed(ACME.id, later)] == [
        sealed,
        [],
        [],
    ]


def test_a_price_is_replaced_until_it_is_reported(ledger: Ledger) -> None:
    """Each price is one more row; sums have the newest, none that was withdrawn; what is made of records follows."""
    first = breach(ACME).penalty
    ledger.add_verdict(verdict(ACME))
    ledger.add_penalty(first)
    owed = [ledger.totals().penalties]
    for revision, amount in ((2, 100), (3, 70)):
        ledger.add_verdict(replace(verdict(ACME), revision=revision))
        assert ledger.add_penalty(replace(first, revision=revision, credit_minor=amount))
        owed.append(ledger.totals().penalties)
    ledger.add_verdict(replace(verdict(ACME), revision=4, verdict=Verdict.MET))
    ledger.add_state(first.settlement_id, StateChange(state=SettlementState.WITHDRAWN, at=9))
    asked = ledger.to_assess(ACME.id)
    owed.append(ledger.totals().penalties)
    ledger.add_verdict(replace(verdict(ACME), revision=5))
    assert [one.state for one in ledger.to_assess(ACME.id)] == [SettlementState.WITHDRAWN]
    assert ledger.add_penalty(replace(first, revision=5))
    owed.append(ledger.totals().penalties)
    found = ledger.read(OPERATOR).settlement(first.settlement_id)

    assert asked == ledger.to_assess(ACME.id) == []
    assert [one.get(("USD", 2), 0) for one in owed] == [CREDIT_MINOR, 100, 70, 0, CREDIT_MINOR]
    assert dict(ledger.totals().settlements) == {SettlementState.COMPUTED: 1}
    assert found is not None
    assert (found.penalty.revision, [one.state.value for one in found.history]) == (
        5,
        ["computed", "withdrawn", "computed"],
    )
    if isinstance(ledger, SqlLedger):
        with ledger._database.reading() as connection:
            assert projections.differences(connection) == []


def test_a_price_that_is_on_its_way_is_not_replaced(ledger: Ledger) -> None:
    """While a transaction carries it nobody knows its fate; once it is reported, both parties restate."""
    first = breach(ACME).penalty
    ledger.add_penalty(first)
    sent = Attempt(
        kind=AttemptKind.REPORT, settlement_ids=(first.settlement_id,), sender="0x" + "5e" * 20, nonce=1,
        transaction="0x" + "11" * 32, raw=b"signed",
    )  # fmt: skip
    ledger.add_attempt(sent, 1)
    gone = StateChange(state=SettlementState.WITHDRAWN, at=9)
    with pytest.raises(Unavailable, match="its fate is not known"):
        ledger.add_penalty(replace(first, revision=2))
    with pytest.raises(Unavailable, match="its fate is not known"):
        ledger.add_state(first.settlement_id, gone)
    ledger.add_state(first.settlement_id, StateChange(state=SettlementState.REPORTED, at=9))
    with pytest.raises(InvariantBroken, match="it is reported"):
        ledger.add_penalty(replace(first, revision=2))
    with pytest.raises(InvariantBroken, match="cannot become withdrawn"):
        ledger.add_state(first.settlement_id, gone)


def test_a_verdict_is_shown_with_its_history(ledger: Ledger) -> None:
    """Each revision points at the one before and says why it stands in its place: slots of which days, which exclusion."""
    first, second = attainment(ACME), attainment(ACME, bad=2, revision=2)
    ledger.add_attainments([first, second])
    applied = Applied(starts_at=START, ends_at=START + 60, exclusion_id=FIRST.id)
    under = Overlay(applied=(applied,))
    records = [
        verdict(ACME),
        replace(verdict(ACME, bad=2, revision=2), attainment_revision=2),
        replace(verdict(ACME, bad=1, revision=3), attainment_revision=2, overlay=under),
        replace(verdict(ACME, bad=2, revision=4), attainment_revision=2),
    ]
    for record in records:
        ledger.add_verdict(record)
    price = breach(ACME).penalty
    ledger.add_penalty(price)
    found = ledger.read(OPERATOR).verdict(records[1].ref)

    assert found is not None
    assert [one.record for one in found.history] == records
    assert [one.replaces for one in found.history] == ["", *(one.ref for one in records[:3])]
    assert [one.attained for one in found.history] == [first, second, second, second]
    assert [one.penalty for one in found.history] == [price, None, None, None]
    assert [one.changed for one in found.history] == [
        (),
        ("the slots of 2026-01-01 are others",),
        (f"exclusion {FIRST.ref} was approved, 1 stretch of it in the period",),
        (f"exclusion {FIRST.ref} was withdrawn, 1 stretch of it in the period",),
    ]
    assert "priced at 500.00 USD" in str(found)
    assert f"in the place of {records[0].ref}\n  because the slots of 2026-01-01 are others" in str(found)
