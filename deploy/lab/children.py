"""Start a program that ends when we end, whatever ends us: what every part of the lab and of the tests is started with.

A child leads a session of its own and is told to a watcher (`deploy/lab/watcher.py`) before its program begins: it waits at
a pipe for a word of ours, and leaves if we are gone. So there is no moment at which our death leaves it behind. PR_SET_PDEATHSIG
would be shorter and is not enough: a set-user-id program clears it, it reaches no grandchild, and it is sent already when
the thread ends that started the child.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab import watcher

WATCHER = Path(watcher.__file__)
# Reads one line from us, or ends with us; then becomes the program, under the same pid.
GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh")


@dataclass(kw_only=True)
class _Watcher:
    """The pipe to our watcher, which is started with the first child."""

    pipe: int = -1
    owner: int = 0  # a fork of us needs a watcher of its own
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, text: str) -> None:
        with self.lock:
            if self.owner != os.getpid():
                self.pipe, self.owner = _start_watcher(), os.getpid()
            os.write(self.pipe, text.encode())


_watcher = _Watcher()


def _start_watcher() -> int:
    """The end of the pipe that only we hold: no program we start inherits it."""
    reading, writing = os.pipe()
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    command = [sys.executable, "-I", "-S", "-B", str(WATCHER)]
    actions = [(os.POSIX_SPAWN_DUP2, reading, 0), *quiet]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=actions, setsid=True)
    os.close(reading)
    return writing


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """As `Popen(command, **options)`, with nothing on standard input; raises FileNotFoundError for what is no program."""
    _need(command[0], (options.get("env") or os.environ).get("PATH"))
    process = subprocess.Popen([*GATE, *command], stdin=subprocess.PIPE, start_new_session=True, **options)
    gate, process.stdin = process.stdin, None
    assert gate is not None  # noqa: S101  it was asked for
    _watcher.tell(f"+{process.pid}\n")
    with gate:
        os.write(gate.fileno(), b"\n")
    return process


def _need(program: str, path: str | None) -> None:
    """The shell would say it only in the log."""
    if shutil.which(program, path=path) is None:
        raise FileNotFoundError(2, "no such program", program)


def run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` with captured text; the program ends with us as well."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        output, complaints = process.communicate()
    finally:
        end(process, grace_seconds=0)
    return subprocess.CompletedProcess(list(command), process.returncode, output, complaints)


def end(process: subprocess.Popen[Any], *, grace_seconds: float) -> None:
    """End a child and all that it started: SIGTERM, and SIGKILL for what is left after the grace; without a grace at once."""
    leader = watcher.look_up(process.pid) if process.returncode is None else None
    if grace_seconds and leader:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    watcher.end({process.pid: leader.started if leader else -1}, grace_seconds=0)
    process.wait()
    with contextlib.suppress(OSError):  # a watcher that was killed has nothing to forget
        _watcher.tell(f"-{process.pid}\n")
