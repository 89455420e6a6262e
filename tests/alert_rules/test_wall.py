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
from tests.alert_rules.world import Target, World, over, play, written

pytestmark = pytest.mark.real("promtool")
MINUTES = 15
WELL = over((MINUTES, "1"))
FALLS = over((5, "1"), (MINUTES - 5, "0"))
UNTIL_9 = over((9, "1"), (MINUTES - 9, "stale"))
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
            target("gone", known=over((5, "1"), (MINUTES - 5, "_")), up=over((5, "1"), (MINUTES - 5, "_"))),
        ),
        minutes=MINUTES,
        more=promises(while_there),
    )  # fmt: skip


def test_site_states_have_their_numbers_and_their_order(tmp_path: Path) -> None:
    """DOWN, BREACH, NOT KNOWN, BURNING, GOOD: the worst has the largest rank, and the budget spent decides within a state."""
    shown = play(tmp_path, world(), [9], (SITE_STATE, SITE_RANK, SITE_NOT_KNOWN)).series
    assert shown[SITE_STATE][9] == {
        "good": State.GOOD, "down": State.DOWN, "broken": State.BREACH, "burning": State.BURNING,
        "half-blind": State.NOT_KNOWN, "gone": State.NOT_KNOWN, "nobodys": State.NO_TARGET,
    }  # fmt: skip
    assert shown[SITE_RANK][9] == {
        "down": 10_000, "broken": 1_002, "half-blind": 100, "gone": 100, "burning": 10, "good": 0.25, "nobodys": 0,
    }  # fmt: skip
    assert shown[SITE_NOT_KNOWN][9] == {"half-blind": 1, "gone": 1}


def test_a_platform_that_is_away_takes_no_state_and_no_page_with_it(tmp_path: Path) -> None:
    """R3: it alone tells who is expected, and its series end at 9:00: what was seen of sites stays, and a breach too."""
    away = replace(world(UNTIL_9), told_by=("sankofa-platform",), told={"sankofa-platform": UNTIL_9})
    played = play(tmp_path, away, [8.75, 9.5, 14.75], (SITE_STATE,))
    before, after = (played.series[SITE_STATE][at] for at in (8.75, 14.75))
    assert after == before
    for at in (8.75, 9.5, 14.75):
        assert played.pages[at] == {"SiteDown down", "SiteSilent broken", "SiteSilent gone"}, at


def untold(world: World, site: str, until: str) -> dict[str, str]:
    """That the site is expected, which is told only for a while."""
    told = (name for name in world.series() if name.startswith("sankofa_target_info") and f'site="{site}"' in name)
    return dict.fromkeys(told, until)


def test_a_target_that_is_told_no_more_by_a_teller_that_is_there_is_no_site_any_more(tmp_path: Path) -> None:
    """Taken out of the fleet file at 9:00: its last samples leave the window, and with them it leaves the wall and its page ends."""
    leaves = replace(target("down", up=over((5, "1"), (4, "0"), (6, "_"))), scraped=UNTIL_9)
    there = World(targets=(target("good"), leaves), minutes=MINUTES)
    played = play(tmp_path, replace(there, more=untold(there, "down", UNTIL_9)), [8.75, 11], (SITE_STATE,))
    assert played.series[SITE_STATE] == {8.75: {"good": 0, "down": State.DOWN}, 11: {"good": 0}}
    assert played.pages == {8.75: {"SiteDown down"}, 11: set()}


@pytest.mark.parametrize(
    ("exporter", "kept"), [("1", {"good": 0}), ("0", {"good": 0, "other": 0})], ids=["there", "away"]
)
def test_only_an_exporter_that_is_there_can_forget_its_targets(
    tmp_path: Path, exporter: str, kept: dict[str, float]
) -> None:
    """Another one of its kind tells of its own, and the platform is away: what only the first one told stays while that is away."""
    left = World(targets=(target("good"), target("other")), minutes=MINUTES, told_by=("sankofa-exporter",))
    labels = {"job": "sankofa-exporter", "instance": "two", "system": "proxmox", "observer": "observer-1"}
    up = {written("up", labels): over((9, "1"), (MINUTES - 9, exporter))}
    played = play(tmp_path, replace(left, more=untold(left, "other", UNTIL_9) | up), [14], (SITE_STATE,))
    assert played.series[SITE_STATE][14] == kept


def test_what_only_an_exporter_told_stays_on_the_wall_when_that_is_scraped_no_more(tmp_path: Path) -> None:
    """Its host and its targets left discovery at 9:00 while the platform is away: another one of its kind speaks for its own alone."""
    gone = replace(target("other", known=UNTIL_9, up=UNTIL_9), scraped=UNTIL_9)
    left = World(targets=(target("good"), gone), minutes=MINUTES, told_by=("sankofa-exporter",))
    own = {"job": "sankofa-exporter", "system": "proxmox", "observer": "observer-1"}
    up = {written("up", own | {"instance": "one"}): UNTIL_9, written("up", own | {"instance": "two"}): WELL}
    played = play(tmp_path, replace(left, more=untold(left, "other", UNTIL_9) | up), [9.5, 14], (SITE_STATE,))
    assert played.series[SITE_STATE] == {9.5: {"good": 0, "other": 0}, 14: {"good": 0, "other": State.NOT_KNOWN}}
    assert played.pages == {9.5: set(), 14: {"SiteSilent other"}}
