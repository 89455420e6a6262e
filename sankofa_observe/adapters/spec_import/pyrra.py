"""pyrra's `ServiceLevelObjective`: its metrics are plain selectors already, so what they select stays."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sankofa_observe.adapters.spec_faults import Fault, Place
from sankofa_observe.adapters.spec_import import promql
from sankofa_observe.adapters.spec_import.made import Document, Importing, metric, number, slo_document
from sankofa_observe.adapters.spec_models import Strict
from sankofa_observe.slo.indicator import SITE_LABEL

FORMAT = "pyrra.dev/v1alpha1"
_SPEC = "/spec/indicator/spec"


class Metadata(Strict):
    name: str
    namespace: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Query(Strict):
    metric: str


class Ratio(Strict):
    errors: Query
    total: Query
    grouping: list[str] = Field(default_factory=list)


class Latency(Strict):
    success: Query
    total: Query
    grouping: list[str] = Field(default_factory=list)


class BoolGauge(Strict):
    metric: str
    grouping: list[str] = Field(default_factory=list)


class Indicator(Strict):
    ratio: Ratio | None = None
    latency: Latency | None = None
    latencyNative: Any = None  # noqa: N815  as pyrra has it
    bool_gauge: BoolGauge | None = None


class Spec(Strict):
    description: str = ""
    target: str
    window: str
    indicator: Indicator
    alerting: Any = None
    partial_response_strategy: str = ""
    performanceOverAccuracy: bool = False  # noqa: N815
    ruleOutput: Any = None  # noqa: N815


class ServiceLevelObjective(Strict):
    apiVersion: str  # noqa: N815
    kind: str
    metadata: Metadata
    spec: Spec


def add(run: Importing, place: Place, document: Any) -> None:
    read = run.read(place, ServiceLevelObjective, document)
    if read is None:
        return
    meta, spec = read.metadata, read.spec
    _refuse_the_rest(run, place, spec)
    found = _indicator(run, place, spec.indicator)
    window = run.window(place, "/spec/window", {"duration": spec.window, "isRolling": True})
    annotations = run.annotations(place, "", meta.annotations)
    labels = {**({"namespace": meta.namespace} if meta.namespace else {}), **meta.labels}
    if meta.namespace and labels["namespace"] != meta.namespace:
        problem = f"{labels['namespace']!r}, where metadata.namespace is {meta.namespace!r}"
        run.refuse(place, Fault("/metadata/labels/namespace", "import.label", problem, "write one of them"))
    if found is None or window is None:
        return
    indicator, objective, budgeting, origins = found
    made = slo_document(
        name=meta.name,
        description=spec.description,
        service=meta.name,
        labels=labels,
        annotations=annotations,
        indicator={"metadata": {"name": meta.name}, "spec": indicator},
        window=window,
        budgeting=budgeting,
        objective={"targetPercent": number(spec.target), **objective},
    )
    origins |= {
        **{f"/metadata{part}": f"/metadata{part}" for part in ("", "/name", "/labels", "/annotations")},
        "/spec/indicator/metadata": "/metadata/name",
        "/spec/timeWindow/0": "/spec/window",
        "/spec/objectives/0/targetPercent": "/spec/target",
    }
    run.add(place, made, origins, form=f"pyrra {FORMAT}")


def _refuse_the_rest(run: Importing, place: Place, spec: Spec) -> None:
    """What is said of pyrra's rules and not of the objective."""
    if spec.alerting is not None:
        run.leave(place, "/spec/alerting", "alerting")
    if spec.ruleOutput is not None:
        run.leave(place, "/spec/ruleOutput", "rules")
    if spec.partial_response_strategy not in {"", "abort"}:
        problem = f"{spec.partial_response_strategy!r}; an answer in part is never counted here"
        run.refuse(place, Fault("/spec/partial_response_strategy", "import.partial", problem, "write abort"))
    if spec.performanceOverAccuracy:
        problem = "raw samples are counted, exactly; there is nothing to trade"
        run.refuse(place, Fault("/spec/performanceOverAccuracy", "import.accuracy", problem, "write false"))


def _indicator(
    run: Importing, place: Place, indicator: Indicator
) -> tuple[Document, Document, str, dict[str, str]] | None:
    """Indicator, what it adds to the objective, budgeting, and origins."""
    path, every = "/spec/indicator", ("ratio", "latency", "latencyNative", "bool_gauge")
    given = [name for name in every if getattr(indicator, name) is not None]
    if len(given) != 1:
        problem = f"{' and '.join(given) or 'nothing'}; expected one of ratio, latency and bool_gauge"
        run.refuse(place, Fault(path, "import.indicator", problem))
        return None
    if indicator.latencyNative is not None:
        problem = "native histograms are not read"
        hint = "publish the histogram with a bucket at the bound, and write latency with success and total"
        run.refuse(place, Fault(f"{path}/latencyNative", "import.native-histogram", problem, hint))
        return None
    told = len(run.violations)
    if (gauge := indicator.bool_gauge) is not None:
        _grouping(run, place, f"{path}/bool_gauge", gauge.grouping)
        selector = _plain(run, place, f"{path}/bool_gauge/metric", gauge.metric)
        run.note(
            place, f"{path}/bool_gauge", "samples become slots: a slot is good when every sample in it is 1 or more"
        )
        spec: Document = {"thresholdMetric": metric(selector)}
        origins = {f"{_SPEC}/thresholdMetric": f"{path}/bool_gauge/metric"}
        made = (spec, {"op": "gte", "value": 1}, "Timeslices", origins)
        return made if len(run.violations) == told else None
    counted, word, name = _counted(indicator)
    _grouping(run, place, f"{path}/{given[0]}", counted.grouping)
    part = counted.errors if isinstance(counted, Ratio) else counted.success
    parts = {word: (name, part.metric), "total": ("total", counted.total.metric)}
    ratio: Document = {"counter": True}
    for ours, (theirs, query) in parts.items():
        ratio[ours] = metric(_plain(run, place, f"{path}/{given[0]}/{theirs}/metric", query))
    origins = {f"{_SPEC}/ratioMetric/{ours}": f"{path}/{given[0]}/{theirs}" for ours, (theirs, _) in parts.items()}
    return ({"ratioMetric": ratio}, {}, "Occurrences", origins) if len(run.violations) == told else None


def _counted(indicator: Indicator) -> tuple[Ratio | Latency, str, str]:
    if indicator.ratio is not None:
        return indicator.ratio, "bad", "errors"
    assert indicator.latency is not None  # noqa: S101  the caller looked
    return indicator.latency, "good", "success"


def _plain(run: Importing, place: Place, path: str, query: str) -> str:
    """The selector of a metric, as pyrra wants one; empty with what is wrong refused."""
    found = run.query(place, path, lambda: promql.selected(query, promql.Rated.NO))
    return found.selector if found else ""


def _grouping(run: Importing, place: Place, path: str, labels: list[str]) -> None:
    others = [one for one in labels if one != SITE_LABEL]
    if others:
        problem = f"{', '.join(others)}: an SLO is judged by {SITE_LABEL}, and by no other label"
        hint = "write an SLO for each value that matters, with a matcher, and take the label out"
        run.refuse(place, Fault(f"{path}/grouping", "import.grouping", problem, hint))
