"""OpenSLO documents to objectives, with the checks that no shape can express."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import rfc8785

from sankofa_observe.adapters.spec_faults import ANNOTATION, Fault, note_fault, note_path
from sankofa_observe.adapters.spec_indicator import INDICATOR_NOTES, read_indicator
from sankofa_observe.adapters.spec_models import SloDocument, TimeWindow
from sankofa_observe.errors import Violation
from sankofa_observe.slo.indicator import CompositeIndicator, Indicator, RatioIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, Window
from sankofa_observe.units import PPM, rfc3339

DURATION_HINT = "a duration is a whole number and one unit: s second, m minute, h, d, w, M month, Q quarter, Y year"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CALENDAR = {"1d": CalendarUnit.DAY, "1w": CalendarUnit.WEEK, "1M": CalendarUnit.MONTH, "1Q": CalendarUnit.QUARTER}
# Two years of each: every clock change of a zone is in them.
_EDGES_LOOKED_AT = {CalendarUnit.DAY: 731, CalendarUnit.WEEK: 105, CalendarUnit.MONTH: 25, CalendarUnit.QUARTER: 9}
_RULE_NOTES = {"tier", "scrape", "slot", "no-traffic", "longest-gap", "history", "leaves", "settles", "burst-factor"}
_ANNOTATIONS = _RULE_NOTES | INDICATOR_NOTES
_TIERS = {"core", "regional", "edge"}


def add_slo(where: str, document: SloDocument, slos: dict[str, Slo]) -> Iterator[Violation]:
    name = document.metadata.name
    if name in slos:
        yield Violation(code="slo.twice", where=f"{where}:/metadata/name", problem=f"SLO {name} is defined twice")
    faults: list[Fault] = []
    slo = _slo(document, faults)
    yield from (fault.violation(where) for fault in faults)
    if slo:
        slos[name] = slo


def _slo(document: SloDocument, faults: list[Fault]) -> Slo | None:
    spec, notes = document.spec, _annotations(document, faults)
    objective = spec.objectives[0]
    target_ppm = _target(objective.target, objective.target_percent, faults)
    indicator = read_indicator(document, notes, faults)
    slot = _slot_rule(document, notes, faults)
    window = _window(spec.time_window[0], slot, faults)
    no_traffic = notes.get("no-traffic", "good")
    if no_traffic not in set(NoTraffic):
        faults.append(note_fault("no-traffic", no_traffic, "good or excluded"))
    tier = notes.get("tier", "")
    if tier not in _TIERS:
        faults.append(note_fault("tier", tier, "core, regional or edge"))
    _fits(document, indicator, slot, faults)
    if faults or slot is None or window is None or indicator is None:
        return None
    return Slo(
        name=document.metadata.name,
        tier=tier,
        indicator=indicator,
        target_ppm=target_ppm,
        budgeting=Budgeting(spec.budgeting_method),
        window=window,
        slot=slot,
        no_traffic=NoTraffic(no_traffic),
        description=spec.description,
        digest=_digest(document),
    )


def _fits(document: SloDocument, indicator: Indicator | None, slot: SlotRule | None, faults: list[Fault]) -> None:
    """What the kind of indicator and the way of counting ask of each other."""
    events = isinstance(indicator, RatioIndicator)
    if indicator is not None and document.spec.budgeting_method == "Occurrences" and not events:
        problem = "only events can be counted as occurrences; states, levels and composites are judged by Timeslices"
        faults.append(Fault("/spec/budgetingMethod", "slo.budgeting", problem))
    if (
        slot is not None
        and slot.settles_seconds
        and events
        and isinstance(indicator, RatioIndicator)
        and indicator.counts_bad
    ):
        faults.append(note_fault("settles", f"{slot.settles_seconds}s", "none where bad events are selected"))


def link(slos: dict[str, Slo], sites: Mapping[str, Site]) -> Iterator[Violation]:
    """Give each SLO the sources that the fleet file lists, and each composite its parts; all documents are read by then."""
    for name, slo in list(slos.items()):
        system = getattr(slo.indicator, "system", "")
        if system:
            tier = [site for site in sites.values() if site.tier == slo.tier]
            slos[name] = replace(slo, sources={site.name: site.targets.get(system, ()) for site in tier})
    for name, slo in list(slos.items()):
        if isinstance(slo.indicator, CompositeIndicator):
            found = {part: slos[part] for part in slo.indicator.weights if part in slos}
            yield from _unfit(name, slo, found)
            slos[name] = replace(slo, parts=found)


def _unfit(name: str, slo: Slo, parts: Mapping[str, Slo]) -> Iterator[Violation]:
    """What keeps SLOs from being parts of a composite."""
    assert isinstance(slo.indicator, CompositeIndicator)  # noqa: S101  the caller looked
    where = f"SLO {name}:{note_path('parts')}"
    for part in slo.indicator.weights:
        other = parts.get(part)
        if other is None:
            yield Violation(code="slo.parts", where=where, problem=f"no SLO {part}")
        elif isinstance(other.indicator, CompositeIndicator):
            yield Violation(code="slo.parts", where=where, problem=f"{part} is a composite itself; name its parts")
        elif (other.tier, other.slot.seconds) != (slo.tier, slo.slot.seconds):
            problem = (
                f"{part} is of tier {other.tier} with slots of {other.slot.seconds} s; both must be those of the whole"
            )
            yield Violation(code="slo.parts", where=where, problem=problem)


def _annotations(document: SloDocument, faults: list[Fault]) -> dict[str, str]:
    ours = {k.removeprefix(ANNOTATION): v for k, v in document.metadata.annotations.items() if k.startswith(ANNOTATION)}
    faults += [
        Fault(
            f"/metadata/annotations/{ANNOTATION}{name}",
            "slo.annotation",
            "no such setting",
            f"known: {sorted(_ANNOTATIONS)}",
        )
        for name in ours
        if name not in _ANNOTATIONS
    ]
    return ours


def _target(target: Decimal | None, percent: Decimal | None, faults: list[Fault]) -> int:
    path = "/spec/objectives/0/target"
    if (target is None) == (percent is None):
        faults.append(Fault(path, "slo.target", "give exactly one of target and targetPercent"))
        return PPM
    share = target if target is not None else (percent or Decimal(0)) / 100
    before = len(faults)
    if target is not None and target > 1:
        faults.append(Fault(path, "slo.target-range", f"{target} is over 1", f"did you mean targetPercent: {target}?"))
    elif percent is not None and percent <= 1:
        faults.append(Fault(f"{path}Percent", "slo.target-range", f"{percent} %", f"did you mean target: {percent}?"))
    elif not 0 < share < 1:
        faults.append(
            Fault(path, "slo.target-range", f"{share} leaves no budget or no promise; expected between 0 and 1")
        )
    return _ppm(share, path, faults) if len(faults) == before else PPM


def _ppm(share: Decimal, path: str, faults: list[Fault]) -> int:
    scaled = share * PPM
    if scaled != int(scaled):
        faults.append(
            Fault(path, "slo.ppm", f"{share} is not a whole number of parts per million; use at most 6 decimals")
        )
    return int(scaled)


def _share_ppm(value: str | Decimal, path: str, faults: list[Fault]) -> int:
    """A share above 0 and up to 1, both of a slot's target and of its coverage."""
    try:
        share = Decimal(value)
    except InvalidOperation:
        share = Decimal("NaN")
    if not 0 < (share if share.is_finite() else 0) <= 1:
        faults.append(Fault(path, "slo.share", f"{str(value)!r}; expected a share above 0 and up to 1, like 0.8"))
        return PPM
    return _ppm(share, path, faults)


