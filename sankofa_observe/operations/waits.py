"""For how long what is due waits, by kind and reason: one table for one alert. Counted from when a thing could have been done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from sankofa_observe.pipeline.announce import SUBJECT as SILENCES
from sankofa_observe.pipeline.evaluate import CAUSES, DUE_SECONDS, PERIOD, cause_of
from sankofa_observe.ports import Ledger, SettlementRecord
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import MOVING, SettlementState


class Waits(StrEnum):
    """What can wait."""

    PERIOD = PERIOD  # a closed period, to be judged
    VERDICT = "verdict"  # one that is undetermined, for a person's word
    SILENCES = SILENCES  # of what is excluded, to be made
    SETTLEMENT = "settlement"  # for attestors, for the end of its dispute window to be used, for the arbiter


PERSON, ALERTMANAGER = "person", "alertmanager"
REASONS = {
    Waits.PERIOD: CAUSES,
    Waits.VERDICT: (PERSON,),
    Waits.SILENCES: (ALERTMANAGER,),
    Waits.SETTLEMENT: tuple(sorted(state.value for state in MOVING)),
}


def waiting_seconds(ledger: Ledger, agreements: Mapping[str, Agreement], now: int) -> dict[tuple[str, ...], float]:
    """By kind and reason for how long the oldest waits; 0 where nothing does. `agreements` are by their `version_id`."""
    found: dict[tuple[str, ...], float] = {(kind, reason): 0 for kind, reasons in REASONS.items() for reason in reasons}
    for kind, reason, since_at in _since(ledger, agreements):
        found[kind, reason] = max(found[kind, reason], now - since_at)
    return found


def _since(ledger: Ledger, agreements: Mapping[str, Agreement]) -> Iterator[tuple[str, str, int]]:
    for wait in ledger.waits(PERIOD):
        yield Waits.PERIOD, cause_of(wait.reason), wait.due_at - DUE_SECONDS
    for wait in ledger.waits(SILENCES):
        yield Waits.SILENCES, ALERTMANAGER, wait.since_at
    for one in ledger.undetermined():
        yield Waits.VERDICT, PERSON, one.oldest_ends_at
    for record in ledger.moving(*MOVING):
        yield Waits.SETTLEMENT, record.state.value, _due_at(record, agreements)


def _due_at(record: SettlementRecord, agreements: Mapping[str, Agreement]) -> int:
    """Since when it can move: one that is reported once its dispute window is over, all others at once."""
    own = agreements.get(record.penalty.version_id)
    if record.state is SettlementState.REPORTED and own is not None:
        reported_at = next(one.at for one in record.history if one.state is SettlementState.REPORTED)
        return (
            reported_at + own.dispute_window_seconds
        )  # also after a dispute that was taken back: its window is what it was
    return record.history[-1].at
