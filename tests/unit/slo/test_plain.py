"""Plain slots in columns are what the specification counts one by one: figures, states and proof."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from sankofa_observe.pipeline.reading import read_counted, read_slots
from sankofa_observe.ports import SampleSource
from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.gauge import Gauge, count_states, up_at
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.level import says
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.slo.samples import Samples
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.source import selected_of
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import START, slo

DRAWN = int(os.environ.get("DRAWN_SITES", "30"))  # make test-all sets 60
RULE = SlotRule(seconds=60, scrape_seconds=15, target_ppm=990_000, longest_gap_seconds=300, history_seconds=600)
PERIOD = Period(starts_at=START, ends_at=START + 7200)
SAMPLED = Period(starts_at=START - 1500, ends_at=START + 7800)
CODES = RatioIndicator(good='hits{code="200"}', valid="hits", started="began")
PAIR = RatioIndicator(good="good", valid="valid", started="began")

Points = dict[int, float]


@dataclass
class Drawn:
    """The series of one source by name and code, before anything happens to them."""

    instance: str
    series: dict[tuple[str, str], Points] = field(default_factory=dict)

    def counters(self) -> list[Points]:
        return [points for (name, _), points in self.series.items() if name not in {"up", "began"}]


def drawn(dice: random.Random, instance: str, *, codes: bool) -> Drawn:
    """Counters that grow at each scrape, some of them not at all for a while."""
    phase, idle = dice.randrange(15_000), dice.random() < 0.2
    times = [at + dice.randrange(300) for at in range(SAMPLED.starts_at * 1000 + phase, SAMPLED.ends_at * 1000, 15_000)]
    names = [("hits", "200"), ("hits", "500")] if codes else [("good", ""), ("valid", "")]
    made = Drawn(instance, {("up", ""): dict.fromkeys(times, 1.0), **{name: {} for name in names}})
    good, bad = dice.randrange(10**6), dice.randrange(100)
    failing = range(1) if dice.random() < 0.5 else range(dice.randrange(600), 620)
    for n, at in enumerate(times):
        if not (idle and 100 < n < 300):
            good += dice.randrange(30)
            bad += dice.random() < 0.01 or n in failing
        first, second = made.series[names[0]], made.series[names[1]]
        first[at], second[at] = float(good), float(bad if codes else good + bad)
    if dice.random() < 0.5:
        made.series["began", ""] = dict.fromkeys(times, 1.7e9)
    return made


def _restart(dice: random.Random, one: Drawn) -> None:
    at = dice.choice(list(one.series["up", ""]))
    for points in one.counters():
        low = points.get(at, 0.0)
        points.update({when: value - low for when, value in points.items() if when >= at})
    for when in one.series.get(("began", ""), {}):
        if when >= at:
            one.series["began", ""][when] = 1.8e9


def _lost(dice: random.Random, one: Drawn) -> None:
    at = dice.choice(list(one.series["up", ""]))
    for points in one.series.values():
        points.pop(at, None)


def _failed(dice: random.Random, one: Drawn) -> None:
    at = dice.choice(list(one.series["up", ""]))
    one.series["up", ""][at] = 0.0
    for points in one.counters():
        points.pop(at, None)


def _away(dice: random.Random, one: Drawn) -> None:
    since = dice.choice(list(one.series["up", ""]))
    length = dice.choice((100_000, 400_000, 2_000_000, 10**9))
    for points in one.series.values():
        for at in [at for at in points if since <= at < since + length]:
            del points[at]


def _late_series(dice: random.Random, one: Drawn) -> None:
    points = dice.choice(one.counters())
    if points:
        since = dice.choice(list(points))
        for at in [at for at in points if at < since]:
            del points[at]


def _ended_series(dice: random.Random, one: Drawn) -> None:
    points = dice.choice(one.counters())
    if points:
        since = dice.choice(list(points))
        for at in [at for at in points if at >= since]:
            del points[at]


def _garbage(dice: random.Random, one: Drawn) -> None:
    points = dice.choice(one.counters())
    if points:
        points[dice.choice(list(points))] = dice.choice((float("nan"), 0.5, -1.0, 2.0**60, float("inf")))


def _late_good(dice: random.Random, one: Drawn) -> None:
    points = one.counters()[0]
    if points:
        points[dice.choice(list(points))] += 40


def _nothing(dice: random.Random, one: Drawn) -> None:
    """Nothing happens."""


HAPPENINGS: tuple[Callable[[random.Random, Drawn], None], ...] = (
    _restart, _lost, _failed, _away, _late_series, _ended_series, _garbage, _late_good, _nothing, _nothing,
)  # fmt: skip


@dataclass
class Site:
    source: ScriptedSamples
    slo: Slo


def site(seed: int) -> Site:
    """One to three sources, each with none, one or two things that happen to it."""
    dice = random.Random(seed)
    codes = dice.random() < 0.5
    source, names = ScriptedSamples(), ["a", "b", "c"][: dice.choice((1, 1, 2, 3))]
    for name in names:
        one = drawn(dice, name, codes=codes)
        for _ in range(dice.choice((0, 1, 1, 2))):
            dice.choice(HAPPENINGS)(dice, one)
        for (metric, code), points in one.series.items():
            labels = {"job": "app", "instance": name, "site": "edge-1", **({"code": code} if code else {})}
            if points:
                source.add(metric, sorted((at, f"{value:.17g}") for at, value in points.items()), **labels)
    indicator = replace(
        CODES if codes else PAIR, changing=dice.random() < 0.3, counts_bad=codes and dice.random() < 0.2
    )
    listed = dice.choice(((), tuple(names), (*names, "never-seen")[: 1 + dice.randrange(4)]))
    made = slo(slot=RULE, indicator=indicator)
    return Site(source, replace(made, sources={"edge-1": listed} if listed else {}))


def specified(of: Site, period: Period = PERIOD) -> list[Slot]:
    """What the specification counts, from everything there is."""
    indicator = of.slo.indicator
    assert isinstance(indicator, RatioIndicator)
    good, valid, up, began = (
        [(one.labels, one.samples) for one in of.source.read(selector, SAMPLED).series]
        for selector in (indicator.good, indicator.valid, "up", "began")
    )
    sources = [
        one.source(RULE.scrape_seconds)
        for one in selected_of(
            good,
            valid,
            up,
            started=began,
            listed=of.slo.sources.get("edge-1", ()),
            changing=indicator.changing,
            one_metric=indicator.one_metric,
        )
    ]
    key = SlotKey(slo=of.slo.name, site="edge-1", rule=RULE)
    counted = count_events(key, period, sources, counts_bad=indicator.counts_bad)
    beside = [at // 60_000 * 60 for every in (up, began) for _, samples in every for at, _ in samples]
    return [replace(one, samples=one.samples + beside.count(one.starts_at)) for one in counted]


@pytest.mark.parametrize("seed", range(DRAWN))
def test_columns_count_what_the_specification_counts(seed: int) -> None:
    """Slot by slot, whatever happened to a source, in a read of everything and in reads of a few slots."""
    of = site(seed)
    wanted = specified(of)
    assert read_slots(of.slo, ["edge-1"], PERIOD, of.source) == wanted
    for start in range(PERIOD.starts_at, PERIOD.ends_at, 1440):
        part = Period(starts_at=start, ends_at=start + 1440)
        assert read_slots(of.slo, ["edge-1"], part, of.source) == [one for one in wanted if one.starts_at in part]


def test_most_slots_are_plain() -> None:
    """The columns are not idle: of sites to which at most a little happens, they count the better part, of every state."""
    states, plain, every = set(), 0, 0
    for seed in range(DRAWN):
        of = site(seed)
        counted = read_counted(of.slo, ["edge-1"], PERIOD, of.source)
        plain += sum(len(one) for one in counted.plain)
        every += len(list(counted))
        states |= {slot.state for one in counted.plain for slot in one.slots()}
    assert 2 * plain > every
    assert {str(one) for one in states} == {"GOOD", "BAD", "NO_TRAFFIC"}


def _columned(of: Site) -> SampleSource:
    """The same samples as a Prometheus answers them: in columns."""
    return ScriptedSamples(series=[replace(one, samples=Samples.of(one.samples)) for one in of.source.series])


@pytest.mark.parametrize("seed", range(20))
def test_samples_in_columns_are_read_as_pairs_are(seed: int) -> None:
    """The specification counts the same from both."""
    of = site(seed)
    assert read_slots(of.slo, ["edge-1"], PERIOD, _columned(of)) == specified(of)


# ----------------------------------------------------------------------------------------------------------------------- gauges


def gauge_points(dice: random.Random, *, level: bool) -> tuple[dict[int, str], dict[int, str]]:
    """A level, or up, and beside it known: with lost samples, and some that say nothing."""
    phase = dice.randrange(15_000)
    times = [at + dice.randrange(300) for at in range(SAMPLED.starts_at * 1000 + phase, SAMPLED.ends_at * 1000, 15_000)]
    first, second = dict.fromkeys(times, "0.1" if level else "1"), dict.fromkeys(times, "1")
    for _ in range(dice.choice((0, 1, 2, 3))):
        at, kind = dice.randrange(len(times)), dice.choice(("down", "lost", "away", "odd", "unknown"))
        for when in times[at : at + dice.choice((1, 2, 3, 40))]:
            if kind == "down":
                first[when] = "7" if level else "0"
            elif kind == "odd":
                first[when] = dice.choice(("NaN", "0.5", "+Inf"))
            elif kind == "unknown":
                second[when] = "0"
            else:
                first.pop(when, None)
                second.pop(when, None)
    return first, second


def gauges(seed: int) -> tuple[Site, list[Gauge]]:
    """One to three gauges that are up but for a while; some go on under other labels."""
    dice = random.Random(f"gauges {seed}")
    level = dice.random() < 0.4
    source, found, names = ScriptedSamples(), [], ["a", "b", "c"][: dice.choice((1, 1, 2, 3))]
    bound = Decimal(dice.choice(("0.1", "2", "0.30000000000000004", "0.1000000000000000000001")))
    indicator: StateIndicator | LevelIndicator = (
        LevelIndicator(level="level", operator=dice.choice(list(Operator)), bound=bound)
        if level
        else StateIndicator(up="up", known="known")
    )
    combine = dice.choice((Combine(), Combine(rule=Rule.ANY), Combine(rule=Rule.AT_LEAST, at_least=2)))
    indicator = replace(indicator, combine=combine)
    shared = dice.random() < 0.3  # several gauges of one instance
    listed = dice.choice(((), ("a",) if shared else tuple(names), (*(("a",) if shared else names), "never-seen")))
    for name in names:
        first, second = gauge_points(dice, level=level)
        times = list(second)
        since = dice.choice((0, dice.choice(times)))  # from then on its labels are others
        for version, kept in (("1", [at for at in times if at < since]), ("2", [at for at in times if at >= since])):
            shown = [{at: points[at] for at in kept if at in points} for points in (first, second)]
            instance = "a" if shared else name
            labels = {"job": "app", "instance": instance, "site": "edge-1", "pool": name, "version": version}
            for metric, points in (("level", shown[0]),) if level else (("up", shown[0]), ("known", shown[1])):
                if points:
                    source.add(metric, sorted(points.items()), **labels)
            seen = says(shown[0], {}, indicator, 15) if isinstance(indicator, LevelIndicator) else up_at(*shown)
            samples = tuple(sorted([*shown[0], *([] if level else shown[1])]))
            source_name = f"app/{instance}{{pool={name},version={version}}}"
            found.append(Gauge(source=source_name, seen=seen, listed=instance in listed, samples=samples))
    if "never-seen" in listed:
        found.append(Gauge(source="/never-seen", seen={}, listed=True))
    made = slo(slot=replace(RULE, target_ppm=1_000_000), indicator=indicator)
    return Site(source, replace(made, sources={"edge-1": listed} if listed else {})), found


@pytest.mark.parametrize("seed", range(DRAWN))
def test_columns_of_gauges_count_what_the_specification_counts(seed: int) -> None:
    """States and levels, of one source and of several."""
    of, found = gauges(seed)
    assert isinstance(of.slo.indicator, StateIndicator | LevelIndicator)
    key = SlotKey(slo=of.slo.name, site="edge-1", rule=of.slo.slot)
    wanted = count_states(key, PERIOD, found, of.slo.indicator.combine)
    assert read_slots(of.slo, ["edge-1"], PERIOD, of.source) == wanted
    for start in range(PERIOD.starts_at, PERIOD.ends_at, 300):
        part = Period(starts_at=start, ends_at=start + 300)
        assert read_slots(of.slo, ["edge-1"], part, of.source) == [one for one in wanted if one.starts_at in part]


def test_most_slots_of_gauges_are_plain() -> None:
    """The columns are not idle here either."""
    counted = [read_counted(of.slo, ["edge-1"], PERIOD, of.source) for of, _ in map(gauges, range(DRAWN))]
    assert 4 * sum(len(plain) for one in counted for plain in one.plain) > sum(len(list(one)) for one in counted)


# ------------------------------------------------------------------------------------------------------------------- composites


def test_columns_of_a_composite_are_put_together_as_the_specification_does() -> None:
    """One part of events, one of gauges; and a good share of them is in columns."""
    plain = sum(_composite(seed) for seed in range(30))
    assert plain > 200


def _composite(seed: int) -> int:
    """Hold one composite to the specification; answers how many of its slots were plain."""
    events, (levels, found) = site(seed), gauges(seed)
    for one in levels.source.series:  # both parts read one source, and `up` is of both
        if one.labels["__name__"] != "up":
            events.source.series.append(one)
    other = replace(levels.slo.indicator, up="state") if isinstance(levels.slo.indicator, StateIndicator) else None
    events.source.series += [
        replace(one, labels={**one.labels, "__name__": "state"})
        for one in levels.source.series
        if one.labels["__name__"] == "up"
    ]
    parts = {
        "events": replace(events.slo, name="events", slot=levels.slo.slot),
        "levels": replace(levels.slo, name="levels", indicator=other or levels.slo.indicator),
    }
    indicator = CompositeIndicator(
        together=random.Random(seed).choice(list(Together)), weights={"events": 1, "levels": 2}, share_ppm=500_000
    )
    whole = replace(levels.slo, indicator=indicator, parts=parts)
    combine = levels.slo.indicator.combine  # type: ignore[union-attr]  # a gauge's
    wanted = compose(
        SlotKey(slo=whole.name, site="edge-1", rule=whole.slot),
        PERIOD,
        {
            "events": read_slots(parts["events"], ["edge-1"], PERIOD, events.source),
            "levels": count_states(SlotKey(slo="levels", site="edge-1", rule=whole.slot), PERIOD, found, combine),
        },
        indicator,
    )
    assert read_slots(whole, ["edge-1"], PERIOD, events.source) == wanted
    return sum(len(one) for one in read_counted(whole, ["edge-1"], PERIOD, events.source).plain)
