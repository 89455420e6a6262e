"""Nobody can see: a dead observer, two of them, credentials that are revoked everywhere. One page for each cause, and none for sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.lab.storm.drills import BLIND, DOWN
from deploy.lab.storm.fleet import OBSERVERS, Fleet
from deploy.lab.storm.notifications import RESOLVED
from tests.storm.stage import ONCE, Stage, lives, staged

FLEET = Fleet()
ONE, OTHER = OBSERVERS
NEIGHBOUR = "edge-7"  # behind the observer that lives
WARM = 330  # silence means something after discovery had its time
SIX_MINUTES = 360

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.tier("test-all"),
    pytest.mark.timeout(2400),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One after the other: an observer is dead while a site behind the other falls; both are; credentials are revoked."""
    with staged(tmp_path_factory.mktemp("blind"), FLEET, 3) as stage:
        world = stage.rig.world
        stage.warm(WARM)
        stage.now("one dead")
        world.close(ONE)
        stage.wait_for("ObserverIsolated", 300, since="one dead", observer=ONE)
        stage.now("neighbour")
        world.set([NEIGHBOUR], DOWN)
        stage.wait_for("SiteDown", 300, since="neighbour", site=NEIGHBOUR)
        stage.rig.run_for(60)
        world.mend([NEIGHBOUR])
        stage.wait_for("SiteDown", 400, status=RESOLVED, since="neighbour", site=NEIGHBOUR)
        stage.now("both dead")
        world.close(OTHER)
        stage.wait_for("ObserverIsolated", 300, since="both dead", observer=OTHER)
        stage.rig.run_for(180)
        stage.now("back")
        for observer in OBSERVERS:
            world.open(observer)
        stage.wait_until_resolved(600)
        stage.rig.run_for(120)
        stage.now("revoked")
        world.set(FLEET.sites, BLIND)
        stage.wait_for("FleetNotKnown", 600, since="revoked")
        stage.rig.run_for(SIX_MINUTES)
        stage.now("granted")
        world.mend(FLEET.sites)
        stage.wait_until_resolved(600)
        stage.rig.run_for(120)
        yield stage


def test_dead_observer_makes_one_page(lived: Stage) -> None:
    assert lived.named("one dead", "neighbour") == {("ObserverIsolated", ONE): 1}


def test_site_behind_the_other_observer_still_pages(lived: Stage) -> None:
    assert lived.named("neighbour", "both dead") == {("SiteDown", NEIGHBOUR): 1}


def test_each_dead_observer_makes_a_page_of_its_own(lived: Stage) -> None:
    """Two observers, two pages, and none for what they see no more."""
    assert lived.named("one dead", "back") == {
        ("ObserverIsolated", ONE): 1,
        ("SiteDown", NEIGHBOUR): 1,
        ("ObserverIsolated", OTHER): 1,
    }


def test_observers_that_are_back_page_nobody(lived: Stage) -> None:
    assert lived.pages("back", "revoked") == []


def test_revoked_credentials_make_one_page_within_six_minutes(lived: Stage) -> None:
    """R16: from the last good look to the webhook, for all 325 sites."""
    (page,) = lived.pages("revoked", "granted")

    assert (page.name, lived.took(page, "revoked") <= SIX_MINUTES + lived.allowance()) == ("FleetNotKnown", True)


def test_revoked_credentials_make_no_ticket(lived: Stage) -> None:
    begun, ended = lived.moments["revoked"], lived.moments["granted"]
    tickets = [one for one in lived.rig.told("/ticket", since=begun) if one.at < ended]

    assert tickets == []


def test_each_page_is_resolved_once(lived: Stage) -> None:
    told = lives(lived.told())

    assert told == dict.fromkeys(told, ONCE)
