"""observe: raw samples become slots, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline import counting as module
from sankofa_observe.pipeline.counting import Observed
from sankofa_observe.pipeline.late import recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START, period

DELAY_SECONDS = 30
EVENTS = builders.slo("latency", indicator=RatioIndicator(good='calls_bucket{le="0.2"}', valid="calls_count"))


def states(
    source: ScriptedSamples, moments: Iterable[int], *, site: str = "edge-1", down: frozenset[int] = frozenset()
) -> None:
    """Scrapes of a cluster that knows, down at the named seconds."""
    for name, off in (("sankofa_pve_up", down), ("sankofa_pve_known", frozenset[int]())):
        samples = [((START + at) * 1000, 0 if at in off else 1) for at in list(moments)]
        source.add(name, samples, site=site, instance=site)


def run(source: ScriptedSamples, table: MemorySlots, clock: FixedClock, slo: Slo | None = None) -> list[Observed]:
    return list(
        observe(
            slo or builders.slo(),
            ["edge-1"],
            START,
            source=source,
            table=table,
            clock=clock,
            delay_seconds=DELAY_SECONDS,
        )
    )


def kept(table: MemorySlots, slo: str = "availability-edge") -> list[SlotState]:
    return [slot.state for slot in table.read(slo, ["edge-1"], Period(starts_at=START, ends_at=START + 10**6))]


def test_observing_counts_closed_slots_and_nothing_twice() -> None:
    """Slots that ended before the delay are counted; a second run adds nothing."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 180 + DELAY_SECONDS)
    states(source, range(0, 240, 15), down=frozenset({75}))

    assert [step.added for step in run(source, table, clock)] == [3]
    assert kept(table) == [SlotState.GOOD, SlotState.BAD, SlotState.GOOD]
    assert run(source, table, clock) == []


def test_late_samples_make_a_revision_and_the_first_stays() -> None:
    """A slot that was UNKNOWN is looked at again; what was recorded first is still there."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 120 + DELAY_SECONDS)
    states(source, range(0, 60, 15))
    run(source, table, clock)
    before = kept(table)
    source.series.clear()
    states(source, range(0, 120, 15))
    run(source, table, clock)

    assert before == [SlotState.GOOD, SlotState.UNKNOWN]
    assert kept(table) == [SlotState.GOOD, SlotState.GOOD]
    revisions = table.revisions["availability-edge", "edge-1", START + 60]
    assert [slot.state for slot in revisions] == [SlotState.UNKNOWN, SlotState.GOOD]


def test_an_uncertain_slot_is_left_alone_when_nothing_it_leans_on_can_come() -> None:
    """Once what it leans on is over, an UNKNOWN slot is read no more by itself."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 60 + DELAY_SECONDS)
    run(source, table, clock)
    clock.forward(600)
    states(source, range(60, 900, 15))
    run(source, table, clock)
    source.reads.clear()
    run(source, table, clock)

    assert source.reads == []
    assert kept(table)[0] == SlotState.UNKNOWN


def test_a_clock_that_runs_ahead_closes_nothing() -> None:
    """Ours says ten minutes more than the source has scraped: only what it has scraped past is counted."""
    source, table = ScriptedSamples(scraped_at=START + 189), MemorySlots()
    states(source, range(0, 195, 15))
    run(source, table, FixedClock(at=START + 600 + DELAY_SECONDS))

    assert len(kept(table)) == 3


def test_late_samples_are_found_by_the_hour_and_counted() -> None:
    """A hole that was filled hours later: the slots that lean on it come out as if it had never been, as revisions."""
    whole, holed = range(0, 7200, 15), [at for at in range(0, 7200, 15) if not 3600 <= at < 5400]
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 7200 + DELAY_SECONDS)
    states(source, holed)
    run(source, table, clock)
    before = kept(table)
    source.series.clear()
    states(source, whole)
    period = Period(starts_at=START, ends_at=START + 7200)

    def looked() -> list[Observed]:
        return list(recount_late(builders.slo(), ["edge-1"], period, source=source, table=table, clock=clock))

    steps, again = looked(), looked()

    assert (before.count(SlotState.UNKNOWN), set(kept(table))) == (30, {SlotState.GOOD})
    assert (sum(step.added for step in steps), again) == (30, [])


