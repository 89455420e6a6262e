"""Worlds of counted events: the truth first, then what a scrape sees of it. Shares no code with the engine.

A world has processes that live and die, events that happen in them, and an observer who scrapes at instants. Faults come by class.
The truth of a period is counted from the events alone, in whole numbers: an event belongs to the slot of the first scheduled scrape
of its source at or after it. What the observer saw is handed over as raw series, as Prometheus answers them.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

SCRAPE_MS, SLOT_MS = 15_000, 60_000
LONGEST_GAP_MS, HISTORY_MS = 300_000, 600_000
BEFORE_MS, PERIOD_MS, AFTER_MS = 1_500_000, 1_200_000, 480_000
START_MS = 1_767_225_600_000  # of the period
ERRORS = (Fraction(0), Fraction(1, 500), Fraction(1, 100), Fraction(1, 50), Fraction(1, 4))
TARGET_PPM = 990_000

Point = tuple[int, str]
RawSeries = tuple[dict[str, str], list[Point]]


@dataclass(kw_only=True)
class Event:
    at: int
    good: bool
    done: int  # when a good one is counted as good


@dataclass(kw_only=True)
class Process:
    """One life of a source: its counters begin at 0."""

    born: int
    dies: int
    events: list[Event] = field(default_factory=list)

    @cached_property
    def valid_at(self) -> list[int]:
        return sorted(one.at for one in self.events)

    @cached_property
    def good_at(self) -> list[int]:
        return sorted(one.done for one in self.events if one.good)


@dataclass(kw_only=True)
class Emitter:
    """A scraped thing over all of its lives, and how it is scraped."""

    name: str
    phase: int
    lives: list[Process]
    listed: bool = True
    lost: set[int] = field(default_factory=set)  # numbers of scrapes that failed
    unseen: list[tuple[int, int]] = field(default_factory=list)  # stretches in which nobody scraped: no `up` either
    shift: dict[int, tuple[int, int]] = field(
        default_factory=dict
    )  # scrape -> what both counters show less, (good, valid)

    def scrapes(self) -> Iterator[tuple[int, int]]:
        """Number and instant of each scheduled scrape."""
        first = START_MS - BEFORE_MS + self.phase
        for number in range((BEFORE_MS + PERIOD_MS + AFTER_MS) // SCRAPE_MS):
            yield number, first + number * SCRAPE_MS

    def slot_of(self, at: int) -> int:
        """The slot of the first scheduled scrape at or after an instant."""
        first = START_MS - BEFORE_MS + self.phase
        return (first + -(-(at - first) // SCRAPE_MS) * SCRAPE_MS) // SLOT_MS


@dataclass(kw_only=True)
class World:
    """One seed of one class."""

    kind: str
    emitters: list[Emitter]
    layout: str = "pair"  # "pair": a bucket and a count; "codes": one metric by code
    changing: bool = False
    settles: bool = False
    extra: Callable[[list[RawSeries], list[RawSeries]], None] | None = None  # changes what was answered
    silent: bool = False  # no `up` series at all

    # ------------------------------------------------------------------------------------------------------------ truth

    def truth(self, first_ms: int = START_MS, length_ms: int = PERIOD_MS) -> tuple[int, int]:
        """Good and bad events that belong to a stretch of whole slots."""
        slots = range(first_ms // SLOT_MS, (first_ms + length_ms) // SLOT_MS)
        return sum(self._by_slot[slot, True] for slot in slots), sum(self._by_slot[slot, False] for slot in slots)

    @cached_property
    def _by_slot(self) -> Tally[tuple[int, bool]]:
        return Tally(
            (emitter.slot_of(one.at), one.good)
            for emitter in self.emitters
            for life in emitter.lives
            for one in life.events
        )

    # --------------------------------------------------------------------------------------------------------- what is seen

    def seen(self) -> tuple[list[RawSeries], list[RawSeries], list[RawSeries]]:
        """The series that the selectors of good, of valid and of `up` meet."""
        good: list[RawSeries] = []
        valid: list[RawSeries] = []
        up: list[RawSeries] = []
        for emitter in self.emitters:
            labels = {"job": "app", "instance": emitter.name, "site": "a"}
            answered = list(self._answers(emitter))
            if not self.silent:
                up.append(({"__name__": "up", **labels}, [(at, "1" if ok else "0") for at, ok, _ in answered]))
            series: dict[tuple[str, str], list[Point]] = {}
            for at, ok, shown in answered:
                for name, value in shown.items() if ok else ():
                    series.setdefault(name, []).append((at, str(value)))
            for (kind, code), points in series.items():
                if self.layout == "codes":
                    coded = ({"__name__": "app_requests_total", "code": code, **labels}, points)
                    valid.append(coded)
                    if code == "200":
                        good.append(coded)
                elif kind == "good":
                    good.append(({"__name__": "app_seconds_bucket", "le": "0.1", **labels}, points))
                else:
                    valid.append(({"__name__": "app_seconds_count", **labels}, points))
        if self.extra:
            self.extra(good, valid)
        return good, valid, up

    def _answers(self, emitter: Emitter) -> Iterator[tuple[int, bool, dict[tuple[str, str], int]]]:
        for number, at in emitter.scrapes():
            if any(low <= at < high for low, high in emitter.unseen):
                continue
            life = next((one for one in emitter.lives if one.born <= at < one.dies), None)
            if life is None:
                if emitter.listed or not self.changing:
                    yield at, False, {}
                continue
            if number in emitter.lost:
                yield at, False, {}
                continue
            yield at, True, self._counters(life, at, emitter.shift.get(number, (0, 0)))

    def _counters(self, life: Process, at: int, shift: tuple[int, int]) -> dict[tuple[str, str], int]:
        valid, good = bisect_right(life.valid_at, at), bisect_right(life.good_at, at)
        if self.layout == "pair":
            return {("good", ""): good - shift[0], ("valid", ""): valid - shift[1]}
        bad = valid - good
        shown = {("valid", "200"): good - shift[0]} if good else {}
        return shown | ({("valid", "500"): bad} if bad else {})


# ------------------------------------------------------------------------------------------------------------- the classes


def lives(
    dice: random.Random, spans: list[tuple[int, int]], *, rate: float, errors: Fraction, settle_ms: int = 0
) -> list[Process]:
    """Processes over the spans, with events at random instants; `rate` is events a second."""
    made = []
    for born, dies in spans:
        process = Process(born=born, dies=dies)
        count = round((dies - born) / 1000 * rate)
        for at in sorted(dice.randrange(born, dies) for _ in range(count)):
            good = dice.randrange(errors.denominator) >= errors.numerator
            process.events.append(Event(at=at, good=good, done=at + (dice.randrange(settle_ms) if settle_ms else 0)))
        made.append(process)
    return made


WHOLE = (START_MS - BEFORE_MS - 1_200_000, START_MS + PERIOD_MS + AFTER_MS + 60_000)
INSIDE = (START_MS, START_MS + PERIOD_MS)


def plain(dice: random.Random, kind: str, **changes: object) -> World:
    """One to three sources that live on and are scraped without fault."""
    errors = dice.choice(ERRORS)
    emitters = [
        Emitter(
            name=f"{n}",
            phase=dice.randrange(SCRAPE_MS),
            lives=lives(dice, [WHOLE], rate=dice.choice((0.3, 1.0, 3.0)), errors=errors),
        )
        for n in range(dice.randrange(1, 4))
    ]
    return World(kind=kind, emitters=emitters, **changes)  # type: ignore[arg-type]


def at_random(dice: random.Random, margin_ms: int = 120_000) -> int:
    return dice.randrange(INSIDE[0] + margin_ms, INSIDE[1] - margin_ms)


def number_at(emitter: Emitter, at: int) -> int:
    return (at - (START_MS - BEFORE_MS + emitter.phase)) // SCRAPE_MS


def split(dice: random.Random, emitter: Emitter, deaths: list[int], pause_ms: int = 0, *, clear: bool = True) -> None:
    """The source's process dies and is born anew at the given instants."""
    old = emitter.lives[0]
    borders = [old.born, *sorted(deaths), old.dies]
    emitter.lives = []
    for nth, (died, dies) in enumerate(pairwise(borders)):
        born = died + (pause_ms if nth else 0)
        events = [one for one in old.events if born <= one.at < dies]
        if clear:  # what was in flight is never counted as good: it died with its process
            events = [Event(at=one.at, good=one.good and one.done < dies, done=one.done) for one in events]
        emitter.lives.append(Process(born=born, dies=dies, events=events))


