"""When planned work takes place: once, or by an RRULE of RFC 5545, in an IANA zone, as half-open stretches of UTC.

A series keeps its local time: 02:00 each Sunday is 02:00 before and after a clock change. A local time that a clock change skips or
has twice is read as RFC 5545, 3.3.5, reads it: a skipped one by the offset before the change, of two the first. Lengths are elapsed time.
What cannot be expanded, never ends, or would move against the agreement's own clock is refused with everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sankofa_observe.errors import Violation
from sankofa_observe.slo.window import zone_named
from sankofa_observe.units import Period, rfc3339

MOST_OCCURRENCES = 1_000
LONGEST_SERIES_DAYS = 5 * 366
LONGEST_SECONDS = 366 * 86_400
LOCAL_FORMAT = "%Y-%m-%dT%H:%M:%S"
_UNTIL = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST")  # fmt: skip
_NEVER_WITH = {  # RFC 5545, 3.3.10; what expands rules would take them otherwise
    "BYMONTHDAY": ("WEEKLY",),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYWEEKNO": ("DAILY", "WEEKLY", "MONTHLY"),
}
_LARGEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53}  # of the same paragraph
_NTH_DAY = re.compile(r"[+-]?[0-9]+[A-Z]{2}")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_NO_PLACE = re.compile(r"Etc/.*|UTC|UCT|GMT.*|Zulu|Universal|Greenwich|EST|MST|HST")
"""Zones that are no place: nobody's clock on a wall keeps them over a clock change."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Once, or a series: `rule` is the value of an RRULE, without its name; empty means once."""

    zone: str
    begins: str  # local time of the first occurrence, like 2027-01-10T02:00:00
    length_seconds: int
    rule: str = ""

    def __str__(self) -> str:
        repeated = f", {self.rule}" if self.rule else ""
        return f"{self.begins} {self.zone} for {self.length_seconds} s{repeated}"


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One stretch of a schedule."""

    period: Period
    note: str = ""  # by which rule its start was found, where the local time exists twice or not at all


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """A schedule as stretches of UTC, in order; with any problem there are none."""

    occurrences: tuple[Occurrence, ...] = ()
    problems: tuple[Violation, ...] = ()


def expanded(schedule: Schedule) -> Expanded:
    """Every stretch of the schedule, or everything that is wrong with it."""
    problems = [*_own_problems(schedule), *(_rule_problems(schedule.rule) if schedule.rule else ())]
    if problems:
        return Expanded(problems=tuple(problems))
    zone, first = ZoneInfo(schedule.zone), datetime.strptime(schedule.begins, LOCAL_FORMAT)  # noqa: DTZ007  of the zone
    try:
        starts = list(_starts(schedule.rule, first, zone)) if schedule.rule else [first]
    except ValueError as error:
        return Expanded(problems=(_rule(f"{schedule.rule!r}: {error}", "see RFC 5545, 3.3.10"),))
    found = tuple(_occurrence(one, zone, schedule.length_seconds) for one in starts)
    problems = list(_series_problems(schedule, first, starts, found))
    return Expanded(problems=tuple(problems)) if problems else Expanded(occurrences=found)


def drifts(schedule: Schedule, occurrences: Iterable[Occurrence], zones: Mapping[str, str]) -> Iterator[Violation]:
    """Where a series in a zone that is no place moves against the local clock of an agreement; `zones` are by its name."""
    if not schedule.rule or not _NO_PLACE.fullmatch(schedule.zone):
        return
    starts = [one.period.starts_at for one in occurrences]
    for agreement, zone in zones.items():
        local = [datetime.fromtimestamp(at, ZoneInfo(zone)) for at in starts]
        for before, after in pairwise(local):
            if before.utcoffset() != after.utcoffset():
                yield _rule(
                    f"it stays at {schedule.begins[11:16]} {schedule.zone}, and so moves in {zone}, the zone of agreement {agreement}, "
                    f"from {before:%H:%M} on {before:%Y-%m-%d} to {after:%H:%M} on {after:%Y-%m-%d}",
                    f"--zone {zone} keeps the local time; where {schedule.zone} is meant, end the series before the clock change and "
                    "propose another one after it",
                )
                break


def _own_problems(schedule: Schedule) -> Iterator[Violation]:
    try:
        zone_named(schedule.zone)
    except (ValueError, OSError, KeyError):  # no such key, no name, or a folder
        yield Violation(code="exclusion.zone", where="zone", problem=f"{schedule.zone[:80]!r} is no zone of the IANA database", hint="like Europe/Berlin or UTC")  # fmt: skip
    first = _local(schedule.begins)
    if first is None:
        yield Violation(code="exclusion.from", where="from", problem=f"{schedule.begins[:80]!r} is no local time", hint="like 2027-01-10T02:00:00, in the zone that --zone names")  # fmt: skip
    elif not 2026 <= first.year <= 2100:  # noqa: PLR2004  as of agreements
        yield Violation(code="exclusion.from", where="from", problem=f"{schedule.begins}: expected a year from 2026 to 2100")  # fmt: skip
    if not 1 <= schedule.length_seconds <= LONGEST_SECONDS:
        yield Violation(code="exclusion.length", where="for", problem=f"{schedule.length_seconds} s: expected 1 s to {LONGEST_SECONDS} s (366 days)")  # fmt: skip


def _local(text: str) -> datetime | None:
    """A local time as we write it; `strptime` reads 2027-1-1T2:0:0 and other digits than ours as well."""
    try:
        found = datetime.strptime(text, LOCAL_FORMAT)  # noqa: DTZ007  of the zone
    except ValueError:
        return None
    return found if found.strftime(LOCAL_FORMAT) == text else None


def _rule_problems(rule: str) -> Iterator[Violation]:
    pairs = [part.partition("=")[::2] for part in rule.split(";")]
    parts = dict(pairs)
    for name, value in pairs:
        if name in _TIMES:
            yield _rule(f"{name}: the time of day is that of --from", f"leave {name} out")
        elif name not in _PARTS or not value:
            yield _rule(
                f"{f'{name}={value}'[:80]!r} is no part of a rule", f"expected {', '.join(_PARTS)}, each with ="
            )
    if len(parts) < len(pairs):
        yield _rule(f"{rule[:200]!r} has a part twice")
    yield from _frequency_problems(parts.get("FREQ", ""))
    yield from _part_problems(parts)
    yield from _end_problems(parts)


def _frequency_problems(frequency: str) -> Iterator[Violation]:
    expected = f"expected one of {', '.join(_FREQUENCIES)}"
    if frequency in {"HOURLY", "MINUTELY", "SECONDLY"}:
        yield _rule(f"FREQ={frequency} drifts over a clock change: a local hour is skipped or comes twice", expected)
    elif frequency not in _FREQUENCIES:
        yield _rule(f"FREQ is {frequency[:40]!r}", expected)


def _part_problems(parts: Mapping[str, str]) -> Iterator[Violation]:
    """What the frequency has no meaning for: it would be dropped in silence, and more days excluded than were meant."""
    frequency = parts.get("FREQ", "")
    for name, never in _NEVER_WITH.items():
        if name in parts and frequency in never:
            yield _rule(f"{name}={parts[name][:40]} has no meaning with FREQ={frequency} (RFC 5545, 3.3.10)")
    for name, largest in _LARGEST.items():
        least = 1 if name == "BYMONTH" else -largest
        for text in parts[name].split(",") if name in parts else ():
            if not re.fullmatch("[+-]?[0-9]{1,3}", text) or not least <= int(text) <= largest or not int(text):
                yield _rule(f"{name}={text[:40]}: expected a whole number from {least} to {largest}, and not 0")
    nth = [day for day in parts.get("BYDAY", "").split(",") if _NTH_DAY.fullmatch(day)]
    if nth and (frequency in {"DAILY", "WEEKLY"} or "BYWEEKNO" in parts):
        why = "BYWEEKNO" if "BYWEEKNO" in parts else f"FREQ={frequency}"
        yield _rule(
            f"BYDAY={nth[0][:40]} has no meaning with {why} (RFC 5545, 3.3.10)",
            "FREQ=MONTHLY with BYDAY=1SU is the first Sunday of each month; BYDAY=SU is every Sunday",
        )


def _end_problems(parts: Mapping[str, str]) -> Iterator[Violation]:
    """It ends, and by what is said once."""
    if ("COUNT" in parts) == ("UNTIL" in parts):
        seen = "both COUNT and UNTIL" if "COUNT" in parts else "neither COUNT nor UNTIL: it never ends"
        yield _rule(f"it has {seen}", "one of COUNT=10 and UNTIL=20271231T235959Z")
    if "UNTIL" in parts and _instant(parts["UNTIL"]) is None:
        yield _rule(f"UNTIL={parts['UNTIL'][:40]}: expected UTC like 20271231T235959Z (RFC 5545, 3.3.10)")
    for name in ("COUNT", "INTERVAL"):
        if name in parts and not re.fullmatch("[1-9][0-9]{0,3}", parts[name]):
            yield _rule(f"{name}={parts[name][:40]}: expected a whole number from 1 to 9999")


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if _UNTIL.fullmatch(text) else None
    except ValueError:
        return None


def _starts(rule: str, first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Local starts, one more than there may be where there are more."""
    from dateutil.rrule import rrulestr  # only who expands a series pays for it

    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    count, until = int(parts.get("COUNT", MOST_OCCURRENCES + 1)), _instant(parts.get("UNTIL", ""))
    endless = ";".join(f"{name}={value}" for name, value in parts.items() if name not in {"COUNT", "UNTIL"})
    horizon = first + timedelta(days=LONGEST_SERIES_DAYS)
    for number, start in enumerate(rrulestr(endless, dtstart=first)):
        if number >= min(count, MOST_OCCURRENCES + 1) or (until and start.replace(tzinfo=zone) > until):
            return
        yield start
        if start > horizon:
            return


