"""What a Prometheus shows of an SLO, held against its spec: pure functions of series, one a question.

An error is what makes slots UNKNOWN for all that such a spec covers, or wrong: nothing selected, a bucket that is not there, no label
`site`, two series for one count, scrapes farther apart than the spec says. A warning concerns single sites and sources.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sankofa_observe.adapters.spec_faults import Fault, note_path
from sankofa_observe.ports import RawSeries
from sankofa_observe.slo.indicator import SITE_LABEL, LevelIndicator, RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.source import BUCKET, REPLICA_LABELS, SOURCE_LABELS, selected_of

QUANTILE = "quantile"  # the label of a summary
MOST_NAMED = 5  # sites or sources in one sentence
_SLACK_PERCENT = 10  # by so much scrapes may be apart from what the spec says: they drift
_TEXT = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
# A matcher of the bound, or any text: what stands in the text of another matcher is no matcher.
_LE = re.compile(rf"(?<![a-zA-Z0-9_])le\s*=\s*{_TEXT}\s*,?|{_TEXT}")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that was seen, or that was not."""

    fault: Fault
    is_error: bool


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one selector of an SLO met; `around` are the series of its metric where it met none or names one bucket."""

    path: str
    selector: str
    series: Sequence[RawSeries]
    around: Sequence[RawSeries] = ()
    may_be_empty: bool = False  # of events that were counted there may be none yet

    @property
    def metric(self) -> str:
        return self.selector.partition("{")[0]


def findings(slo: Slo, sites: Sequence[str], seen: Sequence[Seen], up: Sequence[RawSeries]) -> Iterator[Finding]:
    """All that is to be said of one SLO whose tier has these sites."""
    for one in seen:
        if one.series:
            yield from _labels(one, sites)
            yield from _summaries(one)
        else:
            yield _nothing(one)
    if not any(one.series for one in seen):
        return
    yield from _missing_sites(sites, seen)
    yield from _several(slo, seen, up)
    yield from _interval(slo, [series for one in seen for series in one.series])
    yield from _unscraped(slo, [series for one in seen for series in one.series], up)


def without_bound(selector: str) -> str:
    """The selector of all buckets of a histogram; the same where it has none."""
    name, brace, rest = selector.partition("{")
    others = _LE.sub(lambda found: "" if found[1] else found[0], rest.removesuffix("}"))
    return f"{name}{{{others.strip().removesuffix(',')}}}" if brace else selector


def bound_of(selector: str) -> str | None:
    """The bucket that a selector names, in quotes; None where it names none."""
    return next((found[1] for found in _LE.finditer(selector) if found[1]), None)


def _buckets(seen: Seen, sites: Collection[str] = ()) -> str:
    """The bounds that the histogram has, of these sites alone if any are named."""
    own = (one.labels for one in seen.around if not sites or one.labels.get(SITE_LABEL) in sites)
    return ", ".join(sorted({labels.get(BUCKET, "") for labels in own} - {""}, key=_by_bound))


def _nothing(seen: Seen) -> Finding:
    metric, bound, buckets = seen.metric, bound_of(seen.selector), _buckets(seen)
    if bound and buckets:
        problem = f"no bucket le={bound}: the histogram has {buckets}"
        hint = "name one of these bounds, or publish a bucket at this one"
        return Finding(fault=Fault(seen.path, "live.bucket", problem, hint), is_error=True)
    if seen.around:
        problem = f"the selector meets no series: {metric} has {len(seen.around)}, and the matchers fit none of them"
        hint = (
            "fine where nothing of it was counted yet; else mend the matchers"
            if seen.may_be_empty
            else "mend the matchers"
        )
        return Finding(fault=Fault(seen.path, "live.no-series", problem, hint), is_error=not seen.may_be_empty)
    problem = f"the selector meets no series: nothing publishes {metric}"
    hint = "see that the exporter runs, and is scraped by this Prometheus"
    return Finding(fault=Fault(seen.path, "live.no-series", problem, hint), is_error=True)


def _by_bound(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _labels(seen: Seen, sites: Sequence[str]) -> Iterator[Finding]:
    """Whose the series are."""
    unsaid = [one for one in seen.series if not one.labels.get(SITE_LABEL)]
    if unsaid:
        problem = (
            f"{len(unsaid)} of {len(seen.series)} series have no label {SITE_LABEL}, such as {_labelled(unsaid[0])}"
        )
        hint = "give it in the scrape configuration: it says whose the series is, and others are never read"
        yield Finding(fault=Fault(seen.path, "live.site", problem, hint), is_error=True)
    named = {one.labels[SITE_LABEL] for one in seen.series if one.labels.get(SITE_LABEL)}
    if named and not named & set(sites):
        problem = f"none of its series is of a site of the tier; they are of {_named(named)}"
        hint = f"the tier has {_named(sites)}" if sites else "no fleet file lists a site of the tier"
        yield Finding(fault=Fault(seen.path, "live.site", problem, hint), is_error=bool(sites))


def _summaries(seen: Seen) -> Iterator[Finding]:
    """What a summary or an average shows of latency: neither tells how many requests were within a bound."""
    quantiles = sorted({one.labels[QUANTILE] for one in seen.series if QUANTILE in one.labels})
    if quantiles:
        problem = f"{seen.metric} is a summary: its quantile {', '.join(quantiles)} is worked out at the source, and counts nothing"
    elif seen.metric.endswith("_sum"):
        problem = f"{seen.metric} is a sum of what was measured: with a count it makes an average, and counts nothing by itself"
    else:
        return
    hint = "count by a histogram: its bucket at the bound as good, its _count as total"
    yield Finding(fault=Fault(seen.path, "live.summary", problem, hint), is_error=True)


def _missing_sites(sites: Sequence[str], seen: Sequence[Seen]) -> Iterator[Finding]:
    for one in seen:
        known = {series.labels.get(SITE_LABEL) for series in one.series}
        missing = [site for site in sites if site not in known]
        if not one.series or not missing or not known & set(sites) or one.may_be_empty:
            continue
        where = f"{len(missing)} of {len(sites)} sites: {_named(missing)}"
        code, problem = "live.no-series", f"{one.metric}: no series of {where}"
        if (bound := bound_of(one.selector)) and (buckets := _buckets(one, missing)):
            code, problem = "live.bucket", f"no bucket le={bound} at {where}; the histograms there have {buckets}"
        yield Finding(fault=Fault(one.path, code, problem, "their slots will be UNKNOWN"), is_error=False)


def _several(slo: Slo, seen: Sequence[Seen], up: Sequence[RawSeries]) -> Iterator[Finding]:
    """Series that count the same twice, as counting itself sees them; and gauges that only other labels tell apart."""
    if isinstance(slo.indicator, RatioIndicator):
        told: Counter[str] = Counter()
        example: dict[str, str] = {}
        for site, (good, valid, scraped) in _by_site([*(one.series for one in seen[:2]), up]).items():
            parts = ([(one.labels, one.samples) for one in every] for every in (good, valid, scraped))
            for source in selected_of(*parts):
                for doubt in set(source.doubts(slo.slot.scrape_seconds).values()):
                    told[doubt] += 1
                    example.setdefault(doubt, f"{source.name} at {site}")
        for doubt, count in told.items():
            problem = f"{doubt}: {count} source{'' if count == 1 else 's'}, such as {example[doubt]}"
            hint = (
                "observe one Prometheus and no store over replicas; name one bucket; give each target its own instance"
            )
            yield Finding(fault=Fault(seen[1].path, "live.several", problem, hint), is_error=True)
        return
    for one in seen:
        yield from _several_gauges(one, added=isinstance(slo.indicator, LevelIndicator) and slo.indicator.total)


def _several_gauges(seen: Seen, *, added: bool) -> Iterator[Finding]:
    by_source: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for one in seen.series:
        by_source[tuple(one.labels.get(label, "") for label in (SITE_LABEL, *SOURCE_LABELS))].append(one.labels)
    several = {source: labels for source, labels in by_source.items() if len(labels) > 1}
    if not several:
        return
    (site, job, instance), labels = next(iter(several.items()))
    telling = sorted({name for one in labels for name in one if len({every.get(name) for every in labels}) > 1})
    copies = bool(telling) and set(telling) <= REPLICA_LABELS
    if added and not copies:  # what is added up may have several series
        return
    where = f"{len(several)} source{'' if len(several) == 1 else 's'}, such as {job}/{instance} at {site}"
    problem = (
        f"several series of one source, told apart by {', '.join(telling) or 'no label'}: {where} with {len(labels)}"
    )
    hint = "observe one Prometheus and no store over replicas"
    if not copies:
        hint = "each is combined like a source of its own; name one by a matcher if that is not meant"
    yield Finding(fault=Fault(seen.path, "live.several", problem, hint), is_error=copies)


def _by_site(every: Sequence[Iterable[RawSeries]]) -> dict[str, tuple[list[RawSeries], ...]]:
    """The series of each selector, by site."""
    found: dict[str, tuple[list[RawSeries], ...]] = {}
    for index, series in enumerate(every):
        for one in series:
            if site := one.labels.get(SITE_LABEL):
                found.setdefault(site, tuple([] for _ in every))[index].append(one)
    return found


def _interval(slo: Slo, series: Iterable[RawSeries]) -> Iterator[Finding]:
    """How far apart the samples of each source are, beside what the spec says."""
    wanted_ms, path = slo.slot.scrape_seconds * 1000, note_path("scrape")
    intervals = {_source(one): apart for one in series if (apart := _apart_ms(one))}
    for word, code_is_error, odd in (
        ("farther", True, {who: ms for who, ms in intervals.items() if ms * 100 > wanted_ms * (100 + _SLACK_PERCENT)}),
        ("nearer", False, {who: ms for who, ms in intervals.items() if ms * 100 < wanted_ms * (100 - _SLACK_PERCENT)}),
    ):
        if odd:
            who, apart = next(iter(odd.items()))
            problem = f"scrapes are {word} apart than {slo.slot.scrape_seconds} s: of {len(odd)} of {len(intervals)} sources, such as {apart / 1000:g} s of {who}"
            hint = "say in the spec how often they are scraped, or scrape them so often"
            yield Finding(fault=Fault(path, "live.scrape", problem, hint), is_error=code_is_error)


def _apart_ms(series: RawSeries) -> int:
    """The middle distance of neighbouring samples, so that a lost one says nothing; 0 where there are fewer than three."""
    distances = sorted(later - at for (at, _), (later, _) in pairwise(series.samples))
    return distances[len(distances) // 2] if len(distances) > 1 else 0


def _unscraped(slo: Slo, series: Iterable[RawSeries], up: Sequence[RawSeries]) -> Iterator[Finding]:
    """Sources that the fleet file lists: those that nobody scrapes, and those that are scraped and do not answer."""
    seen = {(one.labels.get(SITE_LABEL, ""), one.labels.get("instance", "")) for one in series}
    answered: dict[tuple[str, str], bool] = {}
    for one in up:
        key = (one.labels.get(SITE_LABEL, ""), one.labels.get("instance", ""))
        answered[key] = answered.get(key, False) or any(float(value) == 1 for _, value in one.samples)
    listed = [(site, name) for site, names in slo.sources.items() for name in names if (site, name) not in seen]
    never = [f"{name} at {site}" for site, name in listed if (site, name) not in answered]
    silent = [f"{name} at {site}" for site, name in listed if answered.get((site, name)) is False]
    path = note_path("sources")
    if never:
        problem = f"the fleet file lists sources that nobody scrapes: {_named(never)}"
        hint = "their time is UNKNOWN; scrape them with the label instance of that name, or take them out of the fleet file"
        yield Finding(fault=Fault(path, "live.source", problem, hint), is_error=False)
    if silent:
        problem = f"sources are scraped and do not answer: {_named(silent)}"
        yield Finding(fault=Fault(path, "live.source", problem, "see their exporters"), is_error=False)


def _source(one: RawSeries) -> str:
    return f"{one.labels.get('job', '')}/{one.labels.get('instance', '')} at {one.labels.get(SITE_LABEL, 'no site')}"


def _labelled(one: RawSeries) -> str:
    name, rest = one.labels.get("__name__", ""), {k: v for k, v in sorted(one.labels.items()) if k != "__name__"}
    return f"{name}{{{', '.join(f'{label}={value!r}' for label, value in rest.items())}}}"[:200]


def _named(names: Iterable[str]) -> str:
    every = sorted(names)
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return f"{', '.join(every[:MOST_NAMED])}{more}"
