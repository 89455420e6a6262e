"""What a query names: its series with their matchers, and the ranges of its rates, as promql-parser reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import promql_parser

from deploy.parts import CHECKOUT
from sankofa_dashboards.queries import BUILT_IN
from sankofa_observe.adapters.integrations.catalogue import load_catalogue
from sankofa_rules.metrics import TARGET_LABELS

_SETS = {"and", "unless"}  # of which the right side gives no labels
_EQUAL = "MatchOp.Equal"
_LAST_ARGUMENT = {"quantile_over_time", "histogram_quantile"}


def parsed(expr: str) -> Any:
    return promql_parser.parse(expr.replace("$__rate_interval", BUILT_IN["__rate_interval"]))


def nodes(expr: str) -> list[Any]:
    """Every node of the expression, depth first."""
    found: list[Any] = []
    promql_parser.walk(parsed(expr), found.append)
    return found


def selectors(expr: str) -> list[tuple[str, frozenset[str]]]:
    """Each series selector: its metric's name and the labels it matches on."""
    return [
        (node.name or "", frozenset(matcher.name for matcher in node.matchers.matchers))
        for node in nodes(expr)
        if isinstance(node, promql_parser.VectorSelector)
    ]


def unknown_names(expr: str, known: Mapping[str, frozenset[str]]) -> list[str]:
    """Series that nothing exports or records, and labels that those series do not have."""
    wrong = []
    for name, labels in selectors(expr):
        if name not in known:
            wrong.append(name)
        else:
            wrong += [f"{name}{{{label}}}" for label in sorted(labels - known[name])]
    return wrong


def series_of_integrations() -> dict[str, frozenset[str]]:
    """Series of programs that are not ours, with the labels that their indicators match; each stands in a recording."""
    found: dict[str, frozenset[str]] = {}
    for _, indicator in load_catalogue(CHECKOUT / "deploy" / "integrations").indicators():
        for name, labels in (one for text in indicator.selectors() for one in selectors(text)):
            if not name.startswith("sankofa_"):
                found[name] = found.get(name, TARGET_LABELS) | labels
    return found


def has_bare_zero(expr: str) -> bool:
    """Whether the expression makes zeros from nothing, and so hides a selector that finds nothing."""
    return re.search(r"vector\(\s*0*\.?0*\s*\)", expr) is not None


def joins_across_sites(expr: str) -> list[str]:
    """Matches of raw series, and aggregations by instance, that leave the site out: a target's name is its own only there."""
    found = []
    for node in nodes(expr):
        if not _of_targets(node):
            continue
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels = node.modifier.labels
            if _included(node.modifier.type) and "instance" in labels and "site" not in labels:
                found.append(f"by ({', '.join(labels)})")
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None and node.modifier.matching:
            labels = node.modifier.matching.labels
            raw = _raw(node.lhs) and _raw(node.rhs)
            if _included(node.modifier.matching.type) and "site" not in labels and (raw or "instance" in labels):
                found.append(f"on ({', '.join(labels)})")
    return found


def aged_by_our_clock(expr: str) -> set[str]:
    """Series that are subtracted from the time of the evaluation."""
    return {
        name
        for node in nodes(expr)
        if isinstance(node, promql_parser.BinaryExpr)
        and isinstance(node.lhs, promql_parser.Call)
        and node.lhs.func.name == "time"
        for name, _ in selectors(node.rhs.prettify())
    }


def _of_targets(node: Any) -> bool:
    """Whether it reads series of targets: what rules record, and a job that is named, which is of our own process, is none."""
    found: list[Any] = []
    promql_parser.walk(node, found.append)
    return any(
        isinstance(one, promql_parser.VectorSelector)
        and not (one.name or "").startswith("sankofa:")
        and not any(matcher.name == "job" and str(matcher.op) == _EQUAL for matcher in one.matchers.matchers)
        for one in found
    )


def _included(kind: object) -> bool:
    return str(kind).rpartition(".")[2] in {"Include", "By"}


def _raw(node: Any) -> bool:
    """Whether what a node gives still has the labels of a target: nothing aggregated it, and no rule recorded it."""
    while not isinstance(node, promql_parser.VectorSelector):
        if isinstance(node, promql_parser.AggregateExpr):
            return False
        if isinstance(node, promql_parser.BinaryExpr):
            return _raw(node.lhs) or (str(node.op) not in _SETS and _raw(node.rhs))
        if isinstance(node, promql_parser.Call):
            if not node.args:
                return False
            node = node.args[-1] if node.func.name in _LAST_ARGUMENT else node.args[0]
        elif isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        elif hasattr(node, "expr"):
            node = node.expr
        else:
            return False
    return not (node.name or "").startswith("sankofa:")
