"""Spoiled answers of both witnesses: no exception, no false up or down, and no family lost that its source still gave."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.model.exposition import encode
from sankofa_exporters.probe.runtime import Report
from tests.exporters.mutation import CASES, HOSTILE, spoiled

from .recorded import API_PORT, TUNNEL, Found, World, constant, document, no_edge, payload, values

TOKEN_FOLDER = Path(tempfile.mkdtemp())
Answers = dict[str, tuple[int, Any]]
# Which families come from which answer; what needs two is lost with either, and is in neither list.
OWN = {
    "/ready": ("tunnel_ready_connections", "tunnel_redundancy_ratio"),
    "/diag/tunnel": ("tunnel_live_connections",),
    "/metrics": ("tunnel_requests_total", "tunnel_request_errors_total", "tunnel_config_version"),
    "/cfd_tunnel": ("tunnel_listed", "tunnel_info", "tunnel_account_status"),
    "/connections": ("tunnel_account_connections", "tunnel_account_edge_sites"),
}


def well() -> Answers:
    """Up by both: four connections, healthy."""
    rows = [{"isConnected": True, "index": 3, "protocol": 1}, {"isConnected": True, "protocol": 1}]
    quic = "".join(f'quic_client_smoothed_rtt{{conn_index="{index}"}} {9 + index}\n' for index in range(4))
    return {
        "/ready": (200, {"status": 200, "readyConnections": 2, "connectorId": "c"}),
        "/diag/tunnel": (200, {"tunnelID": TUNNEL, "connectorID": "c", "connections": rows}),
        "/metrics": (200, payload("old.metrics.txt") + quic),
        "/connections": (200, document("connections.json")),
        "/cfd_tunnel": (200, document("list.json")),
    }


def ill() -> Answers:
    """Down by both: the recorded connector without edge, and an account that knows of no connection."""
    listing = document("list.json")
    listing["result"][0] |= {"status": "down", "conns_active_at": None, "conns_inactive_at": "2026-11-01T10:00:00Z"}
    none = {"success": True, "errors": [], "messages": [], "result": []}
    return {**no_edge("quic"), "/connections": (200, none), "/cfd_tunnel": (200, listing)}


async def probed(answers: Answers) -> Report:
    world = World(folder=TOKEN_FOLDER)
    world.wire.apps[20241] = world.wire.apps[API_PORT] = constant(answers)
    source = world.source(20241)
    try:
        return await world.probe(source)
    finally:
        await source.close()


def probed_values(answers: Answers) -> Found:
    """The probe's values, after what must hold of any probe."""
    report = asyncio.run(probed(answers))
    found = values(report)

    assert (found["tunnel_up",], found["tunnel_known",]) in {(1, 1), (0, 1), (0, 0)}
    assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
    assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
    return found


def kept(found: Found, spoiled_end: str) -> Found:
    """The families whose own answer was left alone."""
    names = {name for end, own in OWN.items() if end != spoiled_end for name in own}
    return {key: value for key, value in found.items() if key[0] in names}


WELL, ILL = probed_values(well()), probed_values(ill())


def test_unspoiled_worlds_are_up_and_down() -> None:
    """The two worlds that are spoiled below, as they are; every family that a spoiled answer may cost is there."""
    assert [(found["tunnel_up",], found["tunnel_known",], found["tunnel_witnesses",]) for found in (WELL, ILL)] == [
        (1, 1, 2),
        (0, 1, 2),
    ]
    assert {key[0] for key in WELL} >= {name for own in OWN.values() for name in own}


@pytest.mark.parametrize("end", ["/ready", "/diag/tunnel", "/cfd_tunnel", "/connections"])
def test_spoiled_json_is_never_a_false_verdict(end: str) -> None:
    """One document spoiled, four left alone: a tunnel that is up is never down, nor one that is down up."""

    @settings(max_examples=CASES // 4)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        for world, wrong, whole in ((well(), (0, 1), WELL), (ill(), (1, 1), ILL)):
            status, body = world[end]
            found = probed_values({**world, end: (status, data.draw(spoiled(body)))})

            assert (found["tunnel_up",], found["tunnel_known",]) != wrong
            assert kept(found, end) == kept(whole, end) or is_foreign(found)

    check()


def is_foreign(found: Found) -> bool:
    """A spoiled /diag may name another tunnel: then nothing at that address is ours."""
    return ("collector_error", "ready 127.0.0.1:20241", "http") in found


@settings(max_examples=CASES)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(["drop", "cut", "nan", "huge", "text"])), min_size=1, max_size=5
    )
)
def test_spoiled_metrics_cost_only_their_families(changes: list[tuple[int, str]]) -> None:
    """Lines dropped, cut, or with hostile values: the verdict does not move, no number is made up."""
    lines = str(well()["/metrics"][1]).splitlines()
    for place, how in changes:
        line = lines[place % len(lines)]
        name = line.rpartition(" ")[0]
        changed = {
            "drop": "",
            "cut": line[: len(line) // 2],
            "nan": f"{name} NaN",
            "huge": f"{name} 1e400",
            "text": '"} evil',
        }
        lines[place % len(lines)] = changed[how]
    found = probed_values({**well(), "/metrics": (200, "\n".join(lines) + "\n")})

    assert (found["tunnel_up",], found["tunnel_known",]) == (1, 1)
    assert kept(found, "/metrics") == kept(WELL, "/metrics")
    numbers = [
        value for key, value in found.items() if key[0] in {"tunnel_requests_total", "tunnel_request_errors_total"}
    ]
    assert all(0 <= value < 1e18 for value in numbers)


@settings(max_examples=CASES)
@given(
    st.dictionaries(
        st.sampled_from(sorted(OWN)),
        st.tuples(st.sampled_from([200, 204, 302, 401, 403, 404, 429, 500, 503]), st.sampled_from(HOSTILE)),
        min_size=1,
    )
)
def test_hostile_answers_are_never_up_nor_down_by_themselves(answers: dict[str, tuple[int, Any]]) -> None:
    """Any endpoint may answer anything with any status; the pair stays one of three, and nothing is unexpected."""
    up = probed_values({**well(), **answers})
    down = probed_values({**ill(), **answers})

    assert (up["tunnel_up",], up["tunnel_known",]) != (0, 1)
    assert (down["tunnel_up",], down["tunnel_known",]) != (1, 1)
