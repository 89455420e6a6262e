"""The chain lane on a real chain: what goes wrong there costs only itself, waits with a word, and has a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.clock import within
from sankofa_observe.adapters.contract import key_fields, typed_batch
from sankofa_observe.adapters.ledger import SqlLedger, care
from sankofa_observe.errors import InvalidInput, InvariantBroken, SankofaError
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.lane_acts import Done, LaneActs
from sankofa_observe.pipeline.lane_waits import LANE, SETTLEMENT, Cause, cause_of
from sankofa_observe.pipeline.settle import LaneMemory, Settle
from sankofa_observe.ports import AttestorSet, Signer, StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Evidence, parse
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementState
from sankofa_observe.testing.attestors import AtOnce
from tests.builders import AMINA, CREDIT_MINOR, breach, introduce
from tests.chain import TestChain, new_signer
from tests.on_chain import settlement
from tests.pace import until

pytestmark = pytest.mark.real("anvil")
COMPUTED, REPORTED, FINAL = SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.FINAL


@dataclass(kw_only=True)
class Willing(AtOnce):
    """Agrees to everything, and signs with a key of the contract's set."""

    name: str
    key: Signer

    @property
    def account(self) -> str:
        return self.key.account.lower()

    def objection(self, document: Evidence) -> str | None:
        return None

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        return self.key.sign_typed_data(typed_batch(rows, attestors, chain))


@dataclass(kw_only=True)
class World:
    """One agreement, its ledger in a file, and turns of the lane."""

    anvil: TestChain
    folder: Path
    agreement: Agreement
    ledger: SqlLedger
    first_block: int  # as if the contract had been deployed for this test
    memory: LaneMemory = field(default_factory=LaneMemory)

    @property
    def archive(self) -> FolderArchive:
        return FolderArchive(self.folder / "evidence")

    def file_of(self, document: str) -> Path:
        return self.folder / "evidence" / f"{document[2:]}.json"

    @property
    def attestors(self) -> list[Any]:
        return [Willing(name=f"attestor-{n}", key=key) for n, key in enumerate(self.anvil.attestors[:2])]

    def owe(self, index: int = 0, *, bad: int = 1, revision: int = 1) -> Penalty:
        made = breach(self.agreement, index, bad=bad, chain=self.anvil.identity)
        penalty = replace(made.penalty, revision=revision)
        self.archive.put(made.document)
        self.ledger.add_penalty(penalty)
        return penalty

    def settle(self, **more: Any) -> Settle:
        given = {
            "ledger": self.ledger.acting("stage:settle"),
            "archive": self.archive,
            "chain": self.anvil.contract_chain(),
            "attestors": self.attestors,
            "clock": self.anvil,
            "agreements": (self.agreement,),
            "from_block": self.first_block,
            "memory": self.memory,
            "wait": until,
            "wait_a_while": within(2, look_seconds=0.02),
        }
        return Settle(**{**given, **more})

    def run(self, **more: Any) -> list[str]:
        """One turn, and the credits that came of it."""
        told = [str(one) for one in self.settle(**more).run()]
        told += map(str, credit(ledger=self.ledger, chain=self.anvil.contract_chain()))
        return told

    def finish(self) -> None:
        self.run()
        self.anvil.pass_window()
        self.run()

    def acts(self, reason: str = "INC-7") -> LaneActs:
        return LaneActs(
            ledger=self.ledger,
            archive=self.archive,
            chain=self.anvil.contract_chain(),
            clock=self.anvil,
            agreements={self.agreement.version_id: self.agreement},
            by="amina",
            reason=reason,
        )

    def reconcile(self) -> list[Any]:
        return list(self.acts().reconcile(self.first_block))

    def states(self) -> list[SettlementState]:
        return [one.state for one in self.ledger.read(OPERATOR).settlements().items]

    def granted(self) -> list[int]:
        return [one.amount.amount_minor for one in self.ledger.read(OPERATOR).credits().items]

    def waits(self, subject: str = SETTLEMENT) -> list[str]:
        return [cause_of(one.reason) for one in self.ledger.waits(subject)]

    def reported_by_another(self, penalty: Penalty, *, bad: int) -> Evidence:
        """Another platform's document of the same settlement is on chain first."""
        other = breach(
            self.agreement, penalty.period_index - self.agreement.first_period, bad=bad, chain=self.anvil.identity
        )
        chain, row = self.anvil.contract_chain(), other.penalty.row()
        signed = chain.sign_reports([row], self.anvil.signatures([row], chain.attestor_set()), chain.next_nonce())
        chain.send(signed.attempt)
        until(lambda: chain.receipt(signed.attempt))
        return other.document