def reset(dice: random.Random) -> World:
    world = plain(dice, "reset", layout=dice.choice(("pair", "codes")))
    for emitter in world.emitters[: dice.randrange(1, 3)]:
        split(dice, emitter, [at_random(dice) for _ in range(dice.randrange(1, 3))], dice.choice((0, 0, 4_000)))
    return world


def crash_loop(dice: random.Random) -> World:
    """One source dies again and again, between scrapes and over some of them."""
    world = plain(dice, "crash loop")
    since = at_random(dice, 300_000)
    deaths = [since + n * dice.randrange(25_000, 70_000) for n in range(1, 9)]
    split(dice, world.emitters[0], sorted(set(deaths)), 1_000)
    return world


def gap(dice: random.Random) -> World:
    """Scrapes of a source fail for a while; it lives on."""
    world = plain(dice, "gap", layout=dice.choice(("pair", "codes")))
    for emitter in world.emitters[: dice.randrange(1, 4)]:
        number = number_at(emitter, at_random(dice))
        emitter.lost |= set(range(number, number + dice.randrange(1, LONGEST_GAP_MS // SCRAPE_MS - 2)))
    return world


def observer_gap(dice: random.Random) -> World:
    """The observer is away: no sample and no `up` of anything."""
    world = plain(dice, "observer away")
    since = at_random(dice)
    for emitter in world.emitters:
        emitter.unseen.append((since, since + dice.randrange(20_000, LONGEST_GAP_MS - 40_000)))
    return world


def gap_over_edge(dice: random.Random) -> World:
    world = plain(dice, "gap over an edge")
    edge = dice.choice(INSIDE)
    for emitter in world.emitters[: dice.randrange(1, 4)]:
        number = number_at(emitter, edge - dice.randrange(0, 150_000))
        emitter.lost |= set(range(number, number + dice.randrange(2, 16)))
    return world


def long_gap(dice: random.Random) -> World:
    world = plain(dice, "long gap")
    emitter = world.emitters[0]
    number = number_at(emitter, at_random(dice) - 200_000)
    emitter.lost |= set(range(number, number + dice.randrange(22, 50)))
    return world


def vanished(dice: random.Random) -> World:
    """A listed source is gone, with its `up`, and its service goes on."""
    world = plain(dice, "vanished")
    world.emitters[0].unseen.append((at_random(dice), WHOLE[1]))
    return world


def churn(dice: random.Random) -> World:
    """A changing set: processes come and go, each under a name of its own; short ones are scraped once or twice."""
    world = plain(dice, "churn", changing=True)
    errors = dice.choice(ERRORS)
    for n in range(dice.randrange(2, 8)):
        born = dice.randrange(INSIDE[0] - 200_000, INSIDE[1])
        phase = born % SCRAPE_MS + dice.randrange(1_000, SCRAPE_MS - 1)
        pod = Emitter(name=f"pod-{n}", phase=phase % SCRAPE_MS, lives=[], listed=False)
        pod.lives = lives(
            dice, [(born, born + dice.randrange(20_000, 400_000))], rate=dice.choice((0.3, 1.0)), errors=errors
        )
        world.emitters.append(pod)
    for emitter in world.emitters:
        emitter.listed = False
    return world


def lost(dice: random.Random) -> World:
    """One scrape in twenty is lost."""
    world = plain(dice, "5 % lost", layout=dice.choice(("pair", "codes")))
    for emitter in world.emitters:
        emitter.lost |= {number for number, _ in emitter.scrapes() if dice.random() < 0.05}
    return world


def codes(dice: random.Random) -> World:
    """Good and valid are of one metric, told apart by a code; the first error of a source makes a new series."""
    return plain(dice, "code labels", layout="codes")


def birth(dice: random.Random) -> World:
    """Errors begin in the period: their series was never seen before."""
    world = plain(dice, "birth", layout="codes")
    since = at_random(dice)
    for emitter in world.emitters:
        for one in emitter.lives[0].events:
            one.good = one.at < since or dice.random() < 0.9
    return world


def in_flight(dice: random.Random) -> World:
    """A good event is counted as good up to 25 s after it was counted."""
    errors = dice.choice(ERRORS)
    emitters = [
        Emitter(
            name="0",
            phase=dice.randrange(SCRAPE_MS),
            lives=lives(dice, [WHOLE], rate=2.0, errors=errors, settle_ms=25_000),
        )
    ]
    return World(kind="in flight", emitters=emitters, settles=True)


def good_falls(dice: random.Random) -> World:
    """The counter of the good events falls alone, and stays there or comes back."""
    world = plain(dice, "good falls alone")
    emitter = world.emitters[0]
    number = number_at(emitter, at_random(dice))
    until = number + dice.choice((1, 3, 10_000))
    world_good = len([one for one in emitter.lives[0].events if one.good and one.at < INSIDE[0]])
    less = max(1, world_good // dice.choice((1, 2, 10)))
    emitter.shift = {n: (less, 0) for n, _ in emitter.scrapes() if number <= n < until}
    return world


def dip(dice: random.Random) -> World:
    """Both counters show less for a scrape or some, and then go on from where they were."""
    world = plain(dice, "dip")
    emitter = world.emitters[0]
    number = number_at(emitter, at_random(dice))
    less = dice.randrange(60, 900)
    emitter.shift = dict.fromkeys(range(number, number + dice.choice((1, 1, 3))), (less, less))
    return world


def away(dice: random.Random) -> World:
    """Both counters stand still at less, or at nothing, or are of another process; then they are back where they would have been.

    Over an edge or inside. What happened meanwhile shows only when they are back, and often it is all bad.
    """
    world = plain(dice, "away", layout=dice.choice(("pair", "pair", "codes")))
    emitter, scrapes = world.emitters[0], dice.randrange(2, LONGEST_GAP_MS // SCRAPE_MS - 2)
    since = dice.choice((*INSIDE, at_random(dice, 300_000))) - dice.randrange(1, scrapes) * SCRAPE_MS
    number, first = number_at(emitter, since), START_MS - BEFORE_MS + emitter.phase
    left, back = first + (number - 1) * SCRAPE_MS, first + (number + scrapes) * SCRAPE_MS
    [life], bad = emitter.lives, dice.random() < 0.7
    for one in life.events:
        one.good = one.good and not (bad and left < one.at <= back)
    good, valid = bisect_right(life.good_at, left), bisect_right(life.valid_at, left)
    part = dice.choice((0, Fraction(1, 2), Fraction(9, 10)))
    less = int(good * part), int(good * part) + int((valid - good) * part)
    [other] = lives(dice, [(left, back - SCRAPE_MS)], rate=0.0, errors=Fraction(0))
    if dice.random() < 0.3 and world.layout == "pair":
        [other] = lives(dice, [(left, back - SCRAPE_MS)], rate=0.5, errors=dice.choice(ERRORS))
    emitter.lives.append(other)
    for n in range(number, number + scrapes):
        at = first + n * SCRAPE_MS
        shown = less[0] + bisect_right(other.good_at, at), less[1] + bisect_right(other.valid_at, at)
        emitter.shift[n] = bisect_right(life.good_at, at) - shown[0], bisect_right(life.valid_at, at) - shown[1]
    if dice.random() < 0.3:
        emitter.lost |= {n for n in range(number, number + scrapes + 1) if dice.random() < 0.2}
    return world


def piecewise(dice: random.Random) -> World:
    """Every series of a source goes; then they are back where they would have been, one of them later than the other.

    Over an edge or inside. What happened meanwhile is often all bad.
    """
    world = plain(dice, "piecewise", layout="codes")
    emitter, scrapes, lag = world.emitters[0], dice.randrange(2, 12), dice.choice((1, 2, 4))
    since = dice.choice((*INSIDE, at_random(dice, 300_000))) - dice.randrange(1, scrapes + lag) * SCRAPE_MS
    number, first = number_at(emitter, since), START_MS - BEFORE_MS + emitter.phase
    left, back = first + (number - 1) * SCRAPE_MS, first + (number + scrapes) * SCRAPE_MS
    bad, late = dice.random() < 0.7, dice.choice(("200", "500"))
    for one in emitter.lives[0].events:
        one.good = one.good and not (bad and left < one.at <= back)

    def drop(good: list[RawSeries], valid: list[RawSeries]) -> None:
        for labels, points in {id(one[1]): one for one in (*good, *valid)}.values():
            if labels["instance"] == emitter.name:
                until = back + (lag * SCRAPE_MS if labels["code"] == late else 0)
                points[:] = [one for one in points if not left < one[0] < until]

    world.extra = drop
    return world


def duplicates(dice: random.Random) -> World:
    """Samples are answered twice, and out of order."""

    def twice(good: list[RawSeries], valid: list[RawSeries]) -> None:
        for _, points in (*good, *valid):
            points.extend(dice.sample(points, len(points) // 3))
            dice.shuffle(points)

    return plain(dice, "duplicates", extra=twice)


def garbage(dice: random.Random) -> World:
    """Some values are no counts."""

    def spoil(good: list[RawSeries], valid: list[RawSeries]) -> None:
        for _, points in (*good, *valid):
            for n in dice.sample(range(len(points)), 3):
                points[n] = (points[n][0], dice.choice(("NaN", "+Inf", "-1", "1.5", "1e300")))

    return plain(dice, "no counts", extra=spoil)


def idle(dice: random.Random) -> World:
    world = plain(dice, "idle")
    for emitter in world.emitters:
        emitter.lives[0].events = [one for one in emitter.lives[0].events if one.at < INSIDE[0] - 900_000]
    return world


def relabelled(dice: random.Random) -> World:
    """The series of a source get another label: the old ones go, new ones stand at the same values."""
    world = plain(dice, "re-labelled")
    edges = sorted(at_random(dice) for _ in range(dice.randrange(1, 4)))

    def rename(good: list[RawSeries], valid: list[RawSeries]) -> None:
        for every in (good, valid):
            found = []
            for labels, points in every:
                borders = [0, *edges, WHOLE[1]]
                for nth, (low, high) in enumerate(pairwise(borders)):
                    found.append(({**labels, "version": str(nth)}, [one for one in points if low <= one[0] < high]))
            every[:] = [one for one in found if one[1]]

    world.extra = rename
    return world


def replicas(dice: random.Random) -> World:
    """Each series is there twice, from two servers that scrape the same targets."""

    def double(good: list[RawSeries], valid: list[RawSeries]) -> None:
        for every in (good, valid):
            every[:] = [({**labels, "prometheus_replica": one}, points) for labels, points in every for one in "ab"]

    return plain(dice, "replica labels", extra=double)


def buckets(dice: random.Random) -> World:
    """The selector of the good meets two buckets."""

    def more(good: list[RawSeries], valid: list[RawSeries]) -> None:
        good += [({**labels, "le": "0.5"}, points) for labels, points in list(good)]
        dice.shuffle(good)

    return plain(dice, "several le", extra=more)


def silent(dice: random.Random) -> World:
    """No `up` series is kept, and a source that lives on is not scraped for a while."""
    world = plain(dice, "no up")
    world.silent = True
    since = at_random(dice)
    world.emitters[0].unseen.append((since, since + dice.randrange(30_000, 500_000)))
    return world


def mixture(dice: random.Random) -> World:
    """Several faults in one world."""
    world = plain(dice, "mixture", layout=dice.choice(("pair", "codes")))
    for emitter in world.emitters:
        if dice.random() < 0.5:
            split(dice, emitter, [at_random(dice)], 2_000)
        if dice.random() < 0.5:
            number = number_at(emitter, at_random(dice))
            emitter.lost |= set(range(number, number + dice.randrange(1, 40)))
        emitter.lost |= {number for number, _ in emitter.scrapes() if dice.random() < 0.02}
    return world


CLASSES: dict[str, Callable[[random.Random], World]] = {
    one.__name__: one
    for one in (
        reset, crash_loop, gap, observer_gap, gap_over_edge, long_gap, vanished, churn, lost, codes, birth, in_flight,
        good_falls, dip, away, piecewise, duplicates, garbage, idle, relabelled, replicas, buckets, silent, mixture,
    )
} | {"plain": lambda dice: plain(dice, "plain")}  # fmt: skip


def world(kind: str, seed: int) -> World:
    return CLASSES[kind](random.Random(f"{kind}/{seed}"))
