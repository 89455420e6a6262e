"""review: a person's word on what the slots cannot tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.review import Reviewed, judged_from, review
from sankofa_observe.ports import Outcome, Review
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.testing import FixedClock, MemoryLedger
from tests.builders import AMINA, PEOPLE, agreement, attainment, verdict

ACME = agreement()
UNCLEAR = replace(verdict(ACME), verdict=Verdict.UNDETERMINED, at_stake=ACME.money(50_000))
WORD = {"reason": "the probe host was down, see INC-7", "reference": "", "by": "amina"}


def ledger_of() -> MemoryLedger:
    ledger = MemoryLedger(people=dict(PEOPLE))
    ledger.add_attainments([attainment(ACME)])
    ledger.add_verdict(UNCLEAR)
    return ledger


def said(ledger: MemoryLedger, outcome: Outcome = Outcome.MET, ref: str = UNCLEAR.ref, **changes: Any) -> Reviewed:
    return review(ref, outcome, ledger=ledger, clock=FixedClock(at=9), **{**WORD, **changes})


def test_a_word_is_kept_with_who_said_it_when_and_why() -> None:
    """The verdict itself stays; it is told as undetermined no more."""
    ledger = ledger_of()
    done = said(ledger)

    kept = Review(
        verdict=UNCLEAR.ref,
        tenant="acme",
        outcome=Outcome.MET,
        reason=WORD["reason"],
        reference="",
        actor=AMINA,
        at=9,
    )
    assert (ledger.reviews, done.judged.reviews, ledger.undetermined()) == ([kept], (kept,), [])
    assert ledger.verdicts == [UNCLEAR]
    assert f"reviewed by {AMINA} at 1970-01-01T00:00:09Z: met, the probe host was down, see INC-7" in str(done)


@pytest.mark.parametrize(
    ("outcome", "changes", "told"),
    [
        (Outcome.MET, {"reason": "  "}, "needs a reason"),
        (Outcome.MET, {"reason": "seen\x1b[2J by hand"}, "reason: has the character"),
        (Outcome.MET, {"reason": "seen\nby hand"}, "reason: has the character"),
        (Outcome.BREACH, {"reference": "CN-7\u2028x"}, "reference: has the character"),
        (Outcome.MET, {"by": ""}, "expected the id, the name or the mail of a person"),
        (Outcome.MET, {"by": "amina; DROP"}, "expected the id, the name or the mail of a person"),
        (Outcome.BREACH, {}, "needs a reference"),
        (Outcome.MET, {"ref": "0" * 16}, "no verdict '0000000000000000'"),
    ],
)
def test_a_word_that_is_not_whole_is_refused(outcome: Outcome, changes: dict[str, str], told: str) -> None:
    """And nothing is kept of it."""
    ledger = ledger_of()
    with pytest.raises(InvalidInput, match=told):
        said(ledger, outcome, **changes)
    assert (ledger.reviews, len(ledger.undetermined())) == ([], 1)


def test_a_breach_that_is_conceded_names_where_its_credit_is_granted() -> None:
    """Once: a second word on it is refused."""
    ledger = ledger_of()
    assert "breach, the probe host was down, see INC-7 (reference CN-17)" in str(
        said(ledger, Outcome.BREACH, reference="CN-17")
    )
    with pytest.raises(InvalidInput):
        said(ledger)


def test_a_verdict_is_shown_with_the_days_it_was_judged_from() -> None:
    """Each day's digest, so that two revisions can be compared by eye."""
    shown = str(judged_from(UNCLEAR.ref, ledger_of()))
    (digest,) = attainment(ACME).days.values()

    assert shown.splitlines()[0].startswith(f"{UNCLEAR.ref} availability-edge at edge-1, ")
    assert shown.splitlines()[0].endswith("revision 1; up to 500.00 USD at stake)")
    assert shown.splitlines()[2:] == [
        f"judged from attainment 1: 10 slots, digest {UNCLEAR.slots_digest}",
        f"  2026-01-01 {digest}",
    ]
