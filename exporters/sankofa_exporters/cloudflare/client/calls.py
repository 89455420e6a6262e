"""The API's call budget as a token bucket, corrected by what the API itself reports as left.

Cloudflare allows 1,200 calls in five minutes for a token and the user behind it; over it everything is refused for the
next five. A bucket of a tenth that refills with the other nine tenths spends at most `calls` in any five minutes. The
clock is handed in; a clock that jumps back only makes us slower. Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.remembered import LONGEST_WAIT_SECONDS
from sankofa_exporters.reading.backoff import Backoff, retry_after

WINDOW_SECONDS = 300.0
BURST_DIVISOR = 10
FLOOR_CALLS = 120  # of the token's own quota: left to people and their dashboards, and to our list
_LEFT, _RESET = (re.compile(rf";\s*{name}=(\d{{1,9}})\s*(?:;|$)") for name in "rt")


@dataclass(frozen=True, kw_only=True)
class Left:
    """The scarcest item of a `Ratelimit` header: calls left, and when the window starts anew."""

    calls: int
    resets_at: float


@dataclass(kw_only=True)
class CallBudget:
    """How many calls may be made now; `backoff` is shared by all that use the same token."""

    calls: int
    clock: Callable[[], float]
    backoff: Backoff
    tokens: float = field(init=False)
    filled_at: float = field(init=False)
    left: Left | None = None

    def __post_init__(self) -> None:
        self.tokens, self.filled_at = self.burst, self.clock()

    @property
    def burst(self) -> float:
        return self.calls / BURST_DIVISOR

    @property
    def is_blocked(self) -> bool:
        return self.clock() < self.backoff.until

    def may(self, *, keep: float = 0) -> bool:
        """Whether a call may be made that leaves `keep` tokens; with `keep`, the API's own quota keeps its floor too."""
        now = self.clock()
        self._refill(now)
        if self.is_blocked or self.tokens < 1 + keep:
            return False
        if self.left is None or now >= self.left.resets_at:
            return True
        return self.left.calls > (FLOOR_CALLS if keep else 0)

    def take(self, *, keep: float = 0) -> bool:
        """Spend one token, if there is one."""
        allowed = self.may(keep=keep)
        self.tokens -= allowed
        return allowed

    def check(self, where: str) -> None:
        """Raise `limit` when no call may be made now, with the reason."""
        self.backoff.check(where)
        if not self.may():
            raise CollectorError(Kind.LIMIT, f"{where}: the API's call budget is spent for now")

    def learn(self, headers: httpx.Headers) -> None:
        """What any answer's headers report as left."""
        scarcest = _scarcest(headers)
        if scarcest is not None:
            left, seconds = scarcest
            self.left = Left(calls=left, resets_at=self.clock() + min(seconds, LONGEST_WAIT_SECONDS))

    def refused(self, where: str, headers: httpx.Headers, now: float) -> CollectorError:
        """A 429: nobody asks again before `retry-after` and the reset have both passed; `now` in seconds since 1970."""
        scarcest = _scarcest(headers)
        wait = max(retry_after(headers, now) or 0.0, scarcest[1] if scarcest else 0.0) or WINDOW_SECONDS
        error = CollectorError(
            Kind.LIMIT,
            f"{where}: the API refuses calls for now (429)",
            retry_after_seconds=min(max(wait, 1.0), LONGEST_WAIT_SECONDS),
        )
        self.backoff.learn(error)
        return error

    def _refill(self, now: float) -> None:
        rate = (self.calls - self.burst) / WINDOW_SECONDS
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled_at) * rate)
        self.filled_at = now


def _scarcest(headers: httpx.Headers) -> tuple[int, float] | None:
    """(left, seconds to the reset) of the item with the least left: `"default";r=50;t=30, "burst";r=9;t=3`."""
    items = [(_LEFT.search(item), _RESET.search(item)) for item in headers.get("ratelimit", "").split(",")]
    found = [(int(left[1]), float(reset[1])) for left, reset in items if left and reset]
    return min(found, default=None)
