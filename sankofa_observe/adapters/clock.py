"""The clocks, in the one place that may read them."""

from __future__ import annotations

import time
from collections.abc import Callable


class SystemClock:
    def now(self) -> int:
        return int(time.time())


def within(seconds: float, *, look_seconds: float = 0.1) -> Callable[[Callable[[], bool]], None]:
    """Waits until something is so, and no longer than this."""

    def wait(done: Callable[[], bool]) -> None:
        latest = time.monotonic() + seconds
        while not done() and time.monotonic() < latest:
            time.sleep(look_seconds)

    return wait
