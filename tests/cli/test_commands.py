"""The command line: what each command prints, what it leaves behind, and with which code it ends."""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deploy.lab.ports import free_port
from deploy.parts import CHECKOUT
from sankofa_observe import cli
from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.api.keys import add_key, well_formed
from sankofa_observe.sla.evidence import canonical, written
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import rfc3339
from tests.adapters.spec_documents import LATENCY, SLO
from tests.builders import AMINA, agreement, breach, slot
from tests.cli.running import Run, introduced
from tests.http_double import Answer, HttpDouble

SPECS = CHECKOUT / "deploy" / "specs"


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command of the program, the groups' own included."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, *path, name)
        else:
            yield (*path, name)


GRACE_SECONDS = 60
COMMANDS = sorted(commands(typer.main.get_command(cli.app)))


# --------------------------------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command_shows_an_example_in_its_help(run: Run, command: tuple[str, ...]) -> None:
    """Whoever asks for help sees a line that can be typed."""
    ended = run(*command, "--help")
    words = " ".join(ended.out.split())
    assert (ended.code, f"Example: sankofa-observe {' '.join(command)}" in words) == (0, True)


def test_command_line_has_the_documented_commands() -> None:
    """A command that appears or goes is a change that users see."""
    assert [" ".join(one) for one in COMMANDS] == [
        "agreements accept", "agreements amend", "agreements propose", "agreements terminate", "agreements withdraw", "alertmanager generate",
        "attest", "audit check", "audit export", "chain announce-attestors", "chain announce-role", "chain apply-attestors", "chain apply-role", "chain deploy", "chain pause", "chain resume",
        "credits complete", "credits object", "credits redeem", "credits show", "dashboards generate", "deadman", "demo",
        "disputes finalise", "disputes open", "disputes recount", "disputes resolve", "disputes show", "disputes withdraw", "evaluate", "evidence check",
        "evidence proof", "evidence rebuild", "evidence show", "exclusions announce", "exclusions approve", "exclusions list", "exclusions propose", "exclusions withdraw",
        "fleet example", "fleet show", "incidents list", "incidents show", "integrations check", "integrations targets", "keys check", "keys keystore", "keys new", "ledger backup", "ledger check",
        "ledger rebuild", "ledger reconcile", "ledger status", "ledger upgrade", "observe", "persons add", "persons erase", "persons list", "recount", "retention apply", "retention show", "rules generate", "runbook", "serve", "settle", "settlements adopt", "settlements close", "settlements list", "settlements rebuild-evidence", "settlements release", "settlements show", "slots check", "slots export", "slots repair",
        "slots seal", "slots show", "specs check", "specs explain", "specs import", "specs schema", "transactions abandon", "transactions list", "transactions replace",
        "verdicts dismiss", "verdicts list", "verdicts settle", "verdicts show", "verdicts waiting", "verify", "what-if",
    ]  # fmt: skip


def test_command_line_tells_its_exit_codes(run: Run) -> None:
    """The codes stand in the help of the program."""
    assert "Exit codes: 0 done" in " ".join(run("--help").out.split())


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("observe",), ("observe", "--nothing"), ("serve", "--config", "x", "--part", "moon")]
)
def test_command_that_is_mistyped_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    """A wrong name, option or value is wrong input."""
    assert run(*arguments).code == 2


# -------------------------------------------------------------------------------------------------------- specs check


def broken_specs(folder: Path) -> Path:
    document = copy.deepcopy(SLO)
    document["spec"]["objectives"][0]["target"] = 99.5
    (folder / "slo.yaml").write_text(yaml.safe_dump(document))
    (folder / "other.yaml").write_text("kind: Nothing\n")
    return folder


def test_specs_check_counts_what_is_there(run: Run) -> None:
    """Good specs end with 0 and a line; what an example is made of is told."""
    ended = run("specs", "check", str(SPECS))
    first, *rest = ended.out.splitlines()
    assert (ended.code, first, ended.err) == (0, "2 sites, 26 SLOs, 1 agreement: no violation", "")
    assert [line.endswith("[agreement.example]") for line in rest if line.startswith("warning: ")] == [True] * 3


