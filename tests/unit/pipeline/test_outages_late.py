"""What an outage leans on: samples before a month's edge that came late, and samples that the source has forgotten by now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.slo.indicator import OutageIndicator, StateIndicator
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START

HOUR, DAY = 3600, 86_400
LIMIT = 4 * HOUR
RULE = SlotRule(seconds=60, scrape_seconds=15)
BAD, UNKNOWN = SlotState.BAD, SlotState.UNKNOWN
SITE = "edge-1"


def outage() -> Slo:
    part = builders.slo("down", indicator=StateIndicator(up="pve_up", known="pve_known"), slot=RULE)
    return builders.slo(
        "late", indicator=OutageIndicator(of="down", limit_seconds=LIMIT), slot=RULE, parts={"down": part}
    )


@dataclass(kw_only=True)
class Office:
    """One installation; the site is down for all the time that is scraped."""

    source: ScriptedSamples = field(default_factory=ScriptedSamples)
    table: MemorySlots = field(default_factory=MemorySlots)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=0))

    def scraped(self, seconds: Iterable[int]) -> None:
        """The source holds these, and nothing else."""
        self.source.series.clear()
        at = [(START + second) * 1000 for second in seconds]
        for name, value in (("pve_up", 0), ("pve_known", 1)):
            self.source.add(name, [(one, value) for one in at], site=SITE, job="pve", instance="a")

    def observed(self, since: int, until: int) -> None:
        self.clock.at = START + until + 30
        steps = observe(outage(), [SITE], START + since, delay_seconds=30, **self.ports)
        assert sum(step.added for step in steps) > 0

    @property
    def ports(self) -> dict[str, Any]:
        return {"source": self.source, "table": self.table, "clock": self.clock}

    def stands(self, period: Period) -> list[Slot]:
        return self.table.read("late", [SITE], period)


def stretch(first: int, last: int) -> Period:
    return Period(starts_at=START + first, ends_at=START + last)


def test_late_samples_before_a_period_are_looked_for_as_far_back_as_its_outages_lean() -> None:
    """An outage that began in the month before: half an hour of it came days late, three hours before the edge."""
    every = range(-8 * HOUR, 6 * HOUR, 15)
    office, month = Office(), stretch(0, 5 * HOUR)
    office.scraped(at for at in every if not -3 * HOUR <= at < -9000)
    office.observed(-7 * HOUR, 5 * HOUR + 600)
    before, earlier = office.stands(month), office.stands(stretch(-7 * HOUR, -60))
    office.scraped(every)
    whole = with_neighbours(month, outage())
    said = [sum(one.added for one in recount_late(outage(), [SITE], whole, **office.ports)) for _ in range(2)]

    assert {one.state for one in before[:89]} == {UNKNOWN}
    assert office.stands(month) == read_slots(outage(), [SITE], month, office.source)
    assert {one.state for one in office.stands(month)} == {BAD}
    assert office.stands(stretch(-7 * HOUR, -60)) == earlier  # its own month is judged by what it was counted from
    assert said[0] > 0 == said[1]


@pytest.mark.parametrize("person", [True, False])
def test_an_outage_stays_bad_where_the_source_has_forgotten_how_it_began(person: bool) -> None:  # noqa: FBT001  a parameter
    """A recount at the edge of retention: each slot has all its own samples, and not those of the hours before it."""
    office, day = Office(), stretch(0, DAY)
    office.scraped(range(-5 * HOUR, DAY + 60, 15))
    office.observed(-HOUR, DAY)
    before = office.stands(day)
    assert {one.state for one in before} == {BAD}
    kept = range(6 * HOUR + 900, DAY + 60, 15)
    office.scraped(kept if person else [*kept, *(at + 5 for at in range(9 * HOUR, 9 * HOUR + 60, 15))])
    if person:
        steps = list(recount(outage(), [SITE], day, **office.ports))
    else:  # a few more samples, in an hour that leans on what is gone
        steps = list(recount_late(outage(), [SITE], day, **office.ports))

    assert {one.state for one in office.stands(day)} == {BAD}
    assert [one.starts_at for one in office.stands(day)] == [one.starts_at for one in before]
    assert steps != []


def test_a_person_may_count_what_leans_on_forgotten_samples_anyhow() -> None:
    office, hour = Office(), stretch(6 * HOUR, 7 * HOUR)
    office.scraped(range(0, 8 * HOUR, 15))
    office.observed(HOUR, 7 * HOUR + 60)
    office.scraped(range(6 * HOUR, 8 * HOUR, 15))
    for anyhow, state in ((False, BAD), (True, UNKNOWN)):
        list(recount(outage(), [SITE], hour, anyhow=anyhow, **office.ports))
        assert {one.state for one in office.stands(hour)} == {state}


def test_what_was_never_recorded_is_filled_in_from_what_is_left() -> None:
    """A stretch that nobody observed: its slots stay unrecorded for no reason if some of what they lean on is gone."""
    office, hour = Office(), stretch(7 * HOUR, 8 * HOUR)
    office.scraped(range(0, 9 * HOUR, 15))
    office.observed(HOUR, 7 * HOUR)
    office.scraped(range(5 * HOUR, 9 * HOUR, 15))
    office.clock.at = START + 9 * HOUR
    list(recount(outage(), [SITE], hour, **office.ports))

    assert [one.state for one in office.stands(hour)] == [UNKNOWN] * 60
