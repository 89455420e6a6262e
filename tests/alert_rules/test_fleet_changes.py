"""Sites and targets that leave the fleet, or have another name, while they are down: their page ends, played in the real promtool."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.telemetry import SITE_STATE, TARGET_EXPECTED, State
from tests.alert_rules.world import Played, Target, World, over, play, written

pytestmark = pytest.mark.real("promtool")
MINUTES, FALL, LEAVES, UNSCRAPED = 20, 5, 9, 10
WELL = over((MINUTES, "1"))
TOLD = over((LEAVES, "1"), (0.25, "stale"), (MINUTES - LEAVES - 0.25, "_"))
DOWN = over((FALL, "1"), (UNSCRAPED - FALL, "0"), (MINUTES - UNSCRAPED, "_"))
KNOWN = over((UNSCRAPED, "1"), (MINUTES - UNSCRAPED, "_"))
NEXT = {
    "told": over((LEAVES, "_"), (MINUTES - LEAVES, "1")),
    "known": over((UNSCRAPED, "_"), (MINUTES - UNSCRAPED, "1")),
}
JOBS = ("sankofa-exporter", "sankofa-platform")
ASKED = (8.75, 10.5, 10.75, 11.5, 11.75, MINUTES - 0.25)


def leaving(site: str, system: str, name: str = "") -> Target:
    return Target(site=site, system=system, known=KNOWN, up=DOWN, scraped=KNOWN, tier=site, region=site, name=name)


def told(target: Target, values: str, job: str) -> dict[str, str]:
    name = target.name or f"{target.site}-{target.system}"
    return {written("sankofa_target_info", {**target.labels, "target": name, "job": job}): values}


def _world(platform: str) -> World:
    """`platform` are the values of its scrape: it tells while it is 1."""
    well = Target(site="well", system="proxmox", known=WELL, up=WELL, tier="well", region="well")
    gone = (leaving("gone", "proxmox"), leaving("last-of-a-system", "ceph"), leaving("part", "proxmox", "part-1"))
    part = replace(well, site="part", tier="part", region="part", name="part-2")
    old = leaving("renamed", "proxmox", "old")
    new = replace(old, name="new", known=NEXT["known"], up=NEXT["known"], scraped=NEXT["known"])
    always = [well, part]
    more: dict[str, str] = {}
    for job in JOBS:
        for one in always:
            more |= told(one, WELL, job)
        for one in (*gone, old):
            more |= told(one, TOLD, job)
        more |= told(new, NEXT["told"], job)
    for system in ("proxmox", "ceph"):
        more[
            written("up", {"job": "sankofa-exporter", "system": system, "observer": "observer-1", "instance": system})
        ] = WELL
    more[written("up", {"job": "sankofa-platform", "observer": "observer-1", "instance": "platform"})] = platform
    return World(targets=(*always, *gone, old, new), minutes=MINUTES, told_by=(), more=more)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("fleet"), _world(WELL), ASKED, (SITE_STATE, TARGET_EXPECTED))


@pytest.mark.parametrize("site", ["gone", "last-of-a-system", "part", "renamed"])
def test_the_page_of_what_leaves_the_fleet_ends_within_two_minutes_of_its_last_sample(
    played: Played, site: str
) -> None:
    """No page stands for what is not there: a site, the last site of a system, one target of two, and one that has another name."""
    stands = {8.75, 10.5, 10.75, 11.5} if site in {"part", "renamed"} else {8.75, 10.5}
    assert {at for at, pages in played.of(site).items() if pages} == stands


def test_a_site_that_left_is_not_on_the_wall_and_one_that_stays_is_good(played: Played) -> None:
    last = ASKED[-1]
    assert played.series[SITE_STATE][last] == dict.fromkeys(("part", "renamed", "well"), State.GOOD)
    assert played.series[TARGET_EXPECTED][last] == dict.fromkeys(("part proxmox", "renamed proxmox", "well proxmox"), 1)
