"""What a picture of one site's slots is drawn from: read as it stands, never judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pictures.strip import Strip
from sankofa_observe.ports import SlotTable
from sankofa_observe.slo.indicator import DERIVED, RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import SlotKey
from sankofa_observe.slo.spell import spells
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.window import CalendarWindow
from sankofa_observe.units import Period, rfc3339, without

MOST_SECONDS = 400 * DAY_SECONDS


def newest_slot(slo: str, site: str, table: SlotTable) -> int:
    """The start of the newest slot of a site; raises `InvalidInput` where none was ever recorded."""
    newest = table.watermarks(slo).get(site)
    if newest is None:
        raise InvalidInput(f"no slot of {slo} at {site} is recorded; count them first: sankofa-observe observe")
    return newest


def strip_of(slo: Slo, site: str, period: Period, table: SlotTable, exclusions: Sequence[Period] = ()) -> Strip:
    """The slots of a period, as spells; what is no longer kept, and what is not counted yet, is neither good nor unknown."""
    if period.seconds > MOST_SECONDS:
        raise InvalidInput(
            f"{period}: {period.seconds // DAY_SECONDS} days, expected {MOST_SECONDS // DAY_SECONDS} at most for one picture; "
            "draw it in parts, or write the slots with: sankofa-observe slots export"
        )
    newest, step = newest_slot(slo.name, site, table), slo.slot.seconds
    key, not_kept = SlotKey(slo=slo.counted_as, site=site, rule=slo.slot), list(_not_kept(period, table))
    found = []
    for piece in without(period, not_kept):
        slots = table.read(slo.counted_as, [site], piece)
        if astray := next((slot for slot in slots if slot.starts_at % step), None):
            raise InvalidInput(
                f"{slo.name} at {site}: a slot starts at {rfc3339(astray.starts_at)}, where none of {step} s does: it was counted "
                "with another slot length; give the SLO of the other length a name of its own"
            )
        found += spells(slots, key, piece, newest + step)
    return Strip(
        slo=slo.name,
        site=site,
        period=period,
        zone=slo.window.zone if isinstance(slo.window, CalendarWindow) else "UTC",
        slot_seconds=step,
        spells=found,
        counted=_counted(slo),
        exclusions=tuple(exclusions),
        not_kept=not_kept,
    )


def _counted(slo: Slo) -> str:
    """What good and bad of a slot are; of a slot that is made of others its reasons say more."""
    if isinstance(slo.indicator, DERIVED):
        return ""
    return "events" if isinstance(slo.indicator, RatioIndicator) else "scrapes"


def _not_kept(period: Period, table: SlotTable) -> Iterator[Period]:
    """The days of the period of which only totals are left."""
    for day in range(period.starts_at // DAY_SECONDS, -(-period.ends_at // DAY_SECONDS)):
        start, end = max(period.starts_at, day * DAY_SECONDS), min(period.ends_at, (day + 1) * DAY_SECONDS)
        if table.forgotten(Period(starts_at=start, ends_at=end)):
            yield Period(starts_at=start, ends_at=end)
