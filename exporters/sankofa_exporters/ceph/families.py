"""The Ceph metric catalogue: every family this exporter may emit, as data."""

from __future__ import annotations

from sankofa_exporters.model.family import Family


def gauge(name: str, text: str, *labels: str, unit: str = "") -> Family:
    return Family(name=f"sankofa_ceph_{name}", help=text, labels=labels, unit=unit)


def counter(name: str, text: str, *labels: str, unit: str = "") -> Family:
    return Family(name=f"sankofa_ceph_{name}_total", kind="counter", help=text, labels=labels, unit=unit)


def info(name: str, text: str, *labels: str) -> Family:
    return Family(name=f"sankofa_ceph_{name}_info", kind="info", help=text, labels=labels)


OSD = ("osd", "host", "device_class")
HOST = ("host", "device_class")
UP = gauge(
    "up",
    "1 when every pool that counts serves reads and writes: all PGs active, no pause, not full, mons in quorum; read it "
    "only where sankofa_ceph_known is 1.",
)
KNOWN = gauge(
    "known", "1 when fresh answers prove that the cluster serves, or that a part of it does not; 0 is unknown."
)
WITNESSES = gauge(
    "witnesses", "Fresh witnesses: 1 for a mgr whose collections move, 1 for a dashboard that hears from a quorum."
)
MGR_ACTIVE = gauge(
    "mgr_active",
    "1 when the mgr at this address served as the active one, 0 as a standby; absent without answer.",
    "mgr",
)
VERSION_INFO = info("version", "Ceph version of the mgr that answered; always 1.", "version")
PRIVILEGE_MISSING = gauge(
    "privilege_missing", "1 when the dashboard user may not read a scope it needs, 0 when it may.", "scope"
)
HEALTH_STATUS = gauge("health_status", "0 for HEALTH_OK, 1 for HEALTH_WARN, 2 for HEALTH_ERR; decides nothing here.")
HEALTH_CHECK = gauge(
    "health_check_items",
    "Things that a failing health check counts; absent when it passes, and when two answers differ.",
    "check",
    "severity",
)
MONS = gauge("mons", "Monitors in the monitor map.")
MONS_IN_QUORUM = gauge("mons_in_quorum", "Monitors in the quorum.")
MON_MARGIN = gauge(
    "mon_margin_votes", "Monitors in the quorum above the majority; 0 means that one more lost stops it.", unit="votes"
)
MONS_SKEWED = gauge(
    "mons_clock_skewed", "Monitors whose clock is off by more than Ceph tolerates; absent while health cannot be read."
)
MON_SKEW = gauge(
    "mon_clock_skew_seconds",
    "How far the clock of a monitor is off; only for those over Ceph's tolerance, absent for all others.",
    "mon",
    unit="seconds",
)
SLOW_OPERATIONS = gauge(
    "slow_operations",
    "Client and internal operations that wait longer than Ceph's warning (30 s), of all daemons; absent where neither "
    "health nor the mgr's metrics show them.",
)
WAITING_OPERATIONS = gauge(
    "waiting_operations",
    "slow_operations while every pool that counts serves; absent otherwise, for clients that a pool does not serve wait with "
    "themselves, where no daemon counts them.",
)
SLOW_OLDEST = gauge(
    "slow_operation_oldest_seconds",
    "How long the oldest slow operation has waited; absent while there is none, or its time is not reported.",
    unit="seconds",
)
DAEMON_SLOW = gauge(
    "daemon_slow_operations",
    "Slow operations of a daemon by the mgr's metrics; only for daemons that have some, and absent without those metrics.",
    "daemon",
)
CRASHES = gauge(
    "crashes_recent",
    "Crashes that nobody acknowledged and that Ceph calls recent (two weeks), of daemons or of modules of the mgr; absent "
    "while health cannot be read.",
    "source",
)
MDS_STANDBYS = gauge(
    "mds_standbys", "MDS daemons that wait to take over; absent where the dashboard user may not read cephfs."
)
GATEWAYS = gauge(
    "rgw_daemons",
    "RGW daemons that are registered: one that stops is gone from it within a minute; absent where the dashboard user may "
    "not read rgw.",
)
GATEWAY_INFO = info(
    "rgw", "An RGW daemon that is registered, by the mgr's metrics; always 1.", "rgw", "host", "version"
)
FS_WANTED = gauge("filesystem_ranks_wanted", "Ranks the CephFS should have (max_mds).", "filesystem")
FS_ACTIVE = gauge("filesystem_ranks_active", "Ranks of the CephFS with an active MDS.", "filesystem")
FS_FAILED = gauge(
    "filesystem_ranks_failed",
    "Ranks of the CephFS whose MDS failed and was not replaced: their files hang.",
    "filesystem",
)
FS_DAMAGED = gauge("filesystem_ranks_damaged", "Ranks of the CephFS whose metadata is damaged.", "filesystem")
OSDS = gauge("osds", "OSDs in the OSD map, whatever their state.")
OSDS_UP = gauge("osds_up", "OSDs that the map calls up.")
OSDS_IN = gauge("osds_in", "OSDs that the map calls in: they are given data.")
OSDS_REPORTING = gauge("osds_reporting", "OSDs called up whose own report to the mgr is young.")
OSDS_UNEXPORTED = gauge(
    "osds_missing_from_mgr",
    "OSDs of the map that have no series in the mgr's metrics: they vanished instead of going to 0.",
)
OSD_UP = gauge("osd_up", "1 for an OSD that the map calls up, 0 for one that is down.", *OSD)
OSD_IN = gauge(
    "osd_in", "1 for an OSD that is given data, 0 for one that is out; absent where this is not readable.", *OSD
)
OSD_FULL = gauge(
    "osd_full_level",
    "0 below the nearfull ratio, 1 nearfull, 2 backfillfull, 3 full: pools on it refuse writes; absent without a state.",
    *OSD,
)
OSD_USED = gauge(
    "osd_used_ratio",
    "Share of the OSD in use by its own last report; absent while it is down or its report is old.",
    *OSD,
    unit="ratio",
)
OSD_COMMIT = gauge(
    "osd_commit_latency_seconds",
    "Mean time of a commit by the OSD's own last report, 0 where nothing was written; absent while it is down or its report "
    "is old.",
    *OSD,
    unit="seconds",
)
OSD_APPLY = gauge("osd_apply_latency_seconds", "Mean time of an apply, likewise.", *OSD, unit="seconds")
HOST_OSDS = gauge("host_osds", "OSDs of the host, by device class; one without a place in CRUSH has no host.", *HOST)
HOST_OSDS_UP = gauge("host_osds_up", "OSDs of the host that the map calls up: 0 of some is a host that is down.", *HOST)
HOST_OSDS_NEARFULL = gauge(
    "host_osds_nearfull",
    "OSDs of the host that are nearfull, backfillfull or full; absent while a state is not readable.",
    *HOST,
)
OSD_FLAG = gauge("osd_flag", "1 when the flag is set in the OSD map; pause is pauserd and pausewr.", "flag")
WRITABLE = gauge("writable", "1 when no flag and no full pool refuses writes; pools at their own quota do not count.")
PGS = gauge("pgs", "Placement groups of all pools.")
PGS_STATE = gauge(
    "pgs_in_state", "Placement groups that carry this word in their state; one counts for each of its words.", "state"
)
POOL_COPIES = gauge("pool_copies", "Copies or shards the pool keeps of each object.", "pool")
POOL_MIN_COPIES = gauge("pool_min_copies", "Copies that must be there for a PG to serve.", "pool")
POOL_PGS = gauge("pool_pgs", "Placement groups of the pool.", "pool")
POOL_SERVING = gauge("pool_pgs_serving", "PGs of the pool that take reads and writes: active, and not stale.", "pool")
POOL_REDUNDANT = gauge("pool_pgs_redundant", "PGs of the pool that serve with all their copies in place.", "pool")
POOL_UNKNOWN = gauge("pool_pgs_unknown", "PGs of the pool of which the mgr has no report.", "pool")
POOL_AVAILABLE = gauge(
    "pool_available_ratio",
    "Share of the pool's PGs that serve; absent while a PG is unknown.",
    "pool",
    unit="ratio",
)
POOL_WRITABLE = gauge("pool_writable", "0 when the pool refuses writes for want of space.", "pool")
POOL_QUOTA = gauge("pool_at_quota", "1 when the pool refuses writes because it reached its own quota.", "pool")
POOL_QUOTA_BYTES = gauge(
    "pool_quota_bytes",
    "Client data the pool may hold by its quota; absent for a pool without one.",
    "pool",
    unit="bytes",
)
POOL_QUOTA_OBJECTS = gauge(
    "pool_quota_objects", "Objects the pool may hold by its quota; absent for a pool without one.", "pool"
)
POOL_STORED = gauge("pool_stored_bytes", "Client data in the pool, copies not counted.", "pool", unit="bytes")
POOL_AVAILABLE_BYTES = gauge(
    "pool_max_available_bytes", "Client data the pool can still take, copies accounted for.", "pool", unit="bytes"
)
POOL_OBJECTS = gauge("pool_objects", "Objects in the pool.", "pool")
OBJECTS = gauge("objects", "Objects in the cluster.")
OBJECT_COPIES = gauge("object_copies", "Copies or shards of objects that there should be.")
OBJECTS_DEGRADED = gauge("objects_degraded", "Copies of objects that are missing.")
OBJECTS_MISPLACED = gauge("objects_misplaced", "Copies of objects that are not where the map wants them.")
OBJECTS_UNFOUND = gauge("objects_unfound", "Objects of which no copy is found: reads of them hang.")
CAPACITY = gauge("capacity_bytes", "Raw size of all OSDs.", unit="bytes")
CAPACITY_USED = gauge("capacity_used_bytes", "Raw bytes in use, copies and overhead included.", unit="bytes")
NEARFULL_RATIO = gauge(
    "nearfull_ratio",
    "Share of an OSD in use at which Ceph warns; absent where the mgr does not export it.",
    unit="ratio",
)
FULL_RATIO = gauge(
    "full_ratio", "Share of an OSD in use at which its pools refuse writes; absent likewise.", unit="ratio"
)
SCRUB_LATE = gauge("pgs_scrub_late", "PGs that were not scrubbed in time, by depth: shallow or deep.", "depth")
RECOVERY_BYTES = gauge("recovery_bytes_per_second", "Bytes recovered or moved a second, as Ceph averages it.")
CLIENT_READS = gauge("client_reads_per_second", "Client reads a second, as Ceph averages it over some seconds.")
CLIENT_WRITES = gauge("client_writes_per_second", "Client writes a second, as Ceph averages it over some seconds.")
CLIENT_READ_BYTES = gauge("client_read_bytes_per_second", "Bytes clients read a second, as Ceph averages it.")
CLIENT_WRITTEN_BYTES = gauge("client_written_bytes_per_second", "Bytes clients write a second, as Ceph averages it.")
POOL_READS = counter("pool_reads", "Client reads of the pool.", "pool")
POOL_WRITES = counter("pool_writes", "Client writes to the pool.", "pool")
POOL_OPERATIONS = counter("pool_operations", "Client reads and writes of the pool together.", "pool")
POOL_READ_BYTES = counter("pool_read_bytes", "Bytes clients read from the pool.", "pool", unit="bytes")
POOL_WRITTEN_BYTES = counter("pool_written_bytes", "Bytes clients wrote to the pool.", "pool", unit="bytes")
POOL_RECOVERY_OBJECTS = gauge("pool_recovery_objects_per_second", "Objects of the pool recovered a second.", "pool")
POOL_RECOVERY_BYTES = gauge("pool_recovery_bytes_per_second", "Bytes of the pool recovered a second.", "pool")
MIRROR_IMAGES = gauge(
    "mirror_images", "Mirrored RBD images: ready, syncing, error, or unknown where the peer is down.", "pool", "state"
)
MIRROR_SNAPSHOT = gauge(
    "mirror_snapshot_timestamp_seconds",
    "Time of the newest snapshot of the image that is whole on this side; now less this is the recovery point.",
    "pool",
    "image",
    unit="seconds",
)
MIRROR_BEHIND = gauge("mirror_entries_behind", "Journal entries by which the image is behind.", "pool", "image")

FAMILIES = tuple(value for value in list(globals().values()) if isinstance(value, Family))
