"""A core outage that takes edge sites along, on a real Prometheus and a real Alertmanager: how many pages reach people.

STORM chooses the length: `short` (a fleet of 77 sites, in `make test`), `full` (325 sites at a third of production's pace, in
`make test-all`), `real` (production's own pace, in `make soak`). All claims are of one run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.lab.storm.drills import CORE, DOWN, METROS, TWO_OF_THREE
from deploy.lab.storm.fleet import SMALL, Fleet
from deploy.lab.storm.notifications import RESOLVED
from tests.storm.stage import BOUNDS, ONCE, Stage, lives, staged, subject

TEN_MINUTES = 600


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long it lasts, in seconds of production; `metros` are those whose edge sites fall with the core."""

    fleet: Fleet
    factor: float
    metros: range
    storm_seconds: int
    later: bool  # a site falls by itself when the storm is old


PLANS = {
    "short": Plan(fleet=SMALL, factor=6, metros=METROS, storm_seconds=60, later=False),
    "full": Plan(fleet=Fleet(), factor=3, metros=range(20), storm_seconds=200, later=True),
    "real": Plan(fleet=Fleet(), factor=1, metros=range(20), storm_seconds=200, later=True),
}
PLAN = PLANS[os.environ.get("STORM", "short")]
BEFORE, LOSSY, LATER = "edge-7", "edge-8", "edge-9"  # in metros 7, 8 and 9 of the small fleet as of the large one

pytestmark = [pytest.mark.real("prometheus", "prometheus-alertmanager"), pytest.mark.timeout(7200 // PLAN.factor)]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two sites fall alone, then the core with its edges; Prometheus is restarted in the middle; all is mended."""
    with staged(tmp_path_factory.mktemp("storm"), PLAN.fleet, PLAN.factor) as stage:
        world = stage.rig.world
        stage.warm(30)
        stage.now("alone")
        world.set([BEFORE], DOWN)
        world.set([LOSSY], TWO_OF_THREE)
        for site in (BEFORE, LOSSY):
            stage.wait_for("SiteDown", 300, since="alone", site=site)
        fallen = storm(stage)
        stage.restart_prometheus()
        if PLAN.later:
            stage.rig.run_for(PLAN.storm_seconds)
            stage.now("later")
            world.set([LATER], DOWN)
            stage.wait_for("SiteDown", 300, since="later", site=LATER)
        else:
            stage.rig.run_for(PLAN.storm_seconds)
        stage.now("mended")
        world.stalled_at = None
        world.mend([*fallen, BEFORE, LOSSY, LATER])
        stage.wait_until_resolved(400)
        stage.now("resolved")
        stage.rig.run_for(45 if PLAN is PLANS["short"] else TEN_MINUTES)
        yield stage


def storm(stage: Stage) -> list[str]:
    """The core site, its chain and the edges of its metros fall at once."""
    fallen = [CORE, *({*PLAN.fleet.edges_of_metros(PLAN.metros)} - {BEFORE, LOSSY, LATER})]
    world = stage.rig.world
    world.stalled_at = stage.now("storm")
    world.set(fallen, DOWN)
    stage.wait_for("FleetDown", 300, since="storm", tier="edge")
    stage.wait_for("SiteDown", 300, since="storm", site=CORE)
    stage.wait_for("BesuHeadStalled", 300, since="storm")
    return fallen


def test_core_outage_makes_three_pages(lived: Stage) -> None:
    """One for the edge tier, one for the core site, one for the chain: R4."""
    told = lived.named("storm", "later" if PLAN.later else "mended")

    assert sorted((name, count) for (name, _), count in told.items()) == [
        ("BesuHeadStalled", 1),
        ("FleetDown", 1),
        ("SiteDown", 1),
    ]


def test_nothing_is_paged_after_recovery(lived: Stage) -> None:
    """Neither for what is still burnt, nor for a straggler: R10."""
    assert lived.pages("mended") == []


def test_each_page_is_resolved_once(lived: Stage) -> None:
    """Those from before the storm as well, across a restart of Prometheus: R18."""
    told = lives(lived.told())

    assert told == dict.fromkeys(told, ONCE)


def test_page_from_before_the_storm_stays_until_its_site_is_well(lived: Stage) -> None:
    early = [one for one in lived.told() if one.status == RESOLVED and one.at < lived.moments["mended"]]

    assert early == []


def test_site_of_which_each_third_verdict_is_lost_is_paged(lived: Stage) -> None:
    """R2: a wait that begins anew at each lost verdict never ends."""
    assert lived.named("alone", "storm") == {("SiteDown", BEFORE): 1, ("SiteDown", LOSSY): 1}


def test_pages_come_within_their_own_bounds(lived: Stage) -> None:
    """From the fault to the webhook; what the machine itself missed is added."""
    late = [
        (one.name, subject(one), took)
        for moment, until in (("alone", "storm"), ("storm", "later" if PLAN.later else "mended"))
        for one in lived.pages(moment, until)
        if (took := lived.took(one, moment)) > BOUNDS[one.name] + lived.allowance()
    ]

    assert late == []


if PLAN.later:  # the short storm ends before it is old

    def test_site_that_falls_late_in_a_storm_pages_by_itself(lived: Stage) -> None:
        """R25: one straggler of a storm mutes nobody."""
        assert lived.named("later", "mended") == {("SiteDown", LATER): 1}
