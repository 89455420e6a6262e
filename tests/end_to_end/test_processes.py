"""The runner of real programs: what starts is ended, what dies is told, what is missing is named with its cure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.lab import watcher
from deploy.lab.ports import free_port
from deploy.lab.processes import LabError, Processes, answers
from deploy.parts import PartsError, need_program
from tests.pace import limit

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    found = watcher.look_up(pid)
    return found is not None and found.state != "Z"


def test_a_child_that_dies_early_is_told_with_its_last_lines(processes: Processes) -> None:
    """A program that ends before it is ready raises at once, with its name, exit code and last words."""
    child = processes.start("broken", [sys.executable, "-c", "import sys; print('no such port'); sys.exit(3)"])

    with pytest.raises(LabError, match=r"(?s)broken: exited with 3.*no such port"):
        processes.wait_until(child, lambda: False, seconds=10)


def test_a_child_that_is_never_ready_is_told_after_its_time(processes: Processes) -> None:
    """A program that runs and never answers raises when its time is up."""
    child = processes.start("slow", SLEEP)

    with pytest.raises(LabError, match=rf"slow: not ready after {limit(0.2):g} s"):
        processes.wait_until(child, answers(f"http://127.0.0.1:{free_port()}/"), seconds=0.2)


def test_every_child_and_its_children_end_with_the_lab(tmp_path: Path) -> None:
    """Leaving the lab ends each child with all it started itself, even one that ignores SIGTERM."""
    spawn = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    )
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with Processes(folder=tmp_path) as processes:
        parent = processes.start("parent", [sys.executable, "-c", spawn])
        stubborn = processes.start("stubborn", [sys.executable, "-c", deaf])
        processes.wait_until(parent, lambda: bool(parent.tail()))
        processes.wait_until(stubborn, lambda: bool(stubborn.tail()))
        grandchild = int(parent.tail())
        stubborn.stop(grace_seconds=0.2)

    assert [alive(pid) for pid in (parent.process.pid, stubborn.process.pid, grandchild)] == [False, False, False]


def test_only_a_child_that_ended_by_itself_counts_as_dead(processes: Processes) -> None:
    """A child we ended is no accident; one that ended by itself is."""
    ours = processes.start("ours", SLEEP)
    own = processes.start("own", [sys.executable, "-c", ""])
    own.process.wait()
    ours.kill()

    assert [child.name for child in processes.dead()] == ["own"]


def test_a_missing_program_is_named_with_its_cure() -> None:
    """What cannot be found is said with how to install it."""
    with pytest.raises(PartsError, match="no-such-tool: not found; install it with"):
        need_program("no-such-tool")
