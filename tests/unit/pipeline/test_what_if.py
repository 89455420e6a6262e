"""What was attained in the past, from totals of days: as a verdict is drawn, with or without what is excluded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.period import period_totals
from sankofa_observe.pipeline.what_if import Compared, NotPriced, attained, compare, past_periods
from sankofa_observe.sla.what_if import Change, Owed
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, Edges, edges, total
from sankofa_observe.slo.verdict import Attainment, attain
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.testing import MemorySlots
from sankofa_observe.units import Period
from tests.builders import START, agreement, slo, slot

STEP = DAY_SECONDS // 4  # four slots a day: days and their edges are many, slots few
PERIODS = [Period(starts_at=START + n * 7 * STEP, ends_at=START + (n + 1) * 7 * STEP) for n in range(3)]
SITES = ["edge-1", "edge-2"]


def counted(budgeting: Budgeting) -> Slo:
    made = slo(budgeting=budgeting, window=FixedWindow(seconds=7 * STEP, anchor_at=START))
    kind = RatioIndicator(good="good", valid="valid") if budgeting is Budgeting.OCCURRENCES else made.indicator
    return replace(made, indicator=kind, slot=replace(made.slot, seconds=STEP))


@st.composite
def tables(draw: st.DrawFn) -> dict[tuple[str, int], Slot]:
    """Slots with all that may float over an edge; some were never recorded."""
    found = {}
    for site in SITES:
        for number in range(-2, 23):
            if not draw(st.integers(0, 9)):
                continue
            some = st.integers(0, 5)
            counts: dict[str, Any] = {
                name: draw(some)
                for name in ("good", "bad", "hidden", "over_good", "over_bad", "over_hidden", "settling")
            }
            state = draw(st.sampled_from(SlotState))
            blind = draw(st.sampled_from([0, 0, 0, STEP]))
            at = START + number * STEP
            found[site, at] = slot(at, state, site=site, blind=blind, **counts)
    return found


def table_of(slots: dict[tuple[str, int], Slot]) -> MemorySlots:
    made = MemorySlots()
    made.append(slots.values(), START)
    return made


@given(tables(), st.sampled_from(Budgeting))
def test_without_exclusions_it_is_what_verdicts_are_drawn_from(
    slots: dict[tuple[str, int], Slot], budgeting: Budgeting
) -> None:
    """To the last figure, of every period and site."""
    of, table = counted(budgeting), table_of(slots)
    found = attained(of, SITES, PERIODS, (), table)
    assert found == {
        (site, period): period_totals(of, SITES, period, table)[site].attainment(of)
        for period in PERIODS
        for site in SITES
    }


def spec(of: Slo, site: str, period: Period, holes: Sequence[Period], slots: dict[tuple[str, int], Slot]) -> Attainment:
    """Slot by slot: those wholly inside an exclusion are gone, and each run of what is left has edges of its own."""

    def excluded(at: int) -> bool:
        return any(one.starts_at <= at and at + STEP <= one.ends_at for one in holes)

    def there(at: int) -> Slot:
        unseen = Slot(slo=of.name, site=site, starts_at=at, blind=STEP)
        return slots.get((site, at), unseen)

    kept = [at for at in range(period.starts_at, period.ends_at, STEP) if not excluded(at)]
    runs: list[list[int]] = []
    for at in kept:
        if runs and runs[-1][-1] == at - STEP:
            runs[-1].append(at)
        else:
            runs.append([at])
    every = [
        edges(
            slots.get((site, run[0])), slots.get((site, run[0] - STEP)), slots.get((site, run[-1])),
            slots.get((site, run[-1] + STEP)),
        )
        for run in runs
    ]  # fmt: skip
    names = vars(Edges())
    summed = Edges(**{name: sum(getattr(one, name) for one in every) for name in names})
    return attain(of, total(there(at) for at in kept), summed)


@given(
    tables(),
    st.sampled_from(Budgeting),
    st.lists(st.tuples(st.integers(-STEP, 22 * STEP), st.integers(1, 9 * STEP)), max_size=3),
)
def test_excluded_slots_are_as_if_they_had_not_been(
    slots: dict[tuple[str, int], Slot], budgeting: Budgeting, drawn: list[tuple[int, int]]
) -> None:
    """A slot that is half inside stays; whatever days and periods an exclusion cuts."""
    holes: list[Period] = []
    for start, long in sorted(drawn):  # as the command line makes them: in order and apart
        one = Period(starts_at=START + start, ends_at=START + start + long)
        if holes and one.starts_at <= holes[-1].ends_at:
            holes[-1] = holes[-1].joined(one)
        else:
            holes.append(one)
    of, table = counted(budgeting), table_of(slots)
    found = attained(of, SITES, PERIODS, holes, table)
    for (site, period), what in found.items():
        if isinstance(what, str):
            assert all(
                any(one.starts_at <= at < one.ends_at for one in holes) for at in (period.starts_at, period.ends_at - 1)
            )
            assert what == "every slot of it is excluded, so nothing is promised of it"
            continue
        expected = spec(of, site, period, holes, slots)
        assert replace(what, slots={}) == replace(expected, slots={})
        assert {k: v for k, v in what.slots.items() if v} == {k: v for k, v in expected.slots.items() if v}


# ------------------------------------------------------------------------------------------------------- from a table

DAYS = 6
AGREEMENT = agreement(
    promises=tuple(
        replace(
            agreement().promises[0], slo=slo(window=FixedWindow(seconds=2 * DAY_SECONDS, anchor_at=START)), site=site
        )
        for site in SITES
    )
)
CHANGE = Change(slo="availability-edge", target_ppm=999_700)


@pytest.fixture
def forgotten(tmp_path: Path) -> DeltaSlots:
    """Six days of two sites, a bad slot in the second period of one of them; of all but the last day only totals are left."""
    table = DeltaSlots(tmp_path, "observer-1")
    for site in SITES:
        states = {3 * 1440: SlotState.BAD} if site == "edge-1" else {}
        table.append(
            [slot(START + 60 * n, states.get(n, SlotState.GOOD), site=site) for n in range(DAYS * 1440)], START
        )
    for day in range(DAYS - 1):
        table.seal(START // DAY_SECONDS + day, START)
    table.retain(0, START // DAY_SECONDS + DAYS - 1)
    return table


def test_the_past_is_priced_from_totals_alone(forgotten: DeltaSlots) -> None:
    """With the slots gone, what one bad minute of two days would have cost at 99.97 % is still said."""
    with closing(forgotten) as table:
        found = list(compare([AGREEMENT], CHANGE, (), table=table, last=2))
        past = past_periods(AGREEMENT, table, 12)
    assert [one.starts_at - START for one in past] == [0, 2 * DAY_SECONDS]
    priced = [(one.actual.promise.site, one.was.owed, one.would_be.owed) for one in found if isinstance(one, Compared)]
    none, some = Owed(), Owed(low_minor=12_500, high_minor=12_500)
    assert priced == [("edge-1", none, none), ("edge-2", none, none), ("edge-1", none, some), ("edge-2", none, none)]


def test_an_exclusion_that_cuts_a_day_without_slots_is_told(forgotten: DeltaSlots) -> None:
    """It would read as a day of which nothing is known; whole days can be excluded all the same."""
    hours = Period(starts_at=START + 3 * DAY_SECONDS, ends_at=START + 3 * DAY_SECONDS + 7200)
    day = Period(starts_at=START + 3 * DAY_SECONDS, ends_at=START + 4 * DAY_SECONDS)
    with closing(forgotten) as table:
        cut = list(compare([AGREEMENT], CHANGE, [hours], table=table, last=1))
        whole = list(compare([AGREEMENT], CHANGE, [day], table=table, last=1))
    assert [one.problem for one in cut if isinstance(one, NotPriced)] == [
        "slots of 2026-01-04 are no longer kept, and only a part of that day is asked for"
    ] * 2
    assert [one.would_be.owed for one in whole if isinstance(one, Compared)] == [Owed(), Owed()]


def test_a_period_that_is_excluded_as_a_whole_is_told_and_costs_nothing(forgotten: DeltaSlots) -> None:
    """It is neither met nor undetermined: nothing is promised of it."""
    whole = Period(starts_at=START + 2 * DAY_SECONDS, ends_at=START + 4 * DAY_SECONDS)
    with closing(forgotten) as table:
        found = list(compare([AGREEMENT], CHANGE, [whole], table=table, last=1))
    assert [one.problem for one in found if isinstance(one, NotPriced)] == [
        "every slot of it is excluded, so nothing is promised of it"
    ] * 2


def test_nothing_is_over_before_the_newest_slot_says_so() -> None:
    """An agreement that has just begun, or of which nothing was counted, has no past."""
    assert past_periods(AGREEMENT, MemorySlots(), 12) == []
    table = MemorySlots()
    table.append([slot(START + 60)], START)
    assert list(compare([AGREEMENT], CHANGE, (), table=table, last=12)) == []
