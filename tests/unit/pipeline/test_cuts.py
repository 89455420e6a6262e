"""Slots do not depend on how time is cut into reads: counted minute by minute, one by one and in one read they are the same.

Each world is a kind of trouble that once came out otherwise, or was judged against its truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pytest

from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import arranged, period_slots, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.verdict import Verdict, judge
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START

CODES = RatioIndicator(good='requests_total{code="200"}', valid="requests_total")
RULE = SlotRule(seconds=60, scrape_seconds=15, target_ppm=990_000)
LEAD, TAIL = -12_000, 5400
PERIOD = Period(starts_at=START, ends_at=START + 1200)
DELAY_SECONDS = 30
NEVER_FALSE = {Verdict.UNDETERMINED}


@dataclass
class World:
    """Series of one site by second from the period's start."""

    source: ScriptedSamples = field(default_factory=ScriptedSamples)
    changing: bool = False
    listed: tuple[str, ...] = ()
    rule: SlotRule = RULE

    def add(
        self, at: Iterable[int], value: Callable[[int], int], name: str = "requests_total", of: str = "a", **labels: str
    ) -> None:
        samples = [((START + second) * 1000, value(second)) for second in at]
        self.source.add(name, samples, site="edge-1", job="app", instance=of, **labels)

    def up(self, at: Iterable[int], of: str = "a", value: int = 1, **labels: str) -> None:
        self.add(at, lambda _: value, "up", of, **labels)

    def slo(self) -> Slo:
        return builders.slo(
            "errors",
            indicator=replace(CODES, changing=self.changing),
            slot=self.rule,
            budgeting=Budgeting.TIMESLICES,
            target_ppm=990_000,
            sources={"edge-1": self.listed},
        )


def scrapes(phase: int, since: int = LEAD, until: int = TAIL) -> list[int]:
    return list(range(since + (phase - since) % 15, until, 15))


