"""cluster/status is read strictly, because the verdict leans on it."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot.cluster import Cluster, parse_cluster
from tests.exporters.proxmox.recorded import recorded

HEAD = {"type": "cluster", "name": "c", "nodes": 1, "quorate": 1}
NODE = {"type": "node", "name": "pve1", "online": 1}


def test_cluster_reads_quorum_and_membership() -> None:
    """The recorded status becomes one value: name, quorum, and who is online."""
    cluster = parse_cluster(recorded()["cluster/status"])

    assert cluster == Cluster(
        name="edge-nairobi-1",
        quorate=True,
        online={"pve1": True, "pve2": True, "pve3": False},
        config_version=7,
    )
    assert (cluster.serves, cluster.standalone) == (True, False)


def test_rows_may_come_in_any_order_and_without_address() -> None:
    """The cluster row need not be first, and a node row may lack its ip: two KeyErrors of another exporter."""
    rows = recorded()["cluster/status"]

    assert parse_cluster(rows[::-1]).online == parse_cluster(rows).online
    assert parse_cluster([NODE, HEAD]).name == "c"


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
        [HEAD, {**HEAD, "quorate": 0}, NODE],
        [NODE, {**NODE, "name": "pve2"}],
        [{**HEAD, "quorate": "yes"}, NODE],
        [{**HEAD, "quorate": None}, NODE],
        [{**HEAD, "quorate": 2}, NODE],
        [{**HEAD, "nodes": 3}, NODE],
        [{**HEAD, "nodes": None}, NODE],
        [HEAD, {**NODE, "name": ""}],
        [HEAD, {**NODE, "name": "../../access/users"}],
        [HEAD, {**NODE, "name": "pve1/qemu"}],
        [{**HEAD, "nodes": 2}, NODE, NODE],
        [NODE, "row"],
        [HEAD, "row"],
        [{**HEAD, "nodes": 1001}, *({**NODE, "name": f"pve{n}"} for n in range(1001))],
    ],
)
def test_cluster_refuses_what_is_not_whole(data: Any) -> None:
    """Quorum that is not said, a shortened list, a node without a name: unknown, never up."""
    with pytest.raises(CollectorError) as caught:
        parse_cluster(data)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize("twice", [HEAD, NODE])
def test_a_row_that_comes_twice_is_one(twice: dict[str, Any]) -> None:
    """Of the cluster and of a node."""
    assert parse_cluster([HEAD, NODE, twice]) == parse_cluster([HEAD, NODE])


@pytest.mark.parametrize(
    "other", [[{**NODE, "online": 0}, NODE], [{**NODE, "online": None}], [{**NODE, "online": 0.5}]]
)
def test_a_node_in_doubt_costs_itself(other: list[dict[str, Any]]) -> None:
    """Of two rows that differ, and of one that does not say, only that node is unknown; without another nobody knows more."""
    others = [{**row, "name": "pve2"} for row in other]
    cluster = parse_cluster([{**HEAD, "nodes": 2}, NODE, *others])

    assert (cluster.online, cluster.serves, cluster.members) == ({"pve1": True, "pve2": None}, True, ("pve1",))
    assert parse_cluster([HEAD, *other]).serves is None


@pytest.mark.parametrize(
    ("quorate", "online", "serves"),
    [(True, True, True), (True, False, False), (False, True, False), (None, True, True), (None, False, False)],
)
def test_cluster_serves_with_quorum_and_somebody_there(*, quorate: bool | None, online: bool, serves: bool) -> None:
    """Up needs quorum (or a standalone node) and at least one node online."""
    assert Cluster(name="c", quorate=quorate, online={"pve1": online}).serves is serves
