"""Growth over a lost scrape is a mean of two: what a level and its demand say there, and in columns the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading
from sankofa_observe.slo.level import Named, says, total_says
from sankofa_observe.slo.plain import shown_levels
from sankofa_observe.slo.samples import Samples

S = 15
RATE = LevelIndicator(level="x_total", operator=Operator.GTE, bound=Decimal(1000), reading=Reading.RATE)
DISCARDS, RETRIES = (Demand(series=one, reading=Reading.RATE) for one in ("discards", "retries"))


def named(one: dict[int, str]) -> list[Named]:
    return [("series", one)]


def _shown(a_second: list[int | None]) -> dict[int, str]:
    """A counter that grew so much before each scrape; of one that was lost, the next shows as much again."""
    shown, grown = dict[int, str](), 0
    for n, (one, before) in enumerate(zip(a_second, [0, *a_second], strict=False)):
        grown += S * (one or 0) * (2 if before is None else 1)
        if one is not None:
            shown[n * S * 1000] = str(grown)
    return shown


@pytest.mark.parametrize(
    ("a_second", "said"),
    [
        ([1000, 1000, None, 1000, 1000], [None, True, None, True, True]),
        ([999, 999, None, 999, 999], [None, False, None, False, False]),
        ([1000, 1000, None, 999, 1000], [None, True, None, None, True]),  # missed in one of the two scrapes
        ([1000, 1000, None, 999, 0], [None, True, None, None, False]),  # an outage began in one of them
        ([0, 0, None, 1000, 1000], [None, False, None, None, True]),  # or ended
        ([1000, None, 1000, None, 1000], [None, None, None, None, None]),
        ([1000, 1000, None, 1000, None, None, 1000], [None, True, None, None, None, None, None]),
    ],
)
def test_growth_over_a_lost_scrape_says_what_is_said_before_and_after(
    a_second: list[int | None], said: list[bool | None]
) -> None:
    """A mean of two is neither of them: an outage that began in a lost scrape has no slot too many, and none too few."""
    found = says(_shown(a_second), {}, RATE, S)

    assert [found.get(n * S * 1000) for n in range(len(a_second))] == said


SLOW, FAST = [1, 1, None, 1, 1], [1, 1, None, 1000, 1000]


@pytest.mark.parametrize(
    ("octets", "discards", "retries", "said"),
    [
        (SLOW, [0, 0, None, 0, 0], [0, 0, None, 0, 0], True),
        (SLOW, [1, 1, None, 1, 1], [0, 0, None, 0, 0], False),
        (SLOW, [0, 0, None, 0, 0], [1, 1, None, 1, 1], False),
        (SLOW, [1, 1, None, 1, 1], [0, 0, None, 1, 1], False),  # one that holds all the time is enough
        (SLOW, [0, 0, None, 1, 1], [0, 0, None, 0, 0], None),  # began in one of the two
        (SLOW, [0, 0, None, 0, 0], [1, 1, None, 1, 0], None),  # ended in one of them: any condition's doubt counts
        (FAST, [0, 0, None, 0, 0], [0, 0, None, 0, 0], True),  # whichever it was, nobody wanted more
        (FAST, [0, 0, None, 1, 1], [0, 0, None, 0, 0], None),  # well on both sides, maybe slow and wanted between
    ],
)
def test_a_level_and_each_condition_are_doubted_apart(
    *, octets: list[int | None], discards: list[int | None], retries: list[int | None], said: bool | None
) -> None:
    """What is said at the sample after a lost one."""
    series = {"x_total": _shown(octets), "discards": _shown(discards), "retries": _shown(retries)}
    waiting = {name: named(one) for name, one in series.items()}
    both = replace(RATE, demand=(DISCARDS, RETRIES))
    columns = shown_levels(
        "a",
        Samples.of(series["x_total"].items()),
        {name: [Samples.of(one.items())] for name, one in series.items()},
        both,
        S,
    )
    assert columns is not None
    told = dict(zip(columns.at.tolist(), columns.up.tolist(), strict=True))
    summed = total_says({"a": [(waiting["x_total"], waiting)]}, replace(both, total=True, system="s"), S)

    at = 3 * S * 1000
    assert says(series["x_total"], waiting, both, S).get(at) is said
    assert told.get(at) is said
    assert summed.get(at + S * 500) is said


def test_columns_tell_nothing_else_where_a_counter_of_demand_is_not_read() -> None:
    """What it said before and after a sample that is no number is not growth over one scrape."""
    demand = (Demand(series="level", above=Decimal("0.95"), reading=Reading.RATE, capacity="room"),)
    level = LevelIndicator(level="level", operator=Operator.GTE, bound=Decimal(5), demand=demand)
    own = {n * S * 1000: text for n, text in enumerate(["0", "NaN", "5", "1", "1"])}
    columns = shown_levels("a", Samples.of(own.items()), {"level": [Samples.of(own.items())]}, level, S)
    assert columns is not None
    assert dict(zip(columns.at.tolist(), columns.up.tolist(), strict=True)) == says(
        own, {"level": named(own)}, level, S
    )
