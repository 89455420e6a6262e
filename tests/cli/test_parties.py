"""What parties, arbiter, admin and guardian do by command, on a real chain: done is 0, done before is 0, not yet is 1, what cannot be is 2 and sends nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from eth_account import Account
from eth_account.signers.local import LocalAccount

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.keys import KeystoreSigner, write_keystore
from sankofa_observe.ports import Signer
from sankofa_observe.sla.evidence import written
from tests import chain
from tests.adapters.test_settlement_life import Life
from tests.cli.running import Run
from tests.pace import until

pytestmark = pytest.mark.real("anvil")


@dataclass(kw_only=True)
class Hall:
    """A chain, everybody's keystore, and specs between its provider and its tenant."""

    anvil: chain.TestChain
    folder: Path
    run: Run
    accounts: dict[str, LocalAccount] = field(default_factory=dict)

    @property
    def at_books(self) -> tuple[str, ...]:
        url = str(self.anvil.node.web3.provider.endpoint_uri)  # type: ignore[attr-defined]  # of an HTTP provider
        return "--rpc", url, "--contract", self.anvil.identity.contract

    def key(self, who: Signer) -> tuple[str, ...]:
        keystore, password = self.folder / f"{who.account}.json", self.folder / "password"
        if not keystore.exists():
            password.write_text("word")
            password.chmod(0o600)
            write_keystore(self.accounts[who.account], keystore, "word", rounds=2**12)
        return "--keystore", str(keystore), "--password-file", str(password)

    def specs(self, *, starts_at: str, version: int = 1, name: str = "acme") -> Path:
        """The committed example, between our parties."""
        folder = self.folder / "specs"
        shutil.copytree(CHECKOUT / "deploy" / "specs", folder, dirs_exist_ok=True)
        example = folder / "agreements" / "example-edge.yaml"
        document = yaml.safe_load((CHECKOUT / "deploy" / "specs" / "agreements" / "example-edge.yaml").read_text())
        document["metadata"]["name"] = name
        document["spec"] |= {
            "version": version,
            "provider": {"id": "sankofa-cloud", "account": self.anvil.provider.account},
            "tenant": {"id": "acme", "account": self.anvil.tenant.account},
            "startsAt": starts_at,
            "capPpm": 500_000 - version,
        }
        example.unlink(missing_ok=True)
        (folder / "agreements" / f"{name}-{version}.yaml").write_text(yaml.safe_dump(document))
        return folder

    def act(self, *arguments: str, by: Signer, code: int = 0) -> str:
        """What a command said, on either stream."""
        ended = self.run(*arguments, *self.key(by), *self.at_books)
        said = " ".join((ended.out + ended.err).split())
        assert ended.code == code, said
        return said


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[chain.TestChain, dict[str, LocalAccount]]]:
    accounts: dict[str, LocalAccount] = {}

    def signer() -> Signer:
        made = Account.create()
        accounts[made.address] = made
        return KeystoreSigner(made)

    with chain.running(tmp_path_factory.mktemp("anvil"), signer) as anvil:
        yield anvil, accounts


@pytest.fixture
def hall(parties: tuple[chain.TestChain, dict[str, LocalAccount]], tmp_path: Path, run: Run) -> Hall:
    return Hall(anvil=parties[0], folder=tmp_path, run=run, accounts=parties[1])


