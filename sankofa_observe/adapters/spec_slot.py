"""Slots and the lengths by which they are counted."""

from __future__ import annotations

import re
from decimal import Decimal

from sankofa_observe.adapters.spec_faults import Fault, note_fault, note_path
from sankofa_observe.adapters.spec_models import SloDocument
from sankofa_observe.adapters.spec_shapes import DURATION_HINT
from sankofa_observe.slo.objective import HISTORY_SECONDS, LONGEST_GAP_SECONDS, SlotRule
from sankofa_observe.units import PPM

SLOT_PLACES = ("/spec/objectives/0/timeSliceWindow", note_path("slot"))
DAY = 86400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY}
_LENGTHS = {"longest-gap": f"{LONGEST_GAP_SECONDS}s", "history": f"{HISTORY_SECONDS}s", "leaves": "30s"}
_LONGEST = {"longest-gap": DAY, "history": 7 * DAY, "leaves": 3600, "settles": DAY}


def slot_rule(document: SloDocument, notes: dict[str, str], faults: list[Fault]) -> SlotRule | None:
    """The rule, or None with what is wrong in `faults`."""
    before, objective = len(faults), document.spec.objectives[0]
    path = SLOT_PLACES[0] if objective.time_slice_window else SLOT_PLACES[1]
    slot_seconds = seconds_of(objective.time_slice_window or notes.get("slot", "1m"), path, faults)
    scrape_seconds = seconds_of(notes.get("scrape", "15s"), note_path("scrape"), faults)
    target_ppm = share_ppm(objective.time_slice_target, "/spec/objectives/0/timeSliceTarget", faults)
    factor = notes.get("burst-factor", "2")
    if not re.fullmatch(r"[1-9][0-9]?", factor):
        faults.append(note_fault("burst-factor", factor, "a whole number from 1 to 99"))
    lengths = {
        name: seconds_of(notes.get(name, default), note_path(name), faults) for name, default in _LENGTHS.items()
    }
    lengths["settles"] = seconds_of(notes["settles"], note_path("settles"), faults) if "settles" in notes else 0
    for name, longest in _LONGEST.items():
        if (lengths[name] or 0) > longest:
            faults.append(note_fault(name, notes[name], f"{longest} s or less"))
    if slot_seconds and scrape_seconds:
        _scrapes_fit(slot_seconds, scrape_seconds, path, faults)
    if slot_seconds and DAY % slot_seconds:
        problem = f"a slot of {slot_seconds} s does not divide a day"
        faults.append(Fault(path, "slo.slot", problem, leans_on=SLOT_PLACES))
    if len(faults) > before or slot_seconds is None or scrape_seconds is None:
        return None
    return SlotRule(
        seconds=slot_seconds,
        scrape_seconds=scrape_seconds,
        target_ppm=target_ppm,
        longest_gap_seconds=lengths["longest-gap"] or 0,
        history_seconds=lengths["history"] or 0,
        burst_factor=int(factor),
        settles_seconds=lengths["settles"] or 0,
        leaves_seconds=lengths["leaves"] or 0,
    )


def _scrapes_fit(slot: int, scrape: int, path: str, faults: list[Fault]) -> None:
    if slot < 2 * scrape or slot % scrape:
        problem = f"a slot of {slot} s does not hold a whole number, 2 or more, of scrapes of {scrape} s"
        faults.append(Fault(path, "slo.slot", problem, leans_on=(*SLOT_PLACES, note_path("scrape"))))


def seconds_of(duration: str, path: str, faults: list[Fault]) -> int | None:
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", duration)
    if match is None:
        hint = "M is a month; a minute is m" if duration.endswith("M") else DURATION_HINT
        faults.append(Fault(path, "slo.duration", f"{duration[:80]!r} is no length in s, m, h or d", hint))
        return None
    return int(match[1]) * _UNITS[match[2]]


def share_ppm(value: Decimal, path: str, faults: list[Fault]) -> int:
    """A share above 0 and up to 1."""
    if not value.is_finite() or not 0 < value <= 1:
        faults.append(Fault(path, "slo.share", f"{value}; expected a share above 0 and up to 1, like 0.8"))
    elif ppm := exact_ppm(value, 6):
        return ppm
    else:
        faults.append(
            Fault(path, "slo.ppm", f"{value} is not a whole number of parts per million; use at most 6 decimals")
        )
    return PPM


def exact_ppm(value: Decimal, digits: int) -> int | None:
    """A number below 101 times a power of ten, if that is whole; nothing is rounded on the way."""
    rounded = value.quantize(Decimal(1).scaleb(-digits))
    return int(rounded.scaleb(digits)) if rounded == value else None
