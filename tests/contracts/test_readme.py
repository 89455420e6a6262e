"""contracts/README.md is true: its invariants are cited by tests, its table of functions is the ABI's, its figures are measured."""

from __future__ import annotations

import json
import re

from deploy.parts import CHECKOUT
from tests.contracts import figures

CONTRACTS = CHECKOUT / "contracts"
CITATION = re.compile(r"^\s*/// ([0-9]+(?:, [0-9]+)*): ", re.MULTILINE)
NUMBERED = re.compile(r"^\| ([0-9]+) \| .* \| (.*) \|$", re.MULTILINE)
FILE = re.compile(r"`([A-Za-z]+\.t\.sol)`")


def readme() -> str:
    return figures.README.read_text()


def invariants() -> dict[int, set[str]]:
    """Each number of the list, with the test files that it names."""
    section = readme().partition("## Invariants")[2].partition("\n## ")[0]
    return {int(number): set(FILE.findall(proof)) for number, proof in NUMBERED.findall(section)}


def citations() -> dict[int, set[str]]:
    """Each number that a test cites, as `/// 7: ...` above it, with the files that do."""
    found: dict[int, set[str]] = {}
    for path in sorted((CONTRACTS / "test").rglob("*.t.sol")):
        for numbers in CITATION.findall(path.read_text()):
            for number in numbers.split(", "):
                found.setdefault(int(number), set()).add(path.name)
    return found


def changing_functions() -> set[str]:
    names: set[str] = set()
    for path in figures.ABI_FOLDER.glob("*Book.json"):
        abi = json.loads(path.read_text())["abi"]
        names |= {
            entry["name"]
            for entry in abi
            if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
        }
    return names


def test_the_invariants_are_numbered_from_one_without_a_gap() -> None:
    assert list(invariants()) == list(range(1, len(invariants()) + 1))


def test_every_invariant_is_cited_by_a_test_and_every_citation_has_its_invariant() -> None:
    assert set(invariants()) == set(citations())


def test_every_file_that_the_list_names_cites_the_number() -> None:
    missing = {number: files - citations()[number] for number, files in invariants().items()}
    assert {number: files for number, files in missing.items() if files} == {}


def test_the_table_of_functions_is_the_abis() -> None:
    """Each function that changes something is in the table, with the tree of its behaviour."""
    listed = set(re.findall(r"`test/unit/([A-Za-z]+)\.tree`", readme()))
    assert listed == changing_functions()


def test_the_figures_are_those_of_the_snapshots() -> None:
    """Written anew by `python -m tests.contracts.figures`."""
    assert readme() == figures.with_table(readme())
