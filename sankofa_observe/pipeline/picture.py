"""What a picture of one site's slots is drawn from: read as it stands, never judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pictures.strip import Strip
from sankofa_observe.sla.catalog import version_at
from sankofa_observe.slo.indicator import DERIVED, RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.spell import spells
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.window import CalendarWindow
from sankofa_observe.units import Period, rfc3339, without

MOST_SECONDS = 400 * DAY_SECONDS


class Drawable(Protocol):
    """The slots of one observer, or of all those of an agreement together."""

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]: ...

    def watermarks(self, slo: str) -> Mapping[str, int]: ...

    def forgotten(self, period: Period) -> bool: ...


def newest_slot(slo: str, site: str, table: Drawable) -> int:
    """The start of the newest slot of a site; raises `InvalidInput` where none was ever recorded."""
    newest = table.watermarks(slo).get(site)
    if newest is None:
        raise InvalidInput(f"no slot of {slo} at {site} is recorded; count them first: sankofa-observe observe")
    return newest


def drawn_version(versions: Sequence[Slo], period: Period) -> Slo:
    """The version of an SLO that holds over a whole period; raises `InvalidInput` where several do."""
    found = version_at(list(versions), period.starts_at)
    assert found is not None  # noqa: S101  the last version never ends
    if found.ends_at is not None and found.ends_at < period.ends_at:
        raise InvalidInput(
            f"{period}: version {found.version + 1} of {found.name} begins at {rfc3339(found.ends_at)}, and counts by other rules; "
            "draw it in two parts, up to there and from there on"
        )
    return found


def newest_period(versions: Sequence[Slo], site: str, table: Drawable) -> Period:
    """The period of an SLO in which the newest slot of a site lies, as far as one version holds in it."""
    for one in reversed(versions):
        newest = table.watermarks(one.counted_as).get(site)
        if newest is not None and (one.starts_at is None or newest >= one.starts_at):
            newest = newest if one.ends_at is None else min(newest, one.ends_at - 1)
            whole = one.window.period_at(newest)
            return Period(
                starts_at=max(whole.starts_at, one.starts_at or whole.starts_at),
                ends_at=min(whole.ends_at, one.ends_at or whole.ends_at),
            )
    return versions[0].window.period_at(newest_slot(versions[0].counted_as, site, table))


def strip_of(slo: Slo, site: str, period: Period, table: Drawable, exclusions: Sequence[Period] = ()) -> Strip:
    """The slots of a period, as spells; what is no longer kept, and what is not counted yet, is neither good nor unknown."""
    if period.seconds > MOST_SECONDS:
        raise InvalidInput(
            f"{period}: {period.seconds // DAY_SECONDS} days, expected {MOST_SECONDS // DAY_SECONDS} at most for one picture; "
            "draw it in parts, or write the slots with: sankofa-observe slots export"
        )
    newest, step = newest_slot(slo.counted_as, site, table), slo.slot.seconds
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
        slo=slo.counted_as,
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


def _not_kept(period: Period, table: Drawable) -> Iterator[Period]:
    """The days of the period of which only totals are left."""
    for day in range(period.starts_at // DAY_SECONDS, -(-period.ends_at // DAY_SECONDS)):
        start, end = max(period.starts_at, day * DAY_SECONDS), min(period.ends_at, (day + 1) * DAY_SECONDS)
        if table.forgotten(Period(starts_at=start, ends_at=end)):
            yield Period(starts_at=start, ends_at=end)