def busy(second: int) -> int:
    """Ten requests a scrape."""
    return 1_000_000 + 10 * (second // 15)


def lost_last() -> World:
    """The last scrape of a slot, a second before its end, is not there; nobody says why. It held errors."""
    world, every = World(), [at for at in scrapes(14) if at != 59 + 240]
    world.add(every, busy, code="200")
    world.add(every, lambda at: 10 if at > 299 else 0, code="500")
    world.up(every)
    return world


def new_pod() -> World:
    """The first scrape of a pod shows errors that may be of the slot before it, which was counted by then."""
    world = World(changing=True)
    world.add(scrapes(5), busy, code="200")
    world.up(scrapes(5))
    world.add(range(310, 900, 15), lambda _: 8, of="pod", code="500")
    world.up(range(310, 900, 15), "pod")
    return world


def left_with_its_target() -> World:
    """A source is gone for hours, and its target still tried."""
    world = World()
    world.add(scrapes(5), busy, code="200")
    world.up(scrapes(5))
    world.add(scrapes(7, until=-8000), busy, of="b", code="200")
    world.up(scrapes(7), "b", 0)
    return world


def counters_gone() -> World:
    """A target answers, and has shown no counter for hours; then it does."""
    world = World()
    world.add(scrapes(5), busy, code="200")
    world.up(scrapes(5))
    world.add([at for at in scrapes(7) if not -9000 < at < 400], busy, of="b", code="200")
    world.up(scrapes(7), "b")
    return world


def renamed_bound() -> World:
    """A label is written otherwise from some instant on."""
    world = World()
    for label, which in (("1", range(LEAD, 300)), ("1.0", range(300, TAIL))):
        world.add([at for at in scrapes(5) if at in which], busy, code="200", le=label)
    world.up(scrapes(5))
    return world


def failover() -> World:
    """One of two servers scrapes at a time."""
    world = World()
    for replica, which in (("0", range(LEAD, 300)), ("1", range(300, TAIL))):
        world.add([at for at in scrapes(5) if at in which], busy, code="200", replica=replica)
    world.up(scrapes(5))
    return world


def two_servers() -> World:
    """Both scrape, and only one says who it is: each event stands there twice."""
    world = World()
    for phase, labels in ((5, {}), (11, {"replica": "1"})):
        for code, each in (("200", 985), ("500", 15)):
            world.add(scrapes(phase), lambda at, each=each: each * (at // 15), code=code, **labels)  # type: ignore[misc]
    world.up(scrapes(5))
    world.up(scrapes(11), replica="1")
    return world


def two_targets() -> World:
    """Two paths of one instance are scraped in turn; one stands still at old errors."""
    world = World()
    for phase, path, code, value in ((3, "/a", "200", busy), (10, "/b", "500", lambda _: 50)):
        world.add(scrapes(phase), value, code=code, path=path)
        world.up(scrapes(phase), path=path)
    return world


def busy_after_a_fall() -> World:
    """A long step ends in a fall, and what makes a scrape large comes later than the first slot of the step leans."""
    world = World(rule=replace(RULE, longest_gap_seconds=300, history_seconds=600))
    seen = [at for at in scrapes(5) if not 245 < at < 530]
    world.add(seen, lambda at: busy(at) - 500_000 * (at > 245) + 1000 * max(0, (at - 700) // 15), code="200")
    world.up(seen)
    return world


def back_under_its_name(values: tuple[int, int]) -> World:
    """A pod is not scraped for longer than a counter is followed, and is back."""
    world, before, after = World(changing=True), range(-3000, -1500, 15), range(500, TAIL, 15)
    world.add(scrapes(5), busy, code="200")
    world.up(scrapes(5))
    world.add([*before, *after], lambda at: values[at > 0], of="pod", code="500")
    world.up([*before, *after], "pod")
    return world


# The verdicts that are right, and "undetermined" where too little is known.
WORLDS: dict[str, tuple[Callable[[], World], set[Verdict]]] = {
    "lost last scrape": (lost_last, NEVER_FALSE),
    "new pod": (new_pod, NEVER_FALSE),
    "left with its target": (left_with_its_target, {Verdict.MET}),
    "counters gone": (counters_gone, NEVER_FALSE),
    "renamed bound": (renamed_bound, {Verdict.MET}),
    "failover": (failover, {Verdict.MET}),
    "two servers": (two_servers, NEVER_FALSE),
    "two targets": (two_targets, NEVER_FALSE),
    "busy after a fall": (busy_after_a_fall, NEVER_FALSE),
    "back with the same": (lambda: back_under_its_name((200, 200)), {Verdict.MET}),
    "back with more": (lambda: back_under_its_name((200, 205)), NEVER_FALSE),
}


def by_turns(world: World, slo: Slo, step: int) -> list[Slot]:
    """As a scheduler stores them, each turn with what is there by then."""
    table = MemorySlots()
    for now in range(START - 600, START + 3600, step):
        there = [
            replace(one, samples=[each for each in one.samples if each[0] <= (now + DELAY_SECONDS) * 1000])
            for one in world.source.series
        ]
        source, clock = ScriptedSamples(series=there), FixedClock(at=now + DELAY_SECONDS)
        for _ in observe(
            slo, ["edge-1"], START - 600, source=source, table=table, clock=clock, delay_seconds=DELAY_SECONDS
        ):
            pass
    return list(period_slots(slo, "edge-1", PERIOD, table).slots)


@pytest.mark.parametrize("name", WORLDS)
def test_slots_are_the_same_however_time_is_cut(name: str) -> None:
    """In a read of hours, one by one, and as they are stored turn by turn; proof included."""
    world = WORLDS[name][0]()
    slo = world.slo()
    long = Period(starts_at=PERIOD.starts_at - 10_800, ends_at=PERIOD.ends_at + 1800)
    wanted = [one for one in read_slots(slo, ["edge-1"], long, world.source) if one.starts_at in PERIOD]
    alone = [
        slot
        for at in range(PERIOD.starts_at, PERIOD.ends_at, 180)
        for slot in read_slots(slo, ["edge-1"], Period(starts_at=at, ends_at=at + 60), world.source)
    ]

    assert alone == wanted[::3]
    assert by_turns(world, slo, 120) == wanted
    assert by_turns(world, slo, 300) == wanted


@pytest.mark.parametrize("name", WORLDS)
def test_no_cut_makes_a_false_verdict(name: str) -> None:
    """What cannot be known is undetermined; what can is decided."""
    make, right = WORLDS[name]
    world = make()
    slo = world.slo()
    read = read_slots(slo, ["edge-1"], with_neighbours(PERIOD, slo), world.source)
    found = arranged(slo, "edge-1", PERIOD, read)

    assert judge(slo, found.attainment(slo)) in right


def test_pod_that_is_back_with_less_is_a_new_one() -> None:
    """Its first value is its own, and counted where it can be."""
    slots = read_slots(back_under_its_name((200, 2)).slo(), ["edge-1"], PERIOD, back_under_its_name((200, 2)).source)
    assert sum(slot.bad for slot in slots) == 2


def test_two_targets_of_one_name_are_told() -> None:
    """The reason names what has to be mended."""
    world = two_targets()
    [slot, *_] = read_slots(world.slo(), ["edge-1"], PERIOD, world.source)
    assert (slot.state, slot.reasons) == (SlotState.UNKNOWN, ("several targets have one job and instance",))
