"""Queries of others: the selector that a rate is of, and what is no such thing."""

from __future__ import annotations

import json
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.adapters.spec_import.promql import (
    MOST_LETTERS,
    NotPlainError,
    Rated,
    Selected,
    counted,
    error_ratio,
    selected,
)
from sankofa_observe.slo.indicator import is_plain_selector

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
MATCHERS = st.lists(st.tuples(st.sampled_from(["job", "le", "code"]), st.sampled_from(["=", "!="]), TEXT), max_size=3)
SHAPES = {
    "sum(rate({}[5m]))": True,
    "(sum((increase({}[1h]))))": True,
    "rate({}[30s])": True,
    "sum by (site) (rate({}[5m]))": True,
    "sum(rate({}[5m])) by (site)": True,
    "{}": False,
    "sum({})": False,
}


@given(matchers=MATCHERS, shape=st.sampled_from(sorted(SHAPES)))
def test_what_is_rated_and_summed_is_found_again(matchers: list[tuple[str, str, str]], shape: str) -> None:
    """The same metric with the same matchers, as one selector that a spec may have."""
    written = ",".join(f"{name}{sign}{json.dumps(text, ensure_ascii=False)}" for name, sign, text in matchers)
    found = selected(shape.replace("{}", f"requests_total{{{written}}}"), Rated.MAYBE)

    parsed: Any = promql_parser.parse(found.selector)
    assert (parsed.name, found.rated, is_plain_selector(found.selector)) == ("requests_total", SHAPES[shape], True)
    assert [(one.name, one.value) for one in parsed.matchers.matchers] == [(name, text) for name, _, text in matchers]


@pytest.mark.parametrize("pattern", ["5..|429", "a\\\\d+", "^x$", "[^/]+"])
def test_regular_expressions_stay_as_they_are(pattern: str) -> None:
    """With their escapes, as PromQL writes them in a string."""
    selector = f'x{{code=~"{pattern}",path!~"{pattern}"}}'
    assert selected(f"sum(rate({selector}[5m]))", Rated.YES) == Selected(selector=selector, rated=True)


NOT_PLAIN = {
    "sum(x)": ("a counter without rate()", "write rate() of it"),
    "avg(rate(x[5m]))": ("avg() is no sum", "an average is no count of events"),
    "max(rate(x[5m]))": ("max() is no sum", "counters are read raw"),
    "sum by (job) (rate(x[5m]))": ("sum by (job)", "one SLO covers all sites"),
    "sum without (pod) (rate(x[5m]))": ("sum without (pod)", "write by (site)"),
    "sum(irate(x[5m]))": ("irate() is not counted", "two samples only"),
    "sum(rate(x[5m])) or vector(0)": ("or is not counted", "never 0"),
    "sum(rate(x[5m])) * 2": ("* is not counted", "counters are read raw"),
    "sum(rate(x[5m] offset 1h))": ("it has offset", "counted from its own samples"),
    "sum(rate(x[5m] @ 60))": ("it has @", "counted from its own samples"),
    "rate(sum(x)[5m:1m])": ("rate() of a subquery", "counters are read raw"),
    "histogram_quantile(0.9, sum by (le) (rate(x[5m])))": ("histogram_quantile()", "at or under the bound"),
    "sum_over_time(up[5m])": ("sum_over_time()", "thresholdMetric"),
    'sum(rate({__name__="x"}[5m]))': ("it has no metric name", "before the brace"),
    'sum(rate(x{a="1" or b="2"}[5m]))': ("it has or between matchers", "=~"),
    "x[5m]": ("a range is not counted", "counters are read raw"),
    "-sum(rate(x[5m]))": ("- is not counted", "counters are read raw"),
    "1": ("a number is not counted", "counters are read raw"),
    '"x"': ("text is not counted", "counters are read raw"),
    "sum(rate(x[5m])": ("it is no PromQL", ""),
    "": ("it is no PromQL", ""),
    "(" * MOST_LETTERS + "x": ("letters, expected 5000 at most", ""),
}


@pytest.mark.parametrize("query", NOT_PLAIN, ids=lambda one: one[:40])
def test_what_is_more_than_a_rate_is_refused_by_name(query: str) -> None:
    """With the function, the aggregation or the operator in the way, and what to write instead."""
    problem, hint = NOT_PLAIN[query]
    with pytest.raises(NotPlainError) as caught:
        selected(query, Rated.YES)
    assert (problem in str(caught.value), hint in caught.value.hint) == (True, True), (
        str(caught.value),
        caught.value.hint,
    )


@pytest.mark.parametrize("query", ["sum(x)", "max(x)", "rate(x[5m])", "x > 1"])
def test_a_gauge_is_read_by_itself(query: str) -> None:
    """Each one is held against its bound: nothing is done to it first."""
    with pytest.raises(NotPlainError, match="is not read here"):
        selected(query, Rated.NO)


RATIOS = {
    "sum(rate(bad[5m])) / sum(rate(every[5m]))": ("bad", "bad", "every"),
    "1 - sum(rate(good[5m])) / sum(rate(every[5m]))": ("good", "good", "every"),
    "(1 - ((sum(rate(good[5m]))) / (sum(rate(every[5m])))))": ("good", "good", "every"),
    "(sum(rate(every[5m])) - sum(rate(good[5m]))) / sum(rate(every[5m]))": ("good", "good", "every"),
}


@pytest.mark.parametrize("query", RATIOS)
def test_an_error_ratio_is_taken_apart(query: str) -> None:
    """Bad of all, one less good of all, and all less good of all."""
    word, part, total = error_ratio(query)
    assert (word, part.selector, total.selector) == RATIOS[query]


@pytest.mark.parametrize(
    "query",
    [
        "0.5 - sum(rate(good[5m])) / sum(rate(every[5m]))",
        "sum(rate(bad[5m])) / on (a) sum(rate(every[5m]))",
        "(sum(rate(other[5m])) - sum(rate(good[5m]))) / sum(rate(every[5m]))",
        "1 - avg_over_time(up[5m])",
        "x",
    ],
)
def test_what_is_no_share_of_events_is_refused(query: str) -> None:
    """A ratio from something else, of unlike totals, or of averages."""
    with pytest.raises(NotPlainError):
        error_ratio(query)


def test_errors_are_looked_at_without_a_total_as_well() -> None:
    """Where the total itself is refused."""
    assert counted("sum(rate(a[5m])) - sum(rate(b[5m]))", None) == ("good", Selected(selector="b", rated=True))
    with pytest.raises(NotPlainError, match="takes a counter from a, which is not the total, c"):
        counted("sum(rate(a[5m])) - sum(rate(b[5m]))", Selected(selector="c", rated=True))
