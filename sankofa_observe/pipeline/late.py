"""Late samples: what they have changed is counted again, before a day is sealed and before a period is judged.

What was counted carries how many raw samples it was counted from, slot by slot. These are compared with how many the source has by
now: one aggregated question a selector, answered by site and hour. An hour that has more was incomplete when it was counted; it is
counted again, and with it every slot that leans on what came late. An hour that has less is left alone: the source has forgotten,
and what stands was counted when it had not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sankofa_observe.errors import ENDS, SankofaError, Unavailable, unforeseen
from sankofa_observe.pipeline.counting import Observed, count
from sankofa_observe.pipeline.reading import read_selectors
from sankofa_observe.ports import HOUR_SECONDS, Clock, SampleSource, SlotTable
from sankofa_observe.slo.indicator import for_sites
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import whole_slots
from sankofa_observe.units import Period


def recount_late(
    slo: Slo, sites: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable, clock: Clock
) -> Iterator[Observed]:
    """Count again the hours of which samples came late, with all that leans on those; raises `Unavailable` when nobody can tell."""
    counted = slo.counted_in(period)
    if counted is None:
        return
    for hours, names in _late(slo, sites, counted, source=source, table=table).items():
        for first, last in _runs(hours):
            hours_of_period = Period(
                starts_at=max(counted.starts_at, first), ends_at=min(counted.ends_at, last + HOUR_SECONDS)
            )
            whole = whole_slots(hours_of_period, slo.slot.seconds)
            if whole is not None:
                yield from count(slo, names, whole, source=source, table=table, clock=clock)


def _late(
    slo: Slo, sites: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable
) -> Mapping[tuple[int, ...], list[str]]:
    """Sites by the hours of which the source has more samples than were counted."""
    hours = Period(
        starts_at=period.starts_at // HOUR_SECONDS * HOUR_SECONDS,
        ends_at=-(-period.ends_at // HOUR_SECONDS) * HOUR_SECONDS,
    )
    counted = table.samples(slo.counted_as, sites, hours)
    there: dict[tuple[str, int], int] = defaultdict(int)
    places = _places(slo, sites)
    # What an SLO was made of other SLOs' slots is counted from what those were counted from.
    for selector in [selector for one in slo.leaves for selector in read_selectors(one.indicator)]:
        for (site, hour), samples in source.samples(for_sites(selector, sorted(places)), hours).items():
            for place in places[site]:
                there[place, hour] += samples
    late: dict[str, list[int]] = defaultdict(list)
    for (site, hour), samples in sorted(there.items()):
        if samples > counted.get((site, hour), 0) and _observed(counted, site, hour, period):
            late[site].append(hour)
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for site, found in late.items():
        groups[tuple(found)].append(site)
    return groups


def _places(slo: Slo, sites: Sequence[str]) -> Mapping[str, list[str]]:
    """By the site of a series the places that are counted from it."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in sites:
        for site in slo.sites_of(place):
            found[site].append(place)
    return found


def _observed(counted: Mapping[tuple[str, int], int], site: str, hour: int, period: Period) -> bool:
    """An hour that reaches over the period's edge is compared only where its other part was observed as well."""
    whole = period.starts_at <= hour and hour + HOUR_SECONDS <= period.ends_at
    return whole or (site, hour) in counted


def _runs(hours: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Hours that follow each other, as the first and the last."""
    first = last = hours[0]
    for hour in hours[1:]:
        if hour != last + HOUR_SECONDS:
            yield first, last
            first = hour
        last = hour
    yield first, last


def quietly(steps: Iterator[Observed]) -> str:
    """Run to the end; why it could not, or nothing."""
    try:
        for _ in steps:
            pass
    except Unavailable as error:
        return str(error)
    except (*ENDS, SankofaError):
        raise
    except BaseException as error:  # noqa: BLE001  what nobody foresaw costs this SLO, and is told
        return unforeseen(error)
    return ""
