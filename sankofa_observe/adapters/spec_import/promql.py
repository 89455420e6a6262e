"""From PromQL to series selectors: what a query rates and sums is found again, and whatever else it does is refused by name.

Slots are counted from raw samples, so of `sum(rate(x{…}[5m]))` only `x{…}` is wanted: the range, the rate and the sum are ours.
promql-parser reads the query. It follows Prometheus; a query it cannot read is refused with its words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import promql_parser
from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    VectorSelector,
)

from sankofa_observe.slo.indicator import SITE_LABEL

_SIGNS = (
    (MatchOp.Equal, "="),
    (MatchOp.NotEqual, "!="),
    (MatchOp.Re, "=~"),
    (MatchOp.NotRe, "!~"),
)  # they have no hash
MOST_LETTERS = 5_000  # the parser's time grows with the square of what is nested
_RATES = {"rate", "increase"}
_ALONE = "write the selector alone, a metric name with matchers; a rate is the annotation reading, a sum the annotation total"
_RAW = "counters are read raw: write the selector, or rate() or increase() of it, summed or not"
_HINTS = {
    "irate": "it looks at two samples only; write rate()",
    "histogram_quantile": 'a quantile cannot be added up; count what is at or under the bound: …_bucket{le="0.2"} against …_count',
    "histogram_count": "native histograms are not read; publish the histogram with buckets, one at the bound",
    "histogram_fraction": "native histograms are not read; publish the histogram with buckets, one at the bound",
    "avg_over_time": "an average is no count of events; write a thresholdMetric, which holds each sample against a bound",
    "sum_over_time": "it adds samples of a gauge; write a thresholdMetric, which holds each sample against a bound",
    "count_over_time": "it counts samples; write a thresholdMetric, which holds each sample against a bound",
    "absent": "absent series are unknown here, and never 0; leave it out",
    "vector": "absent series are unknown here, and never 0; leave it out",
    "or": "absent series are unknown here, and never 0: leave out what stands after it",
    "avg": "an average is no count of events; write sum()",
    "count": "it counts series, not events; write sum()",
    "by": f"one SLO covers all sites, told apart by the label {SITE_LABEL}; select other labels by matchers, in an SLO of their own",
    "without": f"write by ({SITE_LABEL}), or no grouping at all",
    "offset": "each slot is counted from its own samples; leave it out",
    "@": "each slot is counted from its own samples; leave it out",
}


class Rated(StrEnum):
    """What a query must be so that its selector means the same."""

    YES = "a counter over a range"
    MAYBE = "a counter"
    NO = "a gauge"


@dataclass(frozen=True, kw_only=True)
class Selected:
    """A selector, and whether the query rated it, so that it is of counters."""

    selector: str
    rated: bool


class NotPlainError(ValueError):
    """The query is more than a selector; the hint says what to write instead."""

    def __init__(self, problem: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(problem)


def selected(query: str, rated: Rated) -> Selected:
    """The selector whose growth, or whose value, a query shows.

    Raises:
        NotPlainError: with what stands in the way, by name, and what to write.
    """
    return _selected(_parsed(query), rated)


def counted(error: str, total: Selected | None) -> tuple[str, Selected]:
    """What an error query counts beside a total: `bad` or `good`, and its selector; without a total it is only looked at.

    All less the good ones, `sum(rate(all)) - sum(rate(good))`, is how the events over a bucket are written.
    """
    return _counted(_bare(_parsed(error)), total)


def error_ratio(query: str) -> tuple[str, Selected, Selected]:
    """The same of one query: `bad / total`, or `1 - good / total`."""
    whole = _bare(_parsed(query))
    if _is(whole, "-") and _is_one(whole.lhs) and _is(good := _bare(whole.rhs), "/"):
        return "good", _selected(_bare(good.lhs), Rated.YES), _selected(_bare(good.rhs), Rated.YES)
    if _is(whole, "/"):
        total = _selected(whole.rhs, Rated.YES)
        return *_counted(_bare(whole.lhs), total), total
    hint = "write sum(rate(bad)) / sum(rate(total)), or 1 - sum(rate(good)) / sum(rate(total))"
    raise NotPlainError("it is no share of counted events", hint)


def _counted(error: Any, total: Selected | None) -> tuple[str, Selected]:
    if not _is(error, "-"):
        return "bad", _selected(error, Rated.YES)
    every, good = _selected(error.lhs, Rated.YES), _selected(error.rhs, Rated.YES)
    if total is not None and every != total:
        raise NotPlainError(
            f"it takes a counter from {every.selector}, which is not the total, {total.selector}",
            "take the good events from the total, or write the bad ones",
        )
    return "good", good


def _parsed(query: str) -> Any:
    if len(query) > MOST_LETTERS:
        raise NotPlainError(f"it has {len(query)} letters, expected {MOST_LETTERS} at most")
    try:
        return promql_parser.parse(query)
    except (ValueError, RecursionError) as error:
        raise NotPlainError(f"it is no PromQL: {str(error)[:200]}") from None


def _bare(expr: Any) -> Any:
    while isinstance(expr, ParenExpr):
        expr = expr.expr
    return expr


def _is(expr: Any, sign: str) -> bool:
    return isinstance(expr, BinaryExpr) and str(expr.op) == sign and expr.modifier is None


def _is_one(expr: Any) -> bool:
    return isinstance(expr, NumberLiteral) and expr.val == 1


def _selected(expr: Any, rated: Rated) -> Selected:
    expr = _bare(expr)
    if isinstance(expr, VectorSelector):
        if rated is Rated.YES:
            raise NotPlainError("a counter without rate(): its value since its process began", "write rate() of it")
        return Selected(selector=_written(expr), rated=False)
    if rated is Rated.NO:
        raise NotPlainError(f"{_name(expr)} is not read here", _ALONE)
    if isinstance(expr, AggregateExpr):
        _refuse_grouping(expr)
        return _selected(expr.expr, rated)
    if isinstance(expr, Call) and expr.func.name in _RATES and isinstance(expr.args[0], MatrixSelector):
        return Selected(selector=_written(expr.args[0].vector_selector), rated=True)
    if isinstance(expr, Call) and expr.func.name in _RATES:
        raise NotPlainError(f"{expr.func.name}() of {_name(expr.args[0])}", _RAW)
    name = _name(expr)
    raise NotPlainError(f"{name} is not counted", _HINTS.get(name.removesuffix("()"), _RAW))


def _refuse_grouping(expr: AggregateExpr) -> None:
    if str(expr.op) != "sum":
        raise NotPlainError(f"{expr.op}() is no sum", _HINTS.get(str(expr.op), _RAW))
    if expr.modifier is None:
        return
    labels = ", ".join(expr.modifier.labels)
    if expr.modifier.type == AggModifierType.Without:
        raise NotPlainError(f"sum without ({labels})", _HINTS["without"])
    if set(expr.modifier.labels) - {SITE_LABEL}:
        raise NotPlainError(f"sum by ({labels})", _HINTS["by"])


def _name(expr: Any) -> str:
    """What a person calls a part of a query."""
    if isinstance(expr, Call):
        return f"{expr.func.name}()"
    if isinstance(expr, AggregateExpr):
        return f"{expr.op}()"
    if isinstance(expr, BinaryExpr):
        return str(expr.op).strip()
    if isinstance(expr, SubqueryExpr):
        return "a subquery"
    return {"MatrixSelector": "a range", "NumberLiteral": "a number", "UnaryExpr": "-"}.get(type(expr).__name__, "text")


def _written(expr: VectorSelector) -> str:
    """The selector as text, matchers in the order of their author."""
    for there, name in ((expr.offset, "offset"), (expr.at, "@")):
        if there is not None:
            raise NotPlainError(f"it has {name}", _HINTS[name])
    if expr.matchers.or_matchers:
        raise NotPlainError("it has or between matchers", "write one matcher with =~")
    if not expr.name:
        raise NotPlainError("it has no metric name", "write the name before the brace")
    # PromQL's escapes are JSON's.
    matchers = [
        f"{one.name}{next(sign for op, sign in _SIGNS if op == one.op)}{json.dumps(one.value, ensure_ascii=False)}"
        for one in expr.matchers.matchers
    ]
    return expr.name + (f"{{{','.join(matchers)}}}" if matchers else "")
