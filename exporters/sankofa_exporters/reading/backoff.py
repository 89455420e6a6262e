"""A source that asked to be left alone is left alone: its `Retry-After` is kept between probes.

Without one, the next probe may ask again; nobody asks twice in one probe what was refused for being too much.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.remembered import LONGEST_WAIT_SECONDS

BUSY = frozenset({int(httpx.codes.TOO_MANY_REQUESTS), int(httpx.codes.SERVICE_UNAVAILABLE)})
_DIGITS = 9


@dataclass(kw_only=True)
class Backoff:
    """Of one address: until when it is not asked."""

    clock: Callable[[], float] = time.monotonic
    until: float = 0.0

    def check(self, where: str) -> None:
        """Raise `limit` while the source wants to be left alone."""
        left = self.until - self.clock()
        if left > 0:
            reason = f"{where}: asked to be left alone; asked again in {left:.0f} s"
            raise CollectorError(Kind.LIMIT, reason, retry_after_seconds=left)

    def learn(self, error: CollectorError) -> None:
        """From a failure that says for how long."""
        if error.failure.retry_after_seconds is not None:
            self.until = max(self.until, self.clock() + error.failure.retry_after_seconds)


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """The seconds of a `Retry-After` header (RFC 9110, 10.2.3: seconds, or a date); `now` in seconds since 1970."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return LONGEST_WAIT_SECONDS if len(value) > _DIGITS else min(float(value), LONGEST_WAIT_SECONDS)
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, at - now), LONGEST_WAIT_SECONDS)
