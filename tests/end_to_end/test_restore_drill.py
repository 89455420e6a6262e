"""The restore drill: what is lost is really removed, and the page that says what to do is followed to the letter.

Each case leaves an installation on which nothing is doubled, what stands in the ledger is on the contract, evidence has the bytes that it
had, and the next breach is settled.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from deploy.lab.processes import Processes
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.adapters.keys import KeystoreSigner
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.node import Node
from sankofa_observe.bootstrap import open_signer
from sankofa_observe.signers import KeySettings
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.units import rfc3339
from tests.end_to_end.drill.case import Case, Drill
from tests.end_to_end.drill.installation import (
    CHANGE_DELAY_SECONDS,
    PERIOD,
    Installation,
    in_this_process,
    install,
    installed_program,
)
from tests.end_to_end.drill.page import sections
from tests.end_to_end.drill.transcript import page
from tests.pace import until

TRANSCRIPT = "DRILL_TRANSCRIPT"  # names the page that is written of it
CASES = [
    "1. The ledger is lost",
    "2. The ledger is older",
    "3. Evidence is lost",
    "4. Slots are lost",
    "5. The chain is another one",
    "6. The sender's key is lost or leaked",
    "7. An attestor's key is lost or leaked",
    "8. Another key is lost or leaked",
    "9. The contract has a successor",
]
pytestmark = [pytest.mark.real("prometheus", "promtool", "anvil"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Its first period was a breach, and its credit is granted."""
    with Processes(folder=tmp_path_factory.mktemp("drill")) as processes:
        made = Drill(at=install(processes, installed_program if TRANSCRIPT in os.environ else in_this_process))
        made.at.settle_by_hand()
        yield made
        if TRANSCRIPT in os.environ and len(made.cases) == len(CASES):
            Path(os.environ[TRANSCRIPT]).write_text(page(made.cases, made.at.folder), encoding="utf-8")


def test_every_case_of_the_page_is_rehearsed() -> None:
    """A section that is added to the page is a case that is missing here."""
    assert [one for one in sections() if one[0].isdigit()] == CASES


def goes_on(case: Case) -> None:
    """The next breach is settled; ledger, credits and contract agree, nothing is there twice, and records and evidence are whole."""
    at, before = case.at, case.at.evidence()
    settled = len(at.states())
    if "scheduler" not in at.running:
        at.start_scheduler()
    case.happens("The next period ends, and is a breach.", at.pass_periods)
    at.settles(settled + 1)
    at.stop("scheduler")
    sound(at, before, settled + 1)
    case.happens("It is settled. Ledger, credits and contract agree, and records and evidence are whole.")


def sound(at: Installation, evidence: dict[str, bytes], settled: int) -> None:
    """So many settlements are final and paid, each once, and what was proved before is proved by the same bytes."""
    after = at.evidence()
    assert {name: after[name] for name in evidence} == evidence
    assert at.disagreements() == []
    assert len(after) == len(at.states()) == settled
    at.must("ledger", "check", "--config", str(at.settings))
    at.must("evidence", "check", "--config", str(at.settings))
    waits = at.must("settlements", "list", "--waiting", "--config", str(at.settings))
    assert waits == "nothing waits\n"


SHORT = ("--minimum-window-seconds", "1", "--change-delay-seconds", str(CHANGE_DELAY_SECONDS))


def new_books(at: Installation, deployer: str) -> dict[str, str | list[str]]:
    """Options of their deployment."""
    address = {role: one.address for role, one in at.lab.accounts.items()}
    own = at.keyed(deployer)
    del own["contract"]
    return {
        **own,
        **{role: address[role] for role in ("admin", "arbiter", "guardian")},
        "attestor": at.addresses(1, 2, 3),
    }


def name_contract(at: Installation, sender: str) -> None:
    """In the settings of the scheduler and of each attestor."""
    key = {name: at.keyed(sender)[name] for name in ("keystore", "password_file")}
    at.change(lambda one: one["chain"].update(**at.contract, sender=key))
    for n in (1, 2, 3, 4):
        at.change(lambda one: one["chain"].update(contract=at.contract["contract"]), f"attestor-{n}.yaml")


def lose_ledger(at: Path) -> None:
    for one in at.glob("ledger.sqlite*"):
        one.unlink()


