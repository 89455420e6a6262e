"""A manager's status counts for 30 seconds, by the clock of the node that repeats it."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.proxmox.snapshot.ha import Heartbeat, Service, parse_ha
from tests.exporters.proxmox.recorded import NOW, recorded

QUORUM = {"id": "quorum", "type": "quorum", "node": "pve1", "status": "OK", "quorate": 1}
MASTER = {"id": "master", "type": "master", "node": "pve1", "status": "pve1 (active, now)", "timestamp": NOW}
SERVICE = {"id": "service:vm:1", "type": "service", "sid": "vm:1", "node": "pve1", "state": "started"}


def test_managers_and_services_are_read_in_any_order() -> None:
    """The recorded answer of 9.2, whose services come before its quorum."""
    ha = parse_ha(recorded()["cluster/ha/status/current"], NOW)

    assert ha.master == Heartbeat(node="pve2", timestamp=NOW - 4, state="active", fresh=True)
    assert [(lrm.node, lrm.state, lrm.fresh) for lrm in ha.lrms] == [
        ("pve1", "active", True),
        ("pve2", "maintenance mode", True),
        ("pve3", "old timestamp - dead?", False),
    ]
    assert ha.services[0] == Service(sid="vm:100", node="pve1", state="started", request="started")
    assert (len(ha.services), ha.armed, ha.known, ha.age_seconds) == (6, "armed", True, 4)


@pytest.mark.parametrize(
    ("seconds", "status", "fresh"),
    [
        (0, "pve1 (active, now)", True),
        (30, "pve1 (active, now)", True),
        (31, "pve1 (active, now)", False),
        (-2, "pve1 (active, now)", True),
        (-3, "pve1 (active, now)", False),
        (1, "pve1 (old timestamp - dead?, now)", False),
        (1, "pve1 (detected time drift!, now)", False),
        (1, "pve1", True),
    ],
)
def test_a_beat_is_fresh_for_30_seconds_and_2_ahead(*, seconds: int, status: str, fresh: bool) -> None:
    """By the number and by Proxmox' own words: one that doubts is enough."""
    ha = parse_ha([QUORUM, SERVICE, {**MASTER, "timestamp": NOW - seconds, "status": status}], NOW)

    assert ha.master is not None
    assert (ha.master.fresh, ha.known) == (fresh, fresh)


@pytest.mark.parametrize(
    ("quorate", "rows", "known"),
    [(1, [MASTER, SERVICE], True), (0, [MASTER, SERVICE], False), (1, [SERVICE], False), (1, [], True), (0, [], False)],
)
def test_known_needs_quorum_and_a_manager_where_something_is_managed(
    *, quorate: int, rows: list[Any], known: bool
) -> None:
    """Without services there is nothing that a sleeping manager could be wrong about."""
    assert parse_ha([{**QUORUM, "quorate": quorate}, *rows], NOW).known is known


@pytest.mark.parametrize("at", [None, "", "soon", -1, 10**12, True, "NaN"])
def test_an_unreadable_timestamp_is_not_fresh(at: Any) -> None:
    """Absent (an LRM that cannot be read), or no time at all."""
    ha = parse_ha([QUORUM, {**MASTER, "timestamp": at}, SERVICE], NOW)

    assert ha.master is not None
    assert (ha.master.timestamp, ha.known, ha.age_seconds) == (None, False, 0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        [MASTER],
        [MASTER, SERVICE],
    ],
)
def test_an_answer_without_quorum_is_refused(data: Any) -> None:
    """It is none of HA's."""
    with pytest.raises(CollectorError) as caught:
        parse_ha(data, NOW)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize(
    ("more", "known", "complete"),
    [
        ([QUORUM], True, True),
        ([{**QUORUM, "node": "pve2"}], True, True),
        ([{**QUORUM, "quorate": 0}], False, True),
        ([MASTER], True, True),
        ([{**MASTER, "node": "pve2"}], False, True),
        ([{"type": "lrm", "node": "pve1"}], True, True),
        ([{**SERVICE, "sid": ""}], True, False),
        ([{**SERVICE, "state": None}], True, False),
        ([{**SERVICE, "state": "stopped"}, {**SERVICE, "sid": "vm:2"}], True, False),
        (["row"], True, False),
    ],
)
def test_a_bad_row_costs_itself(*, more: list[Any], known: bool, complete: bool) -> None:
    """The services that can be read stay; one that is missing takes the list's claim to be complete."""
    ha = parse_ha([QUORUM, MASTER, {**SERVICE, "sid": "vm:9"}, SERVICE, *more], NOW)

    assert (ha.known, ha.complete) == (known, complete)
    assert "vm:9" in [service.sid for service in ha.services]


def test_standalone_node_answers_with_its_quorum_alone() -> None:
    """7.4 without HA: no master, no LRM, no service, nothing about arms."""
    ha = parse_ha(recorded("pve7")["cluster/ha/status/current"], NOW)

    assert (ha.known, ha.master, ha.lrms, ha.services, ha.armed) == (True, None, (), (), None)


@pytest.mark.parametrize(
    ("request_state", "requested"),
    [("started", True), ("enabled", True), ("stopped", False), ("disabled", False), ("ignored", None), (None, None)],
)
def test_what_was_asked_for_is_started_or_not_or_nothing(request_state: str | None, requested: bool | None) -> None:  # noqa: FBT001
    """Releases before 6 wrote enabled; ignored, or no configuration at all, asks for nothing."""
    (service,) = parse_ha([QUORUM, {**SERVICE, "request_state": request_state}], NOW).services

    assert service.requested is requested
