"""How set-up speaks and runs commands: a line when a step begins, a sign of life while it lasts, one line when it fails.

Everything a command prints goes to a log under .cache/setup; what is shown is our own words. Assumes a single set-up at a
time (run.py holds a lock).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy.parts import CHECKOUT, find_program

LOGS = CHECKOUT / ".cache" / "setup"
SCRATCH = LOGS / "scratch"  # what a set-up needs until it ends
SIGN_OF_LIFE_SECONDS = 15
_CREDENTIALS = re.compile(r"//[^/\s'\"]+@")
_CONCEALED: set[str] = set()
_BROKEN = re.compile(r"connection broken by '(.+)': /")  # in pip's words


class SetupError(Exception):
    """Set-up cannot go on; the message is one line and names the cure."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


@dataclass(kw_only=True)
class Steps:
    """Counts the steps of one run and times each."""

    total: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.done += 1
        mark, began = f"[{self.done}/{self.total}]", time.monotonic()
        say(f"{mark} {what}")
        ended = threading.Event()
        alive = threading.Thread(target=_sign_of_life, args=(mark, began, ended), daemon=True)
        alive.start()
        try:
            yield
        finally:
            ended.set()
            alive.join()
        say(f"{mark} done in {time.monotonic() - began:.0f} s")


def _sign_of_life(mark: str, began: float, ended: threading.Event) -> None:
    """On a terminal a clock in one line, elsewhere a line now and then."""
    terminal = sys.stdout.isatty()
    while not ended.wait(1 if terminal else SIGN_OF_LIFE_SECONDS):
        passed = f"setup: {mark} {time.monotonic() - began:.0f} s"
        print(f"\r{passed} " if terminal else passed, end="" if terminal else "\n", flush=True)
    if terminal:
        print("\r\033[K", end="", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    log: str,
    cure: str,
    env: Mapping[str, str | None] | None = None,
    cwd: Path = CHECKOUT,
    hear: Callable[[str], None] | None = None,
) -> None:
    """Run a command with its output in `.cache/setup/<log>.log`; `hear` is given each line. Raises `SetupError` with `cure`.

    `env` is added to our own; a variable that is None there is taken away.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    file = LOGS / f"{log}.log"
    lines: list[str] = []
    with (
        file.open("a", encoding="utf-8", errors="replace") as output,
        subprocess.Popen(
            [*_bound_to_us(), *map(str, command)],
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,  # sudo may ask for a password
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={name: value for name, value in {**os.environ, **(env or {})}.items() if value is not None},
            cwd=cwd,
        ) as process,
    ):
        try:
            for line in map(shown, process.stdout or ()):
                output.write(line)
                lines.append(line.strip())
                if hear:
                    hear(line.strip())
        except BaseException:  # we are asked to end: so is what we started
            process.terminate()
            raise
    if process.returncode:
        raise SetupError(f"{reason(lines, process.returncode)}; {cure} (log: {file.relative_to(CHECKOUT)})")


def conceal(*addresses: str) -> None:
    """Keep what an address says beyond its host out of logs and messages: some indexes want a token there."""
    for address in addresses:
        path = urlsplit(address).path.strip("/")
        if path not in {"", "simple", "pypi/simple"}:
            _CONCEALED.add(path)


def shown(line: str) -> str:
    """A line as it may be kept: without what stands before the host of an address, and without what is concealed."""
    line = _CREDENTIALS.sub("//****@", line)
    for secret in _CONCEALED:
        line = line.replace(secret, "****")
    return line


def _bound_to_us() -> Sequence[str]:
    """What makes the kernel send SIGTERM to a command when we are killed; one that sudo runs as root goes on to its end."""
    return ("setpriv", "--pdeathsig", "TERM") if find_program("setpriv") else ()


def reason(lines: Sequence[str], code: int) -> str:
    """The line that says why: what broke the connection, else the first that is an error, else the last of all."""
    told = [line for line in lines if line]
    broken = [found.group(1) for line in told if (found := _BROKEN.search(line))]
    errors = [line for line in told if line.lower().startswith(("e:", "error", "npm err", "npm error"))]
    return [*broken[:1], *errors[:1], *told[-1:], f"exit {code}"][0][:300]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the time of the block."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


def place(target: Path, content: bytes) -> None:
    """A program, moved into place when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.chmod(0o755)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def need_room(megabytes: int, folder: Path = CHECKOUT) -> None:
    """Refuse before anything is written where the disk is too full."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise SetupError(f"{folder}: {free} MB free, {megabytes} MB are needed; make room and run this again")
