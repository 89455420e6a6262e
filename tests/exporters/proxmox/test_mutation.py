"""Spoiled payloads: no exception leaves the probe, no false up, and what is written can be read back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.exposition import encode
from sankofa_exporters.failure import CollectorError
from sankofa_exporters.fetch import parse_json
from tests.exporters.mutation import CASES, spoiled

from .recorded import probed, recorded, values


def check(payloads: dict[str, Any]) -> None:
    """The claims that hold for whatever a cluster says."""
    report = asyncio.run(probed(payloads))
    found = values(report)
    up, known = found["pve_up",], found["pve_known",]

    assert (up, known) in {(1, 1), (0, 1), (0, 0)}
    assert known == found["collector_success", "cluster"]
    assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
    assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
    if up:
        assert says_up(payloads["cluster/status"])
    for key, value in found.items():
        if key[0] == "pve_guest_running" and value:
            assert found["pve_guest_known", key[1]] == 1


def says_up(status: Any) -> bool:
    """Written apart from the parser: one row that says quorate, and a node row that says online."""
    heads = [row for row in status if row.get("type") == "cluster"]
    online = [row for row in status if row.get("type") == "node" and row.get("online") in (1, "1", True)]
    return bool(online) and all(head["quorate"] in (1, "1", True) for head in heads)


@settings(max_examples=CASES)
@given(spoiled(recorded()["cluster/status"]))
def test_spoiled_status_is_never_a_false_up(status: Any) -> None:
    """Keys dropped, types changed, rows doubled or cut in cluster/status."""
    check({**recorded(), "cluster/status": status})


@settings(max_examples=CASES)
@given(spoiled(recorded()["cluster/resources"]))
def test_spoiled_resources_leave_the_verdict_alone(resources: Any) -> None:
    """Whatever happens to cluster/resources, the cluster is still known to be up."""
    payloads = {**recorded(), "cluster/resources": resources}
    check(payloads)

    assert values(asyncio.run(probed(payloads)))["pve_up",] == 1


@settings(max_examples=100)
@given(spoiled(recorded()["access/permissions"]), spoiled(recorded()["version"]))
def test_spoiled_rights_and_version_cost_only_themselves(permissions: Any, version: Any) -> None:
    """Odd permissions and versions lose their own families."""
    check({**recorded(), "access/permissions": permissions, "version": version})


@settings(max_examples=100)
@given(st.sampled_from(sorted(recorded())), st.floats(0, 1))
def test_truncated_body_is_a_decode_failure(path: str, share: float) -> None:
    """A body cut short is not JSON, and nothing is read from it."""
    body = json.dumps({"data": recorded()[path]}).encode()
    cut = body[: int(len(body) * share * 0.999)]
    with pytest.raises(CollectorError) as caught:
        parse_json(cut, "here")

    assert caught.value.failure.kind == "decode"
