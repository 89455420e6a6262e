"""Levels in columns: what `level.says` makes of samples, where no rounding can tell the two apart."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading
from sankofa_observe.slo.level import AHEAD_SECONDS, AVERAGE_TENTHS, HOLE_TENTHS
from sankofa_observe.slo.plain.gauges import Shown
from sankofa_observe.slo.plain.slots import Counts, Places
from sankofa_observe.slo.samples import Instants, Samples

_COMPARE = {
    Operator.LTE: np.less_equal,
    Operator.LT: np.less,
    Operator.GTE: np.greater_equal,
    Operator.GT: np.greater,
}
_LARGEST = 2**62
_NEAR_MS = 1  # ages nearer to their bound than this may be rounded over it

Said = tuple[Instants, Places]
"""Instants at which something is said, and what."""


def shown_levels(
    instance: str, series: Samples, waiting: Sequence[Samples], indicator: LevelIndicator, scrape_seconds: int
) -> Shown | None:
    """One source's samples, with those of its demand; None where columns cannot tell."""
    found = _said(series, indicator.reading, indicator.operator, indicator.bound, scrape_seconds)
    if found is None:
        return None
    if indicator.demand is not None:
        demanded = _demanded(waiting, indicator.demand, scrape_seconds)
        if demanded is None:
            return None
        found = _with_demand(found, demanded)
    at, ok = _steady(found, _doubted(series, waiting, indicator, scrape_seconds), scrape_seconds)
    return Shown(instance=instance, at=at, up=ok, samples=series.at, silent=np.setdiff1d(series.at, at))


def _doubted(series: Samples, waiting: Sequence[Samples], indicator: LevelIndicator, scrape_seconds: int) -> Instants:
    """As `level.unsure` finds them, of a level and of its demand."""
    counters = [series] if indicator.reading is Reading.RATE else []
    counters += waiting if indicator.demand and indicator.demand.reading is Reading.RATE else ()
    least, most = (tenths * scrape_seconds * 100 for tenths in (AVERAGE_TENTHS, HOLE_TENTHS))
    found = [np.zeros(0, np.int64)]
    for one in counters:
        ms = np.diff(one.at)
        anew = (np.diff(one.values) < 0) & (ms <= most)
        after = np.concatenate([np.zeros(min(1, len(ms)), np.bool_), anew[:-1]])
        found.append(one.at[1:][((ms > least) | after) & (ms <= most)])
    return np.concatenate(found)


def _steady(found: Said, doubted: Instants, scrape_seconds: int) -> Said:
    """As `level.steady`."""
    at, ok = found
    same = (ok[1:] == ok[:-1]) & (np.diff(at) <= HOLE_TENTHS * scrape_seconds * 100)
    alone = np.zeros(min(1, len(at)), np.bool_)
    sure = ~np.isin(at, doubted) | (np.concatenate([alone, same]) & np.concatenate([same, alone]))
    return at[sure], ok[sure]


def _demanded(waiting: Sequence[Samples], demand: Demand, scrape_seconds: int) -> Said | None:
    if not waiting:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    if len(waiting) > 1:
        return None
    return _said(waiting[0], demand.reading, Operator.GT, demand.above, scrape_seconds)


def _with_demand(found: Said, demanded: Said) -> Said:
    (at, ok), (asked_at, waits) = found, demanded
    _, here, there = np.intersect1d(at, asked_at, assume_unique=True, return_indices=True)
    asked, idle = np.zeros(len(at), np.bool_), np.zeros(len(at), np.bool_)
    asked[here] = True
    idle[here] = ~waits[there]
    says = ok | asked
    return at[says], (ok | idle)[says]


def _said(series: Samples, reading: Reading, operator: Operator, bound: Decimal, scrape_seconds: int) -> Said | None:
    match reading:
        case Reading.VALUE:
            return _values(series, operator, bound)
        case Reading.RATE:
            return _rates(series, operator, Fraction(bound), scrape_seconds)
        case Reading.AGE:
            return _ages(series, operator, float(bound))


def _values(series: Samples, operator: Operator, bound: Decimal) -> Said | None:
    exact = float(bound)
    if Decimal(repr(exact)) != bound:
        return None
    says = ~np.isnan(series.values)
    return series.at[says], _COMPARE[operator](series.values[says], exact)


def _rates(series: Samples, operator: Operator, bound: Fraction, scrape_seconds: int) -> Said | None:
    if not series.counts.all():
        return None
    values: Counts = series.values.astype(np.int64)
    growth, ms = np.diff(values), np.diff(series.at)
    known = (growth >= 0) & (ms <= HOLE_TENTHS * scrape_seconds * 100)
    growth, ms = growth[known], ms[known]
    numerator, denominator = bound.numerator, bound.denominator
    most = max(int(growth.max(initial=0)) * 1000 * denominator, int(ms.max(initial=0)) * abs(numerator))
    if most >= _LARGEST:
        return None
    return series.at[1:][known], _COMPARE[operator](growth * (1000 * denominator), ms * numerator)


def _ages(series: Samples, operator: Operator, bound: float) -> Said | None:
    finite = np.isfinite(series.values)
    at, ages = series.at[finite], series.at[finite] - series.values[finite] * 1000
    if (np.abs(ages - bound * 1000) <= _NEAR_MS).any() or (np.abs(ages + AHEAD_SECONDS * 1000) <= _NEAR_MS).any():
        return None
    says = ages > -AHEAD_SECONDS * 1000
    return at[says], _COMPARE[operator](ages[says], bound * 1000)
