"""The contract's own tests, and the artefacts the package ships, one a book: compiled from these sources, by this compiler."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.lab import children
from deploy.parts import CHECKOUT, need_program

CONTRACTS = CHECKOUT / "contracts"
ABI_FOLDER = CHECKOUT / "sankofa_observe" / "adapters" / "abi"
OPENZEPPELIN = "@openzeppelin/contracts"
NEW_BOOK = re.compile(r"\bnew\s+(?:Agreement|Settlement)Book\b")
RUN_SECONDS = 300


def run(command: Sequence[str]) -> str:
    """Run a tool of contracts/ and return its output; fail with that output.

    Its home lies inside the checkout, because forge keeps a cache in its home and must write nothing elsewhere.
    """
    home = CHECKOUT / ".cache" / "home"
    home.mkdir(parents=True, exist_ok=True)
    path = f"{Path(need_program('node')).parent}{os.pathsep}{os.environ['PATH']}"  # forge calls the compiler through it
    env: Mapping[str, str] = {
        **os.environ,
        "PATH": path,
        "HOME": str(home),
        "NO_COLOR": "1",
        "FORGE_SNAPSHOT_CHECK": "true",
    }
    done = children.run(command, cwd=CONTRACTS, env=env)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


@pytest.fixture(params=["AgreementBook", "SettlementBook"])
def artefact(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ABI_FOLDER / f"{request.param}.json").read_text())
    return loaded


@pytest.mark.real("node", "forge")
@pytest.mark.timeout(RUN_SECONDS)
def test_the_contract_holds_its_claims() -> None:
    """Every unit, fuzz and invariant test of the contract passes, offline; what sequences meet is counted by `make test-all`, for its length."""
    short = [] if "FOUNDRY_PROFILE" in os.environ else ["--no-match-path", "test/invariant/Coverage.t.sol"]
    run([need_program("forge"), "test", "--offline", *short])


def test_the_contracts_tests_deploy_the_books_that_are_shipped() -> None:
    """A `new` would prove what forge has compiled without the optimizer: test/support/Shipped.sol deploys the artefacts."""
    sources = sorted((CONTRACTS / "test").rglob("*.sol"))
    code = {path.name: re.sub(r"//.*", "", path.read_text()) for path in sources}
    assert [name for name, text in code.items() if NEW_BOOK.search(text)] == []


@pytest.mark.real("node")
def test_the_committed_artefacts_are_what_the_compiler_makes() -> None:
    """Compiling the sources again gives the committed ABI and bytecode, byte by byte."""
    run([need_program("node"), "tools/compile.mjs", "--check"])


def test_the_committed_artefact_belongs_to_these_sources(artefact: dict[str, Any]) -> None:
    """Each artefact names every source file with its hash, and OpenZeppelin with the pinned version (needs no Node)."""
    sources = {
        path.relative_to(CHECKOUT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (CONTRACTS / "src").rglob("*.sol")
    }
    package = json.loads((CONTRACTS / "package.json").read_text())
    expected = {**sources, OPENZEPPELIN: package["devDependencies"][OPENZEPPELIN]}
    assert expected == artefact["sources"]


def test_the_committed_artefact_names_the_pinned_compiler(artefact: dict[str, Any]) -> None:
    """The artefact was made by the solc of package.json, for Shanghai, with the optimizer at 100 runs."""
    package = json.loads((CONTRACTS / "package.json").read_text())
    compiler = artefact["compiler"]
    assert package["devDependencies"]["solc"] == compiler["version"].partition("+")[0]
    assert compiler["optimizer"] == {"enabled": True, "runs": 100}
    assert compiler["evmVersion"] == "shanghai"


def test_the_lock_names_no_registry() -> None:
    """The lock pins packages by hash alone, so that any mirror will do."""
    lock = json.loads((CONTRACTS / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