def _slot_rule(document: SloDocument, notes: dict[str, str], faults: list[Fault]) -> SlotRule | None:
    objective = document.spec.objectives[0]
    slot = objective.time_slice_window or notes.get("slot", "1m")
    slot_path = "/spec/objectives/0/timeSliceWindow" if objective.time_slice_window else note_path("slot")
    slot_seconds = _seconds(slot, slot_path, faults)
    scrape_seconds = _seconds(notes.get("scrape", "15s"), note_path("scrape"), faults)
    lengths = {
        name: _seconds(notes.get(name, default), note_path(name), faults)
        for name, default in (("longest-gap", "30m"), ("history", "1h"), ("leaves", "30s"))
    }
    settles_seconds = _seconds(notes["settles"], note_path("settles"), faults) if "settles" in notes else 0
    factor = notes.get("burst-factor", "2")
    if not re.fullmatch(r"[1-9][0-9]?", factor):
        faults.append(note_fault("burst-factor", factor, "a whole number from 1 to 99"))
        return None
    target_ppm = _share_ppm(objective.time_slice_target, "/spec/objectives/0/timeSliceTarget", faults)
    if slot_seconds is None or scrape_seconds is None or settles_seconds is None or None in lengths.values():
        return None
    if slot_seconds < 2 * scrape_seconds or slot_seconds % scrape_seconds:
        problem = (
            f"a slot of {slot_seconds} s does not hold a whole number, 2 or more, of scrapes of {scrape_seconds} s"
        )
        faults.append(Fault(slot_path, "slo.slot", problem))
    if 86400 % slot_seconds:
        faults.append(Fault(slot_path, "slo.slot", f"a slot of {slot_seconds} s does not divide a day"))
    return SlotRule(
        seconds=slot_seconds,
        scrape_seconds=scrape_seconds,
        target_ppm=target_ppm,
        longest_gap_seconds=lengths["longest-gap"] or 0,
        history_seconds=lengths["history"] or 0,
        burst_factor=int(factor),
        settles_seconds=settles_seconds,
        leaves_seconds=lengths["leaves"] or 0,
    )


