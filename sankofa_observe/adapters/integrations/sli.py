"""OpenSLO documents of kind SLI, one an indicator: what an SLO names by `indicatorRef` instead of typing a query again.

OpenSLO has no field for how a level is read; that stands in annotations, as in an SLO.
"""

from __future__ import annotations

from typing import Any

from sankofa_observe.adapters.integrations.models import (
    EventsShape,
    IndicatorShape,
    Integration,
    LevelShape,
    StateShape,
)
from sankofa_observe.adapters.integrations.selector import of_job
from sankofa_observe.adapters.spec_faults import ANNOTATION


def sli_documents(entry: Integration) -> list[dict[str, Any]]:
    """The documents of an entry, in its order."""
    return [_document(entry, one) for one in entry.spec.indicators]


def _document(entry: Integration, indicator: IndicatorShape) -> dict[str, Any]:
    job, notes = entry.spec.scrape.job, {"sources": entry.name}
    if indicator.state:
        notes |= _combine(indicator.state.combine)
        spec = _state(indicator.state, job)
    elif indicator.events:
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
        notes["demand"] = of_job(level.demand.waiting, job)
        if level.demand.reading != "value":
            notes["demand-reading"] = level.demand.reading
        if level.demand.above:
            notes["demand-above"] = str(level.demand.above)
    return notes


def _combine(rule: str) -> dict[str, str]:
    return {"combine": rule} if rule else {}


def _metric(selector: str, job: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": of_job(selector, job)}}}
