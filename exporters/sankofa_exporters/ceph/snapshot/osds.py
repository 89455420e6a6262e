"""`osd`: each OSD of the map with its host, its state, its latest statistics and the time of its last report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.reading.coerce import amount, flag, text

from .fields import count, readable, unreadable
from .values import FULL_LEVELS, Osd, Osds

MILLISECOND, NANOSECOND = 1e-3, 1e-9


def parse_osds(document: Any, answered_at: float) -> Osds:
    """`answered_at` is the time of the answer by the mgr's own clock, which also stamps the reports."""
    read = readable(document, "osd", lambda row: _osd(row, answered_at))
    return Osds(rows=tuple(by_identity((osd.id, osd) for osd in read).values()))


def _osd(row: Mapping[str, Any], answered_at: float) -> Osd:
    up = flag(row.get("up"))
    if up is None:
        raise unreadable("osd: up is not 0 or 1")
    return Osd(
        id=count(row.get("id", row.get("osd")), "osd: id"),
        up=up,
        in_=flag(row.get("in")),
        host=text(_inner(row, "host").get("name")),
        device_class=text(_inner(row, "tree").get("device_class")),
        full_level=_full_level(row.get("state")),
        used_ratio=_used_ratio(_inner(row, "stats")),
        commit_latency_seconds=_latency(row, "commit"),
        apply_latency_seconds=_latency(row, "apply"),
        report_age_seconds=_report_age(row.get("stats_history"), answered_at),
    )


def _inner(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def _full_level(state: Any) -> int | None:
    if not isinstance(state, list) or not all(isinstance(word, str) for word in state):
        return None
    return max((FULL_LEVELS.index(word) for word in state if word in FULL_LEVELS), default=0)


def _used_ratio(stats: Mapping[str, Any]) -> float | None:
    size, used = amount(stats.get("stat_bytes")), amount(stats.get("stat_bytes_used"))
    return None if not size or used is None else used / size


def _latency(row: Mapping[str, Any], operation: str) -> float | None:
    """In nanoseconds where the version has them, else in milliseconds."""
    found = _inner(_inner(row, "osd_stats"), "perf_stat")
    for unit, seconds in (("ns", NANOSECOND), ("ms", MILLISECOND)):
        value = amount(found.get(f"{operation}_latency_{unit}"))
        if value is not None:
            return value * seconds
    return None


def _report_age(history: Any, answered_at: float) -> float | None:
    """The age of the newest point in any of the series; (0, 0) stands for a series without points."""
    series = history.values() if isinstance(history, Mapping) else ()
    times = [amount(point[0]) for points in series for point in _points(points)]
    newest = max((time for time in times if time), default=None)
    return None if newest is None else answered_at - newest


def _points(points: Any) -> list[Any]:
    if not isinstance(points, list):
        return []
    return [point for point in points[-1:] if isinstance(point, list | tuple) and point]
