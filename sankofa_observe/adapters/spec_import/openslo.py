"""OpenSLO v1 as others write it: several kinds of documents that refer to each other, several objectives, PromQL.

Each objective becomes a document of its own, with its indicator inside. What an SLO refers to is read from all files of a run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from sankofa_observe.adapters.spec_faults import Fault, Place
from sankofa_observe.adapters.spec_import import openslo_indicator
from sankofa_observe.adapters.spec_import.made import Document, Importing, fitting_name, slo_document
from sankofa_observe.adapters.spec_import.openslo_indicator import Metadata
from sankofa_observe.adapters.spec_models import Exact, Strict, Timestamp

FORMAT = "openslo/v1"
_ALERTS = {"AlertPolicy", "AlertCondition", "AlertNotificationTarget"}
_COMPOSITE = ("indicator", "indicatorRef", "compositeWeight")  # of an objective that is a part of a composite
_QUERY = "/metricSource/spec/query"
_SAME = (
    "/metadata",
    "/metadata/name",
    "/metadata/annotations",
    "/spec/budgetingMethod",
    "/spec/timeWindow/0",
    *(f"/spec/timeWindow/0/{one}" for one in ("duration", "isRolling", "calendar")),
    *(f"/spec/timeWindow/0/calendar/{one}" for one in ("startTime", "timeZone")),
)
KINDS = {"SLO", "SLI", "Service", "DataSource", *_ALERTS}


class Calendar(Strict):
    startTime: Timestamp  # noqa: N815  as OpenSLO has it, here and below
    timeZone: str  # noqa: N815


class TimeWindow(Strict):
    duration: str
    isRolling: bool | None = None  # noqa: N815
    calendar: Calendar | None = None


class Objective(Strict):
    displayName: str = ""  # noqa: N815
    op: str | None = None
    value: Exact | None = None
    target: Exact | None = None
    targetPercent: Exact | None = None  # noqa: N815
    timeSliceTarget: Exact | None = None  # noqa: N815
    timeSliceWindow: str | int | None = None  # noqa: N815
    indicator: Any = None
    indicatorRef: Any = None  # noqa: N815
    compositeWeight: Any = None  # noqa: N815


class SloSpec(Strict):
    description: str = ""
    service: str
    indicator: Any = None
    indicatorRef: str | None = None  # noqa: N815
    timeWindow: list[TimeWindow] = Field(default=[], max_length=1)  # noqa: N815
    budgetingMethod: str  # noqa: N815
    objectives: list[Objective] = Field(min_length=1)
    alertPolicies: list[Any] = Field(default_factory=list)  # noqa: N815


class Slo(Strict):
    apiVersion: str  # noqa: N815
    kind: str
    metadata: Metadata
    spec: SloSpec


class ServiceSpec(Strict):
    description: str = ""


class Service(Strict):
    apiVersion: str  # noqa: N815
    kind: str
    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()


class DataSourceSpec(Strict):
    description: str = ""
    type: str
    connectionDetails: Any = None  # noqa: N815


class DataSource(Strict):
    apiVersion: str  # noqa: N815
    kind: str
    metadata: Metadata
    spec: DataSourceSpec


@dataclass(kw_only=True)
class SliDocument:
    """A document of the kind SLI; `body` is made of it when the first SLO refers to it."""

    place: Place
    read: openslo_indicator.Sli | None
    used: bool = False
    body: Document | None = None


@dataclass(kw_only=True)
class Documents:
    """What SLOs may refer to, by name."""

    slis: dict[str, SliDocument] = field(default_factory=dict)
    sources: openslo_indicator.Sources = field(default_factory=openslo_indicator.Sources)
    services: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)  # kinds of which some document could not be read


def add(run: Importing, documents: list[tuple[Place, Any]]) -> None:
    """All documents of this format of a run."""
    known = Documents()
    slos = [(place, one) for place, one in documents if one.get("kind") == "SLO"]
    for place, one in documents:
        if one.get("kind") != "SLO":
            _collect(run, place, one, known)
    for place, one in slos:
        if (slo := run.read(place, Slo, one)) is not None:
            _add(run, place, slo, known)
        else:
            known.unread.add("SLO")
    for name, sli in known.slis.items():
        if not sli.used and "SLO" not in known.unread:
            run.note(sli.place, "/metadata/name", f"no SLO refers to the SLI {name}: nothing was made of it")


def _collect(run: Importing, place: Place, document: Any, known: Documents) -> None:
    match document["kind"]:
        case "SLI":
            sli = run.read(place, openslo_indicator.Sli, document)
            name = sli.metadata.name if sli else str((document.get("metadata") or {}).get("name"))
            if name in known.slis:
                run.refuse(place, Fault("/metadata/name", "import.twice", f"SLI {name} is defined twice"))
            known.slis[name] = SliDocument(place=place, read=sli)
        case "Service":
            service = run.read(place, Service, document)
            if service is None:
                known.unread.add("Service")
                return
            known.services.add(service.metadata.name)
            for path, said in (
                ("/metadata/displayName", service.metadata.displayName),
                ("/metadata/labels", service.metadata.labels),
                ("/metadata/annotations", service.metadata.annotations),
                ("/spec/description", service.spec.description),
            ):
                if said:
                    run.leave(place, path, "services")
        case "DataSource":
            source = run.read(place, DataSource, document)
            if source is None:
                known.sources.unread = True
                return
            known.sources.types[source.metadata.name] = source.spec.type
            if source.spec.connectionDetails is not None:
                run.leave(place, "/spec/connectionDetails", "datasources")
        case _:
            run.leave(place, "/kind", "alerting")


def _add(run: Importing, place: Place, slo: Slo, known: Documents) -> None:
    spec = slo.spec
    if spec.alertPolicies:
        run.leave(place, "/spec/alertPolicies", "alerting")
    if known.services and spec.service not in known.services and "Service" not in known.unread:
        problem = f"no Service {spec.service}; there are {', '.join(sorted(known.services))}"
        run.refuse(place, Fault("/spec/service", "import.service", problem))
    if spec.budgetingMethod == "RatioTimeslices":
        hint = "write Occurrences, which weighs each event alike, or Timeslices, which weighs each slot alike"
        problem = "RatioTimeslices is a mean of ratios, in which an idle slot weighs as much as a busy one"
        run.refuse(place, Fault("/spec/budgetingMethod", "import.budgeting", problem, hint))
    indicator = _indicator(run, place, slo, known)
    path = "/spec/timeWindow/0"
    own = _window(spec.timeWindow[0]) if spec.timeWindow else None
    window = run.window(place, path if own else "/spec", own)
    annotations = run.annotations(place, "", slo.metadata.annotations)
    for index, objective in enumerate(spec.objectives):
        _refuse_composite(run, place, index, objective)
    if indicator is None or window is None:
        return
    for index, objective in enumerate(spec.objectives):
        name = slo.metadata.name
        if len(spec.objectives) > 1:
            name = f"{name}-{fitting_name(objective.displayName) or index + 1}"
        made = slo_document(
            name=name,
            display_name=slo.metadata.displayName,
            description=spec.description,
            service=spec.service,
            labels=slo.metadata.labels,
            annotations=annotations,
            indicator=indicator,
            window=window,
            budgeting=spec.budgetingMethod,
            objective=_objective(objective),
        )
        run.add(place, made, _origins(slo, index), form=f"OpenSLO {FORMAT}")


def _origins(slo: Slo, index: int) -> dict[str, str]:
    """Most parts stay where they are."""
    ref = slo.spec.indicatorRef is not None
    ratio = [
        f"/ratioMetric{part}" for part in ("", "/counter", *(f"/{one}{_QUERY}" for one in ("good", "bad", "total")))
    ]
    places = [f"/spec/indicator/spec{part}" for part in (*ratio, f"/thresholdMetric{_QUERY}")]
    same = [*_SAME, *([] if ref else places), *(f"/metadata/annotations/{name}" for name in slo.metadata.annotations)]
    objective = "/spec/objectives/0"
    return {
        **{part: part for part in same},
        "/spec/indicator": "/spec/indicatorRef" if ref else "/spec/indicator",
        objective: f"/spec/objectives/{index}",
        **{f"{objective}/{part}": f"/spec/objectives/{index}/{part}" for part in Objective.model_fields},
    }


def _window(window: TimeWindow) -> Document:
    rolls = window.isRolling if window.isRolling is not None else window.calendar is None
    made: Document = {"duration": window.duration, "isRolling": rolls}
    return made | ({"calendar": window.calendar.model_dump()} if window.calendar else {})


def _objective(objective: Objective) -> Document:
    given = objective.model_dump(exclude_none=True, exclude=set(_COMPOSITE))
    if isinstance(given.get("timeSliceWindow"), int):
        given["timeSliceWindow"] = f"{given['timeSliceWindow']}m"  # a number is of minutes
    return given


def _indicator(run: Importing, place: Place, slo: Slo, known: Documents) -> Document | None:
    spec = slo.spec
    given = [name for name in ("indicator", "indicatorRef") if getattr(spec, name) is not None]
    if len(given) != 1:
        problem = f"{' and '.join(given) or 'no indicator'}; expected one of indicator and indicatorRef"
        run.refuse(place, Fault("/spec/indicator", "import.indicator", problem))
        return None
    if spec.indicatorRef is None:
        inline = run.read(place, openslo_indicator.Inline, spec.indicator, "/spec/indicator")
        return openslo_indicator.read(run, place, "/spec/indicator", inline, known.sources) if inline else None
    if spec.indicatorRef not in known.slis:
        problem = f"no SLI {spec.indicatorRef} in the files given; there are {', '.join(sorted(known.slis)) or 'none'}"
        run.refuse(place, Fault("/spec/indicatorRef", "import.indicator", problem))
        return None
    sli = known.slis[spec.indicatorRef]
    if sli.read is not None and not sli.used:
        sli.body = openslo_indicator.read(run, sli.place, "", sli.read, known.sources)
    sli.used = True
    return sli.body


def _refuse_composite(run: Importing, place: Place, index: int, objective: Objective) -> None:
    for part in _COMPOSITE:
        if getattr(objective, part) is not None:
            hint = "write an SLO for each part, and one with the annotations composite and parts"
            path = f"/spec/objectives/{index}/{part}"
            run.refuse(
                place, Fault(path, "import.composite", "objectives with indicators of their own are a composite", hint)
            )