def test_a_ledger_that_is_lost_is_rebuilt_with_the_evidence_that_it_had(drill: Drill) -> None:
    at = drill.at
    evidence, states = at.evidence(), at.states()
    with drill.case("1. The ledger is lost") as case:
        case.happens("The ledger's files are deleted.", lambda: lose_ledger(at.data))
        case.does("start with a new ledger: the same settings, specs, slots and archive")
        case.types("evaluate")
        case.types("persons add", NAME=getpass.getuser())
        case.types("ledger reconcile")
        assert (at.evidence(), at.states()) == (evidence, states)
        case.types("ledger check")
        case.types("evidence check")
        case.does("Start the scheduler", at.start_scheduler)
        goes_on(case)


@pytest.mark.tier("test-all")
def test_a_ledger_that_is_older_takes_over_what_happened_since(drill: Drill, tmp_path: Path) -> None:
    """Restored from before a breach that was settled and paid."""
    at, backup = drill.at, tmp_path / "backup.sqlite"
    with drill.case("2. The ledger is older") as case:
        case.happens(
            "A backup is made.", lambda: at.must("ledger", "backup", str(backup), "--config", str(at.settings))
        )
        goes_on(case)
        states, evidence = at.states(), at.evidence()

        def restore() -> None:
            lose_ledger(at.data)
            shutil.copy(backup, at.data / "ledger.sqlite")

        case.does("Put the backup in the place of the ledger", restore)
        case.types("ledger check")
        case.does("Start the scheduler", at.start_scheduler)
        at.settles(len(states))
        assert (at.states(), at.evidence()) == (states, evidence)
        case.types("ledger reconcile")
        goes_on(case)


@pytest.mark.tier("test-all")
def test_evidence_that_is_lost_is_written_anew_byte_for_byte(drill: Drill, tmp_path: Path) -> None:
    """From slots while they are there, and from a copy where they are not."""
    at = drill.at
    evidence, identities, table = at.evidence(), at.identities(), at.data / "slots"
    with drill.case("3. Evidence is lost") as case:
        case.happens("The archive is deleted.", lambda: shutil.rmtree(at.data / "evidence"))
        case.types("evidence check", code=1)
        case.types("evidence rebuild")
        assert at.identities() == identities
        with at.records() as reads:
            last = reads.settlements(limit=10_000).items[-1].penalty
        name = f"{last.document_hash[2:]}.json"
        copy = tmp_path / "copy.json"
        copy.write_bytes(evidence[name])
        (at.data / "evidence" / name).unlink()
        table.rename(tmp_path / "slots")
        case.happens("A document is deleted, the slot table is away, and the tenant has a copy.")
        assert "nothing was written" in at.run("evidence", "rebuild", "--all", "--config", str(at.settings)).err
        case.types("settlements adopt", ID=last.settlement_id, document=str(copy))
        assert (at.evidence()[name], at.identities()) == (evidence[name], identities)
        case.happens("The slot table is there again.", lambda: (tmp_path / "slots").rename(table))
        goes_on(case)


@pytest.mark.tier("test-all")
def test_slots_that_are_lost_take_nothing_back_that_was_paid(drill: Drill) -> None:
    """A damaged table is mended; of one that is gone a part comes back, and what was judged from all of it stands."""
    at = drill.at
    table, evidence, states = at.data / "slots", at.evidence(), at.states()

    def damage() -> None:
        max(table.rglob("*.parquet"), key=lambda one: one.stat().st_mtime).write_bytes(b"no parquet")

    def lose() -> None:
        shutil.rmtree(table)
        at.kept_from = at.now - PERIOD  # a part of a period that was paid
        at.start_prometheus()

    with drill.case("4. Slots are lost") as case:
        case.happens("A file of the table is damaged.", damage)
        case.types("slots check", code=1)
        case.types("slots repair")
        case.happens(
            "Then the whole table is deleted, and Prometheus keeps only a part of a period that was paid.", lose
        )
        said = case.types("recount", since=rfc3339(at.anchor_at))
        assert "slots added" in said
        said = case.types("evaluate", code=1)
        assert "some of them are lost" in said
        case.skips("evaluate --anyhow")
        assert (at.evidence(), at.states(), at.disagreements()) == (evidence, states, [])
        goes_on(case)


