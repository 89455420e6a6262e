"""Levels in columns: what `level.says` makes of samples, where no rounding can tell the two apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    instance: str,
    series: Samples,
    waiting: Mapping[str, Sequence[Samples]],
    indicator: LevelIndicator,
    scrape_seconds: int,
) -> Shown | None:
    """One source's samples, with those of its demand by selector; None where columns cannot tell."""
    found = _said(series, indicator.reading, indicator.operator, indicator.bound, scrape_seconds)
    if found is None:
        return None
    at, ok = found
    sure = _sure(found, series, indicator.reading, scrape_seconds)
    if not indicator.demand:
        at, ok = at[sure], ok[sure]
    else:
        demanded = _demanded(waiting, indicator.demand, scrape_seconds)
        if demanded is None:
            return None
        at, ok = _with_demand(found, sure, demanded)
    return Shown(instance=instance, at=at, up=ok, samples=series.at, silent=np.setdiff1d(series.at, at))


def _sure(found: Said, series: Samples, reading: Reading, scrape_seconds: int) -> Places:
    """As `level.steady`, of what is doubted by `level.unsure`."""
    at, ok = found
    if reading is not Reading.RATE:
        return np.ones(len(at), np.bool_)
    least, most = (tenths * scrape_seconds * 100 for tenths in (AVERAGE_TENTHS, HOLE_TENTHS))
    ms = np.diff(series.at)
    anew = (np.diff(series.values) < 0) & (ms <= most)
    doubted = series.at[1:][((ms > least) | _later(anew)) & (ms <= most)]
    same = (ok[1:] == ok[:-1]) & (np.diff(at) <= most)
    none = np.zeros(min(1, len(at)), np.bool_)
    alike: Places = np.concatenate([none, same]) & np.concatenate([same, none])
    return alike | ~np.isin(at, doubted)


def _later(places: Places) -> Places:
    """Each place by the one before it."""
    found: Places = np.concatenate([np.zeros(min(1, len(places)), np.bool_), places[:-1]])
    return found


def _demanded(waiting: Mapping[str, Sequence[Samples]], demand: Sequence[Demand], scrape_seconds: int) -> Said | None:
    """Where one of the conditions holds, and where none does."""
    every = [_holds(waiting, one, scrape_seconds) for one in demand]
    told = [one for one in every if one is not None]
    if len(told) != len(every):
        return None
    at = np.unique(np.concatenate([own for own, _ in told]))
    holds, known = np.zeros(len(at), np.bool_), np.zeros(len(at), np.int64)
    for own, said in told:
        places = np.searchsorted(at, own)
        holds[places] |= said
        known[places] += 1
    says = holds | (known == len(told))
    return at[says], holds[says]


def _holds(waiting: Mapping[str, Sequence[Samples]], condition: Demand, scrape_seconds: int) -> Said | None:
    asked, sizes = waiting.get(condition.series, ()), waiting.get(condition.capacity, ())
    if len(asked) > 1 or len(sizes) > 1:
        return None
    if not asked or (condition.capacity and not sizes):
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    if condition.capacity:
        found = _fills(asked[0], sizes[0], condition, scrape_seconds)
    else:
        found = _said(asked[0], condition.reading, Operator.GT, condition.above, scrape_seconds)
    if found is None:
        return None
    at, holds = found
    sure = _sure(found, asked[0], condition.reading, scrape_seconds)
    return at[sure], holds[sure]


def _fills(asked: Samples, sizes: Samples, condition: Demand, scrape_seconds: int) -> Said | None:
    """Where so much of a capacity is used, whichever of those it may have been."""
    if condition.reading is Reading.AGE or not sizes.counts.all():
        return None
    size: Counts = sizes.values.astype(np.int64)
    if condition.reading is Reading.RATE:
        steps = _steps(asked, scrape_seconds)
        near = np.diff(sizes.at) <= HOLE_TENTHS * scrape_seconds * 100
        at, least, most = (
            sizes.at[1:][near],
            np.minimum(size[1:], size[:-1])[near],
            np.maximum(size[1:], size[:-1])[near],
        )
    else:
        whole = asked.counts.all()
        steps = (asked.at, asked.values.astype(np.int64) * 1, np.full(len(asked.at), 1000)) if whole else None
        at, least, most = sizes.at, size, size
    if steps is None:
        return None
    both, here, there = np.intersect1d(steps[0], at, assume_unique=True, return_indices=True)
    growth, ms, least, most = steps[1][here], steps[2][here], least[there], most[there]
    above = Fraction(condition.above)
    grown, bound = 1000 * above.denominator, above.numerator
    if (
        max(int(growth.max(initial=0)) * grown, int(ms.max(initial=0)) * int(most.max(initial=0)) * abs(bound))
        >= _LARGEST
    ):
        return None
    of_least, of_most = (growth * grown > ms * one * bound for one in (least, most))
    says = (least > 0) & (of_least == of_most)
    return both[says], of_most[says]


def _with_demand(found: Said, sure: Places, demanded: Said) -> Said:
    """As `level.decide`."""
    (at, ok), (asked_at, waits) = found, demanded
    _, here, there = np.intersect1d(at, asked_at, assume_unique=True, return_indices=True)
    asked, idle = np.zeros(len(at), np.bool_), np.zeros(len(at), np.bool_)
    asked[here] = waits[there]
    idle[here] = ~waits[there]
    well = (ok & sure) | idle
    says = well | (asked & sure)
    return at[says], well[says]


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
    steps = _steps(series, scrape_seconds)
    if steps is None:
        return None
    at, growth, ms = steps
    numerator, denominator = bound.numerator, bound.denominator
    most = max(int(growth.max(initial=0)) * 1000 * denominator, int(ms.max(initial=0)) * abs(numerator))
    if most >= _LARGEST:
        return None
    return at, _COMPARE[operator](growth * (1000 * denominator), ms * numerator)


def _steps(series: Samples, scrape_seconds: int) -> tuple[Instants, Counts, Counts] | None:
    """Growth of a counter and the milliseconds it took, where a sample says it."""
    if not series.counts.all():
        return None
    values: Counts = series.values.astype(np.int64)
    growth, ms = np.diff(values), np.diff(series.at)
    known = (growth >= 0) & (ms <= HOLE_TENTHS * scrape_seconds * 100)
    return series.at[1:][known], growth[known], ms[known]


def _ages(series: Samples, operator: Operator, bound: float) -> Said | None:
    finite = np.isfinite(series.values)
    at, ages = series.at[finite], series.at[finite] - series.values[finite] * 1000
    if (np.abs(ages - bound * 1000) <= _NEAR_MS).any() or (np.abs(ages + AHEAD_SECONDS * 1000) <= _NEAR_MS).any():
        return None
    says = ages > -AHEAD_SECONDS * 1000
    return at[says], _COMPARE[operator](ages[says], bound * 1000)