def _seconds(duration: str, path: str, faults: list[Fault]) -> int | None:
    match = re.fullmatch(r"([1-9][0-9]*)([smhd])", duration)
    if match is None:
        hint = "M is a month; a minute is m" if duration.endswith("M") else DURATION_HINT
        faults.append(Fault(path, "slo.duration", f"{duration!r} is no length in s, m, h or d", hint))
        return None
    return int(match[1]) * _SECONDS[match[2]]


def _window(window: TimeWindow, slot: SlotRule | None, faults: list[Fault]) -> Window | None:
    path = "/spec/timeWindow/0"
    try:
        zone = ZoneInfo(window.calendar.time_zone)
        start = datetime.strptime(window.calendar.start_time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a zone that is a folder, like Africa
        faults.append(
            Fault(f"{path}/calendar", "slo.calendar", f"{error}", 'like startTime "2026-01-01 00:00:00", timeZone UTC')
        )
        return None
    if unit := _CALENDAR.get(window.duration):
        found = CalendarWindow(unit=unit, zone=window.calendar.time_zone)
        _edges_fit(found, int(start.timestamp()), window, slot, faults)
        return found
    if window.duration.endswith("m"):  # too near to 1M to be believed
        hint = "1M is a month; for a period of minutes, which is for trials, write its seconds"
        faults.append(Fault(f"{path}/duration", "slo.duration", f"{window.duration!r} is a period of minutes", hint))
        return None
    if window.duration[-1] in "wMQY":
        hint = "1d, 1w, 1M and 1Q are calendar periods; any other length is written in s, h or d"
        faults.append(Fault(f"{path}/duration", "slo.duration", f"{window.duration!r} is no period we judge", hint))
        return None
    seconds = _seconds(window.duration, f"{path}/duration", faults)
    if seconds is None or slot is None:
        return None
    anchor_at = int(start.timestamp())
    if seconds % slot.seconds or anchor_at % slot.seconds:
        problem = f"periods of {seconds} s from {window.calendar.start_time} do not begin and end on slots of {slot.seconds} s"
        faults.append(Fault(path, "slo.period-slot", problem))
    return FixedWindow(seconds=seconds, anchor_at=anchor_at)


def _edges_fit(
    window: CalendarWindow, start_at: int, spec: TimeWindow, slot: SlotRule | None, faults: list[Fault]
) -> None:
    """A calendar period begins where one begins, and all its edges lie on slots, clock changes included."""
    path = "/spec/timeWindow/0"
    first = window.period_at(start_at)
    if first.starts_at != start_at:
        begins = datetime.fromtimestamp(first.starts_at, ZoneInfo(window.zone)).strftime("%Y-%m-%d %H:%M:%S")
        problem = f"{spec.calendar.start_time!r} is no start of a {window.unit}; the one around it starts {begins!r}"
        faults.append(Fault(f"{path}/calendar/startTime", "slo.calendar-start", problem))
    if slot is None:
        return
    period = first
    for _ in range(_EDGES_LOOKED_AT[window.unit]):
        if period.starts_at % slot.seconds:
            edge = rfc3339(period.starts_at)
            problem = (
                f"a {window.unit} in {window.zone} starts at {edge}, which is no edge of a slot of {slot.seconds} s"
            )
            hint = "slots are counted from midnight UTC; take one that divides the zone's offset, like 1m or 15m"
            faults.append(Fault(path, "slo.period-slot", problem, hint))
            return
        period = window.period_at(period.ends_at)


def _digest(document: SloDocument) -> str:
    """SHA-256 of the canonical document; decimals stand as text, so no float is hashed."""
    return "0x" + hashlib.sha256(rfc8785.dumps(document.model_dump(mode="json", by_alias=True))).hexdigest()
