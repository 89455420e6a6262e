"""How long a probe may take, and how large it may get.

Prometheus sends its scrape timeout in a header; half a second of it is kept for rendering and the way back.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

DEFAULT_SCRAPE_TIMEOUT_SECONDS = 10.0
RESERVE_SECONDS = 0.5
LONGEST_SCRAPE_SECONDS = 120.0  # who asks for more gets this: a probe must end, whoever has gone


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A point on the event loop's clock (`time.monotonic`) by which everything must have ended."""

    ends_at: float

    @classmethod
    def of(cls, seconds: float) -> Budget:
        return cls(ends_at=time.monotonic() + seconds)

    def remaining(self) -> float:
        return max(0.0, self.ends_at - time.monotonic())

    def slice(self, seconds: float) -> Budget:
        """A part of this budget: at most `seconds` from now, never beyond the whole."""
        return Budget(ends_at=min(self.ends_at, time.monotonic() + seconds))


def probe_seconds(header: str | None) -> float:
    """The seconds a probe may take, from `X-Prometheus-Scrape-Timeout-Seconds` (absent or absurd: the default)."""
    try:
        scrape_timeout = float(header or "")
    except ValueError:
        scrape_timeout = DEFAULT_SCRAPE_TIMEOUT_SECONDS
    if not math.isfinite(scrape_timeout) or scrape_timeout <= 0:
        scrape_timeout = DEFAULT_SCRAPE_TIMEOUT_SECONDS
    if scrape_timeout < 1:
        return scrape_timeout / 2
    return min(scrape_timeout, LONGEST_SCRAPE_SECONDS) - RESERVE_SECONDS
