"""The sum by hand claims what follows from times, and nothing else; the lengths of a period follow the machine's pace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.lab.byhand import ByHand, Look, Switched, Touch, touch, work_out
from deploy.lab.plan import PLANS, plan_for

NO, MAYBE, SURE = Touch.NO, Touch.MAYBE, Touch.SURE
DOWN, UP = Switched(before=122.5, after=122.6), Switched(before=157.5, after=157.6)


def looks(every: float = 1, seconds: float = 0.05, missing: range = range(0)) -> list[Look]:
    """Scrapes from 100.8 on for 90 seconds, but for those that are missing, by number."""
    return [Look(at=100.8 + n * every, seconds=seconds) for n in range(int(90 / every)) if n not in missing]


def sum_of(found: list[Look], states: list[str], *, down: Switched = DOWN, up: Switched = UP) -> ByHand:
    return work_out(
        found, states, down=down, up=up, starts_at=100, slot_seconds=5, fee_minor=125_000, cap_percent=50
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "seconds", "expected"),
    [
        (123.0, 0.1, SURE),
        (122.0, 0.1, NO),
        (121.9, 0.7, MAYBE),  # it may have asked before or after the switch
        (122.55, 0.1, MAYBE),
        (157.0, 0.4, SURE),
        (157.0, 0.6, MAYBE),  # it may have asked after quorum was back
        (157.55, 0.1, MAYBE),
        (157.7, 0.1, NO),
        (122.0, 40.0, MAYBE),  # longer than the whole outage
    ],
)
def test_a_look_across_a_switch_claims_nothing(at: float, seconds: float, expected: Touch) -> None:
    """Wholly between the switches is sure, wholly outside is no, everything else is maybe."""
    assert touch([Look(at=at, seconds=seconds)], down=DOWN, up=UP) is expected


def test_a_quiet_outage_in_the_middle_of_slots_leaves_nothing_open() -> None:
    """22.5 s to 57.5 s of 90 s touch eight of eighteen slots, and no band but one follows."""
    found = sum_of(looks(), ["GOOD"] * 4 + ["BAD"] * 8 + ["GOOD"] * 6)

    assert (found.touches, found.wrong()) == ([NO] * 4 + [SURE] * 8 + [NO] * 6, [])
    assert (found.surely, found.possibly, found.credit_percent, found.credit_minor) == (8, 8, 40, 50_000)


def test_an_outage_that_ended_between_two_scrapes_is_not_claimed_of_the_slot_after() -> None:
    """A switch thrown late, after the last scrape of a slot: what was [11, 7] and taken for [10, 8] leaves that slot out."""
    late = Switched(before=124.9, after=124.95)
    found = sum_of(looks(), ["GOOD"] * 5 + ["BAD"] * 7 + ["GOOD"] * 6, down=late)

    assert (found.surely, found.possibly, found.wrong(), found.credit_minor) == (7, 7, [], 50_000)


def test_slow_scrapes_leave_the_slots_of_both_switches_open() -> None:
    """Scrapes of a second each may have asked before or after: both counts are right, and the credit is the same."""
    down, up = Switched(before=124.5, after=124.9), Switched(before=155.9, after=156.0)
    for states in (["GOOD"] * 5 + ["BAD"] * 6 + ["GOOD"] * 7, ["GOOD"] * 4 + ["BAD"] * 8 + ["GOOD"] * 6):
        found = sum_of(looks(seconds=0.95), states, down=down, up=up)
        assert (found.surely, found.possibly, found.wrong(), found.credit_minor) == (6, 8, [], 50_000)


def test_scrapes_that_are_missing_prove_nothing() -> None:
    """Of a slot without a look nothing is claimed; called UNKNOWN it counts as good."""
    found = sum_of(looks(missing=range(25, 29)), ["GOOD"] * 4 + ["BAD", "UNKNOWN"] + ["BAD"] * 6 + ["GOOD"] * 6)

    assert (found.surely, found.wrong(), found.credit_minor) == (8, [], 50_000)


def test_a_slot_that_is_called_what_it_cannot_be_is_named() -> None:
    """Good while the site was surely down, or bad while it surely was not: each is told with its number."""
    found = sum_of(looks(), ["BAD"] + ["GOOD"] * 4 + ["BAD"] * 7 + ["GOOD"] * 6)

    assert found.wrong() == [
        "slot 1 is BAD; touched by the outage: no",
        "slot 5 is GOOD; touched by the outage: sure",
    ]


def test_no_credit_follows_from_an_outage_that_nothing_surely_saw() -> None:
    """With every touched slot UNKNOWN, or none looked into for sure, no amount is claimed as the right one."""
    open_ = sum_of(looks(every=5, seconds=40), ["GOOD"] * 4 + ["BAD"] * 8 + ["GOOD"] * 6)
    unknown = sum_of(looks(), ["GOOD"] * 4 + ["UNKNOWN"] * 8 + ["GOOD"] * 6)

    assert (open_.surely, open_.credit_minor) == (0, None)
    assert (unknown.credit_percent, unknown.credit_minor) == (0, 0)


def test_outage_too_short_to_page_is_refused() -> None:
    """A plan whose outage ends before the alert has held and Alertmanager has waited is no plan."""
    with pytest.raises(ValueError, match=r"an outage of 25 s pages nobody; 35 s are needed"):
        replace(plan_for(1), down_slot=1, up_slot=6)


@pytest.mark.parametrize(
    ("pace", "scrape", "slots", "period"),
    [(1.0, 1, 18, 90), (2.4, 1, 18, 90), (2.5, 2, 12, 120), (5.0, 3, 10, 150), (30.0, 5, 8, 200)],
)
def test_lengths_follow_the_pace(pace: float, scrape: int, slots: int, period: int) -> None:
    """A quiet machine has 18 slots of 5 s; the busier it is the longer a scrape and a slot, and the fewer slots."""
    plan = plan_for(pace)
    assert (plan.scrape_seconds, plan.slots, plan.period_seconds) == (scrape, slots, period)


def test_every_plan_leaves_room_for_a_page_and_for_quiet_slots() -> None:
    """The outage outlasts the alert's 15 s and Alertmanager's 5 s, and good slots lie before and after it."""
    for _, plan in PLANS:
        assert plan.up_after_seconds - plan.down_after_seconds >= 35
        assert 1 <= plan.down_slot < plan.up_slot < plan.slots - 1
