"""Who acts and who reads, on every kind of ledger: reads of evidence are records, and names can be erased without any record being another."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.adapters.ledger import SqlLedger, audit, care
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline import persons
from sankofa_observe.pipeline.handing_out import HandingOut
from sankofa_observe.ports import EvidenceRead, Ledger, Person, PersonKind, SettlementRecord, StateChange, Way
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger
from sankofa_observe.units import Period
from tests.builders import AMINA, KOFI, PEOPLE, START, agreement, breach, introduce, verdict

ACME = agreement()
PENALTY = breach(ACME).penalty
READ = EvidenceRead(
    document_hash=PENALTY.document_hash,
    settlement_id=PENALTY.settlement_id,
    tenant="acme",
    actor="key:0011aabb",
    way=Way.API,
    reason="its own settlement",
    at=START,
)
PLANTED = Person(id=AMINA, kind=PersonKind.PERSON, name="Planted Surname", mail="planted@example.org", added_at=START)


@pytest.fixture
def ledger(any_ledger: Ledger) -> Ledger:
    return any_ledger


def test_a_read_is_a_record_once_a_day(ledger: Ledger) -> None:
    """An actor, a document, a way, a reason and a UTC day are one; any other of them is another."""
    again = replace(READ, at=START + DAY_SECONDS - 1)
    others = [
        replace(READ, at=START + DAY_SECONDS),
        replace(READ, actor="key:99999999"),
        replace(READ, way=Way.CLI),
        replace(READ, reason="TICKET-9"),
        replace(READ, document_hash="0x" + "7" * 64),
    ]
    assert [ledger.add_evidence_read(one) for one in (READ, again, *others, *others)] == [
        True,
        False,
        *[True] * 5,
        *[False] * 5,
    ]


def test_a_person_is_known_by_one_id(ledger: Ledger) -> None:
    """An id, a name and a mail are one person's each, by whatever letters, and no name is another one's mail; a key's label is a name as well."""
    introduce(ledger)
    label = Person(id="key:0011aabb", kind=PersonKind.KEY, name="billing", mail="", added_at=START)
    ledger.acting(AMINA).add_person(label, reason="labels a key")
    others: list[dict[str, Any]] = [
        {"id": KOFI}, {"name": "AMINA"}, {"mail": "Kofi@Example.org"}, {"name": "Billing"}, {"name": "kofi@example.org"},
    ]  # fmt: skip
    for taken in others:
        with pytest.raises(InvalidInput, match="already"):
            ledger.acting(KOFI).add_person(replace(PLANTED, **{"id": "person:zzzzzzzz", **taken}), reason="x")
    assert ledger.persons() == [*PEOPLE.values(), label]


def test_who_was_erased_is_an_id_and_acts_no_more(ledger: Ledger) -> None:
    """Once; the name is free again, the id is not."""
    introduce(ledger)
    clock = FixedClock(at=START)
    done = persons.erase("amina@example.org", by="kofi", reason="left, HR-12", ledger=ledger, clock=clock)
    assert str(done) == f"{AMINA}: erased 2026-01-01T00:00:00Z"
    assert [one.name for one in ledger.persons()] == ["", "kofi"]
    assert persons.erase(AMINA, by="kofi", reason="again", ledger=ledger, clock=clock) == done
    for by, told in (("amina", "expected the id"), (AMINA, "was erased"), ("", "expected the id")):
        with pytest.raises(InvalidInput, match=told):
            persons.person(by, "a reason", ledger)
    again = persons.add("amina", by=KOFI, reason="is back", ledger=ledger, clock=clock, digits="bbbbbbbb")
    assert (persons.person("amina", "a reason", ledger), again.id) == ("person:bbbbbbbb", "person:bbbbbbbb")


def test_words_that_stay_have_no_name_in_them() -> None:
    """A mail, or a name of several words, that the ledger knows; a word that is a name as well is a word."""
    ledger = MemoryLedger(people={one.id: one for one in (PLANTED, PEOPLE[KOFI])})
    for reason in ("asked planted@example.org", "said by planted surname."):
        with pytest.raises(InvalidInput, match=f"write {AMINA}"):
            persons.person("kofi", reason, ledger)
    with pytest.raises(InvalidInput, match="reference: it has the name"):
        persons.person("kofi", "seen", ledger, "mail of Planted@Example.org")
    assert persons.person("kofi", f"the plan of {AMINA}, unplanted surnames, kofi", ledger) == KOFI


