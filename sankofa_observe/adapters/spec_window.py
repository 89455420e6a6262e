"""Over which periods an SLO is judged or watched: their edges must be edges of slots, clock changes included."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sankofa_observe.adapters.spec_faults import Fault, note_path
from sankofa_observe.adapters.spec_models import Calendar, TimeWindow
from sankofa_observe.adapters.spec_slot import DAY, SLOT_PLACES, seconds_of
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, RollingWindow, Window, zone_named
from sankofa_observe.units import rfc3339

_PATH = "/spec/timeWindow/0"
_FORM = "%Y-%m-%d %H:%M:%S"
_CALENDAR = {"1d": CalendarUnit.DAY, "1w": CalendarUnit.WEEK, "1M": CalendarUnit.MONTH, "1Q": CalendarUnit.QUARTER}
# Two years of each: every clock change of a zone is in them.
_EDGES_LOOKED_AT = {CalendarUnit.DAY: 731, CalendarUnit.WEEK: 105, CalendarUnit.MONTH: 25, CalendarUnit.QUARTER: 9}
_YEARS = range(1970, 2101)
_LEANS = (*SLOT_PLACES, note_path("scrape"))


def read_window(window: TimeWindow, slot: SlotRule | None, faults: list[Fault]) -> Window | None:
    """The window, or None with what is wrong in `faults`."""
    if window.is_rolling:
        return _rolling(window, slot, faults)
    if window.calendar is None:
        hint = "where its periods begin, like startTime 2026-01-01 00:00:00, timeZone UTC; or isRolling: true"
        faults.append(Fault(f"{_PATH}/calendar", "slo.calendar", "no calendar", hint, (f"{_PATH}/isRolling",)))
        return None
    return _periodic(window, window.calendar, slot, faults)


def _rolling(window: TimeWindow, slot: SlotRule | None, faults: list[Fault]) -> Window | None:
    """A fixed length of whole slots, without a calendar."""
    path, rolls = f"{_PATH}/duration", (f"{_PATH}/isRolling",)
    if window.calendar is not None:
        problem = "a rolling window ends now and needs no calendar"
        faults.append(Fault(f"{_PATH}/calendar", "slo.calendar", problem, leans_on=rolls))
    if _is_of_minutes(window.duration, path, faults):
        return None
    if window.duration[-1] in "MQY":
        hint = "write days, like 30d; M, Q and Y are calendar periods, with isRolling: false"
        problem = f"{window.duration[:80]!r} has no one length to roll by"
        faults.append(Fault(path, "slo.duration", problem, hint, rolls))
        return None
    weeks = window.duration.endswith("w")
    seconds = seconds_of(f"{window.duration[:-1]}d" if weeks else window.duration, path, faults)
    if seconds is None or slot is None:
        return None
    seconds *= 7 if weeks else 1
    if seconds % slot.seconds:
        problem = f"{seconds} s are no whole number of slots of {slot.seconds} s"
        faults.append(Fault(path, "slo.period-slot", problem, leans_on=(*_LEANS, *rolls)))
    return RollingWindow(seconds=seconds, step_seconds=slot.seconds if seconds % DAY else DAY)


def _periodic(window: TimeWindow, calendar: Calendar, slot: SlotRule | None, faults: list[Fault]) -> Window | None:
    """Periods that follow each other: of the calendar, or of one length from an instant."""
    zone, start = _zone(calendar.time_zone, faults), _start(calendar.start_time, faults)
    unit = _CALENDAR.get(window.duration)
    seconds = None if unit else _length(window.duration, faults)
    start_at = None if zone is None or start is None else int(start.replace(tzinfo=zone).timestamp())
    if start_at is None:
        return None
    if unit:
        found = CalendarWindow(unit=unit, zone=calendar.time_zone)
        _edges_fit(found, start_at, calendar.start_time, slot, faults)
        return found
    if seconds is None or slot is None:
        return None
    if seconds % slot.seconds or start_at % slot.seconds:
        problem = f"periods of {seconds} s from {rfc3339(start_at)} do not begin and end on slots of {slot.seconds} s"
        faults.append(Fault(_PATH, "slo.period-slot", problem, leans_on=_LEANS))
    return FixedWindow(seconds=seconds, anchor_at=start_at)


def _zone(name: str, faults: list[Fault]) -> ZoneInfo | None:
    try:
        return zone_named(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a zone that is a folder, like Africa
        problem = f"{name[:80]!r}: {error}"
        faults.append(Fault(f"{_PATH}/calendar/timeZone", "slo.calendar", problem, "like Africa/Nairobi"))
        return None


def _start(text: str, faults: list[Fault]) -> datetime | None:
    try:
        start = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        start = None
    if start is None or start.year not in _YEARS:
        hint = f"from {_YEARS.start} to {_YEARS.stop - 1}, like 2026-01-01 00:00:00"
        faults.append(Fault(f"{_PATH}/calendar/startTime", "slo.calendar", f"{text[:80]!r} is no start time", hint))
        return None
    return start


def _length(duration: str, faults: list[Fault]) -> int | None:
    path = f"{_PATH}/duration"
    if _is_of_minutes(duration, path, faults):
        return None
    if duration[-1] in "wMQY":
        hint = "1d, 1w, 1M and 1Q are calendar periods; any other length is written in s, h or d"
        faults.append(Fault(path, "slo.duration", f"{duration[:80]!r} is no period we judge", hint))
        return None
    return seconds_of(duration, path, faults)


def _is_of_minutes(duration: str, path: str, faults: list[Fault]) -> bool:
    """Too near to 1M to be believed."""
    if duration.endswith("m"):
        hint = "1M is a month; for a period of minutes, which is for trials, write its seconds"
        faults.append(Fault(path, "slo.duration", f"{duration[:80]!r} is a period of minutes", hint))
    return duration.endswith("m")


def _edges_fit(window: CalendarWindow, start_at: int, told: str, slot: SlotRule | None, faults: list[Fault]) -> None:
    """A calendar period begins where one begins, and all its edges lie on slots."""
    period = window.period_at(start_at)
    if period.starts_at != start_at:
        begins = datetime.fromtimestamp(period.starts_at, ZoneInfo(window.zone)).strftime(_FORM)
        problem = f"{told!r} is no start of a {window.unit}; the one around it starts {begins!r}"
        leans_on = (f"{_PATH}/calendar/timeZone", f"{_PATH}/duration")
        faults.append(Fault(f"{_PATH}/calendar/startTime", "slo.calendar-start", problem, leans_on=leans_on))
    for _ in range(_EDGES_LOOKED_AT[window.unit] if slot else 0):
        if slot and period.starts_at % slot.seconds:
            problem = (
                f"a {window.unit} in {window.zone} starts at {rfc3339(period.starts_at)}, which is no edge of a slot of "
                f"{slot.seconds} s"
            )
            hint = "slots are counted from midnight UTC; take one that divides the zone's offset, like 1m or 15m"
            faults.append(Fault(_PATH, "slo.period-slot", problem, hint, _LEANS))
            return
        period = window.period_at(period.ends_at)
