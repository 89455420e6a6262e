"""Reading: from the raw series of a source to the slots of sites. What observing, attesting and recounting have in common.

The same slots come out however a stretch of time is cut into reads: each read reaches as far around it as its slots lean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sankofa_observe.errors import Unusable
from sankofa_observe.ports import RawSeries, SampleSource
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.gauge import Gauge, count_states, source_name, up_at
from sankofa_observe.slo.indicator import (
    SITE_LABEL,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    StateIndicator,
    for_sites,
)
from sankofa_observe.slo.level import Named, Waiting, says, total_says
from sankofa_observe.slo.members import count_members
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.plain import (
    Counted,
    PlainSlots,
    Shown,
    composed,
    outages,
    plain_events,
    plain_gauges,
    shown_levels,
    shown_states,
)
from sankofa_observe.slo.samples import Instants, Samples
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.source import BUCKET, REPLICA_LABELS, Selected, selected_of
from sankofa_observe.units import Period

UP = "up"
TOTAL = "total"  # as the instance of all sources of a site together
BySite = Mapping[str, Sequence[RawSeries]]
Owner = tuple[str, str]
"""Job and instance."""
OfSite = TypeVar("OfSite", Slot, PlainSlots)


def read_slots(slo: Slo, sites: Sequence[str], period: Period, source: SampleSource) -> list[Slot]:
    """The slots of the period from raw samples, by site and time; an answer in part raises `Unusable`."""
    found = _by_site(read_counted(slo, sites, period, source))
    return [slot for site in sites for slot in found.get(site, ())]


def read_counted(
    slo: Slo, sites: Sequence[str], period: Period, source: SampleSource, *, undoubted: Collection[str] = ()
) -> Counted:
    """The same slots, those that are plain in columns.

    Of sites that are `undoubted`, because nothing of what stands before the period is uncertain, little is read first, and all
    that slots lean on only where that shows anything unusual.
    """
    match slo.indicator:
        case RatioIndicator():
            return _events(slo, slo.indicator, sites, period, source, undoubted)
        case StateIndicator() | LevelIndicator():
            return _gauged(slo, slo.indicator, sites, period, source)
        case CompositeIndicator():
            return _composed(slo, slo.indicator, sites, period, source)
        case OutageIndicator():
            return _outages(slo, slo.indicator, sites, period, source)
        case MembersIndicator():
            return _of_members(slo, sites, period, source)


def _events(
    slo: Slo,
    indicator: RatioIndicator,
    sites: Sequence[str],
    period: Period,
    source: SampleSource,
    undoubted: Collection[str],
) -> Counted:
    plain: list[PlainSlots] = []
    slots: list[Slot] = []
    near = Period(starts_at=period.starts_at - slo.slot.quiet_before_seconds, ends_at=period.ends_at)
    done: set[str] = set()
    for reach, wanted in ((near, undoubted), (_reach(slo, period), sites)):
        names = [one for one in sites if one in wanted and one not in done]
        for site, (sources, beside) in _sources(slo, indicator, names, reach, source).items():
            key = SlotKey(slo=slo.counted_as, site=site, rule=slo.slot)
            found = plain_events(key, period, reach, sources, counts_bad=indicator.counts_bad)
            if reach == near and (found.others or found.brief):
                continue
            done.add(site)
            of_site: list[Slot] = []
            for stretch, needed in [*((one, _reach(slo, one)) for one in found.others), *found.brief]:
                cut = [one.within(*_ms(needed)).source(slo.slot.scrape_seconds) for one in sources]
                of_site += count_events(key, stretch, cut, counts_bad=indicator.counts_bad)
            whole = Counted(plain=[found.plain] if found.plain else [], slots=of_site)
            whole = whole.with_samples(slo.slot, period, beside)
            plain += whole.plain
            slots += whole.slots
    return Counted(plain=plain, slots=slots, reaching=_reaching(slots, period))


def _reaching(slots: Iterable[Slot], period: Period) -> frozenset[str]:
    """The sites of which something counted in the first slot of a period or later may belong before it."""
    return frozenset(
        one.site
        for one in slots
        if one.starts_at == period.starts_at and (one.over_good or one.over_bad or one.over_hidden)
    )


def read_selectors(indicator: Indicator) -> Sequence[str]:
    """What is read of an indicator's sources: every sample of these may change a slot."""
    if not isinstance(indicator, RatioIndicator):
        return indicator.selectors()
    return (*indicator.selectors(), UP, *([indicator.started] if indicator.started else ()))


