"""How much of what we measured is our own doing: a call seems slow when we are slow to read its answer.

Two witnesses, and each sees what the other cannot. A beat on the event loop is late whenever the loop could not run: it was
stopped, another target's parsing held it, or a worker thread held the interpreter. The kernel's account of the loop's thread
(schedstat, on Linux) knows to the microsecond how long it waited for a CPU, which a beat sees only in part. The larger of
the two is the delay. Nothing here can see what a slow network or a slow node did.

Assumes one event loop a thread. Never says that a duration is the source's unless it would be without us (decision 0017).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

BEAT_SECONDS = 0.02
PUNCTUAL_SECONDS = 0.005  # a beat this late is on time: timers are a millisecond coarse, and other callbacks have turns
UNNOTICED_TURNS = 2
NOTABLE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Seconds of one stretch of time, of the loop's thread."""

    stood: float = 0.0  # a beat was due and did not come
    waited: float = 0.0  # ready to run, without a CPU; 0 where the kernel keeps no account
    worked: float = 0.0  # on a CPU, for whatever purpose

    @property
    def seconds(self) -> float:
        """The scheduling delay, as it is published."""
        return max(self.stood, self.waited)

    @property
    def at_most(self) -> float:
        """No answer was read later than this because of us.

        A beat that was late may have been due to any moment before it. Work that no beat noticed is shorter than a beat each
        time, and can hold up an answer once for its head and once for its body; what ended before the answer came held up
        nobody, so the sum of all work is no bound.
        """
        unnoticed = min(self.worked, UNNOTICED_TURNS * (BEAT_SECONDS + PUNCTUAL_SECONDS))
        return max(self.stood + BEAT_SECONDS if self.stood else 0.0, self.waited + unnoticed)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A duration by our own clock."""

    seconds: float
    delay: Delay = field(default_factory=Delay)

    def exceeds(self, bound: float) -> bool | None:
        """None when it is over the bound, and might not be without our delay: then nobody knows."""
        if self.seconds <= bound:
            return False
        return True if self.seconds - self.delay.at_most > bound else None

    @property
    def mostly_ours(self) -> bool:
        """Whoever was waited for had less than half of the time; a few milliseconds are nobody's wait."""
        return self.delay.seconds > NOTABLE_SECONDS and 2 * self.delay.seconds > self.seconds


@dataclass(kw_only=True)
class _Beat:
    """The beat of one event loop; it runs while somebody observes, and costs nothing in between."""

    observers: int = 0
    stood: float = 0.0
    due: float = 0.0
    handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self.observers += 1
        if self.handle is None:
            self._arm()

    def end(self) -> None:
        self.observers -= 1
        if not self.observers and self.handle is not None:
            self.stood = self.total()
            self.handle.cancel()
            self.handle = None

    def total(self) -> float:
        """With the beat that is overdue just now: asyncio hears of answers first and of timers then."""
        late = time.monotonic() - self.due if self.handle is not None else 0.0
        return self.stood + (late if late > PUNCTUAL_SECONDS else 0.0)

    def _arm(self) -> None:
        self.due = time.monotonic() + BEAT_SECONDS
        self.handle = asyncio.get_running_loop().call_at(self.due, self._beat)

    def _beat(self) -> None:
        self.stood = self.total()
        self._arm()


_BEATS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Beat] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What has been measured since the observation began; asked while it lasts."""

    beat: _Beat
    began: float
    before: Delay

    def measured(self) -> Measured:
        after = _account(self.beat)
        return Measured(
            seconds=time.monotonic() - self.began,  # read last, as `began` first: a delay is never longer than its time
            delay=Delay(
                stood=after.stood - self.before.stood,
                waited=after.waited - self.before.waited,
                worked=after.worked - self.before.worked,
            ),
        )


@contextmanager
def observed() -> Iterator[Observed]:
    """Measure from here, with our own delay; inside of a running event loop, and asked in its thread."""
    beat = _BEATS.setdefault(asyncio.get_running_loop(), _Beat())
    beat.begin()
    try:
        began = time.monotonic()
        yield Observed(beat=beat, began=began, before=_account(beat))
    finally:
        beat.end()


def _account(beat: _Beat) -> Delay:
    """Of this thread since it began, and of its loop."""
    return Delay(stood=beat.total(), waited=_waited(), worked=time.process_time())


def _waited() -> float:
    try:
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as account:  # noqa: PTH123 - five times a probe
            return int(account.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
