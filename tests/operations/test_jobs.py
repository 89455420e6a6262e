"""The contract of `Jobs`, on what runs them in this process: one of a key waits, one of a lock runs, and no clock is asked."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe.operations.scheduler import EmbeddedJobs
from sankofa_observe.ports import Job
from tests.pace import limit, until

KILLED_IN_THE_MIDDLE = """
import os, signal, sys, threading
from pathlib import Path
from sankofa_observe.operations.scheduler import EmbeddedJobs
from sankofa_observe.ports import Job
begun, ended = Path(sys.argv[1]), threading.Event()
def work(key):
    again = begun.exists()
    begun.touch()
    if not again:
        os.kill(os.getpid(), signal.SIGKILL)
    ended.set()
jobs = EmbeddedJobs()
jobs.register("settling", work)
jobs.every(3600, Job(name="settling", key="fleet", lock="settling"))
jobs.start()
ended.wait()
jobs.stop()
"""


@dataclass
class Stopwatch:
    """A monotonic clock that a test moves."""

    at: float = 0

    def __call__(self) -> float:
        return self.at

    def forward_to(self, at: float, jobs: EmbeddedJobs) -> None:
        self.at = at
        with jobs._changed:
            jobs._changed.notify()


@dataclass
class Working:
    """Work that notes its keys, and may be held up."""

    free: threading.Event = field(default_factory=threading.Event)
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def __call__(self, key: str) -> None:
        self.began.append(key)
        assert self.free.wait(limit(30))
        self.ended.append(key)


@pytest.fixture
def jobs() -> Iterator[EmbeddedJobs]:
    made = EmbeddedJobs()
    yield made
    made.stop()


def job(key: str, lock: str = "lock", name: str = "work") -> Job:
    return Job(name=name, key=key, lock=lock)


def test_a_job_that_waits_is_not_deferred_twice(jobs: EmbeddedJobs) -> None:
    """While it waits it is one; once it runs, the next one waits behind it."""
    work = Working()
    jobs.register("work", work)
    jobs.start()
    assert jobs.defer(job("first"))
    until(lambda: work.began)
    assert [jobs.defer(job("first")), jobs.defer(job("first")), jobs.defer(job("other"))] == [True, False, True]
    work.free.set()
    until(lambda: len(work.ended) == 3)
    assert work.ended == ["first", "first", "other"]


def test_jobs_of_one_lock_never_overlap(jobs: EmbeddedJobs) -> None:
    """Those of another lock run beside them."""
    held, free = Working(), Working()
    free.free.set()
    jobs.register("held", held)
    jobs.register("free", free)
    jobs.start()
    for key in "abc":
        jobs.defer(job(key, "region-1", "held"))
    jobs.defer(job("d", "region-2", "free"))
    until(lambda: free.ended)
    assert (held.began, held.ended) == (["a"], [])
    held.free.set()
    until(lambda: len(held.ended) == 3)
    assert held.began == held.ended == ["a", "b", "c"]


def test_a_job_begins_at_once_and_a_late_one_runs_once() -> None:
    """Held up over three of its times it runs once for them, and then when it is due."""
    watch, free, ran = Stopwatch(), threading.Event(), list[float]()

    def work(_: str) -> None:
        ran.append(watch.at)
        assert free.wait(limit(30))

    jobs = EmbeddedJobs(watch)
    jobs.register("work", work)
    jobs.every(10, job("fleet"))
    jobs.start()
    until(lambda: ran)
    watch.forward_to(35, jobs)
    until(lambda: jobs._waiting)
    free.set()
    until(lambda: len(ran) == 2)
    for at in (39, 40):
        watch.forward_to(at, jobs)
    until(lambda: len(ran) == 3)
    jobs.stop()
    assert ran == [0, 35, 40]


@pytest.mark.parametrize("moved_seconds", [-3600, 600])
def test_a_clock_that_is_moved_stops_no_schedule(
    moved_seconds: int, jobs: EmbeddedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set back an hour or ahead ten minutes between two turns, the next ones come as if nothing had happened."""
    offset, ran = timedelta(), list[str]()

    class Moved(datetime):
        """What APScheduler takes for the time."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + offset

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Moved)
    jobs.register("work", ran.append)
    jobs.every(0.02, job("fleet"))
    jobs.start()
    until(lambda: ran)
    offset = timedelta(seconds=moved_seconds)
    before = len(ran)
    until(lambda: len(ran) >= before + 3)


def test_a_job_that_fails_is_logged_and_frees_its_lock(jobs: EmbeddedJobs, caplog: pytest.LogCaptureFixture) -> None:
    """The next one of its lock runs."""
    ran: list[str] = []

    def work(key: str) -> None:
        ran.append(key)
        raise ZeroDivisionError(key)

    jobs.register("work", work)
    jobs.defer(job("before it was started"))
    jobs.defer(job("after"))
    jobs.start()
    until(lambda: len(ran) == 2)
    jobs.stop()
    assert ran == ["before it was started", "after"]
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [(logging.ERROR, "job failed")] * 2


@pytest.mark.parametrize("ask", [EmbeddedJobs.defer, lambda jobs, job: jobs.every(1, job)], ids=["defer", "every"])
def test_a_job_that_nobody_registered_is_refused(jobs: EmbeddedJobs, ask: Callable[[EmbeddedJobs, Job], None]) -> None:
    """It would wait for ever; what is known is named."""
    jobs.register("observing", lambda _: None)
    with pytest.raises(KeyError, match=r"no work is registered for job 'work'; known: observing"):
        ask(jobs, job("fleet"))


def test_stopping_lets_what_runs_end_and_starts_nothing_more() -> None:
    """What still waits is run by the next process."""
    work = Working()
    jobs = EmbeddedJobs()
    jobs.register("work", work)
    jobs.start()
    jobs.defer(job("runs"))
    jobs.defer(job("waits"))
    until(lambda: work.began)
    stopping = threading.Thread(target=jobs.stop)
    stopping.start()
    until(lambda: not jobs._running)
    work.free.set()
    stopping.join(limit(30))
    assert (work.ended, work.began) == (["runs"], ["runs"])


def test_a_job_whose_process_was_killed_runs_again(tmp_path: Path) -> None:
    """At the next start, at once."""
    command = [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(tmp_path / "begun")]
    ended = [subprocess.run(command, cwd=CHECKOUT, check=False, timeout=limit(60)).returncode for _ in range(2)]
    assert ended == [-9, 0]
