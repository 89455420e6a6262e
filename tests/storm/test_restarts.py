"""Programs begin, end and begin anew: nobody is paged for it, and nothing that fires is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.lab.storm.drills import BLIND, DOWN, THREE_THREE
from deploy.lab.storm.fleet import Fleet
from deploy.lab.storm.world import PLATFORM
from tests.storm.stage import ONCE, Stage, lives, staged

FLEET = Fleet()
SILENT, FLAPPING = "edge-7", "edge-8"
REGION = "metro-30"  # a regional site and its edges, no core
FILLED_AFTER = 110  # of the two minutes that discovery may take

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.tier("test-all"),
    pytest.mark.timeout(2400),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Targets come late; a region falls; a site is silent and money held when the platform dies; Alertmanager begins anew."""
    with staged(tmp_path_factory.mktemp("restarts"), FLEET, 3, targets=False) as stage:
        rig, world = stage.rig, stage.rig.world
        rig.run_for(FILLED_AFTER)
        rig.write_targets()
        stage.warm(330)
        stage.now("region")
        world.set(FLEET.of(region=REGION), DOWN)
        stage.wait_for("RegionDown", 300, since="region", region=REGION)
        rig.run_for(90)
        world.mend(FLEET.of(region=REGION))
        stage.wait_until_resolved(400)
        stage.now("silent")
        world.set([SILENT], BLIND)
        world.held = 1
        stage.wait_for("SiteSilent", 300, since="silent", site=SILENT)
        stage.wait_for("SettlementHeld", 300, since="silent")
        stage.now("platform dead")
        world.close(PLATFORM)
        stage.wait_for("PlatformDown", 300, since="platform dead")
        stage.restart_alertmanager()
        rig.run_for(120)
        stage.now("platform back")
        world.held = 0
        world.open(PLATFORM)
        world.mend([SILENT])
        stage.wait_until_resolved(600)
        stage.now("flapping")
        world.set([FLAPPING], THREE_THREE)
        stage.wait_for("SiteDown", 400, since="flapping", site=FLAPPING)
        rig.run_for(120)
        stage.now("steady")
        world.mend([FLAPPING])
        stage.wait_until_resolved(600)
        rig.run_for(120)
        yield stage


def test_target_files_that_come_late_page_nobody(lived: Stage) -> None:
    """R5: Prometheus began before there was anything to scrape."""
    assert lived.pages("started", "region") == []


def test_lost_region_makes_one_page(lived: Stage) -> None:
    assert lived.named("region", "silent") == {("RegionDown", REGION): 1}


def test_platform_that_dies_takes_no_page_back(lived: Stage) -> None:
    """R3: what was silent and what was held stay, and one page says that nobody judges."""
    assert lived.named("silent", "platform back") == {
        ("SiteSilent", SILENT): 1,
        ("SettlementHeld", "platform"): 1,
        ("PlatformDown", "platform"): 1,
    }
    assert lived.pages("silent", "platform back", status="resolved") == []


def test_flapping_site_makes_one_page(lived: Stage) -> None:
    """Three looks down, three up: down ends only on evidence."""
    assert lived.named("flapping") == {("SiteDown", FLAPPING): 1}


def test_each_page_is_resolved_once(lived: Stage) -> None:
    """Across a restart of Alertmanager, which keeps its data."""
    told = lives(lived.told())

    assert told == dict.fromkeys(told, ONCE)