def _series_problems(
    schedule: Schedule, first: datetime, starts: list[datetime], found: tuple[Occurrence, ...]
) -> Iterator[Violation]:
    if not found:
        yield _rule(f"{schedule.rule!r} has no occurrence from {schedule.begins} on")
        return
    if starts[0] != first:
        yield _rule(f"the first occurrence is {starts[0]:%Y-%m-%dT%H:%M:%S}, and --from is {schedule.begins}", "begin at an occurrence")  # fmt: skip
    count = re.search("COUNT=([0-9]+)", schedule.rule)
    fewer = count is not None and len(starts) < int(count[1])  # the rest is beyond any calendar
    if fewer or len(starts) > MOST_OCCURRENCES or starts[-1] > first + timedelta(days=LONGEST_SERIES_DAYS):
        yield _rule(f"it has more than {MOST_OCCURRENCES} occurrences, or goes on for more than {LONGEST_SERIES_DAYS} days", "end it earlier, and propose the rest when it is due")  # fmt: skip
    for one, later in pairwise(found):
        if one.period.ends_at > later.period.starts_at:
            yield Violation(code="exclusion.length", where="for", problem=f"{schedule.length_seconds} s: the occurrence of {rfc3339(one.period.starts_at)} has not ended when the next one begins")  # fmt: skip
            return


def _occurrence(local: datetime, zone: ZoneInfo, seconds: int) -> Occurrence:
    """`fold=0` is the rule of RFC 5545: the first of two, and the offset before the change of one that is skipped."""
    aware = local.replace(tzinfo=zone)
    starts_at = int(aware.timestamp())
    there = datetime.fromtimestamp(starts_at, zone)
    note = ""
    if there.replace(tzinfo=None, fold=0) != local:
        note = f"{local:%Y-%m-%dT%H:%M:%S} is skipped by the clocks of {zone.key}: begins at {there:%H:%M:%S} there"
    elif aware.utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset():
        note = f"{local:%Y-%m-%dT%H:%M:%S} comes twice in {zone.key}: begins at the first"
    return Occurrence(period=Period(starts_at=starts_at, ends_at=starts_at + seconds), note=note)


def _rule(problem: str, hint: str = "") -> Violation:
    return Violation(code="exclusion.rrule", where="rrule", problem=problem, hint=hint)
