"""`sankofa-observe settlements`, `transactions` and `ledger reconcile`: what stands, what waits, and acts that say what they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from sankofa_observe.adapters.keys import KeystoreSigner, write_keystore
from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import load_settings
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits
from sankofa_observe.ports import Attempt, AttemptKind, Receipt, StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.settlement import SettlementState
from tests.builders import AMINA
from tests.chain import TestChain, running
from tests.cli.running import Run, introduced
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures

pytestmark = pytest.mark.real("anvil")


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestChain]:
    with running(tmp_path_factory.mktemp("anvil")) as chain:
        yield chain


@pytest.fixture
def priced(installation: Path, anvil: TestChain) -> str:  # noqa: F811
    """The settlement of a breach that was judged and priced, for a contract that holds nothing of it."""
    folder = installation / "keys"
    folder.mkdir()
    (folder / "password").write_text("word")
    (folder / "password").chmod(0o600)
    write_keystore(Account.create(), folder / "sender.json", "word", rounds=2**12)
    chain = {
        "rpc_url": anvil.node.web3.provider.endpoint_uri,  # type: ignore[attr-defined]  # of an HTTP provider
        "chain_id": anvil.identity.chain_id,
        "contract": anvil.identity.contract,
        "from_block": anvil.node.web3.eth.block_number + 1,
        "sender": {"keystore": "keys/sender.json", "password_file": "keys/password"},
    }
    change(installation, "sankofa.yaml", lambda one: one.update(chain=chain))
    introduced(installation)
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        list(platform.evaluate(look=False))
        list(platform.assess())
        [record] = platform.ledger.read(OPERATOR).settlements().items
    return record.penalty.settlement_id


def test_settlements_are_listed_and_shown_with_what_they_wait_for(run: Run, installation: Path, priced: str) -> None:  # noqa: F811
    """By state, or what waits; one with every move, and machines read all of it."""
    settings = config(installation)
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        waits = LaneWaits(ledger=platform.ledger, now=platform.clock.now())
        waits.of(priced, "example", Cause.ATTESTORS, "1 of 2 attestors sign; x: away")
        waits.of_lane(Cause.PAUSED, "the contract is paused")
        waits.write()
        [penalty] = [one.penalty for one in platform.ledger.read(OPERATOR).settlements().items]
        granted = ServiceCredit(
            settlement_id=priced,
            revision=1,
            agreement_id=penalty.agreement_id,
            slo=penalty.slo,
            site=penalty.site,
            period=penalty.period,
            tenant=penalty.tenant,
            amount=penalty.amount,
            cut_minor=0,
            transaction="0x" + "7c" * 32,
            block_number=129,
            granted_at=1,
        )
        platform.ledger.add_credit(granted)
    listed = run("settlements", "list", *settings)
    held = run("settlements", "list", *settings, "--state", "held")
    waiting = run("settlements", "list", *settings, "--waiting")
    shown = run("settlements", "show", priced, *settings)
    for_machines = json.loads(run("settlements", "show", priced, *settings, "--json").out)

    assert (priced in listed.out, "computed" in listed.out) == (True, True)
    assert (held.code, held.out) == (0, "no settlement\n")
    assert ("attestors: 1 of 2 attestors sign" in waiting.out, "paused: the contract is paused" in waiting.out) == (
        True,
        True,
    )
    assert ("computed" in shown.out, "waits: settlement" in shown.out, "evidence 0x" in shown.out) == (True, True, True)
    assert "what leads out: sankofa-observe runbook WaitingLong\n" in shown.out
    assert f"granted: {granted.amount} by revision 1 on chain, in block 129, transaction 0x7c" in shown.out
    assert [one["event"] for one in for_machines] == ["SettlementRecord", "Wait", "ServiceCredit"]
    assert run("settlements", "list", *settings, "--state", "gone").code == 2
    assert run("settlements", "show", "0x00", *settings).code == 2


def test_an_act_on_the_wrong_state_names_the_command_that_fits(run: Run, installation: Path, priced: str) -> None:  # noqa: F811
    """Exit 2, nothing written; a reason and a person are needed, and a release of what is held is recorded with both."""
    settings = (*config(installation), "--by", "amina")
    reason = ("--reason", "INC-7")
    computed = run("settlements", "release", priced, *settings, *reason)
    nothing = run("settlements", "adopt", priced, *settings, *reason)
    unknown = run("settlements", "release", "0x00", *settings, *reason)
    silent = run("settlements", "release", priced, *settings, "--reason", " ")
    file = run("settlements", "adopt", priced, *settings, *reason, "--document", str(installation / "none.json"))
    assert [one.code for one in (computed, nothing, unknown, silent, file)] == [2] * 5
    assert "it is to be reported already" in computed.err
    assert "the contract holds nothing of settlement" in nothing.err
    assert "ledger reconcile" in unknown.err
    assert "needs a reason" in silent.err

    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        platform.ledger.add_state(
            priced, StateChange(state=SettlementState.HELD, at=1, revision=1, detail="two truths")
        )
    released = run("settlements", "release", priced, *settings, *reason)
    assert (released.code, "it is reported anew" in released.out) == (0, True)
    shown = run("settlements", "show", priced, *config(installation))
    assert f"released by amina ({AMINA}): INC-7" in shown.out
    assert AMINA in run("settlements", "show", priced, *config(installation), "--json").out


def test_a_ledger_that_agrees_with_the_contract_says_so(run: Run, installation: Path, priced: str) -> None:  # noqa: F811
    """Nothing is on this contract, and nothing of the ledger was ever there."""
    ended = run("ledger", "reconcile", *config(installation), "--reason", "INC-7", "--by", "amina")
    assert (ended.code, ended.out) == (0, "ledger, credits and contract agree\n"), ended.err
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        platform.ledger.add_state(priced, StateChange(state=SettlementState.REPORTED, at=1, revision=1))
    gone = run("ledger", "reconcile", *config(installation), "--reason", "INC-7", "--by", "amina")
    assert (gone.code, "settlements release" in gone.out) == (3, True)


def test_transactions_are_listed_with_their_fate(run: Run, installation: Path, priced: str) -> None:  # noqa: F811
    """Those that are open alone, or all; what is not open is not replaced."""
    settings = config(installation)
    assert run("transactions", "list", *settings).out == "nothing was signed\n"
    mined, waiting = (
        Attempt(
            kind=AttemptKind.REPORT,
            settlement_ids=(priced,),
            sender="0x" + "5e" * 20,
            nonce=n,
            transaction="0x" + f"{n:064x}",
            raw=b"\1",
        )
        for n in range(2)
    )
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        platform.ledger.add_attempt(mined, 1)
        platform.ledger.close_attempt(mined, Receipt(succeeded=True, block_number=7, block_hash="0x" + "b7" * 32), 2)
        platform.ledger.add_attempt(waiting, 3)
    every, still = run("transactions", "list", *settings), run("transactions", "list", *settings, "--open")
    assert ("mined in block 7" in every.out, len(every.out.splitlines())) == (True, 2)
    assert (waiting.transaction in still.out, "its fate is not known" in still.out, mined.transaction in still.out) == (
        True,
        True,
        False,
    )
    closed = run("transactions", "replace", "0", *settings, "--reason", "the base fee rose", "--by", "amina")
    stranger = run("transactions", "replace", "1", *settings, "--reason", "the base fee rose", "--by", "amina")
    assert [(one.code, "nothing was sent" in one.err) for one in (closed, stranger)] == [(2, True)] * 2


def test_what_a_lost_key_signed_is_abandoned_and_holds_up_nothing_any_more(
    run: Run,
    installation: Path,  # noqa: F811
    anvil: TestChain,
    priced: str,
) -> None:
    """With reason and person kept, all under its nonce; not what the sender of the settings signed, nor what has a fate."""
    settings, reason = config(installation), ("--reason", "INC-7", "--by", "amina")
    own = KeystoreSigner(Account.from_key(_key_in(installation))).account.lower()
    lost = "0x" + "5e" * 20

    def attempt(sender: str, n: int, *, nonce: int = 3, replacement: int = 0) -> Attempt:
        return Attempt(
            kind=AttemptKind.REPORT,
            settlement_ids=(priced,),
            sender=sender,
            nonce=nonce,
            transaction="0x" + f"{n:064x}",
            raw=b"\1",
            replacement=replacement,
        )

    used = attempt(anvil.admin.account.lower(), 4, nonce=0)  # who deployed the contracts with it
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        for one in (attempt(lost, 1), attempt(lost, 2, replacement=1), attempt(own, 3), used):
            platform.ledger.add_attempt(one, 1)
        platform.ledger.add_state(priced, StateChange(state=SettlementState.HELD, at=1, revision=1, detail="another"))
    refused = [
        run("transactions", "abandon", one, *settings, *reason)
        for one in ("0x00", attempt(own, 3).transaction, used.transaction)
    ]
    sealed = run("settlements", "release", priced, *settings, *reason)
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        for one in (attempt(own, 3), used):
            platform.ledger.close_attempt(one, Receipt(succeeded=False, block_number=0, reason="lost"), 2)
    done = run("transactions", "abandon", attempt(lost, 1).transaction, *settings, *reason)
    again = run("transactions", "abandon", attempt(lost, 1).transaction, *settings, *reason)

    assert [(one.code, "nothing was written" in one.err) for one in refused] == [(2, True)] * 3
    assert [words in one.err for words, one in zip(("list --open", "replace 3", "was used"), refused, strict=True)] == [
        True
    ] * 3
    assert (sealed.code, "its fate is not known" in sealed.err) == (1, True)
    assert (done.code, len(done.out.splitlines()), again.code) == (0, 2, 2), done.err
    assert run("transactions", "list", "--open", *settings).out == "no transaction is open\n"
    assert (
        run("transactions", "list", *settings).out.count(
            f"abandoned by amina ({AMINA}): INC-7; a node may still mine it"
        )
        == 2
    )
    assert run("settlements", "release", priced, *settings, *reason).code == 0


def _key_in(installation: Path) -> bytes:  # noqa: F811
    content = json.loads((installation / "keys" / "sender.json").read_text())
    return bytes(Account.decrypt(content, (installation / "keys" / "password").read_text()))


def test_the_evidence_of_one_is_written_anew(run: Run, installation: Path, priced: str) -> None:  # noqa: F811
    """Byte for byte, where it was lost."""
    [file] = (installation / "data" / "evidence").iterdir()
    before = file.read_bytes()
    file.unlink()
    ended = run("settlements", "rebuild-evidence", priced, *config(installation))
    assert (ended.code, file.read_bytes()) == (0, before), ended.err