def calls(source: ScriptedSamples, moments: Iterable[int]) -> None:
    """Scrapes of one process: ten calls a scrape, of which one is slow at every seventh."""
    every = list(moments)
    for name, labels, value in (
        ("calls_count", {}, lambda at: 10 * (at // 15)),
        ("calls_bucket", {"le": "0.2"}, lambda at: 10 * (at // 15) - at // 105),
        ("up", {}, lambda _: 1),
    ):
        samples = [((START + at) * 1000, value(at)) for at in every]
        source.add(name, samples, site="edge-1", job="app", instance="a", **labels)


@pytest.mark.parametrize("late", [range(3600, 3660), range(3600, 4200), range(3645, 3660), range(3540, 5400)], ids=str)
def test_what_leans_on_late_samples_is_amended_with_their_slots(late: range) -> None:
    """Whoever counts the slots of a hole again amends those around it: afterwards no count of samples would point at them."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 9000 + DELAY_SECONDS)
    calls(source, [at for at in range(0, 9000, 15) if at not in late])
    run(source, table, clock, EVENTS)
    source.series.clear()
    calls(source, range(0, 9000, 15))
    hole = Period(starts_at=START + late.start // 60 * 60, ends_at=START + -(-late.stop // 60) * 60)
    whole = Period(starts_at=START, ends_at=START + 9000)
    before = table.read("latency", ["edge-1"], whole)
    [step] = recount(EVENTS, ["edge-1"], hole, source=source, table=table, clock=clock)
    after = read_slots(EVENTS, ["edge-1"], whole, source)

    assert table.read("latency", ["edge-1"], whole) == after
    assert step.added == sum(one != other for one, other in zip(before, after, strict=True))
    assert step.added > hole.seconds // 60


def test_a_source_that_has_forgotten_changes_nothing() -> None:
    """Prometheus keeps weeks, an agreement judges months: fewer samples than were counted are no reason to count again."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 3600 + DELAY_SECONDS)
    states(source, range(0, 3600, 15))
    run(source, table, clock)
    source.series.clear()
    states(source, range(1800, 3600, 15))
    period = Period(starts_at=START, ends_at=START + 3600)

    ports: dict[str, Any] = {"source": source, "table": table, "clock": clock}

    assert list(recount_late(builders.slo(), ["edge-1"], period, **ports)) == []
    assert [step.added for step in recount(builders.slo(), ["edge-1"], period, **ports)] == [0]
    assert set(kept(table)) == {SlotState.GOOD}
    assert [step.added for step in recount(builders.slo(), ["edge-1"], period, **ports, anyhow=True)] == [30]


def test_recounting_reads_what_it_is_told_whatever_stands() -> None:
    """A stretch before the newest slot is counted again; the rest is left alone."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 600 + DELAY_SECONDS)
    states(source, [at for at in range(0, 700, 15) if at >= 300])
    run(source, table, clock)
    source.series.clear()
    states(source, range(0, 700, 15))
    period = Period(starts_at=START + 61, ends_at=START + 240)
    [step] = recount(builders.slo(), ["edge-1"], period, source=source, table=table, clock=clock)

    assert (step.period, step.added) == (Period(starts_at=START + 120, ends_at=START + 240), 2)
    unknown, good = SlotState.UNKNOWN, SlotState.GOOD
    assert kept(table) == [unknown, unknown, good, good, unknown, *[good] * 5]


def test_a_partial_answer_is_never_counted() -> None:
    """A source that says a part is missing raises, and nothing is recorded."""
    source, table, clock = ScriptedSamples(complete=False), MemorySlots(), FixedClock(at=START + 300)
    states(source, range(0, 240, 15))

    with pytest.raises(Unavailable, match="answered in part"):
        run(source, table, clock)
    assert kept(table) == []


def test_a_source_that_was_away_loses_nothing() -> None:
    """While the source is away nothing is recorded; afterwards the slots are as if it never had been."""
    source, table, clock = ScriptedSamples(away=True), MemorySlots(), FixedClock(at=START + 240 + DELAY_SECONDS)
    states(source, range(0, 240, 15))
    with pytest.raises(Unavailable):
        run(source, table, clock)
    source.away = False
    run(source, table, clock)

    assert kept(table) == [SlotState.GOOD] * 4


def test_series_of_other_sites_and_broken_values_are_not_counted() -> None:
    """Each site gets its own series; NaN, fractions and a sample without its partner are no samples."""
    source = ScriptedSamples()
    states(source, range(0, 60, 15), site="edge-2", down=frozenset({0}))
    source.add(
        "sankofa_pve_up", [((START + at) * 1000, v) for at, v in ((0, "NaN"), (15, "0.5"), (30, 1))], site="edge-1"
    )
    source.add("sankofa_pve_known", [((START + at) * 1000, 1) for at in (0, 15, 30, 45)], site="edge-1")
    one, two = read_slots(builders.slo(), ["edge-1", "edge-2"], Period(starts_at=START, ends_at=START + 60), source)

    assert (one.good, one.bad, one.seen, one.state) == (1, 0, 1, SlotState.UNKNOWN)
    assert (two.good, two.bad, two.state) == (3, 1, SlotState.BAD)


@pytest.mark.parametrize("turn_seconds", [180, 1200])
@pytest.mark.parametrize("stuck", [0, 5000])
@pytest.mark.parametrize("back", [900, 2085])
def test_a_way_back_seen_late_is_counted_from_the_fall_on(stuck: int, back: int, turn_seconds: int) -> None:
    """What shows when the counters are back may belong to slots that were counted long ago: in turns or at once, they say so.

    What is busier only after all that these slots lean on changes nothing of them.
    """
    source = ScriptedSamples()

    def shown(at: int, each: int) -> int:
        busier = max(0, at - back - 1740) * 20
        return stuck if 300 <= at < back else 10_000 + (at + 9000) // 15 * each + busier

    for name, each, more in (("calls_bucket", 10, {"le": "0.2"}), ("calls_count", 11, {})):
        samples = [((START + at) * 1000, shown(at, each)) for at in range(-9000, 7000, 15)]
        source.add(name, samples, site="edge-1", **more)
    table, at_once = in_turns(source, turn_seconds, 7000), MemorySlots()
    run(source, at_once, FixedClock(at=START + 6900 + DELAY_SECONDS), EVENTS)
    whole = Period(starts_at=START, ends_at=START + 4500)
    found = table.read("latency", ["edge-1"], whole)

    assert found == at_once.read("latency", ["edge-1"], whole)
    assert {slot.state for slot in found[5 : back // 60]} == {SlotState.UNKNOWN}
    assert all("return" in slot.reasons for slot in found[5 : back // 60 + 1])


def in_turns(source: ScriptedSamples, turn_seconds: int, seconds: int) -> MemorySlots:
    """What is observed turn by turn, with the samples that are there by then."""
    table, clock = MemorySlots(), FixedClock(at=START + DELAY_SECONDS)
    while clock.at < START + seconds:
        arrived = ScriptedSamples(scraped_at=clock.at)
        arrived.series = [
            replace(one, samples=[s for s in one.samples if s[0] <= clock.at * 1000]) for one in source.series
        ]
        run(arrived, table, clock, EVENTS)
        clock.forward(turn_seconds)
    return table


@pytest.mark.parametrize("turn_seconds", [60, 180, 1200])
def test_observing_in_turns_gives_the_slots_of_one_read(turn_seconds: int) -> None:
    """Minute by minute, or all at once: the same slots to the last proof, over a gap, a restart and a first error."""
    source = ScriptedSamples()
    seen = [at for at in range(-9000, 4000, 15) if not 300 <= at < 540]
    for name, each, more in (("calls_bucket", 10, {"le": "0.2"}), ("calls_count", 11, {})):
        samples = [
            ((START + at) * 1000, ((at + 9000) // 15 + 1) * each if at < 900 else (at - 885) // 15 * each)
            for at in seen
        ]
        source.add(name, samples, site="edge-1", **more)
    table = in_turns(source, turn_seconds, 4000)
    at_once = MemorySlots()
    run(source, at_once, FixedClock(at=START + 3600 + DELAY_SECONDS), EVENTS)
    whole = Period(starts_at=START, ends_at=START + 1200)

    assert table.read("latency", ["edge-1"], whole) == at_once.read("latency", ["edge-1"], whole)


def test_reads_are_bounded_by_days_and_by_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long past is read a day at a time, and many sites in groups; no slot is read twice."""
    monkeypatch.setattr(module, "MAX_SAMPLES_A_READ", 3 * 6000)
    source, table = ScriptedSamples(), MemorySlots()
    sites = [f"edge-{n}" for n in range(7)]
    clock = FixedClock(at=START + 2 * 86_400 + 3600 + DELAY_SECONDS)
    steps = list(
        observe(builders.slo(), sites, START, source=source, table=table, clock=clock, delay_seconds=DELAY_SECONDS)
    )

    assert [(step.period.seconds, step.sites) for step in steps] == [
        *[(86_400, n) for n in (3, 3, 1)] * 2, *[(3600, n) for n in (3, 3, 1)],
    ]  # fmt: skip
    assert sum(step.added for step in steps) == 7 * (2 * 1440 + 60)


def test_a_slo_may_have_no_site() -> None:
    """An SLO of a tier without sites reads nothing."""
    source = ScriptedSamples()
    lone = replace(builders.slo(), tier="core")

    assert (
        list(
            observe(
                lone,
                [],
                START,
                source=source,
                table=MemorySlots(),
                clock=FixedClock(at=START + 300),
                delay_seconds=DELAY_SECONDS,
            )
        )
        == []
    )
    assert source.reads == []


@pytest.mark.parametrize("valid", ["took_count", 'took_bucket{le="+Inf"}'])
def test_events_without_the_bucket_of_the_bound_are_unknown_and_never_bad(valid: str) -> None:
    """Of a histogram with buckets at 0.1 s and 1 s nobody can tell how many events took 0.2 s; all that were counted may be good."""
    source = ScriptedSamples(scraped_at=START + 3600)
    counts = [((START + at) * 1000, 100 + at) for at in range(-7200, 3600, 15)]
    for name, labels in (("took_count", {}), *(("took_bucket", {"le": le}) for le in ("0.1", "1.0", "+Inf"))):
        source.add(name, counts, site="edge-1", job="app", instance="a", **labels)
    slo = builders.slo(
        indicator=RatioIndicator(good='took_bucket{le="0.2"}', valid=valid), budgeting=Budgeting.OCCURRENCES
    )
    table = MemorySlots()
    list(observe(slo, ["edge-1"], START, source=source, table=table, clock=FixedClock(at=START + 3600), delay_seconds=30))  # fmt: skip

    found = table.read(slo.counted_as, ["edge-1"], period())
    assert {(one.state, one.good, one.bad, one.hidden) for one in found} == {(SlotState.UNKNOWN, 0, 0, 60)}
