"""What came late, and what it was that came: after the look for late samples the table holds what one recount finds.

Each world is asked minute by minute, with only what has arrived by then, and looked at again when all has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import pairwise

import pytest

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.counting import Observed
from sankofa_observe.pipeline.late import quietly, recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import CompositeIndicator, RatioIndicator, StateIndicator, Together
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import Slot
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START

RULE = SlotRule(seconds=60, scrape_seconds=15, target_ppm=990_000)
EVENTS = RatioIndicator(good='requests_total{code="200"}', valid="requests_total")
STATES = StateIndicator(up="pve_up", known="pve_known")
LEAD, END, DELAY_SECONDS = -9000, 7200, 30
HOUR = 3600
SECONDS = range(LEAD, END + 2400, 15)


@dataclass
class World:
    """Series of one site, each sample with the second at which it is there."""

    slo: Slo
    series: list[tuple[dict[str, str], list[tuple[int, int, int]]]] = field(default_factory=list)

    def add(
        self,
        name: str,
        at: Iterable[int],
        value: Callable[[int], int],
        late: Callable[[int], int] = lambda _: 0,
        **labels: str,
    ) -> World:
        labels = {"__name__": name, "site": "edge-1", "job": "app", "instance": "a", **labels}
        self.series.append((labels, [(second, value(second), second + late(second)) for second in at]))
        return self

    def by(self, now: float) -> ScriptedSamples:
        """What has arrived by a second."""
        source = ScriptedSamples()
        for labels, samples in self.series:
            there = [((START + at) * 1000, value) for at, value, arrives in samples if arrives <= now]
            source.add(labels["__name__"], there, **{name: text for name, text in labels.items() if name != "__name__"})
        return source

    @cached_property
    def observed(self) -> MemorySlots:
        """The table after all turns."""
        table, clock = MemorySlots(), FixedClock(at=0)
        for now in range(LEAD + 8000, END + 1800, 60):
            clock.at = START + now
            source = self.by(now)
            for _ in observe(
                self.slo,
                ["edge-1"],
                START + LEAD + 7800,
                source=source,
                table=table,
                clock=clock,
                delay_seconds=DELAY_SECONDS,
            ):
                pass
        return table

    def stored(self, periods: Iterable[Period]) -> list[Slot]:
        """The slots after all turns, and after the look for late samples of each period."""
        table, clock = deepcopy(self.observed), FixedClock(at=START + END + 1740)
        for period in periods:
            look = with_neighbours(period, self.slo)
            for _ in recount_late(self.slo, ["edge-1"], look, source=self.by(float("inf")), table=table, clock=clock):
                pass
        return table.read(self.slo.name, ["edge-1"], Period(starts_at=START, ends_at=START + END))

    def found(self) -> list[Slot]:
        """The same slots, counted at once from everything."""
        return read_slots(self.slo, ["edge-1"], Period(starts_at=START, ends_at=START + END), self.by(float("inf")))


def slo(
    indicator: RatioIndicator | StateIndicator | CompositeIndicator, name: str = "errors", **changes: object
) -> Slo:
    events = isinstance(indicator, RatioIndicator)
    made = builders.slo(
        name, indicator=indicator, slot=RULE, budgeting=Budgeting.OCCURRENCES if events else Budgeting.TIMESLICES
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def requests(
    world: World, at: Iterable[int] = SECONDS, late: Callable[[int], int] = lambda _: 0, **labels: str
) -> World:
    """Twenty requests a second, all good, of one instance."""
    return world.add("requests_total", at, lambda second: 10**6 + 20 * (second - LEAD), late, code="200", **labels)


def late_up() -> World:
    """Two hours late it shows that an instance whose counters went an hour before is still scraped, and fails."""
    world = requests(World(slo(EVENTS))).add("up", SECONDS, lambda _: 1)
    requests(world, range(LEAD, -4200, 15), instance="b")
    return world.add("up", SECONDS, lambda at: int(at < -4200), lambda at: 2 * HOUR if at >= -4200 else 0, instance="b")


def late_start() -> World:
    """A counter falls, and only later is it told when its process began."""
    told = "process_start_time_seconds"
    world = World(slo(replace(EVENTS, started=told))).add("up", SECONDS, lambda _: 1)
    world.add("requests_total", SECONDS, lambda at: (at if at < 1800 else at - 1790) - LEAD * (at < 1800), code="200")
    return world.add(
        told, SECONDS, lambda at: START + (LEAD if at < 1800 else 1788), lambda at: HOUR if at >= 1800 else 0
    )


def late_next_scrape() -> World:
    """A bad slot's last cell was lost, and the scrape after it comes when the next slot is about to be counted."""
    down, lost = range(600, 720), {645}
    world = World(slo(STATES, "up"))
    for name in ("pve_up", "pve_known"):
        world.add(
            name,
            [at for at in SECONDS if at not in lost],
            lambda at, name=name: int(name == "pve_known" or at not in down),  # type: ignore[misc]
            lambda at: 90 if at == 660 else 0,
        )
    return world