def _reach(slo: Slo, period: Period) -> Period:
    return Period(starts_at=period.starts_at - slo.lean_before_seconds, ends_at=period.ends_at + slo.lean_after_seconds)


def _sources(
    slo: Slo, indicator: RatioIndicator, sites: Sequence[str], reach: Period, source: SampleSource
) -> dict[str, tuple[list[Selected], list[Instants]]]:
    """The sources of each site, as the samples of a stretch show them, and the instants of samples that are no counter's."""
    if not sites:
        return {}
    good, valid, up = (_read(source, one, sites, reach) for one in (indicator.good, indicator.valid, UP))
    started = _read(source, indicator.started, sites, reach) if indicator.started else {}
    return {
        site: (
            selected_of(
                *([(one.labels, one.samples) for one in every.get(site, ())] for every in (good, valid, up)),
                started=[(one.labels, one.samples) for one in started.get(site, ())],
                listed=slo.sources.get(site, ()),
                changing=indicator.changing,
                one_metric=indicator.one_metric,
            ),
            [Samples.of(one.samples).at for every in (up, started) for one in every.get(site, ())],
        )
        for site in sites
    }


def _gauged(
    slo: Slo,
    indicator: StateIndicator | LevelIndicator,
    sites: Sequence[str],
    period: Period,
    source: SampleSource,
) -> Counted:
    """Slots of states and levels."""
    reach = _reach(slo, period)
    reads = [_read(source, selector, sites, reach) for selector in indicator.selectors()]
    plain: list[PlainSlots] = []
    slots: list[Slot] = []
    for site in sites:
        key = SlotKey(slo=slo.counted_as, site=site, rule=slo.slot)
        series = [read.get(site, ()) for read in reads]
        others, own_plain, of_site = [period], list[PlainSlots](), list[Slot]()
        if (columns := _shown(slo, indicator, series)) is not None:
            found, others = plain_gauges(key, period, reach, columns, indicator.combine, slo.sources.get(site, ()))
            own_plain += [found] if found else []
        for stretch in others:
            near = [_cut(every, _reach(slo, stretch)) for every in series]
            of_site += count_states(key, stretch, _gauges(slo, indicator, site, near), indicator.combine)
        whole = Counted(plain=own_plain, slots=of_site).with_samples(slo.slot, period, _beside(indicator, series))
        plain += whole.plain
        slots += whole.slots
    return Counted(plain=plain, slots=slots)


def _beside(indicator: StateIndicator | LevelIndicator, series: Sequence[Sequence[RawSeries]]) -> list[Instants]:
    """The instants of demand: samples that may change a slot, and are no source's."""
    if not isinstance(indicator, LevelIndicator):
        return []
    return [Samples.of(one.samples).at for every in series[1:] for one in every]


def _shown(
    slo: Slo, indicator: StateIndicator | LevelIndicator, series: Sequence[Sequence[RawSeries]]
) -> list[Shown] | None:
    """Each gauge in columns, where each has one series a selector."""
    if isinstance(indicator, LevelIndicator):
        return _shown_levels(slo, indicator, series)
    by_source = [{_source_name(one): one for one in every} for every in series]
    names = set(by_source[0])
    if any(len(every) != len(names) or set(own) != names for every, own in zip(series, by_source, strict=True)):
        return None
    return [
        shown_states(_instance(by_source[0][name]), *(Samples.of(own[name].samples) for own in by_source))
        for name in sorted(names)
    ]


def _shown_levels(slo: Slo, indicator: LevelIndicator, series: Sequence[Sequence[RawSeries]]) -> list[Shown] | None:
    levels = {_source_name(one): one for one in series[0]}
    if indicator.total or len(levels) != len(series[0]):
        return None
    demand = _by_selector(indicator, series)
    found = []
    for own in (levels[name] for name in sorted(levels)):
        waiting = {
            text: [Samples.of(one.samples) for one in every.get(_owner(own), ())] for text, every in demand.items()
        }
        columns = shown_levels(_instance(own), Samples.of(own.samples), waiting, indicator, slo.slot.scrape_seconds)
        if columns is None:
            return None
        found.append(columns)
    return found


