"""Which test reaches which line of the platform, by coverage.py, and how many seconds it takes. As a pytest plugin it writes the map.

A process of its own writes files of its own into `.cache/mutants/reach`; a test file that changed is run again, all of them once the platform did.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache/mutants/reach"
PLATFORM = "sankofa_observe"
TESTS = ("tests/unit", "tests/adapters", "tests/operations", "tests/cli", "tests/simulation")
WORKERS = 2


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.register(_Recorder())


class _Recorder:
    """Of one process that runs tests."""

    def __init__(self) -> None:
        self._name = f"{os.getpid()}-{time.time_ns()}"
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(
            data_file=FOLDER / f"{self._name}.coverage",
            config_file=False,
            include=[f"{ROOT}/{PLATFORM}/*"],
            messages=False,
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        began = time.monotonic()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = round(time.monotonic() - began, 3)
            self._coverage.switch_context("")

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self._coverage.save()
        (FOLDER / f"{self._name}.seconds.json").write_text(json.dumps(self._seconds), encoding="utf-8")


def refresh() -> None:
    """Run what has changed since the map was made; nothing where nothing has."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stamp = FOLDER / "stamp.json"
    known = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}
    platform = _digest(sorted((ROOT / PLATFORM).rglob("*.py")))
    tests = {
        str(one.relative_to(ROOT)): _digest([one])
        for folder in TESTS
        for one in sorted((ROOT / folder).rglob("test_*.py"))
    }
    if known.get("platform") != platform:
        shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        known = {"tests": {}}
    changed = [name for name, digest in tests.items() if known["tests"].get(name) != digest]
    if changed:
        print(f"mutants: which test reaches what, of {len(changed)} test files (some minutes)", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.mutation.reach", "-n", str(WORKERS),
                   "--dist", "loadfile", *changed]  # fmt: skip
        with (FOLDER / "log").open("wb") as log:
            code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if code > 1:
            raise SystemExit(f"mutants: the tests could not be run, see {FOLDER / 'log'}")
        if code:
            print(
                f"mutants: tests fail with nothing changed, see {FOLDER / 'log'}; they count as killers of nothing",
                flush=True,
            )
    stamp.write_text(json.dumps({"platform": platform, "tests": tests}), encoding="utf-8")


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(one.read_bytes()).digest() for one in files)).hexdigest()


@cache
def seconds() -> dict[str, float]:
    """By test, with what it set up for those after it."""
    found: dict[str, float] = {}
    for one in sorted(FOLDER.glob("*.seconds.json"), key=lambda one: one.stat().st_mtime):
        found |= json.loads(one.read_text(encoding="utf-8"))
    return found


@cache
def tests_by_line(module: str) -> dict[int, set[str]]:
    """The tests that reach each line of a file, once it is imported."""
    found: dict[int, set[str]] = defaultdict(set)
    for file in FOLDER.glob("*.coverage"):
        data = coverage.CoverageData(str(file))
        data.read()
        for line, names in data.contexts_by_lineno(str(ROOT / module)).items():
            found[line] |= set(names) - {""}
    return found
