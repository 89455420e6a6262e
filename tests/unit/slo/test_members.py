"""Members: which sites of a place count in a slot, and what their states make of it."""

from __future__ import annotations

import pytest

from sankofa_observe.slo.indicator import Members
from sankofa_observe.slo.members import count_members
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState
from sankofa_observe.units import Period

KEY = SlotKey(slo="redundancy", site="all", rule=SlotRule(seconds=60, scrape_seconds=15))
PERIOD = Period(starts_at=600, ends_at=780)
GOOD, BAD, UNKNOWN = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN


def _slots(site: str, *states: SlotState) -> list[Slot]:
    return [
        Slot(slo="up", site=site, starts_at=600 + 60 * n, good=0, bad=0, expected=4, seen=4, samples=4, state=state)
        for n, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("needed", "since", "states", "expected"),
    [
        (2, {}, [GOOD, GOOD, GOOD], [3, 3, 3]),
        (3, {}, [BAD, BAD, UNKNOWN], [3, 3, 3]),
        (2, {"b": 660}, [BAD, GOOD, GOOD], [2, 3, 3]),  # what is not there is not enough
        (2, {"b": 661}, [BAD, BAD, GOOD], [2, 2, 3]),  # deployed within a slot: no member of it yet
        (3, {"c": 700}, [BAD, BAD, UNKNOWN], [2, 2, 3]),
        (1, {"a": 10_000, "b": 720}, [BAD, BAD, GOOD], [1, 1, 2]),
        (1, {"a": 720, "b": 720, "c": 720}, [BAD, BAD, GOOD], [0, 0, 3]),
    ],
)
def test_a_site_that_is_not_deployed_yet_is_no_member(
    needed: int, since: dict[str, int], states: list[SlotState], expected: list[int]
) -> None:
    """It is neither good, nor bad, nor unknown: `c` is never good, and counts from when it is there."""
    slots = {
        "a": _slots("a", GOOD, GOOD, GOOD),
        "b": _slots("b", GOOD, GOOD, GOOD),
        "c": _slots("c", BAD, BAD, UNKNOWN),
    }
    found = count_members(KEY, PERIOD, slots, [Members(role="", needed=needed, sites=("a", "b", "c"), since=since)])
    assert [(slot.state, slot.expected) for slot in found] == list(zip(states, expected, strict=True))


def test_a_site_without_a_slot_is_unknown_only_where_it_is_there() -> None:
    """Nobody watches what is not built: without `since` the same silence leaves all slots unknown."""
    slots = {"a": _slots("a", GOOD, GOOD, GOOD)}
    first, *later = count_members(KEY, PERIOD, slots, [Members(role="", needed=2, sites=("a", "b"), since={"b": 660})])
    assert (first.state, first.hidden, first.reasons) == (BAD, 0, ())
    assert {(slot.state, slot.hidden, slot.reasons) for slot in later} == {(UNKNOWN, 1, ("b UNKNOWN",))}


def test_a_site_that_is_not_deployed_yet_stands_in_no_proof() -> None:
    """Whose slots are proven by their roles: those of the time before have a role without sites, and then with one too few."""
    slots = {site: _slots(site, GOOD, GOOD, GOOD) for site in "abc"}
    members = [
        Members(role="active", needed=2, sites=("a", "b"), since={"a": 660, "b": 720}),
        Members(role="standby", needed=1, sites=("c",)),
    ]
    first, second, third = count_members(KEY, PERIOD, slots, members)
    standby = ("standby", 1, (("c", "GOOD"),))
    assert (first.state, first.proof) == (BAD, (("active", 2, ()), standby))
    assert (second.state, second.proof) == (BAD, (("active", 2, (("a", "GOOD"),)), standby))
    assert (third.state, third.proof) == (GOOD, ())
