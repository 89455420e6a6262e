"""What exclusions and undeployed time do to a verdict: from the slots themselves, and the same from totals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_observe.pipeline.period import laid_over, period_slots
from sankofa_observe.sla.overlay import (
    Applied,
    ExcludedSlots,
    Overlay,
    Use,
    of_slots,
    overlay_of_plain,
    plain,
    reach_seconds,
    runs,
)
from sankofa_observe.slo.indicator import OutageIndicator, RatioIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, Edges
from sankofa_observe.slo.verdict import Attainment, Verdict, attain, judge
from sankofa_observe.testing import MemorySlots
from sankofa_observe.units import Period
from tests.builders import START, period, slo, slot

OUT, UP = ExcludedSlots.LEAVES_BASE, ExcludedSlots.COUNTS_AS_UP
SLICES = slo(target_ppm=900_000)
EVENTS = slo(
    target_ppm=900_000,
    budgeting=Budgeting.OCCURRENCES,
    indicator=RatioIndicator(good="good", valid="valid"),
    no_traffic=NoTraffic.EXCLUDED,
)
STATE = {"G": SlotState.GOOD, "B": SlotState.BAD, "U": SlotState.UNKNOWN, "I": SlotState.NO_TRAFFIC}


def drawn(states: str) -> list[Slot]:
    """Slots of a minute by a letter each; of events, each has 10 and a bad one has 5 bad."""
    counts = {"G": (10, 0, 0), "B": (5, 5, 0), "U": (0, 0, 10), "I": (0, 0, 0)}
    return [
        slot(START + 60 * n, STATE[one], good=counts[one][0], bad=counts[one][1], hidden=counts[one][2])
        for n, one in enumerate(states)
    ]


def over(*seconds: tuple[int, int], meaning: ExcludedSlots = OUT, since: int = 0) -> Overlay:
    """Exclusions from and until so many seconds after the start."""
    applied = (Applied(starts_at=START + low, ends_at=START + high, exclusion_id=f"0x{n}") for n, (low, high) in enumerate(seconds))  # fmt: skip
    return Overlay(excluded_slots=meaning, since_at=since and START + since, applied=tuple(sorted(applied)))


def shape(overlay: Overlay, slots: int = 10) -> str:
    """Each slot by a letter: judged, out or up."""
    letters = {Use.JUDGED: "j", Use.LEFT_OUT: ".", Use.UP: "u"}
    found = runs(overlay, Period(starts_at=START, ends_at=START + 60 * slots), 60)
    return "".join(letters[one.use] * (one.period.seconds // 60) for one in found)


@pytest.mark.parametrize(
    ("overlay", "wanted"),
    [
        (over(), "jjjjjjjjjj"),
        (over((0, 60)), ".jjjjjjjjj"),
        (over((1, 119)), "jjjjjjjjjj"),  # no slot lies wholly inside
        (over((59, 181)), "j..jjjjjjj"),
        (over((60, 90), (90, 120)), "j.jjjjjjjj"),  # two that touch are one
        (over((60, 89), (90, 120)), "jjjjjjjjjj"),
        (over((60, 200), (120, 180)), "j..jjjjjjj"),
        (over((-500, 9_000)), ".........."),
        (over((540, 9_000)), "jjjjjjjjj."),
        (over((60, 120), meaning=UP), "jujjjjjjjj"),
        (over(since=150), "..jjjjjjjj"),
        (over((120, 240), since=150), "....jjjjjj"),  # what is half undeployed and half excluded is wholly outside
        (over((120, 240), since=150, meaning=UP), "..uujjjjjj"),  # undeployed time is never up
        (over((0, 240), since=120, meaning=UP), "..uujjjjjj"),
        (over(since=9_000), ".........."),
    ],
)
def test_a_slot_is_taken_when_it_lies_wholly_inside(overlay: Overlay, wanted: str) -> None:
    """Half inside stays, in the union of all; the time before a site was deployed is in no base, whatever else is agreed."""
    assert shape(overlay) == wanted


@pytest.mark.parametrize(
    ("states", "overlay", "wanted", "verdict"),
    [
        ("GGGGGGGGGB", over(), (9, 1, 0, 0), Verdict.MET),
        ("GGGGGGGGBB", over(), (8, 2, 0, 0), Verdict.BREACH),
        ("GGGGGGGGBB", over((480, 540)), (8, 1, 0, 1), Verdict.BREACH),  # out of the base: 8 of 9
        ("GGGGGGGGBB", over((480, 540), meaning=UP), (9, 1, 0, 1), Verdict.MET),  # as up: 9 of 10
        ("GGGGGGGGBB", over((480, 600)), (8, 0, 0, 2), Verdict.MET),
        ("GGGGGGGGUU", over((480, 600)), (8, 0, 0, 2), Verdict.MET),
        ("BBBBBBBBBB", over((0, 600)), (0, 0, 0, 10), Verdict.MET),  # nothing was promised
        ("BBBBBBBBBB", over((0, 600), meaning=UP), (10, 0, 0, 10), Verdict.MET),
        ("BBBBBGGGGG", over(since=300), (5, 0, 0, 5), Verdict.MET),
        ("UUUUUUUUUU", over(since=540), (0, 0, 1, 9), Verdict.UNDETERMINED),
    ],
)
def test_time_is_judged_by_what_is_left(
    states: str, overlay: Overlay, wanted: tuple[int, int, int, int], verdict: Verdict
) -> None:
    """Out of the base a slot is as if it had not been; as up it is good."""
    found = of_slots(SLICES, drawn(states), Edges(), overlay)

    assert (found.good, found.bad, found.unknown, found.excluded) == wanted
    assert judge(SLICES, found) is verdict


@pytest.mark.parametrize(
    ("overlay", "wanted"),
    [
        (over((60, 120)), (15, 5, 10)),
        (over((60, 120), meaning=UP), (25, 5, 10)),  # its bad events count as good: those that were counted
        (over((180, 240)), (20, 10, 0)),
        (over((180, 240), meaning=UP), (20, 10, 0)),  # of what nobody saw nothing is said
    ],
)
def test_events_are_judged_by_those_outside(overlay: Overlay, wanted: tuple[int, int, int]) -> None:
    """Slots of 10 events: bad, excluded, good, unknown."""
    found = of_slots(EVENTS, drawn("BBGU"), Edges(), overlay)

    assert (found.good, found.bad, found.unknown) == wanted


def test_what_may_stand_on_either_side_of_an_edge_is_possible_before_it_and_taken_off_after_it() -> None:
    """Of events only: an exclusion has the edges that a period has."""
    slots = drawn("GGGG")
    slots[1] = replace(slots[1], over_good=2, over_bad=1, over_hidden=3)  # the first that is excluded
    slots[2] = replace(slots[2], over_good=4)  # the first after it
    slots[0] = replace(slots[0], settling=0)
    found = of_slots(EVENTS, slots, Edges(), over((60, 120)))

    # before: 10 good, and 2 + 1 + 3 more are possible; after: 20 good, of which 4 are no longer certain
    assert (found.good, found.bad, found.unknown) == (10 + 16, 0, 6 + 4)


def test_time_without_any_measure_counts_by_what_is_judged() -> None:
    """A busy slot that is excluded measures nothing, and without another one nobody can tell."""
    slots = [*drawn("GG"), slot(START + 120, SlotState.UNKNOWN, good=0, hidden=0, blind=60)]
    slots[1] = replace(slots[1], good=100)

    assert of_slots(EVENTS, slots, Edges(), over((60, 120))).unknown == 20
    assert of_slots(EVENTS, slots, Edges(), over()).unknown == 200
    assert not of_slots(EVENTS, slots, Edges(), over((0, 120))).bounded


def test_without_an_overlay_it_is_what_the_slots_attain() -> None:
    """One rule, and not a second one beside it."""
    slots, edges = drawn("GBUIGG"), Edges(settled=1, after_good=2, after_hidden=3)
    for one in (SLICES, EVENTS):
        assert of_slots(one, slots, edges, Overlay()) == period_attained(one, slots, edges)


def period_attained(of: Slo, slots: list[Slot], outer: Edges) -> Attainment:
    from sankofa_observe.slo.totals import edges, total

    own = edges(slots[0], None, slots[-1], None)
    return attain(of, total(slots), replace(own, settled=outer.settled, after_good=outer.after_good, after_hidden=outer.after_hidden))  # fmt: skip


COUNTS = st.integers(0, 9)
SLOT = st.builds(
    lambda state, good, bad, hidden, blind, over: dict(  # noqa: C408
        state=state, good=good, bad=bad, hidden=hidden, blind=60 * blind, over_good=over[0], over_bad=over[1],
        over_hidden=over[2], settling=over[3],
    ),
    st.sampled_from(list(SlotState)), COUNTS, COUNTS, COUNTS, st.integers(0, 1), st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
)  # fmt: skip


@given(
    st.lists(SLOT, min_size=3, max_size=32),
    st.lists(st.tuples(st.integers(-200, 1900), st.integers(1, 900)), max_size=4),
    st.sampled_from(list(ExcludedSlots)),
    st.sampled_from([0, 0, 30, 600, 4_000]),
    st.sampled_from([SLICES, EVENTS]),
    st.integers(0, 29),
)
@settings(deadline=None)
def test_totals_of_runs_say_what_the_slots_say(
    around: list[dict[str, int]],
    stretches: list[tuple[int, int]],
    meaning: ExcludedSlots,
    since: int,
    of: Slo,
    midnight: int,
) -> None:
    """However exclusions lie, over the edges of days and of the period too: what is read by days is what is read slot by slot."""
    start = START + DAY_SECONDS - 60 * midnight
    period = Period(starts_at=start, ends_at=start + 60 * (len(around) - 2))  # a slot on each side is not of it
    table = MemorySlots()
    table.append([slot(start + 60 * (n - 1), **one) for n, one in enumerate(around)], 0)  # type: ignore[arg-type]
    applied = {Applied(starts_at=start + low, ends_at=start + low + length, exclusion_id="0x1") for low, length in stretches}  # fmt: skip
    overlay = Overlay(excluded_slots=meaning, since_at=since and start + since, applied=tuple(sorted(applied)))
    whole = period_slots(of, "edge-1", period, table)

    cut = runs(overlay, period, 60)
    assert laid_over(of, ["edge-1"], {period: cut}, table)["edge-1", period] == whole.attainment(of, overlay)
    assert sum(one.period.seconds for one in cut) == period.seconds
    assert overlay_of_plain(plain(overlay)) == overlay


@pytest.mark.parametrize(
    ("overlay", "wanted"),
    [
        (over((60, 120)), "j...jjjjjj"),
        (over((-300, -120)), "jjjjjjjjjj"),
        (over((-120, 0)), "..jjjjjjjj"),  # an exclusion before the period takes what follows from its slots
        (over((-120, -60)), ".jjjjjjjjj"),
        (over((60, 120), (240, 300), meaning=UP), "juuuuuujjj"),
        (over(since=60, meaning=UP), "...jjjjjjj"),
        (over((60, 120), since=60, meaning=UP), "...ujjjjjj"),
    ],
)
def test_a_slot_of_an_outage_is_taken_with_those_that_it_follows_from(overlay: Overlay, wanted: str) -> None:
    """Three slots fill its limit: time that is excluded is no part of any outage, and what begins after it counts in full."""
    outage = slo(indicator=OutageIndicator(of="availability-edge", limit_seconds=180))
    letters = {Use.JUDGED: "j", Use.LEFT_OUT: ".", Use.UP: "u"}
    found = runs(overlay, Period(starts_at=START, ends_at=START + 600), 60, reach_seconds(outage))

    assert "".join(letters[one.use] * (one.period.seconds // 60) for one in found) == wanted


def slow(overlay: Overlay, slots: Iterable[Slot]) -> str:
    """By seconds: a slot is taken when each of its seconds is covered."""
    found = ""
    for one in slots:
        seconds = range(one.starts_at, one.starts_at + 60)
        undeployed = all(at < overlay.since_at for at in seconds)
        covered = all(at < overlay.since_at or any(x.starts_at <= at < x.ends_at for x in overlay.applied) for at in seconds)  # fmt: skip
        found += "." if undeployed or (covered and overlay.excluded_slots is OUT) else "u" if covered else "j"
    return found


@given(
    st.lists(st.tuples(st.integers(-100, 700), st.integers(1, 300)), max_size=4),
    st.sampled_from(list(ExcludedSlots)),
    st.integers(0, 700),
)
def test_runs_are_those_of_a_look_at_every_second(
    stretches: list[tuple[int, int]], meaning: ExcludedSlots, since: int
) -> None:
    """The specification, as slow as it is plain."""
    overlay = over(*((low, low + length) for low, length in stretches), meaning=meaning, since=since)

    assert shape(overlay) == slow(overlay, drawn("G" * 10))


def test_a_site_that_was_deployed_where_its_first_slot_may_reach_to_takes_nothing() -> None:
    """Nor does one that was deployed before that; a slot later the first one is left out."""
    whole = period()
    uses = [
        [(one.use, one.period.seconds) for one in runs(Overlay(since_at=whole.starts_at + after), whole, 60)]
        for after in (-61, -60, -59, 0, 60)
    ]
    judged = [(Use.JUDGED, whole.seconds)]
    assert uses == [judged, judged, judged, judged, [(Use.LEFT_OUT, 60), (Use.JUDGED, whole.seconds - 60)]]
