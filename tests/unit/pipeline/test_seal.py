"""seal: days that are over get their totals, and late samples are looked for as long as somebody may wait for them."""

from __future__ import annotations

from pathlib import Path

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.seal import CHECK_SECONDS, WAIT_SECONDS, Checked, Sealed, seal
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.testing import FixedClock, ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import START, slo, slot

FIRST_DAY = START // DAY_SECONDS
OVER = START + DAY_SECONDS
DAY = Period(starts_at=START, ends_at=OVER)
HOLE = range(36_000, 43_200)


def scrapes(source: ScriptedSamples, hole: range = range(0)) -> None:
    """Up all day and a bit, scraped each 15 s but in the hole."""
    source.series.clear()
    samples = [((START + at) * 1000, 1) for at in range(0, DAY_SECONDS + 7200, 15) if at not in hole]
    for name in ("sankofa_pve_up", "sankofa_pve_known"):
        source.add(name, samples, site="edge-1", job="p", instance="a")


def sealed(source: ScriptedSamples, store: DeltaSlots, at: int, checked: Checked, *, grace: int = 0) -> list[Sealed]:
    covered = [(slo(), ["edge-1"], grace)]
    clock = FixedClock(at=at)
    return list(seal(covered, source=source, store=store, clock=clock, checked=checked))


def counted(source: ScriptedSamples, store: DeltaSlots, at: int) -> None:
    for _ in observe(slo(), ["edge-1"], START, source=source, table=store, clock=FixedClock(at=at), delay_seconds=30):
        pass


def good(store: DeltaSlots) -> list[tuple[int, int]]:
    """Revision and GOOD slots of the day's totals."""
    return [
        (one.revision, one.totals.states[SlotState.GOOD])
        for one in store.site_days("availability-edge", ["edge-1"], DAY)
    ]


def test_day_is_sealed_an_hour_after_its_end(tmp_path: Path) -> None:
    """Not before, and once."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source)
    counted(source, store, OVER + 600)
    turns = [sealed(source, store, OVER + after, checked) for after in (600, WAIT_SECONDS, WAIT_SECONDS + 60)]

    assert turns == [[], [Sealed(day=FIRST_DAY, site_days=1)], []]
    assert good(store) == [(1, 1440)]


def test_late_samples_are_counted_before_and_after_a_day_is_sealed(tmp_path: Path) -> None:
    """A hole that is filled before the seal is in its totals; one that is filled later makes a revision, within the grace."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source, HOLE)
    counted(source, store, OVER + 600)
    first = sealed(source, store, OVER + WAIT_SECONDS, checked, grace=2 * DAY_SECONDS)
    before = good(store)
    scrapes(source)
    soon = sealed(source, store, OVER + WAIT_SECONDS + CHECK_SECONDS - 1, checked, grace=2 * DAY_SECONDS)
    unchanged = good(store)
    sealed(source, store, OVER + WAIT_SECONDS + CHECK_SECONDS, checked, grace=2 * DAY_SECONDS)

    assert ([one.site_days for one in first], soon, unchanged == before) == ([1], [], True)
    assert (before, good(store)) == ([(1, 1440 - 120)], [(2, 1440)])


def test_a_sealed_day_is_looked_at_as_long_as_a_grace_lasts_and_no_longer(tmp_path: Path) -> None:
    """Two days and a half after its end late samples still change it where an agreement waits for three days, and no more where none does."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source, HOLE)
    counted(source, store, OVER + 600)
    sealed(source, store, OVER + WAIT_SECONDS, checked)
    later = OVER + 5 * DAY_SECONDS // 2
    store.append([slot(later, SlotState.UNKNOWN)], later)  # the newest one that is known
    scrapes(source)
    found = []
    for grace in (0, 3 * DAY_SECONDS):
        sealed(source, store, later + 60, checked, grace=grace)
        found += good(store)
    assert found == [(1, 1440 - 120), (2, 1440)]


def test_source_that_is_away_keeps_no_day_from_being_sealed(tmp_path: Path) -> None:
    """It is sealed, says why late samples were not looked for, and is looked at again as soon as the source is back."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source, HOLE)
    counted(source, store, OVER + 600)
    scrapes(source)
    source.away = True
    [told] = sealed(source, store, OVER + WAIT_SECONDS, checked, grace=2 * DAY_SECONDS)
    source.away = False
    sealed(source, store, OVER + WAIT_SECONDS + 60, checked, grace=2 * DAY_SECONDS)

    assert ("switched away" in told.problem, told.site_days) == (True, 1)
    assert good(store) == [(2, 1440)]


def test_a_sealed_day_whose_source_is_away_says_so_and_is_looked_at_again_in_the_next_turn(tmp_path: Path) -> None:
    """A look that failed is none: it is not put off for hours."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source, HOLE)
    counted(source, store, OVER + 600)
    sealed(source, store, OVER + WAIT_SECONDS, checked, grace=2 * DAY_SECONDS)
    scrapes(source)
    source.away = True
    [told] = sealed(source, store, OVER + WAIT_SECONDS + CHECK_SECONDS, checked, grace=2 * DAY_SECONDS)
    source.away = False
    sealed(source, store, OVER + WAIT_SECONDS + CHECK_SECONDS + 60, checked, grace=2 * DAY_SECONDS)

    assert (told.day, told.site_days, "switched away" in told.problem) == (FIRST_DAY, 0, True)
    assert good(store) == [(2, 1440)]


def test_clock_that_runs_ahead_seals_and_forgets_nothing(tmp_path: Path) -> None:
    """Eight years ahead for one turn: the day that runs goes on, and every slot stands."""
    source, store, checked = ScriptedSamples(), DeltaSlots(tmp_path, "o"), Checked()
    scrapes(source)
    counted(source, store, OVER - 3600)
    there = store.read("availability-edge", ["edge-1"], DAY)
    assert sealed(source, store, OVER + 8 * 366 * DAY_SECONDS, checked) == []
    assert store.read("availability-edge", ["edge-1"], DAY) == there != []
    counted(source, store, OVER + 600)
    assert [one.site_days for one in sealed(source, store, OVER + WAIT_SECONDS, checked)] == [1]
    assert sealed(source, store, OVER + 8 * 366 * DAY_SECONDS, checked) == []
    assert (good(store), len(store.read("availability-edge", ["edge-1"], DAY))) == ([(1, 1440)], 1440)
