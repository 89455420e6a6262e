"""Many sites at once: one page for what fell together, each site's own for what did not.

`make test` plays a small fleet, `make test-all` one of 325 sites (FLEET_METROS=65): thresholds are shares, with a least number.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.alert_rules.world import Played, Target, World, over, play

pytestmark = [pytest.mark.real("promtool"), pytest.mark.timeout(1200)]
METROS = int(os.environ.get("FLEET_METROS", "6"))
EDGES = 4  # of each metro
SITES = {
    **{f"core-{number}": ("core", f"c{number}") for number in range(max(2, METROS // 5))},
    **{f"regional-{metro}": ("regional", f"m{metro}") for metro in range(METROS - max(1, METROS // 5))},
    **{f"edge-{metro}-{number}": ("edge", f"m{metro}") for metro in range(METROS) for number in range(EDGES)},
}
HIT = range(1, max(3, METROS // 3 + 1))  # metros whose edge sites fall with the core
QUARTERS = 4


def fleet(
    minutes: float,
    up: Mapping[str, str],
    *,
    known: Mapping[str, str] | None = None,
    scraped: Mapping[str, str] | None = None,
    observer: Mapping[str, str] | None = None,
) -> World:
    """Every site has Proxmox; a site shows what is given of it, and is well otherwise."""
    well = over((minutes, "1"))
    targets = [
        Target(
            site=site,
            system="proxmox",
            tier=tier,
            region=region,
            up=up.get(site, well),
            known=(known or {}).get(site, well),
            scraped=(scraped or {}).get(site),
            observer=(observer or {}).get(site, "observer-1"),
        )
        for site, (tier, region) in SITES.items()
    ]
    return World(targets=tuple(targets), minutes=minutes, told_by=("sankofa-platform",))


def each_quarter(first: float, last: float) -> Sequence[float]:
    return [at / QUARTERS for at in range(round(first * QUARTERS), round(last * QUARTERS))]


def whole(folder: Path, world: World) -> Played:
    return play(folder, world, each_quarter(0, world.minutes))


def spells(pages: Mapping[float, set[str]]) -> dict[str, list[tuple[float, float]]]:
    """Each page that fired: from when to when, once for each time that it began; still firing is until infinity."""
    found: dict[str, list[tuple[float, float]]] = {}
    begun: dict[str, float] = {}
    for at, names in pages.items():
        for name in names - set(begun):
            begun[name] = at
        for name in set(begun) - names:
            found.setdefault(name, []).append((begun.pop(name), at))
    for name, at in begun.items():
        found.setdefault(name, []).append((at, float("inf")))
    return found


def falls(minutes: float, *, at: float, back: float | None = None) -> str:
    back = minutes if back is None else back
    return over((at, "1"), (back - at, "0"), (minutes - back, "1"))


def test_a_storm_pages_once_and_keeps_apart_what_fell_before_and_after_it(tmp_path: Path) -> None:
    """R4, R25: a core site and the edge of several metros fall from 7:00 to 12:30.

    FleetDown and the core's SiteDown are all of it, and nothing follows recovery. A site that had its page before keeps it, and one
    that falls six minutes after the storm began has its own, while a straggler still holds FleetDown.
    """
    end = 22
    hit = [f"edge-{metro}-{number}" for metro in HIT for number in range(EDGES)]
    up = {site: falls(end, at=7, back=12.5) for site in ("core-0", *hit)}
    up |= {"edge-1-0": falls(end, at=7, back=18)}  # the straggler
    up |= {"edge-0-0": falls(end, at=4, back=15), "edge-0-1": falls(end, at=13, back=17)}
    assert spells(whole(tmp_path, fleet(end, up)).pages) == {
        "SiteDown edge-0-0": [(5, 16.75)],
        "FleetDown edge": [(8, 19.75)],
        "SiteDown core-0": [(8, 14.25)],
        "SiteDown edge-0-1": [(14, 18.75)],
    }


def test_a_second_storm_is_told_while_the_page_of_the_first_one_stands(tmp_path: Path) -> None:
    """Six edge sites of two metros fall at 6:00, and six of two others twelve minutes later: one page each, and no site's own."""
    end = 24
    sites = [[f"edge-{metro}-{number}" for metro in pair for number in range(3)] for pair in ((0, 1), (3, 4))]
    up = dict.fromkeys(sites[0], falls(end, at=6)) | dict.fromkeys(sites[1], falls(end, at=18))
    played = play(tmp_path, fleet(end, up), [8, 17.75, 19.5, 23])
    assert played.pages == {
        8: {"FleetDown edge"},
        17.75: {"FleetDown edge"},
        19.5: {"FleetDown edge", "FleetDown edge 2"},
        23: {"FleetDown edge", "FleetDown edge 2"},
    }


