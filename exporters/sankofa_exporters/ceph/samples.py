"""From a cluster's answers to samples: pure functions, one for each collector.

A value that was not reported is an absent series, never a zero. Pools, mons and capacity come from the dashboard, and from
the mgr's metrics where no dashboard is configured or reached.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sankofa_exporters.model.family import Sample, present

from . import families as f
from .client.dashboards import Link
from .client.mgrs import Served
from .snapshot.mgr_metrics import MgrPool, View
from .snapshot.values import (
    Capacity,
    Checks,
    Filesystem,
    Health,
    Mirror,
    Mons,
    Objects,
    Osd,
    OsdCounts,
    Osds,
    Pgs,
    Pool,
    Pools,
    Rates,
    words_of,
)
from .verdict import WRITE_BLOCKING_FLAGS

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
_SCRUB_CHECKS = {"shallow": "PG_NOT_SCRUBBED", "deep": "PG_NOT_DEEP_SCRUBBED"}
_CRASH_CHECKS = {"daemon": "RECENT_CRASH", "mgr_module": "RECENT_MGR_MODULE_CRASH"}
_SLOW = re.compile(r"(\d{1,15}) slow ops, oldest one blocked for (\d{1,15}) sec")
_SKEW = re.compile(r"mon\.(\S+) .*?clock skew (\d+(?:\.\d+)?(?:e-?\d+)?)s > max")


def witness_samples(served: Sequence[Served], fresh: int | None) -> Iterator[Sample]:
    """How many kinds of witnesses were fresh in this probe, and how each mgr served."""
    yield from present((), (f.WITNESSES, fresh))
    for one in served:
        yield from present((one.label,), (f.MGR_ACTIVE, one.active))


def link_samples(link: Link, wanted: Iterable[str]) -> Iterator[Sample]:
    if link.version is not None:
        yield Sample(f.VERSION_INFO, 1, (link.version,))
    scopes = link.scopes
    if scopes is not None:
        yield from (Sample(f.PRIVILEGE_MISSING, float(scope not in scopes), (scope,)) for scope in wanted)
    yield from mon_samples(link.mons)


def health_samples(health: Health, *, reported: bool, mons_known: bool) -> Iterator[Sample]:
    """`reported` is False when the OSDs are silent: what the mgr counts of their PGs and objects is old then."""
    if health.status is not None:
        yield Sample(f.HEALTH_STATUS, STATUSES.index(health.status))
    if health.checks is not None:
        yield from check_samples(health.checks)
    if not mons_known:
        yield from mon_samples(health.mons)
    yield from _osd_counts(health.osds)
    yield from present((), (f.MDS_STANDBYS, health.mds_standbys), (f.GATEWAYS, health.gateways))
    if reported:
        yield from _pg_samples(health.pgs)
        yield from _object_samples(health.objects)
        yield from capacity_samples(health.capacity)
        yield from _rate_samples(health.rates)


def check_samples(checks: Checks) -> Iterator[Sample]:
    """The failing checks, and what a NOC asks of some of them: a check that passes is a zero, an unclear one is absent."""
    for name, check in checks.failing.items():
        yield Sample(f.HEALTH_CHECK, check.count, (name, check.severity))
    for depth, name in _SCRUB_CHECKS.items():
        yield from present((depth,), (f.SCRUB_LATE, _items(checks, name)))
    for source, name in _CRASH_CHECKS.items():
        yield from present((source,), (f.CRASHES, _items(checks, name)))
    yield from present((), (f.MONS_SKEWED, _items(checks, "MON_CLOCK_SKEW")))
    yield from _skew_samples(checks)
    yield from _slow_samples(checks)


def _items(checks: Checks, name: str) -> float | None:
    """What a check counts; an older version fails a check without counting: that is not none."""
    if name in checks.unclear:
        return None
    check = checks.failing.get(name)
    return 0.0 if check is None else (check.count or len(check.details) or None)


def _skew_samples(checks: Checks) -> Iterator[Sample]:
    check = checks.failing.get("MON_CLOCK_SKEW")
    for line in check.details if check else ():
        match = _SKEW.match(line)
        if match is not None:
            yield Sample(f.MON_SKEW, float(match[2]), (match[1],))


def _slow_samples(checks: Checks) -> Iterator[Sample]:
    check = checks.failing.get("SLOW_OPS")
    if check is None:
        yield from present((), (f.SLOW_OPERATIONS, None if "SLOW_OPS" in checks.unclear else 0.0))
        return
    match = _SLOW.match(check.message)
    if match is not None:
        yield Sample(f.SLOW_OPERATIONS, float(match[1]))
        yield Sample(f.SLOW_OLDEST, float(match[2]))


def with_waiting(samples: Iterable[Sample], *, serves: bool) -> Iterator[Sample]:
    """Slow operations are all that wait only where the cluster serves: what it does not serve waits with its clients."""
    for sample in samples:
        yield sample
        if serves and sample.family is f.SLOW_OPERATIONS:
            yield Sample(f.WAITING_OPERATIONS, sample.value)


def flag_samples(flags: frozenset[str]) -> Iterator[Sample]:
    """A flag that blocks writes decides alone; without one the pools decide too."""
    yield from (Sample(f.OSD_FLAG, float(flag in flags), (flag,)) for flag in FLAGS)
    if flags & WRITE_BLOCKING_FLAGS:
        yield Sample(f.WRITABLE, 0)


def pool_samples(pools: Pools, flags: frozenset[str] | None) -> Iterator[Sample]:
    """`flags` is None when they could not be read: then only a pool without space shows what the cluster refuses."""
    if flags is None or not flags & WRITE_BLOCKING_FLAGS:
        yield from present((), (f.WRITABLE, _writable(pools, flags)))
    for pool in pools.rows:
        yield from pg_samples(pool.name, pool.pgs)
        yield Sample(f.POOL_WRITABLE, float(not pool.full), (pool.name,))
        yield Sample(f.POOL_QUOTA, float(pool.quota), (pool.name,))
        yield from _pool_values(pool)


def _pool_values(pool: Pool) -> Iterator[Sample]:
    return present(
        (pool.name,),
        (f.POOL_COPIES, pool.copies),
        (f.POOL_MIN_COPIES, pool.min_copies),
        (f.POOL_QUOTA_BYTES, pool.quota_bytes),
        (f.POOL_QUOTA_OBJECTS, pool.quota_objects),
        (f.POOL_STORED, pool.stored_bytes),
        (f.POOL_AVAILABLE_BYTES, pool.available_bytes),
        (f.POOL_OBJECTS, pool.objects),
    )


def _writable(pools: Pools, flags: frozenset[str] | None) -> float | None:
    if any(pool.full for pool in pools.rows):
        return 0.0
    return 1.0 if flags is not None and pools.complete else None


def report_samples(osds: Osds, max_age_seconds: float) -> Iterator[Sample]:
    yield Sample(f.OSDS_REPORTING, osds.reporting(max_age_seconds))


def osd_samples(osds: Osds, max_age_seconds: float) -> Iterator[Sample]:
    """OSD by OSD and host by host; what an OSD reports of itself only while it reports."""
    for osd in osds.rows:
        labels = (str(osd.id), osd.host or "", osd.device_class or "")
        yield from present(labels, (f.OSD_UP, osd.up), (f.OSD_IN, osd.in_), (f.OSD_FULL, osd.full_level))
        if osd.up and osd.reported(max_age_seconds):
            yield from present(
                labels,
                (f.OSD_USED, osd.used_ratio),
                (f.OSD_COMMIT, osd.commit_latency_seconds),
                (f.OSD_APPLY, osd.apply_latency_seconds),
            )
    yield from _host_samples(osds.rows)


def _host_samples(osds: Iterable[Osd]) -> Iterator[Sample]:
    placed = [((osd.host, osd.device_class or ""), osd) for osd in osds if osd.host is not None]
    total = Counter(host for host, _ in placed)
    up = Counter(host for host, osd in placed if osd.up)
    nearfull = Counter(host for host, osd in placed if osd.full_level)
    unclear = {host for host, osd in placed if osd.full_level is None}
    for host, count in total.items():
        yield Sample(f.HOST_OSDS, count, host)
        yield Sample(f.HOST_OSDS_UP, up[host], host)
        yield from present(host, (f.HOST_OSDS_NEARFULL, None if host in unclear else nearfull[host]))


def filesystem_samples(filesystems: Iterable[Filesystem]) -> Iterator[Sample]:
    for one in filesystems:
        yield from present(
            (one.name,),
            (f.FS_WANTED, one.wanted),
            (f.FS_ACTIVE, one.active),
            (f.FS_FAILED, one.failed),
            (f.FS_DAMAGED, one.damaged),
        )


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
    """`alone` says that no dashboard answers; `mirrored` are the images whose snapshot times a dashboard reported."""
    for pool in view.pools:
        yield from _io_samples(pool)
        if alone and pool.pgs is not None:
            yield from pg_samples(pool.name, pool.pgs)
    if alone:
        yield from mon_samples(view.mons)
        yield from capacity_samples(view.capacity)
    if health is None or health.checks is None:
        yield from present((), (f.SLOW_OPERATIONS, view.slow_operations))
    yield from (Sample(f.DAEMON_SLOW, count, (daemon,)) for daemon, count in view.slow_daemons.items() if count)
    for one in view.gateways:
        yield Sample(f.GATEWAY_INFO, 1, (one.name, one.host, one.version))
    yield from present((), (f.NEARFULL_RATIO, view.nearfull_ratio), (f.FULL_RATIO, view.full_ratio))
    if health is not None and health.osds is not None and view.osds is not None:
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


def _osd_counts(osds: OsdCounts | None) -> Iterator[Sample]:
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
        yield from present(
            (),
            (f.CLIENT_READS, rates.reads),
            (f.CLIENT_WRITES, rates.writes),
            (f.CLIENT_READ_BYTES, rates.read_bytes),
            (f.CLIENT_WRITTEN_BYTES, rates.written_bytes),
            (f.RECOVERY_BYTES, rates.recovered_bytes),
        )


def _io_samples(pool: MgrPool) -> Iterator[Sample]:
    return present(
        (pool.name,),
        (f.POOL_READS, pool.io.reads),
        (f.POOL_WRITES, pool.io.writes),
        (f.POOL_OPERATIONS, pool.io.operations),
        (f.POOL_READ_BYTES, pool.io.read_bytes),
        (f.POOL_WRITTEN_BYTES, pool.io.written_bytes),
        (f.POOL_RECOVERY_OBJECTS, pool.recovering_objects),
        (f.POOL_RECOVERY_BYTES, pool.recovering_bytes),
    )
