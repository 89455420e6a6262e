"""Levels: what the samples of a site's gauges and counters say of a bound, each sample by itself.

A sample says that the bound was held (True), that it was missed (False), or nothing. Compared exactly: what a source wrote, as
decimals, and growth as a fraction. `plain.levels` is the same in columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise

from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading

HOLE_TENTHS = 25
"""Neighbouring samples may be this many tenths of a scrape apart, and what lies between follows from both."""
INFINITE = Fraction(10**400)  # beyond every number that a sample can hold
AHEAD_SECONDS = 60  # a time so far after the sample that holds it was written by a clock that is wrong

Written = Mapping[int, str]
"""A series as its source wrote it, by the instant in milliseconds."""

Says = dict[int, bool]
"""By the instant of a sample, whether the bound was held."""


def levels(texts: Written, reading: Reading, scrape_seconds: int) -> dict[int, Fraction]:
    """What each sample of a series says; one that says nothing is not in it."""
    numbers = {at: number for at, text in sorted(texts.items()) if (number := number_of(text)) is not None}
    if reading is Reading.VALUE:
        return numbers
    numbers = {at: number for at, number in numbers.items() if abs(number) < INFINITE}
    match reading:
        case Reading.AGE:
            ages = {at: Fraction(at, 1000) - number for at, number in numbers.items()}
            return {at: age for at, age in ages.items() if age > -AHEAD_SECONDS}
        case Reading.RATE:
            longest = HOLE_TENTHS * scrape_seconds * 100
            steps = [(low, high) for low, high in pairwise(numbers) if high - low <= longest]
            grown = {high: (numbers[high] - numbers[low], high - low) for low, high in steps}
            # A counter that fell was started anew: how far it had come before, nobody knows.
            return {at: growth * 1000 / ms for at, (growth, ms) in grown.items() if growth >= 0}


def number_of(text: str) -> Fraction | None:
    """The number that a sample's text is; None for one that is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if value.is_nan():
        return None
    return Fraction(value) if value.is_finite() else INFINITE * (1 if value > 0 else -1)


def held(level: Fraction, indicator: LevelIndicator) -> bool:
    bound = Fraction(indicator.bound)
    match indicator.operator:
        case Operator.LTE:
            return level <= bound
        case Operator.LT:
            return level < bound
        case Operator.GTE:
            return level >= bound
        case Operator.GT:
            return level > bound


def says(texts: Written, waiting: Sequence[Written], indicator: LevelIndicator, scrape_seconds: int) -> Says:
    """What one source says; `waiting` are the series of its demand."""
    found = levels(texts, indicator.reading, scrape_seconds)
    demanded = wanted(waiting, indicator.demand, scrape_seconds)
    return _with_demand({at: held(level, indicator) for at, level in found.items()}, demanded, indicator)


def wanted(waiting: Sequence[Written], demand: Demand | None, scrape_seconds: int) -> Says:
    """Where demand waited and where it did not: each series must say so at an instant, or nothing is known of it."""
    if demand is None:
        return {}
    every = [levels(one, demand.reading, scrape_seconds) for one in waiting]
    shared = set(every[0]).intersection(*every[1:]) if every else set()
    return {at: sum(one[at] for one in every) > Fraction(demand.above) for at in shared}


def _with_demand(found: Says, demanded: Says, indicator: LevelIndicator) -> Says:
    """A level that misses its bound is down where demand waits, well where none does, and else not known."""
    if indicator.demand is None:
        return found
    return {at: True if ok else not demanded[at] for at, ok in found.items() if ok or at in demanded}


def total_says(
    sources: Mapping[str, tuple[Sequence[Written], Sequence[Written]]], indicator: LevelIndicator, scrape_seconds: int
) -> Says:
    """What the sources of a site say together, cell by cell, at the middle of each: by source its levels, and its demand.

    A cell in which a source says nothing is known where the others reach the bound without it, and miss it by nothing.
    """
    width = scrape_seconds * 1000
    by_cell: dict[int, Fraction] = defaultdict(Fraction)
    told: dict[int, set[str]] = defaultdict(set)
    waits: dict[int, set[bool]] = defaultdict(set)
    asked: dict[int, set[str]] = defaultdict(set)
    for name, (series, waiting) in sources.items():
        for at, level in _added(series, indicator.reading, scrape_seconds, width).items():
            by_cell[at] += level
            told[at].add(name)
        for at, waited in wanted(waiting, indicator.demand, scrape_seconds).items():
            waits[at // width].add(waited)
            asked[at // width].add(name)
    return {
        cell * width + width // 2: ok
        for cell in sorted({*by_cell, *waits})
        if (ok := _of_cell(cell, by_cell, told, waits, asked, sources, indicator)) is not None
    }


def _added(series: Sequence[Written], reading: Reading, scrape_seconds: int, width: int) -> dict[int, Fraction]:
    """The levels of one source, its series added up, by cell; a cell in which one of them says nothing is not in it."""
    last = [{at // width: level for at, level in levels(one, reading, scrape_seconds).items()} for one in series]
    shared = set(last[0]).intersection(*last[1:]) if last else set()
    return {cell: sum((one[cell] for one in last), Fraction()) for cell in shared}


def _of_cell(
    cell: int,
    level: Mapping[int, Fraction],
    told: Mapping[int, set[str]],
    waits: Mapping[int, set[bool]],
    asked: Mapping[int, set[str]],
    sources: Iterable[str],
    indicator: LevelIndicator,
) -> bool | None:
    every = set(sources)
    whole = told.get(cell, set()) == every
    more_is_better = indicator.operator in {Operator.GTE, Operator.GT}
    ok = held(level.get(cell, Fraction()), indicator)
    # What is not known can only add: it never takes a bound back that was reached, nor gives one back that was passed.
    known = ok if whole or ok == more_is_better else None
    if known or indicator.demand is None or True in waits.get(cell, set()):
        return known
    return True if asked.get(cell, set()) == every and cell in waits else None
