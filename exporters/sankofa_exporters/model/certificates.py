"""When the certificates end that a target's servers show, kept for as long as its source is open.

Like the trace they travel in a context variable: whoever opens a connection, in a task that outlives the probe too, need not be handed
them. A server that was not met for an hour is forgotten, for it may have gone or have another certificate by now.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

KEPT_SECONDS = 3_600.0


@dataclass(kw_only=True)
class Certificates:
    """By server, as HOST:PORT: its certificate's end as it writes it, and when it was met last."""

    clock: Callable[[], float] = time.monotonic
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)

    def earliest(self) -> float | None:
        """The end that comes first, in seconds of the epoch; None where no server showed one of late."""
        oldest = self.clock() - KEPT_SECONDS
        self.seen = {server: one for server, one in self.seen.items() if one[1] >= oldest}
        return min((float(ssl.cert_time_to_seconds(ends)) for ends, _ in self.seen.values()), default=None)


_CURRENT: ContextVar[Certificates | None] = ContextVar("certificates", default=None)


@contextmanager
def shown_to(certificates: Certificates | None) -> Iterator[None]:
    """Servers that are met inside the block, and by tasks begun inside it, show them here."""
    token = _CURRENT.set(certificates)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Certificates | None:
    """For a task that begins without the context of who began it."""
    return _CURRENT.get()


def show(server: str, certificate: Mapping[str, Any] | None) -> None:
    """What `getpeercert` told of a server; None where there is no TLS."""
    found = _CURRENT.get()
    if found is not None and certificate and "notAfter" in certificate:
        found.seen[server] = str(certificate["notAfter"]), found.clock()
