"""From what was said of a Ceph cluster to samples: pure functions, one for each collector.

A value that nobody said is an absent series, never a zero. Pools, mons and capacity come from the dashboard, and from
the mgr's metrics where no dashboard is configured or reached.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sankofa_exporters.model.family import Family, Sample

from . import families as f
from .metrics import MgrPool, View
from .snapshot import Capacity, Health, Mirror, Mons, Objects, Osds, Pgs, Pool, Rates, Reports, words_of
from .verdict import BLOCKING_FLAGS

PG_WORDS = (
    *(
        "active",
        "activating",
        "backfill_toofull",
        "backfill_unfound",
        "backfill_wait",
        "backfilling",
        "clean",
        "creating",
    ),
    *("deep", "degraded", "down", "failed_repair", "forced_backfill", "forced_recovery", "incomplete", "inconsistent"),
    *("laggy", "peered", "peering", "premerge", "recovering", "recovery_toofull", "recovery_unfound", "recovery_wait"),
    *("remapped", "repair", "scrubbing", "snaptrim", "snaptrim_error", "snaptrim_wait", "stale", "undersized"),
    *("unknown", "wait"),
)
FLAGS = (
    *("full", "nobackfill", "nodeep-scrub", "nodown", "noin", "noout", "norebalance", "norecover", "noscrub"),
    *("nosnaptrim", "notieragent", "noup", "pauserd", "pausewr"),
)
STATUSES = ("HEALTH_OK", "HEALTH_WARN", "HEALTH_ERR")
SCOPES = ("monitor", "osd", "pool")
_SCRUB_CHECKS = {"shallow": "PG_NOT_SCRUBBED", "deep": "PG_NOT_DEEP_SCRUBBED"}


def link_samples(version: str | None, scopes: frozenset[str] | None, wanted: Iterable[str]) -> Iterator[Sample]:
    if version is not None:
        yield Sample(f.VERSION_INFO, 1, (version,))
    if scopes is not None:
        yield from (Sample(f.PRIVILEGE_MISSING, float(scope not in scopes), (scope,)) for scope in wanted)


def health_samples(health: Health, *, reported: bool) -> Iterator[Sample]:
    """`reported` is False when the OSDs are silent: what the mgr counts of their PGs and objects is old then."""
    yield Sample(f.HEALTH_STATUS, STATUSES.index(health.status))
    for name, check in health.checks.items():
        yield Sample(f.HEALTH_CHECK, check.count, (name, check.severity))
    for depth, name in _SCRUB_CHECKS.items():
        yield Sample(f.SCRUB_LATE, health.checks[name].count if name in health.checks else 0, (depth,))
    yield from mon_samples(health.mons)
    yield from _osd_samples(health.osds)
    if reported:
        yield from _pg_samples(health.pgs)
        yield from _object_samples(health.objects)
        yield from capacity_samples(health.capacity)
        yield from _rate_samples(health.rates)


def flag_samples(flags: frozenset[str]) -> Iterator[Sample]:
    return (Sample(f.OSD_FLAG, float(flag in flags), (flag,)) for flag in FLAGS)


def pool_samples(pools: Iterable[Pool], flags: frozenset[str] | None) -> Iterator[Sample]:
    """`flags` is None when they could not be read: then nobody knows whether the cluster is writable."""
    pools = tuple(pools)
    if flags is not None:
        blocked = bool(flags & (BLOCKING_FLAGS - {"pauserd"})) or any(pool.full for pool in pools)
        yield Sample(f.WRITABLE, float(not blocked))
    for pool in pools:
        yield from pg_samples(pool.name, pool.pgs)
        yield Sample(f.POOL_WRITABLE, float(not pool.full), (pool.name,))
        yield Sample(f.POOL_QUOTA, float(pool.quota), (pool.name,))
        yield from _present(
            (pool.name,),
            (f.POOL_COPIES, pool.copies),
            (f.POOL_MIN_COPIES, pool.min_copies),
            (f.POOL_STORED, pool.stored_bytes),
            (f.POOL_AVAILABLE_BYTES, pool.available_bytes),
            (f.POOL_OBJECTS, pool.objects),
        )


def report_samples(reports: Reports, max_age_seconds: float) -> Iterator[Sample]:
    yield Sample(f.OSDS_REPORTING, reports.lately(max_age_seconds))


def mirror_samples(mirror: Mirror) -> Iterator[Sample]:
    for (pool, state), count in mirror.images.items():
        yield Sample(f.MIRROR_IMAGES, count, (pool, state))
    for key, behind in mirror.behind.items():
        yield Sample(f.MIRROR_BEHIND, behind, key)
    for key, at in mirror.snapshots.items():
        yield Sample(f.MIRROR_SNAPSHOT, at, key)


def mgr_samples(
    view: View, health: Health | None, *, alone: bool, mirrored: Collection[tuple[str, str]]
) -> Iterator[Sample]:
    """`alone` says that no dashboard is there to tell better; `mirrored` are the images of which one told."""
    for pool in view.pools:
        yield from _io_samples(pool)
        if alone and pool.pgs is not None:
            yield from pg_samples(pool.name, pool.pgs)
    if alone:
        yield from mon_samples(view.mons)
        yield from capacity_samples(view.capacity)
    yield from _present((), (f.NEARFULL_RATIO, view.nearfull_ratio), (f.FULL_RATIO, view.full_ratio))
    if health is not None and health.osds is not None:
        yield Sample(f.OSDS_UNEXPORTED, max(0, health.osds.total - view.osds))
    yield from (Sample(f.MIRROR_SNAPSHOT, at, key) for key, at in view.mirrored_at.items() if key not in mirrored)


def pg_samples(pool: str, pgs: Pgs) -> Iterator[Sample]:
    yield Sample(f.POOL_PGS, pgs.total, (pool,))
    yield Sample(f.POOL_SERVING, pgs.serving, (pool,))
    yield Sample(f.POOL_REDUNDANT, pgs.redundant, (pool,))
    yield Sample(f.POOL_UNKNOWN, pgs.unknown, (pool,))
    if pgs.total and not pgs.unknown:
        yield Sample(f.POOL_AVAILABLE, pgs.serving / pgs.total, (pool,))


def mon_samples(mons: Mons | None) -> Iterator[Sample]:
    if mons is not None:
        yield Sample(f.MONS, mons.total)
        yield Sample(f.MONS_IN_QUORUM, mons.in_quorum)
        yield Sample(f.MON_MARGIN, mons.margin_votes)


def capacity_samples(capacity: Capacity | None) -> Iterator[Sample]:
    if capacity is not None:
        yield Sample(f.CAPACITY, capacity.total_bytes)
        yield Sample(f.CAPACITY_USED, capacity.used_bytes)


def _osd_samples(osds: Osds | None) -> Iterator[Sample]:
    if osds is not None:
        yield Sample(f.OSDS, osds.total)
        yield Sample(f.OSDS_UP, osds.up)
        yield Sample(f.OSDS_IN, osds.in_)


def _pg_samples(pgs: Mapping[str, int] | None) -> Iterator[Sample]:
    """Each word that Ceph has, with zeros; a word that is new counts as other."""
    if pgs is None:
        return
    yield Sample(f.PGS, sum(pgs.values()))
    counts = dict.fromkeys((*PG_WORDS, "other"), 0)
    for state, count in pgs.items():
        for word in {word if word in counts else "other" for word in words_of(state)}:
            counts[word] += count
    yield from (Sample(f.PGS_STATE, count, (word,)) for word, count in counts.items())


def _object_samples(objects: Objects | None) -> Iterator[Sample]:
    if objects is not None:
        yield Sample(f.OBJECTS, objects.total)
        yield Sample(f.OBJECT_COPIES, objects.copies)
        yield Sample(f.OBJECTS_DEGRADED, objects.degraded)
        yield Sample(f.OBJECTS_MISPLACED, objects.misplaced)
        yield Sample(f.OBJECTS_UNFOUND, objects.unfound)


def _rate_samples(rates: Rates | None) -> Iterator[Sample]:
    if rates is not None:
        yield Sample(f.CLIENT_READS, rates.reads)
        yield Sample(f.CLIENT_WRITES, rates.writes)
        yield Sample(f.CLIENT_READ_BYTES, rates.read_bytes)
        yield Sample(f.CLIENT_WRITTEN_BYTES, rates.written_bytes)
        yield Sample(f.RECOVERY_BYTES, rates.recovered_bytes)


def _io_samples(pool: MgrPool) -> Iterator[Sample]:
    return _present(
        (pool.name,),
        (f.POOL_READS, pool.io.reads),
        (f.POOL_WRITES, pool.io.writes),
        (f.POOL_READ_BYTES, pool.io.read_bytes),
        (f.POOL_WRITTEN_BYTES, pool.io.written_bytes),
        (f.POOL_RECOVERY_OBJECTS, pool.recovering_objects),
        (f.POOL_RECOVERY_BYTES, pool.recovering_bytes),
    )


def _present(labels: tuple[str, ...], *values: tuple[Family, float | None]) -> Iterator[Sample]:
    return (Sample(family, value, labels) for family, value in values if value is not None)
