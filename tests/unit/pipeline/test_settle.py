"""settle: whom it asks, in what it sends, and what it takes over from a chain that others write to as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sankofa_observe.errors import Declined, InvalidInput, InvariantBroken, SankofaError, Unavailable
from sankofa_observe.pipeline.agreements import ended
from sankofa_observe.pipeline.following import Moved
from sankofa_observe.pipeline.lane_acts import LaneActs
from sankofa_observe.pipeline.lane_waits import (
    DUE_SECONDS,
    LANE,
    SETTLEMENT,
    Cause,
    LaneWaits,
    Patience,
    Waiting,
    cause_of,
)
from sankofa_observe.pipeline.reporting import Attested
from sankofa_observe.pipeline.settle import Ended, Settle
from sankofa_observe.ports import (
    Answer,
    NoAnswer,
    OnChainAgreement,
    OnChainSettlement,
    OnChainWord,
    Ruling,
    RulingOutcome,
    Signed,
    StateChange,
)
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import Row, SettlementState
from sankofa_observe.testing import FakeAttestor, FakeChain, FixedClock, MemoryArchive, MemoryLedger
from sankofa_observe.units import rfc3339
from tests import builders
from tests.builders import AMINA, CREDIT_MINOR, breach, introduce

# In the order of their numbers, which is not that of their names; one is written with capitals, as wallets do.
ACCOUNTS = ("0x" + "0b" * 20, "0x" + "0C" * 20, "0x" + "a1" * 20)
COMPUTED, REPORTED, FINAL = SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.FINAL
CLOSED = SettlementState.CLOSED


@dataclass(kw_only=True)
class WatchedChain(FakeChain):
    """Tells what it was asked to sign; sets the rows of `refused` apart."""

    refused: set[str] = field(default_factory=set)  # document hashes
    refuses_with: str = "SLAPeriodNotClosed"
    signed: list[tuple[int, tuple[bytes, ...]]] = field(default_factory=list)  # rows, signatures

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed:
        self.signed.append((len(rows), tuple(signatures)))
        made = super().sign_reports(rows, signatures, nonce)
        refused = [self.refuses_with if one.document_hash in self.refused else "" for one in rows]
        kept = [one for one in self._reports[made.attempt.transaction] if one[1].document_hash not in self.refused]
        self._reports[made.attempt.transaction] = tuple(kept)
        return replace(made, refused=tuple(one or other for one, other in zip(made.refused, refused, strict=True)))


@dataclass(kw_only=True)
class Picky(FakeAttestor):
    """Objects to the documents of some settlements."""

    to: frozenset[str] = frozenset()

    def objection(self, document: Evidence) -> str | None:
        return "counts otherwise" if document.identity.settlement_id in self.to else super().objection(document)


@dataclass(kw_only=True)
class Hesitant(FakeAttestor):
    """Answers some documents, and not yet the others."""

    answered: set[str] = field(default_factory=set)

    def answers(self, documents: Mapping[str, Evidence]) -> dict[str, Answer | NoAnswer]:
        return super().answers({name: one for name, one in documents.items() if name in self.answered})


class Court:
    """A chain, three attestors of whom two must sign, and penalties that wait for them."""

    def __init__(self, periods: int = 1) -> None:
        self.clock = FixedClock(at=builders.period(periods).ends_at)
        members = tuple(one.lower() for one in ACCOUNTS)
        self.chain = WatchedChain(clock=self.clock, members=members, threshold=2)
        self.ledger, self.archive = MemoryLedger(), MemoryArchive()
        self.attestors: list[Any] = [Picky(name=name, account=one) for name, one in zip("zyx", ACCOUNTS, strict=True)]
        self.penalties = [self._owe(index) for index in range(periods)]

    def _owe(self, index: int) -> Penalty:
        made = breach(builders.agreement(), index)
        self.archive.put(made.document)
        self.ledger.add_penalty(made.penalty)
        self.chain.prices[made.penalty.settlement_id] = CREDIT_MINOR
        return made.penalty

    def settling(self, **more: Any) -> Settle:
        return Settle(
            ledger=self.ledger,
            archive=self.archive,
            chain=self.chain,
            attestors=self.attestors,
            clock=self.clock,
            **more,
        )

    def run(self) -> list[Moved | Waiting | Attested | Ended]:
        return list(self.settling().run())

    def states(self) -> list[SettlementState]:
        return [one.state for one in self.ledger.in_order()]

    def nonces(self) -> list[int]:
        return sorted(nonce for _, nonce, _ in self.ledger.attempts)

    def hold(self, state: SettlementState, other: Row | None = None) -> None:
        """Somebody else brought the first settlement to the chain."""
        one = self.penalties[0]
        row = other or one.row()
        word = OnChainWord(
            state=state,
            revision=row.revision,
            commitment=row.commitment,
            credit_ppm=one.credit_ppm,
            deadline_at=self.clock.at + 10,
            deadline_block=0,
        )
        self.chain.put(row.key, OnChainSettlement(standing=word))


def said(told: Sequence[object]) -> list[str]:
    return [one.reason for one in told if isinstance(one, Waiting)]


def test_signatures_stand_in_the_order_of_the_accounts() -> None:
    """The contract wants them ascending by number: neither the order of asking nor capitals matter."""
    court = Court()
    court.attestors.reverse()
    court.run()

    assert court.chain.signed == [(1, tuple(account.encode() for account in ACCOUNTS))]


def test_an_objection_to_one_document_takes_no_signature_from_another() -> None:
    """Penalties are reported in one batch for each group of attestors that agree."""
    court = Court(periods=3)
    court.attestors[0].to = frozenset({court.penalties[1].settlement_id})
    court.run()

    assert court.states() == [REPORTED] * 3
    everybody = tuple(account.encode() for account in ACCOUNTS)
    assert court.chain.signed == [(2, everybody), (1, everybody[1:])]


def test_too_many_objections_to_one_document_hold_up_no_other() -> None:
    """What fewer than the threshold sign waits with every reason; the rest is reported."""
    court = Court(periods=2)
    for attestor in court.attestors[:2]:
        attestor.to = frozenset({court.penalties[0].settlement_id})
    told = court.run()

    assert court.states() == [COMPUTED, REPORTED]
    assert said(told)[0] == "1 of 2 attestors sign; z: counts otherwise; y: counts otherwise"


def test_what_waits_for_the_rest_of_its_batch_says_so() -> None:
    """While attestors are at it a batch is not taken apart; nothing of it waits without a word."""
    court = Court(periods=2)
    court.attestors = [Hesitant(name=name, account=one) for name, one in zip("zyx", ACCOUNTS, strict=True)]
    settling = court.settling()
    told = []
    for answered in ((), (0,), (0,), (0, 1)):
        for attestor in court.attestors[:2]:
            attestor.answered = {court.penalties[at].document_hash for at in answered}
            attestor.heard_at = court.clock.at
        told.append([one.partition(";")[0] for one in said(list(settling.run()))])

    none, all_ = "0 of 2 attestors sign", "2 of 2 attestors sign, and answers on the rest of its batch still come in"
    assert told == [[none, none], [all_, none], [none], []]
    assert court.states() == [REPORTED] * 2
    assert [rows for rows, _ in court.chain.signed] == [1, 1]


def test_an_attestor_that_is_away_holds_up_nothing_while_enough_sign() -> None:
    """Two of three are enough."""
    court = Court()
    court.attestors[2].away = True
    court.run()

    assert court.states() == [REPORTED]


SIGNERS: dict[str, SankofaError] = {
    "away": Unavailable("signer https://s did not answer"),
    "declines": Declined("signer https://s declines"),
    "has-no-key": InvalidInput("signer https://s has not the key"),
}


@pytest.mark.parametrize("case", SIGNERS)
def test_an_attestors_signer_that_does_not_sign_costs_its_own_signature(case: str) -> None:
    """The rest is sent while enough sign; where too few do, the report waits with each reason, and no nonce is spent."""
    court = Court()
    court.attestors[1].signer = SIGNERS[case]
    told = court.run()
    assert (court.states(), court.chain.signed) == ([REPORTED], [(1, (ACCOUNTS[0].encode(), ACCOUNTS[2].encode()))])
    (attested,) = [one for one in told if isinstance(one, Attested)]
    assert attested.others == (f"y: its signature cannot be used: {SIGNERS[case]}",)

    court = Court()
    for attestor in court.attestors[:2]:
        attestor.signer = SIGNERS[case]
    told = court.run()
    assert (court.states(), court.nonces()) == ([COMPUTED], [])
    unsigned = "; ".join(f"{name}: its signature cannot be used: {SIGNERS[case]}" for name in "zy")
    assert said(told) == [f"1 of 2 attestors signed its batch; {unsigned}"]


def test_an_attestors_signer_that_signs_something_else_calls_a_person_once_the_rest_is_sent() -> None:
    """Two truths disagree about one signature; the others are as good as before."""
    court = Court()
    court.attestors[1].signer = InvariantBroken("signer https://s signed another transaction")
    with pytest.raises(InvariantBroken, match="signed another transaction"):
        court.run()
    assert court.states() == [REPORTED]


def test_a_senders_signer_that_declines_is_not_asked_again_for_each_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of three is asked for once, and waits: its rows are not what is declined."""
    court = Court(periods=3)
    asked: list[int] = []

    def declines(rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed:
        asked.append(len(rows))
        raise Declined("signer https://s declines eth_signTransaction")

    monkeypatch.setattr(court.chain, "sign_reports", declines)
    told = court.run()
    assert (asked, said(told)) == ([3], ["signer https://s declines eth_signTransaction"])


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"away": True}, "cannot tell since 1970-01-01T00:00:00Z: "),
        ({"account": "0x" + "ee" * 20}, f"0x{'ee' * 20} is not in the contract's attestor set"),
    ],
    ids=["away", "unknown to the contract"],
)
def test_fewer_than_the_threshold_send_nothing(trouble: dict[str, Any], reason: str) -> None:
    """The settlement waits, and says of whom and why."""
    court = Court()
    for attestor in court.attestors[:2]:
        for name, value in trouble.items():
            setattr(attestor, name, value)
    (told,) = said(court.run())

    assert told.startswith("1 of 2 attestors sign; z: ")
    assert [reason in one for one in told.split("; ")[1:]] == [True, True]
    assert (court.chain.writes, court.nonces()) == ([], [])


