"""How old is a mgr's answer? Its answers have no clock, but some numbers in them move while their source lives.

`/metrics` counts the mgr's own collections; a mgr that is cut off or hangs serves its last body with 200. `monitor` has
the age of the mons' quorum, which the mons tell the mgr every few seconds; without a quorum it stands still, while all
else (even `have_mon_connection`) looks well. A number that was seen to move between two answers proves that the later
one is young, and when we asked before bounds its age. One answer proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Counts = Mapping[str, float]


@dataclass(kw_only=True)
class Freshness:
    """The moving numbers of one mgr; times are of our own monotonic clock."""

    counts: Counts | None = None
    seen_at: float = 0
    collected_after: float | None = None

    def note(self, counts: Counts, asked_at: float) -> None:
        """The numbers of an answer that was asked for at `asked_at`."""
        if asked_at < self.seen_at:
            return  # two probes at once, and the later one was quicker
        if self.counts is not None and counts != self.counts:
            # The mgr was still serving an older answer when we asked before: this one was collected after that.
            self.collected_after = self.seen_at
        self.counts, self.seen_at = counts, asked_at

    def age_seconds(self, now: float) -> float | None:
        """The greatest age the answer may have; None while its numbers were never seen moving."""
        return None if self.collected_after is None else now - self.collected_after
