"""cluster/status is read strictly because the verdict leans on it; cluster/resources is read leniently."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot import (
    Cluster,
    Permissions,
    parse_cluster,
    parse_permissions,
    parse_resources,
    parse_version,
)

from .recorded import recorded

HEAD = {"type": "cluster", "name": "c", "nodes": 1, "quorate": 1}
NODE = {"type": "node", "name": "pve1", "online": 1}


def test_cluster_reads_quorum_and_membership() -> None:
    """The recorded status becomes one value: name, quorum, and who is online."""
    cluster = parse_cluster(recorded()["cluster/status"])

    assert cluster == Cluster(name="edge-nairobi-1", quorate=True, online={"pve1": True, "pve2": True, "pve3": False})
    assert (cluster.serves, cluster.margin_votes) == (True, 0)


def test_standalone_node_serves_without_quorum() -> None:
    """A node without a cluster has one row and no quorum of its own; being online is enough."""
    cluster = parse_cluster([{**NODE, "nodeid": 0}])

    assert (cluster.quorate, cluster.serves) == (None, True)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "data",
        [HEAD],
        [HEAD, HEAD, NODE],
        [NODE, {**NODE, "name": "pve2"}],
        [{**HEAD, "quorate": "yes"}, NODE],
        [{**HEAD, "quorate": None}, NODE],
        [{**HEAD, "quorate": 2}, NODE],
        [{**HEAD, "nodes": 3}, NODE],
        [{**HEAD, "nodes": None}, NODE],
        [HEAD, {**NODE, "online": None}],
        [HEAD, {**NODE, "online": 0.5}],
        [HEAD, {**NODE, "name": ""}],
        [{**HEAD, "nodes": 2}, NODE, NODE],
        [HEAD, NODE, "row"],
        [{**HEAD, "nodes": 1001}, *({**NODE, "name": f"pve{n}"} for n in range(1001))],
    ],
)
def test_cluster_refuses_what_is_not_whole(data: Any) -> None:
    """A missing, doubled, shortened or odd row makes the whole status unreadable: unknown, never up."""
    with pytest.raises(CollectorError) as caught:
        parse_cluster(data)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize(
    ("quorate", "online", "serves"),
    [(True, True, True), (True, False, False), (False, True, False), (None, True, True), (None, False, False)],
)
def test_cluster_serves_with_quorum_and_somebody_there(*, quorate: bool | None, online: bool, serves: bool) -> None:
    """Up needs quorum (or a standalone node) and at least one node online."""
    assert Cluster(name="c", quorate=quorate, online={"pve1": online}).serves is serves


def test_resources_keep_what_is_readable() -> None:
    """Strings become numbers, absent keys stay absent, other types are left out, and the list counts as complete."""
    resources = parse_resources(recorded()["cluster/resources"])

    assert [(node.name, node.online, node.memory_used) for node in resources.nodes] == [
        ("pve1", True, 34359738368),
        ("pve2", True, 68719476736),
        ("pve3", False, None),
    ]
    assert [guest.status for guest in resources.guests] == [
        "running", "stopped", "running", "unknown", "paused", "stopped",
    ]  # fmt: skip
    assert (len(resources.storages), resources.complete) == (3, True)


@pytest.mark.parametrize(
    "rows", [[], [{"type": "qemu"}], [{"type": "node", "node": "pve1"}, {"type": "qemu", "node": "pve1"}], [{}]]
)
def test_resources_that_lost_rows_are_not_complete(rows: list[Any]) -> None:
    """An empty list, or a row without identity, must not be counted as few guests."""
    assert parse_resources(rows).complete is False


@pytest.mark.parametrize(
    ("held", "path", "privilege", "has"),
    [
        ({"/": {"VM.Audit": True}}, "/vms", "VM.Audit", True),
        ({"/": {"VM.Audit": False}}, "/vms", "VM.Audit", False),
        ({"/": {"VM.Audit": False}}, "/", "VM.Audit", True),
        ({"/": {"VM.Audit": True}, "/vms": {}}, "/vms", "VM.Audit", False),
        ({"/vms": {"VM.Audit": False}}, "/vms", "VM.Audit", True),
        ({"/vms/100": {"VM.Audit": True}}, "/vms", "VM.Audit", False),
        ({}, "/", "Sys.Audit", False),
    ],
)
def test_permission_needs_the_path_or_what_propagates(
    *, held: dict[str, dict[str, bool]], path: str, privilege: str, has: bool
) -> None:
    """The nearest listed path decides, and from above only what propagates counts."""
    assert Permissions(held=held).has(path, privilege) is has


@pytest.mark.parametrize("data", [None, [], {}, {"version": ""}, {"version": 9}])
def test_version_refuses_an_answer_without_version(data: Any) -> None:
    """No version, no version info."""
    with pytest.raises(CollectorError):
        parse_version(data)


def test_permissions_leave_out_what_is_odd() -> None:
    """A path whose value is no mapping is left out; an odd reach does not propagate."""
    assert parse_permissions({"/": {"Sys.Audit": "often"}, "/vms": 3}).held == {"/": {"Sys.Audit": False}}
