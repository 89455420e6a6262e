"""observe: raw samples become slots, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline import observe as module
from sankofa_observe.pipeline.observe import Lateness, Observed, observe, read_slots
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import FixedClock, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import START

LATE = Lateness(delay_seconds=30, look_again_seconds=3600)
EVENTS = builders.slo("latency", indicator=RatioIndicator(good='calls_bucket{le="0.2"}', valid="calls_count"))


def states(
    source: ScriptedSamples, moments: range, *, site: str = "edge-1", down: frozenset[int] = frozenset()
) -> None:
    """Scrapes of a cluster that knows, down at the named seconds."""
    for name, off in (("sankofa_pve_up", down), ("sankofa_pve_known", frozenset[int]())):
        samples = [((START + at) * 1000, 0 if at in off else 1) for at in moments]
        source.add(name, samples, site=site, instance=site)


def counters(source: ScriptedSamples, moments: list[int]) -> None:
    """A counter pair that grows by ten good of eleven each 15 seconds, seen only at the named seconds."""
    for name, each, more in (("calls_bucket", 10, {"le": "0.2"}), ("calls_count", 11, {})):
        samples = [((START + at) * 1000, (at // 15 + 10) * each) for at in moments]
        source.add(name, samples, site="edge-1", **more)


def run(source: ScriptedSamples, table: MemorySlots, clock: FixedClock, slo: Slo | None = None) -> list[Observed]:
    return list(observe(slo or builders.slo(), ["edge-1"], START, source=source, table=table, clock=clock, late=LATE))


def kept(table: MemorySlots, slo: str = "availability-edge") -> list[SlotState]:
    return [slot.state for slot in table.read(slo, ["edge-1"], Period(starts_at=START, ends_at=START + 10**6))]


def test_observing_counts_closed_slots_and_nothing_twice() -> None:
    """Slots that ended before the delay are counted; a second run adds nothing."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 180 + LATE.delay_seconds)
    states(source, range(0, 240, 15), down=frozenset({75}))

    assert [step.added for step in run(source, table, clock)] == [3]
    assert kept(table) == [SlotState.GOOD, SlotState.BAD, SlotState.GOOD]
    assert run(source, table, clock) == []


def test_late_samples_make_a_revision_and_the_first_stays() -> None:
    """A slot that was UNKNOWN is looked at again; what was recorded first is still there."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 120 + LATE.delay_seconds)
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


def test_an_unknown_slot_is_left_alone_after_its_time() -> None:
    """Once the time for late samples is over, an UNKNOWN slot is read no more."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 60 + LATE.delay_seconds)
    run(source, table, clock)
    clock.forward(LATE.look_again_seconds + 120)
    states(source, range(60, LATE.look_again_seconds + 240, 15))
    run(source, table, clock)
    source.reads.clear()
    run(source, table, clock)

    assert source.reads == []
    assert kept(table)[0] == SlotState.UNKNOWN


def test_a_partial_answer_is_never_counted() -> None:
    """A source that says a part is missing raises, and nothing is recorded."""
    source, table, clock = ScriptedSamples(complete=False), MemorySlots(), FixedClock(at=START + 300)
    states(source, range(0, 240, 15))

    with pytest.raises(Unavailable, match="answered in part"):
        run(source, table, clock)
    assert kept(table) == []


def test_a_source_that_was_away_loses_nothing() -> None:
    """While the source is away nothing is recorded; afterwards the slots are as if it never had been."""
    source, table, clock = ScriptedSamples(away=True), MemorySlots(), FixedClock(at=START + 240 + LATE.delay_seconds)
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

    assert (one.seen, one.valid, one.state) == (1, 1, SlotState.UNKNOWN)
    assert (two.good, two.valid, two.state) == (3, 4, SlotState.BAD)


@pytest.mark.parametrize("samples_a_read", [10**6, 8 * 4, 3 * 4, 4])
def test_reading_in_pieces_gives_the_slots_of_one_read(monkeypatch: pytest.MonkeyPatch, samples_a_read: int) -> None:
    """A gap over the edge of a read is recovered as in one read, and the events add up to the last one."""
    monkeypatch.setattr(module, "MAX_SAMPLES_A_READ", samples_a_read)
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 1200 + LATE.delay_seconds)
    seen = [at for at in range(-15, 1200, 15) if not 300 <= at < 540]
    counters(source, seen)
    run(source, table, clock, EVENTS)
    slots = table.read("latency", ["edge-1"], Period(starts_at=START, ends_at=START + 1200))

    assert (sum(s.good for s in slots), sum(s.valid for s in slots)) == (800, 880)
    assert [slot.state for slot in slots[5:9]] == [SlotState.RECOVERED] * 4
    assert SlotState.UNKNOWN not in {slot.state for slot in slots}


def test_a_gap_that_ends_later_is_recovered_when_it_has_ended() -> None:
    """What was UNKNOWN while the exporter was silent becomes RECOVERED once its counter is seen again."""
    source, table, clock = ScriptedSamples(), MemorySlots(), FixedClock(at=START + 300 + LATE.delay_seconds)
    counters(source, [at for at in range(-15, 300, 15) if at < 120])
    run(source, table, clock, EVENTS)
    during = kept(table, "latency")
    source.series.clear()
    counters(source, [at for at in range(-15, 600, 15) if at < 120 or at >= 420])
    clock.forward(300)
    run(source, table, clock, EVENTS)
    slots = table.read("latency", ["edge-1"], Period(starts_at=START, ends_at=START + 600))

    assert during[2:] == [SlotState.UNKNOWN] * 3
    assert [slot.state for slot in slots[2:7]] == [SlotState.RECOVERED] * 5
    assert sum(slot.good for slot in slots) == 400


def test_a_slo_may_have_no_site() -> None:
    """An SLO of a tier without sites reads nothing."""
    source = ScriptedSamples()
    lone = replace(builders.slo(), tier="core")

    assert (
        list(observe(lone, [], START, source=source, table=MemorySlots(), clock=FixedClock(at=START + 300), late=LATE))
        == []
    )
    assert source.reads == []