def test_terms_that_the_parties_did_not_accept_are_not_reported() -> None:
    """The contract holds other terms: no nonce is spent, and it is told."""
    court = Court()
    court.chain.other_terms.add(builders.agreement().terms_hash)

    assert said(court.run()) == [
        (
            "the contract holds other terms than the specs, or none of this version; have it proposed and accepted (agreements "
            "propose, agreements accept), or restore the specs that both parties accepted"
        )
    ]
    assert (court.states(), court.nonces()) == ([COMPUTED], [])


def test_a_settlement_that_the_chain_does_not_know_any_more_costs_only_itself() -> None:
    """Blocks were rewritten: what is gone waits with a command that leads out, all else goes on, and it ends when it is there again."""
    court = Court(periods=2)
    court.run()
    gone, kept = court.penalties
    held = court.chain.held[gone.settlement_id]
    court.chain.put(gone.key, None)
    court.chain.fork = 1
    court.clock.forward(court.chain.window_seconds)
    told = court.run()

    assert court.states() == [REPORTED, FINAL]
    assert [one.what for one in told if isinstance(one, Waiting) and one.cause is Cause.GONE] == [gone.settlement_id]
    assert [cause_of(one.reason) for one in court.ledger.waits(SETTLEMENT)] == [Cause.GONE]
    court.chain.put(gone.key, held)
    court.run()
    assert (court.states(), court.ledger.waits(SETTLEMENT)) == ([FINAL] * 2, [])
    assert court.chain.writes.count((kept.settlement_id, "reported")) == 1


