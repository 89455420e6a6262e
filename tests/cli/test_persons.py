"""Names, mail and labels of keys: in one table, which can be erased, and in nothing else that an installation writes or says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from deploy.lab.client import local
from sankofa_observe.api.keys import add_key
from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import load_settings
from sankofa_observe.ports import StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.units import rfc3339
from tests.cli.running import Ended, Run
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures
from tests.cli.test_exclusions import CHAIN, KEYS, PLAN
from tests.cli.test_serve import Installation, serving
from tests.pace import until

NAME, MAIL, LABEL = "Planted Surname", "planted@example.org", "Planted Laptop"
ALL = ("--from", "2020-01-01T00:00:00Z")


def test_a_name_stands_in_one_table_and_nowhere_else(run: Run, installation: Path) -> None:  # noqa: F811
    """A whole run, with every kind of act by that person: no file, no log, no answer for programs has the name; erased, no file at all."""
    change(installation, "sankofa.yaml", lambda one: one.update(chain={**CHAIN, **KEYS}))
    settings, said = config(installation), list[Ended]()

    def did(*command: str, code: int = 0) -> Ended:
        said.append(run(*command))
        assert said[-1].code == code, said[-1]
        return said[-1]

    did("ledger", "upgrade", *settings)
    [planted] = json.loads(run("persons", "add", NAME, "--mail", MAIL, *settings, "--json").out)
    run("persons", "add", "kofi", *settings)
    [plan] = json.loads(did("exclusions", "propose", *settings, *PLAN, "--by", MAIL, "--json").out)
    did("exclusions", "approve", plan["plan"], *settings, "--by", NAME, code=2)
    did("exclusions", "withdraw", plan["plan"], *settings, "--reason", "no parts", "--by", MAIL, "--json")
    did("exclusions", "list", *settings, "--json")
    did("evaluate", *settings, "--as-it-stands", "--json")
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        [priced] = platform.ledger.read(OPERATOR).settlements().items
        settlement = priced.penalty.settlement_id
        platform.ledger.add_state(
            settlement, StateChange(state=SettlementState.HELD, at=1, revision=1, detail="two truths")
        )
    did("evidence", "show", settlement, *settings, "--reason", f"asked for by {MAIL}", "--by", MAIL, code=2)
    shown = did("evidence", "show", settlement, *settings, "--reason", "TICKET-9", "--by", MAIL)
    [document] = (installation / "data" / "evidence").iterdir()
    assert shown.out.encode() == document.read_bytes()
    _api(run, installation, settlement)
    _until_now(did, installation)
    lists = [run("exclusions", "list", *settings), run("persons", "list", *settings)]
    assert all(NAME in one.out for one in lists)

    told = "".join(one.out + one.err for one in said)
    kept = {file: file.read_bytes() for file in installation.rglob("*") if file.is_file()}
    assert [word for word in (NAME, LABEL) if word in told] == []
    assert MAIL not in told
    for word in (NAME, MAIL, LABEL):
        having = [file.name for file, text in kept.items() if word.encode() in text]
        assert [one for one in having if not one.startswith("ledger.sqlite")] == [], word
        assert having, f"{word}: it is not where it should be either"

    for who in (MAIL, LABEL):
        did("persons", "erase", who, *settings, "--reason", "left, HR-12", "--by", "kofi")
    did("ledger", "check", *settings)
    listed = run("exclusions", "list", *settings)
    assert (planted["id"] in listed.out, NAME in listed.out) == (True, False)
    left = b"".join(file.read_bytes() for file in installation.rglob("*") if file.is_file())
    assert [word for word in (NAME, MAIL, LABEL) if word.encode() in left] == []


def _api(run: Run, installation: Path, settlement: str) -> None:  # noqa: F811
    """The tenant reads its evidence over the API, with a key that has a label."""
    key = add_key(installation / "keys.yaml", "example")
    with serving(Installation(folder=installation, key=key), "api") as one:
        one.wait_for(lambda lines: any(line["msg"] == "ready" for line in lines))
        address = load_settings(installation / "sankofa.yaml").api.listen
        bearer = {"Authorization": f"Bearer {key}"}
        me = local.get(f"http://{address}/v1/me", headers=bearer).json()
        run("persons", "add", LABEL, "--key", me["key_id"], *config(installation), "--by", "kofi")
        answer = local.get(f"http://{address}/v1/settlements/{settlement}/evidence", headers=bearer)
        assert (answer.status_code, answer.json()["identity"]["settlement_id"]) == (200, settlement)


def _until_now(did: Callable[..., Ended], installation: Path) -> None:  # noqa: F811
    """The export for an auditor has who read what, and over which way; a second that is not over is not exported."""
    end, file = int(time.time()) + 1, installation / "all.jsonl"
    until(lambda: time.time() >= end)
    did("audit", "export", str(file), *ALL, "--to", rfc3339(end), *config(installation))
    did("audit", "check", str(file))
    reads = [one for one in map(json.loads, file.read_text().splitlines()) if one.get("record") == "evidence_read"]
    assert [(one["way"], one["reason"], one["actor"].partition(":")[0]) for one in reads] == [
        ("cli", "TICKET-9", "person"), ("api", "its own settlement", "key"),
    ]  # fmt: skip


def test_a_new_installation_begins_with_its_ledger_and_a_person(run: Run, installation: Path) -> None:  # noqa: F811
    """Nothing is there yet but settings: who acts is refused with the command that makes a ledger, and that one makes its folder too."""
    change(installation, "sankofa.yaml", lambda one: one.update(data_dir=str(installation / "var" / "new")))
    settings = config(installation)
    refused = run("persons", "add", "amina", *settings)
    assert (refused.code, "sankofa-observe ledger upgrade makes a new one" in refused.err) == (1, True)
    assert run("ledger", "upgrade", *settings).code == run("persons", "add", "amina", *settings).code == 0
