"""evaluate under exclusions: an approval or a withdrawal is a revision, of the agreement it is of and of no other one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sankofa_observe.pipeline.evaluate import Judged, Marks, NotYet, evaluate
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.period import arranged
from sankofa_observe.ports import Ledger
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionState
from sankofa_observe.sla.overlay import ExcludedSlots, Overlay, Use, runs
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import SiteSpan
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.testing import FixedClock, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from tests import builders
from tests.builders import APPROVAL, PERIOD_SECONDS, SLOT_SECONDS, START, agreement, exclusion, period, slo, slots_of

ACME = agreement()
AFTER = period(0).ends_at
FIRST_MINUTE = exclusion(ACME)


class Desk:
    """One scheduler's process: a table in which the first slot of the first period is bad, a ledger, its marks."""

    def __init__(self, *agreements: Agreement, bad: int = 1) -> None:
        self.agreements = agreements or (ACME,)
        self.table, self.ledger, self.clock, self.marks = MemorySlots(), MemoryLedger(), FixedClock(at=AFTER), Marks()
        for site in {promise.site for one in self.agreements for promise in one.promises}:
            self.table.append(slots_of(0, bad=bad, site=site), AFTER)
        for one in self.agreements:
            self.ledger.add_agreement(
                agreement_id=one.id, version=1, tenant=one.tenant, terms_hash="", document="", at=0
            )

    def propose(self, one: Exclusion = FIRST_MINUTE) -> Exclusion:
        self.ledger.add_exclusions([one])
        return one

    def approve(self, one: Exclusion = FIRST_MINUTE) -> None:
        self.act(one, replace(APPROVAL, at=self.clock.at))

    def act(self, one: Exclusion, act: Act) -> None:
        self.ledger.act_on_exclusions(self.ledger.exclusions_named(one.ref), act)

    def turn(self, since_at: Mapping[str, int] | None = None, marks: Marks | None = None) -> list[Judged | NotYet]:
        """A turn of the scheduler, which knows what it judged before; or of a process that began just now."""
        self.clock.forward(60)
        used = self.marks if marks is None else marks
        told = evaluate(
            self.agreements,
            panel_of=alone(self.table),
            ledger=self.ledger,
            clock=self.clock,
            marks=used,
            since_at=since_at or {},
        )
        return [one for one in told if not isinstance(one, Judged) or one.added or one.problem]


def shown(found: Sequence[Judged | NotYet]) -> list[tuple[int, str, int, int, int]]:
    records = [one.record for one in found if isinstance(one, Judged)]
    return [(one.revision, one.verdict.value, one.attainment.good, one.attainment.bad, one.attainment.excluded) for one in records]  # fmt: skip


def test_a_proposal_changes_nothing_and_an_approval_is_a_revision() -> None:
    """The first verdict stays; the second points at it, and says which exclusion was applied over which slots."""
    desk = Desk()
    desk.propose()
    first = desk.turn()
    idle = desk.turn()
    desk.approve()
    second = desk.turn()
    [before, after] = desk.ledger.verdicts

    assert shown(first) == [(1, "breach", 9, 1, 0)]
    assert idle == []
    assert shown(second) == [(2, "met", 9, 0, 1)]
    assert (after.replaces, before.replaces) == (before.ref, "")
    assert [one.exclusion_id for one in after.overlay.applied] == [FIRST_MINUTE.id]
    assert after.slots_digest == before.slots_digest
    assert "1 of 10 slots excluded" in str(after)
    assert desk.turn() == []


def test_what_was_approved_before_its_period_is_judged_is_in_the_first_verdict() -> None:
    """One verdict, and no breach in between."""
    desk = Desk()
    desk.propose()
    desk.approve()

    assert shown(desk.turn()) == [(1, "met", 9, 0, 1)]


