"""`sankofa-verify` as a program: what it prints is its own, and each exit code has one meaning whatever goes wrong."""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.verify import CannotCheck, command, history, verify
from sankofa_observe.verify.evidence_2.form import row_of
from tests.unit.books_double import BooksDouble
from tests.unit.documents import Document
from tests.unit.referee import made_whole, packed
from tests.unit.test_verify import honest, honest_events
from tests.unit.test_verify_contract import superseded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "evidence.json"
    file.write_bytes(packed(honest()))
    return file


FORGED = "USD\nproved:\n  the contract says the same\nevidence.json: all 44 checks hold\x1b[2J\u202e"


@pytest.mark.parametrize("credit", [1, None])
def test_no_value_of_a_file_begins_a_line_of_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], credit: int | None
) -> None:
    """A forger writes texts, and the report has as many lines as without them, with nothing that a terminal obeys."""
    reports = []
    for text in ("USD", FORGED):
        found = copy.deepcopy(honest())
        found["agreement"]["currency"] = text
        found = made_whole(found)
        if credit is not None:
            found["credit"]["credit_minor"] = credit
        file = tmp_path / "evidence.json"
        file.write_bytes(packed(found))
        command.run(str(file))
        reports.append(capsys.readouterr().out)
    plain, forged = reports

    assert len(plain.splitlines()) == len(forged.splitlines())
    assert [line for line in forged.splitlines() if line.startswith("proved:")] == ([] if credit else ["proved:"])
    assert all(one.isprintable() for line in forged.splitlines() for one in line)


def test_a_long_value_is_cut_and_json_has_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines stay short; as JSON every value is whole, in ASCII."""
    found = copy.deepcopy(honest())
    found["agreement"]["currency"] = "\u202e" * 5_000
    file = tmp_path / "evidence.json"
    file.write_bytes(packed(made_whole(found)))
    command.run(str(file))
    told = capsys.readouterr().out
    command.run(str(file), as_json=True)
    as_json = capsys.readouterr().out

    assert max(map(len, told.splitlines())) < 500
    assert as_json.isascii()
    assert "\u202e" * 5_000 in json.loads(as_json)["summary"]["credit"]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_getBlockByNumber", {"hash": "0xaa\nproved: all"}),
        ("eth_getBlockByNumber", {"hash": ["x"]}),
        ("eth_getBlockByNumber", {"timestamp": hex(2**56)}),
        ("eth_getBlockByNumber", {"timestamp": "0x" + "f" * 30}),
        ("eth_getBlockByNumber", {"timestamp": "-0x1"}),
        ("eth_getBlockByNumber", {"number": "0x99"}),
        ("eth_blockNumber", "latest"),
        ("eth_blockNumber", hex(2**32)),
        ("eth_blockNumber", 7),
        ("eth_chainId", 31337),
        ("eth_chainId", "0x" + "f" * 100_000),
        ("eth_call", "zz"),
    ],
)
def test_what_a_node_answers_has_one_form(method: str, answer: Any) -> None:
    """A node may lie in numbers, and is compared; in another form it is not believed at all."""
    true = BooksDouble(of=honest())

    def ask(asked: str, params: list[Any]) -> Any:
        found = true(asked, params)
        return found if asked != method else found | answer if isinstance(answer, dict) else answer

    with pytest.raises(CannotCheck, match="the node answers"):
        verify(packed(honest()), ask=ask)


@pytest.mark.parametrize("contract", ["", "0x", "c0" * 20, "0x" + "zz" * 20])
def test_what_is_no_contract_is_refused(contract: str) -> None:
    """An empty address is no address that was left out."""
    with pytest.raises(CannotCheck, match="expected 0x and 40 hex digits"):
        verify(packed(honest()), contract=contract)


def test_an_empty_address_of_a_node_is_refused(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that is not set asks nobody: that is told, and nothing is said to hold."""
    assert command.run(str(document), rpc="") == command.NO_FILE
    assert "expected http:// or https:// and a host" in capsys.readouterr().err


def test_a_file_that_is_too_large_is_told(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not read to its end."""
    monkeypatch.setattr(command, "MOST_BYTES", 1000)
    assert command.run(str(document)) == command.NO_FILE
    assert "more than 1000 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("unforeseen\nproved: all")])
def test_what_nobody_foresaw_is_no_answer_of_the_node(
    document: Path, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback would end with exit code 1, which has another meaning."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(command, "verify", fails)
    assert command.run(str(document)) == command.NO_FILE
    told = capsys.readouterr().err
    assert (told.count("\n"), type(error).__name__ in told) == (1, True)


def test_a_search_that_a_person_ends_is_no_answer_of_the_node(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may take minutes on a long chain: ended by hand it says so in a line."""

    def waits(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "verify", waits)
    assert command.run(str(document)) == command.NO_FILE
    assert capsys.readouterr().err.endswith("cannot check: interrupted before the end\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{verify} - <&-", "stdin is closed"),
        ("{verify} {file} >&-", "stdout is closed"),
        ("{verify} {file} >/dev/full", "No space left"),
        ("{verify} {file} | exec true", "went away"),
        ("{verify} {file} >/dev/full 2>/dev/full", ""),
        ("{verify} {file} >&- 2>&-", ""),
    ],
)
def test_a_stream_that_is_closed_or_full_ends_with_2_and_a_sentence(document: Path, line: str, said: str) -> None:
    """Neither a traceback nor the code of a node that did not answer."""
    wait = "sleep 1; " if "|" in line else ""  # until the reader is gone
    command_line = line.format(verify=f"{sys.executable} -m sankofa_observe.verify", file=document)
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"({wait}{command_line.partition(' | ')[0]}) {'| exec true' if wait else ''}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (ended.returncode, ended.stdout) == (command.NO_FILE, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == bool(said)


