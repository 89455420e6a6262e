"""Why a collector has no data: one closed set of kinds, and a reason that is safe to log and to show.

A reason names the address and what was seen. It never holds a header, a token or a body, because reasons end in logs.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx


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


class CollectorError(Exception):
    """Raised by a collector's I/O or parsing; the runtime turns it into a `Failure`."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.failure = Failure(kind=kind, reason=reason)


def from_transport(error: Exception, where: str) -> CollectorError:
    """The kind of an httpx or timeout error that met us at `where` (an address without secrets)."""
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return CollectorError(Kind.TIMEOUT, f"{where}: no complete answer in time")
    causes = list(_causes(error))
    for cause_type, kind, text in (
        (ssl.SSLError, Kind.TLS, "TLS failed"),
        (socket.gaierror, Kind.DNS, "name not found"),
        (OSError, Kind.REFUSED, "not reachable"),
    ):
        for cause in causes:
            if isinstance(cause, cause_type):
                return CollectorError(kind, f"{where}: {text} ({_short(cause)})")
    if isinstance(error, httpx.NetworkError) or str(error).startswith("Server disconnected"):
        return CollectorError(Kind.REFUSED, f"{where}: connection lost ({type(error).__name__})")
    if isinstance(error, httpx.DecodingError):
        return CollectorError(Kind.DECODE, f"{where}: the body's encoding is broken")
    return CollectorError(Kind.HTTP, f"{where}: {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The chain behind an httpx error, deepest knowledge included; bounded because chains may loop."""
    pending, seen = [error], 0
    while pending and seen < 32:  # noqa: PLR2004 - a bound, not a meaning
        current = pending.pop(0)
        seen += 1
        yield current
        if isinstance(current, BaseExceptionGroup):
            pending.extend(current.exceptions)
        pending.extend(linked for linked in (current.__cause__, current.__context__) if linked is not None)


def _short(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return getattr(cause, "strerror", None) or type(cause).__name__
