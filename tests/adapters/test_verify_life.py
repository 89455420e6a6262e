"""`sankofa-verify` asked about every state that a settlement may have, on a real chain: what the file is, what stands, until when, for how much."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sankofa_observe.adapters import deployment
from sankofa_observe.adapters.contract import as_bytes, key_fields, row_fields
from sankofa_observe.ports import RulingOutcome
from sankofa_observe.sla.evidence import Evidence, written
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.sla.settlement import Row
from sankofa_observe.verify import command, history
from tests.adapters.test_settlement_life import SALT, Life
from tests.builders import FEE_MINOR, breach, digest_of
from tests.chain import CHANGE_DELAY_SECONDS, RULING_SECONDS, WINDOW_SECONDS, TestChain, new_signer

pytestmark = pytest.mark.real("anvil")
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
UNTIL = rf"{TIME}, and block \d+"
CREDITED = r"the period came to 500\.00 USD with all its promises; revision {} changed the credit by {} USD, final in block \d+"
ACCRUED = "of the agreement: accrued 500.00 USD, revoked 0.00 USD, redeemed 0.00 USD, outstanding 500.00 USD"
NOTHING_YET = "of the agreement: accrued 0.00 USD, revoked 0.00 USD, redeemed 0.00 USD, outstanding 0.00 USD"


@dataclass(frozen=True, kw_only=True)
class Said:
    """How the command ended, and what it printed."""

    code: int
    out: str
    err: str

    def __getitem__(self, name: str) -> str:
        """A line of the summary; empty where there is none."""
        found = re.search(rf"^{name} +(.*)$", self.out, re.MULTILINE)
        return found[1] if found else ""

    @property
    def mismatches(self) -> list[str]:
        return re.findall(r"^MISMATCH (.*)$", self.out, re.MULTILINE)


Verify = Callable[..., Said]


@pytest.fixture
def life(anvil: TestChain) -> Life:
    return Life(anvil=anvil, agreement=anvil.agree())


@pytest.fixture
def verify(anvil: TestChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """The command on a document, asked of the chain with the contract that it was signed on."""

    def run(document: Evidence | bytes, *, from_block: int | None = None) -> Said:
        file = tmp_path / "evidence.json"
        file.write_bytes(document if isinstance(document, bytes) else written(document))
        url = str(anvil.node.web3.provider.endpoint_uri)  # type: ignore[attr-defined]  # of an HTTP provider
        code = command.run(str(file), rpc=url, contract=anvil.identity.contract, from_block=from_block)
        said = capsys.readouterr()
        return Said(code=code, out=said.out, err=said.err)

    return run


def _finalised(life: Life, row: Row) -> None:
    assert life.report(row) == ("",)
    life.anvil.pass_window()
    assert life.finalise(row) == ("",)


def _restated(life: Life, row: Row) -> Row:
    """Fewer were bad: a restatement that pays by the first band, reported."""
    mild = replace(row, good=992, valid=1000, revision=row.revision + 1, document_hash=digest_of("fewer were bad"))
    assert life.report(mild) == ("",)
    return mild


# ------------------------------------------------------------------------------------------------------ what was reported stands


def test_a_report_can_be_disputed_until_a_time_that_is_told(life: Life, verify: Verify) -> None:
    """Nothing is credited yet; the commitment is that of the revision that stands, and the terms are those that were accepted."""
    life.report(life.row())
    said = verify(life.document())
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(f"this file is revision 1, reported: it can be disputed until {UNTIL}", said["settlement"])
    assert said["commitment"].startswith(f"{life.row().commitment} of revision 1: good 9 of 10, document 0x")
    assert (said["credited"], said["balance"], said["in force"], said["superseded"]) == ("", NOTHING_YET, "", "")
    assert "calendar, promise and terms are those of version 1, which both parties accepted, at block" in said.out
    assert re.search(r"evidence\.json: all \d+ checks hold$", said.out)
    life.anvil.pass_window()
    closed = verify(life.document())["settlement"]
    assert closed == "this file is revision 1, reported: the time to dispute it is over, and anybody may make it final"


@pytest.mark.parametrize("parties", [("provider",), ("tenant",), ("tenant", "provider")])
def test_a_dispute_is_told_with_its_parties_and_its_last_day(
    life: Life, verify: Verify, parties: tuple[str, ...]
) -> None:
    """And that the report stands without a ruling; withdrawn, it is as before."""
    told = f"the {parties[0]}" if len(parties) == 1 else "both parties"
    life.report(life.row())
    before = verify(life.document())
    for party in parties:
        life.dispute(getattr(life.anvil, party), life.document())
    said = verify(life.document())
    expected = rf"this file is revision 1, disputed by {told}: it is ruled on until {UNTIL}; without a ruling it stands"
    assert (said.code, bool(re.fullmatch(expected, said["settlement"]))) == (0, True)
    for party in parties:
        life.disputes.withdraw(*life.disputes.reported(life.document()), getattr(life.anvil, party))
    assert verify(life.document())["settlement"] == before["settlement"]


def test_a_dispute_that_nobody_ruled_on_is_final_by_default(life: Life, verify: Verify) -> None:
    """First anybody may make it final, then it is, and the file says why."""
    life.report(life.row())
    life.dispute(life.anvil.provider, life.document())
    life.anvil.pass_window(RULING_SECONDS)
    late = verify(life.document())["settlement"]
    assert late.endswith("nobody ruled on it in time, so it stands, and anybody may make it final")
    life.finalise(life.row())
    said = verify(life.document())
    assert said["settlement"] == "this file is revision 1, final: 40.0000 % of the fee"
    assert re.fullmatch(CREDITED.format(1, "500.00") + ", by default: no ruling came in time", said["credited"])


def test_a_final_settlement_tells_what_it_came_to(life: Life, verify: Verify) -> None:
    """The period's credit, what the agreement's credit changed by, and the balance with what was redeemed of it."""
    _finalised(life, life.row())
    said = verify(life.document())
    assert (said.code, said["settlement"]) == (0, "this file is revision 1, final: 40.0000 % of the fee")
    assert re.fullmatch(CREDITED.format(1, "500.00"), said["credited"])
    assert said["balance"] == ACCRUED
    life.redemptions.redeem(life.agreement, "one", 12_345, life.anvil.tenant)
    assert verify(life.document())["balance"].endswith("redeemed 123.45 USD, outstanding 376.55 USD")


def test_a_report_that_was_upheld_is_final(life: Life, verify: Verify) -> None:
    life.report(life.row())
    life.dispute(life.anvil.tenant, life.document())
    life.rule(RulingOutcome.UPHELD, life.document(), life.row())
    said = verify(life.document())
    assert (said.code, said["settlement"]) == (0, "this file is revision 1, final: 40.0000 % of the fee")
    assert said["balance"] == ACCRUED


def test_the_proof_of_a_slot_is_bound_by_the_commitment(life: Life, verify: Verify) -> None:
    """Root, counts and the hash of the rest make the hash that the row has: nothing of the month is needed for it."""
    _finalised(life, life.row())
    start = life.document().identity.period.starts_at
    said = verify(slot_proof(life.document(), start))
    assert (said.code, said["settlement"]) == (0, "this file is revision 1, final: 40.0000 % of the fee")
    assert "commitment binds them" not in said.out
    other = verify(slot_proof(life.document(bad=2), start))
    assert (other.code, other.mismatches) == (3, ["chain: row"])


# --------------------------------------------------------------------------------------------------------- what was superseded


def test_a_report_that_was_corrected_is_lawful_and_its_credit_is_not_in_force(life: Life, verify: Verify) -> None:
    """The file says what was reported; the ruling's counts and share are told, and the file of the ruling itself is final."""
    ruled = life.row(bad=2)
    life.report(life.row())
    life.dispute(life.anvil.tenant, life.document(), counter=life.document(bad=2))
    life.rule(RulingOutcome.CORRECTED, life.document(), ruled)
    said, of_ruling = verify(life.document()), verify(life.document(bad=2))
    assert (said.code, said.mismatches) == (0, [])
    assert said["settlement"] == "this file is what was reported as revision 1: the credit of this file is NOT in force"
    corrected = rf"by the arbiter, who corrected it to revision 2 \(good 8 of 10, document {ruled.document_hash}\) in block \d+: ruling 0x.*"
    assert re.fullmatch(corrected, said["superseded"])
    assert said["in force"] == f"revision 2, final: 40.0000 % of the fee: good 8 of 10, document {ruled.document_hash}"
    assert said["credit"].startswith("NOT in force: 500.00 USD")
    assert "the contract says the same" not in said.out
    assert said.out.endswith("checks hold; it is superseded, and its credit is not in force\n")
    assert (of_ruling.code, of_ruling["settlement"]) == (0, "this file is revision 2, final: 40.0000 % of the fee")