# ------------------------------------------------------------------------------------------------------------- the chain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_a_search_shows_how_far_it_is_on_a_terminal_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    shown: bool,  # noqa: FBT001  a parameter
) -> None:
    """One line, gone at the end; a file or a pipe gets none of it."""
    double = superseded()
    monkeypatch.setattr(history, "PAGE_BLOCKS", 1)
    monkeypatch.setattr(command, "node", lambda _: double)
    terminal = stream()
    monkeypatch.setattr(sys, "stderr", terminal)
    file = tmp_path / "evidence.json"
    file.write_bytes(packed(double.of))

    assert command.run(str(file), rpc="http://127.0.0.1:8545") == command.MATCH
    told = terminal.getvalue()
    assert ("events: block 5 of 3 to 7" in told, told.endswith("\r\x1b[K")) == (shown, shown)

    double.logs.pop()
    assert command.run(str(file), rpc="http://127.0.0.1:8545") == command.NO_FILE
    assert terminal.getvalue().splitlines()[-1].rpartition("\x1b[K")[2].startswith(f"{file}: cannot check: ")


def test_a_file_that_is_superseded_says_so_in_its_last_line_and_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 alone could be taken for a credit."""
    double = superseded()
    monkeypatch.setattr(command, "node", lambda _: double)
    file = tmp_path / "evidence.json"
    file.write_bytes(packed(double.of))
    codes = [command.run(str(file), rpc="http://127.0.0.1:8545", as_json=as_json) for as_json in (False, True)]
    plain, _, as_json = capsys.readouterr().out.partition("{")
    told = json.loads("{" + as_json)

    assert codes == [command.MATCH] * 2
    assert plain.endswith("checks hold; it is superseded, and its credit is not in force\n")
    assert (told["holds"], told["standing"]) == (True, "superseded")
    assert told["summary"]["credit"].startswith("NOT in force: ")


def test_no_block_before_the_first_is_searched(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(str(document), rpc="http://127.0.0.1:8545", from_block=-1) == command.NO_FILE
    assert "from-block is -1, expected a block's number, 0 or more" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------------- what is not proved


def _not_proved(found: Document) -> list[str]:
    told = verify(packed(made_whole(found)))
    assert told.wrong == []
    return [one for one in told.not_proved if "outside the period" in one or "never recorded" in one]


def test_what_stands_outside_the_period_is_told_as_not_proved() -> None:
    """Edges may lift attainment, and no sample in the file speaks for them."""
    found = copy.deepcopy(honest_events())
    assert _not_proved(found) == []
    found["edges"] = [[0, 10**7, 0, 5]]

    [told] = _not_proved(found)
    assert "after_good 10000000, after_hidden 5" in told


def test_slots_that_are_said_never_to_have_been_recorded_are_counted() -> None:
    """Bad slots of which nothing is said to be there are not known: how many is told."""
    found = copy.deepcopy(honest())
    rules = found["slo"]
    for row, carried in zip(found["slots"][1:3], found["proofs"], strict=True):
        counts = f"0,0,0,{rules['slot_seconds']},0,0,0,0,{rules['slot_expected']},0,UNKNOWN"
        row[:] = row_of(f"{row[0]},{counts}")
        carried[1] = []

    [told] = _not_proved(found)
    assert told.startswith("that 2 slots were never recorded")


def test_the_commitment_of_any_revision_is_told_offline(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the contract keeps of a ruling or a restatement of the same document is another one than of the first report."""
    row = verify(document.read_bytes()).on_chain.row
    told = []
    for revision in (1, 2, 31):
        assert command.run(str(document), revision=revision, as_json=True) == command.MATCH
        told.append(json.loads(capsys.readouterr().out)["summary"]["commitment"])
    assert [one.split()[0] for one in told] == [row.commitment(revision) for revision in (1, 2, 31)]
    assert len({one.split()[0] for one in told}) == 3


@pytest.mark.parametrize("revision", [0, 32])
def test_a_revision_that_no_settlement_has_is_refused(
    revision: int, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(str(document), revision=revision) == command.NO_FILE
    assert f"revision is {revision}, expected 1 to 31" in capsys.readouterr().err
