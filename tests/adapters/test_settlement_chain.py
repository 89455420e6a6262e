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
from sankofa_observe.ports import Attempt, AttemptKind, Finalisation, OnChainSettlement, Receipt, SettlementChain
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import ChainIdentity, Report, SettlementState
from sankofa_observe.testing import FakeChain, FixedClock
from tests.builders import CREDIT_MINOR, agreement, breach, digest_of, period
from tests.chain import GENESIS_AT, TestChain, new_signer
from tests.pace import until

MEMBERS = tuple("0x" + letter * 40 for letter in "abc")


@dataclass(kw_only=True)
class World:
    """A chain behind its port, with what a test needs of the world around it."""

    chain: SettlementChain
    agreement: Agreement
    members: tuple[str, ...]
    sign: Callable[[Sequence[Report], int], list[bytes]]
    pass_window: Callable[[], None]

    def penalty(self, index: int = 0) -> Penalty:
        return breach(self.agreement, index, chain=self.chain.identity).penalty

    def attempt(self, *penalties: Penalty, nonce: int | None = None, signers: int = 2) -> Attempt:
        reports = [one.report for one in penalties]
        return self.chain.sign_reports(
            reports, self.sign(reports, signers), self.chain.next_nonce() if nonce is None else nonce
        )

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
        attempt = self.chain.sign_finalise([one.settlement_id for one in penalties], self.chain.next_nonce())
        self.send(attempt)
        return attempt


def fake_world() -> World:
    made, clock = agreement(), FixedClock(at=GENESIS_AT)
    chain = FakeChain(clock=clock, members=MEMBERS, threshold=2, window_seconds=100)
    for index in range(3):
        chain.prices[breach(made, index, chain=chain.identity).penalty.settlement_id] = CREDIT_MINOR
    return World(
        chain=chain,
        agreement=made,
        members=MEMBERS,
        sign=lambda reports, number: [one.encode() for one in MEMBERS[:number]],
        pass_window=lambda: clock.forward(100),
    )