def late_other_state() -> World:
    """As before, and that late scrape says otherwise: the lost cell is not known."""
    world = late_next_scrape()
    return replace(
        world,
        series=[
            (labels, [(at, 1 if at == 660 else up, there) for at, up, there in every]) for labels, every in world.series
        ],
    )


def composed(together: Together, *, changing: bool) -> Slo:
    parts = {"ev": slo(replace(EVENTS, changing=changing), "ev"), "st": slo(STATES, "st")}
    return slo(CompositeIndicator(together=together, weights={"ev": 1, "st": 1}), "whole", parts=parts)


def birth_in_a_part() -> World:
    """A new pod shows itself with errors, of which some may belong to the slot before; nothing is late."""
    world = requests(World(composed(Together.ALL, changing=True))).add("up", SECONDS, lambda _: 1)
    world.add("requests_total", range(645, END, 15), lambda at: 8 + (at - 645) // 15, code="500", instance="pod-7")
    world.add("up", range(645, END, 15), lambda _: 1, instance="pod-7")
    return world.add("pve_up", SECONDS, lambda _: 1).add("pve_known", SECONDS, lambda _: 1)


def gap_in_a_part() -> World:
    """One part is not known for a while and then is; the whole is good all the time, by the other."""
    seen = [at for at in SECONDS if not 600 <= at < 780]
    world = requests(World(composed(Together.ANY, changing=False)), seen).add("up", seen, lambda _: 1)
    return world.add("pve_up", SECONDS, lambda _: 1).add("pve_known", SECONDS, lambda _: 1)


def late_before_an_edge() -> World:
    """Twenty minutes before the edge of two periods come hours late, and the five minutes behind it never."""
    seen = [at for at in SECONDS if not 3600 <= at < 3900]
    late: Callable[[int], int] = lambda at: 3 * HOUR if 2400 <= at < 3600 else 0  # noqa: E731
    return requests(World(slo(EVENTS)), seen, late).add("up", seen, lambda _: 1, late)


@cache
def world_of(kind: Callable[[], World]) -> World:
    return kind()


@pytest.mark.parametrize(
    "kind",
    [
        late_up, late_start, late_next_scrape, late_other_state, birth_in_a_part, gap_in_a_part, late_before_an_edge,
    ],
)  # fmt: skip
def test_the_table_holds_what_a_recount_finds(kind: Callable[[], World]) -> None:
    """In one period, and in two that adjoin and are looked at one after the other."""
    world = world_of(kind)
    wanted = world.found()
    for edges in ((0, END), (0, 3600, END)):
        periods = [Period(starts_at=START + first, ends_at=START + last) for first, last in pairwise(edges)]
        assert world.stored(periods) == wanted, edges


def test_worlds_have_something_to_find() -> None:
    """Each of them has slots that are not plain, and those that come late change what is stored without the look."""
    for kind in (late_up, late_start, late_before_an_edge):
        assert world_of(kind).stored([]) != world_of(kind).found()
    assert ("lost scrape",) in {slot.reasons for slot in world_of(late_next_scrape).found()}
    assert {"ev UNKNOWN"} <= {
        reason
        for kind in (birth_in_a_part, gap_in_a_part)
        for slot in world_of(kind).found()
        for reason in slot.reasons
    }


@pytest.mark.parametrize("hour", [0, 1], ids=["the first", "the last"])
def test_an_hour_at_an_edge_of_which_nothing_was_there_is_counted_once_it_is(hour: int) -> None:
    """It lies wholly in the period; one that reaches over the edge is compared only where it was counted at all."""
    world = World(slo(STATES, "up"))
    for name in ("pve_up", "pve_known"):
        world.add(name, SECONDS, lambda _: 1, lambda at: 3 * HOUR if at // HOUR == hour else 0)
    table, period = deepcopy(world.observed), Period(starts_at=START, ends_at=START + END)
    before = table.read("up", ["edge-1"], period)
    source, clock = world.by(float("inf")), FixedClock(at=START + END + 1740)
    told = list(recount_late(world.slo, ["edge-1"], period, source=source, table=table, clock=clock))

    assert (before == world.found(), told != []) == (False, True)
    assert table.read("up", ["edge-1"], period) == world.found()


def test_what_nobody_foresaw_costs_one_slo_and_is_told() -> None:
    """Of what we foresaw only an absence is: all else is raised."""

    def steps(error: Exception) -> Iterator[Observed]:
        raise error
        yield  # it is a generator

    assert (quietly(steps(Unavailable("away"))), quietly(steps(KeyError("x")))) == ("away", "unexpected KeyError: 'x'")
    assert quietly(iter(())) == ""
    with pytest.raises(InvariantBroken):
        quietly(steps(InvariantBroken("two truths")))
