"""The contract of `SettlementChain`, on the double and on the deployed contract of a real chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from deploy.lab.ports import free_port
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvariantBroken, Refused, Unavailable
from sankofa_observe.ports import (
    Attempt,
    AttemptKind,
    Finalisation,
    OnChainSettlement,
    OnChainWord,
    Receipt,
    SettlementChain,
    Signed,
)
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementKey, SettlementState
from sankofa_observe.testing import FakeChain, FixedClock
from tests.builders import CREDIT_MINOR, CREDIT_PPM, agreement, breach, digest_of
from tests.chain import GENESIS_AT, TestChain, new_signer
from tests.on_chain import can_finalise, finalisation, holds_terms, settlement
from tests.pace import until

MEMBERS = tuple("0x" + letter * 40 for letter in "abc")


@dataclass(kw_only=True)
class World:
    """A chain behind its port, with what a test needs of the world around it."""

    chain: SettlementChain
    agreement: Agreement
    members: tuple[str, ...]
    sign: Callable[[Sequence[Row], int], list[bytes]]
    pass_window: Callable[[], None]

    def penalty(self, index: int = 0) -> Penalty:
        return breach(self.agreement, index, chain=self.chain.identity).penalty

    def signed(self, *penalties: Penalty, nonce: int | None = None, signers: int = 2) -> Signed:
        rows = [one.row() for one in penalties]
        return self.chain.sign_reports(
            rows, self.sign(rows, signers), self.chain.next_nonce() if nonce is None else nonce
        )

    def attempt(self, *penalties: Penalty, nonce: int | None = None) -> Attempt:
        return self.signed(*penalties, nonce=nonce).attempt

    def send(self, attempt: Attempt) -> Receipt:
        """Send, and wait until it is mined: a node answers before it mines."""
        self.chain.send(attempt)
        until(lambda: self.chain.receipt(attempt))
        receipt = self.chain.receipt(attempt)
        assert receipt is not None
        return receipt

    def report(self, *penalties: Penalty) -> Receipt:
        return self.send(self.attempt(*penalties))

    def finalise(self, *penalties: Penalty) -> Attempt:
        signed = self.chain.sign_finalise([one.key for one in penalties], self.chain.next_nonce())
        self.send(signed.attempt)
        return signed.attempt


def fake_world() -> World:
    made, clock = agreement(), FixedClock(at=GENESIS_AT)
    chain = FakeChain(clock=clock, members=MEMBERS, threshold=2, window_seconds=100)
    for index in range(3):
        settlement_id = breach(made, index, chain=chain.identity).penalty.settlement_id
        chain.prices[settlement_id], chain.shares[settlement_id] = CREDIT_MINOR, CREDIT_PPM
    return World(
        chain=chain,
        agreement=made,
        members=MEMBERS,
        sign=lambda rows, number: [one.encode() for one in MEMBERS[:number]],
        pass_window=lambda: clock.forward(100),
    )


def real_world(anvil: TestChain) -> World:
    chain = anvil.contract_chain()
    return World(
        chain=chain,
        agreement=anvil.agree(),
        members=tuple(one.account.lower() for one in anvil.attestors),
        sign=lambda rows, number: anvil.signatures(rows, chain.attestor_set(), number),
        pass_window=anvil.pass_window,
    )


@pytest.fixture(params=["fake", pytest.param("contract", marks=pytest.mark.real("anvil"))])
def world(request: pytest.FixtureRequest) -> World:
    return fake_world() if request.param == "fake" else real_world(request.getfixturevalue("anvil"))


@pytest.fixture
def real(anvil: TestChain) -> World:
    return real_world(anvil)


def test_chain_knows_its_attestors(world: World) -> None:
    """The set with its threshold, epoch and digest, in lower case."""
    found = world.chain.attestor_set()
    assert (found.members, found.threshold, found.epoch, len(found.config_digest)) == (world.members, 2, 1, 66)


def test_chain_holds_nothing_that_was_not_reported(world: World) -> None:
    """An unknown settlement is None everywhere, and nothing to finalise."""
    unknown = world.penalty().key
    found = (settlement(world.chain, unknown), finalisation(world.chain, unknown, 1), world.chain.ruling(unknown, 1))
    assert found == (None, None, None)
    assert can_finalise(world.chain, unknown).startswith("SLASettlementUnexpectedState")


def test_chain_takes_a_report_of_two_signatures(world: World) -> None:
    """Two of three attestors make a settlement; the contract commits to the row that they signed."""
    penalty = world.penalty()
    receipt = world.report(penalty)
    found = settlement(world.chain, penalty.key)
    assert found is not None
    assert (receipt.succeeded, receipt.reason) == (True, "")
    assert found == OnChainSettlement(
        standing=OnChainWord(
            state=SettlementState.REPORTED,
            revision=1,
            commitment=penalty.row().commitment,
            credit_ppm=penalty.credit_ppm,
            deadline_at=found.standing.deadline_at,
            deadline_block=found.standing.deadline_block,
        )
    )
    assert found.holding(penalty.row) == found.standing
    assert 0 <= found.standing.deadline_at - world.chain.head().at <= 100


def test_chain_refuses_too_few_signatures_before_a_nonce_is_spent(world: World) -> None:
    """One of three is refused while signing."""
    before = world.chain.next_nonce()
    with pytest.raises(Refused, match="the contract refuses"):
        world.signed(world.penalty(), signers=1)
    assert world.chain.next_nonce() == before


def test_chain_takes_a_batch(world: World) -> None:
    """Reports of several periods under the same signatures become a settlement each."""
    penalties = [world.penalty(index) for index in range(3)]
    world.report(*penalties)
    held = [settlement(world.chain, one.key) for one in penalties]
    assert [one and one.standing.commitment for one in held] == [one.row().commitment for one in penalties]


def test_chain_tells_a_second_write_while_signing(world: World) -> None:
    """A settlement that stands is set apart; the other row of the batch is not."""
    penalty, other = world.penalty(), world.penalty(1)
    world.report(penalty)
    refused = world.signed(penalty, other).refused
    assert [one.partition(":")[0] for one in refused] == ["SLASettlementExists", ""]


def test_chain_sets_a_second_write_apart(world: World) -> None:
    """Of two transactions with one report the first takes effect; the second is mined, and changes nothing but its other row."""
    penalty, other, nonce = world.penalty(), world.penalty(1), world.chain.next_nonce()
    attempts = [world.attempt(penalty, nonce=nonce), world.attempt(penalty, other, nonce=nonce + 1)]
    before = None
    for attempt in attempts:
        assert world.send(attempt).succeeded
        before = before or settlement(world.chain, penalty.key)
    assert before == settlement(world.chain, penalty.key)
    assert settlement(world.chain, other.key) is not None


def test_chain_finalises_only_after_the_window(world: World) -> None:
    """Reported, then open to dispute, then final: with the event that says what was accrued."""
    penalty = world.penalty()
    world.report(penalty)
    open_for_dispute = (can_finalise(world.chain, penalty.key), finalisation(world.chain, penalty.key, 1))
    world.pass_window()
    ready = can_finalise(world.chain, penalty.key)
    attempt = world.finalise(penalty)
    receipt, held = world.chain.receipt(attempt), settlement(world.chain, penalty.key)
    assert (open_for_dispute[0].startswith("SLADisputeWindowOpen"), open_for_dispute[1], ready) == (True, None, "")
    assert receipt is not None
    assert held is not None
    assert (receipt.succeeded, held.standing.state) == (True, SettlementState.FINAL)
    assert finalisation(world.chain, penalty.key, 1) == Finalisation(
        revision=1,
        period_minor=penalty.credit_minor,
        delta_minor=penalty.credit_minor,
        by_default=False,
        transaction=attempt.transaction,
        block_number=receipt.block_number,
        at=world.chain.head().at,
    )


def test_chain_finalises_once(world: World) -> None:
    """What is final cannot be finalised again."""
    penalty = world.penalty()
    world.report(penalty)
    world.pass_window()
    world.finalise(penalty)
    assert can_finalise(world.chain, penalty.key).startswith("SLASettlementUnexpectedState")


def test_chain_counts_mined_nonces_only(world: World) -> None:
    """Signing spends nothing; a mined transaction spends one."""
    before = world.chain.next_nonce()
    attempt = world.attempt(world.penalty())
    signed = world.chain.next_nonce()
    world.send(attempt)
    assert [signed - before, world.chain.next_nonce() - before, attempt.nonce - before] == [0, 1, 0]


def test_chain_knows_no_receipt_of_what_was_never_sent(world: World) -> None:
    """None means not known: it may still be mined."""
    assert world.chain.receipt(world.attempt(world.penalty())) is None


def test_chain_takes_the_same_bytes_again(world: World) -> None:
    """Sending what is mined already is content, and changes nothing."""
    penalty = world.penalty()
    attempt = world.attempt(penalty)
    for _ in range(3):
        world.send(attempt)
    held = settlement(world.chain, penalty.key)
    assert held is not None
    assert (held.standing.state, world.chain.next_nonce()) == (SettlementState.REPORTED, attempt.nonce + 1)


def test_chain_attempt_names_what_it_carries(world: World) -> None:
    """Kind, settlement ids, sender, nonce and hash are known before anything is sent; the bytes have no printed form."""
    penalties = [world.penalty(index) for index in range(2)]
    attempt = world.attempt(*penalties)
    assert (attempt.kind, attempt.settlement_ids) == (
        AttemptKind.REPORT,
        tuple(one.settlement_id for one in penalties),
    )
    assert (len(attempt.sender), len(attempt.transaction), "raw" in repr(attempt)) == (42, 66, False)
    assert attempt.sender == attempt.sender.lower()


def test_chain_holds_the_terms_that_were_accepted(world: World) -> None:
    """An agreement stands with the hash that both parties accepted, for its periods and no others."""
    one = world.agreement
    found = world.chain.agreement(one.key)
    assert found is not None
    assert (found.version, found.covers(one.first_period)) == (1, True)
    assert holds_terms(world.chain, one.key, one.first_period, one.terms_hash)
    assert not holds_terms(world.chain, one.key, found.end_period, one.terms_hash)


# ------------------------------------------------------------------------------ what only a real node can get wrong


@pytest.mark.real("anvil")
def test_contract_chain_tells_a_finalisation_that_is_too_early(real: World) -> None:
    """Inside the window: in the words of the contract."""
    penalty = real.penalty()
    real.report(penalty)
    assert real.chain.sign_finalise([penalty.key], real.chain.next_nonce()).refused == (
        "SLADisputeWindowOpen: The settlement can still be disputed, so it cannot be finalised.",
    )


BROKEN_ROWS: dict[str, tuple[Callable[[Row], Row], str]] = {
    "met": (lambda one: replace(one, good=one.valid), "SLANotABreach"),
    "no-data": (lambda one: replace(one, good=0, valid=0), "SLANoData"),
    "more-good-than-valid": (lambda one: replace(one, good=one.valid + 1), "SLAInvalidCounts"),
    "unknown-slo": (lambda one: replace(one, slo_index=7), "SLAUnknownSlo"),
    "no-slo": (lambda one: replace(one, slo_index=200), "SLAUnknownSlo"),
    "unknown-agreement": (lambda one: replace(one, agreement_id=digest_of("nobody")), "SLAUnknownAgreement"),
    "not-closed": (lambda one: replace(one, period_index=one.period_index + 10**5), "SLAPeriodNotClosed"),
    "before-the-start": (lambda one: replace(one, period_index=one.period_index - 1), "SLAUnknownPeriod"),
    "no-document": (lambda one: replace(one, document_hash="0x" + "00" * 32), "SLANoEvidence"),
    "revision-0": (lambda one: replace(one, revision=0), "SLARevisionUnexpected"),
    "revision-2": (lambda one: replace(one, revision=2), "SLARevisionUnexpected"),
}


@pytest.mark.real("anvil")
@pytest.mark.parametrize("case", BROKEN_ROWS)
def test_contract_chain_tells_in_words_why_a_row_is_set_apart(real: World, case: str) -> None:
    """It costs itself and no other row, and is known before a nonce is spent."""
    change, words = BROKEN_ROWS[case]
    rows = [change(real.penalty().row()), real.penalty(1).row()]
    refused = real.chain.sign_reports(rows, real.sign(rows, 2), 0).refused
    assert refused[0].startswith(f"{words}: ")
    assert refused[1] == ""


@pytest.mark.real("anvil")
def test_contract_chain_takes_a_report_from_anybody(real: World, anvil: TestChain) -> None:
    """What k attestors signed is true whoever carries it."""
    row = real.penalty().row()
    stranger = anvil.contract_chain(sender=new_signer())
    assert stranger.sign_reports([row], real.sign([row], 2), 0).refused == ("",)


@pytest.mark.real("anvil")
def test_contract_chain_holds_no_other_terms(real: World) -> None:
    """Another hash under the same agreement, and an agreement nobody accepted, are not what stands."""
    one = real.agreement
    found = (
        holds_terms(real.chain, one.key, one.first_period, digest_of("other terms")),
        holds_terms(real.chain, digest_of("nobody"), one.first_period, one.terms_hash),
        real.chain.agreement(digest_of("nobody")),
    )
    assert found == (False, False, None)


@pytest.mark.real("anvil")
def test_contract_chain_refuses_another_chain(anvil: TestChain) -> None:
    """A node of a chain with another id is no place to send to."""
    identity = replace(anvil.identity, chain_id=1)
    with pytest.raises(InvariantBroken, match=r"is chain 31337, expected 1; nothing was sent"):
        ContractChain(anvil.node, identity, anvil.sender).head()


@pytest.mark.real("anvil")
def test_contract_chain_refuses_a_chain_without_the_contract(anvil: TestChain) -> None:
    """An address without code means a wiped chain, not a new start."""
    identity = ChainIdentity(chain_id=31337, contract="0x" + "dd" * 20)
    with pytest.raises(InvariantBroken, match="no contract at 0xdddd"):
        ContractChain(anvil.node, identity, anvil.sender).head()


@pytest.mark.real("anvil")
@pytest.mark.parametrize("page_blocks", [1, 3])
def test_contract_chain_finds_a_finalisation_over_many_pages(
    anvil: TestChain, real: World, monkeypatch: pytest.MonkeyPatch, page_blocks: int
) -> None:
    """Logs are read page by page from the deployment, without a gap between pages."""
    penalty = real.penalty()
    real.report(penalty)
    real.pass_window()
    attempt = real.finalise(penalty)
    monkeypatch.setattr("sankofa_observe.adapters.books.LOG_PAGE_BLOCKS", page_blocks)
    anvil.rpc("anvil_mine", hex(5))
    found = finalisation(real.chain, penalty.key, 1)
    assert found is not None
    assert (found.transaction, found.delta_minor) == (attempt.transaction, penalty.credit_minor)


ATTEMPT = Attempt(
    kind=AttemptKind.REPORT, settlement_ids=(), sender=MEMBERS[0], nonce=0, transaction=digest_of("sent"), raw=b"\x01"
)
ANY = SettlementKey(agreement_id=digest_of("any"), period_index=0, slo_index=0)
QUESTIONS: dict[str, Callable[[SettlementChain], object]] = {
    "head": lambda chain: chain.head(),
    "attestor_set": lambda chain: chain.attestor_set(),
    "settlement": lambda chain: settlement(chain, ANY),
    "can_finalise": lambda chain: can_finalise(chain, ANY),
    "agreement": lambda chain: chain.agreement(digest_of("any")),
    "holds_terms": lambda chain: holds_terms(chain, digest_of("any"), 0, digest_of("terms")),
    "next_nonce": lambda chain: chain.next_nonce(),
    "sign_reports": lambda chain: chain.sign_reports([breach(agreement()).penalty.row()], [b"one", b"two"], 0),
    "sign_finalise": lambda chain: chain.sign_finalise([ANY], 0),
    "send": lambda chain: chain.send(ATTEMPT),
    "receipt": lambda chain: chain.receipt(ATTEMPT),
    "finalisation": lambda chain: finalisation(chain, ANY, 1),
    "ruling": lambda chain: chain.ruling(ANY, 1),
}


@pytest.fixture(params=["fake", "contract"])
def away(request: pytest.FixtureRequest) -> Iterator[SettlementChain]:
    if request.param == "fake":
        gone = FakeChain(clock=FixedClock(at=1), members=MEMBERS, threshold=2)
        gone.faults.away = True
        yield gone
        return
    with closing(Node(f"http://127.0.0.1:{free_port()}")) as node:
        yield ContractChain(node, ChainIdentity(chain_id=31337, contract="0x" + "cc" * 20), new_signer())


@pytest.mark.parametrize("question", QUESTIONS)
def test_chain_that_is_away_is_unavailable(away: SettlementChain, question: str) -> None:
    """No question is answered by a guess when the node does not answer."""
    with pytest.raises(Unavailable):
        QUESTIONS[question](away)
