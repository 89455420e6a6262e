"""Specs held against a Prometheus that runs: what each selector meets there now, asked once a selector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.adapters.spec_faults import Place, note_path
from sankofa_observe.adapters.spec_seen import Seen, bound_of, findings, without_bound
from sankofa_observe.errors import Unusable, Violation
from sankofa_observe.ports import RawSeries, SampleSource
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import Indicator, LevelIndicator, RatioIndicator, StateIndicator, by_value
from sankofa_observe.units import Period

SCRAPES = 10  # so many are looked back
LEAST_SECONDS = 120
_UP = "up"
_RATIO = "/spec/indicator/spec/ratioMetric"
_QUERY = "metricSource/spec/query"


@dataclass(kw_only=True)
class Look:
    """What was found: errors, which make slots UNKNOWN or wrong, and warnings."""

    errors: list[Violation] = field(default_factory=list)
    warnings: list[Violation] = field(default_factory=list)


@dataclass(kw_only=True)
class _Asked:
    """Answers by selector and length, so that SLOs that share a selector ask once."""

    source: SampleSource
    ends_at: int
    answers: dict[tuple[str, int], Sequence[RawSeries]] = field(default_factory=dict)

    def read(self, selector: str, seconds: int) -> Sequence[RawSeries]:
        key = (by_value(selector), seconds)
        if key not in self.answers:
            answer = self.source.read(key[0], Period(starts_at=self.ends_at - seconds, ends_at=self.ends_at))
            if not answer.complete:
                raise Unusable(f"{selector}: the source answered in part; observe one Prometheus itself")
            self.answers[key] = answer.series
        return self.answers[key]


def look(catalog: Catalog, places: Mapping[str, Place], source: SampleSource) -> Look:
    """Hold every SLO that reads series against a source; `places` says where each stands.

    Raises:
        Unavailable: the source did not answer.
    """
    asked, found = _Asked(source=source, ends_at=source.newest_at() + 1), Look()
    for name, slo in catalog.slos.items():
        ended = slo.ends_at is not None and slo.ends_at < asked.ends_at
        if ended or not slo.indicator.selectors():
            continue
        seconds = max(LEAST_SECONDS, SCRAPES * slo.slot.scrape_seconds)
        seen = [
            _seen(asked, path, selector, seconds, may_be_empty=empty) for path, selector, empty in _read(slo.indicator)
        ]
        for one in findings(slo, catalog.sites_of(slo), seen, asked.read(_UP, seconds)):
            kept = found.errors if one.is_error else found.warnings
            kept.append(places[name].violation(one.fault))
    return found


def _read(indicator: Indicator) -> list[tuple[str, str, bool]]:
    """The selectors that an indicator reads, where each stands, and whether it may meet nothing for a while."""
    match indicator:
        case RatioIndicator():
            part = "bad" if indicator.counts_bad else "good"
            started = [(note_path("start-time"), indicator.started, False)] if indicator.started else []
            ratio = [
                (f"{_RATIO}/{part}/{_QUERY}", indicator.good, bound_of(indicator.good) is None),
                (f"{_RATIO}/total/{_QUERY}", indicator.valid, False),
            ]
            return [*ratio, *started]
        case StateIndicator():
            return [
                (f"{_RATIO}/good/{_QUERY}", indicator.up, False),
                (f"{_RATIO}/total/{_QUERY}", indicator.known, False),
            ]
        case LevelIndicator():
            level, *demand = indicator.selectors()
            of_demand = [(note_path("demand"), selector, False) for selector in demand]
            return [(f"/spec/indicator/spec/thresholdMetric/{_QUERY}", level, False), *of_demand]
        case _:
            every: Sequence[str] = indicator.selectors()
            return [("/spec/indicator", selector, False) for selector in every]


def _seen(asked: _Asked, path: str, selector: str, seconds: int, *, may_be_empty: bool) -> Seen:
    series = asked.read(selector, seconds)
    around: Sequence[RawSeries] = ()
    if not series or bound_of(selector):
        around = asked.read(without_bound(selector), seconds) or asked.read(selector.partition("{")[0], seconds)
    return Seen(path=path, selector=selector, series=series, around=around, may_be_empty=may_be_empty)
