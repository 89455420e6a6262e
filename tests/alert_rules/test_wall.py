"""What the wall shows: each state of a site by its number, the worst first, and what stays while those who tell it are away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe.telemetry import (
    SITE_NOT_KNOWN,
    SITE_RANK,
    SITE_STATE,
    SLO_BURNING,
    SLO_HIGH,
    SLO_OBJECTIVE,
    SLO_SPENT,
    State,
)
from tests.alert_rules.world import Target, World, firing, over, states, written

pytestmark = pytest.mark.real("promtool")
MINUTES = 24
WELL = over((MINUTES, "1"))
FALLS = over((8, "1"), (MINUTES - 8, "0"))
UNTIL_16 = over((16, "1"), (MINUTES - 16, "stale"))
PLATFORM = {"job": "sankofa-platform", "instance": "platform:9800"}


def target(site: str, *, known: str = WELL, up: str = WELL, system: str = "proxmox") -> Target:
    return Target(site=site, system=system, known=known, up=up)


def promises(while_there: str) -> dict[str, str]:
    """What the platform says of `broken` and `good`, and of its inventory; what the rules of SLOs record of `burning`."""
    edge = PLATFORM | {"slo": "availability-edge", "tier": "edge"}
    inventory = ("broken", "good", "nobodys")
    burning = {"tier": "edge", "region": "r1", "site": "burning", "slo": "availability-edge", "system": "proxmox"}

    def values(value: str) -> str:
        return while_there.replace("1", value)

    return {
        written(str(SLO_OBJECTIVE), edge): values("0.995"),
        written(str(SLO_HIGH), edge | {"site": "broken"}): values("0.99"),
        written(str(SLO_SPENT), edge | {"site": "broken"}): values("2"),
        written(str(SLO_HIGH), edge | {"site": "good"}): values("0.999"),
        written(str(SLO_SPENT), edge | {"site": "good"}): values("0.25"),
        written(SLO_BURNING, burning): WELL,
        **{
            written("sankofa_site_info", PLATFORM | {"site": site, "tier": "edge", "region": "r1"}): while_there
            for site in inventory
        },
    }


def world(while_there: str = WELL) -> World:
    return World(
        targets=(
            target("good"), target("down", up=FALLS), target("broken", known=FALLS, up=FALLS), target("burning"),
            target("half-blind", known=FALLS, up=FALLS), target("half-blind", system="ceph"),
            target("gone", known=over((8, "1"), (16, "_")), up=over((8, "1"), (16, "_"))),
        ),
        minutes=MINUTES,
        more=promises(while_there),
    )  # fmt: skip


def test_site_states_have_their_numbers_and_their_order(tmp_path: Path) -> None:
    """DOWN, BREACH, NOT KNOWN, BURNING, GOOD: the worst has the largest rank, and the budget spent decides within a state."""
    shown = states(tmp_path, world(), SITE_STATE, [15])[15]
    assert shown == {
        "good": State.GOOD, "down": State.DOWN, "broken": State.BREACH, "burning": State.BURNING,
        "half-blind": State.NOT_KNOWN, "gone": State.NOT_KNOWN, "nobodys": State.NO_TARGET,
    }  # fmt: skip
    assert states(tmp_path, world(), SITE_RANK, [15])[15] == {
        "down": 10_000, "broken": 1_002, "half-blind": 100, "gone": 100, "burning": 10, "good": 0.25, "nobodys": 0,
    }  # fmt: skip
    assert states(tmp_path, world(), SITE_NOT_KNOWN, [15])[15] == {"half-blind": 1, "gone": 1}


def test_a_platform_that_is_away_takes_no_state_and_no_page_with_it(tmp_path: Path) -> None:
    """R3: it alone tells who is expected, and its series end at 16:00: what was seen of sites stays, and a breach too."""
    told = {"sankofa-platform": UNTIL_16}
    away = replace(world(UNTIL_16), told_by=("sankofa-platform",), told=told)
    shown = states(tmp_path, away, SITE_STATE, [15, 23])
    assert shown[23] == {site: state for site, state in shown[15].items() if site != "nobodys"}
    pages = firing(tmp_path, away, [15, 16.5, 23])
    assert pages[15] == pages[16.5] == pages[23] == {"SiteDown down", "SiteSilent broken", "SiteSilent gone"}


def test_a_target_that_is_told_no_more_by_a_teller_that_is_there_is_no_site_any_more(tmp_path: Path) -> None:
    """Taken out of the fleet file at 16:00: its last samples leave the window, and with them it leaves the wall and its page ends."""
    leaves = replace(target("down", up=over((8, "1"), (8, "0"), (8, "_"))), scraped=UNTIL_16)
    played = World(targets=(target("good"), leaves), minutes=MINUTES)
    gone = {
        name: UNTIL_16 for name in played.series() if name.startswith("sankofa_target_info") and 'site="down"' in name
    }
    played = replace(played, more=gone)
    assert states(tmp_path, played, SITE_STATE, [15, 18]) == {15: {"good": 0, "down": State.DOWN}, 18: {"good": 0}}
    assert firing(tmp_path, played, [15, 18]) == {15: {"SiteDown down"}, 18: set()}


def test_an_exporter_that_is_away_is_no_reason_to_forget_its_targets(tmp_path: Path) -> None:
    """Another exporter of its kind tells of its own targets, and the platform is away: what only the first one told stays."""
    left = World(targets=(target("good"), target("other")), minutes=MINUTES, told_by=("sankofa-exporter",))
    untold = {
        name: UNTIL_16 for name in left.series() if name.startswith("sankofa_target_info") and 'site="other"' in name
    }
    exporter = {"job": "sankofa-exporter", "instance": "two", "system": "proxmox", "observer": "observer-1"}
    away = {written("up", exporter): over((16, "1"), (8, "0"))}
    forgotten = replace(left, more=untold)
    kept = replace(left, more=untold | away)
    assert states(tmp_path, forgotten, SITE_STATE, [23]) == {23: {"good": 0}}
    assert states(tmp_path, kept, SITE_STATE, [23]) == {23: {"good": 0, "other": 0}}
