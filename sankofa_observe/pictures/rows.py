"""How a period is cut into rows: a local day each, or where it is short an hour or a minute each, if a row then has several slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sankofa_observe.pictures.strip import Mark, Stretch, Strip, cut, seconds_by_mark
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.units import Period

HOUR, MINUTE, DAY = 3600, 60, 86_400
FEWEST = 4  # slots in a row
# Lengths of a cell, of which the shortest is taken that fits; of each kind of row.
DAY_CELLS: Sequence[int] = (300, 600, 900, 1200, 1800, 3600, 7200, 10_800)
HOUR_CELLS: Sequence[int] = (20, 30, 60, 120, 180, 300, 600)
MINUTE_CELLS: Sequence[int] = (1, 2, 3, 5, 10, 15, 30)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the picture; of the first and the last one only a part may lie in the period."""

    label: str
    starts_at: int
    ends_at: int
    stretches: Sequence[Stretch]

    @property
    def seconds(self) -> int:
        return self.ends_at - self.starts_at

    def slots(self, seconds: int) -> dict[Mark, int]:
        """How many slots of each mark."""
        return {mark: length // seconds for mark, length in seconds_by_mark(self.stretches).items()}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All lines, what they are of, and the lengths a cell of them may have."""

    rows: Sequence[Row]
    cells: Sequence[int]
    seconds: int  # of a line that no clock change lengthens
    longest: int  # of any line


def rows_of(strip: Strip) -> Rows:
    zone, period, stretches = ZoneInfo(strip.zone), strip.period, strip.stretches()
    if period.seconds > DAY or FEWEST * strip.slot_seconds > HOUR:
        edges, cells, seconds = list(_days(period, strip.zone)), DAY_CELLS, DAY
        form = "%a %d" if _one_month(period, zone) else "%a %d %b"
    elif period.seconds > HOUR or FEWEST * strip.slot_seconds > MINUTE:
        edges, cells, seconds, form = list(_steps(period, HOUR)), HOUR_CELLS, HOUR, "%H:%M"
    else:
        edges, cells, seconds, form = list(_steps(period, MINUTE)), MINUTE_CELLS, MINUTE, "%H:%M"
    rows = [
        Row(
            label=datetime.fromtimestamp(one.starts_at, zone).strftime(form),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            stretches=cut(stretches, one.starts_at, one.ends_at),
        )
        for one in edges
    ]
    return Rows(rows=rows, cells=cells, seconds=seconds, longest=max(row.seconds for row in rows))


def _days(period: Period, zone: str) -> Iterator[Period]:
    window = CalendarWindow(unit=CalendarUnit.DAY, zone=zone)
    at = period.starts_at
    while at < period.ends_at:
        day = window.period_at(at)
        yield day
        at = day.ends_at


def _steps(period: Period, seconds: int) -> Iterator[Period]:
    for at in range(period.starts_at // seconds * seconds, period.ends_at, seconds):
        yield Period(starts_at=at, ends_at=at + seconds)


def _one_month(period: Period, zone: ZoneInfo) -> bool:
    first, last = (datetime.fromtimestamp(at, zone) for at in (period.starts_at, period.ends_at - 1))
    return (first.year, first.month) == (last.year, last.month)


def length(seconds: int) -> str:
    """A length of time in whole units, nothing rounded."""
    parts = []
    for name, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts) or "0 s"