def _gauges(
    slo: Slo, indicator: StateIndicator | LevelIndicator, site: str, series: Sequence[Sequence[RawSeries]]
) -> list[Gauge]:
    if isinstance(indicator, LevelIndicator):
        return _level_gauges(slo, indicator, site, series)
    by_source = [_by_source(one) for one in series]
    gauges = []
    for name, listed in _names(slo, site, [one for every in series for one in every]).items():
        own = [one.get(name, {}) for one in by_source]
        samples = tuple(sorted(at for one in own for at in one))
        gauges.append(Gauge(source=name, seen=up_at(*own), listed=listed, samples=samples))
    return gauges


def _level_gauges(slo: Slo, indicator: LevelIndicator, site: str, series: Sequence[Sequence[RawSeries]]) -> list[Gauge]:
    scrape_seconds = slo.slot.scrape_seconds
    demand = {
        text: {owner: _named(own) for owner, own in every.items()}
        for text, every in _by_selector(indicator, series).items()
    }
    if indicator.total:
        return [_total_gauge(slo, indicator, site, series[0], demand)]
    by_source = _by_source(series[0])
    owners = {_source_name(one): _owner(one) for one in series[0]}
    gauges = []
    for name, listed in _names(slo, site, series[0]).items():
        own, owner = by_source.get(name, {}), owners.get(name, ("", ""))
        found = says(own, _waiting(demand, owner), indicator, scrape_seconds)
        gauges.append(Gauge(source=name, seen=found, listed=listed, samples=tuple(sorted(own))))
    return gauges


def _total_gauge(
    slo: Slo,
    indicator: LevelIndicator,
    site: str,
    series: Sequence[RawSeries],
    demand: Mapping[str, Mapping[Owner, Sequence[Named]]],
) -> Gauge:
    """All sources of a site as one; what the fleet file does not list is none of it."""
    levels = {owner: _named(own) for owner, own in _by_owner(series).items()}
    sources = {
        name: [(own, _waiting(demand, owner)) for owner, own in sorted(levels.items()) if owner[1] == name]
        for name in slo.sources.get(site, ())
    }
    samples = tuple(sorted(at for one in series for at, _ in one.samples))
    found = total_says(sources, indicator, slo.slot.scrape_seconds)
    return Gauge(source=source_name("", TOTAL), seen=found, samples=samples)


def _named(series: Sequence[RawSeries]) -> list[Named]:
    """Series of one source by the labels that tell them apart; copies of replicas have one name, as has a bound however it is written."""
    return [(_source_name(replace(one, labels=_told_apart(one.labels))), dict(one.samples)) for one in series]


def _told_apart(labels: Mapping[str, str]) -> Mapping[str, str]:
    found = {name: text for name, text in labels.items() if name not in REPLICA_LABELS}
    return found | ({BUCKET: found[BUCKET].removesuffix(".0")} if BUCKET in found else {})


def _by_selector(
    indicator: LevelIndicator, series: Sequence[Sequence[RawSeries]]
) -> Mapping[str, Mapping[Owner, Sequence[RawSeries]]]:
    """What each selector meets of each source, where there is demand to look for."""
    if not indicator.demand:
        return {}
    return {text: _by_owner(every) for text, every in zip(indicator.selectors(), series, strict=True)}


def _waiting(demand: Mapping[str, Mapping[Owner, Sequence[Named]]], owner: Owner) -> Waiting:
    return {text: every.get(owner, ()) for text, every in demand.items()}


def _by_owner(series: Sequence[RawSeries]) -> dict[Owner, list[RawSeries]]:
    found: dict[Owner, list[RawSeries]] = defaultdict(list)
    for one in series:
        found[_owner(one)].append(one)
    return found


def _owner(one: RawSeries) -> Owner:
    return one.labels.get("job", ""), _instance(one)


def _instance(one: RawSeries) -> str:
    return one.labels.get("instance", "")


def _cut(series: Sequence[RawSeries], reach: Period) -> list[RawSeries]:
    cut = [replace(one, samples=Samples.of(one.samples).within(*_ms(reach))) for one in series]
    return [one for one in cut if one.samples]


