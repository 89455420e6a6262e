"""Why a collector has no data: one closed set of kinds, and a reason that is safe to log and to show.

A reason names the address and what was seen. It never holds a header, a token or a body, because reasons end in logs.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from enum import StrEnum

MAX_CAUSES = 32  # chains may loop


class Kind(StrEnum):
    """The closed set of `kind` in `sankofa_collector_error`."""

    AUTH = "auth"  # the source does not know us: 401, a bad or unreadable token
    PERMISSION = "permission"  # it knows us and refuses: 403, a method that is switched off
    TIMEOUT = "timeout"
    REFUSED = "refused"  # nothing listens, or the connection was reset
    DNS = "dns"
    TLS = "tls"
    HTTP = "http"  # an answer that is not the one asked for: 3xx, 4xx, 5xx, broken protocol, RPC error
    DECODE = "decode"  # an answer we cannot read: HTML, wrong JSON, missing keys
    STALE = "stale"  # readable, but its own clock says that it cannot be believed
    LIMIT = "limit"  # over a bound of ours: body, series, rows


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The outcome of a collector that has no data."""

    kind: Kind
    reason: str
    retry_after_seconds: float | None = None  # how long the source asked to be left alone


class CollectorError(Exception):
    """Raised by a collector's I/O or parsing; the runtime turns it into a `Failure`."""

    def __init__(self, kind: Kind, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{kind}: {reason}")
        self.failure = Failure(kind=kind, reason=reason, retry_after_seconds=retry_after_seconds)

    @classmethod
    def of(cls, failure: Failure) -> CollectorError:
        """The same failure, raised afresh."""
        return CollectorError(failure.kind, failure.reason, retry_after_seconds=failure.retry_after_seconds)

    def settled(self) -> Failure:
        """The failure, when the error is raised no more.

        The frames that raised it end here: an error and a frame that names it hold each other, and a body of megabytes with
        them, until the garbage collector comes by.
        """
        error: BaseException | None = self
        for _ in range(MAX_CAUSES):
            if error is None:
                break
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None
            error = error.__context__
        return self.failure