def test_what_is_final_here_and_not_on_chain_any_more_is_told() -> None:
    """It is looked at as well, once blocks were rewritten: a credit that was granted is not forgotten by the chain in silence."""
    court = Court()
    court.run()
    court.clock.forward(court.chain.window_seconds)
    court.run()
    court.chain.put(court.penalties[0].key, None)
    assert said(court.run()) == []  # nothing was logged, and every block is the same
    court.chain.fork = 1
    assert "report it again by sankofa-observe settlements release" in said(court.run())[0]
    assert court.states() == [FINAL]


def test_a_nonce_that_another_transaction_used_frees_the_lane() -> None:
    """The attempt is closed as lost, and the report goes out under the next nonce."""
    court = Court()
    court.chain.faults.drop = True
    court.run()
    court.chain.faults.drop = False
    court.chain.nonce += 1
    told = court.run()

    assert "nonce 0 was used by another transaction" in said(told)[0]
    assert (court.states(), court.nonces()) == ([REPORTED], [0, 1])
    assert min((one.succeeded, one.block_number) for one in court.ledger.receipts.values()) == (False, 0)


@pytest.mark.parametrize(
    ("instant", "turns"), [(True, [[4, 4, 1]]), (False, [[4], [4], [1]])], ids=["mined at once", "a block a turn"]
)
def test_many_penalties_go_out_in_batches_one_after_the_other(
    instant: bool,  # noqa: FBT001
    turns: list[list[int]],
) -> None:
    """A batch is what a block holds at most, and the next one goes out only once the last one's fate is known."""
    court, sizes = Court(periods=9), []
    court.chain.instant, court.chain.most_rows = instant, 4
    for _ in turns:
        before = len(court.chain.signed)
        court.run()
        court.chain.mine()
        sizes.append([rows for rows, _ in court.chain.signed[before:]])
    court.run()

    assert sizes == turns
    assert court.states() == [REPORTED] * 9
    assert court.nonces() == [0, 1, 2]


@pytest.mark.parametrize("refused", [(0, 5), (8,), tuple(range(9))], ids=str)
def test_a_row_that_is_refused_holds_up_no_other(refused: tuple[int, ...]) -> None:
    """Those of nine that the contract refuses wait and are named, the others are reported, no nonce is lost."""
    court = Court(periods=9)
    court.chain.refused = {court.penalties[at].document_hash for at in refused}
    told = court.run()

    assert court.states() == [COMPUTED if at in refused else REPORTED for at in range(9)]
    assert [one.what for one in told if isinstance(one, Waiting) and "SLAPeriodNotClosed" in one.reason] == [
        court.penalties[at].settlement_id for at in refused
    ]
    assert court.nonces() == list(range(court.chain.nonce))


def test_a_refused_report_spends_no_nonce() -> None:
    """A refusal is waiting: nothing is stored or sent, and once it ends the report goes out under the same nonce."""
    court = Court()
    court.chain.refused = {court.penalties[0].document_hash}
    told, left = court.run(), (court.nonces(), court.chain.nonce)
    court.chain.refused.clear()
    court.run()

    assert said(told) == ["the contract sets its report apart: SLAPeriodNotClosed"]
    assert left == ([], 0)
    assert (court.states(), court.nonces()) == ([REPORTED], [0])


