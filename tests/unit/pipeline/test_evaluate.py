"""evaluate: the slots of a closed period become a verdict, and another one only when they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.pipeline.evaluate import Judged, NotYet, evaluate, period_slots
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.testing import FixedClock, MemoryLedger, MemorySlots
from tests import builders
from tests.builders import PERIOD_SECONDS, SLOT_SECONDS, SLOTS, START, period, slot, slots_of

AFTER = period(0).ends_at


def evaluated(
    table: MemorySlots, ledger: MemoryLedger, of: Agreement | None = None, *, at: int = AFTER, leave_before_at: int = 0
) -> list[Judged | NotYet]:
    agreement, clock = of or builders.agreement(), FixedClock(at=at)
    return list(evaluate(agreement, table=table, ledger=ledger, clock=clock, leave_before_at=leave_before_at))


def table_of(*indexes: int, bad: int = 0, site: str = "edge-1") -> MemorySlots:
    """A table in which the numbered periods are wholly observed."""
    table = MemorySlots()
    for index in indexes:
        table.append(slots_of(index, bad=bad, site=site), AFTER)
    return table


@pytest.mark.parametrize(
    ("bad", "verdict", "counts"), [(0, Verdict.MET, (10, 0, 0)), (1, Verdict.BREACH, (9, 1, 0))], ids=["met", "breach"]
)
def test_a_closed_period_is_judged_from_its_slots(bad: int, verdict: Verdict, counts: tuple[int, int, int]) -> None:
    """The first verdict of a period is revision 1, and carries the counts and the root of its slots."""
    ledger = MemoryLedger()
    (judged,) = evaluated(table_of(0, bad=bad), ledger)

    assert isinstance(judged, Judged)
    assert judged.added
    attained = judged.record.attainment
    assert (judged.record.verdict, (attained.good, attained.bad, attained.unknown)) == (verdict, counts)
    assert replace(builders.verdict(builders.agreement(), bad=bad), judged_at=AFTER) == judged.record
    assert ledger.verdicts() == [judged.record]


@pytest.mark.parametrize(("waited", "number"), [(0, 0), (299, 0), (300, 1), (301, 1)])
def test_a_period_is_judged_only_after_its_grace(waited: int, number: int) -> None:
    """Up to the last second of its grace nothing is said of a period; from then on it is judged."""
    agreement = builders.agreement(grace_seconds=300)

    assert len(evaluated(table_of(0), MemoryLedger(), agreement, at=AFTER + waited)) == number


@pytest.mark.parametrize("observed", [0, 1, SLOTS - 1])
def test_a_period_that_is_not_observed_to_its_end_is_not_judged(observed: int) -> None:
    """Without its last slot a period waits, and says for what."""
    table, ledger = MemorySlots(), MemoryLedger()
    table.append(slots_of(0)[:observed], AFTER)
    (told,) = evaluated(table, ledger)

    assert isinstance(told, NotYet)
    assert (told.period, told.reason) == (period(0), "its slots are not observed to the end")
    assert "availability-edge/edge-1" in str(told)
    assert ledger.verdicts() == []


def test_a_slot_that_was_never_recorded_is_unknown() -> None:
    """A hole in the table is neither good nor absent: it widens the bounds."""
    table, ledger = MemorySlots(), MemoryLedger()
    table.append([one for one in slots_of(0, bad=0) if one.starts_at != START + SLOT_SECONDS], AFTER)
    (judged,) = evaluated(table, ledger)
    states = [one.state for one in period_slots(builders.agreement().promises[0], period(0), table)]

    assert isinstance(judged, Judged)
    assert (judged.record.attainment.good, judged.record.attainment.unknown) == (SLOTS - 1, 1)
    assert (judged.record.verdict, judged.record.slot_count) == (Verdict.UNDETERMINED, SLOTS)
    assert states == [SlotState.GOOD, SlotState.UNKNOWN, *[SlotState.GOOD] * 8]


def test_judging_again_from_the_same_slots_adds_nothing() -> None:
    """A second run answers the standing verdict, however much later it comes."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    (first,) = evaluated(table, ledger)
    (second,) = evaluated(table, ledger, at=AFTER + 500)

    assert isinstance(first, Judged)
    assert second == replace(first, added=False)
    assert len(ledger.verdicts()) == 1


def test_changed_slots_make_a_revision_and_the_first_verdict_stays() -> None:
    """A slot that turned out otherwise is judged as revision 2; both verdicts are kept, in their order."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    (first,) = evaluated(table, ledger)
    table.append([slot(START)], AFTER + 60)
    (second,) = evaluated(table, ledger, at=AFTER + 60)

    assert isinstance(first, Judged)
    assert isinstance(second, Judged)
    assert second.added
    assert [(v.revision, v.verdict) for v in ledger.verdicts()] == [(1, Verdict.BREACH), (2, Verdict.MET)]
    assert ledger.verdicts() == [first.record, second.record]


def test_slots_that_change_back_make_a_third_revision() -> None:
    """The newest verdict is the one compared with: going back to the first slots is a change too."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    for changed in ([], [slot(START)], [slot(START, SlotState.BAD)]):
        table.append(changed, AFTER)
        evaluated(table, ledger)

    assert [v.verdict for v in ledger.verdicts()] == [Verdict.BREACH, Verdict.MET, Verdict.BREACH]
    assert [v.revision for v in ledger.verdicts()] == [1, 2, 3]


def test_another_spec_makes_a_revision() -> None:
    """A verdict holds under the spec it was drawn with; under another one the period is judged anew."""
    table, ledger, agreement = table_of(0), MemoryLedger(), builders.agreement()
    evaluated(table, ledger, agreement)
    promise = replace(agreement.promises[0], slo=builders.slo(digest=builders.digest_of("mended spec")))
    evaluated(table, ledger, replace(agreement, promises=(promise,)))

    assert [(v.revision, v.spec_digest == promise.slo.digest) for v in ledger.verdicts()] == [(1, False), (2, True)]


def test_one_site_that_lags_holds_up_no_other() -> None:
    """Each promise is judged by its own slots: what is observed is judged, the other waits."""
    agreement = builders.agreement()
    here = agreement.promises[0]
    both = replace(agreement, promises=(replace(here, site="edge-2"), here))
    told = evaluated(table_of(0), MemoryLedger(), both)

    assert [(type(one).__name__) for one in told] == ["NotYet", "Judged"]


def test_periods_before_the_agreement_are_not_judged() -> None:
    """An agreement that starts within a period answers from the next whole one on."""
    agreement, ledger = builders.agreement(starts_at=START + 1), MemoryLedger()
    evaluated(table_of(0, 1), ledger, agreement, at=period(1).ends_at)

    assert [v.period for v in ledger.verdicts()] == [period(1)]


def test_a_period_left_behind_is_read_again_only_when_asked() -> None:
    """A fully judged old period is skipped; one that lacks a verdict is not, however old it is."""
    table, ledger, now = table_of(0, 1), MemoryLedger(), AFTER + PERIOD_SECONDS
    evaluated(table, ledger, at=AFTER)
    told = evaluated(table, ledger, at=now, leave_before_at=AFTER + 1)
    table.append([slot(START, SlotState.BAD)], now)
    left = evaluated(table, ledger, at=now, leave_before_at=AFTER + 1)
    asked = evaluated(table, ledger, at=now)

    assert [one.record.period for one in told if isinstance(one, Judged)] == [period(1)]
    assert [one.record.revision for one in left if isinstance(one, Judged)] == [1]
    assert [one.record.revision for one in asked if isinstance(one, Judged)] == [2, 1]
