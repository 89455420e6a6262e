"""evaluate: the slots of a closed period become a verdict, and another one only when they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline import evaluate as module
from sankofa_observe.pipeline.attained import LookAgain
from sankofa_observe.pipeline.evaluate import PERIOD, STRANGER, Judged, Marks, NotYet, evaluate
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.period import period_slots, period_totals
from sankofa_observe.ports import SlotTable, Wait
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.testing import FixedClock, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from tests import builders
from tests.builders import PERIOD_SECONDS, SLOT_SECONDS, SLOTS, START, period, slot, slots_of

AFTER = period(0).ends_at


def evaluated(
    table: SlotTable,
    ledger: MemoryLedger,
    *of: Agreement,
    at: int = AFTER,
    marks: Marks | None = None,
    look_again: LookAgain = lambda *_: "",
    anyhow: bool = False,
) -> list[Judged | NotYet]:
    agreements, clock = of or (builders.agreement(),), FixedClock(at=at)
    given = {"ledger": ledger, "clock": clock, "marks": marks, "look_again": look_again, "anyhow": anyhow}
    return list(evaluate(agreements, panel_of=alone(table), **given))  # type: ignore[arg-type]  # each of its own type


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
    assert ledger.verdicts == [judged.record]


@pytest.mark.parametrize(("waited", "number"), [(0, 0), (299, 0), (300, 1), (301, 1)])
def test_a_period_is_judged_only_after_its_grace(waited: int, number: int) -> None:
    """Up to the last second of its grace nothing is said of a period; from then on it is judged."""
    agreement = builders.agreement(grace_seconds=300)

    assert len(evaluated(table_of(0), MemoryLedger(), agreement, at=AFTER + waited)) == number


@pytest.mark.parametrize(("scraped", "judged"), [(299, False), (300, True)])
def test_a_clock_that_runs_ahead_ends_no_grace(scraped: int, judged: bool) -> None:  # noqa: FBT001
    """Ours is minutes ahead; by its own clock the source is still within the grace, or a second past it."""
    agreement, ledger, clock = builders.agreement(grace_seconds=300), MemoryLedger(), FixedClock(at=AFTER + 590)
    (event,) = evaluate(
        [agreement],
        panel_of=alone(table_of(0)),
        ledger=ledger,
        clock=clock,
        source_at=lambda: AFTER + scraped,
        marks=Marks(),
    )

    assert isinstance(event, Judged) == judged
    assert judged or "by its own clock the source has not scraped past that yet" in str(event)
    assert len(ledger.verdicts) == judged


def test_a_clock_that_is_set_back_judges_what_is_over_later_and_once() -> None:
    """An hour back nothing is closed; when it is right again each period is judged once, as if nothing had happened."""
    agreement, ledger, marks, clock = builders.agreement(), MemoryLedger(), Marks(), FixedClock(at=AFTER)
    table, turns = table_of(0, 1), []
    for at in (AFTER, AFTER - 3600, AFTER + PERIOD_SECONDS - 3600, AFTER + PERIOD_SECONDS, AFTER + PERIOD_SECONDS):
        clock.at = at
        turns.append(
            [
                one.record.period
                for one in evaluate(
                    [agreement],
                    panel_of=alone(table),
                    ledger=ledger,
                    clock=clock,
                    source_at=lambda: AFTER + PERIOD_SECONDS,
                    marks=marks,
                )
                if isinstance(one, Judged)
            ]
        )

    assert turns == [[period(0)], [], [], [period(1)], []]
    assert [one.revision for one in ledger.verdicts] == [1, 1]


def test_a_source_that_is_away_is_asked_only_when_a_period_is_due() -> None:
    """It cannot say that the grace has passed, so the period waits and says why; before, nobody asks it."""

    def away() -> int:
        raise Unavailable("Prometheus was not answered")

    def run(at: int) -> list[str]:
        clock = FixedClock(at=at)
        events = evaluate(
            [builders.agreement()], panel_of=alone(table_of(0)), ledger=MemoryLedger(), clock=clock, source_at=away
        )
        return [str(one) for one in events]

    assert run(AFTER - 1) == []
    assert [one.rpartition(": ")[2] for one in run(AFTER)] == ["Prometheus was not answered"]


@pytest.mark.parametrize("observed", [0, 1, SLOTS - 1])
def test_a_period_that_is_not_observed_to_its_end_is_not_judged(observed: int) -> None:
    """Without its last slot a period waits, and says for what."""
    table, ledger = MemorySlots(), MemoryLedger()
    table.append(slots_of(0)[:observed], AFTER)
    (told,) = evaluated(table, ledger)

    assert isinstance(told, NotYet)
    assert (told.period, told.reason) == (period(0), "its slots are not observed to the end")
    assert "availability-edge/edge-1" in str(told)
    assert ledger.verdicts == []


def test_a_slot_that_was_never_recorded_is_unknown() -> None:
    """A hole in the table is neither good nor absent: it widens the bounds."""
    table, ledger = MemorySlots(), MemoryLedger()
    table.append([one for one in slots_of(0, bad=0) if one.starts_at != START + SLOT_SECONDS], AFTER)
    (judged,) = evaluated(table, ledger)
    states = [one.state for one in period_slots(builders.slo(), "edge-1", period(0), table).slots]

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
    assert len(ledger.verdicts) == 1


def test_changed_slots_make_a_revision_and_the_first_verdict_stays() -> None:
    """A slot that turned out otherwise is judged as revision 2; both verdicts are kept, in their order."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    (first,) = evaluated(table, ledger)
    table.append([slot(START)], AFTER + 60)
    (second,) = evaluated(table, ledger, at=AFTER + 60)

    assert isinstance(first, Judged)
    assert isinstance(second, Judged)
    assert second.added
    assert [(v.revision, v.verdict) for v in ledger.verdicts] == [(1, Verdict.BREACH), (2, Verdict.MET)]
    assert ledger.verdicts == [first.record, second.record]