@pytest.mark.parametrize("fault", ["lose_reply", "drop"])
def test_what_was_stored_survives_the_fault_of_sending(fault: str) -> None:
    """Whether the reply was lost or the transaction: the next runs send the stored bytes and no others."""
    court = Court()
    setattr(court.chain.faults, fault, True)
    if fault == "lose_reply":
        with pytest.raises(Unavailable):
            court.run()
    else:
        court.run()
    stored = list(court.ledger.attempts.values())
    setattr(court.chain.faults, fault, False)
    court.run()
    court.run()

    assert list(court.ledger.attempts.values()) == stored
    assert (court.states(), court.chain.writes) == ([REPORTED], [(court.penalties[0].settlement_id, "reported")])


def test_a_transaction_that_was_mined_in_vain_is_closed() -> None:
    """Another sender was quicker by one block: the lane is free again, and the settlement is what the chain says."""
    court = Court()
    court.chain.instant = False
    court.run()
    court.hold(REPORTED)
    court.chain.mine()
    told = court.run()

    assert said(told) == []
    assert (court.states(), court.ledger.open_attempts(), court.chain.writes) == ([REPORTED], [], [])


@pytest.mark.parametrize(
    ("on_chain", "history"),
    [
        (REPORTED, [COMPUTED, REPORTED]),
        (SettlementState.DISPUTED, [COMPUTED, REPORTED, SettlementState.DISPUTED]),
        (FINAL, [COMPUTED, REPORTED, FINAL]),
        (SettlementState.VOIDED, [COMPUTED, REPORTED, SettlementState.VOIDED]),
    ],
)
def test_what_others_brought_about_is_taken_over(on_chain: SettlementState, history: list[SettlementState]) -> None:
    """A ledger restored from an older copy follows the chain along the arrows and writes nothing."""
    court = Court()
    court.hold(on_chain)
    court.run()
    (record,) = court.ledger.in_order()

    assert [change.state for change in record.history] == history
    assert (court.nonces(), court.chain.writes) == ([], [])


def test_what_another_reported_before_it_was_owed_here_is_taken_over() -> None:
    """The log of that block was read already: what is to be reported is looked at by itself, before anything is signed."""
    court = Court()
    owing, court.ledger = court.ledger, MemoryLedger()
    court.hold(REPORTED)
    court.run()
    assert [cause_of(one.reason) for one in court.ledger.waits(LANE)] == [Cause.STRANGERS]
    for record in owing.in_order():
        court.ledger.add_penalty(record.penalty)
    court.run()

    assert (court.states(), court.chain.signed, court.chain.writes) == ([REPORTED], [], [])


@pytest.mark.parametrize(
    ("state", "after_seconds"), [(REPORTED, 10), (SettlementState.DISPUTED, 10 + 14 * 86_400), (FINAL, None)]
)
def test_what_a_person_takes_over_is_due_when_the_contract_may_end_it(
    state: SettlementState, after_seconds: int | None
) -> None:
    """A report when its window ends, a dispute when the time of its ruling is over as well."""
    court = Court()
    [penalty], at, court.ledger = court.penalties, court.clock.at, MemoryLedger()
    introduce(court.ledger)
    court.hold(state)
    court.chain._rows.append((court.chain.number, penalty.row()))
    of = replace(builders.agreement(), ruling_seconds=14 * 86_400)
    acts = LaneActs(
        ledger=court.ledger, archive=court.archive, chain=court.chain, clock=court.clock, agreements={of.version_id: of}, by="amina", reason="r",
    )  # fmt: skip
    acts.adopt(penalty.settlement_id, breach(builders.agreement(), 0).document)
    [record] = court.ledger.in_order()

    assert record.history[-1].due_at == (None if after_seconds is None else at + after_seconds)


def test_what_is_released_takes_the_next_revision_of_all_that_the_contract_holds() -> None:
    """A restatement that waits beside what stands counts as well; who did it is the ledger's actor."""
    court = Court()
    introduce(court.ledger)
    [penalty] = court.penalties
    court.ledger.add_state(penalty.settlement_id, StateChange(state=SettlementState.HELD, at=court.clock.at))
    words = [
        OnChainWord(
            state=state, revision=revision, commitment=builders.digest_of("another"), credit_ppm=1, deadline_at=0, deadline_block=0
        )
        for state, revision in ((FINAL, 2), (REPORTED, 3))
    ]  # fmt: skip
    court.chain.put(penalty.key, OnChainSettlement(standing=words[0], pending=words[1]))
    acts = LaneActs(
        ledger=court.ledger, archive=court.archive, chain=court.chain, clock=court.clock, agreements={}, by="amina", reason="r",
    )  # fmt: skip
    acts.release(penalty.settlement_id)
    last = court.ledger.in_order()[0].history[-1]

    assert (last.state, last.revision, last.detail) == (COMPUTED, 3, f"released by {AMINA}: r")


def test_causes_that_take_turns_are_one_wait_that_is_due_when_the_first_one_was() -> None:
    """A due time that is said holds, and what follows a ruling begins anew."""
    ledger, found = MemoryLedger(), []
    for now, cause, due_at in (
        (0, Cause.ATTESTORS, None), (1000, Cause.REFUSED, None), (2000, Cause.RULING, 10**6), (3000, Cause.REFUSED, None)
    ):  # fmt: skip
        waits = LaneWaits(ledger=ledger, now=now)
        waits.of("0x01", "acme", cause, f"{cause}: because", due_at=due_at)
        waits.write()
        found += [one.due_at for one in ledger.waits(SETTLEMENT)]
    assert found == [DUE_SECONDS, DUE_SECONDS, 10**6, 3000 + DUE_SECONDS]