@pytest.fixture
def world(anvil: TestChain, tmp_path: Path) -> Iterator[World]:
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        introduce(ledger)
        yield World(
            anvil=anvil,
            folder=tmp_path,
            agreement=anvil.agree(),
            ledger=ledger,
            first_block=anvil.node.web3.eth.block_number + 1,
        )


def test_what_blocks_are_rewritten_over_is_sent_again_and_paid_once(world: World) -> None:
    """A report that was mined is gone with its block: the same bytes take its place, and nobody has to do anything (case F19)."""
    world.owe()
    before = world.anvil.rpc("evm_snapshot")
    world.run()
    assert world.states() == [REPORTED]
    world.anvil.rpc("evm_revert", before)
    world.anvil.rpc("anvil_mine", hex(3))
    world.run()
    world.run()
    assert (world.states(), world.waits(), world.waits(LANE)) == ([REPORTED], [], [])
    world.anvil.pass_window(5)  # the deadline is that of the block that has it now
    world.run()
    assert (world.states(), world.granted()) == ([FINAL], [CREDIT_MINOR])
    assert [len(world.ledger.sent_from(world.anvil.sender.account.lower(), 0))] == [2]


def test_a_report_that_no_block_takes_any_more_waits_and_is_released(world: World) -> None:
    """The attestors were changed in the rewritten blocks: told by name, all else goes on, and a person has it reported anew."""
    gone = world.owe(0)
    before = world.anvil.rpc("evm_snapshot")
    world.run()
    world.anvil.rpc("evm_revert", before)
    world.anvil.act(
        world.anvil.sender, "finalizeSettlements", [key_fields(gone.key)]
    )  # its nonce is another transaction's by now
    kept = world.owe(1)
    told = world.run()
    assert [one for one in told if gone.settlement_id in one and "settlements release" in one]
    assert world.waits() == [Cause.GONE]
    assert settlement(world.anvil.contract_chain(), kept.key) is not None
    done = world.acts("block 12 was rewritten").release(gone.settlement_id)
    assert str(done) == f"settlement {gone.settlement_id}: released: it is reported anew in the next turns"
    world.finish()
    assert (world.states(), world.granted(), world.waits()) == ([FINAL] * 2, [CREDIT_MINOR] * 2, [])
    record = world.ledger.read(OPERATOR).settlement(gone.settlement_id)
    assert record is not None
    assert f"released by {AMINA}: block 12 was rewritten" in [one.detail for one in record.history]


def test_a_command_on_the_wrong_state_names_the_one_that_fits(world: World) -> None:
    penalty = world.owe()
    with pytest.raises(InvalidInput, match="is computed; nothing was written: it is to be reported already"):
        world.acts().release(penalty.settlement_id)
    with pytest.raises(InvalidInput, match="the contract holds nothing of settlement"):
        world.acts().adopt(penalty.settlement_id)
    world.run()
    with pytest.raises(InvalidInput, match="it is final once its dispute window is over"):
        world.acts().release(penalty.settlement_id)
    with pytest.raises(InvalidInput, match="it is final once its dispute window is over"):
        world.acts().adopt(penalty.settlement_id)
    with pytest.raises(InvalidInput, match="no settlement '0x00' in the ledger"):
        world.acts().release("0x00")
    with pytest.raises(InvalidInput, match="needs a reason"):
        world.acts(" ")