def test_an_agreement_is_offered_accepted_amended_and_ended_by_command(hall: Hall) -> None:
    """Each may be repeated, and says then that nothing was sent; a key that is no party's sends nothing."""
    provider, tenant, stranger = hall.anvil.provider, hall.anvil.tenant, hall.anvil.sender
    specs = ("acme", "--specs", str(hall.specs(starts_at="2026-06-01T00:00:00Z")))

    assert "nothing was sent" in hall.act("agreements", "accept", *specs, by=tenant, code=2)
    assert "nothing was sent" in hall.act("agreements", "propose", *specs, by=stranger, code=2)
    assert "nothing was sent" not in hall.act("agreements", "propose", *specs, by=provider)
    assert "nothing was sent" in hall.act("agreements", "propose", *specs, by=provider)
    assert "nothing was sent" not in hall.act("agreements", "withdraw", *specs, by=provider)
    assert "nothing was sent" in hall.act("agreements", "accept", *specs, by=tenant, code=2)
    assert "nothing was sent" not in hall.act("agreements", "propose", *specs, by=provider)
    assert "nothing was sent" in hall.act("agreements", "accept", *specs, by=stranger, code=2)
    assert "your own offer stands" in hall.act("agreements", "accept", *specs, by=provider, code=2)
    assert "nothing was sent" not in hall.act("agreements", "accept", *specs, by=tenant)
    assert "nothing was sent" in hall.act("agreements", "accept", *specs, by=tenant)
    assert "has one version" in hall.act("agreements", "amend", *specs, by=provider, code=2)

    hall.specs(starts_at="2026-09-01T00:00:00Z", version=2)
    assert "nothing was sent" not in hall.act("agreements", "amend", *specs, by=tenant)
    assert "nothing was sent" not in hall.act("agreements", "accept", *specs, "--version", "2", by=provider)

    assert "expected UTC" in hall.act("agreements", "terminate", *specs, "--at", "soon", by=tenant, code=2)
    between = hall.act("agreements", "terminate", *specs, "--at", "2027-03-10T00:00:00Z", by=tenant, code=2)
    assert "the nearest at 2027-03-01T00:00:00Z and 2027-04-01T00:00:00Z" in between
    ended = hall.act("agreements", "terminate", *specs, "--at", "2027-03-01T00:00:00Z", by=tenant)
    assert ("2027-03-01" in ended, "nothing was sent" in ended) == (True, False)
    assert "nothing was sent" in hall.act("agreements", "terminate", *specs, "--at", "2027-03-01T00:00:00Z", by=tenant)
    objected = ("credits", "object", *specs)
    assert "expected one of --invoice and --invoice-hash" in hall.act(*objected, by=tenant, code=2)
    assert "64 lower-case hex digits" in hall.act(*objected, "--invoice-hash", "0x99", by=tenant, code=2)
    unknown = "0x" + "99" * 32
    assert "nothing was announced" in hall.act(*objected, "--invoice-hash", unknown, by=tenant, code=2)
    assert "acme: 0 minor units outstanding" in hall.run("credits", "show", *specs, *hall.at_books).out
    assert "nothing was sent" in hall.act(
        "credits", "redeem", *specs, "--invoice", "2026-1", "--amount-minor", "1", by=tenant, code=2
    )


def test_a_report_is_disputed_and_ruled_on_by_command(hall: Hall) -> None:
    """Both object, one takes it back, the arbiter rules; words are kept beside, and files of what was not sent are not."""
    anvil, folder = hall.anvil, hall.folder
    life = Life(anvil=anvil, agreement=anvil.agree())
    document, out = folder / "reported.json", folder / "words.json"
    document.write_bytes(written(life.document()))
    opened = ("disputes", "open", str(document), "--reason", "we were down for longer", "--out", str(out))

    assert "nothing was sent" in hall.act(*opened, by=anvil.tenant, code=2)  # nothing is reported yet
    assert "expected text in UTF-8" in hall.act(*opened, "--reason", "\udcff", by=anvil.tenant, code=2)
    life.report(life.row())
    assert "this key is of" in hall.act(*opened, by=anvil.sender, code=2)
    assert not out.exists()
    assert "is disputed, for the reason" in hall.act(*opened, by=anvil.tenant)
    assert "we were down for longer" in out.read_text()
    assert "expected" in hall.act(*opened, by=anvil.tenant, code=2)  # never over words that were sent
    out = folder / "provider.json"
    opened = (*opened[:-1], str(out))
    assert "is disputed, for the reason" in hall.act(*opened, by=anvil.provider)
    assert "the other party's stands" in hall.act("disputes", "withdraw", str(document), by=anvil.provider)
    assert "is not disputed by the provider" in hall.act("disputes", "withdraw", str(document), by=anvil.provider)

    shown = hall.run("disputes", "show", str(document), *hall.at_books).out
    assert ("is disputed" in shown, shown.count("revision 1 disputed by")) == (True, 2)
    assert "it may be ruled on until" in shown

    rule = ("disputes", "resolve", str(document), "--reason", "heard both", "--out", str(folder / "ruling.json"))
    assert "expected upheld, corrected, rejected" in hall.act(*rule, "--outcome", "maybe", by=anvil.arbiter, code=2)
    assert "nothing was sent" in hall.act(*rule, "--outcome", "upheld", by=anvil.tenant, code=2)
    assert "ruled upheld: the report stands" in hall.act(*rule, "--outcome", "upheld", by=anvil.arbiter)
    again = (*rule[:-1], str(folder / "again.json"), "--outcome", "upheld")
    assert "is final already" in hall.act(*again, by=anvil.arbiter)
    assert not (folder / "again.json").exists()