def test_what_was_refused_is_asked_again_ever_more_seldom_and_at_once_when_something_was_recorded() -> None:
    """After 1, 2, 4, … 32 turns; and from the beginning for another record of it, or once it was not refused for long."""
    patience, asked = Patience(), list[int]()
    for turn in range(150):
        if patience.allows("one", "record"):
            asked.append(turn)
            patience.refused("one", "record")
        patience.next_turn()
    assert asked == [0, 1, 3, 7, 15, 31, 63, 95, 127]
    assert patience.allows("one", "another record")
    patience.refused("one", "another record")
    patience.next_turn()
    assert patience.allows("one", "another record")
    for _ in range(32):
        patience.next_turn()
    patience.refused("one", "another record")
    patience.next_turn()
    assert not patience.allows("one", "another record")
    for _ in range(40):
        patience.next_turn()
    patience.refused("one", "another record")
    patience.next_turn()
    assert patience.allows("one", "another record")


def test_a_dispute_that_was_taken_back_is_reported_again_and_told_once() -> None:
    """As the contract has it; and a second dispute of it is a dispute."""
    court = Court()
    for on_chain in (SettlementState.DISPUTED, REPORTED, SettlementState.DISPUTED):
        court.hold(on_chain)
        assert [one.change.state for one in court.run() if isinstance(one, Moved)][-1] is on_chain
        assert [one for one in court.run() if isinstance(one, Moved)] == []
        assert court.states() == [on_chain]


def test_no_more_is_final_in_one_transaction_than_a_block_holds() -> None:
    """Also where the block shrinks after a batch was proposed: nothing is stored that no node takes."""
    court = Court(periods=9)
    court.chain.instant = False
    for attestor in court.attestors:
        attestor.away = True
    court.run()
    for attestor in court.attestors:
        attestor.away = False
    court.chain.most_rows = 4
    for _ in range(12):
        court.run()
        court.chain.mine()
    court.run()
    court.clock.at += court.chain.window_seconds
    for _ in range(6):
        court.run()
        court.chain.mine()
    court.run()

    assert court.states() == [FINAL] * 9
    assert max(len(one.settlement_ids) for one in court.ledger.attempts.values()) == 4


def test_another_row_in_the_place_of_a_disputed_one_holds_up_no_other() -> None:
    """It is held; the run goes on with the rest."""
    court = Court(2)
    court.hold(SettlementState.DISPUTED)
    court.run()
    court.hold(REPORTED, replace(court.penalties[0].row(2), document_hash=builders.digest_of("another document")))
    court.run()

    assert court.states() == [SettlementState.HELD, REPORTED]


@pytest.mark.parametrize("mine", [COMPUTED, REPORTED])
def test_another_row_on_chain_is_held_whatever_we_think(mine: SettlementState) -> None:
    """Two truths under one name: the settlement is held, its reason names the other row, nothing is sent."""
    court = Court()
    other = replace(court.penalties[0].row(), document_hash=builders.digest_of("another document"))
    if mine is REPORTED:
        court.run()
    sent = court.nonces()
    court.hold(FINAL, other)
    told = court.run()

    assert court.states() == [SettlementState.HELD]
    assert [one.change.detail for one in told if isinstance(one, Moved)] == [
        f"the chain holds another row in revision 1: {other.commitment}"
    ]
    assert (court.run(), court.nonces()) == ([], sent)


def test_a_ruling_s_row_is_followed_and_not_held() -> None:
    """The arbiter corrected the counts: that is lawful, and the ruling is named."""
    court = Court()
    court.run()
    ruled = replace(court.penalties[0].row(2), good=8)
    court.hold(FINAL, ruled)
    court.chain.rulings[court.penalties[0].settlement_id] = Ruling(
        outcome=RulingOutcome.CORRECTED,
        row=ruled,
        credit_ppm=1,
        ruling_hash=builders.digest_of("ruling"),
        transaction=builders.digest_of("sent"),
        block_number=9,
    )
    told = court.run()

    assert court.states() == [FINAL]
    assert [one.change.detail for one in told if isinstance(one, Moved)] == [
        f"corrected by ruling {builders.digest_of('ruling')}: 8 good of {ruled.valid}"
    ]


def test_an_agreement_that_a_party_ended_ends_here_too() -> None:
    """It is a record once, asked for once a period, and told."""
    court, agreement = Court(periods=0), builders.agreement()
    now = agreement.calendar.index_of(agreement.window.period_at(court.clock.at))
    court.chain.agreements[agreement.key] = OnChainAgreement(version=1, first_period=0, end_period=now + 2)
    later = replace(agreement, id=builders.digest_of("later"), starts_at=builders.period(now + 9).starts_at)
    settling = court.settling(agreements=[agreement, later])
    told = [one for _ in range(2) for one in settling.run() if isinstance(one, Ended)]
    assert court.chain.asked["agreement"] == 1
    ends_at = builders.period(now + 2).starts_at

    assert [str(one) for one in told] == [
        f"agreement acme-edge: ended by a party, at {rfc3339(ends_at)}: its periods before are settled as ever"
    ]
    assert court.ledger.ends() == {agreement.id: ends_at}
    (last,) = ended([agreement], court.ledger.ends())
    assert [last.covers(builders.period(now + more).starts_at) for more in (1, 2)] == [True, False]
    assert list(ended([replace(agreement, starts_at=ends_at)], court.ledger.ends())) == []


