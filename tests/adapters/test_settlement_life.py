"""A settlement's whole life on a real chain, by the product's own acts: from the agreement to the redeemed credit, and every way in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sankofa_observe.adapters import deployment
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.contract import as_bytes, key_fields, row_fields, typed_batch
from sankofa_observe.adapters.deployment import Role
from sankofa_observe.adapters.dispute_acts import Disputes
from sankofa_observe.adapters.redemption_acts import InvoiceHash, Redemptions, invoice_hash
from sankofa_observe.errors import InvalidInput, Refused
from sankofa_observe.ports import Attempt, OnChainSettlement, PartyRole, RulingOutcome, Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.dispute import Objection, RulingText
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import Row, SettlementState
from tests.builders import CREDIT_MINOR, FEE_MINOR, breach, digest_of
from tests.chain import CHANGE_DELAY_SECONDS, RULING_SECONDS, TestChain, new_signer
from tests.on_chain import finalisation, settlement
from tests.pace import until

pytestmark = pytest.mark.real("anvil")
SALT = "0x" + "5a" * 32


@dataclass(kw_only=True)
class Life:
    """One agreement on the chain, and what becomes of its periods."""

    anvil: TestChain
    agreement: Agreement

    def document(self, index: int = 0, *, bad: int = 1) -> Evidence:
        return breach(self.agreement, index, bad=bad, chain=self.anvil.identity).document

    def row(self, index: int = 0, *, bad: int = 1, revision: int = 1) -> Row:
        return breach(self.agreement, index, bad=bad, chain=self.anvil.identity).penalty.row(revision)

    def report(self, *rows: Row) -> tuple[str, ...]:
        """Signed by two attestors and sent by a stranger, who needs no role; why rows were set apart."""
        chain = self.anvil.contract_chain(sender=new_signer())
        signed = chain.sign_reports(rows, self.anvil.signatures(rows, chain.attestor_set()), chain.next_nonce())
        if not all(signed.refused):
            self._send(chain, signed.attempt)
        return signed.refused

    def _send(self, chain: ContractChain, attempt: Attempt) -> None:
        """A node answers before it mines."""
        chain.send(attempt)
        until(lambda: chain.receipt(attempt))

    def finalise(self, *rows: Row) -> tuple[str, ...]:
        chain = self.anvil.contract_chain(sender=new_signer())
        signed = chain.sign_finalise([one.key for one in rows], chain.next_nonce())
        if not all(signed.refused):
            self._send(chain, signed.attempt)
        return signed.refused

    def held(self, row: Row) -> OnChainSettlement:
        found = settlement(self.anvil.contract_chain(), row.key)
        assert found is not None
        return found

    def state(self, row: Row) -> SettlementState:
        return self.held(row).standing.state

    def delta(self, row: Row, revision: int) -> int:
        found = finalisation(self.anvil.contract_chain(), row.key, revision)
        assert found is not None
        return found.delta_minor

    @property
    def disputes(self) -> Disputes:
        return Disputes(books=self.anvil.books, first_block=self.anvil.block_number)

    @property
    def redemptions(self) -> Redemptions:
        return Redemptions(books=self.anvil.books)

    @property
    def balance(self) -> tuple[int, int, int]:
        return self.anvil.balance(self.agreement)

    def dispute(self, by: Signer, document: Evidence, counter: Evidence | None = None) -> str:
        row, word = self.disputes.reported(document)
        objection = Objection(row=row, reason="counted otherwise", salt=SALT, counter=counter)
        return str(self.disputes.open(objection, word, by))

    def rule(self, outcome: RulingOutcome, document: Evidence, in_force: Row, by: Signer | None = None) -> str:
        row, word = self.disputes.reported(document)
        ruling = RulingText(outcome=outcome, row=in_force, reason="heard both", salt=SALT)
        return str(self.disputes.resolve(row, word, ruling, by or self.anvil.arbiter))


@pytest.fixture
def life(anvil: TestChain) -> Life:
    return Life(anvil=anvil, agreement=anvil.agree())


def test_an_agreement_becomes_a_redeemed_credit(life: Life) -> None:
    """Proposed, accepted, reported by a stranger, final after its window, redeemed by the tenant; each once."""
    row = life.row()
    assert life.report(row) == ("",)
    assert life.finalise(row)[0].startswith("SLADisputeWindowOpen")
    life.anvil.pass_window()
    assert life.finalise(row) == ("",)
    assert (life.state(row), life.balance) == (SettlementState.FINAL, (CREDIT_MINOR, 0, 0))
    redeem = [life.redemptions.redeem(life.agreement, "2026-042", CREDIT_MINOR, life.anvil.tenant) for _ in range(2)]
    assert [str(one) for one in redeem] == [
        "500.00 USD is redeemed for 2026-042",
        "2026-042: 500.00 USD is redeemed already; nothing was sent",
    ]
    assert life.balance == (CREDIT_MINOR, 0, CREDIT_MINOR)
    with pytest.raises(InvalidInput, match=r"nothing of chain-\d+ is outstanding: 50000 minor units accrued"):
        life.redemptions.redeem(life.agreement, "2026-043", 1, life.anvil.tenant)


def test_a_dispute_that_is_upheld_leaves_the_report(life: Life) -> None:
    """Final at once, with the reported credit; the history tells all of it."""
    document, row = life.document(), life.row()
    life.report(row)
    assert life.dispute(life.anvil.provider, document).startswith("revision 1 is disputed, for the reason 0x")
    assert "is disputed by the provider already: revision 1 disputed by" in life.dispute(life.anvil.provider, document)
    assert life.finalise(row)[0].startswith("SLARulingPending")
    assert "ruled upheld: the report stands" in life.rule(RulingOutcome.UPHELD, document, row)
    assert "is final already" in life.rule(RulingOutcome.UPHELD, document, row)
    assert (life.state(row), life.balance) == (SettlementState.FINAL, (CREDIT_MINOR, 0, 0))
    told = [line.split("  ", 1)[1].partition(":")[0] for line in life.disputes.history(row.key)]
    assert told == [
        "revision 1 reported",
        f"revision 1 disputed by {life.anvil.provider.account.lower()}",
        "ruled upheld, revision 1",
        "revision 1 final",
    ]


def test_a_dispute_that_is_corrected_takes_the_ruling_s_counts(life: Life) -> None:
    """The arbiter's row is in force as the next revision, and pays by its own band."""
    document, reported, counter = life.document(bad=1), life.row(bad=1), life.document(bad=2)
    ruled = replace(reported, good=992, valid=1000, document_hash=digest_of("as the arbiter counted"))
    life.report(reported)
    life.dispute(life.anvil.tenant, document, counter=counter)
    assert life.rule(RulingOutcome.CORRECTED, document, ruled).endswith("final with 992 good of 1000, as revision 2")
    held = life.held(reported).standing
    assert (held.revision, held.commitment) == (2, replace(ruled, revision=2).commitment)
    ruling = life.anvil.contract_chain().ruling(reported.key, 2)
    assert ruling is not None
    assert (ruling.outcome, ruling.row) == (RulingOutcome.CORRECTED, replace(ruled, revision=2))
    assert life.balance == (FEE_MINOR // 10, 0, 0)
    again = life.rule(RulingOutcome.CORRECTED, document, ruled)
    assert again.startswith("revision 1 is final already: ruled corrected, revision 2: 992 good of 1000")
    with pytest.raises(InvalidInput, match="revision 1 is final, expected"):
        life.dispute(life.anvil.provider, document)
    with pytest.raises(InvalidInput, match="Fetch the document that was reported"):
        life.dispute(life.anvil.provider, counter)


def test_a_ruling_may_find_that_nothing_is_owed(life: Life) -> None:
    """Corrected to met: final, with no credit."""
    document, row = life.document(), life.row()
    life.report(row)
    life.dispute(life.anvil.provider, document)
    life.rule(RulingOutcome.CORRECTED, document, replace(row, good=row.valid))
    assert (life.state(row), life.balance) == (SettlementState.FINAL, (0, 0, 0))


def test_a_dispute_that_is_rejected_voids_the_report(life: Life) -> None:
    """Nothing is owed by it; a restatement may follow, attested anew and open to dispute."""
    document, row = life.document(), life.row()
    life.report(row)
    life.dispute(life.anvil.tenant, document)
    assert "the report is void" in life.rule(RulingOutcome.REJECTED, document, row)
    life.anvil.pass_window()
    assert life.finalise(row)[0].startswith("SLASettlementUnexpectedState")
    assert (life.state(row), life.balance) == (SettlementState.VOIDED, (0, 0, 0))
    again = replace(row, revision=2)
    assert life.report(again) == ("",)
    life.anvil.pass_window()
    assert life.finalise(again) == ("",)
    assert (life.state(row), life.balance) == (SettlementState.FINAL, (CREDIT_MINOR, 0, 0))


def test_a_dispute_that_is_never_ruled_on_ends_as_reported(life: Life) -> None:
    """A provider that disputes its own breach delays the credit by the ruling's time, and no longer."""
    document, row = life.document(), life.row()
    life.report(row)
    life.dispute(life.anvil.provider, document)
    life.anvil.pass_window()
    assert life.finalise(row)[0].startswith("SLARulingPending")
    life.anvil.pass_window(RULING_SECONDS)
    with pytest.raises(InvalidInput, match=r"could be ruled on until .*: `disputes finalise`"):
        life.rule(RulingOutcome.REJECTED, document, row)
    assert life.finalise(row) == ("",)
    final = finalisation(life.anvil.contract_chain(), row.key, 1)
    assert final is not None
    assert (final.by_default, final.delta_minor) == (True, CREDIT_MINOR)


def test_a_dispute_that_is_withdrawn_leaves_its_window(life: Life) -> None:
    """Whoever objected takes it back, and nobody else; the deadline is what it was."""
    document, row = life.document(), life.row()
    life.report(row)
    before = life.held(row)
    life.dispute(life.anvil.tenant, document)
    reported = life.disputes.reported(document)
    assert not life.disputes.withdraw(*reported, life.anvil.provider).sent
    with pytest.raises(InvalidInput, match="this key is of"):
        life.disputes.withdraw(*reported, new_signer())
    assert life.disputes.withdraw(*reported, life.anvil.tenant).sent
    assert life.held(row) == before
    assert not life.disputes.withdraw(*life.disputes.reported(document), life.anvil.tenant).sent
    life.dispute(life.anvil.tenant, document)
    life.anvil.pass_window()
    assert "its window is over" in str(life.disputes.withdraw(*life.disputes.reported(document), life.anvil.tenant))
    assert life.finalise(row) == ("",)


def test_one_party_s_objection_does_not_silence_the_other_s(life: Life) -> None:
    """Both object, each once; the first to do so cannot end the other's right by taking its own back when the window is over."""
    document, row = life.document(), life.row()
    life.report(row)
    assert "is disputed, for" in life.dispute(life.anvil.provider, document)
    assert "disputed by the provider already" in life.dispute(life.anvil.provider, document)
    assert "is disputed, for" in life.dispute(life.anvil.tenant, document)
    reported = life.disputes.reported(document)
    assert reported[1].disputed_by == frozenset(PartyRole)
    life.anvil.pass_window()
    assert "the other party's stands" in str(life.disputes.withdraw(*reported, life.anvil.provider))
    assert life.state(row) is SettlementState.DISPUTED
    assert life.finalise(row)[0].startswith("SLARulingPending")
    life.rule(RulingOutcome.REJECTED, document, row)
    assert life.state(row) is SettlementState.VOIDED


def test_a_restatement_after_finality_books_its_delta(life: Life) -> None:
    """Down to the first band, then up again: what rises is accrued, what falls is revoked, and the row that stands is the last."""
    first = life.row()
    life.report(first)
    life.anvil.pass_window()
    life.finalise(first)
    mild = replace(first, good=992, valid=1000, revision=2, document_hash=digest_of("fewer were bad"))
    assert life.report(mild) == ("",)
    assert (life.held(first).standing.revision, [one.revision for one in life.held(first).words]) == (1, [1, 2])
    life.anvil.pass_window()
    assert life.finalise(mild) == ("",)
    less = FEE_MINOR // 10 - CREDIT_MINOR
    assert (life.delta(first, 2), life.balance) == (less, (CREDIT_MINOR, -less, 0))
    again = replace(first, revision=3)
    life.report(again)
    life.anvil.pass_window()
    life.finalise(again)
    assert (life.delta(first, 3), life.balance) == (-less, (CREDIT_MINOR - less, -less, 0))
    assert life.held(first).words == (life.held(first).standing,)


def test_a_restatement_that_is_rejected_uses_up_its_number(life: Life) -> None:
    """Whoever carries a row that was refused cannot bring it again."""
    first = life.row()
    life.report(first)
    life.anvil.pass_window()
    life.finalise(first)
    restated = replace(first, good=first.valid, revision=2, document_hash=digest_of("all was well"))
    life.report(restated)
    life.anvil.act(life.anvil.tenant, "disputeSettlement", key_fields(first.key), 2, as_bytes(SALT), b"\0" * 32)
    life.anvil.act(life.anvil.arbiter, "resolveDispute", row_fields(restated), 2, as_bytes(SALT))
    assert life.report(restated)[0].startswith("SLASettlementExists")
    assert life.report(replace(restated, revision=3)) == ("",)
    assert (life.state(first), life.balance) == (SettlementState.FINAL, (CREDIT_MINOR, 0, 0))


def test_what_was_redeemed_and_taken_back_is_made_up_by_later_credits(life: Life) -> None:
    """The tenant pays nothing back; its next credit is smaller by it."""
    first, second = life.row(0), life.row(1)
    for row in (first, second):
        assert life.report(row) == ("",)
    life.anvil.pass_window()
    life.finalise(first)
    life.redemptions.redeem(life.agreement, "one", CREDIT_MINOR, life.anvil.tenant)
    life.report(replace(first, good=first.valid, revision=2))
    life.anvil.pass_window()
    life.finalise(first)
    assert life.balance == (CREDIT_MINOR, CREDIT_MINOR, CREDIT_MINOR)
    life.finalise(second)
    with pytest.raises(InvalidInput, match=r"nothing of chain-\d+ is outstanding"):
        life.redemptions.redeem(life.agreement, "two", 1, life.anvil.tenant)


def test_an_amendment_prices_from_its_boundary_on(life: Life) -> None:
    """The period before pays by the old fee, the one after by the new one."""
    first = life.anvil.agree(passed=0)
    second = replace(
        first,
        version=2,
        starts_at=first.starts_at + 600,
        began_at=first.starts_at,
        fee_minor=2 * FEE_MINOR,
        terms_hash=digest_of("dearer"),
    )
    life.anvil.parties.propose(second, life.anvil.provider)
    life.anvil.parties.accept(second, life.anvil.tenant)
    life.anvil.pass_periods(first, 3)
    life.agreement = first
    rows = [life.row(index) for index in range(2)]
    assert life.report(*rows) == ("", "")
    life.anvil.pass_window()
    assert life.finalise(*rows) == ("", "")
    assert [life.delta(row, 1) for row in rows] == [CREDIT_MINOR, 2 * CREDIT_MINOR]


def test_a_running_period_survives_a_termination(life: Life) -> None:
    """Ended by the provider in its middle: the period is reported and paid, the next one is no part of the agreement."""
    made = life.anvil.agree(passed=0, notice_seconds=0)
    life.anvil.rpc("evm_setNextBlockTimestamp", made.starts_at + 300)
    life.anvil.rpc("anvil_mine", hex(1))
    assert life.anvil.parties.terminate(made, life.anvil.provider).sent
    life.agreement = made
    life.anvil.pass_periods(made, 3)
    running, after = life.row(0), life.row(1)
    refused = life.report(running, after)
    assert (refused[0], refused[1].partition(":")[0]) == ("", "SLAUnknownPeriod")
    life.anvil.pass_window()
    life.finalise(running)
    assert life.balance == (CREDIT_MINOR, 0, 0)


def test_a_rotation_in_mid_month_is_announced_and_waits(life: Life) -> None:
    """The old set signs until the new one is applied, by anybody; what it reported stands, and its signatures count no more."""
    anvil, fresh = life.anvil, tuple(new_signer() for _ in range(3))
    accounts = [one.account for one in fresh]
    reported, later = life.row(0), life.row(1)
    life.report(reported)
    assert deployment.announce_attestors(anvil.books, anvil.admin, accounts, 2).startswith("announced; from")
    assert "was announced before" in deployment.announce_attestors(anvil.books, anvil.admin, accounts, 2)
    with pytest.raises(Refused, match="SLAChangeTooEarly"):
        deployment.apply_attestors(anvil.books, new_signer(), accounts, 2)
    chain, old = anvil.contract_chain(), anvil.attestors
    by_old = anvil.signatures([later], chain.attestor_set())
    anvil.rpc("evm_increaseTime", CHANGE_DELAY_SECONDS)
    anvil.rpc("anvil_mine", hex(1))
    try:
        assert deployment.apply_attestors(anvil.books, new_signer(), accounts, 2).startswith("in force")
        assert "is in force; nothing was sent" in deployment.apply_attestors(anvil.books, new_signer(), accounts, 2)
        with pytest.raises(Refused, match="SLAInvalidAttestor"):
            chain.sign_reports([later], by_old, 0)
        anvil.attestors = tuple(sorted(fresh, key=lambda one: int(one.account, 16)))
        assert life.report(later) == ("",)
        anvil.pass_window()
        assert life.finalise(reported, later) == ("", "")
    finally:
        deployment.announce_attestors(anvil.books, anvil.admin, [one.account for one in old], 2)
        anvil.rpc("evm_increaseTime", CHANGE_DELAY_SECONDS)
        anvil.rpc("anvil_mine", hex(1))
        deployment.apply_attestors(anvil.books, new_signer(), [one.account for one in old], 2)
        anvil.attestors = old


def test_an_announced_set_is_taken_back_by_announcing_the_one_in_force(life: Life) -> None:
    """A set announced by mistake would be applied by anybody."""
    anvil, mistaken = life.anvil, [new_signer().account for _ in range(3)]
    standing = [one.account for one in anvil.attestors]
    assert "is in force; nothing was sent" in deployment.announce_attestors(anvil.books, anvil.admin, standing, 2)
    deployment.announce_attestors(anvil.books, anvil.admin, mistaken, 2)
    assert deployment.announce_attestors(anvil.books, anvil.admin, standing, 2).startswith("announced; from")
    anvil.rpc("evm_increaseTime", CHANGE_DELAY_SECONDS)
    anvil.rpc("anvil_mine", hex(1))
    with pytest.raises(Refused, match="SLANothingAnnounced"):
        deployment.apply_attestors(anvil.books, new_signer(), mistaken, 2)


def test_a_batch_is_no_larger_than_a_block_of_the_chain(life: Life) -> None:
    """A transaction that asks for more gas than a block holds is taken by no node, and would be sent again for ever."""
    anvil = life.anvil
    standing = anvil.node.web3.eth.get_block("latest")["gasLimit"]
    try:
        for gas, most in ((4_700_000, 35), (100_000, 1), (30_000_000, 100)):
            anvil.rpc("evm_setBlockGasLimit", hex(gas))
            anvil.rpc("anvil_mine", hex(1))
            assert anvil.contract_chain().head().most_rows == most
        anvil.rpc("evm_setBlockGasLimit", hex(1_000_000))
        anvil.rpc("anvil_mine", hex(1))
        rows = [life.row(index) for index in range(anvil.contract_chain().head().most_rows)]
        assert life.report(*rows) == ("",) * len(rows)
        anvil.pass_window()
        assert life.finalise(*rows) == ("",) * len(rows)
        assert {life.state(row) for row in rows} == {SettlementState.FINAL}
        anvil.agree(passed=0)  # parties' acts ask for more than this block holds where it holds so much
    finally:
        anvil.rpc("evm_setBlockGasLimit", hex(standing))
        anvil.rpc("anvil_mine", hex(1))


def test_a_pause_stops_every_clock_but_no_dispute(life: Life) -> None:
    """A tenant is heard meanwhile, and loses no second of its window; the admin resumes."""
    anvil, row, other = life.anvil, life.row(0), life.row(1)
    life.report(row, other)
    assert deployment.pause(anvil.books, anvil.guardian, paused=True).startswith("paused")
    try:
        assert "it is paused; nothing was sent" in deployment.pause(anvil.books, anvil.guardian, paused=True)
        anvil.pass_window()
        with pytest.raises(Refused, match=r"EnforcedPause"):
            life.finalise(row)
        assert "is disputed" in life.dispute(anvil.tenant, life.document(0))
    finally:
        assert deployment.pause(anvil.books, anvil.admin, paused=False).startswith("running")
    assert life.finalise(other)[0].startswith("SLADisputeWindowOpen")
    anvil.pass_window()
    assert life.finalise(other) == ("",)


def test_an_announced_redemption_waits_for_the_tenant(life: Life) -> None:
    """The provider announces; one is objected to and is the tenant's alone, another is completed by anybody after its window."""
    row, anvil, acts, agreement = life.row(), life.anvil, life.redemptions, life.agreement
    life.report(row)
    anvil.pass_window()
    life.finalise(row)
    for reference, by in (("a", anvil.provider), ("b", anvil.billing)):
        done = [str(acts.redeem(agreement, reference, 100, by)) for _ in range(2)]
        assert ["is announced: the tenant may object until" in done[0], "is announced already" in done[1]] == [
            True,
            True,
        ]
    with pytest.raises(InvalidInput, match=r"0.50 USD is asked for; nothing was sent. Object to it first, with"):
        acts.redeem(agreement, "a", 50, anvil.tenant)
    assert [acts.object(agreement, "a", anvil.tenant).sent for _ in range(2)] == [True, False]
    with pytest.raises(InvalidInput, match=r"the tenant has objected to 1.00 USD, and 1.00 USD is asked for"):
        acts.redeem(agreement, "a", 100, anvil.provider)
    with pytest.raises(InvalidInput, match=r"b: the tenant may object until"):
        acts.complete(agreement, "b", new_signer())
    anvil.pass_window()
    assert [acts.complete(agreement, "b", new_signer()).sent for _ in range(2)] == [True, False]
    assert acts.redeem(agreement, "a", 50, anvil.tenant).sent
    assert life.balance == (CREDIT_MINOR, 0, 150)


def test_a_tenant_finds_and_refuses_what_was_announced_for_an_invoice_it_knows_nothing_of(life: Life) -> None:
    """The contract takes any hash; the tenant needs no reference to object, and nothing is taken in silence."""
    row, anvil, acts, agreement = life.row(), life.anvil, life.redemptions, life.agreement
    life.report(row)
    anvil.pass_window()
    life.finalise(row)
    unknown = InvoiceHash("0x" + "99" * 32)
    anvil.act(anvil.provider, "announceRedemption", as_bytes(agreement.key), as_bytes(unknown), CREDIT_MINOR)
    acts.redeem(agreement, "known", 10, anvil.tenant)
    balance, known, announced = acts.shown(agreement)
    assert acts.outstanding({agreement.key}) == {agreement.key: CREDIT_MINOR - 10}
    assert balance.endswith(
        f"{CREDIT_MINOR - 10} minor units outstanding: {CREDIT_MINOR} accrued, 0 taken back, 10 redeemed"
    )
    assert known == f"  {invoice_hash(agreement, 'known')}: 0.10 USD is redeemed"
    assert announced.startswith(f"  {unknown}: 500.00 USD is announced; to be objected to until")
    assert acts.object(agreement, unknown, anvil.tenant).sent
    anvil.pass_window()
    with pytest.raises(InvalidInput, match="the tenant has objected to"):
        acts.complete(agreement, unknown, new_signer())
    with pytest.raises(InvalidInput, match="expected text in UTF-8; nothing was sent"):
        acts.redeem(agreement, "\udcff", 1, anvil.tenant)


STRANGERS: dict[str, Callable[[Life, Signer], Any]] = {
    "dispute": lambda life, who: life.dispute(who, life.document()),
    "rule": lambda life, who: life.rule(RulingOutcome.REJECTED, life.document(1), life.row(1), who),
    "redeem": lambda life, who: life.redemptions.redeem(life.agreement, "x", 1, who),
    "object": lambda life, who: life.anvil.act(who, "objectRedemption", as_bytes(life.agreement.key), b"\1" * 32),
    "attestors": lambda life, who: deployment.announce_attestors(life.anvil.books, who, [who.account], 1),
    "role": lambda life, who: deployment.announce_role(life.anvil.books, who, Role.BILLING, who.account),
    "pause": lambda life, who: deployment.pause(life.anvil.books, who, paused=True),
    "terminate": lambda life, who: life.anvil.parties.terminate(life.agreement, who),
    "amend": lambda life, who: life.anvil.parties.propose(
        replace(
            life.agreement, version=2, starts_at=life.agreement.starts_at + 60_000, began_at=life.agreement.starts_at
        ),
        who,
    ),
    "forge": lambda life, who: life.anvil.contract_chain(sender=who).sign_reports(
        [life.row(2)],
        [
            who.sign_typed_data(
                typed_batch([life.row(2)], life.anvil.contract_chain().attestor_set(), life.anvil.identity)
            )
        ]
        * 2,
        0,
    ),
}


@pytest.mark.parametrize("attempt", STRANGERS)
def test_a_stranger_changes_nothing(life: Life, attempt: str) -> None:
    """Whatever it tries is refused, and no block is made of it."""
    life.report(life.row(), life.row(1))
    life.dispute(life.anvil.tenant, life.document(1))
    block = life.anvil.node.web3.eth.block_number
    with pytest.raises((InvalidInput, Refused)):
        STRANGERS[attempt](life, new_signer())
    assert life.anvil.node.web3.eth.block_number == block