def test_a_report_that_was_rejected_is_lawful_and_nothing_is_owed_by_it(life: Life, verify: Verify) -> None:
    """The word still commits to it, as voided; a restatement that follows is told, and takes its place."""
    life.report(life.row())
    life.dispute(life.anvil.tenant, life.document())
    life.rule(RulingOutcome.REJECTED, life.document(), life.row())
    said = verify(life.document())
    assert (said.code, said["balance"]) == (0, NOTHING_YET)
    assert re.fullmatch(r"by the arbiter, who rejected it in block \d+: ruling 0x[0-9a-f]{64}", said["superseded"])
    assert said["in force"] == "nothing: revision 1 was rejected, and no other one is final"
    assert said["restated"] == ""
    assert life.report(replace(life.row(bad=2), revision=2)) == ("",)
    restated = verify(life.document())["restated"]
    assert re.fullmatch(
        rf"revision 2, reported: it can be disputed until {UNTIL}; it would be 40\.0000 % of the fee", restated
    )
    life.anvil.pass_window()
    life.finalise(life.row())
    assert verify(life.document())["in force"].startswith("revision 2, final: 40.0000 % of the fee: good 8 of 10")
    assert verify(life.document(bad=2))["settlement"] == "this file is revision 2, final: 40.0000 % of the fee"


