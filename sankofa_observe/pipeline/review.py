"""review: a person's word on a period of which the slots cannot tell, with who said it, why, and what was done by it.

Nothing is paid by it here: the contract credits what k of n attestors counted, and of this period nobody can count. What is conceded
is granted elsewhere, under a reference that the record keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.persons import person
from sankofa_observe.ports import Clock, JudgedFrom, Ledger, Outcome, Review
from sankofa_observe.scope import OPERATOR


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A verdict that nobody has to look at any more."""

    judged: JudgedFrom

    def __str__(self) -> str:
        return f"{self.judged}\nsettled: it is told as undetermined no more, and its period waits for nobody"


def review(
    ref: str, outcome: Outcome, *, reason: str, reference: str, by: str, ledger: Ledger, clock: Clock
) -> Reviewed:
    """Record a person's word on an undetermined verdict.

    Raises:
        InvalidInput: there is no such verdict, it is not undetermined, or it was reviewed; or the word is not whole: a reason and a
            person are needed, and a breach needs the reference under which its credit is granted.
    """
    actor = person(by, reason, ledger, reference)
    if outcome is Outcome.BREACH and not reference.strip():
        raise InvalidInput(
            "a breach that is conceded needs a reference, like the number of the credit note: the contract takes no row of it"
        )
    judged = judged_from(ref, ledger)
    ledger.acting(actor).add_review(
        Review(
            verdict=ref,
            tenant=judged.record.tenant,
            outcome=outcome,
            reason=reason,
            reference=reference,
            actor=actor,
            at=clock.now(),
        )
    )
    return Reviewed(judged=judged_from(ref, ledger))


@dataclass(frozen=True, kw_only=True)
class Dismissed:
    """Something that waits no more, because a person said so."""

    subject_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.subject_id}: waits no more, and is not judged: {self.reason}"


def dismiss(subject: str, subject_id: str, *, reason: str, by: str, ledger: Ledger, clock: Clock) -> Dismissed:
    """End a wait that can end in no other way, like that of an agreement whose spec is gone.

    What still cannot be done and is still asked for waits anew in the next turn.
    """
    ledger.acting(person(by, reason, ledger)).dismiss_wait(subject, subject_id, reason=reason, at=clock.now())
    return Dismissed(subject_id=subject_id, reason=reason)


def judged_from(ref: str, ledger: Ledger) -> JudgedFrom:
    """A verdict with what it was judged from; raises `InvalidInput` where there is none."""
    found = ledger.read(OPERATOR).verdict(ref)
    if found is None:
        raise InvalidInput(
            f"no verdict {ref!r}; its name is the first word of a line of: sankofa-observe verdicts list"
        )
    return found
