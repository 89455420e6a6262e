"""What a running period costs: as it stands, from the next step of its schedule on, and at its end if all goes on as it did.

Priced by the function that prices a breach, in whole minor units, as if its promise alone were missed; for people who look ahead. Nothing
here is owed yet, no verdict follows from it, and what several promises of an agreement come to together is not looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import owed as credit_owed
from sankofa_observe.slo.verdict import Attainment


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What was attained of the slots that passed, how many of them are judged, and how many such slots are still to come."""

    attained: Attainment
    passed_slots: int
    left_slots: int


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`next_minor` and `slots_to_next` are None where no bad slot that is still to come makes it dearer."""

    now_minor: int
    next_minor: int | None
    slots_to_next: int | None
    at_risk_minor: int


def outlook(agreement: Agreement, promise: Promise, so_far: SoFar) -> Outlook | None:
    """None where nothing of the period is known.

    What is not known counts as good, as in a breach, and so does what is still to come. Slots to come have as many events as those that
    passed, on average; of events and of bad slots fractions are dropped, so that less is said rather than more.
    """
    attained, left_slots = so_far.attained, so_far.left_slots
    known = attained.good + attained.bad
    if not attained.bounded or not known or not so_far.passed_slots:
        return None

    def events(slots: int) -> int:
        return attained.base * slots // so_far.passed_slots

    left = events(left_slots)
    good, valid = attained.high_good + left, attained.base + left

    def owed(bad_to_come: int) -> int:
        return agreement.credit_minor([credit_owed(agreement, promise, good=good - bad_to_come, valid=valid)])

    now = owed(0)
    # More bad never costs less, so the first slot that makes it dearer can be looked for by halves.
    slots = 1 + bisect_right(range(1, left_slots + 1), now, key=lambda several: owed(events(several)))
    dearer = slots <= left_slots
    return Outlook(
        now_minor=now,
        next_minor=owed(events(slots)) if dearer else None,
        slots_to_next=slots if dearer else None,
        at_risk_minor=owed(left * attained.bad // known) - now,
    )
