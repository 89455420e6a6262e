"""What time it is."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """UTC seconds since the epoch."""
