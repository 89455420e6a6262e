"""Levels: what a sample says of a bound, with rates, ages, demand and sums; and in columns the same."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.gauge import Gauge, count_states, source_name
from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading
from sankofa_observe.slo.level import says, total_says
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import SlotKey, SlotState
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import slo

RULE = SlotRule(seconds=60, scrape_seconds=15)
S = RULE.scrape_seconds
RATE = LevelIndicator(level="x_total", operator=Operator.GTE, bound=Decimal(1000), reading=Reading.RATE)
BUSY = replace(RATE, demand=Demand(waiting="queue"))


def _every(texts: list[str | None], at: int = 0) -> dict[int, str]:
    return {at + n * S * 1000: text for n, text in enumerate(texts) if text is not None}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["0", str(1000 * S)], [None, True]),
        (["0", str(1000 * S - 1)], [None, False]),
        (["5", "4", str(4 + 1000 * S)], [None, None, True]),  # started anew: nobody knows how far it had come
        (["0", None, str(2000 * S)], [None, None, True]),  # one scrape lost: growth is over both
        (["0", None, None, str(9000 * S)], [None, None, None, None]),  # more lost: no rate of now
        (["0", "NaN", str(2000 * S)], [None, None, True]),
        (["0", "+Inf"], [None, None]),
    ],
)
def test_rate_is_growth_since_the_sample_before(texts: list[str | None], said: list[bool | None]) -> None:
    found = says(_every(texts), (), RATE, S)
    assert [found.get(n * S * 1000) for n in range(len(texts))] == said


@pytest.mark.parametrize(
    ("queue", "said"),
    [("0", True), ("1", False), (None, None), ("NaN", None)],
)
def test_throughput_that_nobody_wants_more_of_is_not_too_low(*, queue: str | None, said: bool | None) -> None:
    """Below the bound it is bad where demand waits, good where none does, and not known where nobody says."""
    found = says(_every(["0", "1"]), [_every([queue, queue])], BUSY, S)
    assert found.get(S * 1000) is said


def test_throughput_that_is_reached_is_good_whatever_waits() -> None:
    assert says(_every(["0", str(1000 * S)]), (), BUSY, S) == {S * 1000: True}


def test_demand_of_several_series_is_added_up_and_each_must_say_something() -> None:
    half = replace(BUSY, demand=Demand(waiting="queue", above=Decimal("1.5")))
    both = [_every(["1", "1"]), _every(["1", "1"])]
    assert says(_every(["0", "1"]), both, half, S) == {S * 1000: False}
    assert says(_every(["0", "1"]), both[:1], half, S) == {S * 1000: True}
    assert says(_every(["0", "1"]), [both[0], _every(["1"])], half, S) == {}


AGE = LevelIndicator(level="last_sync", operator=Operator.LTE, bound=Decimal(900), reading=Reading.AGE)


@pytest.mark.parametrize(
    ("at", "text", "said"),
    [
        (900_000, "0", True),
        (900_001, "0", False),
        (1_000_000, "100.001", True),
        (1_000_000, "1059.9", True),  # a little ahead: clocks differ
        (1_000_000, "1060", None),  # a time that has not come yet was written by a clock that is wrong
        (1_000_000, "+Inf", None),
        (1_000_000, "NaN", None),
    ],
)
def test_age_is_from_the_time_that_a_sample_holds_to_the_sample(*, at: int, text: str, said: bool | None) -> None:
    assert says({at: text}, (), AGE, S).get(at) is said


TOTAL = replace(BUSY, total=True, system="gateway")


@pytest.mark.parametrize(
    ("first", "second", "queues", "said"),
    [
        (600, 400, ("0", "0"), True),
        (600, 399, ("0", "1"), False),
        (600, 399, ("0", "0"), True),
        (600, 399, ("0", None), None),  # demand of one is not known
        (1000, None, ("0", "0"), True),  # what is not known can only add
        (999, None, ("1", "0"), None),
        (999, None, ("0", "0"), True),
    ],
)
def test_sources_are_added_up_cell_by_cell(
    *, first: int, second: int | None, queues: tuple[str | None, str | None], said: bool | None
) -> None:
    growth = {
        "a": _every(["0", str(first * S)], 1000),
        "b": _every(["7", str(7 + second * S)], 9000) if second is not None else {},
    }
    waiting = {name: _every([queue, queue], 2000) for name, queue in zip("ab", queues, strict=True)}
    found = total_says({name: ([growth[name]], [waiting[name]]) for name in "ab"}, TOTAL, S)
    assert found.get(S * 1000 + S * 500) is said


PERIOD = Period(starts_at=7200, ends_at=9000)


def _drawn(dice: random.Random, reading: Reading) -> dict[int, str]:
    points, value = {}, 0
    for at in range(PERIOD.starts_at - 600, PERIOD.ends_at + 600, S):
        exact = at * 1000 + dice.choice((0, 0, 0, dice.randrange(S * 1000)))
        step = dice.choice((999, 1000, 1000, 1001, 1500)) * S
        value = 0 if dice.random() < 0.03 else value + step
        text = {
            Reading.RATE: str(value),
            Reading.AGE: str(at - dice.choice((3, 899, 900, 901))),
            Reading.VALUE: str(step),
        }
        if dice.random() > 0.05:
            points[exact] = "NaN" if dice.random() < 0.02 else text[reading]
    return points


@pytest.mark.parametrize("seed", range(120))
def test_columns_of_levels_count_what_the_specification_counts(seed: int) -> None:
    dice = random.Random(seed)
    reading = dice.choice(list(Reading))
    demand = Demand(waiting="queue", above=Decimal(dice.choice(("0", "0.5")))) if dice.random() < 0.5 else None
    bound = {Reading.RATE: 1000, Reading.AGE: 900, Reading.VALUE: 1000 * S}[reading]
    operator = Operator.LTE if reading is Reading.AGE else dice.choice(list(Operator))
    indicator = LevelIndicator(level="level", operator=operator, bound=Decimal(bound), reading=reading, demand=demand)
    source, gauges = ScriptedSamples(), []
    for name in ("a", "b")[: dice.choice((1, 2))]:
        own = _drawn(dice, reading)
        waiting = [
            {at: dice.choice(("0", "0", "0", "1")) for at in own if dice.random() > 0.03}
            for _ in range(dice.choice((0, 1, 1, 1, 2)) if demand else 0)
        ]
        source.add("level", sorted(own.items()), job="app", instance=name, site="edge-1")
        for number, one in enumerate(waiting):
            source.add("queue", sorted(one.items()), job="app", instance=name, site="edge-1", backend=str(number))
        samples = tuple(sorted(at for one in (own, *waiting) for at in one))
        gauges.append(
            Gauge(source=source_name("app", name), seen=says(own, waiting, indicator, S), listed=False, samples=samples)
        )
    made = slo(slot=replace(RULE, target_ppm=1_000_000), indicator=indicator)
    wanted = count_states(SlotKey(slo=made.name, site="edge-1", rule=made.slot), PERIOD, gauges, indicator.combine)
    assert read_slots(made, ["edge-1"], PERIOD, source) == wanted
    assert {one.state for one in wanted} <= set(SlotState)
