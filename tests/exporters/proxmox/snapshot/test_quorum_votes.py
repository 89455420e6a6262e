"""Votes to spare, with uneven nodes and a QDevice; no number at all while one of them is not known."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.quorum import QDevice, Votes, margin_votes, parse_qdevice, parse_votes
from tests.exporters.proxmox.recorded import recorded

NONE = QDevice(configured=False)
SPLIT = QDevice(configured=True, connected=True, algorithm="Fifty-Fifty split")
LOST = QDevice(configured=True, connected=False, algorithm="Fifty-Fifty split")
LMS = QDevice(configured=True, connected=True, algorithm="LMS")
ODD = QDevice(configured=True, connected=True, algorithm="Test")


def cluster(*online: int) -> Cluster:
    return Cluster(name="c", quorate=True, online={f"pve{number}": bool(there) for number, there in enumerate(online)})


def votes(*numbers: int) -> Votes:
    return Votes(by_node={f"pve{number}": count for number, count in enumerate(numbers)})


@pytest.mark.parametrize(
    ("found", "weights", "device", "margin"),
    [
        (cluster(1, 1, 1), votes(1, 1, 1), NONE, 1),
        (cluster(1, 1, 0), votes(1, 1, 1), NONE, 0),
        (cluster(1, 0, 0), votes(1, 1, 1), NONE, -1),
        (cluster(1, 1), votes(1, 1), NONE, 0),
        (cluster(1, 1), votes(1, 1), SPLIT, 1),
        (cluster(1, 0), votes(1, 1), SPLIT, 0),
        (cluster(1, 1), votes(1, 1), LOST, 0),
        (cluster(1, 0), votes(1, 1), LOST, -1),
        (cluster(1, 0), votes(2, 1), NONE, 0),
        (cluster(1, 0, 0), votes(1, 1, 1), LMS, 0),
        (cluster(1, 1), votes(1, 1), ODD, None),
        (cluster(1, 1), votes(1, 1), None, None),
        (cluster(1, 1), None, NONE, None),
        (cluster(1, 1), votes(1, 1, 1), NONE, None),
        (Cluster(name=None, quorate=None, online={"kiosk": True}), votes(), NONE, None),
    ],
)
def test_margin_counts_every_vote_or_none(
    found: Cluster, weights: Votes | None, device: QDevice | None, margin: int | None
) -> None:
    """Present votes above the majority of all; a QDevice counts in the total even while it is not connected."""
    assert margin_votes(found, weights, device) == margin


def test_votes_are_text_in_the_answer() -> None:
    """As corosync.conf has them; a node without the key has one."""
    assert parse_votes(recorded()["cluster/config/nodes"]).by_node == {"pve1": 1, "pve2": 1, "pve3": 1}
    assert parse_votes([{"node": "a", "quorum_votes": "2"}, {"name": "b"}]).by_node == {"a": 2, "b": 1}


@pytest.mark.parametrize("data", [None, {}, "votes"])
def test_what_is_no_list_of_votes_is_refused(data: Any) -> None:
    """It is not a cluster without votes."""
    with pytest.raises(CollectorError):
        parse_votes(data)


@pytest.mark.parametrize(
    "rows",
    [[{}], [{"node": "b", "quorum_votes": "x"}], [{"node": "b"}, {"node": "b", "quorum_votes": 2}], [{"node": "b/"}]],
)
def test_a_vote_that_cannot_be_read_leaves_the_margin_open(rows: list[Any]) -> None:
    """The other node's vote stands."""
    votes = parse_votes([{"node": "a"}, *rows])

    assert votes.by_node == {"a": 1}
    assert margin_votes(Cluster(name="c", quorate=True, online={"a": True, "b": True}), votes, NONE) is None


@pytest.mark.parametrize(
    ("data", "device"),
    [
        ({}, NONE),
        (recorded("pve8")["cluster/config/qdevice"], QDevice(configured=True, connected=True, model="Net", algorithm="Fifty-Fifty split")),
        ({"State": "Connecting"}, QDevice(configured=True)),
    ],
)  # fmt: skip
def test_qdevice_is_absent_connected_or_not(data: Any, device: QDevice) -> None:
    """An empty object is the answer of a node that runs none."""
    assert parse_qdevice(data) == device


@pytest.mark.parametrize("data", [None, [], {"Model": "Net"}, {"State": 1}])
def test_a_qdevice_without_state_is_refused(data: Any) -> None:
    """It is there, and nobody says how it is."""
    with pytest.raises(CollectorError):
        parse_qdevice(data)
