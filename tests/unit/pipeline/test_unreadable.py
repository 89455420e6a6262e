"""Answers that cannot be used cost the slots that lean on them, of their own site, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.pipeline import unreadable
from sankofa_observe.pipeline.counting import PATIENCE_SECONDS, Observed
from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.ports import SampleSet
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START

SITES = [f"edge-{n}" for n in range(1, 8)]
RULE = SlotRule(seconds=60, scrape_seconds=15, target_ppm=990_000, longest_gap_seconds=300, history_seconds=600)
SLO = builders.slo("errors", indicator=RatioIndicator(good="good_total", valid="all_total"), slot=RULE)
SPOILED = range(START + 1200, START + 1260)
LEANING = [
    at
    for at in range(START, START + 7200, 60)
    if at - SLO.lean_before_seconds < SPOILED.stop and SPOILED.start < at + 60 + SLO.lean_after_seconds
]


@dataclass(kw_only=True)
class Spoiled(ScriptedSamples):
    """Answers in part whatever touches one minute of one site."""

    site: str = "edge-3"
    spoiled: range = SPOILED

    def read(self, selector: str, period: Period) -> SampleSet:
        found = super().read(selector, period)
        touched = period.starts_at < self.spoiled.stop and self.spoiled.start < period.ends_at
        asked = any(one.labels["site"] == self.site for one in found.series)
        return replace(found, complete=not (touched and asked))

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        return ScriptedSamples(series=self.series).samples(selector, period)


def source(**changes: object) -> Spoiled:
    made = Spoiled(**changes)  # type: ignore[arg-type]
    for site in SITES:
        for name, each in (("good_total", 9), ("all_total", 10), ("up", 0)):
            samples = [
                ((START + at) * 1000, 1 if name == "up" else 1000 + each * (at // 15))
                for at in range(-1500, 12_000, 15)
            ]
            made.add(name, samples, site=site, job="app", instance=site)
    return made


def turn(table: MemorySlots, of: ScriptedSamples, now: int) -> list[Observed]:
    return list(observe(SLO, SITES, START, source=of, table=table, clock=FixedClock(at=START + now), delay_seconds=30))


WHOLE = Period(starts_at=START, ends_at=START + 7200)


def test_young_slots_of_that_site_wait_and_all_others_are_counted() -> None:
    """It is said which answer could not be used; the site goes on as soon as it can be."""
    table = MemorySlots()
    with pytest.raises(Unusable, match="answered in part"):
        turn(table, source(), 1800)
    marks = table.watermarks("errors")

    others = {site: at - START for site, at in marks.items() if site != "edge-3"}
    assert others == {site: 1680 for site in SITES if site != "edge-3"}
    assert marks["edge-3"] == LEANING[0] - 60
    turn(table, source(spoiled=range(0)), 1860)
    assert table.watermarks("errors")["edge-3"] == table.watermarks("errors")["edge-1"]


def test_later_its_slots_are_not_known_and_say_why() -> None:
    """Those that lean on the minute and no others; the turn says so and fails no more."""
    table = MemorySlots()
    steps = turn(table, source(), 7200 + 30)
    stored = table.read("errors", SITES, WHOLE)
    unknown = [slot for slot in stored if slot.reasons == (unreadable.REASON,)]
    good = read_slots(SLO, SITES, WHOLE, source(spoiled=range(0)))

    assert {slot.site for slot in unknown} == {"edge-3"}
    assert [slot.starts_at for slot in unknown] == LEANING
    assert [one for one in stored if one not in unknown] == [
        one for one in good if one.site != "edge-3" or one.starts_at not in LEANING
    ]
    assert any("answered in part" in str(step) for step in steps)


def test_as_soon_as_it_can_be_read_it_is_counted() -> None:
    """The look for late samples finds that the slots were counted from none."""
    table = MemorySlots()
    turn(table, source(), 7230)
    of, clock = source(spoiled=range(0)), FixedClock(at=START + 7230)
    for _ in recount_late(SLO, SITES, WHOLE, source=of, table=table, clock=clock):
        pass

    assert table.read("errors", SITES, WHOLE) == read_slots(SLO, SITES, WHOLE, of)


def test_what_was_counted_is_not_lost_to_an_answer_that_cannot_be_used() -> None:
    """A recount of what stands, through the same fault, changes nothing."""
    table = MemorySlots()
    turn(table, source(spoiled=range(0)), 7230)
    before = table.read("errors", SITES, WHOLE)
    steps = list(recount(SLO, SITES, WHOLE, source=source(), table=table, clock=FixedClock(at=START + 10_000)))

    assert sum(step.added for step in steps) == 0
    assert table.read("errors", SITES, WHOLE) == before


@pytest.mark.parametrize("away", [True, False], ids=["away", "in part throughout"])
def test_a_source_that_is_away_or_no_better_writes_nothing(monkeypatch: pytest.MonkeyPatch, away: bool) -> None:  # noqa: FBT001
    """It is asked again next time, as a whole."""
    monkeypatch.setattr(unreadable, "MOST_FAILED_READS", 20)
    table, of = MemorySlots(), source(away=away, complete=away)
    with pytest.raises(Unavailable):
        list(recount(SLO, SITES, WHOLE, source=of, table=table, clock=FixedClock(at=START + 7230 + PATIENCE_SECONDS)))

    assert table.revisions == {}
    assert len(of.reads) <= 1 + 3 * 21
