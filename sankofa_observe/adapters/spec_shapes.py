"""Shapes: every part of a document that has the wrong one is named, and the rest is read all the same.

What is broken is taken out, or replaced from a pattern of a document that is right; its place is remembered, so that nothing is
said that only follows from the replacement.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from sankofa_observe.adapters.spec_faults import Fault
from sankofa_observe.adapters.spec_models import (
    AgreementDocument,
    FleetDocument,
    SliDocument,
    SloDocument,
    Strict,
)

KEY = "[key]"  # how pydantic says that a key is meant, and not what stands under it
DURATION_HINT = "a duration is a whole number and one unit: s second, m minute, h, d, w, M month, Q quarter, Y year"
_HINTS = {
    "isRolling": "true for a budget that is watched; an agreement takes false and a calendar, such as duration 1M",
    "calendar": 'like startTime "2026-01-01 00:00:00", timeZone UTC',
    "alertPolicies": "leave it out: alert rules are made from the SLOs",
    "raw": "raw counters or gauges are read: good (or bad) and total",
    "rawType": "raw counters or gauges are read: good (or bad) and total",
    "objectives": "one objective a document; another target is another SLO",
    "timeWindow": "one window a document; another window is another SLO",
}
_QUOTED = "in quotes, as all settings: YAML reads it as another type"
_HINTS |= {"sankofa.observe/version": _QUOTED, "sankofa.observe/from": _QUOTED}
_METRIC = {"metricSource": {"type": "Prometheus", "spec": {"query": "up"}}}
_WINDOW = {
    "duration": "1M",
    "isRolling": False,
    "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"},
}
_INDICATOR = {
    "ratioMetric": {"counter": False, "good": _METRIC, "bad": _METRIC, "total": _METRIC},
    "thresholdMetric": _METRIC,
}
_SLO_SPEC = {
    "service": "",
    "indicator": {"metadata": {"name": "x"}, "spec": _INDICATOR},
    "timeWindow": [_WINDOW],
    "budgetingMethod": "Timeslices",
    "objectives": [{}],
}
_PARTY = {"id": "x", "account": "0x" + "01" * 20}
_AGREEMENT_SPEC = {
    "version": 1,
    "salt": "0x" + "01" * 32,
    "provider": _PARTY,
    "tenant": _PARTY,
    "fee": {"amountMinor": 1, "currency": "USD", "exponent": 2},
    "capPpm": 1,
    "startsAt": "2026-01-01T00:00:00Z",
    "graceSeconds": 2**32 - 1,
    "disputeWindowSeconds": 10,
    "disputeWindowBlocks": 1,
    "promises": [{"slo": "x", "site": "x", "bands": [{"belowPpm": 1, "creditPpm": 1}]}],
}
_SITE = {"name": "x", "tier": "edge", "region": "x"}
_PATTERNS: dict[type[Strict], dict[str, Any]] = {
    SloDocument: {"metadata": {"name": "x"}, "spec": _SLO_SPEC},
    SliDocument: {"metadata": {"name": "x"}, "spec": _INDICATOR},
    AgreementDocument: {"metadata": {"name": "x"}, "spec": _AGREEMENT_SPEC},
    FleetDocument: {"metadata": {"name": "x"}, "spec": {"sites": [_SITE]}},
}


def read(document: dict[str, Any], model: type[Strict]) -> tuple[Strict | None, list[Fault]]:
    """The document, if need be with its broken parts replaced, and a fault for each of those.

    None where even what is left cannot be read.
    """
    mended: dict[str, Any] = document
    faults: list[Fault] = []
    for cut in (0, 1):  # a path may end with the name of a check; then the part above it is mended
        try:
            return model.model_validate(mended), faults
        except ValidationError as error:
            errors = error.errors(include_url=False)
        mended = copy.deepcopy(mended)
        faults = faults or [shape_fault(one) for one in errors]
        for one in errors:
            _mend(mended, one["loc"][: len(one["loc"]) - cut], _PATTERNS[model])
    try:
        return model.model_validate(mended), faults
    except ValidationError:
        return None, faults


def _mend(document: dict[str, Any], loc: Sequence[int | str], pattern: Any) -> None:
    """Put the pattern's part, or nothing, where the document's has no shape."""
    place: Any = document
    for part, following in zip(loc, [*loc[1:], None], strict=True):
        pattern = _part(pattern, part)
        if following is None or not _leads_on(place, part, following):
            if pattern is not None:
                place[part] = copy.deepcopy(pattern)
            elif isinstance(place, dict):
                place.pop(part, None)
            return
        place = place[part]


def _part(pattern: Any, part: int | str) -> Any:
    if isinstance(pattern, list):
        return pattern[0]
    return pattern.get(part) if isinstance(pattern, dict) else None


def _leads_on(place: Any, part: int | str, following: int | str) -> bool:
    """Whether the next part of an error's path is in the document, or missing from a map; else it names a check."""
    inner = place.get(part) if isinstance(place, dict) else place[part]
    if isinstance(inner, list):
        return isinstance(following, int) and following < len(inner)
    return isinstance(inner, dict)


def shape_fault(error: Any) -> Fault:
    """What pydantic says of a part of a document."""
    path = "/" + "/".join(str(part) for part in error["loc"] if part != KEY)
    last, kind = error["loc"][-1], error["type"]
    untold = kind in {"missing", "extra_forbidden"} or last == "salt"  # a salt is kept off every log
    seen = "" if untold else f", seen {str(error['input'])[:80]!r}"
    hint = DURATION_HINT if "[smhdwMQY]" in error["msg"] else _HINTS.get(str(last), "")
    return Fault(path, f"spec.{kind.replace('_', '-')}", error["msg"] + seen, hint)
