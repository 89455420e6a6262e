"""An active mgr's `/metrics`, out of its text and into frozen values.

Only wanted names are read. Values that are not counts are left out, label by label; a body that does not name itself
the active mgr, or has no collection counter, is not trusted at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.reading.scraped import Point, Scraped

from .fields import MAX_COUNT
from .values import Capacity, Mons, Pgs

COLLECTIONS = "ceph_prometheus_collect_duration_seconds_count"
IO = ("ceph_pool_rd", "ceph_pool_wr", "ceph_pool_rd_bytes", "ceph_pool_wr_bytes")
MIRROR_TIME = "ceph_rbd_mirror_snapshot_image_local_timestamp"
PG_WORDS = ("total", "active", "stale", "unknown", "undersized", "degraded", "wait")
PER_POOL = (
    *IO,
    *(f"ceph_pg_{word}" for word in PG_WORDS),
    "ceph_pool_recovering_objects_per_sec",
    "ceph_pool_recovering_bytes_per_sec",
)
RATIOS = ("ceph_osd_nearfull_ratio", "ceph_osd_full_ratio")  # of later versions only
_FSID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CHECKS, STATUS, MONS, POOLS, OSDS = (
    "ceph_health_detail",
    "ceph_health_status",
    "ceph_mon_quorum_status",
    "ceph_pool_metadata",
    "ceph_osd_up",
)
# The families that a verdict leans on, with the labels that say of what a line is.
IDENTITIES = {
    CHECKS: ("name",),
    STATUS: (),
    MONS: ("ceph_daemon",),
    POOLS: ("pool_id", "name"),
    OSDS: ("ceph_daemon",),
    **{f"ceph_pg_{word}": ("pool_id",) for word in PG_WORDS},
}
NAMES = frozenset(
    {
        COLLECTIONS,
        MIRROR_TIME,
        *PER_POOL,
        "ceph_mgr_status",
        CHECKS,
        STATUS,
        "ceph_daemon_health_metrics",
        MONS,
        "ceph_healthcheck_slow_ops",
        OSDS,
        "ceph_rgw_metadata",
        POOLS,
        "ceph_cluster_total_bytes",
        "ceph_cluster_total_used_raw_bytes",
        *RATIOS,
    }
)


@dataclass(frozen=True, kw_only=True)
class Io:
    """What clients did to a pool since the OSDs began to count; None for a counter that is not there."""

    reads: int | None
    writes: int | None
    read_bytes: int | None
    written_bytes: int | None

    @property
    def operations(self) -> int | None:
        return None if self.reads is None or self.writes is None else self.reads + self.writes


@dataclass(frozen=True, kw_only=True)
class MgrPool:
    name: str
    pgs: Pgs | None
    io: Io
    recovering_objects: float | None
    recovering_bytes: float | None


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """An RGW daemon, as it registered itself."""

    name: str
    host: str
    version: str


@dataclass(frozen=True, kw_only=True)
class View:
    """One active mgr's body."""

    pools: tuple[MgrPool, ...]
    pools_complete: bool  # every pool has a name and its PGs; else a verdict would lean on a short list
    pools_readable: bool  # no line of theirs was lost: it may be of any pool, of a chosen one too
    osds: int | None  # None while a line of theirs was lost
    mons: Mons | None
    capacity: Capacity | None
    checks: frozenset[str] | None  # failing health checks; None when this version does not export them
    unclear: frozenset[str]  # checks of which the body says both
    checks_readable: bool  # no line of theirs was lost: it may be of any check
    slow_operations: int | None
    slow_daemons: Mapping[str, int]
    gateways: tuple[Gateway, ...]
    mirrored_at: Mapping[tuple[str, str], float]
    nearfull_ratio: float | None
    full_ratio: float | None
    fsid: str | None = None  # whose it is; None where the body does not name its cluster
    age_seconds: float = 0  # at most


def is_active(scraped: Scraped) -> bool:
    """The body names exactly one active mgr."""
    return sum(point.value == 1 for point in scraped.of("ceph_mgr_status")) == 1


