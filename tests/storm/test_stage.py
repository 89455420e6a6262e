"""What a busy machine does to a scenario is told apart from the scenario."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.alertmanager.render import render
from deploy.lab.processes import Processes
from deploy.lab.storm.fleet import SMALL
from deploy.lab.storm.notifications import FIRING, Told
from deploy.lab.storm.rig import Rig
from deploy.lab.storm.world import World
from sankofa_rules.ourselves import RULER_MISSED_LEAST
from tests.storm.stage import Stage


def page(name: str, **labels: str) -> Told:
    return Told(at=1, path="/page", name=name, status=FIRING, labels=labels, annotations={}, fingerprint=name)


@dataclass(kw_only=True)
class Recorded(Rig):
    """A rig that has told what it is given, and whose Prometheus missed so many evaluations."""

    came: list[Told] = field(
        default_factory=lambda: [page("SiteDown", site="edge-1"), page("RulerLate", observer="observer-1")]
    )
    missed: int

    def told(self, path: str = "/page", *, since: float = 0) -> list[Told]:
        return [one for one in self.came if one.path == path and one.at >= since]

    def query(self, expression: str) -> list[dict[str, Any]]:
        assert "iterations_missed" in expression
        return [{"metric": {}, "value": [1, f"{self.missed}"]}]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Recorded]:
    processes, world = Processes(folder=tmp_path), World(fleet=SMALL, factor=6)
    rig = Recorded(processes=processes, world=world, rules={}, routes=render, missed=RULER_MISSED_LEAST)
    world.start()
    yield rig
    rig.stop()


SITE, RULER = ("SiteDown", "edge-1"), ("RulerLate", "observer-1")


def test_late_ruler_that_the_machine_has_earned_is_no_page_of_the_scenario(rig: Recorded) -> None:
    """Nor is it waited for when all is mended."""
    stage = Stage(rig=rig, moments={"began": 0})

    assert (stage.named("began"), stage.open_pages()) == ({SITE: 1}, {SITE})


def test_late_ruler_without_missed_evaluations_is_a_page_like_any(rig: Recorded) -> None:
    rig.missed = RULER_MISSED_LEAST - 1
    stage = Stage(rig=rig, moments={"began": 0})

    assert (stage.named("began"), stage.open_pages()) == ({SITE: 1, RULER: 1}, {SITE, RULER})


def test_late_ruler_that_is_drilled_is_a_page_like_any(rig: Recorded) -> None:
    stage = Stage(rig=rig, moments={"began": 0}, ruler_is_drilled=True)

    assert (stage.named("began"), stage.open_pages()) == ({SITE: 1, RULER: 1}, {SITE, RULER})


def test_world_that_is_never_started_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open event loop fails whichever run ends after it, though each of its tests has passed."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    World(fleet=SMALL, factor=1)
    gc.collect()

    assert left == []
