"""Pages and states of single sites, played minute by minute in the real promtool: what fires, what stays, what is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe.telemetry import SITE_STATE, SYSTEM_STATE, State
from tests.alert_rules.world import Target, World, firing, over, states

pytestmark = pytest.mark.real("promtool")
MINUTES = 40
WELL = over((MINUTES, "1"))
NEVER = over((MINUTES, "0"))
FALLS = over((10, "1"), (10, "0"), (20, "1"))  # down, or not known, from minute 10 to 20
GOES = over((10, "1"), (30, "_"))


def target(
    site: str, system: str = "proxmox", *, known: str = WELL, up: str = WELL, scraped: str | None = None
) -> Target:
    return Target(site=site, system=system, known=known, up=up, scraped=scraped)


def world(*targets: Target) -> World:
    return World(targets=targets, minutes=MINUTES)


OTHERS = tuple(target(f"edge-{number}") for number in range(2, 8))


def test_a_site_pages_once_it_was_seen_down_five_times_and_is_over_two_minutes_after_the_last(tmp_path: Path) -> None:
    """Down from 10:00 to 20:00: the fifth bad sample is of 11:00, the last one leaves the window at 21:45."""
    fired = firing(tmp_path, world(target("edge-1", up=FALLS), *OTHERS), [10.75, 11, 20, 21.5, 21.75, 39])
    assert fired == {
        10.75: set(), 11: {"SiteDown edge-1"}, 20: {"SiteDown edge-1"}, 21.5: {"SiteDown edge-1"}, 21.75: set(), 39: set(),
    }  # fmt: skip


def test_a_verdict_lost_now_and_then_holds_up_no_page(tmp_path: Path) -> None:
    """R2: known 1 1 1 0 in turn pages within 3 minutes, and so does 1 1 0; it stays to the end."""
    quarter = target("edge-1", "cloudflare", known=over((10, "1"), (30, "1 1 1 0")), up=over((10, "1"), (30, "0")))
    third = target("edge-2", "ceph", known=over((10, "1"), (30, "1 1 0")), up=over((10, "1"), (30, "0")))
    both = {"SiteDown edge-1", "SiteDown edge-2"}
    fired = firing(tmp_path, world(quarter, third, *OTHERS[1:]), [10.5, 13, 25, 39.75])
    assert fired == {10.5: set(), 13: both, 25: both, 39.75: both}


def test_a_page_stays_while_nobody_can_look_and_ends_on_evidence(tmp_path: Path) -> None:
    """Down at 10, not known from 13 to 25, well after: no resolved in between, one at the end."""
    seen = target("edge-1", known=over((13, "1"), (12, "0"), (15, "1")), up=over((10, "1"), (15, "0"), (15, "1")))
    fired = firing(tmp_path, world(seen, *OTHERS), [12, 16, 24, 25, 26.25])
    assert fired == {at: {"SiteDown edge-1"} for at in (12, 16, 24, 25)} | {26.25: set()}


def test_a_site_that_nobody_sees_is_silent_and_not_down(tmp_path: Path) -> None:
    """R7: known 0 from minute 10 pages SiteSilent 2 minutes later; a target of the same name elsewhere changes nothing."""
    blind = replace(target("edge-1", "ceph", known=FALLS, up=FALLS), name="ceph-1")
    namesake = replace(target("edge-2", "ceph"), name="ceph-1")
    fired = firing(tmp_path, world(blind, namesake, *OTHERS[1:]), [11.5, 12.25, 20.75, 21])
    assert fired == {11.5: set(), 12.25: {"SiteSilent edge-1"}, 20.75: {"SiteSilent edge-1"}, 21: set()}
    assert firing(tmp_path, world(blind, namesake, *OTHERS[1:]), [14, 19], severity="ticket") == {14: set(), 19: set()}


@pytest.mark.parametrize(
    "gone",
    [
        target("edge-1", known=GOES, up=GOES, scraped=GOES),
        target("edge-1", known=GOES, up=GOES, scraped=WELL),
        target("edge-1", known=GOES, up=GOES, scraped=over((10, "1"), (30, "0"))),
        target("edge-1", known=over((10, "1"), (30, "0")), up=over((10, "1"), (30, "0"))),
    ],
    ids=["its series are stale", "its answers have no families", "it cannot be scraped", "its source says nothing"],
)
def test_a_system_that_is_not_seen_is_not_known_on_the_wall_and_a_ticket_within_three_minutes(
    tmp_path: Path, gone: Target
) -> None:
    """R6, R13: the other system of the site is well, so that the site is not silent, and not good either."""
    played = world(gone, target("edge-1", "cloudflare"), *OTHERS)
    assert firing(tmp_path, played, [13, 39], severity="page") == {13: set(), 39: set()}
    tickets = firing(tmp_path, played, [10.5, 13, 39], severity="ticket")
    assert [{one for one in tickets[at] if one.startswith("SystemNotKnown")} for at in (10.5, 13, 39)] == [
        set(), {"SystemNotKnown edge-1 proxmox"}, {"SystemNotKnown edge-1 proxmox"},
    ]  # fmt: skip
    assert {at: found["edge-1"] for at, found in states(tmp_path, played, SITE_STATE, [9, 13, 39]).items()} == {
        9: State.GOOD, 13: State.NOT_KNOWN, 39: State.NOT_KNOWN,
    }  # fmt: skip


def test_the_state_of_a_site_is_the_worst_of_all_its_systems(tmp_path: Path) -> None:
    """R1, R1b: every system counts; one that is not known beside one that is well is NOT KNOWN; Ceph alone can be good."""
    down = over((10, "1"), (30, "0"))
    played = world(
        target("all-down", "besu", up=down), target("all-down", "ceph", up=down), target("all-down", "cloudflare", up=down),
        target("half-blind", "besu"), target("half-blind", "ceph", known=down, up=down),
        target("ceph-alone", "ceph"),
        target("node-down", "besu", up=down), target("node-down", "proxmox"),
    )  # fmt: skip
    assert states(tmp_path, played, SITE_STATE, [9, 20]) == {
        9: {"all-down": 0, "half-blind": 0, "ceph-alone": 0, "node-down": 0},
        20: {
            "all-down": State.DOWN, "half-blind": State.NOT_KNOWN, "ceph-alone": State.GOOD, "node-down": State.DOWN,
        },
    }  # fmt: skip
    assert states(tmp_path, played, SYSTEM_STATE, [20])[20] == {
        "all-down besu": State.DOWN, "all-down ceph": State.DOWN, "all-down cloudflare": State.DOWN,
        "half-blind besu": State.GOOD, "half-blind ceph": State.NOT_KNOWN, "ceph-alone ceph": State.GOOD,
        "node-down besu": State.DOWN, "node-down proxmox": State.GOOD,
    }  # fmt: skip
    assert firing(tmp_path, played, [20]) == {20: {"SiteDown all-down"}}


def test_a_ruler_that_is_late_tells_no_silence_and_still_what_is_down(tmp_path: Path) -> None:
    """R24: three evaluations in four are missed. What was seen to be down pages; that nobody was looking is no silence of a site."""
    missed = over((10, "1"), (30, "_"))
    played = world(target("edge-1", known=missed, up=missed, scraped=missed), target("edge-9", up=FALLS), *OTHERS)
    assert firing(tmp_path, played, [14, 19], evaluation_seconds=60) == {
        14: {"SiteDown edge-9"},
        19: {"SiteDown edge-9"},
    }
    assert firing(tmp_path, played, [14], evaluation_seconds=15) == {14: {"SiteDown edge-9", "SiteSilent edge-1"}}
