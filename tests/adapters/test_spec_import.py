"""Files of sloth, pyrra and OpenSLO: what is made of them, and what is refused, where, and with what to write instead.

The documents are written for these tests after the formats' own descriptions: sloth's pkg/prometheus/api/v1, pyrra's
kubernetes/api/v1alpha1, and the README of OpenSLO.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sankofa_observe.adapters.spec_import import LEAVABLE, Wanted, import_specs, write
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from tests.adapters.spec_documents import LATENCY, QUERY, TOTAL, changed, named, put
from tests.adapters.spec_documents import write as write_specs

MONTHLY = Wanted(tier="edge", window="1M", zone="Africa/Nairobi")
EDGE = Wanted(tier="edge")
ALL = Wanted(tier="edge", window="1M", without=frozenset(LEAVABLE))

SLOTH = """
version: prometheus/v1
service: shop
labels: {owner: payments}
slos:
  - name: errors
    objective: 99.95
    description: Orders that do not fail.
    labels: {category: availability}
    sli:
      events:
        error_query: sum(rate(orders_total{code=~"5..|429"}[{{.window}}]))
        total_query: sum(rate(orders_total[{{ .window }}]))
    alerting: {name: Orders, page_alert: {disable: true}}
  - name: slow
    objective: 99
    sli:
      raw:
        error_ratio_query: 1 - (sum(rate(order_seconds_bucket{le="0.5"}[{{.window}}])) / sum(rate(order_seconds_count[{{.window}}])))
"""
PYRRA = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: orders, namespace: shop, labels: {team: payments}, annotations: {note: kept}}
spec:
  description: Orders that do not fail.
  target: "99.5"
  window: 4w
  indicator:
    ratio:
      errors: {metric: 'orders_total{code=~"5.."}'}
      total: {metric: orders_total}
      grouping: [site]
  alerting: {name: Orders}
  partial_response_strategy: abort
  performanceOverAccuracy: false
  ruleOutput: {shortRulesLabels: {a: b}}
"""
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders, displayName: Orders, labels: {team: [a, b]}, annotations: {note: kept}}
spec:
  description: Orders that do not fail.
  service: shop
  indicatorRef: order-results
  timeWindow: [{duration: 1M, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Africa/Nairobi}}]
  budgetingMethod: Timeslices
  objectives:
    - {displayName: To be proud of, target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 1}
    - {displayName: Owed, targetPercent: 99.5, timeSliceTarget: 0.9, timeSliceWindow: 5m}
  alertPolicies: [{alertPolicyRef: burning}]
---
- apiVersion: openslo/v1
  kind: SLI
  metadata: {name: order-results, displayName: Results}
  spec:
    description: Of each order.
    ratioMetric:
      counter: true
      good: {metricSource: {metricSourceRef: main, spec: {query: 'sum(rate(orders_total{code!~"5.."}[5m]))'}}}
      total: {metricSource: {metricSourceRef: main, type: prometheus, spec: {promql: 'sum(increase(orders_total[5m]))'}}}
