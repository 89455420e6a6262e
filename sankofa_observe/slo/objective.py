"""What is promised: a target over counted slots or counted events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sankofa_observe.slo.indicator import Indicator
from sankofa_observe.slo.window import Window
from sankofa_observe.units import PPM


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
    """How raw samples of one slot become its state."""

    seconds: int  # slot length, aligned to the Unix epoch
    scrape_seconds: int  # how often the source is scraped: sets how many samples are expected
    coverage_floor_ppm: int = 800_000  # fewer samples than this share of the expected ones: UNKNOWN
    target_ppm: int = PPM  # the share of good in a slot that makes the slot good

    @property
    def expected(self) -> int:
        """Samples expected in one slot."""
        return self.seconds // self.scrape_seconds


@dataclass(frozen=True, kw_only=True)
class Slo:
    """One objective of one tier. A site is a label, never a spec of its own."""

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