def test_what_nobody_disputed_is_made_final_by_any_key(hall: Hall) -> None:
    """Not before its window is over, and then it can no longer be disputed; repeated, it says so."""
    anvil, folder = hall.anvil, hall.folder
    life = Life(anvil=anvil, agreement=anvil.agree())
    document = folder / "reported.json"
    document.write_bytes(written(life.document()))
    life.report(life.row())
    finalise = ("disputes", "finalise", str(document))
    assert "SLADisputeWindowOpen" in hall.act(*finalise, by=anvil.sender, code=1)
    anvil.pass_window()
    opened = ("disputes", "open", str(document), "--reason", "late", "--out", str(folder / "words.json"))
    assert "could be disputed until" in hall.act(*opened, by=anvil.tenant, code=2)
    assert not (folder / "words.json").exists()
    assert "is final: its credit is booked" in hall.act(*finalise, by=anvil.sender)
    assert "is final already; nothing was sent" in hall.act(*finalise, by=anvil.sender)


def test_the_guardian_pauses_the_admin_resumes_and_changes_roles_by_command(hall: Hall) -> None:
    """A change is announced, waits, and is applied by anybody."""
    anvil = hall.anvil
    assert "nothing was sent" in hall.act("chain", "pause", by=anvil.sender, code=2)
    life = Life(anvil=anvil, agreement=anvil.agree())
    document = hall.folder / "reported.json"
    document.write_bytes(written(life.document()))
    life.report(life.row())
    hall.act("chain", "pause", by=anvil.guardian)
    assert "nothing was sent" in hall.act("chain", "pause", by=anvil.guardian)
    assert "The contract is paused" in hall.act("disputes", "finalise", str(document), by=anvil.sender, code=1)
    hall.act("chain", "resume", by=anvil.admin)
    holder = ("arbiter", anvil.sender.account)
    hall.act("chain", "announce-role", *holder, by=anvil.admin)
    apply = ("chain", "apply-role", "arbiter")
    assert "SLAChangeTooEarly" in hall.act(*apply, by=anvil.tenant, code=1)
    anvil.rpc("evm_increaseTime", chain.CHANGE_DELAY_SECONDS)
    anvil.rpc("evm_mine")
    hall.act(*apply, by=anvil.tenant)
    until(lambda: anvil.call("holderOf", 1) == anvil.sender.account)


def test_what_no_contract_can_hold_deploys_nothing(hall: Hall) -> None:
    """The second contract would refuse it when the first is there already, or hold it for good."""
    anvil = hall.anvil
    rpc = hall.at_books[:2]
    given = {"--admin": anvil.admin.account, "--arbiter": anvil.arbiter.account, "--guardian": anvil.guardian.account}
    attestors = [word for one in anvil.attestors for word in ("--attestor", one.account)]
    nobody = "0x" + "00" * 20
    block = anvil.node.web3.eth.block_number
    for changed, told in (
        ({"--admin": nobody}, "the account of nobody"),
        ({"--attestor": nobody}, "the account of nobody"),
        ({"--change-delay-seconds": str(2**48)}, "less than or equal to"),
        ({"--minimum-window-seconds": str(2**32)}, "less than or equal to"),
    ):
        words = [word for pair in {**given, **changed}.items() for word in pair]
        ended = hall.run("chain", "deploy", *rpc, *hall.key(anvil.admin), *attestors, "--threshold", "3", *words)
        assert ended.code == 2, ended.err
        assert told in " ".join((ended.out + ended.err).split())
    assert anvil.node.web3.eth.block_number == block