@pytest.mark.parametrize(("meaning", "good"), [(ExcludedSlots.LEAVES_BASE, 9), (ExcludedSlots.COUNTS_AS_UP, 10)])
def test_the_agreement_says_what_an_excluded_slot_is(meaning: ExcludedSlots, good: int) -> None:
    """Out of the base, or up."""
    desk = Desk(replace(ACME, excluded_slots=meaning))
    desk.propose()
    desk.approve()

    assert shown(desk.turn()) == [(1, "met", good, 0, 1)]


def test_a_withdrawal_is_a_revision_too() -> None:
    """Of what it ends: the slot is back, and so is the breach."""
    desk = Desk()
    desk.propose()
    desk.approve()
    desk.turn()
    gone = Act(state=ExclusionState.WITHDRAWN, actor="person:amina", at=desk.clock.at, reason="no parts", from_at=START)
    desk.act(FIRST_MINUTE, gone)

    assert shown(desk.turn()) == [(2, "breach", 9, 1, 0)]


def test_a_process_that_begins_judges_what_was_approved_while_none_ran() -> None:
    """However long ago the period is; what was judged under the same exclusions is not judged again."""
    desk = Desk()
    desk.propose()
    desk.turn()
    desk.clock.forward(3 * 86_400)  # longer than a process that begins looks back for slots that have changed
    desk.approve()

    assert shown(desk.turn(marks=Marks())) == [(2, "met", 9, 0, 1)]
    assert shown(desk.turn(marks=Marks())) == []


def test_an_exclusion_is_of_one_agreement() -> None:
    """Another one over the same slots keeps its breach; nobody draws what they attained twice."""
    other = agreement("baobab-edge", tenant="baobab")
    desk = Desk(ACME, other)
    desk.propose()
    desk.approve()

    assert sorted(shown(desk.turn())) == [(1, "breach", 9, 1, 0), (1, "met", 9, 0, 1)]
    assert {one.agreement_id for one in desk.ledger.verdicts if one.verdict is Verdict.MET} == {ACME.id}
    assert [len(each) for each in desk.ledger.attained.values()] == [1]


def test_sites_that_are_cut_alike_are_read_together() -> None:
    """A plan for many sites costs one read, and not one a site."""

    class Counting(MemorySlots):
        asked = 0

        def cut(
            self, slo: str, sites: Sequence[str], stretches: Sequence[Period]
        ) -> Mapping[tuple[str, Period], SiteSpan]:
            self.asked += 1
            return super().cut(slo, sites, stretches)

    many = [agreement(f"tenant-{n}", tenant=f"t{n}", site=f"edge-{n}") for n in range(5)]
    desk, table = Desk(*many), Counting()
    table.revisions = desk.table.revisions
    desk.table = table
    for one in many:
        desk.propose(exclusion(one))
        desk.approve(exclusion(one))
    desk.turn()

    assert table.asked == 1
    assert {one.attainment.excluded for one in desk.ledger.verdicts} == {1}


def test_before_a_site_was_deployed_nothing_is_promised() -> None:
    """Slots before are in no base; a date that the fleet file changes is a revision, and one before the period changes nothing."""
    desk = Desk(bad=3)
    found = [desk.turn(since_at={"edge-1": START + seconds}) for seconds in (120, 120)]
    later = desk.turn(since_at={"edge-1": START + 180}, marks=None) or shown_all(desk, START + 180)
    never = shown_all(desk, START - 1)

    assert shown(found[0]) == [(1, "breach", 7, 1, 2)]
    assert found[1] == []
    assert later == [(2, "met", 7, 0, 3)]
    assert never == [(3, "breach", 7, 3, 0)]


def shown_all(desk: Desk, since_at: int) -> list[tuple[int, str, int, int, int]]:
    """By a run that looks at every period, as `sankofa-observe evaluate` does: the fleet file is no record."""
    told = evaluate(
        desk.agreements, panel_of=alone(desk.table), ledger=desk.ledger, clock=desk.clock, since_at={"edge-1": since_at}
    )
    return shown([one for one in told if isinstance(one, Judged) and one.added])


