"""Mutants tried one after the other: a pytest session that has collected its tests forks for each and runs those that reach it.

A mutant of a function is put in the place of that function's code, in the fork alone: nothing is imported again. One of what runs when
a module is imported needs a process of its own (`swapped`). A test counts as a killer only if it passes alone without any mutant.
"""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.mutation.operators import ROOT, Mutant, mutants, named

PLAN = "MUTANTS_PLAN"
SETUP_SECONDS, LONGER = 20, 3  # a mutant has this much time, and so many times what its tests took
KILLED, SURVIVED, TIMEOUT, UNREACHED = "killed", "survived", "timeout", "unreached"


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.config.option.collectonly or not (plan := os.environ.get(PLAN)):
        return None
    _Trials(session).run(Path(plan))
    return True


class _Trials:
    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._items = {item.nodeid: item for item in session.items}
        self._sound: dict[str, bool] = {}  # whether a test that killed passes alone without any mutant
        self._folder = Path(session.config.getoption("basetemp"))
        gc.unfreeze()
        self._functions = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
        gc.freeze()

    def run(self, plan: Path) -> None:
        """Each line of the plan is a mutant by name, with its tests; each line of what is found is one as well."""
        found = plan.with_suffix(".found.jsonl")
        with found.open("a", encoding="utf-8") as out:
            for line in plan.read_text(encoding="utf-8").splitlines():
                asked = json.loads(line)
                by_name = {one.name: one for one in (*mutants(asked["module"]), *named(asked["module"]))}
                began = time.monotonic()
                said = self._try(
                    by_name[asked["name"]], [one for one in asked["tests"] if one in self._items], asked["seconds"]
                )
                took = round(time.monotonic() - began, 1)
                out.write(json.dumps({"name": asked["name"], "module": asked["module"], **said, "took": took}) + "\n")
                out.flush()

    def _try(self, mutant: Mutant, tests: list[str], seconds: float) -> dict[str, Any]:
        limit = SETUP_SECONDS + LONGER * seconds
        while tests:
            if mutant.function is None:
                result, by = _apart(mutant, tests, limit, self._folder)
            else:
                result, by = self._forked(tests, limit, lambda: self._put_in(mutant))
            if result != KILLED:
                return {"result": result, "tests": len(tests)}
            if by not in self._items:  # nothing could be imported or collected with it
                return {"result": KILLED, "by": by}
            if by not in self._sound:
                self._sound[by] = self._forked([by], limit, lambda: None)[0] == SURVIVED
            if self._sound[by]:
                return {"result": KILLED, "by": by}
            tests = [one for one in tests if one != by]
        return {"result": UNREACHED}

    def _forked(self, tests: Sequence[str], limit: float, change: Callable[[], None]) -> tuple[str, str]:
        """What came of the tests in a process of their own, and which of them failed first."""
        said, say = os.pipe()
        folder = self._folder / f"trial-{time.monotonic_ns()}"
        child = os.fork()
        if child == 0:
            os.close(said)
            self._run_here([self._items[one] for one in tests], change, say, folder)
        os.close(say)
        status = _ended(child, limit)
        with os.fdopen(said, encoding="utf-8") as answer:
            first = answer.read().strip()
        shutil.rmtree(folder, ignore_errors=True)
        if status is None:
            return TIMEOUT, ""
        return (SURVIVED, "") if status == 0 else (KILLED, first or "it ended the process")

    def _run_here(self, items: Sequence[pytest.Item], change: Callable[[], None], say: int, folder: Path) -> None:
        """In the fork: never returns."""
        try:
            os.setsid()
            log = os.open(os.devnull, os.O_WRONLY)
            os.dup2(log, 1)
            os.dup2(log, 2)
            folder.mkdir(parents=True)
            self._session.config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
            change()
            for item, following in zip(items, [*items[1:], None], strict=True):
                reports = _Reports()
                item.config.pluginmanager.register(reports)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                item.config.pluginmanager.unregister(reports)
                if reports.failed:
                    os.write(say, item.nodeid.encode())
                    os._exit(1)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001  a fork must never go on as if it were the session
            os.write(say, repr(error)[:200].encode())
            os._exit(1)

    def _put_in(self, mutant: Mutant) -> None:
        """Every function that has the old code has the new one."""
        assert mutant.function is not None
        path = str(ROOT / mutant.module)
        name, line = mutant.function
        whole = compile(mutant.tree(), path, "exec", dont_inherit=True)
        code = next(one for one in _codes(whole) if (one.co_qualname, one.co_firstlineno) == (name, line))
        old = [
            one
            for one in self._functions
            if (one.__code__.co_filename, one.__qualname__, one.__code__.co_firstlineno) == (path, name, line)
        ]
        for function in old:
            function.__code__ = code
        if not old:
            raise LookupError(f"no function {name} of line {line} of {path} is loaded")


class _Reports:
    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed


def _codes(code: CodeType) -> list[CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [*inner, *(deeper for one in inner for deeper in _codes(one))]


def _ended(child: int, limit: float) -> int | None:
    """Its exit code, or None where it had to be ended, with all that it started in its session."""
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], limit)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) if ended else None
    finally:
        os.close(handle)


def _apart(mutant: Mutant, tests: Sequence[str], limit: float, folder: Path) -> tuple[str, str]:
    """The same in a new Python, in which the module is the mutant from the first import on."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutation.swapped",
               "-p", "no:xdist", f"--basetemp={folder / 'apart'}", *tests]  # fmt: skip
    environment = {**os.environ, "MUTANT": json.dumps([mutant.module, mutant.name])}
    environment.pop(PLAN)
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = child.communicate(timeout=limit + SETUP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return TIMEOUT, ""
    if child.returncode == 0:
        return SURVIVED, ""
    first = [line.split(" ")[1] for line in out.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return KILLED, first[0] if first else "it cannot be imported"
