"""What a probe did upstream, call by call: two numbers of every probe, and the timeline of `/probe?debug=true`.

The trace travels in a context variable, so that clients and collectors need not pass it on; tasks of a probe inherit it.
A call's text is an address that is safe to show: no query, no header, no body.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count

MAX_CALLS = 10_000  # a bound of memory; no probe comes near it


@dataclass(kw_only=True)
class Call:
    """One upstream exchange; times are of `time.monotonic`, `outcome` is a status or a kind of failure."""

    where: str
    started: float
    ended: float | None = None
    outcome: str = "under way"
    body_bytes: int = 0

    def ended_with(self, outcome: str, body_bytes: int = 0) -> None:
        self.ended, self.outcome, self.body_bytes = time.monotonic(), outcome, body_bytes


@dataclass(kw_only=True)
class Trace:
    """The calls of one probe in the order they began."""

    number: int = field(default_factory=count(1).__next__)  # of this process: no two probes share one
    started: float = field(default_factory=time.monotonic)
    calls: list[Call] = field(default_factory=list)

    @property
    def body_bytes(self) -> int:
        return sum(call.body_bytes for call in self.calls)


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def traced() -> Iterator[Trace]:
    """Everything called inside the block, and by tasks begun inside it, is in the trace."""
    trace = Trace()
    token = _CURRENT.set(trace)
    try:
        yield trace
    finally:
        _CURRENT.reset(token)


def begin_call(where: str) -> Call:
    """A call that begins now; outside a probe it is written down nowhere."""
    call = Call(where=where, started=time.monotonic())
    trace = _CURRENT.get()
    if trace is not None and len(trace.calls) < MAX_CALLS:
        trace.calls.append(call)
    return call


def probe_number() -> int:
    """Which probe runs us; 0 outside of any."""
    trace = _CURRENT.get()
    return trace.number if trace is not None else 0
