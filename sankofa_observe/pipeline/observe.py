"""observe: raw samples of a site become slots in the slot table.

Reads only closed slots, cuts the reads to a bounded size, and looks again at recent slots that were UNKNOWN or RECOVERED, because
late samples may have arrived. Running it twice adds nothing the second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import Clock, RawSeries, SampleSource, SlotTable
from sankofa_observe.slo.indicator import SITE_LABEL, StateIndicator, for_sites
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import (
    LACKING,
    Sample,
    SeriesSamples,
    Slot,
    SlotKey,
    count_events,
    count_states,
    longest_gap_seconds,
)
from sankofa_observe.units import Period

MAX_SAMPLES_A_READ = 500_000  # Prometheus refuses above 50 million; here they are Python objects, about 200 MB
MAX_EXACT = 2**53 - 1  # a float holds every whole number up to here, and RFC 8785 writes no larger one


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """How long a slot waits before it is counted, and how long one that lacked samples is looked at again."""

    delay_seconds: int = 30
    look_again_seconds: int = 3600


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one step of observing did: for progress bars and for the log."""

    slo: str
    sites: int
    period: Period
    whole: Period  # all that is to be observed of these sites in this run
    added: int

    def __str__(self) -> str:
        return f"{self.slo}: {self.added} slots added for {self.sites} sites, {self.period}"


def observe(
    slo: Slo,
    sites: Sequence[str],
    since_at: int,
    *,
    source: SampleSource,
    table: SlotTable,
    clock: Clock,
    late: Lateness,
) -> Iterator[Observed]:
    """Bring the slots of one SLO up to date; `since_at` is where a site without any slot begins."""
    until_at = (clock.now() - late.delay_seconds) // slo.slot.seconds * slo.slot.seconds
    for start, names in _starts(slo, sites, since_at=since_at, until_at=until_at, table=table, late=late).items():
        whole = Period(starts_at=start, ends_at=until_at)
        for period in _chunks(slo, start, until_at, len(names)):
            added = table.append(read_slots(slo, names, period, source), clock.now())
            yield Observed(slo=slo.name, sites=len(names), period=period, whole=whole, added=added)


def read_slots(slo: Slo, sites: Sequence[str], period: Period, source: SampleSource) -> list[Slot]:
    """Count the slots of the period from raw samples; an answer that is not complete raises `Unavailable`.

    The slots are the same however a stretch of time is cut into reads: where a counter's last sample before the period, or the
    next one after a gap, may lie beyond the neighbouring slot, the site is read again as far as a gap may reach.
    """
    series = _read_sites(slo, sites, period, slo.slot.seconds, source)
    slots = {site: _count(slo, site, period, series[site]) for site in sites}
    cut = [site for site in sites if _may_be_cut(slo, period, series[site], slots[site])]
    if cut:
        series = _read_sites(slo, cut, period, longest_gap_seconds(slo.slot), source)
        slots |= {site: _count(slo, site, period, series[site]) for site in cut}
    return [slot for site in sites for slot in slots[site]]


def _may_be_cut(slo: Slo, period: Period, series: Sequence[SeriesSamples], slots: Sequence[Slot]) -> bool:
    if isinstance(slo.indicator, StateIndicator):  # a state needs no neighbour
        return False
    begins_inside = any(one and one[0][0] >= period.starts_at * 1000 for one in series)
    return begins_inside or any(slot.state in LACKING for slot in slots)


def _count(slo: Slo, site: str, period: Period, series: Sequence[SeriesSamples]) -> list[Slot]:
    count = count_states if isinstance(slo.indicator, StateIndicator) else count_events
    return count(SlotKey(slo=slo.name, site=site, rule=slo.slot), period, series)


def _read_sites(
    slo: Slo, sites: Sequence[str], period: Period, reach_seconds: int, source: SampleSource
) -> Mapping[str, list[SeriesSamples]]:
    """The paired series of each site, from `reach_seconds` before the period to as long after it."""
    reach = Period(starts_at=period.starts_at - reach_seconds, ends_at=period.ends_at + reach_seconds)
    good, valid = (_read(source, selector, sites, reach) for selector in slo.indicator.selectors())
    found = _by_site(good, valid)
    return {site: found.get(site, []) for site in sites}


def _read(source: SampleSource, selector: str, sites: Sequence[str], period: Period) -> Sequence[RawSeries]:
    narrowed = for_sites(selector, sites)
    answer = source.read(narrowed, period)
    if not answer.complete:
        raise Unavailable(f"{narrowed}: the source answered in part; such an answer is never counted")
    return answer.series


def _starts(
    slo: Slo, sites: Sequence[str], *, since_at: int, until_at: int, table: SlotTable, late: Lateness
) -> Mapping[int, list[str]]:
    """Where to begin, per group of sites: after the newest slot, or at the oldest recent slot that lacked samples."""
    marks = table.watermarks(slo.name)
    begin = {site: marks[site] + slo.slot.seconds if site in marks else _align(since_at, slo) for site in sites}
    recent = Period(starts_at=until_at - late.look_again_seconds, ends_at=max(until_at, 1))
    for slot in table.read(slo.name, sites, recent):
        if slot.state in LACKING:
            begin[slot.site] = min(begin[slot.site], slot.starts_at)
    groups: dict[int, list[str]] = defaultdict(list)
    for site, start in begin.items():
        if start < until_at:
            groups[start].append(site)
    return groups


def _align(at: int, slo: Slo) -> int:
    return -(-at // slo.slot.seconds) * slo.slot.seconds


def _chunks(slo: Slo, start: int, until_at: int, sites: int) -> Iterator[Period]:
    slots = max(1, MAX_SAMPLES_A_READ // (slo.slot.expected * sites))
    for at in range(start, until_at, slots * slo.slot.seconds):
        yield Period(starts_at=at, ends_at=min(at + slots * slo.slot.seconds, until_at))


def _by_site(good: Sequence[RawSeries], valid: Sequence[RawSeries]) -> Mapping[str, list[SeriesSamples]]:
    """Pair the two series of each source by label and by time; a sample without its partner was not seen.

    In order of time and one of each instant, whatever the source sends: a sample told twice is not seen twice.
    """
    partners = {_identity(series): dict(series.samples) for series in good}
    sites: dict[str, list[SeriesSamples]] = defaultdict(list)
    for series in valid:
        partner = partners.get(_identity(series), {})
        paired = [
            pair
            for at, value in sorted(dict(series.samples).items())
            if at in partner and (pair := _pair(at, partner[at], value)) is not None
        ]
        sites[series.labels.get(SITE_LABEL, "")].append(paired)
    return sites


def _identity(series: RawSeries) -> frozenset[tuple[str, str]]:
    """The labels that name the source; the metric's name and the bucket's bound differ within a pair."""
    return frozenset(item for item in series.labels.items() if item[0] not in {"__name__", "le"})


def _pair(at: int, good: str, valid: str) -> Sample | None:
    """Both values as integers, or None: a value that is no whole number, or too large to be an exact one, is no count."""
    try:
        good_value, valid_value = float(good), float(valid)
    except ValueError:
        return None
    if not 0 <= good_value <= valid_value:  # good is a part of valid; what says otherwise counts something else
        return None
    if not (good_value.is_integer() and valid_value.is_integer()) or max(abs(good_value), abs(valid_value)) > MAX_EXACT:
        return None
    return (at, int(good_value), int(valid_value))
