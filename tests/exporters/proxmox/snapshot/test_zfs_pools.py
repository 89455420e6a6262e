"""A pool is healthy only down to its last device, and unknown when its devices are."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot.zfs import (
    MAX_POOLS,
    NO_ERRORS,
    Pool,
    PoolDetail,
    parse_pool_detail,
    parse_pools,
)
from tests.exporters.proxmox.recorded import recorded

ROW = parse_pools(recorded()["nodes/pve1/disks/zfs"]).found["tank"]
DETAIL = {"state": "ONLINE", "errors": NO_ERRORS, "children": []}


def detail(*devices: str, errors: str = NO_ERRORS) -> PoolDetail:
    return PoolDetail(devices=devices, errors=errors, device_errors=0, complete=True)


@pytest.mark.parametrize(
    ("health", "found", "healthy"),
    [
        ("ONLINE", detail("ONLINE", "ONLINE", "ONLINE"), True),
        ("ONLINE", detail("ONLINE", "AVAIL", "INUSE"), True),
        ("ONLINE", detail("ONLINE", "DEGRADED"), False),
        ("ONLINE", detail("ONLINE", "ONLINE", "FAULTED"), False),
        ("ONLINE", detail("ONLINE", "REMOVED"), False),
        ("ONLINE", detail("ONLINE", errors="1 data errors, use '-v' for a list"), False),
        ("ONLINE", detail("ONLINE", "PONDERING"), None),
        ("ONLINE", None, None),
        ("DEGRADED", None, False),
        ("FAULTED", detail("ONLINE"), False),
        ("SUSPENDED", None, False),
        ("NEW WORD", detail("ONLINE"), None),
    ],
)
def test_pool_is_healthy_down_to_the_last_device(
    health: str,
    found: PoolDetail | None,
    healthy: bool | None,  # noqa: FBT001 - three states
) -> None:
    """A bad state anywhere is bad; one that we do not know, or no detail, is unknown."""
    row = parse_pools([{"name": "tank", "health": health}]).found["tank"]

    assert Pool(row=row, detail=found).healthy is healthy


def test_detail_finds_the_faulted_disk_under_an_online_root() -> None:
    """The recorded tank: root ONLINE, mirror DEGRADED, a disk FAULTED with its errors; sections have no state."""
    found = parse_pool_detail(recorded()["nodes/pve1/disks/zfs/tank"])
    pool = Pool(row=ROW, detail=found)

    assert sorted(found.devices) == ["AVAIL", "DEGRADED", "FAULTED", *["ONLINE"] * 4]
    assert (pool.healthy, pool.devices_not_online, found.device_errors) == (False, 2, 16)


LEAF = {"name": "sda", "state": "ONLINE", "read": 0, "write": 0, "cksum": 0}
SPARE = {"name": "sdb", "state": "AVAIL"}


@pytest.mark.parametrize(
    ("devices", "judged"),
    [
        ([LEAF], (True, 0, 0)),
        ([LEAF, {"name": "spares", "children": [SPARE]}], (True, 0, 0)),
        ([LEAF | {"read": "3"}], (True, 0, 3)),
        ([], (None, None, None)),
        ([{"name": "mirror-0", "state": "ONLINE", "children": []}], (True, 0, None)),
        ([LEAF, {"name": "sdb", "read": 0, "write": 0, "cksum": 0}], (None, None, 0)),
        ([LEAF | {"state": "FAULTED"}, {"name": "sdb"}], (False, None, None)),
        ([{"name": "sda", "state": "ONLINE"}], (True, 0, None)),
        ([LEAF, LEAF | {"cksum": None}], (True, 0, None)),
        ([LEAF | {"read": "1e308", "write": "1e308"}], (True, 0, None)),
        ([LEAF | {"read": 1.5}], (True, 0, None)),
    ],
)
def test_devices_that_could_not_be_read_prove_nothing(devices: list[Any], judged: tuple[Any, ...]) -> None:
    """(healthy, devices not online, device errors): absent is not good, and not zero; a spare has no counters."""
    pool = Pool(
        row=parse_pools([{"name": "tank", "health": "ONLINE"}]).found["tank"],
        detail=parse_pool_detail({**DETAIL, "children": devices}),
    )

    assert (pool.healthy, pool.devices_not_online, pool.detail and pool.detail.device_errors) == judged


@pytest.mark.parametrize("data", [None, {}, "tank"])
def test_what_is_no_list_of_pools_is_refused(data: Any) -> None:
    """It is not a node without pools."""
    with pytest.raises(CollectorError):
        parse_pools(data)


@pytest.mark.parametrize(
    "row", [{}, {"name": "tank"}, {"health": "ONLINE"}, "tank", {"name": "a", "health": "FAULTED"}]
)
def test_a_pool_that_is_left_out_is_missed(row: Any) -> None:
    """The list is not complete, whatever its other rows are."""
    pools = [{"name": "a", "health": "ONLINE"}, {"name": "b", "health": "ONLINE"}, row]

    assert (parse_pools(pools).complete, "b" in parse_pools(pools).found) == (False, True)


@pytest.mark.parametrize("name", ["../../access", "a/b", "a?b", "", ".", "x" * 200])
def test_a_pool_cannot_lead_to_another_path(name: str) -> None:
    """Names go into the path of the next call."""
    found = parse_pools([{"name": name, "health": "ONLINE"}])

    assert (found.found, found.complete) == ({}, False)


def test_pools_are_bounded() -> None:
    """Each costs a call."""
    with pytest.raises(CollectorError) as caught:
        parse_pools([{"name": f"p{number}", "health": "ONLINE"} for number in range(MAX_POOLS + 1)])

    assert caught.value.failure.kind is Kind.LIMIT


@pytest.mark.parametrize(
    "change",
    [
        {"state": None},
        {"errors": None},
        {"children": None},
        {"children": ["disk"]},
        {"children": [{"name": "m", "state": 7}]},
        {"children": [{"name": "m", "children": "disk"}]},
    ],
)
def test_a_detail_that_lost_a_part_is_refused(change: dict[str, Any]) -> None:
    """A missing word is not a good word."""
    with pytest.raises(CollectorError):
        parse_pool_detail({**DETAIL, **change})


def test_a_deep_or_wide_tree_ends() -> None:
    """Ten thousand levels are neither a crash nor an answer."""
    tree: dict[str, Any] = {"name": "d", "state": "ONLINE"}
    for _ in range(10_000):
        tree = {"name": "d", "state": "ONLINE", "children": [tree]}
    with pytest.raises(CollectorError) as caught:
        parse_pool_detail({**DETAIL, "children": [tree]})

    assert caught.value.failure.kind is Kind.LIMIT