def test_where_slots_were_forgotten_a_verdict_stands_and_says_why() -> None:
    """An exclusion needs the slots of the days it cuts; the totals of those days cannot say."""

    class Forgetful(MemorySlots):
        def forgotten(self, period: Period) -> bool:
            return True

    desk, table = Desk(), Forgetful()
    desk.propose()
    desk.turn()
    table.revisions = desk.table.revisions
    desk.table = table
    desk.approve()
    [told] = desk.turn()

    assert isinstance(told, Judged)
    assert (told.added, told.record.revision) == (False, 1)
    assert told.problem.endswith("are no longer kept (retention_years), and an exclusion lies over them")


ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Nairobi", "Australia/Lord_Howe")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_work_over_the_edge_of_a_month_is_taken_once_from_each_side(zone: str, month: int) -> None:
    """Two hours around local midnight: each slot is taken in the month it lies in, over clock changes and half hours too."""
    window = CalendarWindow(unit=CalendarUnit.MONTH, zone=zone)
    edge = int(datetime(2027, month, 1, tzinfo=ZoneInfo(zone)).timestamp())
    own = replace(slo(window=window), slot=replace(slo().slot, seconds=60))
    berlin = replace(ACME, promises=(Promise(slo=own, site="edge-1", bands=ACME.promises[0].bands),))
    begins = datetime.fromtimestamp(edge - 3630, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")
    one = exclusion(berlin, begins, schedule=Schedule(zone=zone, begins=begins, length_seconds=7260))
    months = [window.period_at(edge - 1), window.period_at(edge)]
    taken = [list(_taken(berlin, one, each)) for each in months]

    assert months[0].ends_at == months[1].starts_at == edge
    # From 30 s into a minute to its end and on to 30 s into the last one: those two minutes are half inside, and stay.
    assert taken == [list(range(edge - 3600, edge, 60)), list(range(edge, edge + 3600, 60))]


def _taken(of: Agreement, one: Exclusion, month: Period) -> Iterator[int]:
    ledger: Ledger = MemoryLedger()
    ledger.add_exclusions([one])
    ledger.act_on_exclusions(ledger.exclusions_named(one.ref), APPROVAL)
    from sankofa_observe.sla.exclusion import overlay_of

    overlay = overlay_of(of, of.promises[0], month, ledger.exclusions_in(month), None)
    for run in runs(overlay, month, SLOT_SECONDS):
        if run.use is not Use.JUDGED:
            yield from range(run.period.starts_at, run.period.ends_at, SLOT_SECONDS)


def test_a_series_takes_its_local_hour_in_every_month_of_a_year() -> None:
    """Each Sunday at 02:00 in Berlin: 52 windows of an hour, of which the one in the skipped hour begins at 03:00."""
    zone = ZoneInfo("Europe/Berlin")
    schedule = Schedule(zone=zone.key, begins="2027-01-03T02:00:00", length_seconds=3600, rule="FREQ=WEEKLY;COUNT=52")
    one = exclusion(ACME, schedule=schedule)
    local = [datetime.fromtimestamp(each.starts_at, zone) for each in one.occurrences]

    assert len(local) == 52
    assert {each.weekday() for each in local} == {6}
    assert {each.hour for each in local} == {2, 3}
    assert [f"{each:%Y-%m-%d}" for each in local if each.hour == 3] == ["2027-03-28"]


def test_periods_without_exclusions_are_judged_as_they_always_were() -> None:
    """An overlay of nothing is nothing: the same record, attained from totals."""
    desk = Desk()
    desk.turn()
    [record] = desk.ledger.verdicts

    assert record.overlay == Overlay()
    assert record == replace(builders.verdict(ACME), judged_at=record.judged_at)
    slots: list[Slot] = desk.table.read("availability-edge", ["edge-1"], period(0))
    assert arranged(slo(), "edge-1", period(0), slots).attainment(slo()) == record.attainment
    assert PERIOD_SECONDS == 600
    assert slots[0].state is SlotState.BAD
