"""Children end with their parent: whatever ends it, however deaf they are, and with all that they started themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.lab import children, watcher
from deploy.lab.processes import Processes
from deploy.parts import CHECKOUT

pytestmark = pytest.mark.timeout(120)
# A parent as the demo and a test worker are one: it starts a child through `Processes` and works on.
PARENT = """
import signal, sys, time
from pathlib import Path
from deploy.lab.processes import Processes

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
processes = Processes(folder=Path(sys.argv[1]))
processes.start("child", [sys.executable, "-c", sys.argv[2]])
time.sleep(600)
"""
# Deaf to SIGTERM, as is its child; its second child leads a session of its own, as npm's and a database's may.
CHILD = """
import os, signal, subprocess, sys, time
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
started = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
print(os.getpid(), *(one.pid for one in started), flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    found = watcher.look_up(pid)
    return found is not None and found.state != "Z"


@contextmanager
def running_parent(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The parent; ended by us only where the test did not."""
    parent = children.start([sys.executable, "-c", PARENT, str(folder), CHILD], cwd=CHECKOUT)
    try:
        yield parent
    finally:
        children.end(parent, grace_seconds=0)


def wait_for_words(log: Path, count: int) -> list[int]:
    while not log.is_file() or len(words := log.read_text().split()) < count:
        time.sleep(0.02)
    return [int(word) for word in words]


def wait_until_gone(pids: list[int]) -> None:
    """The limit is the test's own."""
    while any(alive(pid) for pid in pids):
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_child_and_its_children_end_with_a_parent_that_is_killed(number: signal.Signals, tmp_path: Path) -> None:
    """A deaf child, its child and one in a session of its own are gone after the parent, by whichever signal it went."""
    with running_parent(tmp_path) as parent:
        pids = wait_for_words(tmp_path / "logs" / "child.log", 3)
        running = [alive(pid) for pid in pids]
        parent.send_signal(number)
        code = parent.wait()
        wait_until_gone(pids)

    assert (code, running) == (-number, [True, True, True])


def test_a_child_that_is_frozen_ends_with_its_parent(tmp_path: Path) -> None:
    """A stopped process hears no SIGTERM; it is gone all the same."""
    with running_parent(tmp_path) as parent:
        pids = wait_for_words(tmp_path / "logs" / "child.log", 3)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        parent.kill()
        wait_until_gone(pids)


def test_a_child_lives_on_when_the_thread_that_started_it_ends(processes: Processes) -> None:
    """What matters is the process that started it, not the thread."""
    thread = threading.Thread(target=processes.start, args=("child", ["sleep", "600"]))
    thread.start()
    thread.join()
    time.sleep(0.2)

    assert [child.alive() for child in processes.children] == [True]


def test_a_child_that_ended_well_leaves_no_child_of_its_own(processes: Processes) -> None:
    """A child that obeys SIGTERM at once and leaves a deaf one behind: ending it ends both."""
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    spawn = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {deaf!r}]); print(p.pid, flush=True); time.sleep(600)"
    child = processes.start("child", [sys.executable, "-c", spawn])
    processes.wait_until(child, lambda: len(child.tail().split()) == 2)
    grandchild = next(int(word) for word in child.tail().split() if word.isdecimal())
    child.stop(grace_seconds=60)

    assert (child.process.returncode, alive(grandchild)) == (-signal.SIGTERM, False)


def test_a_pid_that_is_used_again_is_not_taken_for_a_child() -> None:
    """A process whose start time is not that of the child is left alone, with its session."""
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        watcher.end({stranger.pid: 1}, grace_seconds=0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_child_begins_no_program_without_its_parent(tmp_path: Path) -> None:
    """A child whose parent is gone before it was told to the watcher leaves without starting its program."""
    made = tmp_path / "made"
    gate = subprocess.Popen([*children.GATE, "touch", str(made)], stdin=subprocess.PIPE)
    gate.communicate()

    assert (gate.returncode != 0, made.exists()) == (True, False)


def test_output_and_exit_code_of_a_program_are_those_it_gave() -> None:
    """`run` answers what the program printed on both streams and how it ended."""
    done = children.run(["sh", "-c", "cat; echo out; echo err >&2; exit 3"])

    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_what_is_no_program_is_told_before_anything_starts() -> None:
    """A program that cannot be found raises, as it does without the watcher."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        children.start(["no-such-program"])
