"""Levels: what a sample says of a bound, with rates, ages, demand and sums; and in columns the same."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.gauge import Gauge, count_states, source_name
from sankofa_observe.slo.indicator import Demand, LevelIndicator, Operator, Reading
from sankofa_observe.slo.level import Named, says, total_says
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.slo.plain import shown_levels
from sankofa_observe.slo.samples import Samples
from sankofa_observe.slo.slot import SlotKey, SlotState
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import slo

RULE = SlotRule(seconds=60, scrape_seconds=15)
S = RULE.scrape_seconds
DRAWN = int(os.environ.get("DRAWN_LEVELS", "120"))  # make test-all sets 480


def named(*series: dict[int, str]) -> list[Named]:
    return [(f"series-{number}", one) for number, one in enumerate(series)]


def queue(*series: dict[int, str]) -> dict[str, list[Named]]:
    return {"queue": named(*series)}


RATE = LevelIndicator(level="x_total", operator=Operator.GTE, bound=Decimal(1000), reading=Reading.RATE)
BUSY = replace(RATE, demand=(Demand(series="queue"),))


def _every(texts: list[str | None], at: int = 0) -> dict[int, str]:
    return {at + n * S * 1000: text for n, text in enumerate(texts) if text is not None}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["0", str(1000 * S)], [None, True]),
        (["0", str(1000 * S - 1)], [None, False]),
        (["5", "4", str(4 + 1000 * S)], [None, None, None]),  # started anew: nobody knows how far it had come
        (["0", str(1000 * S), "4", str(4 + 1000 * S), str(4 + 2000 * S)], [None, True, None, True, True]),
        (["0", str(1000 * S), "4", "5", str(5 + 1000 * S)], [None, True, None, None, True]),  # or anew once more
        (["0", None, str(2000 * S)], [None, None, None]),  # one scrape lost: a mean of two
        (["0", None, None, str(9000 * S)], [None, None, None, None]),  # more lost: no rate of now
        (["0", "NaN", str(2000 * S)], [None, None, None]),
        (["0", "+Inf"], [None, None]),
    ],
)
def test_rate_is_growth_since_the_sample_before(texts: list[str | None], said: list[bool | None]) -> None:
    found = says(_every(texts), {}, RATE, S)
    assert [found.get(n * S * 1000) for n in range(len(texts))] == said


@pytest.mark.parametrize(
    ("waits", "said"),
    [("0", True), ("1", False), (None, None), ("NaN", None)],
)
def test_throughput_that_nobody_wants_more_of_is_not_too_low(*, waits: str | None, said: bool | None) -> None:
    """Below the bound it is bad where demand waits, good where none does, and not known where nobody says."""
    found = says(_every(["0", "1"]), queue(_every([waits, waits])), BUSY, S)
    assert found.get(S * 1000) is said


def test_throughput_that_is_reached_is_good_whatever_waits() -> None:
    assert says(_every(["0", str(1000 * S)]), {}, BUSY, S) == {S * 1000: True}


def test_demand_of_several_series_is_added_up_and_each_must_say_something() -> None:
    half = replace(BUSY, demand=(Demand(series="queue", above=Decimal("1.5")),))
    both = queue(_every(["1", "1"]), _every(["1", "1"]))
    assert says(_every(["0", "1"]), both, half, S) == {S * 1000: False}
    assert says(_every(["0", "1"]), {"queue": both["queue"][:1]}, half, S) == {S * 1000: True}
    # One that shows itself and says nothing, and a copy of one, leave the instant unknown; one that is not there is none.
    assert says(_every(["0", "1"]), queue(_every(["1", "1"]), _every(["1", "NaN"])), half, S) == {}
    assert says(_every(["0", "1"]), {"queue": both["queue"][:1] * 2}, half, S) == {}
    assert says(_every(["0", "1"]), queue(_every(["1", "1"]), _every(["1"])), half, S) == {S * 1000: True}


FULL = Demand(series="x_total", above=Decimal("0.95"), reading=Reading.RATE, capacity="room")
LINK = replace(RATE, demand=(Demand(series="queue"), FULL))


@pytest.mark.parametrize(
    ("grown", "waits", "room", "said"),
    [
        (951, "0", ("1000", "1000"), False),  # more than 95 % busy: more is asked for than it gives
        (950, "0", ("1000", "1000"), True),
        (100, "0", ("100", "100"), False),  # a line that runs at a tenth, and is full
        (100, "1", ("1000", "1000"), False),
        (1, "0", ("1000", "1000"), True),
        (999, None, ("1000", "1000"), False),  # one condition that holds is enough
        (100, None, ("1000", "1000"), None),  # that none holds takes all of them
        (100, "0", (None, None), None),
        (100, "1", (None, None), False),
        (100, "0", ("0", "0"), None),  # room for nothing is no answer
        (100, "0", ("NaN", "1000"), None),
        (100, "0", ("1000", "100"), None),  # it fell since the sample before: full for part of the time, or not at all
        (10, "0", ("1000", "100"), True),
        (99, "0", ("100", "10"), False),
        (1000, None, (None, None), True),
    ],
)
def test_any_condition_is_demand_and_none_takes_all(
    *, grown: int, waits: str | None, room: tuple[str | None, str | None], said: bool | None
) -> None:
    octets = _every(["0", str(grown * S)])
    waiting = queue(_every([waits, waits])) | {"x_total": named(octets), "room": named(_every(list(room)))}
    assert says(octets, waiting, LINK, S).get(S * 1000) is said


def test_a_capacity_is_not_remembered_over_a_lost_stretch() -> None:
    octets = _every(["0", None, None, None, str(4000 * S), str(4100 * S)])
    room = _every(["1000", None, None, None, "1000", None])
    waiting = queue(_every(["0"] * 6)) | {"x_total": named(octets), "room": named(room)}
    assert says(octets, waiting, LINK, S) == {}


@pytest.mark.parametrize("seed", range(60))
def test_columns_of_a_full_link_say_what_the_specification_says(seed: int) -> None:
    """Rates at, just over and under 95 % of a room that changes, is 0, or is lost over a stretch."""
    dice = random.Random(seed)
    octets, discards, room = dict[int, str](), dict[int, str](), dict[int, str]()
    shown, dropped = 0, 0
    for at in (n * S * 1000 for n in range(60)):
        shown += dice.choice((95, 380, 381, 950, 951, 1000)) * S
        dropped += dice.choice((0, 0, 0, 0, 1))
        for found, text in ((octets, shown), (discards, dropped), (room, dice.choice((0, 100, 400, 1000, 1000, 1000)))):
            if dice.random() > 0.15:
                found[at] = str(text)
    queued = Demand(series="discards", reading=Reading.RATE)
    indicator = replace(RATE, level="x_total", demand=dice.choice(((FULL,), (queued, FULL))))
    series = {"x_total": octets, "discards": discards, "room": room}
    columns = shown_levels(
        "a",
        Samples.of(octets.items()),
        {text: [Samples.of(one.items())] for text, one in series.items()},
        indicator,
        S,
    )
    assert columns is not None
    wanted = says(octets, {text: named(one) for text, one in series.items()}, indicator, S)
    assert dict(zip(columns.at.tolist(), columns.up.tolist(), strict=True)) == wanted


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
    assert says({at: text}, {}, AGE, S).get(at) is said


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
    waiting = {name: _every([waits, waits], 2000) for name, waits in zip("ab", queues, strict=True)}
    found = total_says({name: [(named(growth[name]), queue(waiting[name]))] for name in "ab"}, TOTAL, S)
    assert found.get(S * 1000 + S * 500) is said


PERIOD = Period(starts_at=7200, ends_at=9000)


def _drawn(dice: random.Random, reading: Reading) -> dict[int, str]:
    points, value, unread = {}, 0, dice.choice((0, 0, 0.02))
    for at in range(PERIOD.starts_at - 600, PERIOD.ends_at + 600, S):
        exact = at * 1000 + dice.choice((0, 0, 0, dice.randrange(S * 1000)))
        step = dice.choice((380, 999, 1000, 1000, 1001, 1500)) * S
        value = 0 if dice.random() < 0.03 else value + step
        text = {
            Reading.RATE: str(value),
            Reading.AGE: str(at - dice.choice((3, 899, 900, 901))),
            Reading.VALUE: str(step),
        }
        if dice.random() > 0.05:
            points[exact] = "NaN" if dice.random() < unread else text[reading]
    return points


def _drawn_demand(dice: random.Random) -> tuple[Demand, ...]:
    """None, one or several: of a queue, of discards, of the level against room, of a queue against room."""
    every = (
        Demand(series="queue", above=Decimal(dice.choice(("0", "0.5")))),
        Demand(series="discards", reading=Reading.RATE, above=Decimal(dice.choice(("0", "0.1")))),
        Demand(series="level", reading=Reading.RATE, above=Decimal("0.95"), capacity="room"),
        Demand(series="queue", above=Decimal("0.0005"), capacity="room"),
    )
    return tuple(dice.sample(every, dice.choice((0, 1, 1, 2, 3))))


def _drawn_waiting(dice: random.Random, own: Iterable[int], text: str) -> dict[int, str]:
    dealt, shown = {"queue": ("0", "0", "0", "1"), "room": ("1050", "1050", "1050", "1053", "0", "400", "400")}, 0
    unread = dice.choice((0, 0, 0, 0.02))
    found = {}
    for at in own:
        shown = max(0, shown + dice.choice((0, 0, 0, 1, 5, -1)))
        if dice.random() > 0.03:
            found[at] = "NaN" if dice.random() < unread else dice.choice(dealt[text]) if text in dealt else str(shown)
    return found


@pytest.mark.parametrize("seed", range(DRAWN))
def test_columns_of_levels_count_what_the_specification_counts(seed: int) -> None:
    dice = random.Random(seed)
    reading = dice.choice(list(Reading))
    demand = _drawn_demand(dice)
    bound = {Reading.RATE: 1000, Reading.AGE: 900, Reading.VALUE: 1000 * S}[reading]
    operator = Operator.LTE if reading is Reading.AGE else dice.choice(list(Operator))
    indicator = LevelIndicator(level="level", operator=operator, bound=Decimal(bound), reading=reading, demand=demand)
    source, gauges, demanded = ScriptedSamples(), [], list[int]()
    for name in ("a", "b")[: dice.choice((1, 2))]:
        own = _drawn(dice, reading)
        waiting = {
            text: [_drawn_waiting(dice, own, text) for _ in range(dice.choice((0, 1, 1, 1, 1, 2)))]
            for text in indicator.selectors()[1:]
        }
        source.add("level", sorted(own.items()), job="app", instance=name, site="edge-1")
        for text, every in waiting.items():
            for number, one in enumerate(every):
                source.add(text, sorted(one.items()), job="app", instance=name, site="edge-1", backend=str(number))
        samples = tuple(sorted(own))
        demanded += [at for every in waiting.values() for one in every for at in one]
        waiting["level"] = [own]
        gauges.append(
            Gauge(
                source=source_name("app", name),
                seen=says(own, {text: named(*every) for text, every in waiting.items()}, indicator, S),
                listed=False,
                samples=samples,
            )
        )
    made = slo(slot=replace(RULE, target_ppm=1_000_000), indicator=indicator)
    wanted = count_states(SlotKey(slo=made.name, site="edge-1", rule=made.slot), PERIOD, gauges, indicator.combine)
    beside = Counter(at // 60_000 * 60 for at in demanded)
    wanted = [replace(one, samples=one.samples + beside[one.starts_at]) for one in wanted]
    assert read_slots(made, ["edge-1"], PERIOD, source) == wanted
    minutes = [Period(starts_at=at, ends_at=at + 60) for at in range(PERIOD.starts_at, PERIOD.ends_at, 60)]
    assert [slot for one in minutes for slot in read_slots(made, ["edge-1"], one, source)] == wanted
    assert {one.state for one in wanted} <= set(SlotState)


def _pools(source: ScriptedSamples, name: str, since: int, until: int, a_second: int, **labels: str) -> None:
    points = [(at * 1000, (at - PERIOD.starts_at + 900) * a_second) for at in range(since, until, S)]
    source.add(name, points, job="app", site="edge-1", **labels)


def _states(made: Slo, source: ScriptedSamples, period: Period) -> list[tuple[int, SlotState]]:
    return [(slot.starts_at, slot.state) for slot in read_slots(made, ["edge-1"], period, source)]


MIDDLE = (PERIOD.starts_at + PERIOD.ends_at) // 2
MINUTES = [Period(starts_at=at, ends_at=at + 60) for at in range(PERIOD.starts_at, PERIOD.ends_at, 60)]


@pytest.mark.parametrize("a_second", [600, 400])
def test_a_series_that_comes_costs_the_slots_around_it_however_time_is_cut(a_second: int) -> None:
    """A pool that is made in the middle of a period: before and after, what there is is added up."""
    source = ScriptedSamples()
    _pools(source, "x_total", PERIOD.starts_at - 600, PERIOD.ends_at + 600, a_second, instance="a", pool="1")
    _pools(source, "x_total", MIDDLE, PERIOD.ends_at + 600, a_second, instance="a", pool="2")
    made = slo(slot=RULE, indicator=replace(RATE, total=True, system="s"), sources={"edge-1": ("a",)})
    whole = _states(made, source, PERIOD)

    assert [one for minute in MINUTES for one in _states(made, source, minute)] == whole
    wanted = {SlotState.BAD if at < MIDDLE or a_second == 400 else SlotState.GOOD for at, _ in whole}
    around = [state for at, state in whole if abs(at - MIDDLE) > 120]
    assert set(around) == wanted
    assert (SlotState.UNKNOWN in dict(whole).values()) == (a_second == 600)  # one bad cell is enough for a bad slot


@pytest.mark.parametrize("labels", [{"prometheus_replica": "2"}, {"job": "again"}])
def test_copies_are_never_added_up(labels: dict[str, str]) -> None:
    """60 % of the bound, seen twice: not reached, by two replicas at one instant or by two jobs."""
    source = ScriptedSamples()
    for more in ({"prometheus_replica": "1"}, labels):
        every = {"job": "app", "site": "edge-1", "instance": "a", "pool": "1"} | more
        points = [(at * 1000, at * 600) for at in range(PERIOD.starts_at - 600, PERIOD.ends_at + 600, S)]
        source.add("x_total", points, **every)
    made = slo(slot=RULE, indicator=replace(RATE, total=True, system="s"), sources={"edge-1": ("a",)})
    assert SlotState.GOOD not in {state for _, state in _states(made, source, PERIOD)}


def test_what_is_below_nothing_is_not_added_up() -> None:
    """A level under 0 would take away what the others reach: nothing is known there."""
    value = replace(RATE, reading=Reading.VALUE, total=True, system="s", bound=Decimal(8))
    found = total_says({"a": [(named(_every(["10"])), {})], "b": [(named(_every(["-5"])), {})]}, value, S)
    assert found == {S * 500: True}
    assert total_says({"a": [(named(_every(["7"])), {})], "b": [(named(_every(["-5"])), {})]}, value, S) == {}


def test_demand_of_another_job_is_nobodys() -> None:
    source = ScriptedSamples()
    _pools(source, "x_total", PERIOD.starts_at - 600, PERIOD.ends_at + 600, 400, instance="a")
    points = [(at * 1000, 0) for at in range(PERIOD.starts_at - 600, PERIOD.ends_at + 600, S)]
    source.add("queue", points, job="other", site="edge-1", instance="a")
    for total in (False, True):
        made = slo(slot=RULE, indicator=replace(BUSY, total=total, system="s"), sources={"edge-1": ("a",)})
        assert {state for _, state in _states(made, source, PERIOD)} == {SlotState.UNKNOWN}
