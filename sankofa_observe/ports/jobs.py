"""What is to be run: once soon, or again and again. In one process by threads; later by workers on many machines.

Work is registered under a name in every process that may run it, and a job names it: nothing but text crosses a queue. A job may
run twice, after a crash in the middle of it; what it does is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Work = Callable[[str], None]
"""Does all there is to do for one key; an error that it raises is logged and ends this run only."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work."""

    name: str  # of the registered work
    key: str  # which piece of it: two with this name and key that wait are one
    lock: str  # two jobs with one lock never overlap


class Jobs(Protocol):
    """A queue of jobs, and who works on it."""

    def register(self, name: str, work: Work) -> None:
        """Before `start`; a name stands for one work."""

    def every(self, seconds: float, job: Job) -> None:
        """Defer it when started, and again each so many seconds; one that is late is run once, not once for each it missed.

        What time it is on any clock is not asked: one that is set back or ahead changes nothing.
        """

    def defer(self, job: Job) -> bool:
        """Run it soon; False when one with its name and key waits already. Raises KeyError for a name that nobody registered."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Start nothing more, and return when what runs has ended."""
