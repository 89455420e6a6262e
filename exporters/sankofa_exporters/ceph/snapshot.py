"""What was said of a Ceph cluster, as frozen values; None is what nobody said.

A placement group (PG) serves, is lost, or is unknown: a mgr that has just taken over calls every PG unknown until the
OSDs have reported to it, and that is not an outage.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

CLOCK_STEP_SECONDS = 5
_NOT_SERVING = frozenset({"stale", "wait", "unknown"})
_THIN = frozenset({"undersized", "degraded"})


@dataclass(frozen=True, kw_only=True)
class Link:
    """`summary`: who answers, and whether it is connected to a mon (else all it says is old)."""

    connected: bool
    version: str | None


@dataclass(frozen=True, kw_only=True)
class Mons:
    total: int
    in_quorum: int

    @property
    def margin_votes(self) -> int:
        return self.in_quorum - (self.total // 2 + 1)


@dataclass(frozen=True, kw_only=True)
class Osds:
    total: int
    up: int
    in_: int


@dataclass(frozen=True, kw_only=True)
class Check:
    severity: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Objects:
    total: int
    copies: int
    degraded: int
    misplaced: int
    unfound: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    total_bytes: int
    used_bytes: int


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Client and recovery work just now, as Ceph averages it over some seconds."""

    reads: float
    writes: float
    read_bytes: float
    written_bytes: float
    recovered_bytes: float


@dataclass(frozen=True, kw_only=True)
class Health:
    """`health/minimal`: one mgr's view of the whole cluster."""

    status: str
    checks: Mapping[str, Check]
    mons: Mons | None
    osds: Osds | None
    pgs: Mapping[str, int] | None  # by the whole state, such as active+clean
    objects: Objects | None
    capacity: Capacity | None
    rates: Rates | None
    pools: int | None


@dataclass(frozen=True, kw_only=True)
class Pgs:
    """The placement groups of one pool. Unknown ones are those of which the mgr has no report."""

    total: int
    serving: int
    redundant: int  # serving, and with all their copies
    unknown: int

    @property
    def lost(self) -> int:
        return self.total - self.serving - self.unknown


@dataclass(frozen=True, kw_only=True)
class Pool:
    name: str
    pgs: Pgs
    full: bool  # out of space: writes are refused
    quota: bool  # at its own quota: refused as agreed
    copies: int | None
    min_copies: int | None
    stored_bytes: float | None
    available_bytes: float | None
    objects: float | None


@dataclass(frozen=True, kw_only=True)
class Reports:
    """When the OSDs that are up reported last: ages in seconds by the mgr's own clock, None for never."""

    listed: int
    ages: tuple[float | None, ...]

    def lately(self, seconds: float) -> int:
        """A report from the future (two clocks of one mgr differ by a second at most) is no report."""
        return sum(age is not None and -CLOCK_STEP_SECONDS <= age <= seconds for age in self.ages)

    def age_seconds(self) -> float:
        """The age at which half of those that ever reported had done so."""
        known = [age for age in self.ages if age is not None]
        return max(0.0, statistics.median(known)) if known else 0.0


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Mirrored RBD images: how many of a pool are in a state, and what is told of single ones by pool and image."""

    images: Mapping[tuple[str, str], int]
    behind: Mapping[tuple[str, str], int]
    snapshots: Mapping[tuple[str, str], float]


def pgs_of(by_state: Mapping[str, int], *, expected: int = 0) -> Pgs:
    """Counts by state; `expected` PGs exist by the map, and those without a report are unknown, not lost."""
    total = max(expected, sum(by_state.values()))
    unknown = by_state.get("unknown", 0) + total - sum(by_state.values())
    serving = {state: count for state, count in by_state.items() if serves(state)}
    redundant = sum(count for state, count in serving.items() if not words_of(state) & _THIN)
    return Pgs(total=total, serving=sum(serving.values()), redundant=redundant, unknown=unknown)


def serves(state: str) -> bool:
    """A PG takes reads and writes when it is active, its primary reports, and no lease is waited for."""
    words = words_of(state)
    return "active" in words and not words & _NOT_SERVING


def words_of(state: str) -> frozenset[str]:
    """`active+undersized+degraded` is three words."""
    return frozenset(state.split("+"))
