"""Whether a latency promise can be counted from a metric: only a histogram with a bucket at the bound tells how many were in time.

A quantile of a summary belongs to a window of its own and adds up with no other; an average hides the slow half; a maximum is
one request. None of them says which share was within the bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from sankofa_observe.adapters.integrations.exposition import Exposition

INFINITE = "+Inf"
_MEAN = re.compile(r"(?:^|_)(?:avg|average|mean)(?:_|$)")
_EXTREME = re.compile(r"(?:^|_)(?:max|maximum|min|minimum)(?:_|$)")


def latency_problem(metric: str, bound: str, recorded: Sequence[Exposition]) -> str:
    """Why no share within `bound` seconds (as `le` has it) can be counted from the metric; empty where it can.

    With an empty `bound` the metric is held against one sample by sample: only what is no average and no maximum will do.
    """
    kinds = {kind for one in recorded if (kind := one.kind_of(metric)) is not None}
    if not kinds:
        return f"no recorded exposition has a histogram {metric!r}"
    if kind := _no_count(metric, kinds):
        return f"{metric} is {kind}"
    if not bound:
        return ""
    if kinds != {"histogram"}:
        return f"{metric} is a {', '.join(sorted(kinds))}; expected a histogram with a bucket at {bound}"
    return _no_bucket(metric, bound, recorded)


def _no_count(metric: str, kinds: set[str]) -> str:
    if "summary" in kinds:
        return "a summary: its quantiles are of windows of their own, and no share of requests follows"
    if _MEAN.search(metric):
        return "an average: half of the requests may be slower, and no share of requests follows"
    if _EXTREME.search(metric):
        return "a maximum or a minimum: it is one request, and no share of requests follows"
    return ""


def _no_bucket(metric: str, bound: str, recorded: Sequence[Exposition]) -> str:
    for one in recorded:
        there = one.bounds(metric)
        if there and not _holds(there, bound):
            return f"{metric} has no bucket at {bound} s in {one.file}; it has: {', '.join(there)}"
    return ""


def _holds(bounds: Iterable[str], wanted: str) -> bool:
    """Whether a bound is among them; `1` and `1.0` are one bound. All requests are within +Inf, so it promises nothing."""
    value = _number(wanted)
    return value is not None and any(value == _number(one) for one in bounds)


def _number(bound: str) -> Decimal | None:
    try:
        value = Decimal(bound)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