def test_each_of_three_storms_is_told_while_the_pages_of_those_before_stand(tmp_path: Path) -> None:
    """Six edge sites fall at 4:00, six more at 14:00 and six more at 24:00: a page each, and none for one that only goes on."""
    end = 36
    storms = [[f"edge-{metro}-{number}" for metro in pair for number in range(3)] for pair in ((0, 1), (2, 3), (4, 5))]
    up = {site: falls(end, at=4 + 10 * n) for n, sites in enumerate(storms) for site in sites}
    pages = ["FleetDown edge", "FleetDown edge 2", "FleetDown edge 3"]
    played = play(tmp_path, fleet(end, up), [13, 16, 23.75, 26, 35])
    assert played.pages == {
        13: {*pages[:1]},
        16: {*pages[:2]},
        23.75: {*pages[:2]},
        26: {*pages},
        35: {*pages},
    }


def test_a_region_that_is_lost_is_one_page(tmp_path: Path) -> None:
    """All five sites of a metro, of two tiers, and none of them by itself."""
    end = 10
    up = {site: falls(end, at=4, back=7) for site, (_, region) in SITES.items() if region == "m1"}
    assert len(up) == EDGES + 1
    assert spells(whole(tmp_path, fleet(end, up)).pages) == {"RegionDown m1": [(5, 8.75)]}


def test_sites_that_fall_minutes_apart_page_one_by_one(tmp_path: Path) -> None:
    """Two at once are no storm; and a short break of many is nobody's page."""
    end = 9
    up = {f"edge-{metro}-1": falls(end, at=4, back=4.5) for metro in range(METROS)}
    up |= {"edge-0-0": falls(end, at=4, back=6), "core-1": falls(end, at=4.5, back=6)}
    assert spells(whole(tmp_path, fleet(end, up)).pages) == {
        "SiteDown edge-0-0": [(5, 7.75)],
        "SiteDown core-1": [(5.5, 7.75)],
    }


def _unscraped(sites: Sequence[str], world: World, *, at: float) -> World:
    """Nothing of these sites can be scraped from a minute on."""
    gone = over((at, "1"), (world.minutes - at, "_"))
    refused = over((at, "1"), (world.minutes - at, "0"))
    return replace(
        world,
        targets=tuple(
            replace(one, known=gone, up=gone, scraped=refused) if one.site in sites else one for one in world.targets
        ),
    )


def test_an_observer_that_is_cut_off_is_one_page_and_others_still_page(tmp_path: Path) -> None:
    """R5: half of the fleet is behind it; a site behind the other one falls two minutes later, by itself. No ticket says it again."""
    end = 12
    behind = [site for at, site in enumerate(SITES) if at % 2]
    seen = [site for at, site in enumerate(SITES) if at % 2 == 0]
    world = fleet(end, {seen[-1]: falls(end, at=7)}, observer=dict.fromkeys(behind, "observer-2"))
    played = whole(tmp_path, _unscraped(behind, world, at=5))
    assert spells(played.pages) == {
        "ObserverIsolated observer-2": [(5.75, float("inf"))],
        f"SiteDown {seen[-1]}": [(8, float("inf"))],
    }
    assert spells(played.tickets) == {}


def test_target_files_that_are_filled_two_minutes_after_the_start_page_nobody(tmp_path: Path) -> None:
    """R5: what should be there is told at once, and scraped later."""
    end = 7
    late = over((2, "_"), (end - 2, "1"))
    world = fleet(end, {})
    world = replace(world, targets=tuple(replace(one, known=late, up=late, scraped=late) for one in world.targets))
    played = whole(tmp_path, world)
    assert (spells(played.pages), spells(played.tickets)) == ({}, {})


def test_credentials_that_are_revoked_everywhere_are_one_page_and_no_ticket(tmp_path: Path) -> None:
    """R16: within 6 minutes; over once they are good again."""
    end = 15
    blind = over((5, "1"), (7, "0"), (end - 12, "1"))
    played = whole(tmp_path, fleet(end, dict.fromkeys(SITES, blind), known=dict.fromkeys(SITES, blind)))
    assert spells(played.pages) == {"FleetNotKnown": [(9.25, 13.75)]}
    assert spells(played.tickets) == {}