def test_slots_that_change_back_make_a_third_revision() -> None:
    """The newest verdict is the one compared with: going back to the first slots is a change too."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    for changed in ([], [slot(START)], [slot(START, SlotState.BAD)]):
        table.append(changed, AFTER)
        evaluated(table, ledger)

    assert [v.verdict for v in ledger.verdicts] == [Verdict.BREACH, Verdict.MET, Verdict.BREACH]
    assert [v.revision for v in ledger.verdicts] == [1, 2, 3]


@pytest.mark.parametrize("lost", [1, 2, SLOTS - 1], ids=["one bad", "all bad", "all but one"])
def test_slots_that_are_lost_change_no_verdict(lost: int) -> None:
    """A breach that was judged stands, to be priced as it was: fewer bad slots in a table that lost some are no news of the period.

    They are judged once they are all there again, or by a person's word.
    """
    ledger, whole = MemoryLedger(), slots_of(0, bad=2)
    table = MemorySlots()
    table.append(whole, AFTER)
    evaluated(table, ledger)
    left = MemorySlots()
    left.append(whole[lost:], AFTER)
    (judged,) = evaluated(left, ledger)
    (told,) = evaluated(left, ledger, anyhow=True)
    left.append(whole, AFTER)
    (back,) = evaluated(left, ledger)

    assert isinstance(judged, Judged)
    assert (judged.added, judged.record.revision, judged.record.attainment.bad) == (False, 1, 2)
    assert judged.problem == (
        f"its slots are counted from {8 * (SLOTS - lost)} raw samples, and it was judged from {8 * SLOTS}: some of them are lost. Bring them "
        "back (sankofa-observe slots repair, recount), or judge what is left by sankofa-observe evaluate --anyhow"
    )
    assert isinstance(told, Judged)
    assert (told.added, told.record.attainment.unknown) == (True, lost)
    assert isinstance(back, Judged)
    assert (back.added, back.record.attainment) == (True, judged.record.attainment)


def test_another_spec_makes_a_revision() -> None:
    """A verdict holds under the spec it was drawn with; under another one the period is judged anew."""
    table, ledger, agreement = table_of(0), MemoryLedger(), builders.agreement()
    evaluated(table, ledger, agreement)
    promise = replace(agreement.promises[0], slo=builders.slo(digest=builders.digest_of("mended spec")))
    evaluated(table, ledger, replace(agreement, promises=(promise,)))

    assert [(v.revision, v.spec_digest == promise.slo.digest) for v in ledger.verdicts] == [(1, False), (2, True)]


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

    assert [v.period for v in ledger.verdicts] == [period(1)]


class Counting(MemorySlots):
    """A table that knows how often it was asked."""

    asked: int = 0

    def watermarks(self, slo: str) -> Mapping[str, int]:
        self.asked += 1
        return super().watermarks(slo)


def test_nothing_is_asked_of_the_store_while_nothing_is_due() -> None:
    """A process that has judged a period asks of it no more, however often it turns; one that starts anew looks once."""
    table, ledger, marks = Counting(), MemoryLedger(), Marks()
    table.append(slots_of(0), AFTER)
    first = evaluated(table, ledger, marks=marks)
    asked = table.asked
    again = [evaluated(table, ledger, marks=marks, at=AFTER + at) for at in (0, 60, PERIOD_SECONDS - 1)]
    anew = evaluated(table, ledger, marks=Marks(), at=AFTER + 60)

    assert ([one.added for one in first if isinstance(one, Judged)], again) == ([True], [[], [], []])
    assert [one.added for one in anew if isinstance(one, Judged)] == [False]
    assert table.asked == asked + 1


def test_a_period_that_waits_is_looked_at_in_every_turn() -> None:
    """And so are those after it: the mark stands before the first that is not judged."""
    table, ledger, marks = table_of(1), MemoryLedger(), Marks()
    for start in range(START, AFTER, SLOT_SECONDS):
        table.revisions.pop(("availability-edge", "edge-1", start), None)
    both = builders.agreement(starts_at=START)
    two = replace(both, promises=(both.promises[0], replace(both.promises[0], site="edge-2")))
    told = evaluated(table, ledger, two, at=period(1).ends_at, marks=marks)
    table.append([*slots_of(0, site="edge-2"), *slots_of(1, site="edge-2")], AFTER)
    later = evaluated(table, ledger, two, at=period(1).ends_at, marks=marks)

    assert [type(one).__name__ for one in told] == ["Judged", "NotYet", "Judged", "NotYet"]
    assert [type(one).__name__ for one in later] == ["Judged"] * 4
    assert marks.judged_to == {two.version_id: period(1).ends_at}


def test_late_samples_are_looked_for_once_of_all_sites() -> None:
    """Two agreements lean on one SLO: one question; where nobody can tell, neither is judged, and both say why."""
    table, ledger = table_of(0), MemoryLedger()
    table.append(slots_of(0, site="edge-2"), AFTER)
    asked = []

    def cannot_tell(slo: Slo, sites: Sequence[str], of: Period) -> str:
        asked.append((slo.name, tuple(sites), of))
        return "the source did not answer"

    agreements = (builders.agreement(), builders.agreement("baobab-edge", tenant="baobab", site="edge-2"))
    told = evaluated(table, ledger, *agreements, look_again=cannot_tell)

    assert asked == [("availability-edge", ("edge-1", "edge-2"), period(0))]
    assert [one.reason for one in told if isinstance(one, NotYet)] == ["the source did not answer"] * 2


@pytest.mark.parametrize("offset", [0, 3600, 5 * 3600 + 45 * 60])
def test_totals_of_a_long_period_are_those_of_its_slots(offset: int) -> None:
    """Whole days by their totals, the edges of a zone's midnight from slots: the same as slot by slot, and a hole is UNKNOWN."""
    chosen = [SlotState.GOOD, SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN, SlotState.NO_TRAFFIC]
    whole = Period(starts_at=START + offset, ends_at=START + offset + 3 * 86_400)
    table = MemorySlots()
    starts = range(whole.starts_at - 600, whole.ends_at + 600, SLOT_SECONDS)
    table.append([slot(at, chosen[at // 60 % 5], over_good=1, settling=2) for at in starts if at // 3600 % 7], AFTER)
    events = builders.slo(budgeting=Budgeting.OCCURRENCES)
    for promised in (builders.slo(), events):
        by_days = period_totals(promised, ["edge-1"], whole, table)["edge-1"]
        by_slots = period_slots(promised, "edge-1", whole, table)
        assert by_days.attainment(promised) == by_slots.attainment(promised)
        assert by_days.slots == len(by_slots.slots)


def test_verdict_stands_when_its_slots_are_forgotten(tmp_path: Path) -> None:
    """It was drawn from more than is left; what is left draws no revision."""
    table, ledger = DeltaSlots(tmp_path, "observer-1"), MemoryLedger()
    table.append(slots_of(0, bad=1), AFTER)
    table.append([slot(START + at) for at in (PERIOD_SECONDS, 9 * DAY_SECONDS)], AFTER)
    table.seal(START // DAY_SECONDS, AFTER)
    first = evaluated(table, ledger)
    table.forget([START // DAY_SECONDS])
    again = evaluated(table, ledger)

    assert isinstance(first[0], Judged)
    assert again == [replace(first[0], added=False)]
    assert len(ledger.verdicts) == 1


def test_period_that_was_counted_in_two_slot_lengths_is_not_judged() -> None:
    """Twice as many slots as the period has say nothing of it; another site is judged all the same."""
    table, ledger = table_of(0), MemoryLedger()
    table.append(slots_of(0, site="edge-2"), AFTER)
    table.append([slot(START + at, site="edge-2") for at in range(30, PERIOD_SECONDS, 60)], AFTER)
    other = builders.agreement("baobab-edge", tenant="baobab", site="edge-2")
    judged, waits = evaluated(table, ledger, builders.agreement(), other)

    assert isinstance(judged, Judged)
    assert isinstance(waits, NotYet)
    assert f"{2 * SLOTS} slots are recorded where its slot length gives {SLOTS}" in waits.reason


# ---------------------------------------------------------------------------------------------------- attainment and waits


def test_two_agreements_lean_on_one_attainment() -> None:
    """What a site attained is drawn once and kept; each agreement has a verdict that names it, and a recount revises both."""
    table, ledger = table_of(0, bad=1), MemoryLedger()
    agreements = (builders.agreement(), builders.agreement("baobab-edge", tenant="baobab"))
    evaluated(table, ledger, *agreements)
    drawn = ledger.attainments("availability-edge", period(0))
    table.append([slot(START)], AFTER + 60)
    evaluated(table, ledger, *agreements)

    assert drawn == [replace(builders.attainment(agreements[0]), drawn_at=AFTER)]
    assert [(v.tenant, v.revision, v.attainment_revision) for v in ledger.verdicts] == [
        ("acme", 1, 1), ("baobab", 1, 1), ("acme", 2, 2), ("baobab", 2, 2),
    ]  # fmt: skip
    assert len(ledger.attained) == 1


def test_an_agreement_that_comes_later_leans_on_what_was_drawn_before(tmp_path: Path) -> None:
    """Also where the slots are forgotten since: what was attained stands as it was drawn from all of them."""
    table, ledger = DeltaSlots(tmp_path, "observer-1"), MemoryLedger()
    table.append(slots_of(0, bad=1), AFTER)
    table.append([slot(START + at) for at in (PERIOD_SECONDS, 9 * DAY_SECONDS)], AFTER)
    table.seal(START // DAY_SECONDS, AFTER)
    evaluated(table, ledger)
    table.forget([START // DAY_SECONDS])
    late = builders.agreement("baobab-edge", tenant="baobab")
    (judged,) = evaluated(table, ledger, late)

    assert isinstance(judged, Judged)
    assert (judged.record.verdict, judged.record.attainment_revision) == (Verdict.BREACH, 1)
    assert judged.record.attainment == ledger.verdicts[0].attainment


def test_what_is_undetermined_says_how_much_is_at_stake() -> None:
    """The most that may be owed: as if all that is not known was bad, within the cap; where a verdict is clear, nothing."""
    table, ledger = MemorySlots(), MemoryLedger()
    agreements = [builders.agreement(name, cap_ppm=cap) for name, cap in (("a", 500_000), ("b", 300_000))]
    table.append([one for one in slots_of(0, bad=0) if one.starts_at != START + SLOT_SECONDS], AFTER)
    table.append(slots_of(1, bad=1), AFTER)
    evaluated(table, ledger, *agreements, at=period(1).ends_at)

    assert [(v.verdict, v.at_stake.amount_minor) for v in ledger.verdicts] == [
        (Verdict.UNDETERMINED, 50_000), (Verdict.BREACH, 0), (Verdict.UNDETERMINED, 37_500), (Verdict.BREACH, 0),
    ]  # fmt: skip


def test_a_period_that_cannot_be_judged_is_a_wait_until_it_is() -> None:
    """With its reason, from the first turn that found it so, due an hour after its grace; the wait ends with the verdict."""
    agreement, table, ledger = builders.agreement(grace_seconds=300), MemorySlots(), MemoryLedger()
    table.append(slots_of(0)[:-1], AFTER)
    for turn in (0, 299, 300, 360):
        evaluated(table, ledger, agreement, at=AFTER + turn)
    waits = ledger.waits(PERIOD)
    table.append(slots_of(0)[-1:], AFTER)
    evaluated(table, ledger, agreement, at=AFTER + 420)

    assert waits == [
        Wait(
            subject="period",
            subject_id=f"{agreement.id}/{START}",
            tenant="acme",
            reason="its slots are not observed to the end",
            since_at=AFTER + 300,
            due_at=AFTER + 300 + 3600,
        )
    ]
    assert (len(ledger.verdicts), ledger.waits(PERIOD)) == (1, [])


def test_a_process_that_starts_anew_goes_on_where_records_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at the newest period that was judged and at what waits, and at no other: cost follows what changed."""
    monkeypatch.setattr(module, "UNTOLD_SECONDS", 1)  # nothing was changed by one that ended
    table, ledger = Counting(), MemoryLedger()
    agreement = builders.agreement()
    ledger.add_agreement(
        agreement_id=agreement.id, version=1, tenant="acme", terms_hash=agreement.terms_hash, document="{}", at=1
    )
    for index in (0, 1, 3, 4):
        table.append(slots_of(index), AFTER)
    for start in range(period(2).starts_at, period(2).ends_at, SLOT_SECONDS):
        table.append([slot(start), slot(start + SLOT_SECONDS // 2)], AFTER)  # of two slot lengths: it cannot be judged
    at = period(4).ends_at
    evaluated(table, ledger, agreement, at=at, marks=Marks())
    waiting = evaluated(table, ledger, agreement, at=at, marks=Marks())
    ledger.end_wait(PERIOD, f"{agreement.id}/{period(2).starts_at}", at)
    newest = evaluated(table, ledger, agreement, at=at, marks=Marks())

    assert [one.period if isinstance(one, NotYet) else one.record.period for one in waiting] == [period(2), period(4)]
    assert [one.record.period for one in newest if isinstance(one, Judged)] == [period(4)]


def test_a_wait_of_an_agreement_that_is_in_no_spec_says_so() -> None:
    """Nobody judges its period any more: the wait stays with that reason, until a person ends it."""
    table, ledger = MemorySlots(), MemoryLedger()
    evaluated(table, ledger, builders.agreement())
    other = builders.agreement("baobab-edge", tenant="baobab")
    evaluated(table, ledger, other, at=AFTER + 60)
    waits = {one.tenant: (one.reason, one.since_at) for one in ledger.waits(PERIOD)}

    assert waits["acme"] == (STRANGER, AFTER)
    assert waits["baobab"] == ("its slots are not observed to the end", AFTER + 60)


# ------------------------------------------------------------------------------------------------ what changed after a verdict


A, B = builders.agreement(), builders.agreement("baobab-edge", tenant="baobab", grace_seconds=3000)


class Source:
    """A source of which late samples make the first slot of the period BAD, from the moment they have come."""

    def __init__(self, table: MemorySlots) -> None:
        self.table, self.came = table, False

    def look(self, slo: Slo, sites: Sequence[str], of: Period) -> str:
        if self.came:
            self.table.append([slot(START, SlotState.BAD)], AFTER)
        return ""


@pytest.mark.parametrize("restarts", [(), (200,), (900,), (200, 900, 3500)], ids=str)
def test_slots_that_anothers_look_has_changed_revise_every_verdict_on_them(restarts: tuple[int, ...]) -> None:
    """Whenever the process was started anew: the records come out the same, and as if judged from scratch."""
    table, ledger, marks = table_of(0), MemoryLedger(), Marks()
    source = Source(table)
    for of in (A, B):
        ledger.add_agreement(agreement_id=of.id, version=1, tenant=of.tenant, terms_hash="", document="", at=1)
    for turn in range(0, 4000, 100):
        source.came = turn >= 150
        marks = Marks() if turn in restarts else marks
        evaluated(table, ledger, A, B, at=AFTER + turn, marks=marks, look_again=source.look)

    assert sorted((v.tenant, v.revision, v.verdict) for v in ledger.newest()) == [
        ("acme", 2, Verdict.BREACH), ("baobab", 1, Verdict.BREACH),
    ]  # fmt: skip


def test_a_verdict_waits_for_nothing_when_it_cannot_be_judged_again() -> None:
    """By hand or after a restart, while nobody answers: it stands, which is told, and no wait begins or stays."""
    table, ledger = table_of(0, 1), MemoryLedger()
    evaluated(table, ledger, at=period(1).ends_at)
    told = evaluated(table, ledger, at=period(1).ends_at, look_again=lambda *_: "the source is away")

    assert [(one.added, one.problem) for one in told if isinstance(one, Judged)] == [(False, "the source is away")] * 2
    assert ledger.waits(PERIOD) == []


def test_a_clock_ahead_makes_no_period_due() -> None:
    """The source has not come so far: the first of them is told, and the others are not periods yet."""
    table, ledger, agreement = table_of(0), MemoryLedger(), builders.agreement()
    clock = FixedClock(at=AFTER + 1000 * PERIOD_SECONDS)
    told = list(
        evaluate(
            [agreement], panel_of=alone(table), ledger=ledger, clock=clock, source_at=lambda: AFTER + 30, marks=Marks()
        )
    )

    assert [type(one).__name__ for one in told] == ["Judged", "NotYet"]
    assert len(ledger.waits(PERIOD)) == 1


def test_a_clock_years_ahead_costs_no_more_than_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a million periods lie between: two are made, the one that is judged and the one that the source has not reached."""
    made: list[int] = []
    period_at = FixedWindow.period_at

    def counted(window: FixedWindow, at: int) -> Period:
        made.append(at)
        return period_at(window, at)

    monkeypatch.setattr(FixedWindow, "period_at", counted)
    clock = FixedClock(at=AFTER + 500_000 * PERIOD_SECONDS)
    told = list(
        evaluate(
            [A], panel_of=alone(table_of(0)), ledger=MemoryLedger(), clock=clock, source_at=lambda: AFTER, marks=Marks()
        )
    )

    assert [type(one).__name__ for one in told] == ["Judged", "NotYet"]
    assert len(made) < 20


@pytest.mark.parametrize("at", [253_402_300_800, AFTER + 2_000_000 * PERIOD_SECONDS])
def test_a_clock_beyond_reason_judges_nothing_and_says_so(at: int) -> None:
    """After the year 9999, or with more periods than there can be: an error by name, and no wait is recorded."""
    ledger = MemoryLedger()
    with pytest.raises(InvalidInput, match="is a clock wrong"):
        list(evaluate([A], panel_of=alone(table_of(0)), ledger=ledger, clock=FixedClock(at=at), marks=Marks()))

    assert (ledger.verdicts, ledger.waits(PERIOD)) == ([], [])


def test_what_fails_one_agreement_holds_up_no_other() -> None:
    """A table that breaks on one SLO: the agreements on others are judged, and it is told at the end."""
    table, ledger = table_of(0), MemoryLedger()
    other = replace(A.promises[0], slo=builders.slo("broken"))
    broken = replace(builders.agreement("broken"), promises=(other,))
    healthy = table.watermarks
    table.watermarks = lambda slo: healthy(slo) if slo != "broken" else (_ for _ in ()).throw(Unavailable("torn"))  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="torn"):
        list(evaluate([broken, A], panel_of=alone(table), ledger=ledger, clock=FixedClock(at=AFTER)))

    assert [v.tenant for v in ledger.verdicts] == ["acme"]


def test_a_period_that_waits_makes_no_other_dearer() -> None:
    """Late samples are looked for in what waits and what is new, not in all that was judged after it."""
    table, ledger, marks, asked = table_of(*range(1, 9)), MemoryLedger(), Marks(), list[Period]()
    for start in range(START, AFTER, SLOT_SECONDS):
        table.append([slot(start), slot(start + SLOT_SECONDS // 2)], AFTER)  # of two slot lengths

    def look(slo: Slo, sites: Sequence[str], of: Period) -> str:
        asked.append(of)
        return ""

    for index in range(1, 9):
        evaluated(table, ledger, at=period(index).ends_at, marks=marks, look_again=look)
    table.written()
    asked.clear()
    marks.again.clear()
    evaluated(table, ledger, at=period(8).ends_at + 60, marks=marks, look_again=look)

    assert asked == [period(0)]
