"""The restore drill: what is lost is really removed, and the page that says what to do is followed to the letter.

Each case leaves an installation on which nothing is doubled, what stands in the ledger is on the contract, evidence has the bytes that it
had, and the next breach is settled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.lab.processes import Processes
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

TRANSCRIPT = "DRILL_TRANSCRIPT"  # names the page that is written of it
pytestmark = [pytest.mark.real("prometheus", "promtool", "anvil"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Its first period was a breach, and its credit is granted."""
    with Processes(folder=tmp_path_factory.mktemp("drill")) as processes:
        made = Drill(at=install(processes, installed_program if TRANSCRIPT in os.environ else in_this_process))
        made.at.start_scheduler()
        made.at.settles(1)
        made.at.stop("scheduler")
        yield made


def goes_on(case: Case) -> None:
    """The next breach is settled; ledger, credits and contract agree, nothing is there twice, and records and evidence are whole."""
    at, before = case.at, case.at.evidence()
    settled = len(at.states())
    if "scheduler" not in at.running:
        at.start_scheduler()
    case.happens("The next period ends, and is a breach.", at.pass_periods)
    at.settles(settled + 1)
    at.stop("scheduler")
    after = at.evidence()
    assert {name: after[name] for name in before} == before
    assert at.disagreements() == []
    assert len(after) == len(at.states()) == settled + 1
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
        "attestor": [address[f"attestor-{n}"] for n in (1, 2, 3)],
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
        case.happens("A backup is made.", lambda: at.must("ledger", "backup", str(backup), "--config", str(at.settings)))
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
        assert "slot table" in at.run("evidence", "rebuild", "--all", "--config", str(at.settings)).err
        (tmp_path / "slots").rename(table)
        case.happens("A document is deleted whose slots are no longer kept, and its tenant has a copy.")
        case.types("settlements adopt", ID=last.settlement_id, document=str(copy))
        assert (at.evidence()[name], at.identities()) == (evidence[name], identities)
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
        case.happens("Then the whole table is deleted, and Prometheus keeps only a part of a period that was paid.", lose)
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
        at.change(lambda one: one.update(data_dir=str(at.folder / "data-2"), slot_table=str(at.folder / "data" / "slots")))

    with drill.case("5. The chain is another one") as case:
        case.happens("The chain's node begins with an empty chain.", wipe)
        told = at.run("settle", "--config", str(at.settings))
        assert (told.code, "was the chain wiped?" in told.err) == (3, True), told
        said = case.types("chain deploy", more=SHORT, **new_books(at, "deployer-2"))
        at.contract = json.loads(said)
        case.does("Start with a new ledger and archive", start_anew)
        case.does("Name a new key in `chain.sender`", lambda: name_contract(at, "sender-2"))
        again = "baobab-edge-2"
        case.does("Write each agreement as a new one", lambda: at.succeed(again, starts_at=at.next_boundary()))
        specs = str(at.folder / "specs")
        case.types("agreements propose", NAME=again, specs=specs, **at.keyed("provider"))
        case.types("agreements accept", NAME=again, specs=specs, **at.keyed("tenant"))
        at.restart_attestors()
        case.does("Start the scheduler", at.start_scheduler)
        goes_on(case)
        assert {one.name: one.read_bytes() for one in (at.folder / "data" / "evidence").glob("*.json")} == old