def test_a_restatement_waits_beside_what_stands_and_then_takes_its_place(life: Life, verify: Verify) -> None:
    """Until it is final the first file is in force, and both are told of the other; then the first is superseded, with the delta."""
    row = life.row()
    _finalised(life, row)
    life.report(replace(life.row(bad=2), revision=2))
    first, second = verify(life.document()), verify(life.document(bad=2))
    assert (first.code, first["settlement"]) == (0, "this file is revision 1, final: 40.0000 % of the fee")
    assert first["restated"].startswith("revision 2, reported: it can be disputed until ")
    assert (second.code, second["settlement"][:50]) == (0, "this file is revision 2, reported: it can be dispu")
    assert second["in force"].startswith("revision 1, final: 40.0000 % of the fee")
    assert second["in force"].endswith("until this restatement is final")
    mild = replace(row, good=992, valid=1000, revision=3, document_hash=digest_of("fewer were bad"))
    assert life.report(mild) == ("",)
    life.anvil.pass_window()
    life.finalise(mild)
    first, second = verify(life.document()), verify(life.document(bad=2))
    assert (first.code, second.code) == (0, 0)
    assert first["settlement"].startswith(
        "this file is what was reported as revision 1, and final once: the credit of this"
    )
    assert first["superseded"] == "by revision 3, which became final"
    assert second["superseded"] == "by revision 3, which became final"
    assert (
        first["in force"] == f"revision 3, final: 10.0000 % of the fee: good 992 of 1000, document {mild.document_hash}"
    )
    less = (FEE_MINOR * 4 - FEE_MINOR) // 10 / 100
    assert f"revision 3 changed the credit by -{less:.2f} USD, final in block" in first["credited"]
    assert f"accrued 500.00 USD, revoked {less:.2f} USD" in first["balance"]


def test_a_report_that_was_restated_before_it_was_final_is_superseded(life: Life, verify: Verify) -> None:
    life.report(life.row())
    _restated(life, life.row())
    said = verify(life.document())
    assert (said.code, said["superseded"]) == (0, "by revision 2, a restatement")
    assert said["in force"].startswith("nothing yet: revision 2, reported: it can be disputed until ")
    assert "it would be 10.0000 % of the fee: good 992 of 1000" in said["in force"]


