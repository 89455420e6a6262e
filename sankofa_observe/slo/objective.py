"""What is promised: a target over counted slots or counted events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sankofa_observe.slo.indicator import (
    Indicator,
    LevelIndicator,
    Members,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
)
from sankofa_observe.slo.window import Window
from sankofa_observe.units import PPM, Period

LONGEST_GAP_SECONDS = 1800
HISTORY_SECONDS = 3600


class Budgeting(StrEnum):
    """How the budget is spent; OpenSLO's words for the two methods we support."""

    TIMESLICES = "Timeslices"  # a slot is good or bad; slots are counted
    OCCURRENCES = "Occurrences"  # events are counted


class NoTraffic(StrEnum):
    """What a slot without events means; the agreement must name one."""

    GOOD = "good"
    EXCLUDED = "excluded"


@dataclass(frozen=True, kw_only=True)
class SlotRule:
    """How raw samples of one slot become its figures and its state.

    A slot of events leans on samples from `lean_before_seconds` before its start to `lean_after_seconds` after its end and on
    nothing else, however a stretch of time is cut into reads.
    """

    seconds: int  # slot length, aligned to the Unix epoch
    scrape_seconds: int  # how often the source is scraped
    target_ppm: int = PPM  # the share of good in a slot that makes the slot good
    longest_gap_seconds: int = LONGEST_GAP_SECONDS  # over a longer one a counter is not followed
    history_seconds: int = HISTORY_SECONDS  # how far back the busiest step of a source is looked for
    burst_factor: int = 2  # what was not seen may have been this many times as busy as the busiest step that was
    settles_seconds: int = 0  # a good event may be counted this much later than its valid one
    leaves_seconds: int = 30  # a source of a changing set may have gone on this long after it was last seen

    @property
    def expected(self) -> int:
        """Scrapes of one source expected in one slot."""
        return self.seconds // self.scrape_seconds

    @property
    def lean_before_seconds(self) -> int:
        return self.history_seconds + 2 * self.longest_gap_seconds + self.settles_seconds + 4 * self.scrape_seconds

    @property
    def lean_after_seconds(self) -> int:
        return self.longest_gap_seconds + 2 * self.scrape_seconds

    @property
    def quiet_before_seconds(self) -> int:
        """How far back samples are enough where nothing is in doubt (`plain.plain_events`)."""
        return self.seconds + 3 * self.scrape_seconds


@dataclass(frozen=True, kw_only=True)
class Slo:
    """One version of an objective of one tier. A site is a label, never a spec of its own."""

    name: str
    tier: str
    indicator: Indicator
    target_ppm: int
    budgeting: Budgeting
    window: Window
    slot: SlotRule
    no_traffic: NoTraffic = NoTraffic.GOOD
    description: str = ""
    digest: str = ""  # SHA-256 of the canonical spec document this was read from
    # Of each site, the instances that the fleet file lists as its sources; a site that is not here has those that were seen.
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    parts: Mapping[str, Slo] = field(default_factory=dict, hash=False)  # by name, those that its slots are made of
    # Of each region or fleet whose sites are counted: which sites there are, as the fleet file lists them.
    members: Mapping[str, tuple[Members, ...]] = field(default_factory=dict, hash=False)
    version: int = 1
    starts_at: int | None = None  # the boundary before which the version before holds; none of the first version
    ends_at: int | None = None  # where the next version begins

    @property
    def counted_as(self) -> str:
        """The name under which its slots stand: versions count by different rules, and no name of a spec has an @."""
        return self.name if self.version == 1 else f"{self.name}@{self.version}"

    def counted_in(self, period: Period) -> Period | None:
        """What this version counts of a stretch: up to a slot beyond its boundaries, because events float over them."""
        low = period.starts_at if self.starts_at is None else max(period.starts_at, self.starts_at - self.slot.seconds)
        high = period.ends_at if self.ends_at is None else min(period.ends_at, self.ends_at + self.slot.seconds)
        return Period(starts_at=low, ends_at=high) if low < high else None

    @property
    def leaves(self) -> list[Slo]:
        """The SLOs whose series are read for it: itself, or those that its slots are made of, each once."""
        if not self.parts:
            return [self]
        return list({leaf.name: leaf for part in self.parts.values() for leaf in part.leaves}.values())

    def sites_of(self, place: str) -> tuple[str, ...]:
        """The sites whose series are read for a place: of a region or a fleet, its members."""
        if not isinstance(self.indicator, MembersIndicator):
            return (place,)
        return tuple(sorted({site for one in self.members.get(place, ()) for site in one.sites}))

    @property
    def lean_before_seconds(self) -> int:
        """How far before a slot's start the samples begin that it follows from."""
        parts = max([0, *(part.lean_before_seconds for part in self.parts.values())])
        match self.indicator:
            case RatioIndicator():
                return self.slot.lean_before_seconds
            case OutageIndicator(limit_seconds=limit_seconds):
                return parts + limit_seconds + self.slot.seconds
            case LevelIndicator(before_scrapes=scrapes):
                return scrapes * self.slot.scrape_seconds
            case _:
                return max(parts, 3 * self.slot.scrape_seconds)

    @property
    def lean_after_seconds(self) -> int:
        """How long after a slot's end samples may still change it."""
        parts = max([0, *(part.lean_after_seconds for part in self.parts.values())])
        match self.indicator:
            case RatioIndicator():
                return self.slot.lean_after_seconds
            case LevelIndicator(after_scrapes=scrapes):
                return scrapes * self.slot.scrape_seconds
            case _:
                return max(parts, 3 * self.slot.scrape_seconds)
