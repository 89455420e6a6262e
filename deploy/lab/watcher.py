"""Ends what a process has started when that process ends, whatever ended it: SIGKILL included.

Started once by `deploy.lab.children` as a process and a session of its own. Standard input is a pipe that only the parent
writes to: `+PID` for a child that leads a session, `-PID` for one that the parent has ended itself. When the parent is gone
the kernel closes the pipe, and every session that is left is ended, with all its descendants: SIGTERM, then SIGKILL.

Assumes Linux (/proc) and nothing else: standard library only, so that it starts in some ten milliseconds. It never touches a
process that is neither in such a session nor a descendant of one, and never takes another's pid for a child's: a pid that is
used again has another start time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

GRACE_SECONDS = 2  # for an orderly end: nobody is left who waits for it, but a database removes its shared memory
LAST_SECONDS = 10  # after SIGKILL: what the kernel does not let go of is nobody's to wait for
LOOK_SECONDS = 0.02


class Process(NamedTuple):
    """One line of /proc."""

    pid: int
    state: str
    parent: int
    session: int
    started: int  # clock ticks since boot


def look_up(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  no imports to spare
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(pid, words[0], int(words[1]), int(words[3]), int(words[19]))


def all_processes() -> dict[int, Process]:
    found = (look_up(int(name)) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208
    return {one.pid: one for one in found if one is not None}


def family(leaders: dict[int, int]) -> list[Process]:
    """Everything alive in the sessions of `leaders` (pid: start time), and every descendant of those."""
    processes = all_processes()
    ours = {pid for pid, started in leaders.items() if pid not in processes or processes[pid].started == started}
    members = {one.pid for one in processes.values() if one.session in ours}
    while more := {one.pid for one in processes.values() if one.parent in members} - members:
        members |= more
    return [processes[pid] for pid in members if processes[pid].state != "Z"]


def send(number: signal.Signals, processes: Iterable[Process]) -> None:
    for one in processes:
        now = look_up(one.pid)
        if now is not None and now.started == one.started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one.pid, number)


def end(leaders: dict[int, int], grace_seconds: float = GRACE_SECONDS) -> None:
    """End the sessions of `leaders`; without a grace at once."""
    left = family(leaders)
    if grace_seconds:
        send(signal.SIGTERM, left)
        send(signal.SIGCONT, left)  # a stopped process would not hear
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        left = _left(leaders, left)
    deadline = time.monotonic() + LAST_SECONDS
    while left and time.monotonic() < deadline:
        send(signal.SIGKILL, left)
        time.sleep(LOOK_SECONDS)
        left = _left(leaders, left)


def _left(leaders: dict[int, int], before: list[Process]) -> list[Process]:
    """Who still runs: of the sessions, and of those that once were known to descend from them."""
    starts = {one.pid: one.started for one in before}
    sessions = {one.session: starts.get(one.session, -1) for one in before}  # a descendant's own as well
    known = {one.pid: one for one in family(sessions | leaders)}
    for one in before:
        now = look_up(one.pid)
        if now is not None and now.started == one.started and now.state != "Z":
            known[one.pid] = now
    return list(known.values())


def main() -> None:
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
    ):  # what ends the parent's group must not end its watcher
        signal.signal(number, signal.SIG_IGN)
    leaders: dict[int, int] = {}
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "-":
            leaders.pop(pid, None)
        elif (child := look_up(pid)) is not None:
            leaders[pid] = child.started
    end(leaders)


if __name__ == "__main__":
    main()