- apiVersion: openslo/v1
  kind: DataSource
  metadata: {name: main}
  spec: {type: Prometheus, connectionDetails: {url: http://10.0.0.1:9090}}
- apiVersion: openslo/v1
  kind: Service
  metadata: {name: shop, displayName: Shop}
  spec: {description: Sells.}
- {apiVersion: openslo/v1, kind: AlertPolicy, metadata: {name: burning}, spec: {}}
"""


def imported(folder: Path, text: str, wanted: Wanted = MONTHLY) -> dict[str, Any]:
    """The documents that are made of a text, by name; they are what `specs check` accepts."""
    found = import_specs([file_of(folder, text)], wanted)
    catalog = load_catalog(write(found, folder / "made"))
    assert catalog.slos.keys() == found.documents.keys()
    return {name: yaml.safe_load(one) for name, one in found.documents.items()}


def file_of(folder: Path, text: str) -> Path:
    (folder / "given.yaml").write_text(text)
    return folder / "given.yaml"


def refused(folder: Path, text: str, wanted: Wanted = MONTHLY) -> list[tuple[str, str, int]]:
    """Code, path and line of each violation."""
    with pytest.raises(InvalidInput) as caught:
        import_specs([file_of(folder, text)], wanted)
    return [(one.code, one.where.partition(":")[2], one.line) for one in caught.value.violations]


def told(folder: Path, text: str, wanted: Wanted = MONTHLY) -> str:
    with pytest.raises(InvalidInput) as caught:
        import_specs([file_of(folder, text)], wanted)
    return str(caught.value)


def query(selector: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": selector}}}


def test_sloth_becomes_a_document_for_each_slo(tmp_path: Path) -> None:
    """Names, labels of both levels, counters and objectives; the period is what was asked for."""
    made = imported(tmp_path, SLOTH, Wanted(tier="edge", window="1M", without=frozenset({"alerting"})))
    assert list(made) == ["shop-errors", "shop-slow"]
    assert made["shop-errors"] == {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {
            "name": "shop-errors",
            "labels": {"owner": "payments", "category": "availability"},
            "annotations": {"sankofa.observe/tier": "edge"},
        },
        "spec": {
            "description": "Orders that do not fail.",
            "service": "shop",
            "indicator": {
                "metadata": {"name": "shop-errors"},
                "spec": {
                    "ratioMetric": {
                        "counter": True,
                        "bad": query('orders_total{code=~"5..|429"}'),
                        "total": query("orders_total"),
                    }
                },
            },
            "timeWindow": [
                {
                    "duration": "1M",
                    "isRolling": False,
                    "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"},
                }
            ],
            "budgetingMethod": "Occurrences",
            "objectives": [{"targetPercent": 99.95}],
        },
    }
    slow = made["shop-slow"]["spec"]["indicator"]["spec"]["ratioMetric"]
    assert slow == {
        "counter": True,
        "good": query('order_seconds_bucket{le="0.5"}'),
        "total": query("order_seconds_count"),
    }


def test_pyrra_keeps_its_selectors_and_its_rolling_window(tmp_path: Path) -> None:
    """The namespace becomes a label; a rolling window is for what is watched."""
    (made,) = imported(tmp_path, PYRRA, Wanted(tier="core", without=frozenset({"alerting", "rules"}))).values()
    assert made["metadata"] == {
        "name": "orders",
        "labels": {"namespace": "shop", "team": "payments"},
        "annotations": {"sankofa.observe/tier": "core", "note": "kept"},
    }
    ratio = {"counter": True, "bad": query('orders_total{code=~"5.."}'), "total": query("orders_total")}
    assert made["spec"] == {
        "description": "Orders that do not fail.",
        "service": "orders",
        "indicator": {"metadata": {"name": "orders"}, "spec": {"ratioMetric": ratio}},
        "timeWindow": [{"duration": "4w", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"targetPercent": 99.5}],
    }


PYRRA_INDICATORS = {
    "latency": (
        "latency: {success: {metric: 's_bucket{le=\"1\"}'}, total: {metric: s_count}}",
        {"ratioMetric": {"counter": True, "good": query('s_bucket{le="1"}'), "total": query("s_count")}},
    ),
    "bool-gauge": (
        "bool_gauge: {metric: probe_success, grouping: [site]}",
        {"thresholdMetric": query("probe_success")},
    ),
}


@pytest.mark.parametrize("case", PYRRA_INDICATORS)
def test_pyrra_indicators(case: str, tmp_path: Path) -> None:
    """A latency counts its bucket; a gauge of 0 and 1 is a level of 1 or more, slot by slot, which is told."""
    text, expected = PYRRA_INDICATORS[case]
    document = f"""
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {{name: slow}}
spec: {{target: "99", window: 30d, indicator: {{{text}}}}}
"""
    found = import_specs([file_of(tmp_path, document)], MONTHLY)
    made = yaml.safe_load(found.documents["slow"])
    assert made["spec"]["indicator"]["spec"] == expected
    if case == "bool-gauge":
        assert made["spec"]["objectives"] == [{"targetPercent": 99, "op": "gte", "value": 1}]
        assert [(one.code, one.line) for one in found.notes] == [("import.note", 5)]


def test_openslo_documents_refer_to_each_other(tmp_path: Path) -> None:
    """Several kinds, documents and lists; each objective becomes an SLO, a slice without unit is of minutes."""
    made = imported(tmp_path, OPENSLO, Wanted(tier="edge", without=frozenset({"alerting", "services", "datasources"})))
    assert list(made) == ["orders-to-be-proud-of", "orders-owed"]
    proud, owed = made.values()
    indicator = {
        "metadata": {
            "name": "order-results",
            "displayName": "Results",
            "annotations": {"description": "Of each order."},
        },
        "spec": {
            "ratioMetric": {
                "counter": True,
                "good": query('orders_total{code!~"5.."}'),
                "total": query("orders_total"),
            }
        },
    }
    assert (proud["spec"]["indicator"], owed["spec"]["indicator"]) == (indicator, indicator)
    assert proud["metadata"] == {
        "name": "orders-to-be-proud-of",
        "displayName": "Orders",
        "labels": {"team": ["a", "b"]},
        "annotations": {"sankofa.observe/tier": "edge", "note": "kept"},
    }
    assert (proud["spec"]["objectives"], owed["spec"]["objectives"]) == (
        [{"displayName": "To be proud of", "target": 0.999, "timeSliceTarget": 0.95, "timeSliceWindow": "1m"}],
        [{"displayName": "Owed", "targetPercent": 99.5, "timeSliceTarget": 0.9, "timeSliceWindow": "5m"}],
    )
    assert proud["spec"]["timeWindow"] == [
        {
            "duration": "1M",
            "isRolling": False,
            "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "Africa/Nairobi"},
        }
    ]


def leaves(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """The way to each part of a document, outer ones first."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from leaves(one, *path, name)


def without(document: Any, path: tuple[str | int, ...]) -> Any:
    made = copy.deepcopy(document)
    place = made
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return made


def outcome(folder: Path, documents: Any, wanted: Wanted) -> Any:
    """All that a run says: what is made, left out and noted, or what is refused. Lines are not of the content."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", r"'\g<0>'", yaml.safe_dump_all(documents))
    try:
        found = import_specs([file_of(folder, text.replace("''", "'"))], wanted)
    except InvalidInput as error:
        return [(one.code, one.where, one.problem) for one in error.violations]
    return found.documents, [
        [(one.code, one.where, one.problem) for one in each] for each in (found.left_out, found.notes)
    ]


ALERT_POLICY = 4  # the place of OpenSLO's among its documents: it is left out as a whole

# What says the same with it and without it: a default that is written out, or what follows from another part.
SAME = {
    ("pyrra", "spec/partial_response_strategy"),
    ("pyrra", "spec/performanceOverAccuracy"),
    ("pyrra", "spec/indicator/ratio/grouping"),
    ("pyrra", "spec/indicator/ratio/grouping/0"),
    ("openslo", "spec/ratioMetric/counter"),  # what is rated is a counter
    ("openslo", "spec/ratioMetric/total/metricSource/type"),
    ("openslo", "spec/ratioMetric/total/metricSource/metricSourceRef"),
}


@pytest.mark.parametrize(("form", "text"), [("sloth", SLOTH), ("pyrra", PYRRA), ("openslo", OPENSLO)])
def test_no_field_is_ignored_in_silence(form: str, text: str, tmp_path: Path) -> None:
    """Take any part out, and what is made, left out, noted or refused is another."""
    documents: list[Any] = []
    for one in yaml.safe_load_all(text):
        documents += one if isinstance(one, list) else [one]
    wanted = Wanted(tier="edge", window="1M" if form == "sloth" else None, without=frozenset(LEAVABLE))
    whole = outcome(tmp_path, documents, wanted)
    assert isinstance(whole, tuple)
    silent = []
    for path in leaves(documents):
        name = "/".join(map(str, path[1:]))
        left_out = re.search(r"(alerting|alertPolicies|ruleOutput|connectionDetails)/", name)
        whole_left_out = path[0] == ALERT_POLICY and name != "kind"
        if (
            len(path) > 1
            and not (left_out or whole_left_out)
            and outcome(tmp_path, without(documents, path), wanted) == whole
        ):
            silent.append((form, name))
    assert set(silent) <= SAME


REFUSED_SLOTH: dict[str, tuple[str, str, list[tuple[str, str, int]], str]] = {
    "alerting": ("", "", [("import.alerting", "/slos/0/alerting", 14)], "--without alerting"),
    "a-name": ("service: shop", "service: My_Shop", [
        ("import.alerting", "/slos/0/alerting", 14), ("import.name", "/slos/0/name", 6), ("import.name", "/slos/1/name", 15),
    ], "such as 'my-shop-errors'"),
    "percent-as-a-share": ("objective: 99\n", "objective: 0.99\n", [
        ("import.alerting", "/slos/0/alerting", 14), ("slo.target-range", "/slos/1/objective", 16),
    ], "did you mean target: 0.99?"),
    "a-bucket-that-no-one-writes": ('le="0.5"', 'le="0.50"', [
        ("import.alerting", "/slos/0/alerting", 14), ("slo.bucket", "/slos/1/sli/raw/error_ratio_query", 19),
    ], "is written '0.5' by exporters"),
    "unknown-field": ("objective: 99\n", "objectiv: 99\n", [
        ("import.alerting", "/slos/0/alerting", 14),
        ("spec.missing", "/slos/1/objective", 15), ("spec.extra-forbidden", "/slos/1/objectiv", 16),
    ], "Field required"),
    "another-template": ("orders_total[{{ .window }}]", 'orders_total{job="{{.job}}"}[{{.window}}]', [
        ("import.alerting", "/slos/0/alerting", 14), ("import.query", "/slos/0/sli/events/total_query", 13),
    ], "a template other than {{.window}}"),
    "plugin": ("labels: {owner: payments}", "slo_plugins: {chain: []}", [
        ("import.plugin", "/slo_plugins", 4), ("import.alerting", "/slos/0/alerting", 14),
    ], "plugins are programs of sloth's"),
    "two-indicators": ("      raw:", "      plugin: {id: x}\n      raw:", [
        ("import.alerting", "/slos/0/alerting", 14), ("import.indicator", "/slos/1/sli", 17),
    ], "raw and plugin; expected one of events and raw"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_SLOTH)
def test_what_sloth_says_and_we_do_not_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    """All of it in one run, and what is found wrong in a made document is said of the source."""
    old, new, expected, words = REFUSED_SLOTH[case]
    text = SLOTH.replace(old, new) if old else SLOTH
    assert refused(tmp_path, text) == expected
    assert words in told(tmp_path, text)


def test_both_queries_of_an_slo_are_looked_at(tmp_path: Path) -> None:
    """What is wrong with the total does not hide what is wrong with the errors."""
    text = SLOTH.replace("sum(rate(orders_total[{{ .window }}]))", "avg(rate(orders_total[{{.window}}]))")
    text = text.replace("sum(rate(orders_total{", "max(rate(orders_total{")
    assert refused(tmp_path, text, ALL) == [
        ("import.query", "/slos/0/sli/events/total_query", 13),
        ("import.query", "/slos/0/sli/events/error_query", 12),
    ]


REFUSED_PYRRA: dict[str, tuple[str, str, list[tuple[str, str, int]], str]] = {
    "grouping": ("[site]", "[handler, site]", [("import.grouping", "/spec/indicator/ratio/grouping", 13)], "handler: an SLO is judged by"),
    "an-expression": ("metric: orders_total}", "metric: sum(orders_total)}", [("import.query", "/spec/indicator/ratio/total/metric", 12)], "write the selector alone"),
    "both-the-same": ('{metric: \'orders_total{code=~"5.."}\'}', "{metric: orders_total}", [("slo.indicator", "/spec/indicator/ratio/total", 12)], "selects the same series"),
    "native": ("ratio:", "latencyNative: {total: {metric: x}, latency: 200ms}\n    latency:", [
        ("spec.missing", "/spec/indicator/latency/success", 11), ("spec.extra-forbidden", "/spec/indicator/latency/errors", 12),
    ], ""),
    "part-answers": ("strategy: abort", "strategy: warn", [("import.partial", "/spec/partial_response_strategy", 15)], "never counted"),
    "accuracy": ("Accuracy: false", "Accuracy: true", [("import.accuracy", "/spec/performanceOverAccuracy", 16)], "nothing to trade"),
    "target": ('"99.5"', '"0.995"', [("slo.target-range", "/spec/target", 7)], "did you mean target: 0.995?"),
    "target-no-number": ('"99.5"', '"lots"', [("spec.decimal-parsing", "/spec/target", 7)], ""),
    "label": ("team: payments", "namespace: other", [("import.label", "/metadata/labels/namespace", 4)], "metadata.namespace is 'shop'"),
    "name": ("name: orders", "name: Orders", [("spec.string-pattern-mismatch", "/metadata/name", 4)], ""),
    "a-status": ("spec:\n", "status: {type: PrometheusRule}\nspec:\n", [("spec.extra-forbidden", "/status", 5)], ""),
    "our-annotation": ("note: kept", "sankofa.observe/teir: edge", [("slo.annotation", "/metadata/annotations", 4)], "no such setting"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_PYRRA)
def test_what_pyrra_says_and_we_do_not_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    """The part, its line, and what to write instead."""
    old, new, expected, words = REFUSED_PYRRA[case]
    text = PYRRA.replace(old, new)
    assert refused(tmp_path, text, ALL) == expected
    assert words in told(tmp_path, text, ALL)


def test_pyrra_native_histograms_are_refused_by_name(tmp_path: Path) -> None:
    """With what to publish instead."""
    head, rest = PYRRA.partition("    ratio:")[0], PYRRA.partition("  alerting:")[2]
    text = f"{head}    latencyNative: {{total: {{metric: x}}, latency: 200ms}}\n  alerting:{rest}"
    assert refused(tmp_path, text, ALL) == [("import.native-histogram", "/spec/indicator/latencyNative", 10)]


REFUSED_OPENSLO: dict[str, tuple[str, str, list[tuple[str, str, int]], str]] = {
    "alpha": ("apiVersion: openslo/v1\nkind: SLO", "apiVersion: openslo/v1alpha\nkind: SLO", [("import.format", "", 2)], "timeWindows is timeWindow"),
    "mean-of-ratios": ("Timeslices", "RatioTimeslices", [
        ("import.budgeting", "/spec/budgetingMethod", 10), ("spec.literal-error", "/spec/budgetingMethod", 10),
    ], "an idle slot weighs as much as a busy one"),
    "no-such-sli": ("indicatorRef: order-results", "indicatorRef: results", [("import.indicator", "/spec/indicatorRef", 8)], "there are order-results"),
    "no-such-service": ("service: shop", "service: shops", [("import.service", "/spec/service", 7)], "no Service shops; there are shop"),
    "no-such-source": ("name: main", "name: other", [("import.datasource", "/0/spec/ratioMetric/good/metricSource/metricSourceRef", 23), ("import.datasource", "/0/spec/ratioMetric/total/metricSource/metricSourceRef", 24)], "no DataSource main; there are other"),
    "other-source": ("type: Prometheus", "type: Datadog", [("import.datasource", "/0/spec/ratioMetric/good/metricSource/type", 23)], "'Datadog'; samples are read from Prometheus"),
    "two-sources": ("{metricSourceRef: main, type", "{metricSourceRef: more, type", [
        ("import.datasource", "/0/spec/ratioMetric/total/metricSource/metricSourceRef", 24),
        ("import.datasource", "/0/spec/ratioMetric/total/metricSource/metricSourceRef", 24),  # none of that name, and another one
    ], "one installation reads one Prometheus"),
    "one-minute-for-a-month": ("duration: 1M", "duration: 1m", [("slo.duration", "/spec/timeWindow/0/duration", 9)], "1M is a month"),
    "noon": ("2026-01-01 00:00:00", "2026-01-01 12:00:00", [("slo.calendar-start", "/spec/timeWindow/0/calendar/startTime", 9)], "is no start of a month"),
    "an-operator-of-a-ratio": ("target: 0.999,", "op: gt, target: 0.999,", [("slo.threshold", "/spec/objectives/0", 12)], "op and value are of a thresholdMetric"),
    "composite": ("target: 0.999,", "compositeWeight: 2, target: 0.999,", [("import.composite", "/spec/objectives/0/compositeWeight", 12)], "annotations composite and parts"),
    "raw": ("counter: true", "rawType: success", [("import.raw", "/0/spec/ratioMetric/rawType", 22)], "cannot be counted again"),
    "half-rated": ("sum(increase(orders_total[5m]))", "orders_total", [("import.query", "/0/spec/ratioMetric", 21)], "total is not rated and the other one is"),
    "other-fields-of-a-query": ("{promql:", "{step: 5m, promql:", [("spec.extra-forbidden", "/0/spec/ratioMetric/total/metricSource/spec/step", 24)], "a query, and nothing else"),
    "a-quantile": ("sum(increase(orders_total[5m]))", "histogram_quantile(0.9, rate(x_bucket[5m]))", [("import.query", "/0/spec/ratioMetric/total/metricSource/spec/promql", 24)], "a quantile cannot be added up"),
    "a-bucket": ('orders_total{code!~"5.."}', "x_bucket", [("slo.bucket", "/spec/indicatorRef", 8)], "it meets every bucket"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_OPENSLO)
def test_what_openslo_says_and_we_do_not_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    """Where it stands, also in another document than the SLO."""
    old, new, expected, words = REFUSED_OPENSLO[case]
    assert old in OPENSLO
    wanted = Wanted(tier="edge", without=frozenset(LEAVABLE))
    assert refused(tmp_path, OPENSLO.replace(old, new), wanted) == expected
    assert words in told(tmp_path, OPENSLO.replace(old, new), wanted)


def test_what_has_no_counterpart_is_left_out_on_purpose_only(tmp_path: Path) -> None:
    """Named by its kind; without that it is refused with the flag, and what was left out is listed with its line."""
    assert refused(tmp_path, OPENSLO, EDGE) == [
        ("import.datasources", "/1/spec/connectionDetails", 28),
        ("import.services", "/2/metadata/displayName", 31),
        ("import.services", "/2/spec/description", 32),
        ("import.alerting", "/3/kind", 33),
        ("import.alerting", "/spec/alertPolicies", 14),
    ]
    found = import_specs([file_of(tmp_path, OPENSLO)], Wanted(tier="edge", without=frozenset(LEAVABLE)))
    assert [(one.code, one.line) for one in found.left_out] == [
        ("import.datasources", 28),
        ("import.services", 31),
        ("import.services", 32),
        ("import.alerting", 33),
        ("import.alerting", 14),
    ]


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        (SLOTH, Wanted(tier="edge", without=frozenset(LEAVABLE)), [("import.window", "/slos/0", 6), ("import.window", "/slos/1", 15)]),
        (PYRRA, Wanted(without=frozenset(LEAVABLE)), [("import.tier", "", 2)]),
        (SLOTH, Wanted(without=frozenset(LEAVABLE)), [
            ("import.window", "/slos/0", 6), ("import.tier", "/slos/0", 6), ("import.window", "/slos/1", 15), ("import.tier", "/slos/1", 15),
        ]),
        (PYRRA.replace("window: 4w", "window: 1m"), Wanted(without=frozenset(LEAVABLE)), [
            ("import.tier", "", 2), ("slo.duration", "/spec/window", 8),
        ]),
        ("a: [", EDGE, [("spec.yaml", "", 2)]),
        ("version: prometheus/v1\nservice: a\nslos: []", EDGE, [("import.empty", "/slos", 3)]),
        ("- 1", EDGE, [("import.format", "/0", 1)]),
        ("kind: SLI\napiVersion: openslo.com/v2alpha\n", EDGE, [("import.format", "", 1)]),
        ("apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel\n", EDGE, [("import.format", "", 1)]),
        ("version: prometheus/v1\nservice: &a [*a]\n", EDGE, [("spec.yaml", "", 1)]),
    ],
)  # fmt: skip
def test_what_a_run_lacks_is_told(text: str, wanted: Wanted, expected: Any, tmp_path: Path) -> None:
    """A period, a tier, a file that can be read, a format that is known."""
    assert refused(tmp_path, text, wanted) == expected


def test_an_slo_that_two_files_make_is_refused(tmp_path: Path) -> None:
    """By name, with where the first one stands."""
    text = f"{PYRRA}---{PYRRA}"
    assert [(code, line) for code, _, line in refused(tmp_path, text, ALL)] == [("slo.twice", 21)]
    assert "SLO orders is defined twice, first in" in told(tmp_path, text, ALL)


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    """Neither that one nor another; the same text again is no change."""
    found = import_specs([file_of(tmp_path, SLOTH)], ALL)
    out = tmp_path / "out"
    files = write(found, out)
    assert write(found, out) == files
    files[0].write_text("mine")
    files[1].unlink()
    with pytest.raises(InvalidInput, match="1 document in the way; nothing was written"):
        write(found, out)
    assert [(one.name, one.read_text()) for one in sorted(out.iterdir())] == [(files[0].name, "mine")]


def test_nothing_is_written_where_another_document_has_the_name(tmp_path: Path) -> None:
    """`specs check` would refuse the two, so neither is made; the line of the other one is told."""
    found = import_specs([file_of(tmp_path, SLOTH)], ALL)
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.yaml").write_text("# mine\n" + found.documents["shop-slow"])
    (out / "broken.yaml").write_text("a: [")
    with pytest.raises(InvalidInput) as caught:
        write(found, out)
    (told_of,) = caught.value.violations
    assert (told_of.code, Path(told_of.file).name, told_of.line) == ("import.exists", "mine.yaml", 6)
    assert sorted(one.name for one in out.iterdir()) == ["broken.yaml", "mine.yaml"]


LEVELS = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: lag}
spec:
  service: shop
  indicator:
    metadata: {name: lag}
    spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: '(lag_seconds{queue="orders"})'}}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Timeslices
  objectives: [{op: lte, value: 30, target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 1m}]
"""


def test_openslo_thresholds_and_rolling_windows_are_read(tmp_path: Path) -> None:
    """A gauge against a bound over the last weeks; one that is computed is refused with the setting that does it."""
    (made,) = imported(tmp_path, LEVELS, EDGE).values()
    assert made["spec"]["indicator"]["spec"] == {"thresholdMetric": query('lag_seconds{queue="orders"}')}
    assert (made["spec"]["timeWindow"], made["spec"]["objectives"]) == (
        [{"duration": "4w", "isRolling": True}],
        [{"op": "lte", "value": 30, "target": 0.99, "timeSliceTarget": 0.9, "timeSliceWindow": "1m"}],
    )
    rated = LEVELS.replace("'(lag_seconds{queue=\"orders\"})'", "'rate(lag_seconds[5m])'")
    path = "/spec/indicator/spec/thresholdMetric/metricSource/spec/query"
    assert refused(tmp_path, rated, EDGE) == [("import.query", path, 9)]
    assert "a rate is the annotation reading" in told(tmp_path, rated, EDGE)


def test_openslo_examples_with_keys_without_values_are_read(tmp_path: Path) -> None:
    """`alertPolicies:` with nothing after it is no alert policy."""
    empty = LEVELS.replace("  budgetingMethod", "  alertPolicies:\n  description:\n  budgetingMethod")
    assert imported(tmp_path, empty, EDGE) == imported(tmp_path, LEVELS, EDGE)


def test_what_is_imported_counts_the_same_as_what_is_written_by_hand(tmp_path: Path) -> None:
    """The digest of how it is counted and judged is that of the committed promise."""
    sloth = """
version: prometheus/v1
service: latency
slos:
  - name: chain-query
    objective: 99
    sli:
      events:
        error_query: |
          sum(rate(calls_count[{{.window}}])) - sum(rate(calls_bucket{le="0.2"}[{{.window}}]))
        total_query: sum(rate(calls_count[{{.window}}]))
"""
    mine = changed(
        named(LATENCY, "latency-chain-query"), put(QUERY, 'calls_bucket{le="0.2"}'), put(TOTAL, "calls_count")
    )
    mine = changed(mine, put("metadata|annotations", {"sankofa.observe/tier": "regional"}))
    found = import_specs([file_of(tmp_path, sloth)], Wanted(tier="regional", window="1M"))
    write(found, tmp_path / "made")
    by_hand = load_catalog([write_specs(tmp_path, mine=mine) / "mine.yaml"])
    assert [one.digest for one in load_catalog([tmp_path / "made"]).slos.values()] == [
        one.digest for one in by_hand.slos.values()
    ]
