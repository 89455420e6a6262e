"""The exporters' systems are one floor plan, and what two of them need stands in the shared rooms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from deploy.parts import CHECKOUT
from sankofa_exporters.registry import SYSTEM_NAMES

PACKAGE = CHECKOUT / "exporters" / "sankofa_exporters"
ROOMS = frozenset({"settings", "client", "snapshot", "verdict", "families", "samples", "signals", "system"})
PARTS = {"besu": ("rpc", "node", "network")}  # two kinds of target, and how both are asked
RUN_LINES = 6


def rooms_of(folder: Path) -> set[str]:
    return {one.stem for one in folder.iterdir() if one.suffix == ".py" or one.is_dir()} - {"__init__", "__pycache__"}


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_system_has_the_rooms_of_the_plan(name: str) -> None:
    """Settings and system at the top, every other room by its name; Besu's parts have the same inside."""
    folders = [PACKAGE / name / part for part in PARTS.get(name, ())] or [PACKAGE / name]
    found = rooms_of(PACKAGE / name) - set(PARTS.get(name, ())) | {room for one in folders for room in rooms_of(one)}

    assert found == ROOMS


@pytest.mark.parametrize(("first", "second"), list(combinations(SYSTEM_NAMES, 2)))
def test_no_run_of_lines_stands_in_two_systems(first: str, second: str) -> None:
    """What two systems need is written once, where both can read it."""
    runs = dict(runs_of(PACKAGE / first))
    twice = [(runs[run], place) for run, place in runs_of(PACKAGE / second) if run in runs]

    assert twice == []


def runs_of(folder: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every run of lines of code, without imports, blank lines and comments, and where it begins."""
    for file in sorted(folder.rglob("*.py")):
        lines = code_of(file)
        for start in range(len(lines) - RUN_LINES + 1):
            run = tuple(text for _, text in lines[start : start + RUN_LINES])
            yield run, f"{file.relative_to(PACKAGE)}:{lines[start][0]}"


def code_of(file: Path) -> list[tuple[int, str]]:
    text = file.read_text()
    imported = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if number not in imported and re.search(r"\w", line) and not line.lstrip().startswith("#")
    ]
