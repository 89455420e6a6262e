"""The audit file: every record of a stretch of time, checked without the ledger; whatever is done to it is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sankofa_observe.adapters.ledger import SqlLedger, tables
from sankofa_observe.adapters.ledger.audit import Exported, check, export
from sankofa_observe.errors import InvalidInput, Unfit
from sankofa_observe.ports import StateChange
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.units import Period
from tests.builders import START, agreement, breach, credit, verdict

ACME = agreement()
WHOLE = Period(starts_at=0, ends_at=2**32)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A breach on its whole way, and a person's act."""
    found = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with closing(SqlLedger(found)) as ledger:
        made = breach(ACME)
        ledger.add_verdict(verdict(ACME))
        ledger.add_penalty(made.penalty)
        for at, state in enumerate((SettlementState.REPORTED, SettlementState.FINAL), START + 5000):
            ledger.acting("stage:settle").add_state(
                made.penalty.settlement_id, StateChange(state=state, at=at, revision=1)
            )
        ledger.add_credit(credit(ACME, made.penalty))
        held = StateChange(state=SettlementState.HELD, at=START + 9000, revision=1, detail="two truths")
        ledger.acting("person:amina").add_state(made.penalty.settlement_id, held)
    return found


def exported(url: str, file: Path, period: Period = WHOLE) -> Exported:
    return export(url, period, file)


def test_every_record_is_there_once_with_who_wrote_it(url: str, tmp_path: Path) -> None:
    """In the order of writing, of all tables; a stretch has what was written in it, its first second and not its last."""
    file = tmp_path / "all.jsonl"
    found = exported(url, file)
    head, *lines, last = map(json.loads, file.read_text().splitlines())
    assert (head["format"], last["records"], found.records) == ("sankofa-audit/1", len(lines), len(lines))
    assert [one["written_at"] for one in lines] == sorted(one["written_at"] for one in lines)
    assert {one["record"] for one in lines} == {"verdict", "penalty", "settlement_state", "credit_entry"}
    assert [one["state"] for one in lines if one["actor"] == "person:amina"] == ["held"]
    assert {one["record"] for one in lines} <= {one.name for one in tables.RECORDS}
    some = tmp_path / "some.jsonl"
    assert exported(url, some, Period(starts_at=START + 5000, ends_at=START + 9000)).records == 2
    assert (file.stat().st_mode & 0o777, check(file, found.digest), check(some)) == (0o600, [], [])


DAMAGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line taken out": lambda lines: [*lines[:2], *lines[3:]],
    "the last record taken out": lambda lines: [*lines[:-2], lines[-1]],
    "a line changed": lambda lines: [one.replace("held", "final") for one in lines],
    "two lines exchanged": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line put in": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "a line after the end": lambda lines: [*lines, lines[1]],
    "cut off": lambda lines: lines[:-1],
    "cut in a line": lambda lines: [*lines[:-1], lines[-1][:-9]],
    "no JSON": lambda lines: [*lines[:2], "\x00\xff{", *lines[3:]],
    "empty": lambda _: [],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_done_to_the_file_is_seen(url: str, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "all.jsonl"
    exported(url, file)
    file.write_text("".join(f"{one}\n" for one in DAMAGES[damage](file.read_text().splitlines())))
    assert check(file) != []


def test_what_was_never_exported_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# Notes\n\nof a meeting\n")
    assert check(file) == ["line 1: format None, expected sankofa-audit/1, with which a file of `audit export` begins"]


def test_another_end_is_told_by_its_digest(url: str, tmp_path: Path) -> None:
    """Whoever writes the whole file anew cannot make the digest that somebody else keeps."""
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    digest = exported(url, one).digest
    exported(url, other, Period(starts_at=START + 5000, ends_at=START + 9000))
    assert (check(other), "another file" in check(other, digest)[0]) == ([], True)


def test_nothing_is_exported_of_a_ledger_that_is_not_whole(url: str, tmp_path: Path) -> None:
    """A record that is not what was written is named, and no file is left; and none that stands is written over."""
    file = tmp_path / "all.jsonl"
    with closing(SqlLedger(url)) as ledger, ledger._database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER penalty_no_update")
        connection.exec_driver_sql("UPDATE penalty SET credit_minor = 1")
    with pytest.raises(Unfit, match="penalty id 1: it is not what was written"):
        exported(url, file)
    assert not file.exists()
    file.write_text("mine")
    with pytest.raises(InvalidInput, match="File exists"):
        exported(url, file)
    assert file.read_text() == "mine"
