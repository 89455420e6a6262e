"""How long a rule looks back: in scrapes, so that a lab which scrapes every second asks for as much evidence as production.

A fault is believed after 5 known bad samples of the last 8 (2 minutes): one verdict in four may be lost, and the window still proves
it. It is over after 5 good ones and none bad. What must be known at once (a storm) is seen from 3 scrapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .durations import duration, half_open

SCRAPE_SECONDS = 15
SURE, QUICK = 8, 3  # scrapes of a window
EVIDENCE, HINT = 5, 2  # samples in it
AWHILE = 20  # scrapes that a storm counts as one, and after which what lasts is no news: 5 minutes
DUE = 15  # scrapes before silence means something: discovery takes up to 2 minutes
MEMORY = 60  # scrapes that a state outlives its ruler: 15 minutes


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Ranges as Prometheus writes them, at one scrape interval."""

    scrape_seconds: int = SCRAPE_SECONDS

    def samples(self, scrapes: int) -> str:
        """A range that holds exactly so many scrapes."""
        return half_open(scrapes * self.scrape_seconds)

    def time(self, scrapes: int) -> str:
        return duration(scrapes * self.scrape_seconds)

    @property
    def sure(self) -> str:
        return self.samples(SURE)

    @property
    def quick(self) -> str:
        return self.samples(QUICK)

    def was(self, series: str) -> str:
        """Where a state was 1 when its rule was last evaluated: it survives a restart, which `for` does not."""
        return f"({self.last(series)} == 1)"

    def last(self, series: str) -> str:
        """What a series was when its rule was last evaluated."""
        return f"last_over_time({series}[{self.time(MEMORY)}])"

    def now(self, series: str, matcher: str = "") -> str:
        """What this evaluation recorded. A series that is not always there would be read for minutes after a restart."""
        selector = f"{series}{{{matcher}}}" if matcher else series
        return f"last_over_time({selector}[{self.samples(1)}])"
