"""sloth's `prometheus/v1`: a service with several SLOs, each of which becomes a document of its own."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from sankofa_observe.adapters.spec_faults import Fault, Place
from sankofa_observe.adapters.spec_import import promql
from sankofa_observe.adapters.spec_import.made import Importing, fitting_name, metric, slo_document
from sankofa_observe.adapters.spec_models import Exact, Strict

FORMAT = "prometheus/v1"
_WINDOW = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
_RANGE = "5m"  # in place of {{.window}}, so that the query can be parsed


class Events(Strict):
    error_query: str
    total_query: str


class Raw(Strict):
    error_ratio_query: str


class Sli(Strict):
    events: Events | None = None
    raw: Raw | None = None
    plugin: Any = None


class Slo(Strict):
    name: str
    description: str = ""
    objective: Exact
    labels: dict[str, str] = Field(default_factory=dict)
    sli: Sli
    alerting: Any = None
    plugins: Any = None


class File(Strict):
    version: str
    service: str
    labels: dict[str, str] = Field(default_factory=dict)
    slo_plugins: Any = None
    slos: list[Any]


def add(run: Importing, place: Place, document: Any) -> None:
    file = run.read(place, File, document)
    if file is None:
        return
    if file.slo_plugins is not None:
        run.refuse(place, _plugins("/slo_plugins"))
    if not file.slos:
        run.refuse(place, Fault("/slos", "import.empty", "no SLO", "take the document out"))
    for index, one in enumerate(file.slos):
        path = f"/slos/{index}"
        if (slo := run.read(place, Slo, one, path)) is not None:
            _add(run, place, path, file, slo)


def _add(run: Importing, place: Place, path: str, file: File, slo: Slo) -> None:
    if slo.plugins is not None:
        run.refuse(place, _plugins(f"{path}/plugins"))
    if slo.alerting is not None:
        run.leave(place, f"{path}/alerting", "alerting")
    name = f"{file.service}-{slo.name}"
    if name != (fitting := fitting_name(name)):
        problem = (
            f"service and name make {name[:100]!r}; a name has lower-case letters, digits and inner hyphens, 63 at most"
        )
        run.refuse(place, Fault(f"{path}/name", "import.name", problem, f"such as {fitting!r}"))
    counted = _counted(run, place, f"{path}/sli", slo.sli)
    window, annotations = run.window(place, path, None), run.annotations(place, path, {})
    if counted is None or window is None:
        return
    word, good, total, origins = counted
    document = slo_document(
        name=fitting,
        description=slo.description,
        service=file.service,
        labels={**file.labels, **slo.labels},
        annotations=annotations,
        indicator={
            "metadata": {"name": fitting},
            "spec": {"ratioMetric": {"counter": True, word: metric(good), "total": metric(total)}},
        },
        window=window,
        budgeting="Occurrences",
        objective={"targetPercent": slo.objective},
    )
    origins |= {
        "/metadata/name": "/name",
        "/spec/indicator/metadata": "/name",
        "/metadata/labels": "/labels",
        "/spec/objectives": "/objective",
    }
    run.add(place, document, origins, form=f"sloth {FORMAT}", path=path)


def _counted(run: Importing, place: Place, path: str, sli: Sli) -> tuple[str, str, str, dict[str, str]] | None:
    """`good` or `bad`, the two selectors, and where they came from."""
    given = [name for name in ("events", "raw", "plugin") if getattr(sli, name) is not None]
    if len(given) != 1:
        problem = f"{' and '.join(given) or 'nothing'}; expected one of events and raw"
        run.refuse(place, Fault(path, "import.indicator", problem))
        return None
    if sli.events is not None:
        error = _text(run, place, f"{path}/events/error_query", sli.events.error_query)
        total = _text(run, place, f"{path}/events/total_query", sli.events.total_query)
        if error is None or total is None:
            return None
        every = run.query(place, f"{path}/events/total_query", lambda: promql.selected(total, promql.Rated.YES))
        part = run.query(place, f"{path}/events/error_query", lambda: promql.counted(error, every))
        found = (*part, every) if part and every else None
        theirs = ("/sli/events/error_query", "/sli/events/total_query")
    elif sli.raw is not None:
        text = _text(run, place, f"{path}/raw/error_ratio_query", sli.raw.error_ratio_query)
        if text is None:
            return None
        found = run.query(place, f"{path}/raw/error_ratio_query", lambda: promql.error_ratio(text))
        theirs = ("/sli/raw/error_ratio_query",) * 2
    else:
        hint = "write the queries that it stands for, under events"
        run.refuse(place, Fault(f"{path}/plugin", "import.plugin", "a plugin is a program of sloth's", hint))
        return None
    if found is None:
        return None
    word, good, total_of = found
    ratio = "/spec/indicator/spec/ratioMetric"
    return word, good.selector, total_of.selector, {f"{ratio}/{word}": theirs[0], f"{ratio}/total": theirs[1]}


def _text(run: Importing, place: Place, path: str, query: str) -> str | None:
    """The query with a range in place of sloth's template; other templates have no meaning without sloth."""
    text = _WINDOW.sub(_RANGE, query)
    if "{{" in text:
        problem = f"a template other than {{{{.window}}}}: {text[text.index('{{') :][:40]!r}"
        run.refuse(place, Fault(path, "import.query", problem, "write what it stands for"))
        return None
    return text


def _plugins(path: str) -> Fault:
    return Fault(
        path, "import.plugin", "plugins are programs of sloth's", "take them out: no rules are made by sloth here"
    )
