"""The API's call budget as a token bucket, corrected by what the API itself says is left.

Cloudflare allows 1,200 calls in five minutes for a token and the user behind it; over it everything is refused for the
next five. A bucket of a tenth that refills with the other nine tenths spends at most `calls` in any five minutes. The
clock is handed in; a clock that jumps back only makes us slower. Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WINDOW_SECONDS = 300.0
BURST_DIVISOR = 10
FLOOR_CALLS = 120  # of the token's own quota: left to people and their dashboards, and to our list
MAX_BLOCK_SECONDS = 900.0  # a retry-after beyond it is taken for nonsense
_LEFT, _RESET = (re.compile(rf";\s*{name}=(\d{{1,9}})\s*(?:;|$)") for name in "rt")
_SECONDS = re.compile(r"\d{1,9}")


@dataclass(frozen=True, kw_only=True)
class Left:
    """The scarcest item of a `Ratelimit` header: calls left, and when the window starts anew."""

    calls: int
    resets_at: float


@dataclass(kw_only=True)
class CallBudget:
    """How many calls may be made now."""

    calls: int
    clock: Callable[[], float]
    tokens: float = field(init=False)
    filled_at: float = field(init=False)
    blocked_until: float = 0.0
    left: Left | None = None

    def __post_init__(self) -> None:
        self.tokens, self.filled_at = self.burst, self.clock()

    @property
    def burst(self) -> float:
        return self.calls / BURST_DIVISOR

    def may(self, *, keep: float = 0) -> bool:
        """Whether a call may be made that leaves `keep` tokens; with `keep`, the API's own quota keeps its floor too."""
        now = self.clock()
        self._refill(now)
        if now < self.blocked_until or self.tokens < 1 + keep:
            return False
        if self.left is None or now >= self.left.resets_at:
            return True
        return self.left.calls > (FLOOR_CALLS if keep else 0)

    def take(self, *, keep: float = 0) -> bool:
        """Spend one token, if there is one."""
        allowed = self.may(keep=keep)
        self.tokens -= allowed
        return allowed

    def hear(self, headers: Mapping[str, str], *, refused: bool) -> None:
        """Learn from an answer's headers; `refused` is a 429."""
        now = self.clock()
        found = _scarcest(headers.get("ratelimit", ""))
        if found is not None:
            self.left = Left(calls=found[0], resets_at=now + min(found[1], MAX_BLOCK_SECONDS))
        if refused:
            wait = max(_seconds(headers.get("retry-after")), found[1] if found else 0) or WINDOW_SECONDS
            self.blocked_until = now + min(max(wait, 1.0), MAX_BLOCK_SECONDS)

    def _refill(self, now: float) -> None:
        rate = (self.calls - self.burst) / WINDOW_SECONDS
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled_at) * rate)
        self.filled_at = now


def _scarcest(header: str) -> tuple[int, float] | None:
    """(left, seconds to the reset) of the item with the least left: `"default";r=50;t=30, "burst";r=9;t=3`."""
    items = [(_LEFT.search(item), _RESET.search(item)) for item in header.split(",")]
    found = [(int(left[1]), float(reset[1])) for left, reset in items if left and reset]
    return min(found, default=None)


def _seconds(value: str | None) -> float:
    return float(value) if value is not None and _SECONDS.fullmatch(value) else 0.0
