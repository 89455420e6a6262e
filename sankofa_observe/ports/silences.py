"""Where alerts are silenced: what is silenced now or will be, by us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Alerts with all of these labels are told to nobody for a while."""

    labels: tuple[tuple[str, str], ...]  # by name
    stretch: Period
    author: str
    comment: str

    def __str__(self) -> str:
        labels = ", ".join(f"{name}={value}" for name, value in self.labels)
        return f"{labels} {self.stretch}: {self.comment}"


class Silences(Protocol):
    """Silences that this platform made, and no others: what a person silenced is left alone."""

    def standing(self) -> dict[str, Silence]:
        """Those that have not ended, by their id. One that was made late begins when it was made."""

    def add(self, silence: Silence) -> str:
        """Make one and answer its id; raises `Unusable` where this one is refused, and another one may be taken."""

    def expire(self, silence_id: str) -> None:
        """End it now; one that has ended is left."""
