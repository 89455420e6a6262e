"""From a dashboard's JSON to the values of `snapshot`.

The verdict leans on nearly all of it, so the parsers are strict: a part that is there and cannot be read makes the
answer unreadable. A part that is not there was kept from us (rights) or is unknown to that version: None, never zero.
Shapes: `health/minimal` of Pacific to Tentacle, `health/snapshot`, and `ceph status` with a flat or a nested osdmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, flag, text

from .snapshot import (
    Capacity,
    Check,
    Health,
    Link,
    Mons,
    Objects,
    Osds,
    Pool,
    Rates,
    Reports,
    pgs_of,
)

MAX_ROWS = 20_000
MAX_COUNT = 2**53  # what a sample holds exactly
STATUSES = ("HEALTH_OK", "HEALTH_WARN", "HEALTH_ERR")


def parse_summary(document: Any) -> Link:
    found = _mapping(document, "summary")
    connected = found.get("have_mon_connection")
    if not isinstance(connected, bool):
        raise unreadable("summary: have_mon_connection is not true or false")
    return Link(connected=connected, version=text(found.get("version")))


def parse_quorum_age(document: Any) -> int:
    """Seconds since the quorum formed, as the mons told the mgr last: it moves while there is a quorum to tell it."""
    status = _mapping(_mapping(document, "monitor").get("mon_status"), "mon_status")
    return _count(status.get("quorum_age"), "mon_status: quorum_age")


def parse_health(document: Any) -> Health:
    found = _mapping(document, "health")
    state = _mapping(found.get("health"), "health")
    status = state.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise unreadable("health: status is not one of Ceph's")
    return Health(
        status=status,
        checks=dict(_checks(state.get("checks"))),
        mons=_mons(found),
        osds=_osds(found),
        pgs=_pgs(found),
        objects=_objects(found),
        capacity=_capacity(found),
        rates=_rates(found),
        pools=_pool_count(found),
    )


def parse_flags(document: Any) -> frozenset[str]:
    """The flags of the OSD map; a map always has some (sortbitwise), so an empty list is not one."""
    if not isinstance(document, list) or not document or not all(text(name) for name in document):
        raise unreadable("osd/flags: not a list of names")
    found = frozenset(document)
    return found | {"pauserd", "pausewr"} if "pause" in found else found


def parse_pools(document: Any) -> tuple[Pool, ...]:
    pools = tuple(_pool(row) for row in _rows(document, "pool"))
    if len({pool.name for pool in pools}) != len(pools):
        raise unreadable("pool: one name twice")
    return pools


def parse_reports(document: Any, answered_at: float) -> Reports:
    """From `osd`: the newest point of the time series that the mgr keeps of each OSD."""
    ages: list[float | None] = []
    ids = set()
    for row in _rows(document, "osd"):
        up = flag(row.get("up"))
        ids.add(_count(row.get("id", row.get("osd")), "osd: id"))
        if up is None:
            raise unreadable("osd: up is not 0 or 1")
        if up:
            ages.append(_age(row.get("stats_history"), answered_at))
    if len(ids) != len(document):
        raise unreadable("osd: one id twice")
    return Reports(listed=len(ids), ages=tuple(ages))


def unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)


def _checks(checks: Any) -> Iterator[tuple[str, Check]]:
    """A list of objects with a type (dashboard), or a mapping by type (`ceph status`, snapshot)."""
    if isinstance(checks, Mapping):
        checks = [{**_mapping(check, "health: check"), "type": name} for name, check in checks.items()]
    for check in _rows(checks, "health: checks"):
        name, severity = text(check.get("type")), check.get("severity")
        if name is None or severity not in STATUSES:
            raise unreadable("health: a check without type or severity")
        summary = check.get("summary")
        count = summary.get("count", 0) if isinstance(summary, Mapping) else 0
        yield name, Check(severity=severity, count=_count(count, "health: count of a check"))


def _mons(found: Mapping[str, Any]) -> Mons | None:
    status = found.get("mon_status", found if "monmap" in found else None)
    if status is None:
        return None
    status = _mapping(status, "mon_status")
    monmap = _mapping(status.get("monmap"), "monmap")
    quorum = status.get("quorum", monmap.get("quorum"))
    if not isinstance(quorum, list):
        raise unreadable("mon_status: quorum is not a list")
    ranks = {_count(rank, "mon_status: rank") for rank in quorum}
    total = (
        _count(monmap["num_mons"], "monmap: num_mons")
        if "num_mons" in monmap
        else len(_list(monmap.get("mons"), "mons"))
    )
    if not total or len(ranks) != len(quorum) or len(ranks) > total:
        raise unreadable(f"mon_status: {len(quorum)} of {total} mons in the quorum")
    return Mons(total=total, in_quorum=len(ranks))


def _osds(found: Mapping[str, Any]) -> Osds | None:
    if "osd_map" in found:
        rows = list(_rows(_mapping(found["osd_map"], "osd_map").get("osds"), "osds"))
        up, in_ = [flag(row.get("up")) for row in rows], [flag(row.get("in")) for row in rows]
        if None in up or None in in_:
            raise unreadable("osd_map: an OSD whose up or in is not 0 or 1")
        return Osds(total=len(rows), up=sum(map(bool, up)), in_=sum(map(bool, in_)))
    if "osdmap" not in found:
        return None
    osdmap = _mapping(found["osdmap"], "osdmap")
    osdmap = _mapping(osdmap["osdmap"], "osdmap") if "osdmap" in osdmap else osdmap
    total, up_count, in_count = (
        _count(osdmap.get(f"num_{word}osds" if f"num_{word}osds" in osdmap else word.rstrip("_")), "osdmap")
        for word in ("", "up_", "in_")
    )
    if max(up_count, in_count) > total:
        raise unreadable("osdmap: more OSDs up or in than there are")
    return Osds(total=total, up=up_count, in_=in_count)


def _pgs(found: Mapping[str, Any]) -> dict[str, int] | None:
    if "pg_info" in found:
        return _states(_mapping(found["pg_info"], "pg_info").get("statuses"), "pg_info")
    if "pgmap" not in found:
        return None
    rows = list(_rows(_mapping(found["pgmap"], "pgmap").get("pgs_by_state"), "pgs_by_state"))
    states = _states({row.get("state_name"): row.get("count") for row in rows}, "pgs_by_state")
    if len(states) != len(rows):
        raise unreadable("pgs_by_state: one state twice")
    return states


def _states(by_state: Any, where: str) -> dict[str, int]:
    found = _mapping(by_state, where)
    if len(found) > MAX_ROWS or not all(text(state) for state in found):
        raise unreadable(f"{where}: a state without a name")
    return {state: _count(count, f"{where}: PGs") for state, count in found.items()}


def _objects(found: Mapping[str, Any]) -> Objects | None:
    if "pg_info" not in found:
        return None
    stats = _mapping(_mapping(found["pg_info"], "pg_info").get("object_stats"), "object_stats")
    names = ("num_objects", "num_object_copies", "num_objects_degraded", "num_objects_misplaced", "num_objects_unfound")
    total, copies, degraded, misplaced, unfound = (_count(stats.get(name), f"object_stats: {name}") for name in names)
    return Objects(total=total, copies=copies, degraded=degraded, misplaced=misplaced, unfound=unfound)


def _capacity(found: Mapping[str, Any]) -> Capacity | None:
    if "df" in found:
        stats = _mapping(_mapping(found["df"], "df").get("stats"), "df: stats")
        total, used = stats.get("total_bytes"), stats.get("total_used_raw_bytes")
    elif "pgmap" in found:
        pgmap = _mapping(found["pgmap"], "pgmap")
        total, used = pgmap.get("bytes_total"), pgmap.get("bytes_used")
    else:
        return None
    return Capacity(total_bytes=_count(total, "df: total"), used_bytes=_count(used, "df: used"))


def _rates(found: Mapping[str, Any]) -> Rates | None:
    if "client_perf" not in found:
        return None
    perf = _mapping(found["client_perf"], "client_perf")
    names = ("read_op_per_sec", "write_op_per_sec", "read_bytes_sec", "write_bytes_sec", "recovering_bytes_per_sec")
    values = [amount(perf.get(name)) for name in names]
    if None in values:
        raise unreadable("client_perf: a rate that is not a number")
    reads, writes, read_bytes, written_bytes, recovered_bytes = (value or 0.0 for value in values)
    return Rates(
        reads=reads, writes=writes, read_bytes=read_bytes, written_bytes=written_bytes, recovered_bytes=recovered_bytes
    )


def _pool_count(found: Mapping[str, Any]) -> int | None:
    """How many pools there are, by the view that does not list them."""
    if isinstance(found.get("pools"), list):
        return len(found["pools"])
    pgmap = found.get("pgmap")
    return (
        _count(pgmap["num_pools"], "pgmap: num_pools") if isinstance(pgmap, Mapping) and "num_pools" in pgmap else None
    )


def _pool(row: Mapping[str, Any]) -> Pool:
    name, flags = text(row.get("pool_name")), row.get("flags_names")
    if name is None or not isinstance(flags, str):
        raise unreadable("pool: a row without pool_name or flags_names")
    states = _states(row.get("pg_status"), "pool: pg_status")
    flagged = set(flags.split(","))
    stats = row.get("stats")
    return Pool(
        name=name,
        pgs=pgs_of(states, expected=_count(row.get("pg_num"), "pool: pg_num")),
        full="full" in flagged and "full_quota" not in flagged,
        quota="full_quota" in flagged,
        copies=_positive(row.get("size")),
        min_copies=_positive(row.get("min_size")),
        stored_bytes=_latest(stats, "stored"),
        available_bytes=_latest(stats, "max_avail"),
        objects=_latest(stats, "objects"),
    )


def _latest(stats: Any, name: str) -> float | None:
    found = stats.get(name) if isinstance(stats, Mapping) else None
    return amount(found.get("latest")) if isinstance(found, Mapping) else None


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_COUNT else None


def _age(history: Any, answered_at: float) -> float | None:
    """The age of the newest point in any of the series; (0, 0) stands for a series without points."""
    series = history.values() if isinstance(history, Mapping) else ()
    times = [amount(point[0]) for points in series for point in _points(points)]
    newest = max((time for time in times if time), default=None)
    return None if newest is None else answered_at - newest


def _points(points: Any) -> list[Any]:
    if not isinstance(points, list):
        return []
    return [point for point in points[-1:] if isinstance(point, list | tuple) and point]


def _rows(value: Any, where: str) -> list[Mapping[str, Any]]:
    rows = _list(value, where)
    if not all(isinstance(row, Mapping) for row in rows):
        raise unreadable(f"{where}: a row that is not an object")
    return rows


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise unreadable(f"{where}: not a list")
    if len(value) > MAX_ROWS:
        raise CollectorError(Kind.LIMIT, f"{where}: more than {MAX_ROWS} rows")
    return value


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise unreadable(f"{where}: not an object")
    return value


def _count(value: Any, where: str) -> int:
    """A whole number that is not negative and that a sample holds exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise unreadable(f"{where}: not a count")
    return value