def test_a_restatement_that_was_rejected_changes_nothing(life: Life, verify: Verify) -> None:
    """The first file stays in force; that of the restatement is lawful, and superseded by the ruling."""
    _finalised(life, life.row())
    again = replace(life.row(bad=2), revision=2)
    life.report(again)
    life.anvil.act(life.anvil.tenant, "disputeSettlement", key_fields(again.key), 2, as_bytes(SALT), b"\0" * 32)
    life.anvil.act(life.anvil.arbiter, "resolveDispute", row_fields(again), 2, as_bytes(SALT))
    first, second = verify(life.document()), verify(life.document(bad=2))
    assert (first.code, first["settlement"]) == (0, "this file is revision 1, final: 40.0000 % of the fee")
    assert first["restated"] == "revision 2, which was rejected: it changes nothing"
    assert (second.code, second["superseded"][:40]) == (0, "by the arbiter, who rejected it in block")
    assert second["in force"].startswith("revision 1, final: 40.0000 % of the fee: good 9 of 10")


def test_the_same_row_restated_again_is_in_force(life: Life, verify: Verify) -> None:
    """Down and up again: the file is the newest revision that it was."""
    row = life.row()
    _finalised(life, row)
    _restated(life, row)
    life.anvil.pass_window()
    life.finalise(row)
    _finalised(life, replace(row, revision=3))
    assert verify(life.document())["settlement"] == "this file is revision 3, final: 40.0000 % of the fee"


# ------------------------------------------------------------------------------------------------------------ around it


def test_an_amendment_does_not_touch_the_period_before_it(life: Life, verify: Verify) -> None:
    """Each file is held against the version of its own period; one that claims the other's terms is told apart."""
    first = life.anvil.agree(passed=0)
    second = replace(
        first, version=2, starts_at=first.starts_at + 600, began_at=first.starts_at, fee_minor=2 * FEE_MINOR,
        terms_hash=digest_of("dearer"),
    )  # fmt: skip
    life.anvil.parties.propose(second, life.anvil.provider)
    life.anvil.parties.accept(second, life.anvil.tenant)
    life.anvil.pass_periods(first, 3)
    before, after = (breach(one, index, chain=life.anvil.identity) for index, one in enumerate((first, second)))
    stale = breach(first, 1, chain=life.anvil.identity)
    life.report(before.penalty.row(), after.penalty.row())
    life.anvil.pass_window()
    life.finalise(before.penalty.row(), after.penalty.row())
    said = [verify(one.document) for one in (before, after, stale)]
    assert [one.code for one in said] == [0, 0, 3]
    assert "those of version 1, which both parties accepted" in said[0].out
    assert "those of version 2, which both parties accepted" in said[1].out
    assert "revision 1 changed the credit by 1000.00 USD" in said[1]["credited"]
    assert said[2].mismatches == [
        "chain: version of the period", "chain: terms_hash", "chain: fee_minor", "chain: row",
    ]  # fmt: skip


def test_a_termination_leaves_the_periods_before_its_end(life: Life, verify: Verify) -> None:
    """The running period is verified as ever; one after the end is none of the agreement's."""
    made = life.anvil.agree(passed=0, notice_seconds=0)
    life.anvil.rpc("evm_setNextBlockTimestamp", made.starts_at + 300)
    life.anvil.rpc("anvil_mine", hex(1))
    life.anvil.parties.terminate(made, life.anvil.provider)
    life.agreement = made
    life.anvil.pass_periods(made, 3)
    _finalised(life, life.row(0))
    running, after = verify(life.document(0)), verify(life.document(1))
    assert (running.code, running["balance"]) == (0, ACCRUED)
    assert (after.code, after.mismatches) == (3, ["chain: periods of the agreement"])


def test_a_rotation_of_attestors_touches_nothing_that_was_reported(life: Life, verify: Verify) -> None:
    anvil, fresh = life.anvil, [new_signer().account for _ in range(3)]
    _finalised(life, life.row())
    before = verify(life.document())
    old = [one.account for one in anvil.attestors]
    try:
        _rotate(anvil, fresh)
        said = verify(life.document())
    finally:
        _rotate(anvil, old)
    assert (said.code, said["settlement"], said["credited"]) == (0, before["settlement"], before["credited"])


