"""`summary`, `monitor`, `health/minimal` or `health/snapshot`, and `osd/flags`: the state of the whole cluster.

A part that is absent was kept from us (rights) or is unknown to that version: None, never zero. One that is there and
cannot be read is None too, counted as rejected, and costs no other part. Shapes: `health/minimal` of Pacific to Tentacle,
`health/snapshot` with and without a quorum (20.2.1 has none), and `ceph status` with a flat or a nested osdmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.reading.coerce import amount, flag, text

from .fields import MAX_ROWS, count, is_count, mapping, part, readable, rows, unreadable
from .values import Capacity, Check, Checks, Health, Mons, Objects, OsdCounts, Quorum, Rates, Summary

STATUSES = ("HEALTH_OK", "HEALTH_WARN", "HEALTH_ERR")
RATES = ("read_op_per_sec", "write_op_per_sec", "read_bytes_sec", "write_bytes_sec", "recovering_bytes_per_sec")
OBJECTS = ("num_objects", "num_object_copies", "num_objects_degraded", "num_objects_misplaced", "num_objects_unfound")


def parse_summary(document: Any) -> Summary:
    found = mapping(document, "summary")
    connected = found.get("have_mon_connection")
    if not isinstance(connected, bool):
        raise unreadable("summary: have_mon_connection is not true or false")
    return Summary(connected=connected, version=text(found.get("version")))


def parse_quorum(document: Any) -> Quorum:
    """From `monitor`. Without a readable age nothing shows that the mgr hears from a quorum."""
    found = mapping(document, "monitor")
    status = mapping(found.get("mon_status"), "mon_status")
    age = count(status.get("quorum_age"), "mon_status: quorum_age")
    monmap = status.get("monmap")
    fsid = text(monmap.get("fsid")) if isinstance(monmap, Mapping) else None
    return Quorum(age_seconds=age, mons=part(_mons_of_monitor, found), fsid=fsid.lower() if fsid else None)


def parse_health(document: Any) -> Health:
    found = mapping(document, "health")
    state = mapping(found.get("health"), "health")
    if state.get("status") not in STATUSES and "checks" not in state:
        raise unreadable("health: neither a status of Ceph's nor checks")
    return Health(
        status=part(_status, state),
        checks=part(_checks, state),
        mons=part(_mons, found),
        osds=part(_osds, found),
        pgs=part(_pgs, found),
        objects=part(_objects, found),
        capacity=part(_capacity, found),
        rates=part(_rates, found),
        pools=part(_pools, found),
        mds_standbys=part(_mds_standbys, found),
        gateways=part(_gateways, found),
    )


def parse_flags(document: Any) -> frozenset[str]:
    """The flags of the OSD map; a map always has some (sortbitwise), so an empty list is not one."""
    if not isinstance(document, list) or not document or not all(text(name) for name in document):
        raise unreadable("osd/flags: not a list of names")
    found = frozenset(document)
    return found | {"pauserd", "pausewr"} if "pause" in found else found


def states_of(by_state: Any, where: str) -> dict[str, int]:
    """PGs by state."""
    found = mapping(by_state, where)
    if len(found) > MAX_ROWS or not all(text(state) for state in found):
        raise unreadable(f"{where}: a state without a name")
    return {state: count(value, f"{where}: PGs") for state, value in found.items()}


def _status(state: Mapping[str, Any]) -> str:
    status = state.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise unreadable("health: status is not one of Ceph's")
    return status


def _checks(state: Mapping[str, Any]) -> Checks:
    """A list of objects with a type (dashboard), or a mapping by type (`ceph status`, snapshot)."""
    given = state.get("checks")
    if isinstance(given, Mapping):
        given = [{**mapping(check, "health: check"), "type": name} for name, check in given.items()]
    # A check that is there and cannot be read may be the one that matters: then no check is known to pass.
    read = [_check(mapping(row, "health: check")) for row in rows(given, "health: checks")]
    found = by_identity(read)
    return Checks(failing=found, unclear=frozenset(name for name, _ in read) - frozenset(found))


def _check(row: Mapping[str, Any]) -> tuple[str, Check]:
    name, severity = text(row.get("type")), row.get("severity")
    if name is None or not isinstance(severity, str) or severity not in STATUSES:
        raise unreadable("health: a check without type or severity")
    summary, details = row.get("summary"), row.get("detail")
    found = summary if isinstance(summary, Mapping) else {}
    return name, Check(
        severity=severity,
        count=count(found.get("count", 0), "health: count of a check"),
        message=text(found.get("message")) or "",
        details=tuple(_lines(details)) if isinstance(details, list) else (),
    )


def _lines(details: list[Any]) -> Iterator[str]:
    for line in details[:MAX_ROWS]:
        message = text(line.get("message")) if isinstance(line, Mapping) else None
        if message is not None:
            yield message


def _mons_of_monitor(found: Mapping[str, Any]) -> Mons | None:
    """The map's mons and the ranks in the quorum; else the two lists that the dashboard makes of them."""
    status = mapping(found.get("mon_status"), "mon_status")
    inside, outside = found.get("in_quorum"), found.get("out_quorum")
    quorum, monmap = status.get("quorum", inside), status.get("monmap")
    if isinstance(monmap, Mapping) and ("mons" in monmap or "num_mons" in monmap):
        return None if quorum is None else _members(quorum, _total(monmap))
    if inside is None or outside is None:
        return None
    return _members(quorum, len(_named([*rows(inside, "in_quorum"), *rows(outside, "out_quorum")])))


