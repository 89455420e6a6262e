"""Start real programs on loopback, wait until they answer, and end exactly those.

Used by the demo and by the tests. Every child runs in a session of its own and is ended by pid, never by name, with all that
it started, and it ends with us whatever ends us (`deploy.lab.children`). A child that dies early is reported with the last
lines of its log.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from deploy.lab import children
from deploy.lab.client import local
from deploy.lab.pace import measured


class LabError(Exception):
    """A lab part could not start, or died; the message names the part and the cure."""


@dataclass(kw_only=True)
class Child:
    """One running program."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ended: bool = False  # by us, so its end is no accident

    def alive(self) -> bool:
        return self.process.poll() is None

    def tail(self, lines: int = 8) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        self.ended = True
        children.end(self.process, grace_seconds=0)

    def stop(self, grace_seconds: float = 5) -> None:
        self.ended = True
        children.end(self.process, grace_seconds=grace_seconds)


@dataclass(kw_only=True)
class Processes:
    """The children of one lab, ended in reverse order of their start."""

    folder: Path
    look: Callable[[], None] = lambda: None  # called while something is waited for; raises where all is to end
    children: list[Child] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Child:
        """Start `command`; its output goes to `<folder>/logs/<name>.log`."""
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = children.start(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=cwd
            )
        child = Child(name=name, process=process, log=log)
        self.children.append(child)
        return child

    def wait_until(self, child: Child, ready: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until `ready` is true; raise `LabError` when the child dies or time is up (`seconds` at pace 1.0)."""
        limit = measured().limit(seconds)
        deadline = time.monotonic() + limit
        while not _quietly(ready):
            self.look()
            if not child.alive():
                raise LabError(f"{child.name}: exited with {child.process.returncode}; its last lines:\n{child.tail()}")
            if time.monotonic() > deadline:
                raise LabError(f"{child.name}: not ready after {limit:g} s; its last lines:\n{child.tail()}")
            time.sleep(0.05)

    def dead(self) -> list[Child]:
        """Children that ended by themselves."""
        return [child for child in self.children if not child.ended and not child.alive()]

    def stop(self) -> None:
        """End them all; one that cannot be ended well holds up none of the others."""
        with ExitStack() as ending:
            for child in self.children:
                ending.callback(child.stop)  # the last one first
        self.children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def answers(url: str) -> Callable[[], bool]:
    """A readiness check: GET `url` answers 200."""
    return lambda: local.get(url, timeout=measured().limit(1)).status_code == httpx.codes.OK


def _quietly(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except (httpx.HTTPError, OSError):
        return False
