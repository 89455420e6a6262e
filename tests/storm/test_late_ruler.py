"""Prometheus begins anew twice within minutes, while a site is down: one page more says so, and none is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.lab.storm.drills import DOWN, LOST
from deploy.lab.storm.fleet import OBSERVERS, SMALL
from deploy.lab.storm.notifications import RESOLVED
from tests.storm.stage import ONCE, Stage, lives, staged

WARM = 330

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.tier("test-all"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ruler"), SMALL, 3, ruler_is_drilled=True) as stage:
        stage.warm(WARM)
        stage.now("lost")
        stage.rig.world.set([LOST], DOWN)
        stage.wait_for("SiteDown", 300, since="lost", site=LOST)
        stage.now("restarts")
        for _ in range(2):
            stage.restart_prometheus()
            stage.rig.run_for(30)
        stage.wait_for("RulerLate", 300, since="restarts")
        stage.rig.run_for(120)
        stage.now("mended")
        stage.rig.world.mend([LOST])
        stage.wait_until_resolved(600)
        stage.rig.run_for(60)
        yield stage


def test_ruler_that_begins_anew_twice_makes_one_page_more(lived: Stage) -> None:
    """R24: what nobody looked at meanwhile is not silent."""
    assert lived.named("restarts") == {("RulerLate", OBSERVERS[0]): 1}


def test_page_that_fires_is_not_taken_back_by_a_restart(lived: Stage) -> None:
    """R18: its state reads its own past, and Alertmanager waits for four times the delay of resending."""
    assert lived.named("lost", "mended", status=RESOLVED) == {}


def test_each_page_is_resolved_once(lived: Stage) -> None:
    told = lives(lived.told())

    assert told == dict.fromkeys(told, ONCE)
