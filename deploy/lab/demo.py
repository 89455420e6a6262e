"""The main job, end to end, on real parts: an outage at an edge site becomes a service credit.

`python -m deploy.lab.demo` starts the lab, takes the site down for a known time, and follows the datum from scrape to
credit. It ends with 0 only if slots and credit of the availability promise are those worked out by hand from the outage, the
evidence verifies, the page was delivered and every board has data. What can no longer come is told at once, with 1; what is
missing to begin at all, with 2. With --keep everything stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from deploy.lab import handover, outcome, report, story
from deploy.lab.pace import measured
from deploy.lab.plan import plan_for
from deploy.lab.processes import LabError, Processes
from deploy.lab.stack import Lab
from deploy.lab.story import Story
from deploy.parts import CHECKOUT, PartsError, missing_programs

PROGRAMS = ("prometheus", "prometheus-alertmanager", "anvil", "fakepve")
FOLDER = CHECKOUT / ".demo"
MARK = "emptied-by-the-demo"  # a folder that has it may be emptied
PATIENCE_SECONDS = 3  # at pace 1, for the parts of an earlier demo that was killed
WIDTH = 110  # where the output goes to a file
ACTS = (story.start, story.agree, story.serve, story.ready, story.live)


class CannotBegin(Exception):
    """Nothing was started; the message names the cure."""


def play(console: Console, folder: Path, *, keep: bool, look: Callable[[], None]) -> int:
    if missing := list(missing_programs(PROGRAMS)):
        raise CannotBegin(f"missing: {', '.join(missing)}; run: make setup")
    with alone(folder):
        now = measured().wall
        with Processes(folder=folder, look=look) as processes:
            told = Story(lab=Lab(processes=processes, plan=plan_for(now)), console=console)
            plan = told.plan
            told.say(
                f"this machine's pace is {now:.1f} (1 is a quiet one of two cores): a scrape each {plan.scrape_seconds} s, "
                f"{plan.slots} slots of {plan.slot_seconds} s"
            )
            for act in ACTS:
                look()
                act(told)
            wrong = tell(told)
            if keep:
                handover.show(told)
                while True:
                    told.stop_if_dead("everything was kept running")
                    time.sleep(1)
            return 1 if wrong else 0


def tell(told: Story) -> list[str]:
    """What came of it, and what of that is not as it must be."""
    came = outcome.follow(told)
    expected = outcome.by_hand(told, came.states)
    wrong = outcome.disagreements(came, expected)
    report.show(told, came, expected)
    for line in wrong:
        told.console.print(f"DISAGREES  {line}", style="red", markup=False)
    if not wrong:
        told.console.print(report.result(came), highlight=False)
    return wrong


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The folder, empty, and ours until the last part has ended: the watcher of our children holds the lock as well."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder != FOLDER and any(folder.iterdir()) and not (folder / MARK).exists():
            raise CannotBegin(f"{folder}: not empty, and not of an earlier demo; choose another folder with --folder")
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CannotBegin(f"{folder}: {error.strerror}; make room or choose another folder with --folder") from error
    try:
        os.set_inheritable(lock, True)
        _lock(lock, folder)
        _clear(folder)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    """Parts of a demo that was killed end within seconds; one that runs keeps the lock."""
    deadline = time.monotonic() + measured().limit(PATIENCE_SECONDS)
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                text = f"{folder}: another demo runs here; end it with Ctrl-C where it was started"
                raise CannotBegin(text) from None
        time.sleep(0.1)


def _clear(folder: Path) -> None:
    try:
        (folder / MARK).touch()
        for entry in folder.iterdir():
            if entry.name == MARK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        (folder / "logs").mkdir()
    except OSError as error:
        raise CannotBegin(
            f"{error.filename}: {error.strerror}; make room or choose another folder with --folder"
        ) from error


@contextmanager
def leaving_on_signals() -> Iterator[Callable[[], None]]:
    """Each of them ends as Ctrl-C does; a shell's background job starts with that ignored.

    What a signal raises while a destructor runs is lost with it: whoever waits calls what this answers, and ends then.
    """
    asked: list[int] = []

    def leave(number: int, _: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    def look() -> None:
        if asked:
            raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield look
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="demo", description="An outage at an edge site becomes a service credit.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is written; emptied first")
    options = parser.parse_args(arguments)
    return on_stage(lambda console, look: play(console, options.folder.resolve(), keep=options.keep, look=look))


def on_stage(perform: Callable[[Console, Callable[[], None]], int]) -> int:
    """Run it with a console and what looks for signals; its exit code, or that of what ended it, told in a line."""
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    try:
        with leaving_on_signals() as look:
            return perform(console, look)
    except KeyboardInterrupt:
        console.print("stopped; every part ends with it")
        return 130
    except CannotBegin as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 2
    except (LabError, PartsError, httpx.HTTPError, OSError) as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False, soft_wrap=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
