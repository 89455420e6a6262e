"""When a request is due: every interval since the first, whatever became of those before. Times are of one clock, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Turn n is due at `began + n * interval`; turns that could not be taken are counted, never caught up with."""

    began: float
    interval: float

    def at(self, turn: int) -> float:
        return self.began + turn * self.interval

    def after(self, turn: int, now: float) -> tuple[int, int]:
        """The turn to take after `turn`, now or when it is due, and how many between were missed."""
        current = int((now - self.began) // self.interval)
        following = max(turn + 1, current)
        return following, following - turn - 1