@pytest.mark.tier("test-all")
def test_a_chain_that_was_wiped_is_begun_anew_beside_what_was_granted(drill: Drill) -> None:
    at = drill.at
    old = at.evidence()

    def wipe() -> None:
        at.stop("chain")
        at.start_chain(at=at.now)

    def start_anew() -> None:
        at.change(
            lambda one: one.update(data_dir=str(at.folder / "data-2"), slot_table=str(at.folder / "data" / "slots"))
        )

    with drill.case("5. The chain is another one") as case:
        case.happens("The chain's node begins with an empty chain.", wipe)
        told = at.run("settle", "--config", str(at.settings))
        assert (told.code, "was the chain wiped?" in told.err) == (3, True), told
        said = case.types("chain deploy", new_books(at, "deployer-2"), more=SHORT)
        at.contract = json.loads(said)
        case.does("Start with a new ledger and archive", start_anew)
        case.does("Name a new key in `chain.sender`", lambda: name_contract(at, "sender-2"))
        again = "baobab-edge-2"
        case.does("Write each agreement as a new one", lambda: at.succeed(again, starts_at=at.next_boundary()))
        specs = str(at.folder / "specs")
        case.types("agreements propose", at.keyed("provider"), NAME=again, specs=specs)
        case.types("agreements accept", at.keyed("tenant"), NAME=again, specs=specs)
        at.restart_attestors()
        case.does("Start the scheduler", at.start_scheduler)
        case.happens("The period ends in which it was agreed.", at.pass_periods)
        case.types("persons add", NAME=getpass.getuser())
        goes_on(case)
        assert {one.name: one.read_bytes() for one in (at.folder / "data" / "evidence").glob("*.json")} == old


@pytest.mark.tier("test-all")
def test_a_sender_whose_key_is_lost_is_replaced_and_what_it_signed_is_given_up(drill: Drill) -> None:
    """It had signed the report of a breach behind a nonce that is missing, so that no block ever takes it."""
    at = drill.at

    def lose() -> None:
        sign_behind_a_gap(at)
        for one in sender_of(at).values():
            Path(one).unlink()

    def name_another() -> None:
        key = {name: at.keyed("sender-3")[name] for name in ("keystore", "password_file")}
        at.change(lambda one: one["chain"].update(sender=key))
        at.start_scheduler()

    with drill.case("6. The sender's key is lost or leaked") as case:
        case.happens("A period ends, is a breach, and is priced.", at.pass_periods)
        at.judge()
        case.happens("The key has signed its report under a nonce that no block takes yet, and is deleted.", lose)
        case.does("Name another key in `chain.sender`, and start the scheduler", name_another)
        at.settles(len(at.states()))
        assert at.disagreements() == []
        assert "its fate is not known" in case.types("transactions list --open")
        with at.records() as reads:
            [lost] = [one.attempt.transaction for one in reads.transactions(limit=10_000).items if one.receipt is None]
        case.types("transactions abandon", TRANSACTION=lost)
        assert at.must("transactions", "list", "--open", "--config", str(at.settings)) == "no transaction is open\n"
        goes_on(case)


def sender_of(at: Installation) -> dict[str, str]:
    key: dict[str, str] = yaml.safe_load(at.settings.read_text())["chain"]["sender"]
    return key


def sign_behind_a_gap(at: Installation) -> None:
    """By the sender's key, stored as the lane stores it before it is sent."""
    sender = open_signer(KeySettings(**{name: Path(one) for name, one in sender_of(at).items()}))
    identity = ChainIdentity(chain_id=at.contract["chain_id"], contract=at.contract["contract"].lower())
    with (
        closing(Node(at.lab.url("chain"))) as node,
        closing(SqlLedger(f"sqlite:///{at.data / 'ledger.sqlite'}")) as ledger,
    ):
        chain = ContractChain(node, identity, sender, at.contract["from_block"])
        [record] = ledger.settlements_of(ledger.computed())
        members, rows = chain.attestor_set(), [record.penalty.row()]
        signers = [KeystoreSigner(one) for name, one in at.lab.accounts.items() if name.startswith("attestor")]
        signing = sorted(
            (one for one in signers if one.account.lower() in members.members), key=lambda one: int(one.account, 16)
        )
        signatures = [one.sign_typed_data(typed_batch(rows, members, identity)) for one in signing[: members.threshold]]
        signed = chain.sign_reports(rows, signatures, chain.next_nonce() + 5)
        ledger.acting("stage:settle").add_attempt(signed.attempt, at.now)


