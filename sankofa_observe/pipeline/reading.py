"""Reading: from the raw series of a source to the slots of sites. What observing, attesting and recounting have in common.

The same slots come out however a stretch of time is cut into reads: each read reaches as far around it as its slots lean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import RawSeries, SampleSource
from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.counter import count_events, is_quiet
from sankofa_observe.slo.gauge import Gauge, count_states, up_at, within
from sankofa_observe.slo.indicator import (
    SITE_LABEL,
    CompositeIndicator,
    LevelIndicator,
    RatioIndicator,
    StateIndicator,
    for_sites,
)
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.source import Source, sources_of
from sankofa_observe.units import Period

UP = "up"
BySite = Mapping[str, Sequence[RawSeries]]


def read_slots(
    slo: Slo, sites: Sequence[str], period: Period, source: SampleSource, *, undoubted: Collection[str] = ()
) -> list[Slot]:
    """Count the slots of the period from raw samples, by site and time; an answer in part raises `Unavailable`.

    Of sites that are `undoubted`, because nothing of what stands before the period is uncertain, little is read first, and all
    that slots lean on only where that shows anything unusual.
    """
    match slo.indicator:
        case RatioIndicator():
            return _events(slo, slo.indicator, sites, period, source, undoubted)
        case StateIndicator():
            return _gauged(slo, slo.indicator, sites, period, source, up_at)
        case LevelIndicator() as level:
            return _gauged(slo, level, sites, period, source, lambda levels: within(levels, level))
        case CompositeIndicator():
            return _composed(slo, slo.indicator, sites, period, source)


def _events(
    slo: Slo,
    indicator: RatioIndicator,
    sites: Sequence[str],
    period: Period,
    source: SampleSource,
    undoubted: Collection[str],
) -> list[Slot]:
    found: dict[str, list[Slot]] = {}
    near = Period(starts_at=period.starts_at - slo.slot.quiet_before_seconds, ends_at=period.ends_at)
    for site, sources in _sources(slo, indicator, [one for one in sites if one in undoubted], near, source).items():
        if is_quiet(slo.slot, period, sources):
            found[site] = _count(slo, indicator, site, period, sources)
    rest = [one for one in sites if one not in found]
    for site, sources in _sources(slo, indicator, rest, _reach(slo, period), source).items():
        found[site] = _count(slo, indicator, site, period, sources)
    return [slot for site in sites for slot in found[site]]


def _reach(slo: Slo, period: Period) -> Period:
    return Period(starts_at=period.starts_at - slo.lean_before_seconds, ends_at=period.ends_at + slo.lean_after_seconds)


def _sources(
    slo: Slo, indicator: RatioIndicator, sites: Sequence[str], reach: Period, source: SampleSource
) -> dict[str, list[Source]]:
    """The sources of each site, as the samples of a stretch show them."""
    if not sites:
        return {}
    good, valid, up = (_read(source, one, sites, reach) for one in (indicator.good, indicator.valid, UP))
    started = _read(source, indicator.started, sites, reach) if indicator.started else {}
    return {
        site: sources_of(
            *([(one.labels, one.samples) for one in every.get(site, ())] for every in (good, valid, up)),
            started=[(one.labels, one.samples) for one in started.get(site, ())],
            listed=slo.sources.get(site, ()),
            changing=indicator.changing,
            one_metric=indicator.one_metric,
        )
        for site in sites
    }


def _count(slo: Slo, indicator: RatioIndicator, site: str, period: Period, sources: Sequence[Source]) -> list[Slot]:
    key = SlotKey(slo=slo.name, site=site, rule=slo.slot)
    return count_events(key, period, sources, counts_bad=indicator.counts_bad)


def _gauged(
    slo: Slo,
    indicator: StateIndicator | LevelIndicator,
    sites: Sequence[str],
    period: Period,
    source: SampleSource,
    seen: Callable[..., Mapping[int, bool]],
) -> list[Slot]:
    """Slots of states and levels; `seen` makes up and down of what the selectors showed of one source, one mapping each."""
    reads = [_read(source, selector, sites, _reach(slo, period)) for selector in indicator.selectors()]
    slots: list[Slot] = []
    for site in sites:
        series = [read.get(site, ()) for read in reads]
        by_source = [_by_source(one) for one in series]
        gauges = []
        for name, listed in _names(slo, site, [one for every in series for one in every]).items():
            shown = [one.get(name, {}) for one in by_source]
            samples = tuple(sorted(at for one in shown for at in one))
            gauges.append(Gauge(source=name, seen=seen(*shown), listed=listed, samples=samples))
        slots += count_states(SlotKey(slo=slo.name, site=site, rule=slo.slot), period, gauges, indicator.combine)
    return slots


def _composed(
    slo: Slo, indicator: CompositeIndicator, sites: Sequence[str], period: Period, source: SampleSource
) -> list[Slot]:
    parts = {name: _by_site(read_slots(part, sites, period, source)) for name, part in slo.parts.items()}
    slots: list[Slot] = []
    for site in sites:
        of_site = {name: found.get(site, ()) for name, found in parts.items()}
        slots += compose(SlotKey(slo=slo.name, site=site, rule=slo.slot), period, of_site, indicator)
    return slots


def _by_site(slots: Sequence[Slot]) -> Mapping[str, Sequence[Slot]]:
    found: dict[str, list[Slot]] = defaultdict(list)
    for slot in slots:
        found[slot.site].append(slot)
    return found


def _names(slo: Slo, site: str, series: Sequence[RawSeries]) -> dict[str, bool]:
    """The sources of a site by name, and whether the fleet file lists them: those that were seen, and those that nobody saw."""
    listed = slo.sources.get(site, ())
    instances = {_source_name(one): one.labels.get("instance", "") for one in series}
    unseen = [f"/{one}" for one in listed if one not in instances.values()]
    return {name: instances[name] in listed for name in sorted(instances)} | dict.fromkeys(unseen, True)


def _by_source(series: Sequence[RawSeries]) -> dict[str, dict[int, str]]:
    """The samples of each gauge by instant, by job and instance and all that may tell its gauges apart: which do, `gauge` says."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for one in series:
        found[_source_name(one)].update(one.samples)
    return found


def _source_name(one: RawSeries) -> str:
    rest = {k: v for k, v in one.labels.items() if k not in {"__name__", "job", "instance", SITE_LABEL}}
    more = "{" + ",".join(f"{k}={v}" for k, v in sorted(rest.items())) + "}" if rest else ""
    return f"{one.labels.get('job', '')}/{one.labels.get('instance', '')}{more}"


def _read(source: SampleSource, selector: str, sites: Sequence[str], period: Period) -> BySite:
    narrowed = for_sites(selector, sites)
    answer = source.read(narrowed, period)
    if not answer.complete:
        raise Unavailable(f"{narrowed}: the source answered in part; such an answer is never counted")
    found: dict[str, list[RawSeries]] = defaultdict(list)
    for one in answer.series:
        found[one.labels.get(SITE_LABEL, "")].append(one)
    return found
