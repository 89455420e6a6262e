"""OpenSLO documents of kind SLI, one an indicator: what an SLO names by `indicatorRef` instead of typing a query again.

OpenSLO has no field for how a level is read; that stands in annotations, as in an SLO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sankofa_observe.adapters.integrations.models import (
    EventsShape,
    IndicatorShape,
    Integration,
    LevelShape,
    StateShape,
)
from sankofa_observe.adapters.integrations.selector import of_job
from sankofa_observe.adapters.spec_demand import demand_of, written
from sankofa_observe.adapters.spec_faults import ANNOTATION
from sankofa_observe.slo.indicator import Demand


def sli_documents(entry: Integration) -> list[dict[str, Any]]:
    """The documents of an entry, in its order."""
    return [_document(entry, one) for one in entry.spec.indicators]


def _document(entry: Integration, indicator: IndicatorShape) -> dict[str, Any]:
    job, notes = entry.spec.scrape.job, {"sources": entry.name}
    if indicator.state:
        notes |= _combine(indicator.state.combine)
        spec = _state(indicator.state, job)
    elif indicator.events:
        notes |= {"start-time": of_job(indicator.events.start, job)} if indicator.events.start else {}
        spec = _events(indicator.events, job)
    else:
        assert indicator.level is not None  # noqa: S101  one of them is there
        notes |= _level_notes(indicator.level, job)
        spec = {"thresholdMetric": _metric(indicator.level.of, job)}
    metadata = {
        "name": indicator.name,
        "displayName": indicator.measures,
        "annotations": {f"{ANNOTATION}{name}": text for name, text in notes.items()},
    }
    return {"apiVersion": "openslo/v1", "kind": "SLI", "metadata": metadata, "spec": spec}


def _state(state: StateShape, job: str) -> dict[str, Any]:
    return {"ratioMetric": {"counter": False, "good": _metric(state.up, job), "total": _metric(state.known, job)}}


def _events(events: EventsShape, job: str) -> dict[str, Any]:
    side = "good" if events.good else "bad"
    return {"ratioMetric": {"counter": True, side: _metric(events.counted, job), "total": _metric(events.total, job)}}


def _level_notes(level: LevelShape, job: str) -> dict[str, str]:
    """What is as it is by default stands nowhere."""
    notes = _combine(level.combine)
    if level.reading != "value":
        notes["reading"] = level.reading
    if level.total:
        notes["total"] = "yes"
    if level.demand:
        notes["demand"] = written([_of_job(one.condition, job) for one in level.demand])
    return notes


def _of_job(one: Demand, job: str) -> Demand:
    return replace(one, series=of_job(one.series, job), capacity=of_job(one.capacity, job) if one.capacity else "")


def _combine(rule: str) -> dict[str, str]:
    return {"combine": rule} if rule else {}


def _metric(selector: str, job: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": of_job(selector, job)}}}


def shape_of(document: Mapping[str, Any]) -> IndicatorShape | None:
    """The indicator that an SLO document types itself, as entries have it; None where it names one, or is made of other SLOs.

    Raises:
        pydantic.ValidationError, KeyError, TypeError, AttributeError: the document has another shape.
    """
    typed = document["spec"].get("indicator")
    if typed is None:
        return None
    notes = document["metadata"].get("annotations", {})
    note = {name.removeprefix(ANNOTATION): text for name, text in notes.items()}
    head = {"name": document["metadata"]["name"], "measures": "typed in the SLO"}
    if ratio := typed["spec"].get("ratioMetric"):
        sides = {side: _query(ratio[side]) for side in ("good", "bad", "total") if side in ratio}
        if ratio["counter"]:
            return IndicatorShape.model_validate({**head, "events": {**sides, "start": note.get("start-time", "")}})
        state = {"up": sides["good"], "known": sides["total"], "combine": _several(note)}
        return IndicatorShape.model_validate({**head, "state": state})
    level = {
        "of": _query(typed["spec"]["thresholdMetric"]),
        "reading": note.get("reading", "value"),
        "unit": "of the SLO",
        "total": note.get("total") == "yes",
        "combine": _several(note),
    }
    if "demand" in note:
        level["demand"] = [vars(one) for one in demand_of(note["demand"], [])]
    return IndicatorShape.model_validate({**head, "level": level})


def _several(note: Mapping[str, str]) -> str:
    """`atLeast: 2` is of several series as well; here it matters only that there may be some."""
    return "" if "combine" not in note else "any" if note["combine"] == "any" else "all"


def _query(metric: Mapping[str, Any]) -> str:
    return str(metric["metricSource"]["spec"]["query"])