def test_what_the_chain_holds_otherwise_is_held_and_taken_over(world: World) -> None:
    """Two truths: a person has the other's evidence fetched, and takes over its row and state; a wrong document is none (case F28)."""
    penalty = world.owe()
    theirs = world.reported_by_another(penalty, bad=2)
    world.run()
    assert (world.states(), world.waits()) == ([SettlementState.HELD], [Cause.HELD])
    with pytest.raises(
        InvalidInput, match=r"is not in the archive; nothing was written\. Ask the tenant or an attestor"
    ):
        world.acts().adopt(penalty.settlement_id)
    wrong = breach(world.agreement, 0, bad=3, chain=world.anvil.identity).document
    with pytest.raises(InvalidInput, match="Fetch the one that was reported"):
        world.acts().adopt(penalty.settlement_id, wrong)
    done = world.acts().adopt(penalty.settlement_id, theirs)
    assert str(done).endswith("taken over as the contract has it: reported, revision 1")
    world.anvil.pass_window()
    world.run()
    assert (world.states(), world.waits()) == ([FINAL], [])
    assert world.granted() == [world.anvil.balance(world.agreement)[0]]


def test_what_is_held_may_be_reported_again_as_a_restatement(world: World) -> None:
    """Ours is right: it follows theirs once that is final, signed anew, and what it changes is granted beside."""
    penalty = world.owe()
    world.reported_by_another(penalty, bad=2)
    world.run()
    world.anvil.pass_window()
    world.anvil.contract_chain()
    chain = world.anvil.contract_chain()
    signed = chain.sign_finalise([penalty.key], chain.next_nonce())
    chain.send(signed.attempt)
    until(lambda: chain.receipt(signed.attempt))
    assert "as revision 2, a restatement" in str(world.acts().release(penalty.settlement_id))
    world.finish()
    assert world.states() == [FINAL]
    accrued, revoked, _ = world.anvil.balance(world.agreement)
    assert (accrued - revoked, sum(world.granted()), len(world.granted())) == (CREDIT_MINOR, CREDIT_MINOR, 2)


def test_a_verdict_that_is_revised_after_finality_is_restated_with_its_delta(world: World) -> None:
    """More was bad than was seen: the next revision goes the same way, and pays the difference."""
    world.owe(bad=1)
    world.finish()
    assert world.granted() == [CREDIT_MINOR]
    dearer = world.owe(bad=2, revision=2)
    world.finish()
    assert world.states() == [FINAL]
    assert sum(world.granted()) == dearer.credit_minor == world.anvil.balance(world.agreement)[0]
    held = settlement(world.anvil.contract_chain(), dearer.key)
    assert held is not None
    assert (held.standing.revision, held.standing.commitment) == (2, dearer.row(2).commitment)


def test_a_ledger_that_was_lost_is_made_whole_from_chain_and_archive(world: World, tmp_path: Path) -> None:
    """Every settlement, state and credit stands again, and the evidence byte for byte; what has no evidence is named."""
    penalties = [world.owe(n) for n in range(3)]
    world.finish()
    later = world.owe(3)
    world.run()
    kept = {one.document_hash: world.archive.get(one.document_hash) for one in penalties}
    (world.file_of(penalties[2].document_hash)).unlink()
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'new.sqlite'}")) as ledger:
        introduce(ledger)
        lost = replace(world, ledger=ledger, memory=LaneMemory())
        assert "take them over from the archive" in " ".join(lost.run())
        assert lost.waits(LANE) == [Cause.STRANGERS]
        told = lost.reconcile()
        assert [str(one) for one in told if isinstance(one, SankofaError)] == [
            (
                f"settlement {penalties[2].settlement_id}: evidence {penalties[2].document_hash}, with which it was reported, is not in the "
                "archive; nothing was written. Ask the tenant or an attestor for it, and give it by settlements adopt --document"
            )
        ]
        assert sum(isinstance(one, Done) for one in told) == 3
        lost.acts().adopt(penalties[2].settlement_id, breach(world.agreement, 2, chain=world.anvil.identity).document)
        lost.reconcile()
        assert lost.waits(LANE) == []
        before, after = (
            {
                one.penalty.settlement_id: (one.state, one.penalty.row())
                for one in some.read(OPERATOR).settlements().items
            }
            for some in (world.ledger, ledger)
        )
        assert before == after
        assert sorted(lost.granted()) == sorted(world.granted()) == [CREDIT_MINOR] * 3
        assert {one: lost.archive.get(one) for one in kept} == kept
        lost.anvil.pass_window()
        lost.run()
        assert (set(lost.states()), len(lost.granted())) == ({FINAL}, 4)
    assert later.settlement_id in after


