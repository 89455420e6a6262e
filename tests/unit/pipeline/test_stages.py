"""evaluate, assess, settle and credit over the public doubles: what each adds, once, and what each leaves to a person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.assess import Assessed, NeedsRestatement, Origin, assess
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.evaluate import Judged, NotYet, evaluate
from sankofa_observe.pipeline.settle import Moved, Settle, Waiting
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.testing import FakeAttestor, FakeChain, FixedClock, MemoryArchive, MemoryLedger, MemorySlots
from tests import builders
from tests.builders import PERIOD_SECONDS, START

ACCOUNTS = tuple("0x" + f"{n:040x}" for n in (1, 2, 3))


@dataclass(kw_only=True)
class World:
    """One agreement with its stores, just after its first period."""

    agreement: Agreement = field(default_factory=builders.agreement)
    table: MemorySlots = field(default_factory=MemorySlots)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=START + PERIOD_SECONDS + 60))
    attestors: list[FakeAttestor] = field(
        default_factory=lambda: [FakeAttestor(name=f"a{n}", account=one) for n, one in enumerate(ACCOUNTS, 1)]
    )
    chain: FakeChain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = FakeChain(clock=self.clock, members=ACCOUNTS, threshold=2)

    def count(self, slots: list[Slot]) -> None:
        self.table.append(slots, self.clock.now())

    def evaluate(self) -> list[Judged | NotYet]:
        return list(evaluate([self.agreement], table=self.table, ledger=self.ledger, clock=self.clock))

    def assess(self) -> list[Assessed | NeedsRestatement]:
        origin = Origin(engine="engine/1", observer="observer-1")
        return list(
            assess(
                self.agreement,
                table=self.table,
                ledger=self.ledger,
                archive=self.archive,
                chain=self.chain.identity,
                origin=origin,
                clock=self.clock,
            )
        )

    def settle(self) -> list[Moved | Waiting]:
        settling = Settle(
            ledger=self.ledger, archive=self.archive, chain=self.chain, attestors=self.attestors, clock=self.clock
        )
        return list(settling.run())

    def breach(self) -> str:
        """A judged and assessed breach; the chain prices it as we do."""
        self.count(builders.slots_of(bad=2))
        self.evaluate()
        [found] = self.assess()
        assert isinstance(found, Assessed)
        self.chain.prices[found.penalty.settlement_id] = found.penalty.credit_minor
        return found.penalty.settlement_id

    def state(self) -> SettlementState:
        [record] = self.ledger.in_order()
        return record.state


@pytest.fixture
def world() -> World:
    return World()


def reasons(events: list[Moved | Waiting]) -> str:
    return "; ".join(event.reason for event in events if isinstance(event, Waiting))


def test_a_closed_period_is_judged_once(world: World) -> None:
    """The first run judges, the second finds the same verdict and adds nothing."""
    world.count(builders.slots_of(bad=2))
    first, second = world.evaluate(), world.evaluate()

    assert [(one.record.verdict, one.added) for one in first if isinstance(one, Judged)] == [(Verdict.BREACH, True)]
    assert [one.added for one in second if isinstance(one, Judged)] == [False]


def test_a_period_waits_for_its_grace_and_for_its_last_slot(world: World) -> None:
    """Before the grace there is nothing to judge; without the last slot it is said to be not yet."""
    world.agreement = replace(world.agreement, grace_seconds=600)
    world.count(builders.slots_of(bad=0)[:-1])
    early = world.evaluate()
    world.clock.forward(600)

    assert early == []
    assert [isinstance(one, NotYet) for one in world.evaluate()] == [True]


def test_a_slot_that_was_never_recorded_is_unknown(world: World) -> None:
    """A hole in the table is unknown time: the period is undetermined, and nothing is owed."""
    slots = builders.slots_of(bad=0)
    world.count([*slots[:3], *slots[4:]])
    [judged] = world.evaluate()

    assert isinstance(judged, Judged)
    assert (judged.record.verdict, judged.record.attainment.unknown) == (Verdict.UNDETERMINED, 1)
    assert world.assess() == []


def test_changed_slots_make_a_revision_and_the_first_verdict_stays(world: World) -> None:
    """Late data revises a verdict; a period that was assessed is handed to a person."""
    world.breach()
    world.count([builders.slot(START)])  # the first bad slot turns out good
    [revised] = world.evaluate()
    [told] = world.assess()

    assert isinstance(revised, Judged)
    assert [one.revision for one in world.ledger.verdicts] == [1, 2]
    assert isinstance(told, NeedsRestatement)
    assert len(world.ledger.in_order()) == 1


def test_slots_that_change_between_judging_and_pricing_stop_it(world: World) -> None:
    """A price is only put on the very slots that were judged."""
    world.count(builders.slots_of(bad=2))
    world.evaluate()
    world.count([builders.slot(START)])

    with pytest.raises(InvariantBroken, match="evaluate again"):
        world.assess()
    assert world.ledger.in_order() == []


def test_evidence_is_archived_before_the_penalty_stands(world: World) -> None:
    """A penalty never points at a document that is not there, and assessing twice owes once."""
    settlement_id = world.breach()
    record = world.ledger.records.get(settlement_id)

    assert record is not None
    assert world.archive.get(record.penalty.document_hash) is not None
    assert world.assess() == []


def test_a_penalty_is_reported_finalised_and_credited_once(world: World) -> None:
    """Report, window, finalisation, credit; every further run changes nothing."""
    settlement_id = world.breach()
    world.settle()
    reported = world.state()
    waiting = reasons(world.settle())
    world.clock.forward(world.chain.window_seconds)
    world.settle()
    granted = list(credit(ledger=world.ledger, chain=world.chain))
    again = [*world.settle(), *credit(ledger=world.ledger, chain=world.chain)]

    assert (reported, waiting) == (SettlementState.REPORTED, "its dispute window is open")
    assert [(settlement_id, "reported"), (settlement_id, "final")] == world.chain.writes
    assert [(one.tenant, one.amount.amount_minor) for one in granted] == [("acme", 50_000)]
    assert again == []


def test_two_of_three_attestors_are_enough(world: World) -> None:
    """One attestor may be away and the report still goes out."""
    world.breach()
    world.attestors[2].away = True
    world.settle()

    assert world.state() == SettlementState.REPORTED


@pytest.mark.parametrize("trouble", ["away", "objects", "stranger"])
def test_fewer_than_the_threshold_sign_nothing(world: World, trouble: str) -> None:
    """With two attestors away, objecting or unknown to the contract nothing is sent, and it is said who and why."""
    world.breach()
    for one in world.attestors[:2]:
        if trouble == "away":
            one.away = True
        elif trouble == "objects":
            one.objects = "counts 3 slots otherwise"
        else:
            one.account = "0x" + "ee" * 20
    told = reasons(world.settle())

    assert "1 of 2 attestors sign" in told
    assert {"away": "away", "objects": "counts 3 slots otherwise", "stranger": "not in the contract's"}[trouble] in told
    assert (world.chain.writes, world.ledger.attempts) == ([], {})


def test_terms_that_are_not_those_of_the_contract_are_not_reported(world: World) -> None:
    """A breach under terms the parties did not accept spends no nonce and is told."""
    world.breach()
    world.chain.other_terms.add(world.agreement.id)

    assert "other terms" in reasons(world.settle())
    assert world.ledger.attempts == {}


def test_another_document_under_the_same_id_is_held(world: World) -> None:
    """When the chain holds another document than ours, a person is called and nothing goes on by itself."""
    settlement_id = world.breach()
    world.settle()
    world.chain.held[settlement_id] = replace(world.chain.held[settlement_id], document_hash="0x" + "bb" * 32)
    world.settle()

    assert world.state() == SettlementState.HELD


def test_a_settlement_the_chain_forgot_stops_everything(world: World) -> None:
    """A reported settlement the contract does not know means a wrong chain: nothing is sent."""
    world.breach()
    world.settle()
    world.chain.held.clear()

    with pytest.raises(InvariantBroken, match="right chain"):
        world.settle()


def test_a_stalled_chain_gets_nothing(world: World) -> None:
    """While the head is old nothing is signed; when it moves again the report goes out."""
    world.breach()
    world.chain.head_at = world.clock.now() - 61
    told = reasons(world.settle())
    attempts = dict(world.ledger.attempts)
    world.chain.head_at = None
    world.settle()

    assert "sending nothing" in told
    assert attempts == {}
    assert world.state() == SettlementState.REPORTED


def test_an_open_transaction_is_sent_again_byte_for_byte(world: World) -> None:
    """A transaction a node forgot is sent again as it was signed; no second one is made."""
    world.breach()
    world.chain.faults.drop = True
    world.settle()
    [first] = world.ledger.attempts.values()
    world.chain.faults.drop = False
    world.settle()
    world.settle()

    assert [first] == list(world.ledger.attempts.values())
    assert world.state() == SettlementState.REPORTED


def test_a_nonce_used_by_another_transaction_is_noticed(world: World) -> None:
    """When the sender's nonce went to another transaction the attempt is closed and a new one is made."""
    world.breach()
    world.chain.faults.drop = True
    world.settle()
    world.chain.faults.drop = False
    world.chain.nonce += 1
    told = reasons(world.settle())

    assert "was used by another transaction" in told
    assert world.state() == SettlementState.REPORTED
    assert sorted(one.nonce for one in world.ledger.attempts.values()) == [0, 1]


def test_a_credit_waits_for_a_node_that_lags(world: World) -> None:
    """While the node asked does not know the finalisation nothing is granted; the next run grants it."""
    settlement_id = world.breach()
    world.settle()
    world.clock.forward(world.chain.window_seconds)
    world.settle()
    final = world.chain.finals.pop(settlement_id)
    early = list(credit(ledger=world.ledger, chain=world.chain))
    world.chain.finals[settlement_id] = final

    assert early == []
    assert len(list(credit(ledger=world.ledger, chain=world.chain))) == 1


def test_an_unknown_slot_never_becomes_a_credit(world: World) -> None:
    """A period of which half was not seen is undetermined however bad the rest could be."""
    states = [SlotState.UNKNOWN] * 5 + [SlotState.GOOD] * 5
    world.count([builders.slot(START + 60 * n, state) for n, state in enumerate(states)])
    world.evaluate()

    assert [one.verdict for one in world.ledger.verdicts] == [Verdict.UNDETERMINED]
    assert (world.assess(), world.settle()) == ([], [])
