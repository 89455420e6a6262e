"""`pool`: the pools with the states of their PGs, their flags, quotas and statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.reading.coerce import amount, text

from .fields import count, positive, readable, rows, unreadable
from .health import states_of
from .values import Pool, Pools, pgs_of


def parse_pools(document: Any) -> Pools:
    """A row without a name or with a part that cannot be judged is left out, and the list is not complete then."""
    listed = rows(document, "pool")
    read = readable(listed, "pool", _pool)
    found = by_identity((pool.name, pool) for pool in read)
    names = {pool.name for pool in read}
    return Pools(rows=tuple(found.values()), complete=len(read) == len(listed) and len(found) == len(names))


def _pool(row: Mapping[str, Any]) -> Pool:
    name, flags = text(row.get("pool_name")), row.get("flags_names")
    if name is None or not isinstance(flags, str):
        raise unreadable("pool: a row without pool_name or flags_names")
    states = states_of(row.get("pg_status"), "pool: pg_status")
    flagged = set(flags.split(","))
    stats = row.get("stats")
    return Pool(
        name=name,
        pgs=pgs_of(states, expected=count(row.get("pg_num"), "pool: pg_num")),
        full="full" in flagged and "full_quota" not in flagged,
        quota="full_quota" in flagged,
        copies=positive(row.get("size")),
        min_copies=positive(row.get("min_size")),
        quota_bytes=positive(row.get("quota_max_bytes")),
        quota_objects=positive(row.get("quota_max_objects")),
        stored_bytes=_latest(stats, "stored"),
        available_bytes=_latest(stats, "max_avail"),
        objects=_latest(stats, "objects"),
    )


def _latest(stats: Any, name: str) -> float | None:
    found = stats.get(name) if isinstance(stats, Mapping) else None
    return amount(found.get("latest")) if isinstance(found, Mapping) else None
