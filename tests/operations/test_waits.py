"""For how long what is due waits: by kind and reason, from when it could have been done."""

from __future__ import annotations

import pytest

from sankofa_observe.operations.waits import REASONS, waiting_seconds
from sankofa_observe.pipeline.attained import NOT_OBSERVED, NOT_SCRAPED
from sankofa_observe.pipeline.evaluate import DUE_SECONDS, STRANGER
from sankofa_observe.pipeline.lane_waits import DUE_SECONDS as LANE_SECONDS
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits
from sankofa_observe.ports import Wait
from sankofa_observe.testing import MemoryLedger
from tests.builders import START, agreement

EDGE = agreement()
NOW = START + 10_000


def waiting(ledger: MemoryLedger) -> dict[tuple[str, ...], float]:
    """Only what waits at all."""
    return {of: seconds for of, seconds in waiting_seconds(ledger, NOW).items() if seconds}


def test_where_nothing_waits_every_reason_is_there_and_zero() -> None:
    """A rule over all of them has a value from the start."""
    found = waiting_seconds(MemoryLedger(), NOW)
    assert found == {(kind, reason): 0 for kind, reasons in REASONS.items() for reason in reasons}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (f"{NOT_OBSERVED} by 2 of its 3 observers: missing east", "slots"),
        (f"its grace ends at 2026-01-01T00:10:00Z, and {NOT_SCRAPED}", "source"),
        (STRANGER, "agreement"),
        ("20 slots are recorded where its slot length gives 10", "other"),
    ],
)
def test_a_period_waits_since_it_could_have_been_judged(reason: str, word: str) -> None:
    """However late that was noticed, and by a word that names no site and no time; the oldest counts."""
    ledger = MemoryLedger()
    for number, late in enumerate((500, 700)):
        due_at = NOW - late + DUE_SECONDS
        own = f"{EDGE.id}/{number}"
        ledger.begin_wait(Wait(subject="period", subject_id=own, tenant="acme", reason=reason, since_at=NOW, due_at=due_at))  # fmt: skip
    assert waiting(ledger) == {("period", word): 700}


def test_silences_that_alertmanager_does_not_take_wait() -> None:
    """Since the first turn that could not make them: what is excluded goes on paging."""
    ledger = MemoryLedger()
    since = NOW - 900
    ledger.begin_wait(Wait(subject="silences", subject_id="alertmanager", tenant="*", reason="away", since_at=since, due_at=since + 300))  # fmt: skip
    assert waiting(ledger) == {("silences", "alertmanager"): 900}


def test_a_settlement_and_the_lane_wait_by_the_cause_that_was_recorded() -> None:
    """Since it was first so, whatever the words; and a dispute only once its ruling is near."""
    ledger, waits = MemoryLedger(), LaneWaits(ledger=MemoryLedger(), now=NOW - 50)
    waits.ledger = ledger
    waits.of("0x01", "acme", Cause.ATTESTORS, "1 of 2 attestors sign; x: away since noon")
    waits.of("0x02", "acme", Cause.RULING, "disputed", due_at=NOW + 100_000)
    waits.of_lane(Cause.PAUSED, "the contract is paused")
    waits.write()
    assert waiting(ledger) == {("settlement", "attestors"): 50, ("lane", "paused"): 50}

    later = LaneWaits(ledger=ledger, now=NOW - 10)
    later.of("0x01", "acme", Cause.ATTESTORS, "1 of 2 attestors sign; x: away since one")
    later.lane_over(Cause.PAUSED)
    later.write()
    assert waiting(ledger) == {("settlement", "attestors"): 50}
    [told] = [one.reason for one in ledger.waits("settlement") if one.subject_id == "0x01"]
    assert told.endswith("x: away since one")  # who is asked now, and not who was asked first
    assert waiting_seconds(ledger, NOW + 100_000)["settlement", "ruling"] == LANE_SECONDS
