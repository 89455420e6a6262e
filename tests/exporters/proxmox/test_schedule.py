"""Four calls a probe: which one is the fourth, what brings it forward, and what is said meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.system.source import ProxmoxSource

from .recorded import Clock, asked, one_probe, probed, recorded, source, values

THREE = {"cluster/status", "cluster/resources", "cluster/ha/status/current"}


def slow(found: ProxmoxSource) -> list[str]:
    """The calls of the last probe that are neither of the three nor about a node."""
    return [path for path in asked(found) if path not in THREE and not path.startswith("nodes/")]


async def warm(payloads: dict[str, Any]) -> tuple[ProxmoxSource, Clock]:
    """A source whose every question has had its turn."""
    clock = Clock()
    found = source(payloads, clock)
    for _ in range(7):
        await one_probe(found)
    asked(found)
    return found, clock


async def test_first_probes_ask_every_question_once() -> None:
    """Rights first; what was not asked yet is absent without being called a failure."""
    found = source(recorded())
    order, failures = [], []
    for _ in range(7):
        failures.append(dict((await one_probe(found)).failures))
        order += slow(found)

    assert order == [
        "access/permissions",
        "cluster/backup-info/not-backed-up",
        "version",
        "cluster/config/nodes",
        "cluster/config/qdevice",
        "cluster/backup",
        "access/permissions",
    ]
    assert failures == [{}] * 7


async def test_every_probe_of_an_hour_makes_four_calls_about_the_cluster() -> None:
    """At 15 s: no more than four, every question in its time, and the rights at least at every second probe."""
    found, clock = await warm(recorded())
    counts: dict[str, int] = {}
    between, longest = 0, 0
    for _ in range(240):
        clock.now += 15
        await one_probe(found)
        paths = [path for path in asked(found) if not path.startswith("nodes/")]
        assert len(paths) == 4
        (fourth,) = set(paths) - THREE
        counts[fourth] = counts.get(fourth, 0) + 1
        between = 0 if fourth == "access/permissions" else between + 1
        longest = max(longest, between)

    assert longest == 1
    assert counts == {
        "access/permissions": 146,
        "cluster/config/qdevice": 54,
        "cluster/backup-info/not-backed-up": 29,
        "cluster/backup": 11,
    }


async def test_rows_that_vanish_bring_the_rights_forward() -> None:
    """The token loses VM.Audit while another question is due: the same probe asks for the rights and says so."""
    payloads = recorded()
    found, clock = await warm(payloads)
    clock.now += 100
    payloads["cluster/resources"] = [row for row in payloads["cluster/resources"] if row["type"] != "qemu"]
    for held in payloads["access/permissions"].values():
        held.pop("VM.Audit")
    seen = values(await one_probe(found))

    assert slow(found) == ["access/permissions"]
    assert (seen["pve_privilege_missing", "/vms", "VM.Audit"], seen["pve_guest_list_complete",]) == (1, 0)


async def test_a_loss_is_seen_after_a_failed_call() -> None:
    """One probe without resources, then a shorter list: it is compared with the last one that was whole."""
    payloads = recorded()
    found, clock = await warm(payloads)
    whole = payloads["cluster/resources"]
    payloads["cluster/resources"] = CollectorError(Kind.TIMEOUT, "x")
    await one_probe(found)
    asked(found)
    clock.now += 100
    payloads["cluster/resources"] = [row for row in whole if row["type"] != "storage"]
    await one_probe(found)

    assert slow(found) == ["access/permissions"]


async def test_a_new_refusal_brings_the_rights_forward_and_a_lasting_one_does_not() -> None:
    """403 on HA: the rights are asked at once; after that the other questions have their turns again."""
    payloads = recorded()
    found, clock = await warm(payloads)
    payloads["cluster/ha/status/current"] = CollectorError(Kind.PERMISSION, "x")
    calls = []
    for _ in range(3):
        clock.now += 61
        await one_probe(found)
        calls += slow(found)

    assert calls[0] == "access/permissions"
    assert set(calls[1:]) != {"access/permissions"}


async def test_a_new_guest_brings_the_coverage_forward() -> None:
    """A guest that nobody has put into a job is seen in the probe that sees the guest."""
    payloads = recorded()
    found, clock = await warm(payloads)
    clock.now += 1
    payloads["cluster/resources"].append({"id": "qemu/900", "type": "qemu", "node": "pve1", "status": "running"})
    payloads["cluster/backup-info/not-backed-up"].append({"vmid": 900, "type": "qemu"})
    seen = values(await one_probe(found))

    assert (slow(found), seen["pve_guest_in_backup_job", "qemu/900"]) == (["cluster/backup-info/not-backed-up"], 0)


async def test_a_guest_that_nobody_asked_about_is_not_called_covered() -> None:
    """The new guest comes with lost rows, so the rights go first: of the guest nothing is said in this probe."""
    payloads = recorded()
    found, clock = await warm(payloads)
    clock.now += 1
    payloads["cluster/resources"][3]["id"] = "qemu/900"
    first = values(await one_probe(found))
    second = values(await one_probe(found))

    assert slow(found) == ["access/permissions", "cluster/backup-info/not-backed-up"]
    assert ("pve_guest_in_backup_job", "qemu/900") not in first
    assert second["pve_guest_in_backup_job", "qemu/900"] == 1


async def test_a_new_corosync_configuration_brings_votes_and_qdevice_forward() -> None:
    """Its version is in every status: a node with two votes moves the margin two probes later at most."""
    payloads = recorded()
    found, clock = await warm(payloads)
    clock.now += 1
    payloads["cluster/status"][0]["version"] = 8
    payloads["cluster/config/nodes"][0]["quorum_votes"] = "2"
    await one_probe(found)
    seen = values(await one_probe(found))

    assert slow(found) == ["cluster/config/nodes", "cluster/config/qdevice"]
    assert seen["pve_quorum_margin_votes",] == 0  # 3 of 4 votes present, 3 needed


@pytest.mark.parametrize("kind", [Kind.PERMISSION, Kind.AUTH, Kind.DECODE])
async def test_a_refused_question_costs_its_own_families_until_it_is_asked_again(kind: Kind) -> None:
    """The old answer does not stand in for a refusal; a quarter of a minute later it is asked again."""
    payloads = recorded()
    found, clock = await warm(payloads)
    good = payloads["cluster/config/qdevice"]
    payloads["cluster/config/qdevice"] = CollectorError(kind, "x")
    clock.now += 61
    kinds = []
    for seconds in (0, 8, 8, 8):
        clock.now += seconds
        seen = values(await one_probe(found))
        kinds.append(("collector_error", "qdevice", kind) in seen)
        payloads["cluster/config/qdevice"] = good

    assert (kinds[0], kinds[-1]) == (True, False)
    assert ("pve_qdevice_configured",) in seen


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.HTTP, Kind.LIMIT])
async def test_silence_leaves_the_last_answer_with_its_age(kind: Kind) -> None:
    """Nothing of it is contradicted; past its cap it is no longer believed."""
    payloads = recorded()
    found, clock = await warm(payloads)
    payloads["cluster/config/qdevice"] = CollectorError(kind, "x")
    clock.now += 61
    await one_probe(found)
    kept = values(await one_probe(found))
    clock.now += 900
    old = values(await one_probe(found))

    assert (kept["pve_qdevice_configured",], kept["collector_age_seconds", "qdevice"]) == (0, 61)
    assert old["collector_error", "qdevice", kind] == 1


async def test_margin_is_absent_while_the_qdevice_is_not_known() -> None:
    """A vote that may or may not be there could move it in both directions; quorate is corosync's own word."""
    found = values(await probed({**recorded(), "cluster/config/qdevice": CollectorError(Kind.HTTP, "x")}))

    assert ("pve_quorum_margin_votes",) not in found
    assert (found["pve_cluster_quorate",], found["pve_up",]) == (1, 1)


