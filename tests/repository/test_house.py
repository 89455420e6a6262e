"""House style that a machine can hold. The limits are a ratchet: they may be lowered, never raised."""

from __future__ import annotations

import ast
import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sankofa_observe import telemetry
from tests.repository.tree import named, python_sources, text

MAX_FUNCTION_LINES = 70
P95_FILE_LINES = 350
MAX_PAGE_WIDTH = 400  # a table's row is one line; a line of prose is never near to it


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text(path), str(path))


def parsed(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, tree_of(path)


@cache
def imports() -> dict[str, set[str]]:
    """By package, the files that import it, wherever in the file."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, module in parsed(named(".py")):
        for node in ast.walk(module):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for one in names:
                found[one.split(".")[0]].add(str(path))
    return found


def imports_of(name: str) -> set[str]:
    return imports().get(name, set())


def lengths(module: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


# Each package that this house was given, and the room whose work it does; ruff refuses an import that is not used.
GIVEN = {
    "apscheduler": "sankofa_observe/operations",
    "fastapi": "sankofa_observe/api",
    "grafanalib": "dashboards/sankofa_dashboards",
    "httpx": "exporters/sankofa_exporters",
    "polars": "sankofa_observe/adapters/slots",
    "prometheus_api_client": "sankofa_observe/adapters",
    "prometheus_client": "sankofa_observe/operations",
    "pytest": "tests",
    "web3": "sankofa_observe/adapters",
}


def test_each_given_package_does_its_work() -> None:
    """Where a reader looks for it; and it is among what is installed."""
    idle = {
        package: room
        for package, room in GIVEN.items()
        if not any(one.startswith(f"{room}/") for one in imports_of(package))
    }
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
    installed = {re.split(r"[^a-z0-9-]", one)[0].replace("-", "_") for group in wanted for one in group}

    assert (idle, set(GIVEN) - installed) == ({}, set())


def test_functions_fit_a_screen() -> None:
    """No function of the sources is longer than 70 lines."""
    long = {
        f"{path}:{name}": lines
        for path, module in parsed(python_sources())
        for name, lines in lengths(module)
        if lines > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_files_are_short() -> None:
    """95 of 100 source files have 350 lines or fewer."""
    sizes = sorted(len(text(path).splitlines()) for path in python_sources())
    assert sizes[math.ceil(0.95 * len(sizes)) - 1] <= P95_FILE_LINES


def test_modules_open_with_their_purpose() -> None:
    """Every module but an empty __init__ has a docstring."""
    bare = [
        str(path)
        for path, module in parsed(named(".py"))
        if ast.get_docstring(module) is None and not (path.name == "__init__.py" and not module.body)
    ]
    assert bare == []


def test_scheduler_library_is_imported_once() -> None:
    """One file of the platform imports APScheduler, so that its next major version is one file."""
    assert imports_of("apscheduler") == {"sankofa_observe/operations/scheduler.py"}


def test_names_of_our_own_series_are_written_once() -> None:
    """Metrics, rules, boards and generators import them from `telemetry`: no other source types one.

    Exporters import nothing of the platform, and have a word for the one series that both publish.
    """
    typed = re.compile(rf"\b(?:{'|'.join(one.name for one in telemetry.SERIES)})\b|(?<!urn:)sankofa:[a-z_]+:")
    found = {
        str(path)
        for path, module in parsed(python_sources())
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and typed.search(node.value)
    }
    assert found == {"sankofa_observe/telemetry.py", "exporters/sankofa_exporters/serving/self_metrics.py"}


def test_fakepve_is_imported_once() -> None:
    """One file of the lab imports fakepve, which is AGPL-3.0, and that file is a process of its own."""
    assert imports_of("fakepve") == {"deploy/lab/fakepve_cluster.py"}


def test_pages_have_lines_that_can_be_read() -> None:
    """No line of a page outside tables and code is longer than 400 characters."""
    long = [
        f"{path}:{number}"
        for path in named(".md")
        for number, line in enumerate(text(path).splitlines(), 1)
        if len(line) > MAX_PAGE_WIDTH and not line.lstrip().startswith("|")
    ]
    assert long == []


def test_no_pattern_has_a_possessive_or_atomic_group() -> None:
    """Python before 3.11.5, so Debian 12's, matches a possessive group wrongly when it has alternatives (python/cpython 106052)."""
    possessive = re.compile(r"(?:\)[*+?]\+|\(\?>)")
    strings = (
        (path, node.value)
        for path, module in parsed(python_sources())
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = {str(path) for path, value in strings if possessive.search(value.replace("\\)", ""))}
    assert found - {"tests/repository/test_house.py"} == set()