def collections(scraped: Scraped, where: str) -> dict[str, float]:
    """The collection counters by method; they all move with each new body."""
    found = {point.labels.get("method", ""): point.value for point in scraped.of(COLLECTIONS)}
    if not found:
        raise CollectorError(Kind.STALE, f"{where}: no {COLLECTIONS}, so nothing shows that the body is young")
    return found


def lost_lines(body: bytes, scraped: Scraped) -> frozenset[str]:
    """The families in `IDENTITIES` with a line that has no value we can read, or does not say of what it is."""
    return frozenset(
        family
        for family, labels in IDENTITIES.items()
        if _lines(body, family.encode()) != len(scraped.of(family))
        or not all(point.labels.get(label) for point in scraped.of(family) for label in labels)
    )


def _lines(body: bytes, family: bytes) -> int:
    """How many lines begin with this name, whatever follows it."""
    ends = (b"{", b" ", b"\t")
    return sum(body.count(b"\n" + family + end) + body.startswith(family + end) for end in ends)


def view_of(scraped: Scraped, lost: Collection[str]) -> View:
    """The body's values; `lost` are the families of which a line was lost."""
    names, table = _names(scraped), {name: _by_pool(scraped, name) for name in PER_POOL}
    ids = sorted(set(names).union(*table.values()))
    pools = tuple(_pool(table, pool_id, names[pool_id]) for pool_id in ids if pool_id in names)
    whole = len(pools) == len(ids) and all(pool.pgs is not None for pool in pools)
    pools_readable = not any(family in lost for family in (POOLS, *(f"ceph_pg_{word}" for word in PG_WORDS)))
    checks, unclear = _checks(scraped)
    return View(
        pools=pools,
        pools_complete=whole and pools_readable,
        pools_readable=pools_readable,
        osds=None if OSDS in lost else len({point.labels["ceph_daemon"] for point in scraped.of(OSDS)}),
        mons=None if MONS in lost else _mons(scraped),
        capacity=_capacity(scraped),
        checks=checks,
        unclear=unclear,
        checks_readable=CHECKS not in lost and STATUS not in lost,
        slow_operations=_count(scraped.single("ceph_healthcheck_slow_ops")),
        slow_daemons=_slow_daemons(scraped),
        gateways=_gateways(scraped),
        mirrored_at=_mirrored_at(scraped),
        nearfull_ratio=_ratio(scraped.single(RATIOS[0])),
        full_ratio=_ratio(scraped.single(RATIOS[1])),
        fsid=_fsid(scraped),
    )


def _fsid(scraped: Scraped) -> str | None:
    """From the label `fsid` or `cluster`, where it is one; a body that names two names none."""
    labels = [point.labels.get("fsid") or point.labels.get("cluster", "") for point in scraped.of("ceph_mgr_status")]
    found = {label.lower() for label in labels if _FSID.fullmatch(label.lower())}
    return found.pop() if len(found) == 1 else None


def _names(scraped: Scraped) -> dict[str, str]:
    """Pool names by id; an id with two names, or a name of two ids, has none."""
    pairs = {(point.labels.get("pool_id", ""), point.labels.get("name", "")) for point in scraped.of(POOLS)}
    ids, names = Counter(pool_id for pool_id, _ in pairs), Counter(name for _, name in pairs)
    return {pool_id: name for pool_id, name in pairs if pool_id and name and ids[pool_id] == names[name] == 1}


def _by_pool(scraped: Scraped, name: str) -> dict[str, float | None]:
    """Values by pool; two lines of one pool that differ are no value."""
    found: dict[str, float | None] = {}
    for point in scraped.of(name):
        pool_id = point.labels.get("pool_id")
        if pool_id is not None:
            found[pool_id] = point.value if found.get(pool_id, point.value) == point.value else None
    return found


def _pool(table: Mapping[str, Mapping[str, float | None]], pool_id: str, name: str) -> MgrPool:
    pgs = _pgs({word: _count(table[f"ceph_pg_{word}"].get(pool_id)) for word in PG_WORDS})
    # Until the OSDs have reported to a mgr that took over, their sums are too low, and a counter that drops and comes
    # back would look like millions of operations: better none.
    counting = pgs is not None and pgs.unknown == 0
    reads, writes, read_bytes, written_bytes = (_count(table[name].get(pool_id)) if counting else None for name in IO)
    return MgrPool(
        name=name,
        pgs=pgs,
        io=Io(reads=reads, writes=writes, read_bytes=read_bytes, written_bytes=written_bytes),
        recovering_objects=_amount(table["ceph_pool_recovering_objects_per_sec"].get(pool_id)),
        recovering_bytes=_amount(table["ceph_pool_recovering_bytes_per_sec"].get(pool_id)),
    )