def test_specs_check_lists_every_violation(run: Run, tmp_path: Path) -> None:
    """Broken specs end with 2; all of it is on stderr, each with place, code and hint."""
    ended = run("specs", "check", str(broken_specs(tmp_path)))
    assert (ended.code, ended.out) == (2, "")
    assert "2 violations in the specs; nothing was loaded" in ended.err
    assert all(word in ended.err for word in ("[slo.target-range]", "[spec.kind]", "did you mean targetPercent: 99.5?"))


def test_specs_check_refuses_a_folder_without_specs(run: Run, tmp_path: Path) -> None:
    """Beside a mistyped folder nothing is observed, and nothing seems wrong."""
    (tmp_path / "README.md").write_text("no spec")
    ended = run("specs", "check", str(tmp_path))
    assert (ended.code, ended.out, f"{tmp_path}: a folder without a .yaml or .yml file" in ended.err) == (2, "", True)


def test_specs_check_speaks_json(run: Run, tmp_path: Path) -> None:
    """With --json one list on stdout, empty when all is well; the code is the same."""
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(LATENCY))
    good, bad = (
        run("specs", "check", str(tmp_path / "good.yaml"), "--json"),
        run("specs", "check", str(broken_specs(tmp_path)), "--json"),
    )
    assert (good.code, json.loads(good.out), good.err) == (0, [], "")
    assert (bad.code, bad.err) == (2, "")
    assert [(one["code"], Path(one["where"].partition("#")[0]).name) for one in json.loads(bad.out)] == [
        ("spec.kind", "other.yaml"),
        ("slo.target-range", "slo.yaml"),
    ]
    assert {tuple(one) for one in json.loads(bad.out)} == {
        ("code", "where", "problem", "hint", "file", "line", "severity")
    }
    assert {one["severity"] for one in json.loads(bad.out)} == {"violation"}


def test_specs_check_warns_and_ends_well(run: Run, tmp_path: Path) -> None:
    """What will surprise is told after the counts, or in the list, and is no violation."""
    document = copy.deepcopy(LATENCY)
    document["spec"]["objectives"][0]["target"] = 0.9999
    (tmp_path / "slo.yaml").write_text(yaml.safe_dump(document))
    said, listed = run("specs", "check", str(tmp_path)), run("specs", "check", str(tmp_path), "--json")
    assert (said.code, listed.code, said.err, listed.err) == (0, 0, "", "")
    first, second = said.out.splitlines()[:2]
    assert (first, second.startswith("warning: "), "[slo.daily-restarts]" in second) == (
        "0 sites, 1 SLO, 0 agreements: no violation", True, True,
    )  # fmt: skip
    assert [(one["code"], one["severity"]) for one in json.loads(listed.out)] == [("slo.daily-restarts", "warning")]


# ------------------------------------------------------------------------------------------------------------- verify


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    file = tmp_path / "evidence.json"
    file.write_bytes(written(breach(agreement()).document))
    return file


def test_verify_ends_with_0_when_everything_matches(run: Run, evidence: Path) -> None:
    """A line says how many checks hold."""
    ended = run("verify", str(evidence))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(" checks hold\n")