def _rotate(anvil: TestChain, accounts: Sequence[str]) -> None:
    deployment.announce_attestors(anvil.books, anvil.admin, list(accounts), 2)
    anvil.rpc("evm_increaseTime", CHANGE_DELAY_SECONDS)
    anvil.rpc("anvil_mine", hex(1))
    deployment.apply_attestors(anvil.books, new_signer(), list(accounts), 2)


def test_a_pause_stands_in_the_time_that_is_left(life: Life, verify: Verify) -> None:
    """While the clock of windows stands still there is no date, only what is left of it; afterwards the date is later by the pause."""
    life.report(life.row())
    before = _at(verify(life.document())["settlement"])
    deployment.pause(life.anvil.books, life.anvil.guardian, paused=True)
    try:
        life.anvil.pass_window(1_000)
        paused = verify(life.document())
        left = re.search(
            r"can be disputed until (\d+) s and block \d+ after the contract, which is paused, runs again", paused.out
        )
        assert left is not None
        assert WINDOW_SECONDS - 60 < int(left[1]) <= WINDOW_SECONDS
    finally:
        deployment.pause(life.anvil.books, life.anvil.admin, paused=False)
    after = _at(verify(life.document())["settlement"])
    assert (paused.code, after > before) == (0, True)


def _at(said: str) -> str:
    found = re.search(TIME, said)
    assert found is not None, said
    return found[0]


# --------------------------------------------------------------------------------------------------------- what never was


def test_a_period_that_was_not_reported_is_a_mismatch(life: Life, verify: Verify) -> None:
    said = verify(life.document())
    assert (said.code, said.mismatches) == (3, ["chain: state"])


def test_a_file_that_was_never_reported_is_told_apart_with_what_was(life: Life, verify: Verify) -> None:
    """Though it fits itself: after one report, and after a history of them."""
    row, stranger = life.row(), life.document(bad=3)
    life.report(row)
    once = verify(stranger)
    mild = _restated(life, row)
    twice = verify(stranger)
    assert [(one.code, one.mismatches) for one in (once, twice)] == [(3, ["chain: row"])] * 2
    claimed, found = re.findall(r"^  (?:claimed|found) +(.*)$", twice.out, re.MULTILINE)
    assert claimed.startswith("good 7 of 10, document ")
    assert found == (
        f"revision 1: good 9 of 10, document {row.document_hash}; revision 2: good 992 of 1000, document {mild.document_hash}"
    )


def test_a_file_of_another_agreement_is_a_mismatch(life: Life, verify: Verify) -> None:
    """Of one that nobody proposed, with all its hashes in order."""
    unknown = replace(life.agreement, id=digest_of("nobody's"))
    said = verify(breach(unknown, chain=life.anvil.identity).document)
    assert (said.code, said.mismatches) == (3, ["chain: periods of the agreement"])
    assert "found   no such agreement" in said.out


# -------------------------------------------------------------------------------------------------------- the search itself


def test_events_are_found_over_many_pages(life: Life, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the search is cut, what is told is the same; it begins in the block in which the period ended."""
    _finalised(life, life.row())
    _restated(life, life.row())
    life.anvil.pass_window()
    life.finalise(life.row())
    whole = verify(life.document())
    monkeypatch.setattr(history, "PAGE_BLOCKS", 1)
    assert verify(life.document()) == whole
    assert whole.code == 0


def test_a_search_that_begins_too_late_says_what_to_do(life: Life, verify: Verify) -> None:
    """Superseded or not cannot be said: that is no mismatch. Of a final one only the money is left open."""
    _finalised(life, life.row())
    late = int(life.anvil.rpc("eth_blockNumber"), 16) + 1
    final = verify(life.document(), from_block=late)
    assert (final.code, final["credited"]) == (0, "")
    assert (
        "what the period came to, and what the credit changed by: this node has not all events of revision 1"
        in final.out
    )
    _restated(life, life.row())
    life.anvil.pass_window()
    life.finalise(life.row())
    said = verify(life.document(), from_block=late)
    assert (said.code, said.out) == (2, "")
    assert "give --from-block with an earlier block, or ask" in said.err
    assert verify(life.document(), from_block=0).code == 0
