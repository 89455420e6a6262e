"""What slots were counted from, compared with what the source has by now: one aggregated question a selector, by site and hour.

An hour that has more was incomplete when it was counted. One that has less is forgotten in part or whole: what was counted from it,
and what leans on it, was counted when it was not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.pipeline.reading import read_selectors
from sankofa_observe.ports import HOUR_SECONDS, SampleSource, SlotTable
from sankofa_observe.slo.indicator import for_sites
from sankofa_observe.slo.objective import Slo
from sankofa_observe.units import Period, union


@dataclass(frozen=True, kw_only=True)
class Hour:
    """The raw samples of an hour at one place."""

    place: str
    starts_at: int
    counted: int
    there: int

    @property
    def ends_at(self) -> int:
        return self.starts_at + HOUR_SECONDS


def compared(
    slo: Slo, places: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable
) -> Iterator[Hour]:
    """The hours that reach into a period, by place and time; raises `Unavailable` when nobody can tell."""
    hours = Period(
        starts_at=period.starts_at // HOUR_SECONDS * HOUR_SECONDS,
        ends_at=-(-period.ends_at // HOUR_SECONDS) * HOUR_SECONDS,
    )
    counted = table.samples(slo.counted_as, places, hours)
    there: dict[tuple[str, int], int] = defaultdict(int)
    by_site = _places(slo, places)
    # What an SLO was made of other SLOs' slots is counted from what those were counted from.
    for selector in [selector for one in slo.leaves for selector in read_selectors(one.indicator)]:
        for (site, hour), samples in source.samples(for_sites(selector, sorted(by_site)), hours).items():
            for place in by_site[site]:
                there[place, hour] += samples
    for place, hour in sorted({*there, *counted}):
        key = (place, hour)
        yield Hour(place=place, starts_at=hour, counted=counted.get(key, 0), there=there.get(key, 0))


def lean_on_forgotten(
    slo: Slo, places: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable
) -> set[tuple[str, int]]:
    """Place and start of the slots that stand and lean on samples which are gone, around a period that is counted again."""
    before, after = slo.lean_before_seconds, slo.lean_after_seconds + slo.slot.seconds
    around = Period(starts_at=max(0, period.starts_at - before - after), ends_at=period.ends_at + before + after)
    leaning: dict[str, list[Period]] = defaultdict(list)
    for hour in compared(slo, places, around, source=source, table=table):
        if hour.there < hour.counted:
            reach = Period(starts_at=max(0, hour.starts_at - after), ends_at=hour.ends_at + before)
            leaning[hour.place].append(reach)
    return {
        (place, slot.starts_at)
        for place, stretches in leaning.items()
        for stretch in union(stretches)
        for slot in table.read(slo.counted_as, [place], stretch)
    }


def _places(slo: Slo, places: Sequence[str]) -> Mapping[str, list[str]]:
    """By the site of a series the places that are counted from it."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in places:
        for site in slo.sites_of(place):
            found[site].append(place)
    return found
