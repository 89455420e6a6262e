"""For how long what is due waits, by kind and reason: one table for one alert. Counted from when a thing could have been done."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sankofa_observe.pipeline.announce import SUBJECT as SILENCES
from sankofa_observe.pipeline.evaluate import CAUSES, DUE_SECONDS, PERIOD, cause_of
from sankofa_observe.pipeline.lane_waits import DUE_SECONDS as LANE_SECONDS
from sankofa_observe.pipeline.lane_waits import LANE, OF_LANE, OF_SETTLEMENT, SETTLEMENT
from sankofa_observe.pipeline.lane_waits import cause_of as lane_cause_of
from sankofa_observe.ports import Ledger, Wait


class Waits(StrEnum):
    """What can wait."""

    PERIOD = PERIOD  # a closed period, to be judged
    VERDICT = "verdict"  # one that is undetermined, for a person's word
    SILENCES = SILENCES  # of what is excluded, to be made
    SETTLEMENT = SETTLEMENT  # for attestors, the arbiter, a person
    LANE = LANE  # all of them: for a block, for whoever paused the contract, for the node


PERSON, ALERTMANAGER = "person", "alertmanager"
REASONS = {
    Waits.PERIOD: CAUSES,
    Waits.VERDICT: (PERSON,),
    Waits.SILENCES: (ALERTMANAGER,),
    Waits.SETTLEMENT: tuple(one.value for one in OF_SETTLEMENT),
    Waits.LANE: tuple(one.value for one in OF_LANE),
}


def waiting_seconds(ledger: Ledger, now: int) -> dict[tuple[str, ...], float]:
    """By kind and reason for how long the oldest waits; 0 where nothing does."""
    found: dict[tuple[str, ...], float] = {(kind, reason): 0 for kind, reasons in REASONS.items() for reason in reasons}
    for kind, reason, since_at in _since(ledger):
        found[kind, reason] = max(found[kind, reason], now - since_at)
    return found


def _since(ledger: Ledger) -> Iterator[tuple[str, str, int]]:
    for wait in ledger.waits(PERIOD):
        yield Waits.PERIOD, cause_of(wait.reason), wait.due_at - DUE_SECONDS
    for wait in ledger.waits(SILENCES):
        yield Waits.SILENCES, ALERTMANAGER, wait.since_at
    for one in ledger.undetermined():
        yield Waits.VERDICT, PERSON, one.oldest_ends_at
    for subject in (Waits.SETTLEMENT, Waits.LANE):
        for wait in ledger.waits(subject):
            yield subject, lane_cause_of(wait.reason), _late_since(wait)


def _late_since(wait: Wait) -> int:
    """A dispute that waits for its ruling is in nobody's way before it is due; all else is from when it began."""
    return max(wait.since_at, wait.due_at - LANE_SECONDS)
