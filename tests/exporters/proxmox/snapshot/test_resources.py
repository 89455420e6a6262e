"""cluster/resources is read leniently, and says when it had to leave something out."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.proxmox.snapshot.resources import parse_resources
from tests.exporters.proxmox.recorded import recorded


def test_resources_keep_what_is_readable() -> None:
    """Strings become numbers, absent keys stay absent, other types are left out, and the list counts as complete."""
    resources = parse_resources(recorded()["cluster/resources"])

    assert [(node.name, node.online, node.memory_used) for node in resources.nodes] == [
        ("pve1", True, 34359738368),
        ("pve2", True, 68719476736),
        ("pve3", False, None),
    ]
    assert [guest.state for guest in resources.guests] == [
        "running", "stopped", "running", "unknown", "paused", "stopped", "running",
    ]  # fmt: skip
    assert (len(resources.storages), resources.complete) == (5, True)


@pytest.mark.parametrize("rows", [[], [{"type": "node", "node": "pve1"}, {"type": "qemu", "node": "pve1"}]])
def test_resources_that_lost_rows_are_not_complete(rows: list[Any]) -> None:
    """An empty list, or a row without identity, must not be counted as few guests."""
    assert parse_resources(rows).complete is False


@pytest.mark.parametrize("rows", [[{"type": "qemu"}], [{}], [{"type": "cluster"}, {"type": "node"}]])
def test_resources_without_a_readable_row_are_a_decode_failure(rows: list[Any]) -> None:
    """Rows that all lost their identity are an answer we cannot read, not a cluster without guests."""
    with pytest.raises(CollectorError) as caught:
        parse_resources(rows)

    assert caught.value.failure.kind == "decode"


GUEST = {"id": "qemu/1", "type": "qemu", "node": "pve1", "name": "a", "status": "running"}
PLACE = {"id": "storage/pve1/s", "type": "storage", "storage": "s", "node": "pve1", "status": "available", "disk": 5}
NODE = {"id": "node/pve1", "type": "node", "node": "pve1", "status": "online"}


@pytest.mark.parametrize("twice", [GUEST, PLACE, NODE])
def test_a_row_that_comes_twice_is_one(twice: dict[str, Any]) -> None:
    """Of each kind."""
    assert parse_resources([NODE, GUEST, PLACE, dict(twice)]) == parse_resources([NODE, GUEST, PLACE])


def test_rows_that_differ_are_unknown_and_cost_nobody_else() -> None:
    """A guest on two nodes, a node that is both, a storage of two sizes; their neighbours stand, and all are counted."""
    nodes = [NODE, {**NODE, "status": "offline"}, {**NODE, "node": "pve2"}]
    guests = [GUEST, {**GUEST, "node": "pve2"}, {**GUEST, "id": "qemu/2"}]
    found = parse_resources([*nodes, *guests, PLACE, {**PLACE, "disk": 6}, {**PLACE, "storage": "t"}])

    assert {node.name: node.online for node in found.nodes} == {"pve1": None, "pve2": True}
    assert {guest.id: guest.state for guest in found.guests} == {"qemu/1": "unknown", "qemu/2": "running"}
    assert ([storage.name for storage in found.storages], found.complete) == (["t"], True)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"status": "paused"}, "paused"),
        ({"status": "running", "qmpstatus": "paused"}, "paused"),
        ({"status": "running", "qmpstatus": "running"}, "running"),
        ({"status": "running", "qmpstatus": 7}, "running"),
        ({"status": "stopped", "qmpstatus": "paused"}, "stopped"),
        ({"status": ""}, "unknown"),
        ({"status": []}, "unknown"),
    ],
)
def test_a_guests_state_is_qemus_while_its_process_runs(row: dict[str, Any], state: str) -> None:
    """Proxmox writes it into status; qmpstatus beside it says more than running."""
    assert parse_resources([{**GUEST, **row}]).guests[0].state == state


def test_numbers_of_release_7_are_strings() -> None:
    """Every number of the recorded 7.4 answer is text, and reads as the number it is."""
    (guest,) = parse_resources(recorded("pve7")["cluster/resources"]).guests

    assert (guest.id, guest.template, guest.cpu_ratio, guest.memory) == ("qemu/100", False, 0.25, 2147483648)


@pytest.mark.parametrize("value", ["NaN", "1e400", 10**400, -1, "-1", True, [], {}, "", "12x", float("inf")])
def test_hostile_numbers_are_absent(value: Any) -> None:
    """What is no amount becomes no value at all."""
    rows = [{"type": "node", "node": "pve1", "status": "online", "cpu": value, "maxmem": value}]
    (node,) = parse_resources(rows).nodes

    assert (node.cpu_ratio, node.memory) == (None, None)
