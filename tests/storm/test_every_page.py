"""Every page that there is, in one run: its fault goes in, and it reaches the webhook within the bound that it states.

The faults lie at different sites, so that none explains another. A page without a fault here fails the first test.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from deploy.lab.storm.exposition import Look
from deploy.lab.storm.fleet import OBSERVERS
from deploy.lab.storm.world import PLATFORM
from tests.storm.stage import BOUNDS, DELIVERY_SECONDS, SMALL, Stage, staged

DOWN, BLIND = (Look.DOWN,), (Look.UNKNOWN,)
ONE_OF_FOUR = (Look.DOWN, Look.UP, Look.UP, Look.UP)  # each minute is bad, and the site is not down
WARM = 330
STALLED_SECONDS = 1800  # of the settlement chain, before it pages
STOPPED_SECONDS = 75
SILENT, LOST, BURNING, UNFOUND, GIVEN_UP = "edge-7", "edge-8", "edge-10", "regional-9", "edge-6"
REGION = "metro-11"
FAULTY = {SILENT, LOST, BURNING, *SMALL.of(region=REGION)}
LATER = {"ObserverIsolated": "observer dead", "PlatformDown": "platform dead", "RulerLate": "resumed"}
AGED = {"SettlementChainStalled": "settlement chain"}

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.tier("test-all"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """First all that can be at once, then an observer, the platform, and Prometheus itself."""
    with staged(tmp_path_factory.mktemp("pages"), SMALL, 5) as stage:
        stage.warm(WARM)
        at_once(stage)
        for name in sorted(BOUNDS.keys() - LATER.keys()):
            stage.wait_for(name, BOUNDS[name], since="faults")
        for name, what in (("ObserverIsolated", OBSERVERS[1]), ("PlatformDown", PLATFORM)):
            stage.now(LATER[name])
            stage.rig.world.close(what)
            stage.wait_for(name, BOUNDS[name], since="faults")
        stage.missed = stage.allowance()
        starve(stage)
        stage.wait_for("RulerLate", BOUNDS["RulerLate"] + WARM, since="resumed")
        yield stage


def at_once(stage: Stage) -> None:
    world = stage.rig.world
    begun = stage.now("faults")
    stage.moments["settlement chain"] = world.settlement_stalled_at = begun - stage.rig.seconds(STALLED_SECONDS)
    world.stalled_at, world.forked, world.held, world.broken = begun, True, 1, 1
    world.unfound.add(UNFOUND)
    world.given_up.add(GIVEN_UP)
    world.set([SILENT], BLIND)
    world.set([LOST, *SMALL.of(region=REGION), *SMALL.of(tier="core")], DOWN)
    world.set([BURNING], ONE_OF_FOUR)
    tunnels = [name for name in SMALL.of(tier="edge") if "cloudflare" in SMALL.sites[name].systems]
    world.set([name for name in tunnels if name not in FAULTY], BLIND, "cloudflare")


def starve(stage: Stage) -> None:
    """Prometheus gets no CPU for a while, and then misses what it should have evaluated."""
    pid = stage.rig.children["prometheus"].process.pid
    os.killpg(pid, signal.SIGSTOP)
    stage.rig.run_for(STOPPED_SECONDS)
    os.killpg(pid, signal.SIGCONT)
    stage.now("resumed")


def test_each_page_has_its_fault_and_comes_once(lived: Stage) -> None:
    """What is told beside them would be a second page of one fault."""
    assert sorted(name for name, _ in lived.named("started").elements()) == sorted(BOUNDS)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_page_comes_within_the_bound_it_states(lived: Stage, name: str) -> None:
    """Fault in, exporter, Prometheus, Alertmanager, webhook."""
    (page,) = [one for one in lived.pages("started") if one.name == name]
    moment = LATER.get(name) or AGED.get(name) or "faults"
    own = DELIVERY_SECONDS * lived.rig.factor if name == "RulerLate" else lived.missed

    assert page.annotations["fault_to_page"] == str(BOUNDS[name])
    assert lived.took(page, moment) <= BOUNDS[name] + own
