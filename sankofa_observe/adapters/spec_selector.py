"""Selectors of an SLO: raw series and nothing else, and of a histogram one bucket each."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from sankofa_observe.adapters.spec_faults import Fault
from sankofa_observe.slo.indicator import is_plain_selector

BUCKET = "_bucket"
MATCHER = re.compile(r"""([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_INFINITE = "+Inf"


def plain(query: str, path: str, faults: list[Fault]) -> bool:
    """Whether a query is a plain series selector; if not, it is told."""
    if is_plain_selector(query) and query == query.strip():  # a trailing newline would end up inside the query
        return True
    hint = "raw samples are counted here, so no rate(), sum() or range: a metric name with matchers"
    faults.append(Fault(path, "slo.selector", f"{query[:200]!r} is not a series selector", hint))
    return False


def one_bucket(query: str, path: str, *, total: bool, faults: list[Fault]) -> None:
    """The buckets of a histogram hold each other: a selector that meets several counts events several times."""
    name, _, rest = query.partition("{")
    if not name.endswith(BUCKET):
        return
    bounds = [(sign, text[1:-1]) for label, sign, text in MATCHER.findall(rest) if label == "le"]
    hint = f"for all events take {name.removesuffix(BUCKET)}_count" if total else 'name one bucket, like le="0.2"'
    if len(bounds) != 1 or bounds[0][0] != "=":
        problem = "no le matcher: it meets every bucket" if not bounds else 'le must be one bound, le="…"'
        faults.append(Fault(path, "slo.bucket", problem, hint))
    elif problem := _bound_problem(bounds[0][1], total=total):
        faults.append(Fault(path, "slo.bucket", problem, hint))


def _bound_problem(bound: str, *, total: bool) -> str:
    """Bounds are text to a source: 0.20 meets nothing where the exporter writes 0.2."""
    if bound == _INFINITE:
        return "" if total else 'every event is in the bucket le="+Inf"'
    try:
        value = Decimal(bound)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        return f"le {bound[:80]!r} is no number"
    if "e" in bound.lower() or abs(value.adjusted()) > 20:  # noqa: PLR2004  as large and small ones are written
        return ""
    written = f"{value:f}".rstrip("0").rstrip(".") if "." in bound else f"{value:f}"
    return "" if bound in {written, f"{written}.0"} else f"le {bound[:80]!r} is written {written!r} by exporters"
