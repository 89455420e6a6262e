"""What an SLO document measures: counters, states, levels, or other SLOs put together."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from sankofa_observe.adapters.spec_faults import Fault, note_fault, note_path
from sankofa_observe.adapters.spec_models import RatioMetric, SloDocument
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
    is_plain_selector,
)
from sankofa_observe.units import PPM

INDICATOR_NOTES = {"sources", "combine", "start-time", "composite", "parts"}
CHANGING = "changing"
_METRIC = "/spec/indicator/spec"


def read_indicator(document: SloDocument, notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    """The indicator, or None with what is wrong in `faults`."""
    if "composite" in notes or "parts" in notes:
        return _composite(document, notes, faults)
    if document.spec.indicator is None:
        hint = f"a composite has {note_path('composite')} and {note_path('parts')} instead"
        faults.append(Fault("/spec/indicator", "slo.indicator", "no indicator", hint))
        return None
    spec = document.spec.indicator.spec
    if (spec.ratio_metric is None) == (spec.threshold_metric is None):
        faults.append(Fault(_METRIC, "slo.indicator", "give exactly one of ratioMetric and thresholdMetric"))
        return None
    sources, combine = notes.get("sources", ""), _combine(notes, faults)
    if spec.threshold_metric is not None:
        query = spec.threshold_metric.metric_source.spec.query
        return _level(document, query, "" if sources == CHANGING else sources, combine, faults)
    assert spec.ratio_metric is not None  # noqa: S101  exactly one is there
    _no_bound(document, faults)
    return _ratio(spec.ratio_metric, notes, sources, combine, faults)


def _ratio(
    metric: RatioMetric, notes: dict[str, str], sources: str, combine: Combine, faults: list[Fault]
) -> Indicator | None:
    path = f"{_METRIC}/ratioMetric"
    if (metric.good is None) == (metric.bad is None):
        faults.append(Fault(path, "slo.indicator", "give exactly one of good and bad"))
        return None
    part = "good" if metric.good is not None else "bad"
    counted = metric.good or metric.bad
    assert counted is not None  # noqa: S101  exactly one is there
    queries = {part: counted.metric_source.spec.query, "total": metric.total.metric_source.spec.query}
    for name, query in queries.items():
        _plain(query, f"{path}/{name}/metricSource/spec/query", faults)
    started = notes.get("start-time", "")
    if started:
        _plain(started, note_path("start-time"), faults)
    if metric.counter:
        return RatioIndicator(
            good=queries[part],
            valid=queries["total"],
            counts_bad=part == "bad",
            system="" if sources == CHANGING else sources,
            changing=sources == CHANGING,
            started=started,
        )
    if part == "bad":
        faults.append(
            Fault(f"{path}/bad", "slo.indicator", "of gauges, good is *up* and total is *known*; there is no bad")
        )
    if sources == CHANGING:
        faults.append(
            note_fault("sources", sources, "a system of the fleet file; only counters may be of a changing set")
        )
    return StateIndicator(up=queries[part], known=queries["total"], system=sources, combine=combine)


def _level(document: SloDocument, query: str, system: str, combine: Combine, faults: list[Fault]) -> Indicator | None:
    _plain(query, f"{_METRIC}/thresholdMetric/metricSource/spec/query", faults)
    objective = document.spec.objectives[0]
    if objective.op is None or objective.value is None:
        faults.append(Fault("/spec/objectives/0", "slo.threshold", "a thresholdMetric needs op and value"))
        return None
    return LevelIndicator(
        level=query, operator=Operator(objective.op), bound=objective.value, system=system, combine=combine
    )


def _no_bound(document: SloDocument, faults: list[Fault]) -> None:
    objective = document.spec.objectives[0]
    if objective.op is not None or objective.value is not None:
        problem = "op and value are of a thresholdMetric; a ratioMetric has none"
        faults.append(Fault("/spec/objectives/0", "slo.threshold", problem))


def _combine(notes: dict[str, str], faults: list[Fault]) -> Combine:
    text = notes.get("combine", "all")
    if text in {Rule.ALL.value, Rule.ANY.value}:
        return Combine(rule=Rule(text))
    if found := re.fullmatch(r"atLeast: ?([1-9][0-9]{0,3})", text):
        return Combine(rule=Rule.AT_LEAST, at_least=int(found[1]))
    faults.append(note_fault("combine", text, "all, any, or atLeast: 2"))
    return Combine()


def _composite(document: SloDocument, notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    if document.spec.indicator is not None:
        faults.append(Fault("/spec/indicator", "slo.indicator", "a composite has parts and no indicator of its own"))
    word, _, share = notes.get("composite", "all").partition(" ")
    if word not in set(Together) or bool(share) != (word == Together.WEIGHTED):
        faults.append(
            note_fault("composite", notes.get("composite", ""), "all, any, or weighted and a share, like weighted 0.8")
        )
        return None
    weights = _weights(notes.get("parts", ""), faults)
    share_ppm = _share(share, faults) if share else PPM
    return CompositeIndicator(together=Together(word), weights=weights, share_ppm=share_ppm)


def _weights(text: str, faults: list[Fault]) -> dict[str, int]:
    """`availability-power, availability-network=2`: SLO names, with a weight where it is not 1."""
    found: dict[str, int] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([a-z0-9][a-z0-9-]*)(?:=([1-9][0-9]{0,5}))?\s*", part)
        if match is None or match[1] in found:
            faults.append(note_fault("parts", part.strip(), "names of SLOs, each once, like: power, network=2"))
            continue
        found[match[1]] = int(match[2] or 1)
    return found


def _share(text: str, faults: list[Fault]) -> int:
    try:
        share = Decimal(text) * PPM
    except InvalidOperation:
        share = Decimal(0)
    if share != int(share) or not 0 < share <= PPM:
        faults.append(note_fault("composite", f"weighted {text}", "a share above 0 and up to 1, at most 6 decimals"))
        return PPM
    return int(share)


def _plain(query: str, path: str, faults: list[Fault]) -> None:
    if not is_plain_selector(query) or query != query.strip():  # a trailing newline would end up inside the query
        hint = "raw samples are counted here, so no rate(), sum() or range: a metric name with matchers"
        faults.append(Fault(path, "slo.selector", f"{query!r} is not a series selector", hint))
