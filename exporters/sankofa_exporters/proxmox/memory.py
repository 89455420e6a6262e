"""What was answered, and when: for calls that are not made at every probe.

A failure is remembered like an answer and takes its place at once, so an old value never hides a new trouble. What was
never asked and what is older than its cap is `stale`: it is not passed on as if it were fresh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Failure, Kind

RETRY_SECONDS = 30  # a call that failed is due again then, if not before


@dataclass(frozen=True, kw_only=True)
class Noted:
    """An answer, or the failure to get one."""

    value: Any
    at: float  # of time.monotonic

    @property
    def failed(self) -> bool:
        return isinstance(self.value, Failure)


@dataclass(frozen=True, kw_only=True)
class Aged:
    """A remembered answer as a collector's result."""

    value: Any
    age_seconds: float


@dataclass(kw_only=True)
class Memory:
    """The newest answer to each question."""

    noted: dict[str, Noted] = field(default_factory=dict)

    def note(self, question: str, value: Any, now: float) -> None:
        self.noted[question] = Noted(value=value, at=now)

    def forget(self, question: str) -> None:
        self.noted.pop(question, None)

    def age(self, question: str, now: float) -> float | None:
        """Seconds since the answer; None when it was never asked for."""
        noted = self.noted.get(question)
        return None if noted is None else now - noted.at

    def overdue(self, question: str, period_seconds: float, now: float) -> float:
        """How many periods have passed since the answer: from 1 on it is due, and never asked is infinitely due."""
        noted = self.noted.get(question)
        if noted is None or not period_seconds:
            return float("inf")
        period = min(period_seconds, RETRY_SECONDS) if noted.failed else period_seconds
        return (now - noted.at) / period

    def recall(self, question: str, cap_seconds: float, now: float) -> Aged:
        """The answer with its age; raises the failure that took its place, or `stale`."""
        noted = self.noted.get(question)
        if noted is None:
            raise CollectorError(Kind.STALE, f"{question}: not asked yet; its turn comes within a few probes")
        if isinstance(noted.value, Failure):
            raise CollectorError.of(noted.value)
        age = now - noted.at
        if age > cap_seconds:
            raise CollectorError(
                Kind.STALE, f"{question}: the last answer is {age:.0f} s old, over {cap_seconds:.0f} s"
            )
        return Aged(value=noted.value, age_seconds=age)