@pytest.mark.tier("test-all")
def test_an_attestor_whose_key_leaked_is_replaced_and_what_it_signed_is_proposed_anew(drill: Drill) -> None:
    """The contract is paused meanwhile; a batch that was signed for the old set makes no report in the new one."""
    at = drill.at
    signatures = at.folder / "attest" / "attestors"

    def leaks() -> None:
        before = len([*signatures.rglob("signatures/*")])
        at.run("settle", "--config", str(at.settings))
        until(lambda: len([*signatures.rglob("signatures/*")]) >= before + 2)

    def replace_it() -> None:
        at.stop("attestor-1")
        at.start_attestors("attestor-4")
        at.change(lambda one: one.update(attestors=at.apart(2, 3, 4)))
        at.start_scheduler()

    with drill.case("7. An attestor's key is lost or leaked") as case:
        case.happens("A period ends, is a breach, and is priced.", at.pass_periods)
        at.judge()
        case.happens("Its report is signed by two attestors; the key of one of them is leaked.", leaks)
        case.types("chain pause", at.keyed("guardian"))
        case.types("chain announce-attestors", {**at.keyed("admin"), "attestor": at.addresses(2, 3, 4)})
        case.does("Start the new attestor", replace_it)
        until(
            lambda: (
                "paused: the contract is paused"
                in at.run("settlements", "list", "--waiting", "--config", str(at.settings)).out
            )
        )
        case.happens("The delay passes.", at.pass_window)
        case.types("chain apply-attestors", {**at.keyed("tenant"), "attestor": at.addresses(2, 3, 4)})
        case.types("chain resume", at.keyed("admin"))
        at.settles(len(at.states()))
        goes_on(case)


@pytest.mark.tier("test-all")
def test_a_role_is_given_to_another_key(drill: Drill) -> None:
    at = drill.at
    with drill.case("8. Another key is lost or leaked") as case:
        case.types("chain announce-role", at.keyed("admin"), ROLE="billing", HOLDER=at.lab.accounts["sender"].address)
        case.happens("The delay passes.", at.pass_window)
        said = case.types("chain apply-role", at.keyed("tenant"), ROLE="billing")
        assert at.lab.accounts["sender"].address.lower() in said
        goes_on(case)


@pytest.mark.tier("test-all")
def test_a_contract_that_has_a_successor_settles_to_its_end(drill: Drill) -> None:
    """Each breach is settled on one book: the old scheduler's last one is that before the boundary. The last case: it ends the installation."""
    at = drill.at
    new = at.beside(at.folder / "successor")
    with new.lab.processes, drill.case("9. The contract has a successor") as case:
        new.contract = json.loads(case.types("chain deploy", new_books(at, "deployer-3"), more=SHORT))
        boundary = at.next_boundary() + PERIOD
        [old] = [one.stem for one in (at.folder / "specs").glob("baobab-*.yaml")]
        case.types(
            "agreements terminate",
            at.keyed("provider"),
            NAME=old,
            at=rfc3339(boundary),
            specs=str(at.folder / "specs"),
        )
        new.write_agreement("baobab-next", starts_at=boundary)
        for verb, role in (("propose", "provider"), ("accept", "tenant")):
            case.types(f"agreements {verb}", new.keyed(role), NAME="baobab-next", specs=str(new.folder / "specs"))

        def start_another() -> None:
            new.write_settings()
            name_contract(new, "sender-4")
            new.start_attestors("attestor-1", "attestor-2")
            new.start_scheduler()

        case.does("Start another scheduler for the new book", start_another)
        case.does("Keep the old release installed, and its scheduler running", at.start_scheduler)
        settled, evidence = len(at.states()), at.evidence()
        for _ in range(2):
            case.happens("A period before the boundary ends, and is a breach.", at.pass_periods)
            settled += 1
            at.settles(settled)
        case.happens("The first period after the boundary ends, and is a breach.", at.pass_periods)
        new.settles(1)
        for state in ("computed", "reported", "disputed", "held"):
            assert case.types(f"settlements list --state {state}") == "no settlement\n"
        assert case.types("settlements list --waiting") == "nothing waits\n"
        at.stop("scheduler")
        new.stop("scheduler")
        sound(at, evidence, settled)
        sound(new, {}, 1)
        case.happens("Of both books, ledger, credits and contract agree, and records and evidence are whole.")
