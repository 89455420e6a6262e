"""Jobs in this process: APScheduler 3.11 runs them in threads, and this is the only file that imports it.

When a job is due is decided here, on the monotonic clock. APScheduler's own triggers compare with the clock on the wall: set back an
hour, it runs nothing for an hour. So it is handed only what is due already, and is what starts and ends the threads.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from sankofa_observe.errors import ENDS
from sankofa_observe.ports import Job
from sankofa_observe.ports.jobs import Work

log = logging.getLogger(__name__)
LONG_PAST = datetime(1970, 1, 1, tzinfo=UTC)  # due on any clock


class EmbeddedJobs:
    """`Jobs` that end with the process; what was under way runs again when the next one starts, because `every` begins at once."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._threads = BackgroundScheduler(timezone=UTC)
        self._work: dict[str, Work] = {}
        self._due: list[tuple[float, int, float, Job]] = []  # when, then a number that orders equals, every, what
        self._numbers = itertools.count()
        self._waiting: list[Job] = []
        self._locked: set[str] = set()
        self._changed = threading.Condition()
        self._running = False
        self._timer = threading.Thread(target=self._keep_time, name="jobs", daemon=True)

    def register(self, name: str, work: Work) -> None:
        if name in self._work:
            raise ValueError(f"job {name!r} is registered already")
        self._work[name] = work

    def every(self, seconds: float, job: Job) -> None:
        self._known(job)
        with self._changed:
            heapq.heappush(self._due, (self._monotonic(), next(self._numbers), seconds, job))
            self._changed.notify()

    def defer(self, job: Job) -> bool:
        self._known(job)
        with self._changed:
            if any((one.name, one.key) == (job.name, job.key) for one in self._waiting):
                return False
            self._waiting.append(job)
            self._start_free()
            return True

    def start(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of each job that it adds
        self._threads.start()
        with self._changed:
            self._running = True
            self._start_free()
        self._timer.start()

    def stop(self) -> None:
        with self._changed:
            if not self._running:
                return
            self._running = False
            self._changed.notify()
        self._timer.join()
        self._threads.shutdown(wait=True)

    def _known(self, job: Job) -> None:
        if job.name not in self._work:
            raise KeyError(f"no work is registered for job {job.name!r}; known: {', '.join(self._work) or 'none'}")

    def _keep_time(self) -> None:
        """Defer what is due, and sleep until the next is."""
        while True:
            with self._changed:
                if not self._running:
                    return
                now = self._monotonic()
                if not self._due or self._due[0][0] > now:
                    self._changed.wait(self._due[0][0] - now if self._due else None)
                    continue
                at, _, seconds, job = heapq.heappop(self._due)
                missed = max(0, int((now - at) // seconds))
                heapq.heappush(self._due, (at + (missed + 1) * seconds, next(self._numbers), seconds, job))
            self.defer(job)

    def _start_free(self) -> None:
        """Start what waits and whose lock is free; called with the condition held."""
        if not self._running:
            return
        for job in list(self._waiting):
            if job.lock not in self._locked:
                self._waiting.remove(job)
                self._locked.add(job.lock)
                self._threads.add_job(self._run, "date", run_date=LONG_PAST, args=[job], misfire_grace_time=None)

    def _run(self, job: Job) -> None:
        try:
            self._work[job.name](job.key)
        except ENDS:
            raise
        except BaseException:
            log.exception("job failed", extra={"job": job.name, "key": job.key})
        finally:
            with self._changed:
                self._locked.discard(job.lock)
                self._start_free()
