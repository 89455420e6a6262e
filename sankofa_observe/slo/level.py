"""Levels: what the samples of a site's gauges and counters say of a bound, each sample by itself.

A sample says that the bound was held (True), that it was missed (False), or nothing. Compared exactly: what a source wrote, as
decimals, and growth as a fraction. `plain.levels` is the same in columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import chain, pairwise

from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading

HOLE_TENTHS = 25
"""Neighbouring samples may be this many tenths of a scrape apart, and what lies between follows from both."""
AVERAGE_TENTHS = (
    15  # growth over more of a scrape than this is of a lost one as well: which of them it is of, nobody knows
)
INFINITE = Fraction(10**400)  # beyond every number that a sample can hold
AHEAD_SECONDS = 60  # a time so far after the sample that holds it was written by a clock that is wrong

Written = Mapping[int, str]
"""A series as its source wrote it, by the instant in milliseconds."""

Named = tuple[str, Written]
"""A series with what tells it from others of its source; copies of one series have one name."""

Says = dict[int, bool]
"""By the instant of a sample, whether the bound was held."""

Waiting = Mapping[str, Sequence[Named]]
"""What the selectors of a demand meet of one source."""


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
            steps = [(low, high) for low, high in pairwise(numbers) if high - low <= _longest(scrape_seconds)]
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


def says(texts: Written, waiting: Waiting, indicator: LevelIndicator, scrape_seconds: int) -> Says:
    """What one source says."""
    found = {at: held(level, indicator) for at, level in levels(texts, indicator.reading, scrape_seconds).items()}
    sure = steady(found, unsure(texts, indicator.reading, scrape_seconds), _longest(scrape_seconds))
    if not indicator.demand:
        return sure
    demanded = wanted(waiting, indicator.demand, scrape_seconds)
    decided = {at: decide(ok=sure.get(at), demanded=demanded.get(at)) for at in found}
    return {at: ok for at, ok in decided.items() if ok is not None}


def decide(*, ok: bool | None, demanded: bool | None) -> bool | None:
    """A level that misses its bound is down where there is demand, well where there is none, and else not known."""
    if ok or demanded is False:
        return True
    return ok if demanded else None


def steady(found: Says, doubted: Container[int], longest: int) -> Says:
    """What is doubted, where what is known before and after it says the same; all else as it is.

    A throughput that began or ended in a lost scrape reached its bound in one of two, or in none: neither is told by their mean. A
    level and each condition of its demand are looked at apart: where one begins as the other ends, what they make together may look
    the same before and after, and was the other for a scrape.
    """
    times = sorted(found)
    alike = {(one, later) for one, later in pairwise(times) if later - one <= longest and found[one] == found[later]}
    between = zip([None, *times], times, [*times[1:], None], strict=False)
    sure = {at for before, at, after in between if at not in doubted or {(before, at), (at, after)} <= alike}
    return {at: ok for at, ok in found.items() if at in sure}


def unsure(texts: Written, reading: Reading, scrape_seconds: int) -> set[int]:
    """The samples of a counter whose growth is over a lost scrape as well, or begins where it was started anew: it may have been again."""
    if reading is not Reading.RATE:
        return set()
    numbers = {at: n for at, text in sorted(texts.items()) if (n := number_of(text)) is not None and abs(n) < INFINITE}
    least = AVERAGE_TENTHS * scrape_seconds * 100
    steps = [(low, high) for low, high in pairwise(numbers) if high - low <= _longest(scrape_seconds)]
    anew = {high for low, high in steps if numbers[high] < numbers[low]}
    return {high for low, high in steps if high - low > least or low in anew}


def _longest(scrape_seconds: int) -> int:
    return HOLE_TENTHS * scrape_seconds * 100


def wanted(waiting: Waiting, demand: Sequence[Demand], scrape_seconds: int) -> Says:
    """Where there was demand, by any of its conditions, and where there was none, by all of them."""
    every = [_holds(waiting, one, scrape_seconds) for one in demand]
    found = {at: [one.get(at) for one in every] for at in {at for one in every for at in one}}
    return {at: True in said for at, said in found.items() if True in said or None not in said}


def _holds(waiting: Waiting, condition: Demand, scrape_seconds: int) -> Says:
    series = waiting.get(condition.series, ())
    asked = added(series, condition.reading, scrape_seconds)
    above = Fraction(condition.above)
    if condition.capacity:
        sizes = capacities(waiting.get(condition.capacity, ()), condition.reading, scrape_seconds)
        each = {at: {level > above * size for size in sizes[at]} for at, level in asked.items() if at in sizes}
        found = {at: True in said for at, said in each.items() if len(said) == 1}
    else:
        found = {at: level > above for at, level in asked.items()}
    doubted = {at for _, texts in series for at in unsure(texts, condition.reading, scrape_seconds)}
    return steady(found, doubted, _longest(scrape_seconds))


def capacities(series: Sequence[Named], reading: Reading, scrape_seconds: int) -> dict[int, tuple[Fraction, ...]]:
    """How much there is room for, as it may have been while what is held against it came about.

    A rate is growth since the sample before, and the capacity may have been what it was then. One of nothing says nothing: it
    is how a device tells that it does not know, or that a line is down.
    """
    sizes = added(series, Reading.VALUE, scrape_seconds)
    found: dict[int, tuple[Fraction, ...]] = {at: (size,) for at, size in sizes.items()}
    if reading is Reading.RATE:
        steps = [(low, high) for low, high in pairwise(sorted(sizes)) if high - low <= _longest(scrape_seconds)]
        found = {high: (sizes[low], sizes[high]) for low, high in steps}
    return {at: every for at, every in found.items() if all(0 < size < INFINITE for size in every)}


def added(series: Sequence[Named], reading: Reading, scrape_seconds: int) -> dict[int, Fraction]:
    """Series of one source added up, scrape by scrape: those that show themselves at an instant are those that there are.

    Nothing is known of an instant at which one of them says nothing, or at which one stands twice: a copy would be counted twice.
    """
    each = [(name, texts, levels(texts, reading, scrape_seconds)) for name, texts in series]
    found: dict[int, Fraction] = {}
    for at in {at for _, texts, _ in each for at in texts}:
        there = [(name, own) for name, texts, own in each if at in texts]
        if len({name for name, _ in there}) == len(there) and all(at in own for _, own in there):
            found[at] = sum((own[at] for _, own in there), Fraction())
    return found


def total_says(
    sources: Mapping[str, Sequence[tuple[Sequence[Named], Waiting]]],
    indicator: LevelIndicator,
    scrape_seconds: int,
) -> Says:
    """What the sources of a site say together, cell by cell, at the middle of each.

    By source, of each job that scrapes it, the series of its level and of its demand. Of several samples in a cell the worst counts. A
    cell in which a source says nothing is known where the others reach the bound without it: levels are never below 0.
    """
    width = scrape_seconds * 1000
    told: list[dict[int, Fraction]] = []
    asked: list[dict[int, bool]] = []
    doubted: set[int] = set()  # cells
    for jobs in sources.values():
        own: dict[int, list[Fraction | None]] = defaultdict(list)
        waits: dict[int, bool] = {}
        for series, waiting in jobs:
            known = added(series, indicator.reading, scrape_seconds)
            for _, texts in series:
                doubted |= {at // width for at in unsure(texts, indicator.reading, scrape_seconds)}
            for at in {at for _, texts in series for at in texts}:
                own[at // width].append(level if (level := known.get(at)) is not None and level >= 0 else None)
            for at, waited in wanted(waiting, indicator.demand, scrape_seconds).items():
                waits[at // width] = waited or waits.get(at // width, False)
        told.append({cell: _worst(every, indicator) for cell, every in _whole(own).items()})
        asked.append(waits)
    cells = sorted({*chain(*told), *chain(*asked)})
    found = {cell: ok for cell in cells if (ok := _together(cell, told, indicator)) is not None}
    sure = steady(found, doubted, HOLE_TENTHS // 10)
    if indicator.demand:
        decided = {cell: decide(ok=sure.get(cell), demanded=_any(cell, asked)) for cell in cells}
        sure = {cell: ok for cell, ok in decided.items() if ok is not None}
    return {cell * width + width // 2: ok for cell, ok in sure.items()}


def _whole(cells: Mapping[int, Sequence[Fraction | None]]) -> dict[int, list[Fraction]]:
    """The cells in which every sample says something."""
    found = {cell: [one for one in every if one is not None] for cell, every in cells.items()}
    return {cell: every for cell, every in found.items() if len(every) == len(cells[cell])}


def _worst(every: Sequence[Fraction], indicator: LevelIndicator) -> Fraction:
    return min(every) if indicator.operator in {Operator.GTE, Operator.GT} else max(every)


def _together(cell: int, told: Sequence[Mapping[int, Fraction]], indicator: LevelIndicator) -> bool | None:
    known = [one[cell] for one in told if cell in one]
    ok = held(sum(known, Fraction()), indicator)
    more_is_better = indicator.operator in {Operator.GTE, Operator.GT}
    # What is not known can only add: it never takes a bound back that was reached, nor gives one back that was passed.
    return ok if len(known) == len(told) or ok == more_is_better else None


def _any(cell: int, asked: Sequence[Mapping[int, bool]]) -> bool | None:
    """Whether there is demand at one of the sources, or at none of them."""
    waits = [one[cell] for one in asked if cell in one]
    return True if True in waits else False if waits and len(waits) == len(asked) else None
