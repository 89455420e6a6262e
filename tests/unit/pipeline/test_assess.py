"""assess: a breach becomes a penalty once, and never one without its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.assess import Assessed, PriceWithdrawn, RestatedLater, assess
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.ports import StateChange
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger, MemorySlots
from tests import builders
from tests.builders import CREDIT_MINOR, START, period, slot, slots_of

ORIGIN = Origin(engine="sankofa-observe/test", observer="observer-1")
Told = list[Assessed | PriceWithdrawn | RestatedLater]


@dataclass(kw_only=True)
class Desk:
    """The stores of one observer, and the two steps that lead to a penalty."""

    agreement: Agreement = field(default_factory=builders.agreement)
    table: MemorySlots = field(default_factory=MemorySlots)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=period(0).ends_at + 60))

    def judge(self, *, bad: int = 1) -> None:
        self.table.append(slots_of(0, bad=bad), self.clock.at)
        self.judge_again()

    def judge_again(self) -> None:
        list(evaluate([self.agreement], panel_of=alone(self.table), ledger=self.ledger, clock=self.clock))

    def assess(self) -> Told:
        return list(
            assess(
                [self.agreement],
                panel_of=alone(self.table),
                ledger=self.ledger,
                archive=self.archive,
                chain=builders.CHAIN,
                origin=ORIGIN,
                clock=self.clock,
            )
        )


def test_a_breach_gets_its_price_and_its_document() -> None:
    """The penalty and the archived document are those the price function gives, and the settlement is computed."""
    desk, wanted = Desk(), builders.breach(builders.agreement())
    desk.judge()

    assert desk.assess() == [Assessed(penalty=wanted.penalty)]
    (record,) = desk.ledger.in_order()
    assert (record.penalty, record.state) == (wanted.penalty, SettlementState.COMPUTED)
    assert record.penalty.credit_minor == CREDIT_MINOR
    assert list(desk.archive.documents) == [wanted.penalty.document_hash]


def test_a_breach_is_assessed_once() -> None:
    """A second run, later, finds nothing to do and writes nothing."""
    desk = Desk()
    desk.judge()
    desk.assess()
    before = (desk.ledger.in_order(), dict(desk.archive.documents))
    desk.clock.forward(3600)

    assert desk.assess() == []
    assert (desk.ledger.in_order(), dict(desk.archive.documents)) == before


@pytest.mark.parametrize("state", [SlotState.GOOD, SlotState.UNKNOWN], ids=["met", "undetermined"])
def test_only_a_breach_has_a_price(state: SlotState) -> None:
    """A period that was met, or that nobody can tell of, costs nothing."""
    desk = Desk()
    desk.table.append([slot(START, state), *slots_of(0, bad=0)[1:]], desk.clock.at)
    desk.judge_again()

    assert desk.assess() == []
    assert (desk.ledger.in_order(), desk.archive.documents) == ([], {})


def test_a_reported_period_that_is_revised_is_handed_to_a_person() -> None:
    """What is on chain is not priced again by itself: each run names the revision, and the first penalty stands."""
    desk = Desk()
    desk.judge()
    desk.assess()
    [first] = desk.ledger.in_order()
    desk.ledger.add_state(first.penalty.settlement_id, StateChange(state=SettlementState.REPORTED, at=9))
    standing = desk.ledger.in_order()
    desk.table.append([slot(START)], desk.clock.at)
    desk.judge_again()
    (told,) = desk.assess()

    assert isinstance(told, RestatedLater)
    assert (told.record.revision, told.settlement_id) == (2, standing[0].penalty.settlement_id)
    assert desk.assess() == [told]
    assert desk.ledger.in_order() == standing
    assert "revision 2 differs" in str(told)


def test_a_price_that_was_not_reported_follows_its_verdict() -> None:
    """Worse, gone, and back: each is one more row, the settlement keeps its id, and what is owed is the newest price alone."""
    desk = Desk(agreement=builders.agreement())
    desk.judge()
    [first] = desk.assess()
    assert isinstance(first, Assessed)
    told, owed = [], []
    for bad in (2, 0, 1):
        desk.clock.forward(60)
        desk.table.append(slots_of(0, bad=bad), desk.clock.at)
        desk.judge_again()
        told += desk.assess()
        owed.append(dict(desk.ledger.totals().penalties))
    worse, gone, back = told
    [record] = desk.ledger.in_order()

    assert isinstance(worse, Assessed)
    assert isinstance(gone, PriceWithdrawn)
    assert isinstance(back, Assessed)
    assert (worse.penalty.revision, worse.penalty.good, worse.replaces) == (2, 8, first.penalty)
    assert (
        gone.settlement_id == first.penalty.settlement_id == back.penalty.settlement_id == worse.penalty.settlement_id
    )
    assert (back.penalty.revision, back.penalty.good, record.penalty) == (4, 9, back.penalty)
    assert [one.state for one in record.history] == [
        SettlementState.COMPUTED,
        SettlementState.WITHDRAWN,
        SettlementState.COMPUTED,
    ]
    assert owed == [{("USD", 2): CREDIT_MINOR}, {}, {("USD", 2): CREDIT_MINOR}]
    assert desk.assess() == []
    assert str(gone).endswith(f"met in revision 3, settlement {gone.settlement_id} is withdrawn")


def test_a_price_that_was_reported_meanwhile_is_not_said_to_be_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its batch went out since the ledger was asked: the next run finds it reported, and this one says why it stopped."""
    desk = Desk()
    desk.judge()
    desk.assess()
    desk.clock.forward(60)
    desk.table.append(slots_of(0, bad=0), desk.clock.at)
    desk.judge_again()

    def reported(*_: object) -> None:
        raise Unavailable("it is on its way")

    monkeypatch.setattr(desk.ledger, "add_state", reported)
    ended: list[object] = []
    monkeypatch.setattr(desk.ledger, "end_wait", lambda *told: ended.append(told))
    with pytest.raises(Unavailable, match="it is on its way"):
        desk.assess()
    assert ended == []