@pytest.mark.parametrize("damage", ["gone", "another", "cut off"])
def test_evidence_that_is_not_what_was_archived_is_never_reported(damage: str) -> None:
    """A document that is missing, exchanged or damaged stops the report before anybody signs."""
    court, other = Court(), breach(builders.agreement(), 7)
    name = court.penalties[0].document_hash
    if damage == "gone":
        court.archive.documents.clear()
    elif damage == "another":
        court.archive.documents[name] = court.archive.documents[court.archive.put(other.document)]
    else:
        court.archive.documents[name] = court.archive.documents[name][:-1]
    with pytest.raises(InvariantBroken, match=f"evidence {name}.*write it anew.*: sankofa-observe evidence rebuild"):
        court.run()

    assert (court.nonces(), court.chain.signed) == ([], [])


def test_evidence_that_is_damaged_costs_only_its_own_settlement() -> None:
    """The others are reported in the same turn; then the damaged one is an alarm that names it and the cure (case F19c)."""
    court = Court(periods=4)
    for at in (0, 2):
        court.archive.documents[court.penalties[at].document_hash] = b"{}"
    settling = court.settling()
    with pytest.raises(InvariantBroken) as told:
        list(settling.run())

    assert court.states() == [COMPUTED, REPORTED, COMPUTED, REPORTED]
    assert [one.document_hash in str(told.value) for one in court.penalties] == [True, False, True, False]


def test_an_archive_that_is_away_makes_one_short_alarm() -> None:
    """A few names, how many in all, and the command that names each: the alarm is one line that a person reads."""
    court = Court(periods=6)
    court.archive.documents.clear()
    with pytest.raises(InvariantBroken) as told:
        court.run()
    text = str(told.value)

    assert text.startswith("6 not reported for want of evidence: evidence 0x")
    assert text.endswith("; and 3 more: sankofa-observe evidence check names all")
    assert sum(one.document_hash in text for one in court.penalties) == 3


@pytest.mark.parametrize(("age", "sent"), [(60, [0]), (61, [])])
def test_a_head_is_stalled_past_its_limit_and_not_at_it(age: int, sent: list[int]) -> None:
    """A head of exactly the limit is still good for a nonce; a second more is not."""
    court = Court()
    court.chain.head_at = court.clock.at - age
    court.run()

    assert court.nonces() == sent


def test_a_stalled_chain_is_still_read() -> None:
    """What was mined before the stall is closed and followed; only sending stops."""
    court = Court()
    court.chain.instant = False
    court.run()
    court.chain.mine()
    court.chain.head_at = court.clock.at - 600
    told = court.run()

    assert (court.states(), court.ledger.open_attempts()) == ([REPORTED], [])
    assert said(told) == ["head 2 is 600 s old; sending nothing"]


def test_a_turn_waits_for_its_transaction_until_it_is_mined_or_two_blocks_have_passed() -> None:
    """A chain that has a block each second reports and goes on in one turn; one that has none is left to the next turn."""
    found: list[list[bool]] = []
    for mines in (True, False):
        court = Court()
        court.chain.instant = False

        def wait(ready: Callable[[], bool], chain: WatchedChain = court.chain, mines: bool = mines) -> None:  # noqa: FBT001
            asked = [ready()]
            for _ in range(2):
                if mines:
                    chain.mine()
                else:
                    chain.number += 1
                asked.append(ready())
            found.append(asked)

        list(court.settling(wait_a_while=wait).run())
    assert found == [[False, True, True], [False, False, True]]


def test_while_a_transaction_is_open_no_other_nonce_is_spent() -> None:
    """On a halted chain every run sends the same bytes again, and neither reports nor finalises anything else."""
    court = Court(periods=2)
    court.run()
    court.clock.forward(court.chain.window_seconds)
    court.chain.faults.halt = True
    for _ in range(4):
        court.run()
    held_back = (court.nonces(), len(court.ledger.open_attempts()))
    court.chain.faults.halt = False
    court.chain.mine()
    court.run()

    assert held_back == ([0, 1], 1)
    assert (court.states(), court.nonces()) == ([FINAL] * 2, [0, 1])


def test_nothing_is_finalised_before_its_window_is_over() -> None:
    """Up to its last second a window is waited for; then everything that can be final becomes so in one transaction."""
    court = Court(periods=3)
    court.run()
    court.clock.forward(court.chain.window_seconds - 1)
    early, before = court.run(), court.states()
    court.clock.forward(1)
    court.run()

    assert (early, before) == ([], [REPORTED] * 3)
    assert (court.states(), court.nonces()) == ([FINAL] * 3, [0, 1])


def test_a_chain_that_is_away_moves_nothing() -> None:
    """Nothing answers: the run ends as Unavailable and leaves everything where it was."""
    court = Court()
    court.chain.faults.away = True
    with pytest.raises(Unavailable):
        court.run()

    assert (court.states(), court.nonces()) == ([COMPUTED], [])


