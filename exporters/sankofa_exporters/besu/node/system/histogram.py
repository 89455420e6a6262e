"""A histogram that is withheld from an answer when one of its calls is not known, and then counts anew.

Leaving the call out and going on would let the promise be judged by the calls that were easy to receive. So the answer has no
histogram, and whoever reads it sees a missing sample and a counter that was reset in between: what the gap held is then
unknown to him, neither good nor bad (decision 0017). No known call is lost: those that no answer has shown yet are kept.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from sankofa_exporters.besu.node.families import CALL_BUCKETS
from sankofa_exporters.model.family import Distribution

# Nobody follows a counter over a longer gap than the specs' longest-gap, half an hour unless the module says otherwise
# (decision 0012): after it, and some scrapes, no reset needs to be seen.
GAP_SLACK_SECONDS = 60.0
FORGOTTEN_SECONDS = 1_800.0 + GAP_SLACK_SECONDS
_EMPTY = (0,) * (len(CALL_BUCKETS) + 1)


@dataclass(kw_only=True)
class Histogram:
    """Counts by bucket since they began, and what the last answer showed of them."""

    clock: Callable[[], float] = time.monotonic
    forgotten_seconds: float = FORGOTTEN_SECONDS
    counts: tuple[int, ...] = _EMPTY
    total: float = 0.0
    shown: tuple[tuple[int, ...], float] = (_EMPTY, 0.0)
    unshown: bool = False  # counted anew, and no answer has shown it: one without events must, for the reset to be seen
    undercuts: bool = False  # while unshown: an answer had events before, so that one without is fewer
    shown_at: float = field(default=float("-inf"))
    open: set[int] = field(default_factory=set)  # probes that measure and have not been answered yet
    blind: set[int] = field(default_factory=set)  # of these, those to be answered without a histogram

    def begin_probe(self, probe: int = 0) -> None:
        self.open.add(probe)

    def add(self, seconds: float) -> None:
        place = bisect_left(CALL_BUCKETS, seconds)
        self.counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        self.total += seconds

    def interrupt(self) -> None:
        """One event is not known: every probe under way goes without, and counting begins with what nobody was shown."""
        self.blind |= self.open
        seen, total = self.shown
        if not self.unshown:
            self.unshown, self.undercuts = True, any(seen)
        self.counts = tuple(now - before for now, before in zip(self.counts, seen, strict=True))
        self.total = max(0.0, self.total - total)
        self.shown = (_EMPTY, 0.0)

    def end_probe(self, probe: int = 0) -> Distribution | None:
        """The answer's histogram, or None: this probe does not know, or its reader could not see that counting began anew."""
        self.open.discard(probe)
        if probe in self.blind:
            self.blind.discard(probe)
            return None
        if not self.unshown or self.clock() - self.shown_at > self.forgotten_seconds:
            return self._show(self.counts, self.total)
        # Empty is fewer than any events, whichever of our answers the reader got; the counts come with the next answer.
        return self._show(_EMPTY, 0.0) if self.undercuts else None

    def _show(self, counts: tuple[int, ...], total: float) -> Distribution:
        self.shown, self.shown_at, self.unshown = (counts, total), self.clock(), False
        return Distribution(counts=tuple(sum(counts[: place + 1]) for place in range(len(counts))), total=total)