def test_lists_have_names_where_there_are_any() -> None:
    put = persons.naming([PEOPLE[AMINA], replace(PEOPLE[KOFI], name="", mail="", erased_at=1)])
    assert put(f"by {AMINA}, {KOFI} and stage:settle") == f"by amina ({AMINA}), {KOFI} and stage:settle"


def test_nothing_of_a_name_is_left_in_the_files_and_every_record_stands(tmp_path: Path) -> None:
    """Not in the database, not in its log, not in what is exported; each record has the checksum that it had, and so has the export."""
    url, whole = f"sqlite:///{tmp_path / 'ledger.sqlite'}", Period(starts_at=0, ends_at=2**33)
    with closing(SqlLedger(url)) as ledger:
        ledger.acting(AMINA).add_person(PLANTED, reason="acts by hand")
        ledger.add_verdict(verdict(ACME))
        ledger.add_penalty(PENALTY)
        held = StateChange(state=SettlementState.HELD, at=START + 9, revision=1, detail="two truths")
        ledger.acting(AMINA).add_state(PENALTY.settlement_id, held)
        ledger.add_evidence_read(replace(READ, actor=AMINA, way=Way.CLI, reason="TICKET-9"))
        before = audit.export(url, whole, tmp_path / "before.jsonl")
        assert b"planted@example.org" in stored(tmp_path)
        persons.erase(AMINA, by=AMINA, reason="leaves", ledger=ledger, clock=FixedClock(at=START + 10))
        for text in (b"planted@example.org", b"Planted Surname"):
            assert text not in stored(tmp_path)
    after = audit.export(url, whole, tmp_path / "after.jsonl")
    assert (care.check(url), audit.check(tmp_path / "before.jsonl", before.digest), after.records) == (
        [],
        [],
        before.records + 1,
    )
    lines = [json.loads(one) for one in (tmp_path / "after.jsonl").read_text().splitlines()[1:-1]]
    assert [(one["record"], one.get("outcome"), one["actor"]) for one in lines if one["actor"] == AMINA] == [
        ("review", "added", AMINA), ("evidence_read", None, AMINA), ("settlement_state", None, AMINA), ("review", "erased", AMINA),
    ]  # fmt: skip


def test_a_name_that_a_reader_holds_is_told_and_gone_at_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads an older picture keeps the pages that had it: the erasure says so, and is done again."""
    monkeypatch.setattr("sankofa_observe.adapters.ledger.database.BUSY_SECONDS", 0.05)
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        ledger.acting(AMINA).add_person(PLANTED, reason="acts by hand")
        with ledger._database.reading() as older:
            older.exec_driver_sql("SELECT * FROM person").all()
            with pytest.raises(Unavailable, match=f"persons erase {AMINA} again, by its id"):
                ledger.erase_person(AMINA, reason="leaves", at=START)
        assert ledger.erase_person(AMINA, reason="leaves", at=START) is False
        assert b"planted@example.org" not in stored(tmp_path)


def stored(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.glob("ledger.sqlite*"))


def test_many_readers_at_once_are_one_record() -> None:
    """Each of them waits for those before it, and finds that it is recorded."""
    ledger, of = MemoryLedger(), SettlementRecord(penalty=PENALTY, history=())
    handing = HandingOut(ledger=ledger, archive=MemoryArchive(), clock=FixedClock(at=START))
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda _: handing.record(of, actor=READ.actor, way=Way.API, reason=READ.reason), range(16)))
    assert ledger.reads == [READ]


def test_a_reader_that_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed out then; whoever waits for the ledger holds up no more than its turn."""
    monkeypatch.setattr("sankofa_observe.pipeline.handing_out.TURN_SECONDS", 0.01)
    turn = threading.Lock()
    handing = HandingOut(ledger=MemoryLedger(), archive=MemoryArchive(), clock=FixedClock(at=START), _turn=turn)
    with turn, pytest.raises(Unavailable, match="nothing was written, try again"):
        handing.record(SettlementRecord(penalty=PENALTY, history=()), actor=READ.actor, way=Way.API, reason=READ.reason)