def test_a_revision_before_the_assessment_is_the_one_that_counts() -> None:
    """Only the newest verdict of a period is priced: a breach that was revised away costs nothing, one that came does."""
    gone, came = Desk(), Desk()
    gone.judge(bad=1)
    gone.table.append([slot(START)], gone.clock.at)
    gone.judge_again()
    came.judge(bad=0)
    came.table.append([slot(START, SlotState.BAD)], came.clock.at)
    came.judge_again()
    (assessed,) = came.assess()

    assert gone.assess() == []
    assert isinstance(assessed, Assessed)
    assert assessed.penalty.revision == 2


class WatchedLedger(MemoryLedger):
    """Tells whether the evidence was there when the penalty came, and may fail then."""

    archive: MemoryArchive
    fails: bool = False
    proven: bool = False

    def add_penalty(self, penalty: Penalty) -> bool:
        self.proven = penalty.document_hash in self.archive.documents
        if self.fails:
            raise OSError("disk full")
        return super().add_penalty(penalty)


def test_evidence_is_archived_before_the_penalty_is_stored() -> None:
    """A crash in between leaves a document nobody points at; the next run, later, points at that very document."""
    ledger, desk = WatchedLedger(), Desk()
    desk.ledger, ledger.archive, ledger.fails = ledger, desk.archive, True
    desk.judge()
    with pytest.raises(OSError, match="disk full"):
        desk.assess()
    proven, orphans, left = ledger.proven, list(desk.archive.documents), ledger.in_order()
    ledger.fails = False
    desk.clock.forward(60)
    (assessed,) = desk.assess()

    assert (proven, left) == (True, [])
    assert isinstance(assessed, Assessed)
    assert orphans == [assessed.penalty.document_hash] == list(desk.archive.documents)


def test_slots_that_changed_since_they_were_judged_are_not_priced() -> None:
    """Table and verdict disagree: nothing is written, and evaluating again mends it."""
    desk = Desk()
    desk.judge()
    desk.table.append([slot(START + 60, SlotState.BAD)], desk.clock.at)
    with pytest.raises(Unavailable, match=r"slots have changed since revision 1 was judged; it is judged again"):
        desk.assess()
    left = (desk.ledger.in_order(), dict(desk.archive.documents))
    desk.judge_again()
    (assessed,) = desk.assess()

    assert left == ([], {})
    assert isinstance(assessed, Assessed)
    assert (assessed.penalty.revision, assessed.penalty.good) == (2, 8)


def test_a_promise_that_is_gone_holds_up_nobody_elses_penalty() -> None:
    """A breach whose promise left the specs is told last, after every other one was priced."""
    made = builders.agreement()
    both = replace(made, promises=(made.promises[0], replace(made.promises[0], site="edge-2")))
    desk = Desk(agreement=both)
    for site in ("edge-1", "edge-2"):
        desk.table.append(slots_of(0, site=site), desk.clock.at)
    desk.judge_again()
    desk.agreement = replace(both, promises=both.promises[1:])
    with pytest.raises(InvariantBroken, match=r"no longer promises availability-edge/edge-1 .* assess again"):
        desk.assess()

    assert [record.penalty.site for record in desk.ledger.in_order()] == ["edge-2"]


def test_penalties_of_another_agreement_are_not_taken_for_ones_own() -> None:
    """Two agreements over one site and one period each owe their own penalty."""
    desk = Desk()
    desk.judge()
    first = desk.assess()
    desk.agreement = builders.agreement("globex-edge", tenant="globex")
    desk.judge_again()
    second = desk.assess()

    assert [len(first), len(second), len(desk.ledger.in_order())] == [1, 1, 2]
