"""Every page that there is, in one run: its fault goes in, and it reaches the webhook within the bound that it states.

The faults lie at different sites, so that none explains another. A page without a fault here fails the first test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.lab.storm.drills import DOWN, DRILLS, STALLED_SECONDS
from deploy.lab.storm.fleet import SMALL
from tests.storm.stage import BOUNDS, DELIVERY_SECONDS, Stage, staged

WARM = 330
BEFORE = {"SettlementChainStalled": STALLED_SECONDS}  # how long the fault has lasted when it is put in
AT_ONCE = [drill for drill in DRILLS.values() if not drill.alone]
APART = [DRILLS[name] for name in ("observer-dead", "platform-dead", "ruler-late")]

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.tier("test-all"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """First all that can be at once, then an observer, the platform, and Prometheus itself."""
    with staged(tmp_path_factory.mktemp("pages"), SMALL, 5, ruler_is_drilled=True) as stage:
        stage.warm(WARM)
        stage.now("faults")
        stage.rig.world.set(SMALL.of(tier="core"), DOWN)  # a tier that is lost, whose regions are not
        for drill in AT_ONCE:
            drill.begin(stage.rig)
        for name in ("FleetDown", *(drill.page for drill in AT_ONCE)):
            stage.wait_for(name, BOUNDS[name], since="faults")
        for drill in APART:
            stage.missed = stage.allowance()  # before Prometheus is stopped
            stage.now(drill.page)
            drill.begin(stage.rig)
            if drill.page == "RulerLate":
                stage.now(drill.page)
            stage.wait_for(drill.page, BOUNDS[drill.page], since=drill.page)
        yield stage


def test_each_page_has_its_fault_and_comes_once(lived: Stage) -> None:
    """What is told beside them would be a second page of one fault."""
    assert sorted(name for name, _ in lived.named("started").elements()) == sorted(BOUNDS)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_page_comes_within_the_bound_it_states(lived: Stage, name: str) -> None:
    """Fault in, exporter, Prometheus, Alertmanager, webhook."""
    (page,) = [one for one in lived.pages("started") if one.name == name]
    took = lived.took(page, name if name in lived.moments else "faults")
    own = DELIVERY_SECONDS * lived.rig.factor if name == "RulerLate" else lived.missed

    assert page.annotations["fault_to_page"] == str(BOUNDS[name])
    assert took + BEFORE.get(name, 0) <= BOUNDS[name] + own