def test_what_was_withdrawn_and_reported_by_another_is_followed() -> None:
    """What attestors signed may be sent by anybody: it is on chain, and no more silent than what we sent."""
    court = Court()
    withdrawn = StateChange(state=SettlementState.WITHDRAWN, at=court.clock.at, detail="no breach any more")
    court.ledger.add_state(court.penalties[0].settlement_id, withdrawn)
    assert (court.run(), court.states()) == ([], [SettlementState.WITHDRAWN])
    court.hold(REPORTED)
    told = [one.change.detail for one in court.run() if isinstance(one, Moved)]

    assert (told, court.states()) == (["reported by another after it was withdrawn", "seen on chain"], [REPORTED])


def test_a_node_that_takes_no_transaction_is_one_wait_of_the_lane() -> None:
    """Stored, and refused in the node's own words: a smaller batch takes the same nonce, and when it is taken again all go on."""
    court = Court(periods=4)
    court.chain.refuses = "gas price below the minimum"
    settling = court.settling()
    told, sizes = list[list[str]](), list[list[int]]()
    for _ in range(6):
        before = len(court.chain.signed)
        told.append(said(list(settling.run())))
        sizes.append([rows for rows, _ in court.chain.signed[before:]])

    assert sizes[:3] == [[4], [2], [1]]  # half, and once a turn
    assert all("gas price below the minimum" in " ".join(one) for one in told)
    assert [cause_of(one.reason) for one in court.ledger.waits(LANE)] == [Cause.NODE]
    assert court.nonces() == [0] * len(court.ledger.attempts)
    court.chain.refuses = ""
    for _ in range(3):
        list(settling.run())
    assert (court.states(), court.ledger.waits(LANE), court.ledger.open_attempts()) == ([REPORTED] * 4, [], [])
    assert {one.block_number for one in court.ledger.receipts.values() if not one.succeeded} == {0}  # of no block
    assert sorted(name for name, what in court.chain.writes) == sorted(one.settlement_id for one in court.penalties)


def test_a_chain_that_does_not_answer_is_a_wait_of_the_lane() -> None:
    """It is told by a record, whose age an alarm reads, and ends with the first answer."""
    court = Court()
    court.chain.faults.away = True
    with pytest.raises(Unavailable):
        court.run()
    assert [cause_of(one.reason) for one in court.ledger.waits(LANE)] == [Cause.AWAY]
    court.chain.faults.away = False
    court.run()
    assert (court.states(), court.ledger.waits(LANE)) == ([REPORTED], [])


def test_a_node_that_lags_behind_is_not_taken_for_rewritten_blocks() -> None:
    """It has the block of the turn before: nothing is compared, and what it shows later is followed from where it was read."""
    court = Court(periods=3)
    court.run()
    court.chain.number += 2
    court.run()
    newest = court.chain.number
    court.chain.number -= 1
    court.chain.asked.clear()
    court.run()

    assert court.chain.asked["settlements"] == 0
    court.chain.number = newest + 1
    court.chain.fork = 1
    court.run()
    assert court.chain.asked["settlements"] >= 3


@pytest.mark.parametrize("own", [True, False])
def test_a_restatement_of_somebody_else_beside_ours_is_told_at_once(own: bool) -> None:  # noqa: FBT001
    """While it may still be disputed, and not once it has taken our place."""
    court = Court()
    court.run()
    court.clock.forward(court.chain.window_seconds)
    court.run()
    [penalty] = court.penalties
    held = court.chain.held[penalty.settlement_id]
    row = penalty.row(2) if own else replace(penalty.row(2), good=0)
    beside = replace(held.standing, state=REPORTED, revision=2, commitment=row.commitment)
    court.chain.put(penalty.key, replace(held, pending=beside))
    court.run()

    waits = [(cause_of(one.reason), one.due_at <= court.clock.at) for one in court.ledger.waits(SETTLEMENT)]
    assert (court.states(), waits) == ([FINAL], [] if own else [(Cause.HELD, True)])
    court.chain.put(penalty.key, held)
    court.run()
    assert court.ledger.waits(SETTLEMENT) == []


def acts(court: Court) -> LaneActs:
    if not court.ledger.persons():
        introduce(court.ledger)
    return LaneActs(
        ledger=court.ledger,
        archive=court.archive,
        chain=court.chain,
        clock=court.clock,
        agreements={},
        by="amina",
        reason="INC-7",
    )


def test_what_the_contract_takes_no_more_is_settled_elsewhere_by_a_person() -> None:
    """It waits with the command that leads out; then it is asked and priced no more, and may be taken back."""
    court = Court(periods=2)
    late, other = court.penalties
    court.chain.refused.add(late.document_hash)
    court.chain.refuses_with = "SLAReportTooLate"
    court.run()
    [wait] = court.ledger.waits(SETTLEMENT)
    assert (
        "for good: what is owed by it is granted elsewhere, and told by sankofa-observe settlements close"
        in wait.reason
    )
    with pytest.raises(InvalidInput, match="with the reference"):
        acts(court).close(late.settlement_id, " ")
    with pytest.raises(InvalidInput, match=r"is reported; nothing was written: the contract holds it"):
        acts(court).close(other.settlement_id, "CN-1")
    acts(court).close(late.settlement_id, "CN-1")
    assert f"closed already: settled elsewhere under CN-1 by {AMINA}: INC-7" in str(
        acts(court).close(late.settlement_id, "CN-2")
    )
    court.run()

    assert (court.states(), court.ledger.waits(SETTLEMENT), court.ledger.computed()) == ([CLOSED, REPORTED], [], [])
    acts(court).release(late.settlement_id)
    court.chain.refused.clear()
    court.run()
    assert court.states() == [REPORTED, REPORTED]


