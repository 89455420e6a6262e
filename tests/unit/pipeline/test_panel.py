"""Several observers of one agreement: one that is down, late, blind or lies decides nothing, and what was seen is in the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_observe.adapters.slots import DeltaSlots, OthersSlots
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline.assess import Assessed, assess
from sankofa_observe.pipeline.evaluate import Judged, Marks, NotYet, evaluate
from sankofa_observe.pipeline.panel import Panel
from sankofa_observe.pipeline.rebuild import Rebuilt, rebuild
from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin, parse, written
from sankofa_observe.sla.overlay import Applied, ExcludedSlots, Overlay, of_observers, runs
from sankofa_observe.sla.terms import counting_digest, with_terms
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.slo.votes import States
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from sankofa_observe.verify import verify
from tests import builders
from tests.builders import CREDIT_MINOR, SLOT_SECONDS, START, period, slot, slots_of
from tests.unit.sla.test_overlay import EVENTS, SLICES, SLOT

NAMES = ("east", "north", "west")
AFTER = period(0).ends_at
G, B, U = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN


def observed(quorum: Quorum = Quorum(names=NAMES, bad=2, good=2)) -> Agreement:  # noqa: B008  immutable
    """An agreement of three observers, with the digest of how it is counted, as one that was read from a spec has it."""
    made = builders.agreement(observers=quorum)
    slo = replace(made.promises[0].slo, digest=counting_digest(made.promises[0].slo))
    return with_terms(replace(made, promises=(replace(made.promises[0], slo=slo),)), salt="0x" + "5a" * 32)


@dataclass(kw_only=True)
class Court:
    """Three observers with a table each, and one ledger."""

    agreement: Agreement = field(default_factory=observed)
    tables: dict[str, MemorySlots] = field(default_factory=lambda: {name: MemorySlots() for name in NAMES})
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=AFTER))
    marks: Marks = field(default_factory=Marks)

    def __post_init__(self) -> None:
        one = self.agreement
        terms = {"terms_hash": one.terms_hash, "document": one.terms_document}
        self.ledger.add_agreement(agreement_id=one.id, version=1, tenant="acme", at=START, **terms)

    def saw(self, name: str, *, bad: int) -> None:
        self.tables[name].append(slots_of(0, bad=bad), self.clock.at)

    def panel_of(self, quorum: Quorum) -> Panel:
        return Panel(quorum=quorum, tables=tuple(self.tables[name] for name in quorum.names))

    def judged(self, **own: Any) -> list[Judged | NotYet]:
        """`own` is what the process that judges knows of a source beside it."""
        wired = {"panel_of": self.panel_of, "ledger": self.ledger, "clock": self.clock, "marks": self.marks}
        return list(evaluate([self.agreement], **wired, **own))  # type: ignore[arg-type]

    def assessed(self) -> list[object]:
        return list(
            assess(
                [self.agreement],
                panel_of=self.panel_of,
                ledger=self.ledger,
                archive=self.archive,
                chain=builders.CHAIN,
                origin=Origin(engine="engine/1", observer="east"),
                clock=self.clock,
            )
        )


def test_an_observer_that_comes_late_makes_up_for_no_slots_of_another() -> None:
    """A breach by two stands though the table of one is lost and the third brings as many samples: else nothing of it would be owed."""
    court = Court()
    court.saw("east", bad=5)
    court.saw("north", bad=5)
    court.judged()
    court.tables["east"] = MemorySlots()
    court.saw("west", bad=0)
    [judged] = court.judged()

    assert isinstance(judged, Judged)
    assert (judged.added, judged.record.verdict) == (False, Verdict.BREACH)
    assert (
        "observer east: its slots are counted from 0 raw samples, and it was judged from 80: some of" in judged.problem
    )


@pytest.mark.parametrize(
    ("bad", "verdict", "alone"),
    [
        ({"east": 1, "north": 1, "west": 0}, Verdict.BREACH, ["breach", "breach", "met"]),
        ({"east": 5, "north": 0, "west": 0}, Verdict.MET, ["breach", "met", "met"]),
        ({"east": 0, "north": 1, "west": 1}, Verdict.BREACH, ["met", "breach", "breach"]),
    ],
    ids=["a lie in our favour", "a lie to our cost", "one sees nothing bad"],
)
def test_one_that_lies_decides_nothing(bad: dict[str, int], verdict: Verdict, alone: list[str]) -> None:
    court = Court()
    for name, count in bad.items():
        court.saw(name, bad=count)
    [judged] = court.judged()

    assert isinstance(judged, Judged)
    assert judged.record.verdict is verdict
    [attained] = court.ledger.attainments("availability-edge", period(0))
    assert [(one.name, one.verdict) for one in attained.views] == list(zip(NAMES, alone, strict=True))


def test_one_that_is_down_holds_up_nothing_and_one_more_does() -> None:
    """Two of three decide; one alone does not, and the period waits for the second with its reason."""
    court = Court()
    court.saw("north", bad=1)
    [waits] = court.judged()
    assert isinstance(waits, NotYet)
    assert waits.reason == "its slots are not observed to the end by 2 of its 3 observers: missing east, west"

    court.saw("west", bad=1)
    [judged] = court.judged()
    assert isinstance(judged, Judged)
    assert judged.record.verdict is Verdict.BREACH


@pytest.mark.parametrize("observer", ["east", "judge"], ids=["one of the three", "none of the three"])
@pytest.mark.parametrize("source", ["away", "blind"])
def test_the_source_beside_who_judges_is_one_voice_and_no_more(observer: str, source: str) -> None:
    """Away or blind, it holds nothing up once two others have counted past the grace; while they have not, the period waits."""
    court = Court(agreement=replace(observed(), grace_seconds=120))

    def scraped() -> int:
        if source == "away":
            raise Unavailable("Prometheus east: connection refused")
        return START

    def judged() -> Judged | NotYet:
        [event] = court.judged(observer=observer, source_at=scraped, look_again=lambda *_: "no late samples are seen")
        return event

    until = AFTER + court.agreement.grace_seconds
    court.clock.at = until + 60
    court.saw("north", bad=1)
    court.saw("west", bad=1)
    assert isinstance(judged(), NotYet)
    court.tables["north"].append([slot(until - SLOT_SECONDS)], court.clock.at)
    assert isinstance(judged(), NotYet)
    court.tables["west"].append([slot(until - SLOT_SECONDS)], court.clock.at)
    event = judged()

    assert isinstance(event, Judged)
    assert event.record.verdict is Verdict.BREACH


def test_the_source_beside_who_judges_is_waited_for_where_its_voice_is_needed() -> None:
    """With one other observer it decides, and nobody could look for its late samples; of others none are looked for here."""
    court = Court()
    for name in ("east", "north"):
        court.saw(name, bad=1)
    asked: list[str] = []

    def look_again(slo: Slo, _sites: Sequence[str], _period: Period) -> str:
        asked.append(slo.name)
        return "the source is away"

    [waits] = court.judged(observer="east", look_again=look_again)
    assert isinstance(waits, NotYet)
    assert (waits.reason, asked) == ("the source is away", ["availability-edge"])

    asked.clear()
    [judged] = court.judged(observer="judge", look_again=look_again)
    assert isinstance(judged, Judged)
    assert asked == []


def test_one_that_disagrees_while_another_is_down_leaves_it_undetermined() -> None:
    """Neither two that say bad, nor two that say good: a tie is never good, and nobody pays for it."""
    court = Court()
    court.saw("north", bad=1)
    court.saw("west", bad=0)
    [judged] = court.judged()

    assert isinstance(judged, Judged)
    assert judged.record.verdict is Verdict.UNDETERMINED
    assert judged.record.attainment.unknown == 1


def test_one_that_is_blind_says_nothing() -> None:
    """Every slot of it UNKNOWN: the other two decide, and its own view is told."""
    court = Court()
    court.tables["east"].append([replace(slot(one.starts_at, U)) for one in slots_of(0)], AFTER)
    court.saw("north", bad=0)
    court.saw("west", bad=0)
    [judged] = court.judged()

    assert isinstance(judged, Judged)
    assert judged.record.verdict is Verdict.MET
    assert judged.record.attainment.unknown == 0
    [attained] = court.ledger.attainments("availability-edge", period(0))
    assert "east alone: undetermined (0 good, 0 bad, 10 unknown)" in [str(one) for one in attained.views]


def test_one_that_comes_late_is_a_revision_where_it_changes_the_vote() -> None:
    """What others wrote since is looked for by itself; the same vote is the same verdict, drawn from more."""
    court = Court()
    court.saw("north", bad=1)
    court.saw("west", bad=0)
    court.judged()
    court.saw("east", bad=1)
    [judged] = court.judged()

    assert isinstance(judged, Judged)
    assert (judged.record.verdict, judged.record.revision) == (Verdict.BREACH, 2)
    assert judged.record.replaces == court.ledger.verdicts[0].ref


def test_evidence_holds_what_each_of_them_counted() -> None:
    """A tenant recomputes the vote from three sets of slots; the operator writes the same document anew."""
    court = Court()
    court.saw("east", bad=0)
    court.saw("north", bad=1)
    court.saw("west", bad=1)
    court.judged()
    [assessed] = court.assessed()

    assert isinstance(assessed, Assessed)
    assert assessed.penalty.credit_minor == CREDIT_MINOR
    raw = court.archive.get(assessed.penalty.document_hash)
    assert raw is not None
    document = parse(raw)
    assert document.identity.observers == court.agreement.observers
    assert [row.rpartition(",")[2] for n in range(3) for row in document.days_of(n)[0].rows[:1]] == [
        "GOOD",
        "BAD",
        "BAD",
    ]
    assert [check.what for check in verify(raw).checks if not check.holds] == []

    held = dict(court.archive.documents)
    court.archive.documents.clear()
    origin = Origin(engine="engine/1", observer="east")
    records = court.ledger.in_order()
    made = rebuild(records, panel_of=court.panel_of, ledger=court.ledger, archive=court.archive, chain=builders.CHAIN, origin=origin)  # fmt: skip
    assert [type(one) for one in made] == [Rebuilt]
    assert court.archive.documents == held
    assert written(document) == raw


# ------------------------------------------------------------------------------------------------- totals, and slot by slot

QUORUMS = st.integers(1, 5).flatmap(
    lambda count: st.tuples(st.just(count), st.integers(1, count), st.integers(count // 2 + 1, count))
)
QUIET: st.SearchStrategy[list[dict[str, int]]] = st.lists(st.builds(dict), min_size=12, max_size=12)


@given(QUORUMS, st.data())
@settings(deadline=None, max_examples=60)
def test_totals_of_a_panel_say_what_its_slots_say(thresholds: tuple[int, int, int], data: st.DataObject) -> None:
    """Whatever each observer saw or missed, and whatever lies over it: what is drawn by days is what is voted slot by slot."""
    count, bad, good = thresholds
    quorum = Quorum(names=tuple(f"o{n}" for n in range(count)), bad=bad, good=good)
    of = data.draw(st.sampled_from([SLICES, EVENTS]))
    midnight = data.draw(st.integers(0, 12))
    start = START + DAY_SECONDS - SLOT_SECONDS * midnight
    whole = Period(starts_at=start, ends_at=start + SLOT_SECONDS * 12)
    tables = tuple(_table(whole, data.draw(st.one_of(QUIET, st.lists(SLOT, min_size=12, max_size=12)))) for _ in range(count))  # fmt: skip
    panel = Panel(quorum=quorum, tables=tables)
    overlay = _overlay(start, data)
    seen = panel.seen(of, "edge-1", whole)

    assert panel.draw(of, ["edge-1"], whole)["edge-1"].attainment == of_observers(of, quorum, seen, Overlay())
    cut = runs(overlay, whole, SLOT_SECONDS)
    assert panel.under(of, ["edge-1"], {whole: cut})["edge-1", whole] == of_observers(of, quorum, seen, overlay)


def _table(whole: Period, drawn: Sequence[dict[str, int]]) -> SlotTable:
    """Of each slot what was drawn, and of some nothing."""
    table, step = MemorySlots(), SLOT_SECONDS
    around = [{}, *drawn, {}]
    kept = [slot(whole.starts_at + step * (n - 1), **one) for n, one in enumerate(around)]  # type: ignore[arg-type]
    table.append([one for one in kept if one.good != 9], 0)
    return table


def _overlay(start: int, data: st.DataObject) -> Overlay:
    stretches = data.draw(st.lists(st.tuples(st.integers(-200, 700), st.integers(1, 400)), max_size=3))
    applied = {Applied(starts_at=start + low, ends_at=start + low + length, exclusion_id="0x1") for low, length in stretches}  # fmt: skip
    return Overlay(excluded_slots=data.draw(st.sampled_from(list(ExcludedSlots))), applied=tuple(sorted(applied)))


def test_quiet_days_are_not_read_slot_by_slot(tmp_path: Path) -> None:
    """Two of three that saw a whole day good settle it, whatever the third says of it."""
    slo = builders.slo()
    days = Period(starts_at=START, ends_at=START + 2 * DAY_SECONDS)
    starts = range(days.starts_at, days.ends_at, SLOT_SECONDS)
    asked: list[Period] = []

    class Watched(DeltaSlots):
        def states(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, States]:
            asked.append(period)
            return super().states(slo, sites, period)

    tables = [Watched(tmp_path, name) for name in NAMES]
    tables[0].append([slot(at) for at in starts], AFTER)
    tables[1].append([slot(at) for at in starts], AFTER)
    tables[2].append([slot(at, B if at == START + DAY_SECONDS else G) for at in starts], AFTER)
    panel = Panel(quorum=Quorum(names=NAMES, bad=2, good=2), tables=tuple(tables))
    drawn = panel.draw(slo, ["edge-1"], days)["edge-1"]

    assert (drawn.attainment.good, drawn.attainment.bad, asked) == (2880, 0, [])
    tables[1].append([slot(START + DAY_SECONDS, B)], AFTER + 1)
    drawn = panel.draw(slo, ["edge-1"], days)["edge-1"]
    assert (drawn.attainment.good, drawn.attainment.bad) == (2879, 1)
    assert {one.starts_at for one in asked} == {START + DAY_SECONDS}


# ----------------------------------------------------------------------------------------------------- a table of another's


def test_what_another_process_wrote_is_seen_and_never_written(tmp_path: Path) -> None:
    """Its newest slot is asked for each time; what it changed since is told by days; writing is refused by name."""
    ours, theirs = DeltaSlots(tmp_path, "north"), OthersSlots(tmp_path, "north")
    assert (theirs.watermarks("availability-edge"), theirs.written()) == ({}, {})
    ours.append(slots_of(0, bad=0), AFTER)
    assert theirs.watermarks("availability-edge") == {"edge-1": AFTER - SLOT_SECONDS}
    ours.append(slots_of(1, bad=0), AFTER)
    assert theirs.watermarks("availability-edge") == {"edge-1": AFTER - SLOT_SECONDS + builders.PERIOD_SECONDS}
    day = Period(starts_at=START, ends_at=START + DAY_SECONDS)
    assert theirs.written() == {"availability-edge": day}
    assert theirs.written() == {}
    ours.append([slot(START, B)], AFTER)
    assert theirs.written() == {"availability-edge": day}
    ours.seal(START // DAY_SECONDS, AFTER)
    ours.compact()
    assert theirs.written() == {}
    assert theirs.states("availability-edge", ["edge-1"], period(0))["edge-1"].by_start()[START] is B
    with pytest.raises(InvalidInput, match="serve --observer north"):
        theirs.append([slot(START, G)], AFTER)


def test_slots_and_their_states_are_told_alike(tmp_path: Path) -> None:
    """`states` is `read` without what a vote does not need, in both stores."""
    slots: list[Slot] = [slot(START, B), slot(START + 60, U), slot(START + 60, site="edge-2")]
    for table in (DeltaSlots(tmp_path, "north"), MemorySlots()):
        table.append(slots, AFTER)
        wanted: dict[str, dict[int, SlotState]] = {"edge-1": {START: B, START + 60: U}, "edge-2": {START + 60: G}}
        found = table.states("availability-edge", ["edge-1", "edge-2"], period(0))
        assert {site: own.by_start() for site, own in found.items()} == wanted


def test_a_panel_has_a_table_each() -> None:
    with pytest.raises(ValueError, match="1 tables of 3 observers"):
        Panel(quorum=Quorum(names=NAMES, bad=2, good=2), tables=(MemorySlots(),))