def test_a_ledger_that_is_older_follows_the_chain_by_itself(world: World, tmp_path: Path) -> None:
    """Restored from before the report: it reads the contract's log from where it stood, and sends nothing twice."""
    world.owe()
    care.backup(f"sqlite:///{tmp_path / 'ledger.sqlite'}", tmp_path / "older.sqlite")
    world.finish()
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'older.sqlite'}")) as ledger:
        older = replace(world, ledger=ledger, memory=LaneMemory())
        older.run()
        assert (older.states(), older.granted()) == ([FINAL], [CREDIT_MINOR])
        assert older.ledger.open_attempts() == []
    assert world.anvil.balance(world.agreement) == (CREDIT_MINOR, 0, 0)


def test_while_the_contract_is_paused_it_is_asked_once_and_told(world: World) -> None:
    """However many wait (case F20): no attestor is asked, nothing is signed, and all goes on when it is resumed."""
    for n in range(5):
        world.owe(n)
    world.anvil.act(world.anvil.guardian, "pause")
    try:
        told = world.run(attestors=[])
        assert told == [
            "lane: waiting: the contract is paused: no window runs out, and it takes nothing until its admin resumes it"
        ]
        assert (world.waits(LANE), world.waits(), world.ledger.open_attempts()) == ([Cause.PAUSED], [], [])
    finally:
        world.anvil.act(world.anvil.admin, "unpause")
    world.finish()
    assert (world.waits(LANE), world.states()) == ([], [FINAL] * 5)


def test_a_node_whose_blocks_shrink_gets_smaller_batches(world: World) -> None:
    """The gas limit falls below what a batch asks for (case F10): nothing is stored that no node takes, and all are reported."""
    for n in range(6):
        world.owe(n)
    world.anvil.rpc("evm_setBlockGasLimit", hex(500_000))
    world.anvil.rpc("anvil_mine", hex(1))
    try:
        world.run()
        assert world.states() == [REPORTED] * 6
        assert world.ledger.open_attempts() == []
        sizes = [len(one.attempt.settlement_ids) for one in world.ledger.read(OPERATOR).transactions().items]
        assert (sum(sizes), max(sizes)) == (6, 2)
    finally:
        world.anvil.rpc("evm_setBlockGasLimit", hex(30_000_000))
        world.anvil.rpc("anvil_mine", hex(1))


def test_a_document_that_is_missing_costs_its_own_settlement_and_its_wait_ends_with_it(world: World) -> None:
    """Case F19c, over the whole life of the wait."""
    missing, whole = world.owe(0), world.owe(1)
    path = world.file_of(missing.document_hash)
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(InvariantBroken, match="1 not reported for want of evidence"):
        world.run()
    assert (world.states(), world.waits()) == ([COMPUTED, REPORTED], [Cause.EVIDENCE])
    copy = parse(kept)
    assert "its evidence is in the archive" in str(world.acts().adopt(missing.settlement_id, copy))
    world.run()
    assert (world.states(), world.waits()) == ([REPORTED, REPORTED], [])
    path.unlink()
    assert "its evidence is in the archive" in str(world.acts().adopt(missing.settlement_id, copy))
    assert path.read_bytes() == kept
    assert whole.settlement_id != missing.settlement_id


def test_another_chain_or_contract_is_refused_before_anything_is_sent(anvil: TestChain) -> None:
    """A number may be of another chain, and an address of another contract (case A12): each is named, with what was expected."""
    first = "0x" + bytes(anvil.node.web3.eth.get_block(0)["hash"]).hex()

    def chain(identity: ChainIdentity = anvil.identity, genesis: str = first) -> ContractChain:
        return ContractChain(anvil.node, identity, None, genesis=genesis)

    assert chain().head().number
    for wrong, told in (
        (chain(genesis="0x" + "11" * 32), f"its first block is {first}, expected 0x1111"),
        (chain(replace(anvil.identity, chain_id=1)), "is chain 31337, expected 1"),
        (chain(replace(anvil.identity, contract="0x" + "11" * 20)), "was the chain wiped?"),
        (
            chain(replace(anvil.identity, contract=anvil.books.agreements.address)),
            "another release's, or no settlement book",
        ),
    ):
        with pytest.raises(InvariantBroken, match=re.escape(told)):
            wrong.head()


