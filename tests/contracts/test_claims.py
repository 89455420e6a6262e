"""Each function of the contract has its behaviour as a tree, and what the tree says is a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from deploy.parts import CHECKOUT

SOURCES = CHECKOUT / "contracts" / "src"
UNIT = CHECKOUT / "contracts" / "test" / "unit"
SUPPORT = CHECKOUT / "contracts" / "test" / "support"
MEASURED = {"gas"}  # figures, and no behaviour
ROOT = re.compile(r"^.+ \((?:(\w+)\.t\.sol|of several files)\)$")
LEAF = re.compile(r"^((?:│   |    )*)(?:├── |└── )(.+?)(?: \[([\w:, ]+)\])?$")


def claims_of(path: Path) -> list[str]:
    return re.findall(r"function (test\w+)\(", path.read_text())


def interfaces() -> str:
    return "".join(path.read_text() for path in sorted((SOURCES / "interfaces").glob("*.sol")))


def expectations() -> str:
    return "".join(path.read_text() for folder in (UNIT, SUPPORT) for path in sorted(folder.glob("*.sol")))


def named_in(tree: Path) -> Iterator[tuple[str, str]]:
    """(file, test) for each test that a tree names; a test without a file is one of the file in the tree's first line."""
    first, *lines = tree.read_text().splitlines()
    root = ROOT.match(first)
    assert root, f"{tree.name}: the first line is {first!r}, expected 'function (file.t.sol)'"
    for line in lines:
        leaf = LEAF.match(line)
        assert leaf, f"{tree.name}: {line!r} is no branch"
        for name in (leaf[3] or "").split(", "):
            file, _, test = name.rpartition(":")
            if test:
                yield file or str(root[1]), test


def branches(tree: Path) -> Iterator[tuple[int, str, bool]]:
    """(depth, line, whether the line names a test or another tree) for each branch."""
    for line in tree.read_text().splitlines()[1:]:
        leaf = LEAF.match(line)
        assert leaf, f"{tree.name}: {line!r} is no branch"
        elsewhere = re.search(r"(\w+)\.tree", leaf[2])
        yield len(leaf[1]), line, bool(leaf[3]) or bool(elsewhere and (UNIT / elsewhere[0]).exists())


def test_every_test_that_a_tree_names_exists() -> None:
    """No tree speaks of a test that is not there."""
    known = {(path.name.removesuffix(".t.sol"), test) for path in UNIT.glob("*.t.sol") for test in claims_of(path)}
    named = {pair for tree in UNIT.glob("*.tree") for pair in named_in(tree)}
    assert set() == named - known


def test_every_unit_test_is_a_branch_of_a_tree() -> None:
    """No test of a function's behaviour is missing in the trees."""
    named = {pair for tree in UNIT.glob("*.tree") for pair in named_in(tree)}
    files = {path.name.removesuffix(".t.sol"): path for path in UNIT.glob("*.t.sol")}
    known = {(name, test) for name, path in files.items() if name not in MEASURED for test in claims_of(path)}
    assert set() == known - named


def test_every_branch_is_a_test() -> None:
    """A branch without branches of its own names its test, or the tree that goes on."""
    bare = []
    for tree in sorted(UNIT.glob("*.tree")):
        rows = [*branches(tree), (0, "", True)]
        bare += [
            f"{tree.name}: {line}"
            for (depth, line, told), (below, _, _) in pairwise(rows)
            if depth >= below and not told
        ]
    assert bare == []


def test_every_function_that_changes_something_has_a_tree() -> None:
    """And its tree's first line begins with its name."""
    declared = re.findall(r"function (\w+)\(([^;]*);", interfaces())
    functions = {name for name, rest in declared if not re.search(r"\b(view|pure)\b", rest)}
    assert len(functions) > 20, "the interfaces' functions were not found"
    roots = {tree.stem for tree in UNIT.glob("*.tree") if tree.read_text().startswith(f"{tree.stem} (")}
    assert set() == functions - roots


def test_every_error_is_reached_by_a_test() -> None:
    """Each error of both interfaces is expected by its selector, in a test or in what tests share."""
    errors = set(re.findall(r"^    error (\w+)\(", interfaces(), re.MULTILINE))
    assert len(errors) > 40, "the interfaces' errors were not found"
    expected = expectations()
    assert {name for name in errors if f".{name}.selector" not in expected} == set()


def test_every_event_is_expected_whole() -> None:
    """Each event of both interfaces is emitted by a test that expects it with all its values."""
    events = set(re.findall(r"^    event (\w+)\(", interfaces(), re.MULTILINE))
    assert len(events) > 15, "the interfaces' events were not found"
    expected = expectations()
    assert {name for name in events if not re.search(rf"emit \w+\.{name}\(", expected)} == set()
