"""A Ceph cluster's answers as frozen values; None is what was not reported.

A placement group (PG) serves, is lost, or is unknown: a mgr that has just taken over calls every PG unknown until the
OSDs have reported to it, and that is not an outage.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

CLOCK_STEP_SECONDS = 5
FULL_LEVELS = ("", "nearfull", "backfillfull", "full")  # the words of an OSD's state, the worst last
_NOT_SERVING = frozenset({"stale", "wait", "unknown"})
_THIN = frozenset({"undersized", "degraded"})


@dataclass(frozen=True, kw_only=True)
class Summary:
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
class Quorum:
    """`monitor`: the seconds since the quorum formed, which move while the mons tell the mgr of it, and its members."""

    age_seconds: int
    mons: Mons | None
    fsid: str | None = None


@dataclass(frozen=True, kw_only=True)
class OsdCounts:
    total: int
    up: int
    in_: int


@dataclass(frozen=True, kw_only=True)
class Check:
    """A health check that fails; `details` are its lines, which Ceph cuts after 50."""

    severity: str
    count: int
    message: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The failing health checks by name. `unclear` are names of which the answer said two things."""

    failing: Mapping[str, Check]
    unclear: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.failing)


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
    """Client and recovery work just now, as Ceph averages it over some seconds; None where the answer has none."""

    reads: float | None
    writes: float | None
    read_bytes: float | None
    written_bytes: float | None
    recovered_bytes: float | None


@dataclass(frozen=True, kw_only=True)
class Health:
    """`health/minimal` or `health/snapshot`: one mgr's view of the whole cluster; a part that cannot be read is None."""

    status: str | None
    checks: Checks | None
    mons: Mons | None
    osds: OsdCounts | None
    pgs: Mapping[str, int] | None  # by the whole state, such as active+clean
    objects: Objects | None
    capacity: Capacity | None
    rates: Rates | None
    pools: int | None
    mds_standbys: int | None
    gateways: int | None  # RGW


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
    quota_bytes: int | None
    quota_objects: int | None
    stored_bytes: float | None
    available_bytes: float | None
    objects: float | None


@dataclass(frozen=True, kw_only=True)
class Pools:
    """The list of pools; `complete` is False when a row of it could not be read or was contradicted by another."""

    rows: tuple[Pool, ...]
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Osd:
    """One OSD. `report_age_seconds` is by the mgr's own clock, None for never."""

    id: int
    up: bool
    in_: bool | None
    host: str | None
    device_class: str | None
    full_level: int | None  # an index of FULL_LEVELS
    used_ratio: float | None
    commit_latency_seconds: float | None
    apply_latency_seconds: float | None
    report_age_seconds: float | None

    def reported(self, seconds: float) -> bool:
        """A report from the future (two clocks of one mgr differ by a second at most) is no report."""
        age = self.report_age_seconds
        return age is not None and -CLOCK_STEP_SECONDS <= age <= seconds


@dataclass(frozen=True, kw_only=True)
class Osds:
    """The OSDs that the dashboard lists; rows that could not be read or contradict each other are not among them."""

    rows: tuple[Osd, ...]

    def reporting(self, seconds: float) -> int:
        return sum(osd.up and osd.reported(seconds) for osd in self.rows)

    def are_silent(self, seconds: float) -> bool:
        """Fewer than half of the OSDs that are called up have reported lately: what is said of their PGs is old.

        When all OSDs die at once nobody is left to report them, and Ceph's map calls them up for 15 minutes.
        """
        up = sum(osd.up for osd in self.rows)
        return up > 0 and self.reporting(seconds) * 2 < up

    def report_age_seconds(self) -> float:
        """The age at which half of those that ever reported had done so."""
        ages = [osd.report_age_seconds for osd in self.rows if osd.up and osd.report_age_seconds is not None]
        return max(0.0, statistics.median(ages)) if ages else 0.0


@dataclass(frozen=True, kw_only=True)
class Filesystem:
    """One CephFS: ranks that it should have, and those that have an active MDS, none, or damaged data."""

    name: str
    wanted: int | None
    active: int
    failed: int | None
    damaged: int | None


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Mirrored RBD images: how many of a pool are in a state, and what is reported of single ones by pool and image."""

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