def test_what_was_settled_elsewhere_and_is_reported_all_the_same_is_held() -> None:
    """Anybody may send what attestors signed before: a person is told before it is paid twice."""
    court = Court()
    court.chain.refuses = "base fee too high"
    court.run()
    [penalty] = court.penalties
    with pytest.raises(Unavailable, match="a transaction carries it"):
        acts(court).close(penalty.settlement_id, "CN-1")
    court = Court()
    acts(court).close(court.penalties[0].settlement_id, "CN-1")
    court.hold(REPORTED)
    court.run()

    assert court.states() == [SettlementState.HELD]
    [wait] = court.ledger.waits(SETTLEMENT)
    assert f"settled elsewhere under CN-1 by {AMINA}: INC-7, and revision 1 was reported since" in wait.reason
    with pytest.raises(InvalidInput, match=r"is held here, and reported on the contract with the same row"):
        acts(court).close(court.penalties[0].settlement_id, "CN-2")
    court.hold(SettlementState.VOIDED)
    acts(court).close(court.penalties[0].settlement_id, "CN-2")
    assert court.states() == [CLOSED]


@pytest.mark.parametrize("state", [REPORTED, SettlementState.DISPUTED, FINAL, SettlementState.VOIDED])
def test_what_the_contract_pays_by_itself_is_not_closed(state: SettlementState) -> None:
    """Settled elsewhere as well, it would be paid twice, and nobody told; once it is refused there, it may be closed for good."""
    court = Court()
    acts(court).close(court.penalties[0].settlement_id, "CN-1")
    [penalty] = court.penalties
    other = replace(penalty.row(), good=0)
    court.hold(REPORTED, other)
    court.run()
    court.hold(state, other)
    if state is not SettlementState.VOIDED:
        with pytest.raises(InvalidInput, match=rf"revision 1 of it {state}: it pays by that; nothing was written"):
            acts(court).close(penalty.settlement_id, "CN-1")
        return
    acts(court).close(penalty.settlement_id, "CN-1")
    court.run()
    assert (court.states(), court.ledger.waits(SETTLEMENT)) == ([CLOSED], [])


def test_nothing_is_released_by_the_word_of_a_node_that_lags_behind() -> None:
    """What the contract holds would be withdrawn here once its period is no breach any more, and nobody would look at it again."""
    court = Court()
    court.run()
    [penalty] = court.penalties
    held, newest = court.chain.held.pop(penalty.settlement_id), court.chain.number
    court.chain.number = 0
    with pytest.raises(Unavailable, match=rf"block {newest}, to which the lane has read; .* nothing was written"):
        acts(court).release(penalty.settlement_id)
    court.chain.held[penalty.settlement_id], court.chain.number = held, newest
    court.run()
    assert court.states() == [REPORTED]


def test_an_act_on_what_has_moved_meanwhile_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was closed and released before, and is reported while a person closes it once more: that is not said to be done."""
    court = Court()
    [penalty] = court.penalties
    acts(court).close(penalty.settlement_id, "CN-1")
    acts(court).release(penalty.settlement_id)

    def asked(_: object) -> list[OnChainSettlement | None]:
        court.ledger.add_state(penalty.settlement_id, StateChange(state=REPORTED, at=1, revision=1))
        return [None]

    monkeypatch.setattr(court.chain, "settlements", asked)
    with pytest.raises(Unavailable, match="has moved meanwhile, and cannot become closed; nothing was written"):
        acts(court).close(penalty.settlement_id, "CN-2")


def test_what_is_closed_while_a_turn_runs_waits_no_more_in_the_next() -> None:
    """The turn writes why it waits when it ends, and knows of no act of meanwhile."""
    court = Court()
    [late] = court.penalties
    court.chain.refused.add(late.document_hash)
    for _ in court.settling().run():
        acts(court).close(late.settlement_id, "CN-1")
    assert [cause_of(one.reason) for one in court.ledger.waits(SETTLEMENT)] == [Cause.REFUSED]
    court.run()
    assert (court.states(), court.ledger.waits(SETTLEMENT)) == ([CLOSED], [])


def test_what_was_released_and_is_no_breach_any_more_is_withdrawn() -> None:
    """The contract holds nothing of it: a report of a promise that was met would be refused for good."""
    court = Court()
    court.run()
    [penalty] = court.penalties
    court.chain.put(penalty.key, None)
    court.chain.fork = 1
    court.run()
    acts(court).release(penalty.settlement_id)

    [record] = court.ledger.in_order()
    assert (record.state, record.on_chain) == (COMPUTED, 0)
    assert court.ledger.on_chain(limit=10).items == ()
