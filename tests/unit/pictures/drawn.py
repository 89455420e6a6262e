"""Strips for tests: a month of minutes in which a few are not good."""

from __future__ import annotations

from functools import cache
from typing import Any

from sankofa_observe.pictures.strip import Strip
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState
from sankofa_observe.slo.spell import spells
from sankofa_observe.units import Period
from tests.builders import START, slot

MINUTES = 43_200
MONTH = Period(starts_at=START, ends_at=START + 60 * MINUTES)  # 30 days
KEY = SlotKey(slo="availability-edge", site="edge-1", rule=SlotRule(seconds=60, scrape_seconds=15))


@cache
def good() -> tuple[Slot, ...]:
    """All of the month; made when it is asked for, since every worker imports this."""
    return tuple(slot(START + 60 * n) for n in range(MINUTES))


def strip(marks: dict[int, SlotState], period: Period = MONTH, until: int = MINUTES, **changes: Any) -> Strip:
    """A month whose slots are good, but those of these numbers."""
    slots = list(good()[:until])
    for number, state in marks.items():
        slots[number] = slot(START + 60 * number, state)
    inside = [one for one in slots if one.starts_at in period]
    told: dict[str, Any] = {
        "slo": KEY.slo,
        "site": KEY.site,
        "period": period,
        "zone": "UTC",
        "slot_seconds": 60,
        "counted": "scrapes",
        "spells": spells(inside, KEY, period, START + 60 * until),
    }
    return Strip(**{**told, **changes})