async def test_a_remembered_answer_tells_its_age_and_ends_as_stale() -> None:
    """An hour without probes: what is past its cap is stale, not an old answer."""
    payloads = recorded()
    found, clock = await warm(payloads)
    clock.now += 30
    young = values(await one_probe(found))
    clock.now += 3_601
    old = values(await one_probe(found))

    assert young["collector_age_seconds", "backup_jobs"] == 30
    assert old["collector_error", "backup_jobs", "stale"] == 1
    assert ("pve_backup_job_enabled", "backup-1f2e3d4c-5b6a") not in old


async def test_standalone_node_is_not_asked_for_votes() -> None:
    """There is no corosync: neither votes nor a QDevice, and no failure of theirs."""
    found = source(recorded("pve7"))
    calls = []
    for _ in range(8):
        report = await one_probe(found)
        calls += slow(found)

    assert not [path for path in calls if path.startswith("cluster/config")]
    assert (dict(report.failures), values(report)["pve_up",]) == ({}, 1)


@pytest.mark.parametrize("kind", [Kind.AUTH, Kind.TIMEOUT, Kind.DECODE])
async def test_rights_that_cannot_be_had_prove_nothing(kind: Kind) -> None:
    """Without them no list is called complete, and probe_success says that something is missing."""
    found = values(await probed({**recorded(), "access/permissions": CollectorError(kind, "x")}))

    assert (found["pve_guest_list_complete",], found["probe_success",], found["pve_up",]) == (0, 0, 1)
    assert found["collector_error", "permissions", kind] == 1


async def test_two_probes_at_once_share_what_is_remembered() -> None:
    """As two Prometheus servers do: neither is disturbed, and nobody asks twice what is being asked."""
    found, clock = await warm(recorded())
    clock.now += 61
    reports = await asyncio.gather(*(one_probe(found) for _ in range(2)))
    calls = [path for path in asked(found) if not path.startswith("nodes/")]

    assert [calls.count(path) for path in sorted(THREE)] == [2, 2, 2]
    assert len([path for path in calls if path not in THREE]) == len({path for path in calls if path not in THREE})
    assert [dict(report.failures) for report in reports] == [{}, {}]