def test_verify_reads_stdin(run: Run, evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads what the API was asked for on the same line."""
    with evidence.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("verify", "-").code == 0


def test_verify_ends_with_3_when_something_does_not_match(run: Run, evidence: Path) -> None:
    """A price that is one unit off is named, with what was found."""
    document = json.loads(evidence.read_bytes())
    document["identity"]["credit"]["credit_minor"] += 1
    evidence.write_bytes(canonical(document))
    ended, as_json = run("verify", str(evidence)), run("verify", str(evidence), "--json")
    told = json.loads(as_json.out)
    assert (ended.code, as_json.code) == (3, 3)
    assert "MISMATCH credit\n  claimed credit_minor=50001" in ended.out
    assert (told["holds"], [one["what"] for one in told["mismatches"]]) == (False, ["checksum", "credit"])
    assert told["summary"]["credit"].startswith("500.01 USD")


NOT_EVIDENCE = {
    "absent": None,
    "no-json": b"hello",
    "a-list": b"[]",
    "another-format": b'{"format":"sankofa-evidence/9"}',
    "empty-document": b'{"format":"sankofa-evidence/2"}',
    "deep": b"[" * 100_000,
    "no-text": b"\xff\xfe",
}


@pytest.mark.parametrize("case", NOT_EVIDENCE)
def test_verify_ends_with_2_when_it_cannot_tell(run: Run, tmp_path: Path, case: str) -> None:
    """What is no evidence is neither right nor wrong."""
    file, content = tmp_path / "evidence.json", NOT_EVIDENCE[case]
    if content is not None:
        file.write_bytes(content)
    ended = run("verify", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert "cannot check" in ended.err


BAD_NODES = {
    "no-contract": Answer(body=b'{"jsonrpc":"2.0","id":1,"result":"0x"}'),
    "an-error": Answer(body=b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}'),
    "null": Answer(body=b'{"jsonrpc":"2.0","id":1,"result":null}'),
    "a-list": Answer(body=b"[]"),
    "no-json": Answer(body=b"<html>"),
    "hangs-up": Answer(hang_up=True),
}


@pytest.mark.parametrize("case", BAD_NODES)
def test_verify_never_takes_a_chain_that_does_not_tell_for_a_mismatch(run: Run, evidence: Path, case: str) -> None:
    """A node that answers nothing usable is asked again later (1), or is none of a chain with blocks (2)."""
    with HttpDouble(answer=lambda *_: BAD_NODES[case]) as node:
        ended = run("verify", str(evidence), "--rpc", node.url)
    assert (ended.code, ended.out, "cannot check" in ended.err) == (2 if case == "no-contract" else 1, "", True)


@pytest.mark.parametrize(
    ("rpc", "code"),
    [("nonsense", 2), ("http://[::1", 2), ("file:///etc/passwd", 2), ("http://x:99999", 2), ("http://127.0.0.1:1", 1)],
)
def test_verify_tells_a_mistyped_address_from_a_node_that_is_away(
    run: Run, evidence: Path, rpc: str, code: int
) -> None:
    """The one is mended by who typed it, the other by waiting."""
    assert run("verify", str(evidence), "--rpc", rpc).code == code


def test_verify_tells_no_password(run: Run, evidence: Path, tmp_path: Path) -> None:
    """An address may hold a name and a password: they are sent, and stand in no error."""
    file = tmp_path / "rpc"
    file.touch(0o600)
    file.write_text("http://somebody:hunter2@127.0.0.1:1/key")
    ended = run("verify", str(evidence), "--rpc-file", str(file))
    assert (ended.code, "hunter2" in ended.err, "somebody" in ended.err, "/key" in ended.err) == (
        1,
        False,
        False,
        False,
    )


def test_verify_shows_nothing_that_a_terminal_obeys(run: Run, evidence: Path) -> None:
    """A forged name cannot move the cursor, colour a line or write a second one."""
    document = json.loads(evidence.read_bytes())
    document["identity"]["slo"]["site"] = "edge\x1b[2J\rall checks hold"
    evidence.write_bytes(canonical(document))
    assert not set(run("verify", str(evidence)).out) & set("\x1b\r")


# ----------------------------------------------------------------------------------------------------------- pipeline


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """With the slots of one breached period and a bit."""
    return installed(tmp_path, [SlotState.BAD] * 2 + [SlotState.GOOD] * 9)


def installed(tmp_path: Path, states: list[SlotState]) -> Path:
    """Settings, specs with periods of ten minutes since two of them, and the slots of the first of these minutes."""
    start = ((int(time.time()) - GRACE_SECONDS) // 600 - 2) * 600  # both periods are over, and their grace
    specs = tmp_path / "specs"
    specs.mkdir()
    slo = copy.deepcopy(SLO)
    slo["spec"]["timeWindow"][0]["duration"] = "600s"
    terms = yaml.safe_load((SPECS / "agreements" / "example-edge.yaml").read_text())
    terms["spec"] |= {
        "startsAt": rfc3339(start),
        "graceSeconds": GRACE_SECONDS,
        "promises": terms["spec"]["promises"][:1],
    }
    for name, document in (("slo", slo), ("agreement", terms)):
        (specs / f"{name}.yaml").write_text(yaml.safe_dump(document))
    (specs / "fleet.yaml").write_text((SPECS / "fleet.yaml").read_text())
    settings = {
        "data_dir": "data",
        "specs": ["specs"],
        "prometheus": {"url": f"http://127.0.0.1:{free_port()}"},
        "api": {"listen": f"127.0.0.1:{free_port()}", "keys_file": "keys.yaml"},
        "schedule": {"metrics_listen": f"127.0.0.1:{free_port()}"},
    }
    (tmp_path / "sankofa.yaml").write_text(yaml.safe_dump(settings))
    add_key(tmp_path / "keys.yaml", "example")
    with closing(DeltaSlots(tmp_path / "data" / "slots", "observer-1")) as table:
        table.append([slot(start + 60 * n, state, site="edge-nairobi-1") for n, state in enumerate(states)], start)
    return tmp_path


def change(installation: Path, file: str, edit: Callable[[Any], object]) -> None:
    document = yaml.safe_load((installation / file).read_text())
    edit(document)
    (installation / file).write_text(yaml.safe_dump(document))


def config(installation: Path) -> tuple[str, str]:
    return ("--config", str(installation / "sankofa.yaml"))


def test_evaluate_speaks_json_of_what_it_judged(run: Run, installation: Path) -> None:
    """A fresh verdict comes out whole, its slots counted by state; the second run finds it standing."""
    first, second = (run("evaluate", *config(installation), "--as-it-stands", "--json") for _ in range(2))
    assert (first.code, second.code, first.err) == (0, 0, "")
    judged = [next(one for one in json.loads(ended.out) if one["event"] == "Judged") for ended in (first, second)]
    assert [one["added"] for one in judged] == [True, False]
    assert judged[0]["record"] == judged[1]["record"]
    assert (judged[0]["record"]["verdict"], judged[0]["record"]["attainment"]) == (
        "breach", {"good": 8, "bad": 2, "unknown": 0, "slots": {"GOOD": 8, "BAD": 2}, "bounded": True, "excluded": 0},
    )  # fmt: skip


def test_evaluate_tells_a_person_in_lines(run: Run, installation: Path) -> None:
    """One line an event, in words."""
    ended = run("evaluate", *config(installation), "--as-it-stands")
    first, second = ended.out.splitlines()[:2]
    assert (ended.code, "breach (8 good, 2 bad, 0 unknown; revision 1)" in first) == (0, True)
    assert "not judged yet: its slots are not observed to the end" in second


def test_evaluate_ends_with_1_when_prometheus_is_away(run: Run, installation: Path) -> None:
    """What was judged before stands and is told; that nobody could look again is no success."""
    first = run("evaluate", *config(installation))
    run("evaluate", *config(installation), "--as-it-stands")
    again = run("evaluate", *config(installation))
    assert (first.code, "not judged yet" in first.out, "was not answered" in first.err) == (1, True, True)
    assert (again.code, "breach (8 good, 2 bad" in again.out, "not judged again" in again.out) == (1, True, True)


def test_verdicts_are_listed_shown_and_settled(run: Run, installation: Path) -> None:
    """By the first word of their line; what nobody can tell until a person has said it, with a reason and a name."""
    change(installation, "sankofa.yaml", lambda one: one.update(chain=None))
    introduced(installation)
    evaluated = run("evaluate", *config(installation), "--as-it-stands")
    listed, waiting = (run("verdicts", what, *config(installation)) for what in ("list", "waiting"))
    ref = listed.out.split()[0]
    undetermined = run("verdicts", "list", *config(installation), "--undetermined")
    shown = run("verdicts", "show", ref, *config(installation))
    as_json = run("verdicts", "show", ref, *config(installation), "--json")
    word = ("--as", "met", "--reason", "seen by hand", "--by", "amina")
    settled = run("verdicts", "settle", ref, *config(installation), *word)

    assert evaluated.code == 0
    assert (listed.code, "breach (8 good, 2 bad, 0 unknown; revision 1)" in listed.out) == (0, True)
    assert "its slots are not observed to the end" in waiting.out
    assert f"(begins {rfc3339(int(waiting.out.split()[1].partition('/')[2]))}, waits since " in waiting.out
    assert undetermined.out == "nothing is undetermined\n"
    assert (shown.code, shown.out.splitlines()[0]) == (0, listed.out.splitlines()[0])
    assert json.loads(as_json.out)[0]["attained"]["revision"] == 1
    assert (settled.code, "only one that is undetermined" in settled.err) == (2, True)
    assert run("verdicts", "show", "nothing", *config(installation)).code == 2
    period = waiting.out.split()[1]
    dismissed = [run("verdicts", "dismiss", period, *config(installation), *word[2:]) for _ in range(2)]
    assert [one.code for one in dismissed] == [0, 2]
    assert run("verdicts", "waiting", *config(installation)).out == "nothing waits\n"
    assert run("verdicts", "settle", ref, *config(installation), *word[2:], "--as", "perhaps").code == 2


def test_verdicts_of_an_agreement_that_is_unknown_are_an_error(run: Run, installation: Path) -> None:
    """With those that are known: an empty list would look as if it were well kept."""
    run("evaluate", *config(installation), "--as-it-stands")
    for wrong in ("0xab", ""):
        ended = run("verdicts", "list", *config(installation), "--agreement", wrong)
        assert (ended.code, "expected one of: 0x" in ended.err) == (2, True)
    ended = run("verdicts", "list", *config(installation), "--agreement", "", "--undetermined")
    assert (ended.code, "leave --agreement out" in ended.err) == (2, True)


WORD = ("--reason", "seen by hand")
READERS = [
    ("evidence", "check"), ("evidence", "rebuild", "--all"), ("settle",), ("slots", "check"), ("slots", "seal"), ("ledger", "status"),
    ("ledger", "check"), ("ledger", "rebuild"), ("verdicts", "list"), ("recount", "--from", "2026-01-01T00:00:00Z", "--slo", "none"),
]  # fmt: skip


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_command_that_finds_nothing_to_read_makes_nothing(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """A mistyped data_dir is told: beside a ledger that was made there all would look well."""
    settings = {"data_dir": "data", "specs": [str(SPECS)], "prometheus": {"url": "http://127.0.0.1:1"}}
    (tmp_path / "sankofa.yaml").write_text(yaml.safe_dump(settings))
    ended = run(*command, *config(tmp_path))
    assert (ended.code in {1, 2}, [one.name for one in tmp_path.iterdir()]) == (True, ["sankofa.yaml"])
    assert "Traceback" not in ended.err


def test_command_that_only_reads_records_no_agreement(run: Run, installation: Path) -> None:
    """`evidence check` says that nothing is written: an agreement that was added meanwhile is not on record afterwards."""
    run("evaluate", *config(installation), "--as-it-stands")
    before = run("ledger", "status", *config(installation)).out
    change(installation, "specs/agreement.yaml", lambda one: one["metadata"].update(name="another"))
    ended = run("evidence", "check", *config(installation))
    assert (ended.code, run("ledger", "status", *config(installation)).out) == (0, before)


def test_ledger_that_is_empty_is_no_healthy_one(run: Run, installation: Path) -> None:
    """No byte of it: what was recorded is gone, and every settlement with it."""
    (installation / "data" / "ledger.sqlite").touch(0o600)
    ended = run("evidence", "check", *config(installation))
    assert (ended.code, ended.out, "it is empty" in ended.err) == (2, "", True)


@pytest.mark.parametrize(
    "command", [("list",), ("waiting",), ("show", "x"), ("settle", "x", "--as", "met", *WORD), ("dismiss", "x", *WORD)]
)
def test_verdicts_of_a_ledger_that_is_not_there_make_none(
    run: Run, installation: Path, command: tuple[str, ...]
) -> None:
    """Reading what was never written is a wrong setting."""
    ended = run("verdicts", *command, *config(installation))
    assert (ended.code, "ledger.sqlite: No such file or directory" in ended.err) == (1, True)
    assert not (installation / "data" / "ledger.sqlite").exists()


def test_a_user_without_a_name_is_asked_for_one(run: Run, installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a number that no file names."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    run("evaluate", *config(installation), "--as-it-stands")
    monkeypatch.setattr("getpass.getuser", nobody)
    ended = run("verdicts", "settle", "x", *config(installation), "--as", "met", *WORD)
    assert (ended.code, "--by" in ended.err) == (2, True)


@pytest.mark.parametrize("by", ["", "  "])
def test_a_name_that_is_none_is_refused(run: Run, tmp_path: Path, by: str) -> None:
    """An empty variable in a script must not become the user of the terminal."""
    installation = installed(tmp_path, [SlotState.UNKNOWN] * 2 + [SlotState.GOOD] * 9)
    run("evaluate", *config(installation), "--as-it-stands")
    ref = run("verdicts", "list", *config(installation), "--undetermined").out.split()[0]
    period = run("verdicts", "waiting", *config(installation)).out.split()[1]
    settled = run("verdicts", "settle", ref, *config(installation), "--as", "met", *WORD, "--by", by)
    dismissed = run("verdicts", "dismiss", period, *config(installation), *WORD, "--by", by)
    assert [
        (one.code, f"by {by!r}: expected the id, the name or the mail of a person" in one.err)
        for one in (settled, dismissed)
    ] == [(2, True)] * 2


def test_verdicts_that_are_undetermined_are_settled_by_a_person(run: Run, tmp_path: Path) -> None:
    """Afterwards they are told as undetermined no more, and the word stands with them."""
    installation = installed(tmp_path, [SlotState.UNKNOWN] * 2 + [SlotState.GOOD] * 9)
    introduced(installation)
    run("evaluate", *config(installation), "--as-it-stands")
    listed = run("verdicts", "list", *config(installation), "--undetermined")
    ref = listed.out.split()[0]
    word = ("--as", "met", "--reason", "seen by hand", "--by", "amina")
    settled = run("verdicts", "settle", ref, *config(installation), *word)
    again = run("verdicts", "settle", ref, *config(installation), *word)

    assert "at stake)" in listed.out
    assert (settled.code, f"reviewed by amina ({AMINA})" in settled.out) == (0, True)
    assert (again.code, "was reviewed already" in again.err) == (2, True)
    assert run("verdicts", "list", *config(installation), "--undetermined").out == "nothing is undetermined\n"
    every = run("verdicts", "list", *config(installation)).out
    assert every.startswith(f"{ref} ")
    assert f"at stake); reviewed by amina ({AMINA}) at " in every


def test_observe_ends_with_1_when_prometheus_is_away(run: Run, installation: Path) -> None:
    """A part that does not answer is told in a sentence: try again."""
    ended = run("observe", *config(installation))
    assert (ended.code, ended.out, "was not answered" in ended.err, "Traceback" in ended.err) == (1, "", True, False)


def test_evaluate_ends_with_3_when_terms_changed_under_their_version(run: Run, installation: Path) -> None:
    """Terms are immutable: another fee under the same version is two truths."""
    assert run("evaluate", *config(installation), "--as-it-stands").code == 0
    change(installation, "specs/agreement.yaml", lambda one: one["spec"]["fee"].update(amountMinor=124_999))
    ended = run("evaluate", *config(installation))
    assert (ended.code, "fee_minor 125000 -> 124999" in ended.err, "Traceback" in ended.err) == (3, True, False)
    assert "write the change as version 2 with a boundary" in ended.err


@pytest.mark.parametrize("command", ["observe", "evaluate", "settle", "serve", "recount"])
def test_command_with_broken_settings_writes_nothing(run: Run, tmp_path: Path, command: str) -> None:
    """All violations are listed, the code is 2, and the data folder is not made."""
    file = tmp_path / "sankofa.yaml"
    file.write_text(yaml.safe_dump({"data_dir": "data", "specs": [], "prometheus": {"url": "x"}, "typo": 1}))
    more = ("--from", "2026-01-01T00:00:00Z") if command == "recount" else ()
    ended = run(command, "--config", str(file), *more)
    assert (ended.code, ended.out) == (2, "")
    assert all(f"{file}:{place}" in ended.err for place in ("/specs", "/prometheus/url", "/typo"))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["sankofa.yaml"]


def test_command_with_broken_specs_writes_nothing(run: Run, installation: Path) -> None:
    """Specs are checked before the ledger is made."""
    change(installation, "specs/slo.yaml", lambda one: one["spec"]["objectives"][0].update(target=99.5))
    ended = run("evaluate", *config(installation))
    assert (ended.code, "[slo.target-range]" in ended.err) == (2, True)
    assert not (installation / "data" / "ledger.sqlite").exists()


def test_settle_without_its_key_writes_nothing(run: Run, installation: Path) -> None:
    """A key that is not there is found before the ledger is made; what stands in place of its path may be the key itself."""
    chain = {"rpc_url": "http://127.0.0.1:1", "chain_id": 1, "contract": "0x" + "cc" * 20}
    keys = {"sender": {"keystore": "sender.json", "password_file": "sender.password"}}
    change(installation, "sankofa.yaml", lambda one: one.update(chain={**chain, **keys}))
    ended = run("settle", *config(installation))
    assert (
        ended.code,
        f"keystore of chain.sender: a value that is not shown, in {installation}: No such file" in ended.err,
    ) == (
        2,
        True,
    )
    assert not (installation / "data" / "ledger.sqlite").exists()


def test_settle_without_a_chain_names_the_section(run: Run, installation: Path) -> None:
    """What is missing in the settings is named."""
    ended = run("settle", *config(installation))
    assert (ended.code, "`chain`" in ended.err) == (2, True)


def test_data_dir_that_cannot_be_made_is_told_in_a_sentence(run: Run, installation: Path) -> None:
    """A file where the folder should be is wrong input."""
    (installation / "taken").write_text("a file")
    change(installation, "sankofa.yaml", lambda one: one.update(data_dir="taken"))
    ended = run("evaluate", *config(installation))
    assert (ended.code, "data_dir" in ended.err, "Traceback" in ended.err) == (2, True, False)


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01", "2026-13-01T00:00:00Z"])
def test_recount_refuses_what_is_no_instant(run: Run, installation: Path, since: str) -> None:
    """The form that is expected is in the error."""
    ended = run("recount", *config(installation), "--from", since)
    assert (ended.code, "2026-11-01T00:00:00Z" in ended.err) == (2, True)


@pytest.mark.parametrize("year", ["0001", "1969", "1970", "1999", "2101", "9999"])
@pytest.mark.parametrize("option", ["--from", "--to", "--slot"])
def test_instant_of_no_year_that_anybody_counts_is_refused(
    run: Run, installation: Path, evidence: Path, option: str, year: str
) -> None:
    """Near 1970 the samples before a slot would have negative times."""
    if option == "--slot":
        ended = run("evidence", "proof", str(evidence), "--slot", f"{year}-01-01T00:00:00Z")
    else:
        span = {"--from": "2026-01-01T00:00:00Z", "--to": "2026-01-02T00:00:00Z", option: f"{year}-01-01T00:00:00Z"}
        ended = run("recount", *config(installation), *(part for pair in span.items() for part in pair))
    assert (ended.code, ended.out, "expected a year from 2000 to 2100" in ended.err) == (2, "", True)


def test_recount_refuses_an_unknown_slo(run: Run, installation: Path) -> None:
    """Those that are known are named."""
    ended = run("recount", *config(installation), "--from", "2026-01-01T00:00:00Z", "--slo", "latency")
    assert (ended.code, "known: availability-edge" in ended.err) == (2, True)


# ----------------------------------------------------------------------------------------------------- keys and chain


def test_keys_new_prints_a_key_once(run: Run, tmp_path: Path) -> None:
    """The key is the whole output, well formed, and not in the file."""
    file = tmp_path / "keys.yaml"
    ended = run("keys", "new", "--tenant", "acme", "--file", str(file))
    key = ended.out.strip()
    assert (ended.code, ended.err, well_formed(key), key in file.read_text()) == (0, "", True, False)


def test_keys_new_refuses_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """No key is shown that is not stored."""
    ended = run("keys", "new", "--tenant", "acme", "--file", str(tmp_path / "nowhere" / "keys.yaml"))
    assert (ended.code, ended.out, "Traceback" in ended.err) == (2, "", False)


def test_keys_keystore_is_made_once(run: Run, tmp_path: Path) -> None:
    """The account is printed, the file is its owner's, and a second key never takes its place."""
    keystore, password = tmp_path / "sender.json", tmp_path / "password"
    password.touch(0o600)
    password.write_text("correct horse\n")
    made, again = (run("keys", "keystore", str(keystore), "--password-file", str(password)) for _ in range(2))
    document = json.loads(keystore.read_text())
    assert (made.code, made.out.strip().lower(), keystore.stat().st_mode & 0o777) == (
        0,
        "0x" + document["address"].lower().removeprefix("0x"),
        0o600,
    )
    assert (again.code, "never overwritten" in again.err) == (2, True)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_keys_keystore_needs_a_password(run: Run, tmp_path: Path, content: bytes | None) -> None:
    """Without a password, or with an empty one, no key is written; how one is made is told."""
    keystore, password = tmp_path / "sender.json", tmp_path / "password"
    if content is not None:
        password.touch(0o600)
        password.write_bytes(content)
    ended = run("keys", "keystore", str(keystore), "--password-file", str(password))
    named = str(password) if content is not None else str(tmp_path)
    assert (ended.code, keystore.exists(), named in ended.err) == (2, False, True)
    assert ("openssl rand" in ended.err, "No key was made" in ended.err) == (True, True)


def test_keys_keystore_takes_no_password_that_settling_refuses(run: Run, tmp_path: Path) -> None:
    """What others can read is refused where it is used: so it is where the key is made."""
    keystore, password = tmp_path / "sender.json", tmp_path / "password"
    password.write_text("correct horse\n")
    password.chmod(0o644)
    ended = run("keys", "keystore", str(keystore), "--password-file", str(password))
    assert (ended.code, keystore.exists(), f"run chmod 600 {password}" in ended.err) == (2, False, True)


def test_keys_keystore_that_cannot_be_written_is_told_by_its_folder(run: Run, tmp_path: Path) -> None:
    """And not that a key stands there."""
    file = tmp_path / "nowhere" / "sender.json"
    ended = run("keys", "keystore", str(file), "--password-file", str(tmp_path / "password"))
    assert (ended.code, f"no folder {file.parent}" in ended.err, "overwritten" in ended.err) == (2, True, False)


DEPLOY = {
    "--rpc": "http://127.0.0.1:1", "--keystore": "k.json", "--password-file": "k.password", "--attestor": "0x" + "aa" * 20,
    "--threshold": "1", "--admin": "0x" + "bb" * 20, "--arbiter": "0x" + "cc" * 20, "--guardian": "0x" + "dd" * 20,
}  # fmt: skip


@pytest.mark.parametrize("option", ["--attestor", "--admin", "--arbiter", "--guardian", "--billing"])
def test_chain_deploy_refuses_what_is_no_address_before_anything_is_sent(run: Run, option: str) -> None:
    """The option and its value are named."""
    arguments = [part for pair in {**DEPLOY, option: "0xnobody"}.items() for part in pair]
    ended = run("chain", "deploy", *arguments)
    assert (ended.code, f"{option} '0xnobody'" in ended.err, "nothing was sent" in ended.err) == (2, True, True)


@pytest.mark.parametrize("command", ["propose", "accept"])
def test_agreements_command_knows_the_agreements_of_the_specs(run: Run, command: str) -> None:
    """A name that is not there is told with those that are."""
    options = ["--rpc", "http://127.0.0.1:1", "--keystore", "k", "--password-file", "p", "--specs", str(SPECS)]
    ended = run("agreements", command, "acme", *options, "--contract", "0x" + "cc" * 20)
    assert (ended.code, "known: example-edge" in ended.err) == (2, True)
    ended = run("agreements", command, "example-edge", *options, "--contract", "0x12")
    assert (ended.code, "--contract '0x12'" in ended.err) == (2, True)
