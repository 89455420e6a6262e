"""What an SLO document measures: counters, states, levels, or other SLOs put together."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from sankofa_observe.adapters.spec_demand import demand_of
from sankofa_observe.adapters.spec_faults import ANNOTATION, INDICATOR_PLACE, Fault, note_fault, note_path
from sankofa_observe.adapters.spec_models import RatioMetric, SloDocument
from sankofa_observe.adapters.spec_selector import one_bucket, plain
from sankofa_observe.adapters.spec_slot import seconds_of, share_ppm
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.units import PPM

CHANGING = "changing"
METRIC_PLACE = f"{INDICATOR_PLACE}/spec"
_RATIO, _LEVEL = f"{METRIC_PLACE}/ratioMetric", f"{METRIC_PLACE}/thresholdMetric"
_QUERY = "metricSource/spec/query"
KIND_PLACE = f"{_RATIO}/counter"  # what the kind of a document follows from
_BOUND = ("/spec/objectives/0/op", "/spec/objectives/0/value")
LONGEST_LIMIT_SECONDS = 31 * 86_400
MOST_DIGITS = 40  # of a bound, before and after the point: no sample has so many
_NAME = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SYSTEM = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")


class Kind(StrEnum):
    EVENTS = "events"
    STATES = "states"
    LEVELS = "levels"
    COMPOSITE = "composites"
    OUTAGE = "outages"
    MEMBERS = "members"


DERIVED_KINDS = {Kind.COMPOSITE, Kind.OUTAGE, Kind.MEMBERS}
_DERIVED_NOTES = {
    Kind.COMPOSITE: {"composite", "parts"},
    Kind.OUTAGE: {"outage-of", "limit"},
    Kind.MEMBERS: {"members-of", "at-least", "spare"},
}


def kind_of(document: SloDocument) -> Kind | None:
    """What kind of indicator a document means to have, or None where it has none, or two."""
    notes = {name.removeprefix(ANNOTATION) for name in document.metadata.annotations}
    derived = [kind for kind, names in _DERIVED_NOTES.items() if names & notes]
    if derived:
        return derived[0] if len(derived) == 1 else None
    spec = document.spec.indicator.spec if document.spec.indicator else None
    if spec is None or (spec.ratio_metric is None) == (spec.threshold_metric is None):
        return None
    if spec.ratio_metric is None:
        return Kind.LEVELS
    return Kind.EVENTS if spec.ratio_metric.counter else Kind.STATES


def read_indicator(
    document: SloDocument, kind: Kind | None, notes: dict[str, str], faults: list[Fault]
) -> Indicator | None:
    """The indicator, or None with what is wrong in `faults`."""
    if kind is None:
        faults.append(_no_indicator(document))
        return None
    objective = document.spec.objectives[0]
    if kind is not Kind.LEVELS and (objective.op is not None or objective.value is not None):
        problem = f"op and value are of a thresholdMetric; {kind} have none"
        faults.append(Fault("/spec/objectives/0", "slo.threshold", problem, leans_on=(KIND_PLACE,)))
    if kind in DERIVED_KINDS:
        return _derived(document, kind, notes, faults)
    system, changing = _sources(kind, notes, faults)
    combine = _combine(notes, faults) if kind is not Kind.EVENTS else Combine()
    assert document.spec.indicator is not None  # noqa: S101  its kind is known
    spec = document.spec.indicator.spec
    if spec.ratio_metric is None:
        return _level(document, notes, system, combine, faults)
    selected = _selected(spec.ratio_metric, kind, faults)
    if selected is None:
        return None
    counted, valid = selected
    if kind is Kind.STATES:
        return StateIndicator(up=counted, known=valid, system=system, combine=combine)
    started = notes.get("start-time", "")
    if "start-time" in notes:
        plain(started, note_path("start-time"), faults)
    return RatioIndicator(
        good=counted,
        valid=valid,
        counts_bad=spec.ratio_metric.bad is not None,
        system=system,
        changing=changing,
        started=started,
    )


def _no_indicator(document: SloDocument) -> Fault:
    notes = {name.removeprefix(ANNOTATION) for name in document.metadata.annotations}
    if len(kinds := [kind for kind, names in _DERIVED_NOTES.items() if names & notes]) > 1:
        return Fault(
            "/metadata/annotations", "slo.indicator", f"settings of {' and of '.join(kinds)}; give those of one"
        )
    if document.spec.indicator is not None:
        return Fault(METRIC_PLACE, "slo.indicator", "give exactly one of ratioMetric and thresholdMetric")
    hint = f"a composite has {note_path('composite')} and {note_path('parts')} instead"
    parts = (note_path("composite"), note_path("parts"))
    return Fault("/spec/indicator", "slo.indicator", "no indicator", hint, parts)


def _sources(kind: Kind, notes: dict[str, str], faults: list[Fault]) -> tuple[str, bool]:
    """The system of the fleet file whose targets are the sources, or that the set changes by itself."""
    sources = notes.get("sources", "")
    if sources == CHANGING and kind is Kind.EVENTS:
        return "", True
    if sources == CHANGING:
        expected = "a system of the fleet file; only counters may be of a changing set"
        faults.append(note_fault("sources", sources, expected, (KIND_PLACE,)))
    elif "sources" in notes and not _SYSTEM.fullmatch(sources):
        faults.append(note_fault("sources", sources, f"a system of the fleet file, or {CHANGING}"))
    return sources, False


def _selected(metric: RatioMetric, kind: Kind, faults: list[Fault]) -> tuple[str, str] | None:
    """The selectors of what is counted and of all that is valid."""
    if (metric.good is None) == (metric.bad is None):
        faults.append(Fault(_RATIO, "slo.indicator", "give exactly one of good and bad"))
    parts = {"good": metric.good, "bad": metric.bad, "total": metric.total}
    queries = {name: one.metric_source.spec.query for name, one in parts.items() if one}
    for name, query in queries.items():
        path = f"{_RATIO}/{name}/{_QUERY}"
        if plain(query, path, faults) and kind is Kind.EVENTS:
            one_bucket(query, path, total=name == "total", faults=faults)
    if metric.bad and kind is Kind.STATES:
        problem = "of gauges, good is *up* and total is *known*; there is no bad"
        faults.append(Fault(f"{_RATIO}/bad", "slo.indicator", problem, leans_on=(KIND_PLACE,)))
    counted = queries.get("good") or queries.get("bad")
    if counted == queries["total"]:
        problem = "it selects the same series as what is counted against it: the share is always the same"
        faults.append(Fault(f"{_RATIO}/total", "slo.indicator", problem, leans_on=(f"{_RATIO}/good", f"{_RATIO}/bad")))
    return (counted, queries["total"]) if counted is not None else None


def _level(
    document: SloDocument, notes: dict[str, str], system: str, combine: Combine, faults: list[Fault]
) -> Indicator | None:
    spec, objective = document.spec.indicator, document.spec.objectives[0]
    assert spec is not None and spec.spec.threshold_metric is not None  # noqa: S101, PT018  the caller looked
    query = spec.spec.threshold_metric.metric_source.spec.query
    plain(query, f"{_LEVEL}/{_QUERY}", faults)
    reading, total = _reading(notes, faults), _total(notes, system, faults)
    demand = demand_of(notes["demand"], faults) if "demand" in notes else ()
    if objective.op is None or objective.value is None:
        problem = "a thresholdMetric needs op and value"
        faults.append(Fault("/spec/objectives/0", "slo.threshold", problem, leans_on=_BOUND))
        return None
    operator, bound = Operator(objective.op), objective.value
    if bound.is_finite() and abs(bound.adjusted()) > MOST_DIGITS:
        problem = f"a bound of {abs(bound.adjusted())} digits; expected {MOST_DIGITS} at most"
        faults.append(Fault("/spec/objectives/0/value", "slo.threshold", problem))
    if demand and operator in {Operator.LTE, Operator.LT}:
        expected = "none with lte or lt: what is too much is too much whoever waits"
        faults.append(note_fault("demand", notes["demand"], expected, _BOUND))
    if problem := _idle_bound(reading, operator, bound, total=total):
        leans_on = (*_BOUND, note_path("reading"), note_path("total"))
        faults.append(Fault("/spec/objectives/0/value", "slo.threshold", problem, leans_on=leans_on))
    if total and reading is Reading.AGE:
        faults.append(note_fault("total", "yes", "no with reading age: ages do not add up", (note_path("reading"),)))
    return LevelIndicator(
        level=query,
        operator=operator,
        bound=bound,
        reading=reading,
        total=total,
        demand=demand,
        system=system,
        combine=combine,
    )


def _idle_bound(reading: Reading, operator: Operator, bound: Decimal, *, total: bool) -> str:
    """Why a bound decides nothing: rates, ages and sums are never below 0."""
    if reading is Reading.VALUE and not total:
        return ""
    # A rate of 0 is a counter that stands still, and one above 0 is one that does not; no age is 0.
    decides = bound > 0 or (bound == 0 and reading is not Reading.AGE and operator in {Operator.LTE, Operator.GT})
    if decides:
        return ""
    what = "a sum of sources" if reading is Reading.VALUE else f"a{'n' if reading is Reading.AGE else ''} {reading}"
    result = "always holds" if operator in {Operator.GT, Operator.GTE} else "is never reached"
    return f"{what} is never below 0, so {operator} {bound:f} {result}; expected a bound above 0"


def _reading(notes: dict[str, str], faults: list[Fault]) -> Reading:
    text = notes.get("reading", Reading.VALUE.value)
    if text in set(Reading):
        return Reading(text)
    faults.append(note_fault("reading", text, f"one of {', '.join(Reading)}"))
    return Reading.VALUE


def _total(notes: dict[str, str], system: str, faults: list[Fault]) -> bool:
    text = notes.get("total", "no")
    if text not in {"yes", "no"}:
        faults.append(note_fault("total", text, "yes or no"))
    elif text == "yes" and not system:
        expected = f"no, or {note_path('sources')} as well: only of a known set of sources can levels be added up"
        faults.append(note_fault("total", text, expected, (note_path("sources"),)))
    elif text == "yes" and "combine" in notes:
        faults.append(note_fault("combine", notes["combine"], "nothing: levels that are added up are one source"))
    return text == "yes"


def _derived(document: SloDocument, kind: Kind, notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    if document.spec.indicator is not None:
        problem = f"{kind} are made of other SLOs' slots and have no indicator of their own"
        faults.append(Fault("/spec/indicator", "slo.indicator", problem))
    return {Kind.COMPOSITE: _composite, Kind.OUTAGE: _outage, Kind.MEMBERS: _members}[kind](notes, faults)


def _outage(notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    name = _slo_name("outage-of", notes, faults)
    limit = seconds_of(notes.get("limit", ""), note_path("limit"), faults)
    if limit and limit > LONGEST_LIMIT_SECONDS:
        faults.append(note_fault("limit", notes["limit"], "31d or less"))
    return OutageIndicator(of=name, limit_seconds=limit) if name and limit else None


def _members(notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    """`at-least: active=3, standby=2`, or `3` of any role; or `spare: 1` above what the place needs."""
    name, text, spare = _slo_name("members-of", notes, faults), notes.get("at-least", ""), notes.get("spare", "0")
    found: dict[str, int] = {}
    for part in text.split(",") if text else ():
        match = re.fullmatch(r"\s*(?:(active|standby)=)?([1-9][0-9]{0,3})\s*", part)
        if match is None or (match[1] or "") in found:
            faults.append(
                note_fault("at-least", part.strip(), "how many, by role, each once, like: active=3, standby=2")
            )
            return None
        found[match[1] or ""] = int(match[2])
    if "" in found and len(found) > 1:
        faults.append(note_fault("at-least", text, "how many of each role, or how many of all"))
    if not re.fullmatch(r"[0-9]{1,3}", spare):
        faults.append(note_fault("spare", spare, "a whole number from 0 to 999"))
        return None
    if not found and "spare" not in notes:
        faults.append(note_fault("at-least", text, f"how many sites must be good, or {note_path('spare')}"))
    return MembersIndicator(of=name, at_least=found, spare=int(spare)) if name else None


def _slo_name(note: str, notes: dict[str, str], faults: list[Fault]) -> str:
    text = notes.get(note, "")
    if re.fullmatch(_NAME, text):
        return text
    faults.append(note_fault(note, text, "the name of an SLO"))
    return ""


def _combine(notes: dict[str, str], faults: list[Fault]) -> Combine:
    text = notes.get("combine", "all")
    if text in {Rule.ALL.value, Rule.ANY.value}:
        return Combine(rule=Rule(text))
    if found := re.fullmatch(r"atLeast: ?([1-9][0-9]{0,3})", text):
        return Combine(rule=Rule.AT_LEAST, at_least=int(found[1]))
    faults.append(note_fault("combine", text, "all, any, or atLeast: 2"))
    return Combine()


def _composite(notes: dict[str, str], faults: list[Fault]) -> Indicator | None:
    weights = _weights(notes.get("parts", ""), faults)
    word, _, share = notes.get("composite", "all").partition(" ")
    if word not in set(Together) or bool(share) != (word == Together.WEIGHTED):
        expected = "all, any, or weighted and a share, like weighted 0.8"
        faults.append(note_fault("composite", notes["composite"], expected))
        return None
    share_of_all = share_ppm(_decimal(share), note_path("composite"), faults) if share else PPM
    return CompositeIndicator(together=Together(word), weights=weights, share_ppm=share_of_all)


def _weights(text: str, faults: list[Fault]) -> dict[str, int]:
    """`availability-power, availability-network=2`: SLO names, with a weight where it is not 1."""
    found: dict[str, int] = {}
    for part in text.split(","):
        match = re.fullmatch(rf"\s*({_NAME})(?:=([1-9][0-9]{{0,5}}))?\s*", part)
        if match is None or match[1] in found:
            faults.append(note_fault("parts", part.strip(), "names of SLOs, each once, like: power, network=2"))
            continue
        found[match[1]] = int(match[2] or 1)
    return found


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")
