"""An HA service runs when a fresh manager says so and its node can be believed; what HA says else is its own doing."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind

from .recorded import NOW, probed, recorded, values

HA = "cluster/ha/status/current"
NODES = "cluster/status"


def pair(found: dict[tuple[str, ...], Any], service: str) -> tuple[float, float]:
    return found["pve_ha_service_started", service], found["pve_ha_service_known", service]


def changed(kind: str, **change: Any) -> dict[str, Any]:
    """The recorded cluster with a change to all rows of one type."""
    payloads = recorded()
    for row in payloads[HA]:
        if row["type"] == kind:
            row.update(change)
    return payloads


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("started", (1, 1)),
        ("migrate", (1, 1)),
        ("stopped", (0, 1)),
        ("starting", (0, 1)),
        ("error", (0, 1)),
        ("fence", (0, 1)),
        ("recovery", (0, 1)),
        ("relocate", (0, 1)),
        ("queued", (0, 1)),
        ("freeze", (0, 0)),
        ("ignored", (0, 0)),
        ("ignore", (0, 0)),
        ("a word of a later release", (0, 0)),
    ],
)
async def test_each_state_is_running_not_running_or_open(state: str, expected: tuple[int, int]) -> None:
    """(started, known) of a service on a node that is well."""
    payloads = recorded()
    payloads[HA][0].update(state=state, node="pve1")

    assert pair(values(await probed(payloads)), "vm:100") == expected


async def test_started_on_a_dead_node_is_unknown_until_the_manager_fences_it() -> None:
    """The manager repeats what was for a minute; fence is its own word and needs no second witness."""
    payloads = recorded()
    before = pair(values(await probed(payloads)), "ct:102")
    payloads[HA][1].update(state="fence")

    assert (before, pair(values(await probed(payloads)), "ct:102")) == ((0, 0), (0, 1))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("master", {"timestamp": NOW - 31}),
        ("master", {"timestamp": NOW + 60}),
        ("master", {"timestamp": None}),
        ("master", {"status": "pve2 (old timestamp - dead?, yesterday)"}),
        ("master", {"type": "gone"}),
        ("quorum", {"quorate": 0}),
    ],
)
async def test_a_stale_manager_makes_every_service_unknown(kind: str, change: dict[str, Any]) -> None:
    """Stopped and failed ones too: none of it is believed, and ha_known says so."""
    found = values(await probed(changed(kind, **change)))

    assert found["pve_ha_known",] == 0
    assert {pair(found, key[1]) for key in found if key[0] == "pve_ha_service_known"} == {(0, 0)}
    assert found["pve_ha_services", "unknown"] == 6


async def test_a_stale_lrm_makes_running_unknown_and_leaves_the_rest() -> None:
    """A node that is online and whose LRM is silent: started there is not believed; stopped elsewhere still is."""
    found = values(await probed(changed("lrm", timestamp=NOW - 90)))

    assert (found["pve_ha_known",], found["pve_ha_lrm_fresh", "pve1"], found["pve_node_online", "pve1"]) == (1, 0, 1)
    assert (pair(found, "vm:100"), pair(found, "vm:101")) == ((0, 0), (0, 1))


async def test_services_of_an_unknown_cluster_lean_on_the_lrm_alone() -> None:
    """cluster/status fails: a fresh LRM is still a witness that its node lives."""
    payloads = {**recorded(), NODES: CollectorError(Kind.TIMEOUT, "x")}
    found = values(await probed(payloads))

    assert (pair(found, "vm:100"), pair(found, "ct:102")) == ((1, 1), (0, 0))


async def test_ignored_services_ask_for_nothing() -> None:
    """Requested is absent for them, so a ratio of started to requested leaves them out."""
    found = values(await probed(recorded()))

    assert {key[1]: value for key, value in found.items() if key[0] == "pve_ha_service_requested_started"} == {
        "vm:100": 1, "ct:102": 1, "vm:101": 0, "vm:104": 1, "vm:103": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("word", "armed"), [("armed", 1), ("standby", 0), ("disarming", 0), ("disarmed", 0)])
async def test_armed_is_armed_and_nothing_else(word: str, armed: int) -> None:
    """While HA is disarmed nothing is recovered."""
    found = values(await probed(changed("fencing", **{"armed-state": word})))

    assert found["pve_ha_armed",] == armed


async def test_age_is_the_managers_by_the_clock_of_the_node_that_answered() -> None:
    """Four seconds, whatever this host's clock says."""
    assert values(await probed(recorded()))["collector_age_seconds", "ha"] == 4