def _mons(found: Mapping[str, Any]) -> Mons | None:
    status = found.get("mon_status", found if "monmap" in found else None)
    if status is None:
        return None
    status = mapping(status, "mon_status")
    monmap = mapping(status.get("monmap"), "monmap")
    quorum = status.get("quorum", monmap.get("quorum"))
    # A snapshot of 20.2.1 counts the mons and does not name the quorum; `monitor` does.
    return None if quorum is None or quorum == {} else _members(quorum, _total(monmap))


def _total(monmap: Mapping[str, Any]) -> int:
    return (
        count(monmap["num_mons"], "monmap: num_mons")
        if "num_mons" in monmap
        else len(_named(rows(monmap.get("mons"), "mons")))
    )


def _named(mons: list[Any]) -> list[Any]:
    """A mon that is listed twice is one; `health/minimal` lists them without their names, as many as there are."""
    names = [mon.get("name") for mon in mons if isinstance(mon, Mapping)]
    return list(set(names)) if len(names) == len(mons) and all(text(name) for name in names) else mons


def _members(quorum: Any, total: int) -> Mons:
    """Ranks, or mons as objects; one that is named twice is one."""
    members = rows(quorum, "mon_status: quorum")
    ranks = {count(one.get("rank") if isinstance(one, Mapping) else one, "mon_status: rank") for one in members}
    if not total or len(ranks) > total:
        raise unreadable(f"mon_status: {len(ranks)} of {total} mons in the quorum")
    return Mons(total=total, in_quorum=len(ranks))


def _osds(found: Mapping[str, Any]) -> OsdCounts | None:
    if "osd_map" in found:
        listed = rows(mapping(found["osd_map"], "osd_map").get("osds"), "osds")
        osds = readable(listed, "osd_map", lambda row: (flag(row.get("up")), flag(row.get("in"))))
        if len(osds) < len(listed) or any(None in osd for osd in osds):
            raise unreadable("osd_map: an OSD whose up or in is not 0 or 1")
        return OsdCounts(total=len(osds), up=sum(up is True for up, _ in osds), in_=sum(in_ is True for _, in_ in osds))
    if "osdmap" not in found:
        return None
    osdmap = mapping(found["osdmap"], "osdmap")
    osdmap = mapping(osdmap["osdmap"], "osdmap") if "osdmap" in osdmap else osdmap
    total, up_count, in_count = (
        count(osdmap.get(f"num_{word}osds" if f"num_{word}osds" in osdmap else word.rstrip("_")), "osdmap")
        for word in ("", "up_", "in_")
    )
    if max(up_count, in_count) > total:
        raise unreadable("osdmap: more OSDs up or in than there are")
    return OsdCounts(total=total, up=up_count, in_=in_count)


def _pgs(found: Mapping[str, Any]) -> dict[str, int] | None:
    if "pg_info" in found:
        return states_of(mapping(found["pg_info"], "pg_info").get("statuses"), "pg_info")
    if "pgmap" not in found:
        return None
    listed = rows(mapping(found["pgmap"], "pgmap").get("pgs_by_state"), "pgs_by_state")
    pairs = [
        (text(row.get("state_name")), count(row.get("count"), "pgs_by_state: count"))
        for row in (mapping(one, "pgs_by_state") for one in listed)
    ]
    states = states_of(by_identity(pairs), "pgs_by_state")
    if len(states) < len(set(pairs)):
        raise unreadable("pgs_by_state: one state with two counts")
    return states


def _objects(found: Mapping[str, Any]) -> Objects | None:
    if "pg_info" not in found:
        return None
    stats = mapping(mapping(found["pg_info"], "pg_info").get("object_stats"), "object_stats")
    total, copies, degraded, misplaced, unfound = (count(stats.get(name), f"object_stats: {name}") for name in OBJECTS)
    return Objects(total=total, copies=copies, degraded=degraded, misplaced=misplaced, unfound=unfound)


def _capacity(found: Mapping[str, Any]) -> Capacity | None:
    if "df" in found:
        stats = mapping(mapping(found["df"], "df").get("stats"), "df: stats")
        total, used = stats.get("total_bytes"), stats.get("total_used_raw_bytes")
    elif "pgmap" in found:
        pgmap = mapping(found["pgmap"], "pgmap")
        total, used = pgmap.get("bytes_total"), pgmap.get("bytes_used")
    else:
        return None
    return Capacity(total_bytes=count(total, "df: total"), used_bytes=count(used, "df: used"))


def _rates(found: Mapping[str, Any]) -> Rates | None:
    """A rate that is not there is None; a snapshot leaves out what is not going on, and null is not said to be zero."""
    perf = found.get("client_perf", found.get("pgmap"))
    if perf is None:
        return None
    values = [amount(mapping(perf, "client_perf").get(name)) for name in RATES]
    reads, writes, read_bytes, written_bytes, recovered_bytes = values
    return Rates(
        reads=reads, writes=writes, read_bytes=read_bytes, written_bytes=written_bytes, recovered_bytes=recovered_bytes
    )


def _pools(found: Mapping[str, Any]) -> int | None:
    """How many pools there are, by the view that does not list them."""
    if isinstance(found.get("pools"), list):
        return len(found["pools"])
    pgmap = found.get("pgmap")
    return (
        count(pgmap["num_pools"], "pgmap: num_pools") if isinstance(pgmap, Mapping) and "num_pools" in pgmap else None
    )


def _mds_standbys(found: Mapping[str, Any]) -> int | None:
    if "fs_map" in found:
        return len(rows(mapping(found["fs_map"], "fs_map").get("standbys"), "standbys"))
    if "fsmap" in found:
        return count(mapping(found["fsmap"], "fsmap").get("num_standbys"), "fsmap: num_standbys")
    return None


def _gateways(found: Mapping[str, Any]) -> int | None:
    value = found.get("rgw", found.get("num_rgw_gateways"))
    return value if is_count(value) else None
