"""settle in batches: one row that cannot move holds up nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from sankofa_observe.errors import InvariantBroken, Refused
from sankofa_observe.pipeline import settle as module
from sankofa_observe.pipeline.settle import Settle, Waiting
from sankofa_observe.ports import Attempt
from sankofa_observe.sla.settlement import Report, SettlementState
from sankofa_observe.testing import FakeAttestor, FakeChain, FixedClock, MemoryArchive, MemoryLedger
from tests import builders
from tests.builders import START

MEMBERS = tuple("0x" + f"{n:02x}" * 20 for n in (1, 2, 3))
ROWS = 5


@dataclass(kw_only=True)
class ChoosyChain(FakeChain):
    """A contract that refuses some documents for good, like those of an agreement that is not active."""

    refused: set[str] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)  # rows of each batch it was asked to take

    def sign_reports(self, reports: Sequence[Report], signatures: Sequence[bytes], nonce: int) -> Attempt:
        self.asked.append(len(reports))
        if any(one.document_hash in self.refused for one in reports):
            raise Refused("the contract refuses now: SLAUnexpectedAgreementState")
        return super().sign_reports(reports, signatures, nonce)


@dataclass(kw_only=True)
class Desk:
    """Five breaches with their evidence, and what settles them."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(at=START + 100_000))
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    attestors: list[FakeAttestor] = field(
        default_factory=lambda: [FakeAttestor(name=one[:4], account=one) for one in MEMBERS]
    )

    def __post_init__(self) -> None:
        self.chain = ChoosyChain(clock=self.clock, members=MEMBERS, threshold=2)
        self.breaches = [builders.breach(builders.agreement(), n) for n in range(ROWS)]
        for one in self.breaches:
            self.archive.put(one.document)
            self.ledger.add_penalty(one.penalty)

    def turn(self) -> list[object]:
        ports = {"ledger": self.ledger, "archive": self.archive, "chain": self.chain, "clock": self.clock}
        return list(Settle(attestors=self.attestors, **ports).run())  # type: ignore[arg-type]

    def states(self) -> list[str]:
        return [record.state.value for record in self.ledger.in_order()]


@pytest.mark.parametrize("refused", [{0}, {4}, {1, 3}, set(range(ROWS))])
def test_refused_row_holds_up_no_other(refused: set[int]) -> None:
    """The rest of its batch is reported in the same turn, and each refused row is told by its name."""
    desk = Desk()
    desk.chain.refused = {desk.breaches[n].penalty.document_hash for n in refused}
    told = [one.what for one in desk.turn() if isinstance(one, Waiting) and "SLAUnexpected" in one.reason]

    assert ["computed" if n in refused else "reported" for n in range(ROWS)] == desk.states()
    assert sorted(f"report of settlement {desk.breaches[n].penalty.settlement_id}" for n in refused) == sorted(told)


def test_batch_that_is_taken_is_asked_for_once() -> None:
    """Without a refusal all rows go out in one transaction."""
    desk = Desk()
    desk.turn()

    assert (desk.chain.asked, desk.chain.nonce, desk.states()) == ([ROWS], 1, ["reported"] * ROWS)


def test_batches_are_no_larger_than_the_contract_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a batch holds go out one batch after the other, as far as each is known."""
    monkeypatch.setattr(module, "MAX_BATCH", 2)
    desk = Desk()
    desk.turn()

    assert (desk.chain.asked, desk.states()) == ([2, 2, 1], ["reported"] * ROWS)


def test_next_batch_waits_while_a_transaction_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lane: while the fate of a batch is unknown no other nonce is spent."""
    monkeypatch.setattr(module, "MAX_BATCH", 2)
    desk = Desk()
    desk.chain.instant = False
    desk.turn()
    desk.turn()

    assert (desk.chain.asked, len(desk.ledger.attempts)) == ([2], 1)


def test_attestors_that_disagree_about_a_row_hold_up_no_other() -> None:
    """Rows with other signers go out in a batch of their own, in the same turn."""
    desk = Desk()
    odd = desk.breaches[2].penalty.settlement_id
    desk.attestors[0] = _Picky(name="0x01", account=MEMBERS[0], dislikes=odd)
    desk.turn()

    assert (sorted(desk.chain.asked, reverse=True), desk.states()) == ([ROWS - 1, 1], ["reported"] * ROWS)


@dataclass(kw_only=True)
class _Picky(FakeAttestor):
    dislikes: str

    def objection(self, document: dict[str, object]) -> str | None:
        return "counts otherwise" if document["settlement_id"] == self.dislikes else None


@pytest.mark.parametrize("harm", ["lost", "another", "no JSON"])
def test_evidence_that_is_not_what_was_stored_stops_before_a_signature(harm: str) -> None:
    """A document that is gone, swapped or damaged is an alarm; nothing is signed or sent."""
    desk = Desk()
    name = desk.breaches[0].penalty.document_hash
    replacement = {"another": desk.archive.documents[desk.breaches[1].penalty.document_hash], "no JSON": b"{"}
    desk.archive.documents.pop(name)
    if harm in replacement:
        desk.archive.documents[name] = replacement[harm]

    with pytest.raises(InvariantBroken):
        desk.turn()
    assert (desk.states(), desk.chain.nonce) == (["computed"] * ROWS, 0)


def test_void_of_the_arbiter_is_taken_over() -> None:
    """What the chain says of a reported settlement is recorded, step by step."""
    desk = Desk()
    desk.turn()
    one = desk.breaches[0].penalty.settlement_id
    for state in (SettlementState.DISPUTED, SettlementState.VOIDED):
        desk.chain.held[one] = replace(desk.chain.held[one], state=state)
        desk.turn()
    record = desk.ledger.records.get(one)

    assert record is not None
    assert [change.state.value for change in record.history] == ["computed", "reported", "disputed", "voided"]
