"""From recorded payloads to samples: the join with the node's state, and the three verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind

from .recorded import probed, recorded, values


async def test_guest_on_an_offline_node_is_unknown() -> None:
    """lxc/102 says running on pve3, which is offline: not running and not known, and its storage says nothing."""
    found = values(await probed(recorded()))

    assert (found["pve_guest_running", "lxc/102"], found["pve_guest_known", "lxc/102"]) == (0, 0)
    assert {key[1]: value for key, value in found.items() if key[0] == "pve_guests"} == {
        "running": 2, "stopped": 1, "other": 1, "unknown": 2, "template": 1,
    }  # fmt: skip
    assert ("pve_storage_available", "local", "pve3") not in found
    assert ("pve_guest_uptime_seconds", "lxc/102") not in found


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"status": "running", "node": "pve1"}, (1, 1)),
        ({"status": "running", "node": "pve3"}, (0, 0)),
        ({"status": "running", "node": "elsewhere"}, (0, 0)),
        ({"status": "stopped", "node": "pve1"}, (0, 1)),
        ({"status": "unknown", "node": "pve1"}, (0, 0)),
        ({"status": None, "node": "pve1"}, (0, 0)),
        ({"status": "paused", "node": "pve2"}, (0, 1)),
    ],
)
async def test_guest_runs_only_where_its_node_is_online(row: dict[str, Any], state: tuple[int, int]) -> None:
    """(running, known) of a guest by its own word and its node's."""
    payloads = recorded()
    payloads["cluster/resources"][3].update(row)
    found = values(await probed(payloads))

    assert (found["pve_guest_running", "qemu/100"], found["pve_guest_known", "qemu/100"]) == state


async def test_two_answers_that_differ_about_a_node_make_its_guests_unknown() -> None:
    """Status says online, resources say offline: doubt is not online."""
    payloads = recorded()
    payloads["cluster/resources"][0]["status"] = "offline"
    found = values(await probed(payloads))

    assert found["pve_guest_known", "qemu/100"] == 0
    assert found["pve_node_online", "pve1"] == 1


async def test_guests_are_not_counted_without_the_right_to_see_all() -> None:
    """Without VM.Audit the list is silently short: no count, and the missing right is named."""
    payloads = recorded()
    payloads["access/permissions"] = {"/": {"Sys.Audit": 1, "Datastore.Audit": 1}}
    found = values(await probed(payloads))

    assert not [key for key in found if key[0] == "pve_guests"]
    assert found["pve_guest_list_complete",] == 0
    assert found["pve_privilege_missing", "/vms", "VM.Audit"] == 1
    assert found["pve_privilege_missing", "/", "Sys.Audit"] == 0


@pytest.mark.parametrize(
    ("head", "node", "verdict"),
    [
        ({}, {}, (1, 1)),
        ({"quorate": 0}, {}, (0, 1)),
        ({"quorate": "1"}, {}, (1, 1)),
        ({}, {"online": 0}, (0, 1)),
        ({"quorate": "maybe"}, {}, (0, 0)),
        ({"nodes": 9}, {}, (0, 0)),
        ({}, {"online": "?"}, (0, 0)),
    ],
)
async def test_verdict_is_up_down_or_unknown(
    head: dict[str, Any], node: dict[str, Any], verdict: tuple[int, int]
) -> None:
    """(up, known) of a good answer that says so, and of answers that cannot be read."""
    payloads = recorded()
    payloads["cluster/status"][0].update(head)
    for row in payloads["cluster/status"][1:]:
        row.update(node)
    found = values(await probed(payloads))

    assert (found["pve_up",], found["pve_known",]) == verdict


@pytest.mark.parametrize("kind", list(Kind))
async def test_trouble_of_any_kind_is_unknown_and_never_down(kind: Kind) -> None:
    """Whatever kept the status away: up 0 with known 0, the kind is told, the other collectors have their data."""
    found = values(await probed({**recorded(), "cluster/status": CollectorError(kind, "x")}))

    assert (found["pve_up",], found["pve_known",]) == (0, 0)
    assert found["collector_error", "cluster", kind] == 1
    assert found["pve_version_info", "9.2.11", "9.2", "0e1d4c2f5a6b7c8d"] == 1
    assert ("pve_cluster_quorate",) not in found


async def test_status_alone_is_enough_for_the_verdict() -> None:
    """With everything else failing the cluster is still known to be up, and no guest family appears."""
    payloads = {path: CollectorError(Kind.HTTP, "x") for path in recorded()}
    found = values(await probed({**payloads, "cluster/status": recorded()["cluster/status"]}))

    assert (found["pve_up",], found["pve_known",], found["probe_success",]) == (1, 1, 0)
    # Two families speak for themselves about nodes that did not answer.
    kept = ("pve_up", "pve_known", "pve_cluster", "pve_node_online")
    assert {key[0] for key in found if key[0].startswith("pve_") and not key[0].startswith(kept)} == set()