def _pgs(counts: Mapping[str, int | None]) -> Pgs | None:
    """A PG may be active and stale at once, so the serving ones are a lower bound; None when a word is missing."""
    known = {word: count for word, count in counts.items() if count is not None}
    if len(known) < len(PG_WORDS) or not known["total"] or max(known.values()) > known["total"]:
        return None
    serving = max(0, known["active"] - known["stale"] - known["wait"])
    return Pgs(
        total=known["total"],
        serving=serving,
        redundant=max(0, serving - max(known["undersized"], known["degraded"])),
        unknown=min(known["unknown"], known["total"] - serving),
    )


def _mons(scraped: Scraped) -> Mons | None:
    points = scraped.of(MONS)
    found = by_identity((point.labels.get("ceph_daemon"), point.value) for point in points)
    names = {point.labels.get("ceph_daemon") for point in points}
    if not found or len(found) != len(names) or any(value not in (0, 1) for value in found.values()):
        return None
    return Mons(total=len(found), in_quorum=sum(value == 1 for value in found.values()))


def _capacity(scraped: Scraped) -> Capacity | None:
    total = _count(scraped.single("ceph_cluster_total_bytes"))
    used = _count(scraped.single("ceph_cluster_total_used_raw_bytes"))
    return None if total is None or used is None else Capacity(total_bytes=total, used_bytes=used)


def _checks(scraped: Scraped) -> tuple[frozenset[str] | None, frozenset[str]]:
    """`health_detail` keeps checks that have passed as 0; a version without the family shows none while all is well."""
    points = scraped.of(CHECKS)
    if not points or any(point.value not in (0, 1) for point in points):
        return (frozenset() if scraped.single(STATUS) == 0 else None), frozenset()
    found = by_identity((_labels(point), point.value) for point in points)
    unclear = {point.labels.get("name", "") for point in points if _labels(point) not in found}
    failing = {dict(labels).get("name", "") for labels, value in found.items() if value == 1}
    return frozenset(failing - {""}), frozenset(unclear - failing - {""})


def _labels(point: Point) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(point.labels.items()))


def _slow_daemons(scraped: Scraped) -> dict[str, int]:
    """By daemon; each daemon has a series, a zero where nothing is slow."""
    points = scraped.of("ceph_daemon_health_metrics")
    rows = (
        (point.labels.get("ceph_daemon", ""), _count(point.value))
        for point in points
        if point.labels.get("type") == "SLOW_OPS"
    )
    return {daemon: count for daemon, count in by_identity(rows).items() if daemon and count is not None}


def _gateways(scraped: Scraped) -> tuple[Gateway, ...]:
    points = [point.labels for point in scraped.of("ceph_rgw_metadata") if point.labels.get("ceph_daemon")]
    rows = ((labels["ceph_daemon"], (labels.get("hostname", ""), labels.get("ceph_version", ""))) for labels in points)
    return tuple(Gateway(name=name, host=host, version=version) for name, (host, version) in by_identity(rows).items())


def _mirrored_at(scraped: Scraped) -> dict[tuple[str, str], float]:
    """The newest snapshot an image has here, in seconds; only where the mgr exports rbd-mirror's counters."""
    found: dict[tuple[str, str], float] = {}
    for point in scraped.of(MIRROR_TIME):
        key = (point.labels.get("pool", ""), point.labels.get("image", ""))
        if all(key) and point.value > 0:
            found[key] = max(point.value, found.get(key, 0.0))
    return found


def _count(value: float | None) -> int | None:
    return int(value) if value is not None and 0 <= value <= MAX_COUNT and value == int(value) else None


def _ratio(value: float | None) -> float | None:
    """Ceph keeps these as 32-bit floats: 0.85 arrives as 0.8500000238418579."""
    return round(value, 6) if value is not None and 0 < value <= 1 else None


def _amount(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None
