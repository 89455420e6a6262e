"""The indicators of OpenSLO v1, inline or as documents of the kind SLI: their queries become selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import Field

from sankofa_observe.adapters.spec_faults import Fault, Place
from sankofa_observe.adapters.spec_import import promql
from sankofa_observe.adapters.spec_import.made import Document, Importing, metric
from sankofa_observe.adapters.spec_models import Strict

PROMETHEUS = "prometheus"
_QUERIES = ("query", "promql")  # OpenSLO leaves the name open; both are in use


class Metadata(Strict):
    name: str
    displayName: str = ""  # noqa: N815  as OpenSLO has it, here and below
    labels: dict[str, str | list[str]] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Source(Strict):
    metricSourceRef: str | None = None  # noqa: N815
    type: str | None = None
    spec: dict[str, Any]


class Metric(Strict):
    metricSource: Source  # noqa: N815


class Ratio(Strict):
    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Any = None
    rawType: Any = None  # noqa: N815


class Spec(Strict):
    description: str = ""
    ratioMetric: Ratio | None = None  # noqa: N815
    thresholdMetric: Metric | None = None  # noqa: N815


class Inline(Strict):
    metadata: Metadata
    spec: Spec


class Sli(Inline):
    apiVersion: str  # noqa: N815
    kind: str


@dataclass(kw_only=True)
class Sources:
    """The data sources of a run: their types by name, and which of them is used."""

    types: dict[str, str] = field(default_factory=dict)
    used: str = ""
    unread: bool = False


def read(run: Importing, place: Place, path: str, indicator: Inline, sources: Sources) -> Document | None:
    """The indicator with selectors in place of its queries, or None with what is wrong refused."""
    told, spec = len(run.violations), indicator.spec
    given = [name for name in ("ratioMetric", "thresholdMetric") if getattr(spec, name) is not None]
    if len(given) != 1:
        problem = f"{' and '.join(given) or 'nothing'}; expected one of ratioMetric and thresholdMetric"
        run.refuse(place, Fault(f"{path}/spec", "import.indicator", problem))
        return None
    if spec.thresholdMetric is not None:
        at = f"{path}/spec/thresholdMetric"
        found = _selected(run, place, at, spec.thresholdMetric, promql.Rated.NO, sources)
        body: Document = {"thresholdMetric": metric(found.selector if found else "")}
    else:
        assert spec.ratioMetric is not None  # noqa: S101  one of them is given
        body = {"ratioMetric": _ratio(run, place, f"{path}/spec/ratioMetric", spec.ratioMetric, sources)}
    if len(run.violations) > told:
        return None
    return {"metadata": _metadata(indicator), "spec": body}


def _metadata(indicator: Inline) -> Document:
    """With the description among the annotations, which have room for it."""
    meta = indicator.metadata
    annotations = dict(meta.annotations)
    if indicator.spec.description:
        annotations.setdefault("description", indicator.spec.description)
    every = {"name": meta.name, "displayName": meta.displayName, "labels": meta.labels, "annotations": annotations}
    return {name: one for name, one in every.items() if one}


def _ratio(run: Importing, place: Place, path: str, ratio: Ratio, sources: Sources) -> Document:
    for part in ("raw", "rawType"):
        if getattr(ratio, part) is not None:
            hint = "write good (or bad) and total"
            problem = "a ratio that was computed elsewhere cannot be counted again"
            run.refuse(place, Fault(f"{path}/{part}", "import.raw", problem, hint))
    if ratio.raw is not None:
        return {}
    parts: Mapping[str, Metric | None] = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
    if (ratio.good is None) == (ratio.bad is None):
        run.refuse(place, Fault(path, "import.indicator", "give exactly one of good and bad"))
    if ratio.total is None:
        run.refuse(place, Fault(f"{path}/total", "import.indicator", "no total", "all valid events"))
    found = {
        name: _selected(run, place, f"{path}/{name}", one, promql.Rated.MAYBE, sources)
        for name, one in parts.items()
        if one
    }
    read = {name: one for name, one in found.items() if one}
    rated = {name for name, one in read.items() if one.rated}
    if rated and rated != read.keys():
        odd = ", ".join(sorted(read.keys() - rated))
        run.refuse(
            place, Fault(path, "import.query", f"{odd} is not rated and the other one is", "rate both, or neither")
        )
    counter = True if rated else ratio.counter
    if counter is None and len(read) == len(found):
        hint = "true: counters of events; false: gauges of 0 and 1, up and known"
        run.refuse(place, Fault(f"{path}/counter", "import.indicator", "nothing says whether these are counters", hint))
    if counter is False:
        run.note(place, f"{path}/counter", "gauges are read as states: good is up, total is known, each 0 or 1")
    return {"counter": counter, **{name: metric(one.selector) for name, one in read.items()}}


def _selected(
    run: Importing, place: Place, path: str, one: Metric, rated: promql.Rated, sources: Sources
) -> promql.Selected | None:
    source, at = one.metricSource, f"{path}/metricSource"
    _check_source(run, place, at, source, sources)
    named = [name for name in _QUERIES if name in source.spec]
    for name in source.spec:
        if name not in _QUERIES:
            run.refuse(
                place, Fault(f"{at}/spec/{name}", "spec.extra-forbidden", "no such field", "a query, and nothing else")
            )
    if len(named) != 1 or not isinstance(source.spec[named[0]], str):
        run.refuse(place, Fault(f"{at}/spec", "import.query", "no query", "write query: and a series selector"))
        return None
    query: str = source.spec[named[0]]
    found: promql.Selected | None = run.query(place, f"{at}/spec/{named[0]}", partial(promql.selected, query, rated))
    return found


def _check_source(run: Importing, place: Place, path: str, source: Source, sources: Sources) -> None:
    kind, ref = source.type, source.metricSourceRef
    if ref is not None:
        if ref not in sources.types and not sources.unread:
            known = ", ".join(sorted(sources.types)) or "none"
            problem = f"no DataSource {ref}; there are {known}"
            hint = "name the file that has it in the same run, or write type: Prometheus in its place"
            run.refuse(place, Fault(f"{path}/metricSourceRef", "import.datasource", problem, hint))
        kind = kind or sources.types.get(ref, PROMETHEUS)
        if sources.used and sources.used != ref:
            problem = f"{ref}, and {sources.used} elsewhere: one installation reads one Prometheus"
            run.refuse(place, Fault(f"{path}/metricSourceRef", "import.datasource", problem, "import each by itself"))
        sources.used = ref
    if (kind or "").lower() != PROMETHEUS:
        problem = f"{kind!r}; samples are read from Prometheus" if kind else "neither type nor metricSourceRef"
        run.refuse(place, Fault(f"{path}/type", "import.datasource", problem, "write type: Prometheus"))
