"""The fleet that boards are drawn of: what it says is well formed, and a system that is down is down in all it says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.lab.boards.world import BoardFleet, BoardWorld
from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.canary import families as canary
from sankofa_exporters.cloudflare import families as tunnel
from sankofa_observe import telemetry

FLEET = BoardFleet(core=2, regional=2, edge=12)
DOWN = ("core-0", "edge-0")
MINUTE = 60.0


@pytest.fixture
def world() -> BoardWorld:
    """Five minutes old, at twice production's pace; two of its sites fell a minute ago."""
    made = BoardWorld(fleet=FLEET, factor=2)
    made.fail(DOWN)
    made.began -= 5 * MINUTE
    made.down_since = dict.fromkeys(DOWN, time.time() - MINUTE)
    return made


def _texts(world: BoardWorld) -> Iterator[str]:
    for site in FLEET.sites.values():
        for name in site.systems:
            yield world._probed(site, name)
    yield "\n".join(world._platform()) + "\n"


def _value(text: str, name: object, **labels: str) -> float:
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{name}" and labels.items() <= sample.labels.items()
    ]
    (one,) = found
    return float(one)


def test_no_answer_has_a_series_twice(world: BoardWorld) -> None:
    """Prometheus takes one of the two, whichever stands last: a board would show what nobody meant."""
    for text in _texts(world):
        series = Counter(line.rpartition(" ")[0] for line in text.splitlines() if line)
        assert [name for name, count in series.items() if count > 1] == []


def test_a_canary_that_is_down_has_requests_that_fail(world: BoardWorld) -> None:
    """They go on and time out, none is answered any more, and known ones are answered or failed; elsewhere none fails."""
    down, well = (world._probed(FLEET.sites[name], "canary") for name in ("core-0", "core-1"))
    asked, answered = (_value(down, name) for name in (canary.REQUESTS.name, f"{canary.DURATION.name}_count"))
    assert _value(down, canary.FAILURES.name, outcome="timeout") == pytest.approx(asked - answered, abs=1)
    assert answered < asked
    assert _value(well, canary.REQUESTS.name) == pytest.approx(_value(well, f"{canary.DURATION.name}_count"), abs=1)
    assert _value(well, canary.FAILURES.name, outcome="timeout") == 0


def test_what_is_down_stands_still(world: BoardWorld) -> None:
    """No request passes a tunnel that is down, and the head of a node there is as old as the fault, at the world's pace."""
    was = world._probed(FLEET.sites["edge-0"], "cloudflare")
    head = _value(world._probed(FLEET.sites["core-0"], "besu"), besu.HEAD_TIMESTAMP.name)
    assert time.time() - head == pytest.approx(2 * MINUTE, abs=5)
    world.began -= MINUTE
    world.down_since = {name: at - MINUTE for name, at in world.down_since.items()}
    assert _value(world._probed(FLEET.sites["edge-0"], "cloudflare"), tunnel.REQUESTS.name) == _value(
        was, tunnel.REQUESTS.name
    )


def test_each_edge_site_has_one_verdict_of_its_last_period(world: BoardWorld) -> None:
    """Met for most, and what cannot be decided for one: the platform counts as many undetermined verdicts."""
    platform = "\n".join(world._platform()) + "\n"
    verdicts = Counter(
        (sample.labels["site"], sample.labels["verdict"])
        for family in text_string_to_metric_families(platform)
        for sample in family.samples
        if sample.name == f"{telemetry.JUDGED_VERDICT}" and sample.value == 1
    )
    assert Counter(verdict for _, verdict in verdicts) == {"met": 11, "undetermined": 1}
    assert _value(platform, telemetry.UNDETERMINED, slo="availability-edge") == 1
