"""What may be deleted once its retention is over, by every kind of ledger: to the second, and never what is not done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sankofa_observe.ports import Ledger, OldEvidence, StateChange, Wait
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.settlement import SettlementState as S
from sankofa_observe.slo.verdict import Verdict
from tests.builders import AMINA, PERIOD_SECONDS, START, agreement, breach, credit, verdict

ACME = agreement()
PENALTY = breach(ACME).penalty
ID, GRANTED_AT, LONG_AFTER = PENALTY.settlement_id, credit(ACME, PENALTY).granted_at, START + 30 * 31_557_600
OLD = OldEvidence(
    document_hash=PENALTY.document_hash,
    settlement_id=ID,
    tenant="acme",
    agreement_key=PENALTY.agreement_key,
    period=PENALTY.period,
)


@pytest.fixture
def ledger(any_ledger: Ledger) -> Ledger:
    return any_ledger


def priced(ledger: Ledger, *states: S, granted: bool = False) -> None:
    ledger.add_verdict(verdict(ACME))
    ledger.add_penalty(PENALTY)
    for n, state in enumerate(states, 1):
        ledger.add_state(ID, StateChange(state=state, at=START + 700 + n, revision=1))
    if granted:
        ledger.add_credit(credit(ACME, PENALTY))


def test_evidence_is_old_from_the_second_of_the_last_record_about_it(ledger: Ledger) -> None:
    """Its period's end, the last move and the grant: the latest of them; what was removed is not told again, and known as removed."""
    priced(ledger, S.REPORTED, S.FINAL, granted=True)
    before, after = (ledger.old_evidence(at) for at in (GRANTED_AT - 1, GRANTED_AT))
    assert (before, after) == ([], [OLD])
    assert [one.why for one in ledger.kept_back(GRANTED_AT - 1)] == ["its retention has not passed"]
    assert ledger.kept_back(GRANTED_AT) == []
    for _ in range(2):
        ledger.acting(AMINA).add_removal(OLD, reason="yearly", at=LONG_AFTER)
    reads = [
        ledger.read(of).removed_at(PENALTY.document_hash) for of in (OPERATOR, of_tenant("acme"), of_tenant("baobab"))
    ]
    assert (ledger.old_evidence(LONG_AFTER), reads[:2]) == ([], [LONG_AFTER] * 2)
    assert ledger.read(OPERATOR).removed_at("0x" + "0" * 64) is None


WAY: dict[str, tuple[tuple[S, ...], str]] = {
    "computed": ((), "it is not at its end"),
    "reported": ((S.REPORTED,), "it is not at its end"),
    "disputed": ((S.REPORTED, S.DISPUTED), "it is not at its end"),
    "held": ((S.REPORTED, S.HELD), "it is not at its end"),
    "final": ((S.REPORTED, S.FINAL), "its credit is not granted"),
}


@pytest.mark.parametrize("state", WAY)
def test_what_is_not_done_stays_whatever_its_age(ledger: Ledger, state: str) -> None:
    """Thirty years after."""
    states, why = WAY[state]
    priced(ledger, *states)
    assert ledger.old_evidence(LONG_AFTER) == []
    assert [str(one) for one in ledger.kept_back(LONG_AFTER)] == [f"settlement {ID}, {state}, {PENALTY.period}: {why}"]


@pytest.mark.parametrize("states", [(S.REPORTED, S.VOIDED), (S.WITHDRAWN,)])
def test_what_ended_without_a_credit_is_old_like_all_else(ledger: Ledger, states: tuple[S, ...]) -> None:
    """A ruling that voided it, or a verdict that took its price back."""
    priced(ledger, *states)
    if states == (S.WITHDRAWN,):
        ledger.add_verdict(verdict(ACME, bad=0, revision=2))
    assert (ledger.old_evidence(LONG_AFTER), ledger.kept_back(LONG_AFTER)) == ([OLD], [])


def _wait(ledger: Ledger) -> None:
    ledger.begin_wait(Wait(subject="settlement", subject_id=ID, tenant="acme", reason="gone: x", since_at=1, due_at=2))


def _revise(ledger: Ledger) -> None:
    ledger.add_verdict(verdict(ACME, bad=2, revision=2))


WAITS: dict[str, tuple[Callable[[Ledger], object], str]] = {
    "a wait": (_wait, "it waits"),
    "a verdict that was revised": (_revise, "it asks for a price"),
}


@pytest.mark.parametrize("what", WAITS)
def test_what_waits_stays_though_it_is_final_and_granted(ledger: Ledger, what: str) -> None:
    """Somebody has to do something about it, which leans on its evidence."""
    priced(ledger, S.REPORTED, S.FINAL, granted=True)
    begin, why = WAITS[what]
    begin(ledger)
    assert (ledger.old_evidence(LONG_AFTER), [one.why for one in ledger.kept_back(LONG_AFTER)]) == ([], [why])


def test_a_period_that_nobody_can_tell_or_that_waits_is_kept(ledger: Ledger) -> None:
    """It has no settlement, and its slots are all that there is. One that was judged is kept while its retention runs."""
    ledger.add_verdict(replace(verdict(ACME), verdict=Verdict.UNDETERMINED))
    waiting = Wait(
        subject="period", subject_id=f"{ACME.id}/{START}", tenant="acme", reason="away", since_at=1, due_at=2
    )
    ledger.begin_wait(waiting)
    assert [(one.period.starts_at, one.why) for one in ledger.kept_back(LONG_AFTER)] == [
        (START, "nobody can tell it, and nobody has said"), (START, "it waits: away"),
    ]  # fmt: skip
    ledger.end_wait("period", waiting.subject_id, 3)
    ledger.add_verdict(verdict(ACME, bad=0, revision=2))
    inside = [one.why for one in ledger.kept_back(START + PERIOD_SECONDS - 1)]
    assert (inside, ledger.kept_back(START + PERIOD_SECONDS)) == (["its retention has not passed"], [])