def test_a_block_is_believed_once_others_stand_on_it(world: World) -> None:
    """On a chain whose blocks are not final: a report counts after its confirmations, and its nonce is not taken for lost."""
    chain = ContractChain(
        world.anvil.node, world.anvil.identity, world.anvil.sender, world.anvil.block_number, confirmations=3
    )
    world.anvil.rpc("anvil_mine", hex(4))
    world.owe()
    told = " ".join(world.run(chain=chain, wait_a_while=within(0)))
    assert (world.states(), len(world.ledger.open_attempts())) == ([COMPUTED], 1)
    assert "is not mined yet" in told
    world.anvil.rpc("anvil_mine", hex(3))
    world.run(chain=chain)
    assert (world.states(), world.ledger.open_attempts()) == ([REPORTED], [])


def test_another_sender_takes_over_from_one_whose_key_is_lost(world: World) -> None:
    """What the old key signed and no node has yet holds up nothing: anybody may send what attestors signed."""
    for n in range(2):
        world.owe(n)
    lost, chain = world.anvil.sender, world.anvil.contract_chain()
    proposal = [one.penalty.row() for one in world.ledger.settlements_of(world.ledger.computed())]
    signed = chain.sign_reports(
        proposal, world.anvil.signatures(proposal, chain.attestor_set()), chain.next_nonce() + 5
    )  # behind a gap: no block takes it
    world.ledger.add_attempt(signed.attempt, 1)
    world.run(chain=world.anvil.contract_chain(sender=new_signer()))
    assert world.states() == [REPORTED] * 2
    assert [one.sender for one in world.ledger.open_attempts()] == [lost.account.lower()]
    world.anvil.pass_window()
    world.run(chain=world.anvil.contract_chain(sender=new_signer()))
    assert (world.states(), len(world.granted())) == ([FINAL] * 2, 2)


def test_a_dearer_restatement_holds_up_no_credit(world: World) -> None:
    """Of another band: what was granted before is granted no more, the difference is, and others go on."""
    world.owe(0)
    world.finish()
    before = sum(world.granted())
    penalty = world.ledger.read(OPERATOR).settlements().items[0].penalty
    dearer = replace(penalty, revision=2, good=0, credit_ppm=penalty.credit_ppm, credit_minor=penalty.credit_minor + 7)
    world.ledger.add_penalty(dearer)  # as if its band were another one
    world.ledger.add_state(penalty.settlement_id, StateChange(state=REPORTED, at=1, revision=2))
    world.ledger.add_state(penalty.settlement_id, StateChange(state=FINAL, at=2, revision=2))
    world.owe(1)
    world.finish()
    assert sum(world.granted()) == 2 * before
    assert world.states() == [FINAL, FINAL]


def test_what_was_final_is_granted_though_it_is_restated_by_now(world: World) -> None:
    """Pricing and granting are turns of their own: what a revision earned is granted whatever became of it."""
    world.owe()
    world.run()
    world.anvil.pass_window()
    settle_only = [str(one) for one in world.settle().run()]
    assert (world.states(), world.granted(), bool(settle_only)) == ([FINAL], [], True)
    world.owe(bad=2, revision=2)
    assert world.states() == [COMPUTED]
    list(credit(ledger=world.ledger, chain=world.anvil.contract_chain()))
    assert world.granted() == [CREDIT_MINOR]


def test_a_restatement_that_a_node_does_not_know_yet_is_gone_and_not_held(world: World) -> None:
    """What the node shows is what stood before ours: it is behind, or the block is gone; no second truth."""
    world.owe()
    world.finish()
    before = world.anvil.rpc("evm_snapshot")
    world.owe(bad=2, revision=2)
    world.run()
    assert world.states() == [REPORTED]
    world.anvil.rpc("evm_revert", before)
    world.anvil.rpc("anvil_mine", hex(2))
    world.run()
    assert SettlementState.HELD not in world.states()
    world.run()
    world.anvil.pass_window(5)
    world.run()
    assert (world.states(), world.waits(), len(world.granted())) == ([FINAL], [], 2)
