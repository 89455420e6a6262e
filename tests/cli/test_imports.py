"""A command imports what it needs: each runs in a process of its own, which then tells what it has loaded."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from eth_account import Account

from deploy.lab.ports import free_port
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.api.keys import add_key
from tests.pace import limit

SPECS = str(CHECKOUT / "deploy" / "specs")
CONTRACT = "0x" + "ab" * 20
HEAVY = {
    "aiohttp", "alembic", "apscheduler", "deltalake", "eth_account", "fastapi", "httpx", "numpy", "polars",
    "prometheus_api_client", "prometheus_client", "pydantic_settings", "requests", "rich", "sqlalchemy", "uvicorn", "web3",
}  # fmt: skip
SETTINGS = {"pydantic_settings"}
LEDGER, SLOTS, CHAIN = {"sqlalchemy"}, {"deltalake", "numpy", "polars"}, {"aiohttp", "eth_account", "requests", "web3"}
RUN = """
import json, sys
from sankofa_observe.cli import main
sys.argv = ["sankofa-observe", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as left:
    code = left.code or 0
print("\\n" + json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended, and the heavy libraries it has loaded by then."""

    code: int
    heavy: set[str]


def run(*arguments: str, also: Collection[str] = ()) -> Ran:
    command = [sys.executable, "-c", RUN, json.dumps(arguments)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=limit(30), check=True)
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    return Ran(code=code, heavy=HEAVY.union(also).intersection(loaded))


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port on which somebody else listens, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, taken: int) -> str:
    """Settings of an installation that has run before and has periods to judge; nobody listens at its node, and its API's port is taken."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "password").touch(0o600)
    (folder / "password").write_text("correct horse")
    sender = Account.encrypt(Account.create().key, "correct horse", kdf="scrypt", iterations=2)
    (folder / "sender.json").write_text(json.dumps(sender))
    (folder / "sender.json").chmod(0o600)
    add_key(folder / "keys.yaml", "acme")
    SqlLedger(f"sqlite:///{folder / 'ledger.sqlite'}").close()
    specs = Path(shutil.copytree(SPECS, folder / "specs"))
    agreement = specs / "agreements" / "example-edge.yaml"
    agreement.write_text(agreement.read_text().replace("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"))
    document = {
        "data_dir": ".",
        "specs": ["specs"],
        "prometheus": {"url": f"http://127.0.0.1:{free_port()}"},
        "chain": {
            "rpc_url": f"http://127.0.0.1:{free_port()}",
            "chain_id": 1,
            "contract": CONTRACT,
            "sender": {"keystore": "sender.json", "password_file": "password"},
        },
        "api": {"listen": f"127.0.0.1:{taken}", "keys_file": "keys.yaml"},
    }
    (folder / "sankofa.yaml").write_text(yaml.safe_dump(document))
    return str(folder / "sankofa.yaml")


def test_help_imports_nothing_heavy() -> None:
    """Of the program and of each group: what a command needs is imported when it runs.

    Pydantic is typer's own as soon as an option is read; the program's help does without.
    """
    assert run("--help", also={"pydantic"}) == Ran(code=0, heavy=set())
    assert [run(*group, "--help") for group in ((), ("chain",), ("slots",), ("serve",))] == [
        Ran(code=0, heavy=set())
    ] * 4


def test_commands_about_files_import_no_store(tmp_path: Path) -> None:
    """Specs are read and checked, a key is made, a document is verified: no database, no table, no chain, no network."""
    document = tmp_path / "document.json"
    document.write_text("{}")

    assert run("specs", "check", SPECS) == Ran(code=0, heavy=set())
    assert run("keys", "new", "--tenant", "acme", "--file", str(tmp_path / "keys.yaml")) == Ran(code=0, heavy=set())
    assert run("verify", str(document)) == Ran(code=2, heavy=set())


def test_broken_settings_are_told_before_anything_else_is_imported(tmp_path: Path) -> None:
    """Whatever the command would have needed."""
    (tmp_path / "sankofa.yaml").write_text("specs: 1\n")
    config = ("--config", str(tmp_path / "sankofa.yaml"))
    for command in (("observe",), ("evaluate",), ("settle",), ("slots", "check"), ("ledger", "status")):
        assert run(*command, *config) == Ran(code=2, heavy=SETTINGS), command


def test_judging_imports_no_chain(settings: str) -> None:
    """Evaluate opens slots once a period is due: neither web3 nor the client of Prometheus; nor has the ledger to migrate."""
    assert run("evaluate", "--config", settings, "--as-it-stands") == Ran(code=0, heavy=SETTINGS | LEDGER | SLOTS)


def test_observing_imports_no_chain(settings: str) -> None:
    """Observe asks Prometheus and writes slots, and needs no ledger; it finds nobody there."""
    since = ("--from", "2026-01-01T00:00:00Z")
    ran = run("recount", "--config", settings, *since)

    client = {"numpy", "polars", "prometheus_api_client", "requests"}
    assert ran == Ran(code=1, heavy=SETTINGS | client)


def test_settling_imports_no_table(settings: str) -> None:
    """Settle reads documents and asks the node, which is not there: no polars, no Delta table, no web server."""
    assert run("settle", "--config", settings) == Ran(code=1, heavy=SETTINGS | LEDGER | CHAIN)


def test_parties_import_no_store(settings: str) -> None:
    """Whoever proposes needs the specs and the chain alone."""
    key = ("--keystore", settings.replace("sankofa.yaml", "sender.json"))
    password = ("--password-file", settings.replace("sankofa.yaml", "password"))
    where = ("--rpc", f"http://127.0.0.1:{free_port()}", "--contract", CONTRACT, "--specs", SPECS)
    ran = run("agreements", "propose", "example-edge", *key, *password, *where)

    assert ran == Ran(code=1, heavy=CHAIN)


def test_api_imports_neither_chain_nor_table(settings: str) -> None:
    """Serving tenants reads the ledger and documents; its port is taken, which ends it when all is put together."""
    ran = run("serve", "--config", settings, "--part", "api")

    assert ran == Ran(code=1, heavy=SETTINGS | LEDGER | {"fastapi", "prometheus_client", "uvicorn"})
