"""A question whose answer outlives the probe that asked it.

An attempt runs in a task of its own and under its own deadline: a probe waits for it as long as it has time, and its end
ends no attempt, so one caller's short timeout is never noted as the source's. What the source *says*, a refusal included,
takes the place of the last answer at once. Silence is no news: the last answer stays, with its age, until it is too old to
be believed. After a failure the source is left alone, for as long as it asked or for a time that doubles.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sankofa_exporters.model.failure import CollectorError, Failure, Kind

from .budget import Budget

log = logging.getLogger(__name__)
DEADLINE_SECONDS = 20.0  # of one attempt
RETRY_SECONDS = 15.0  # after one failure; doubled at each further one in a row
LONGEST_WAIT_SECONDS = 900.0  # a source that asks for more is taken for broken
# The source did not answer, or could not just now: nothing of what it said before is contradicted.
SILENCE = frozenset({Kind.TIMEOUT, Kind.REFUSED, Kind.DNS, Kind.TLS, Kind.LIMIT, Kind.HTTP})

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Aged(Generic[V]):
    """A remembered answer as a collector's result."""

    value: V
    age_seconds: float


@dataclass(kw_only=True)
class Remembered(Generic[V]):
    """One question; `clock` is any that counts seconds, and one that is set back makes nothing young."""

    name: str
    period_seconds: float  # an answer younger than this is not asked for again
    cap_seconds: float  # one older than this is not believed
    deadline_seconds: float = DEADLINE_SECONDS
    retry_seconds: float = RETRY_SECONDS
    doubled_until_seconds: float = LONGEST_WAIT_SECONDS  # a source whose recovery must be noticed sooner sets it lower
    clock: Callable[[], float] = time.monotonic
    value: V | None = None
    answered_at: float | None = None  # when the attempt began that gave the value
    failure: Failure | None = None  # of the last attempt
    tried_at: float | None = None
    failures: int = 0  # in a row
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def was_tried(self) -> bool:
        """Whether an attempt has come to an end."""
        return self.answered_at is not None or self.failure is not None

    def age_seconds(self, now: float) -> float | None:
        """Of the value; None without one, and for one of the future: a clock was set back."""
        if self.answered_at is None or now < self.answered_at:
            return None
        return now - self.answered_at

    def wait_seconds(self) -> float:
        """How long after the last attempt began the next one may begin."""
        if self.failure is None:
            return self.period_seconds
        doubled = min(self.retry_seconds * (1 << min(self.failures - 1, 10)), self.doubled_until_seconds)
        wait = max(doubled, self.failure.retry_after_seconds or 0)
        return min(wait, max(LONGEST_WAIT_SECONDS, self.retry_seconds))

    def overdue(self, now: float) -> float:
        """How many waits have passed since the last attempt: from 1 on it is due, and never tried is infinitely due."""
        if self.tried_at is None or now < self.tried_at or not self.wait_seconds():
            return float("inf")
        return (now - self.tried_at) / self.wait_seconds()

    def is_due(self, now: float, *, every: float | None = None) -> bool:
        """Not under way, and its wait is over; `every` shortens the wait after a good answer."""
        if self.is_running:
            return False
        if every is not None and self.failure is None and self.tried_at is not None:
            return not 0 <= now - self.tried_at < every
        return self.overdue(now) >= 1

    def begin(self, ask: Callable[[Budget], Awaitable[V]]) -> None:
        """Start an attempt, unless one is under way."""
        if self.is_running:
            return
        self.tried_at = self.clock()
        self._task = asyncio.get_running_loop().create_task(self._attempt(ask, self.tried_at), name=self.name)

    async def wait(self, seconds: float) -> None:
        """Until the attempt under way ends, for `seconds` at most; it goes on when they are over."""
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=seconds)

    def note(self, value: V) -> None:
        """An answer that was known without asking."""
        self.value, self.answered_at, self.failure, self.failures = value, self.clock(), None, 0
        self.tried_at = self.answered_at

    def believable(self) -> Aged[V] | None:
        """The answer while it is young enough."""
        age = self.age_seconds(self.clock())
        if self.value is None or age is None or age > self.cap_seconds:
            return None
        return Aged(value=self.value, age_seconds=age)

    def recall(self) -> Aged[V]:
        """The answer with its age; raises the failure that took its place, or says why there is none."""
        found = self.believable()
        if found is not None:
            return found
        if self.failure is not None:
            raise CollectorError.of(self.failure)
        if self.is_running:
            raise CollectorError(Kind.TIMEOUT, f"{self.name}: no answer yet; the next probe finds it")
        if self.answered_at is None:
            raise CollectorError(Kind.STALE, f"{self.name}: not asked yet; its turn comes within a few probes")
        raise CollectorError(Kind.STALE, f"{self.name}: the last answer is older than {self.cap_seconds:.0f} s")

    def cancel(self) -> None:
        """End the attempt under way: nobody will ask any more."""
        if self._task is not None:
            self._task.cancel()

    async def _attempt(self, ask: Callable[[Budget], Awaitable[V]], began_at: float) -> None:
        try:
            async with asyncio.timeout(self.deadline_seconds):
                value = await ask(Budget.of(self.deadline_seconds))
        except CollectorError as error:
            self._failed(error.settled())
        except TimeoutError:
            self._failed(Failure(kind=Kind.TIMEOUT, reason=f"{self.name}: no answer in {self.deadline_seconds:.0f} s"))
        except Exception as error:  # noqa: BLE001 - nobody may be waiting: a defect is reported like any other failure
            # Without the traceback, which could quote the payload.
            log.error("defect", extra={"question": self.name, "defect": type(error).__name__})  # noqa: TRY400
            self._failed(Failure(kind=Kind.DECODE, reason=f"{self.name}: unexpected {type(error).__name__}"))
        else:
            self.value, self.answered_at, self.failure, self.failures = value, began_at, None, 0

    def _failed(self, failure: Failure) -> None:
        self.failure, self.failures = failure, self.failures + 1
        if failure.kind not in SILENCE:
            self.value = self.answered_at = None