def _ms(period: Period) -> tuple[int, int]:
    return period.starts_at * 1000, period.ends_at * 1000


def _composed(
    slo: Slo, indicator: CompositeIndicator, sites: Sequence[str], period: Period, source: SampleSource
) -> Counted:
    counted = {name: read_counted(part, sites, period, source) for name, part in slo.parts.items()}
    parts = {name: _split(one) for name, one in counted.items()}
    found = []
    for site in sites:
        of_site = {name: every.get(site, Counted()) for name, every in parts.items()}
        found.append(composed(SlotKey(slo=slo.counted_as, site=site, rule=slo.slot), period, of_site, indicator))
    return replace(Counted.of(found), reaching=frozenset[str]().union(*(one.reaching for one in counted.values())))


def _outages(
    slo: Slo, indicator: OutageIndicator, sites: Sequence[str], period: Period, source: SampleSource
) -> Counted:
    (part,) = slo.parts.values()
    reach = Period(starts_at=period.starts_at - indicator.limit_seconds - slo.slot.seconds, ends_at=period.ends_at)
    counted = read_counted(part, sites, reach, source)
    of_sites = _split(counted)
    found = [
        outages(SlotKey(slo=slo.counted_as, site=site, rule=slo.slot), period, of_sites.get(site, Counted()), indicator)
        for site in sites
    ]
    return Counted.of(found)


def _of_members(slo: Slo, places: Sequence[str], period: Period, source: SampleSource) -> Counted:
    (part,) = slo.parts.values()
    sites = sorted({site for place in places for site in slo.sites_of(place)})
    counted = read_counted(part, sites, period, source)
    by_site = {site: list(own) for site, own in _split(counted).items()}
    slots: list[Slot] = []
    reaching = set()
    for place in places:
        own = {site: by_site.get(site, []) for site in slo.sites_of(place)}
        key = SlotKey(slo=slo.counted_as, site=place, rule=slo.slot)
        slots += count_members(key, period, own, slo.members.get(place, ()))
        reaching |= {place} if counted.reaching & own.keys() else set()
    return Counted(slots=slots, reaching=frozenset(reaching))


def _split(counted: Counted) -> Mapping[str, Counted]:
    """By site."""
    plain, slots = _by_site(counted.plain), _by_site(counted.slots)
    return {site: Counted(plain=plain.get(site, ()), slots=slots.get(site, ())) for site in {*plain, *slots}}


def _by_site(every: Iterable[OfSite]) -> Mapping[str, Sequence[OfSite]]:
    found: dict[str, list[OfSite]] = defaultdict(list)
    for one in every:
        found[one.site].append(one)
    return found


def _names(slo: Slo, site: str, series: Sequence[RawSeries]) -> dict[str, bool]:
    """The sources of a site by name, and whether the fleet file lists them: those that were seen, and those that nobody saw."""
    listed = slo.sources.get(site, ())
    instances = {_source_name(one): one.labels.get("instance", "") for one in series}
    unseen = [source_name("", one) for one in listed if one not in instances.values()]
    return {name: instances[name] in listed for name in sorted(instances)} | dict.fromkeys(unseen, True)


def _by_source(series: Sequence[RawSeries]) -> dict[str, dict[int, str]]:
    """The samples of each gauge by instant, by job and instance and all that may tell its gauges apart: which do, `gauge` says."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for one in series:
        found[_source_name(one)].update(one.samples)
    return found


def _source_name(one: RawSeries) -> str:
    rest = {k: v for k, v in one.labels.items() if k not in {"__name__", "job", "instance", SITE_LABEL}}
    return source_name(one.labels.get("job", ""), one.labels.get("instance", ""), rest)


def _read(source: SampleSource, selector: str, sites: Sequence[str], period: Period) -> BySite:
    narrowed = for_sites(selector, sites)
    answer = source.read(narrowed, period)
    if not answer.complete:
        raise Unusable(f"{narrowed}: the source answered in part; such an answer is never counted")
    found: dict[str, list[RawSeries]] = defaultdict(list)
    for one in answer.series:
        found[one.labels.get(SITE_LABEL, "")].append(one)
    return found