def real_world(anvil: TestChain) -> World:
    chain = anvil.contract_chain()
    return World(
        chain=chain,
        agreement=anvil.agree(),
        members=tuple(one.account.lower() for one in anvil.attestors),
        sign=lambda reports, number: anvil.signatures(reports, chain.attestor_set(), number),
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
    unknown = world.penalty().settlement_id
    found = (
        world.chain.settlement(unknown),
        world.chain.finalisation(unknown),
        world.chain.can_finalise(unknown),
    )
    assert found == (None, None, False)


def test_chain_takes_a_report_of_two_signatures(world: World) -> None:
    """Two of three attestors make a settlement; the contract prices it and holds the document's hash."""
    penalty = world.penalty()
    receipt = world.report(penalty)
    found = world.chain.settlement(penalty.settlement_id)
    assert found is not None
    assert (receipt.succeeded, receipt.reason) == (True, "")
    assert found == OnChainSettlement(
        state=SettlementState.REPORTED,
        document_hash=penalty.document_hash,
        credit_minor=penalty.credit_minor,
        deadline_at=found.deadline_at,
    )
    assert 0 <= found.deadline_at - world.chain.head().at <= 100


def test_chain_refuses_too_few_signatures_before_a_nonce_is_spent(world: World) -> None:
    """One of three is refused while signing."""
    before = world.chain.next_nonce()
    with pytest.raises(Refused, match="the contract refuses"):
        world.attempt(world.penalty(), signers=1)
    assert world.chain.next_nonce() == before


def test_chain_takes_a_batch(world: World) -> None:
    """Reports of several periods under the same signatures become a settlement each."""
    penalties = [world.penalty(index) for index in range(3)]
    world.report(*penalties)
    held = [world.chain.settlement(one.settlement_id) for one in penalties]
    assert [one and one.document_hash for one in held] == [one.document_hash for one in penalties]


def test_chain_refuses_a_second_write_while_signing(world: World) -> None:
    """A settlement that stands is not reported again; no nonce is spent."""
    penalty = world.penalty()
    world.report(penalty)
    before = world.chain.next_nonce()
    with pytest.raises(Refused, match="the contract refuses now: SLASettlementExists"):
        world.attempt(penalty)
    assert world.chain.next_nonce() == before


def test_chain_refuses_a_second_write_that_was_signed_in_time(world: World) -> None:
    """Of two transactions with one report the first takes effect, the second is mined and refused, with its reason."""
    penalty, nonce = world.penalty(), world.chain.next_nonce()
    attempts = [world.attempt(penalty, nonce=nonce + offset) for offset in range(2)]
    fates = [world.send(attempt) for attempt in attempts]
    assert [fate.succeeded for fate in fates] == [True, False]
    assert "SLASettlementExists" in fates[1].reason


def test_chain_finalises_only_after_the_window(world: World) -> None:
    """Reported, then open to dispute, then final: with the event that says what was accrued."""
    penalty = world.penalty()
    world.report(penalty)
    open_for_dispute = (
        world.chain.can_finalise(penalty.settlement_id),
        world.chain.finalisation(penalty.settlement_id),
    )
    world.pass_window()
    ready = world.chain.can_finalise(penalty.settlement_id)
    attempt = world.finalise(penalty)
    receipt, held = world.chain.receipt(attempt), world.chain.settlement(penalty.settlement_id)
    assert (open_for_dispute, ready) == ((False, None), True)
    assert receipt is not None
    assert held is not None
    assert (receipt.succeeded, held.state) == (True, SettlementState.FINAL)
    assert world.chain.finalisation(penalty.settlement_id) == Finalisation(
        credit_minor=penalty.credit_minor,
        cut_minor=0,
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
    assert not world.chain.can_finalise(penalty.settlement_id)


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
    held = world.chain.settlement(penalty.settlement_id)
    assert held is not None
    assert (held.state, world.chain.next_nonce()) == (SettlementState.REPORTED, attempt.nonce + 1)


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
    """An agreement stands with the hash both parties accepted."""
    assert world.chain.holds_terms(world.agreement.id, world.agreement.terms_hash)


# ------------------------------------------------------------------------------ what only a real node can get wrong


@pytest.mark.real("anvil")
def test_contract_chain_refuses_to_sign_a_finalisation_too_early(real: World) -> None:
    """Inside the window no nonce is spent."""
    penalty = real.penalty()
    real.report(penalty)
    with pytest.raises(Refused, match="SLADisputeWindowOpen"):
        real.chain.sign_finalise([penalty.settlement_id], real.chain.next_nonce())


BROKEN_REPORTS: dict[str, tuple[Callable[[Report], Report], str]] = {
    "met": (lambda one: replace(one, good=one.valid), "SLANotABreach"),
    "no-data": (lambda one: replace(one, good=0, valid=0), "SLANoData"),
    "more-good-than-valid": (lambda one: replace(one, good=one.valid + 1), "SLAInvalidCounts"),
    "unknown-slo": (lambda one: replace(one, slo_id=digest_of("other")), "SLAUnknownSlo"),
    "unknown-agreement": (lambda one: replace(one, agreement_id=digest_of("nobody")), "SLA"),
    "not-closed": (
        lambda one: replace(one, period=replace(period(), ends_at=GENESIS_AT + 10**8)),
        "SLAPeriodNotClosed",
    ),
    "before-the-start": (lambda one: replace(one, period=replace(period(), starts_at=1)), "SLAInvalidPeriod"),
}


@pytest.mark.real("anvil")
@pytest.mark.parametrize("case", BROKEN_REPORTS)
def test_contract_chain_tells_a_refusal_in_words(real: World, case: str) -> None:
    """A custom error comes out with its name and its values, before a nonce is spent."""
    change, words = BROKEN_REPORTS[case]
    report = change(real.penalty().report)
    with pytest.raises(Refused, match=rf"the contract refuses now: {words}.*\("):
        real.chain.sign_reports([report], real.sign([report], 2), 0)


@pytest.mark.real("anvil")
def test_contract_chain_refuses_a_sender_without_the_role(real: World, anvil: TestChain) -> None:
    """Two good signatures in the hands of a stranger are refused, in words."""
    report = real.penalty().report
    stranger = anvil.contract_chain(sender=new_signer())
    with pytest.raises(Refused, match="the contract refuses now: AccessControlUnauthorizedAccount"):
        stranger.sign_reports([report], real.sign([report], 2), 0)


@pytest.mark.real("anvil")
def test_contract_chain_holds_no_other_terms(real: World) -> None:
    """Another hash under the same agreement, and an agreement nobody accepted, are not what stands."""
    found = (
        real.chain.holds_terms(real.agreement.id, digest_of("other terms")),
        real.chain.holds_terms(digest_of("nobody"), real.agreement.terms_hash),
    )
    assert found == (False, False)


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
    monkeypatch.setattr("sankofa_observe.adapters.chain.LOG_PAGE_BLOCKS", page_blocks)
    anvil.rpc("anvil_mine", hex(5))
    found = real.chain.finalisation(penalty.settlement_id)
    assert found is not None
    assert (found.transaction, found.credit_minor) == (attempt.transaction, penalty.credit_minor)


ATTEMPT = Attempt(
    kind=AttemptKind.REPORT, settlement_ids=(), sender=MEMBERS[0], nonce=0, transaction=digest_of("sent"), raw=b"\x01"
)
QUESTIONS: dict[str, Callable[[SettlementChain], object]] = {
    "head": lambda chain: chain.head(),
    "attestor_set": lambda chain: chain.attestor_set(),
    "settlement": lambda chain: chain.settlement(digest_of("any")),
    "can_finalise": lambda chain: chain.can_finalise(digest_of("any")),
    "holds_terms": lambda chain: chain.holds_terms(digest_of("any"), digest_of("terms")),
    "next_nonce": lambda chain: chain.next_nonce(),
    "sign_reports": lambda chain: chain.sign_reports([breach(agreement()).penalty.report], [b"one", b"two"], 0),
    "sign_finalise": lambda chain: chain.sign_finalise([digest_of("any")], 0),
    "send": lambda chain: chain.send(ATTEMPT),
    "receipt": lambda chain: chain.receipt(ATTEMPT),
    "finalisation": lambda chain: chain.finalisation(digest_of("any")),
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
