"""What the heads of a network's witnesses come to: a table, without a chain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sankofa_exporters.besu.network.snapshot.heads import Heads, Sighting
from sankofa_exporters.besu.network.verdict import network_verdict
from sankofa_exporters.besu.node.snapshot import Head
from sankofa_exporters.besu.rpc.client import Access, RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.source import Verdict
from sankofa_exporters.reading.http import open_client
from tests.exporters.doubles import Seen, http_bytes, loopback
from tests.pace import limit

NOW = 1_000_000
UNREAD = Failure(kind=Kind.DECODE, reason="headers of no dialect that we know")


def heads(*ages: int) -> Heads:
    """A witness for each age of a head in seconds, the younger the higher."""
    return Heads(
        believed=tuple(
            Sighting(
                witness=f"node-{index}",
                head=Head(number=NOW - age, timestamp=NOW - age, transactions=0, gas_used_ratio=None),
                chain_id=1,
                block={"hash": f"0x{NOW - age:064x}"},
            )
            for index, age in enumerate(ages)
        ),
        failures={},
    )


@pytest.mark.parametrize(
    ("ages", "required", "verdict"),
    [
        ((1, 1), 2, Verdict.UP),
        ((100, 1), 2, Verdict.UNKNOWN),  # one claims that blocks go on, and nobody could look at its header
        ((1, 100, 100), 2, Verdict.UNKNOWN),
        ((100, 1, 2), 2, Verdict.UP),
        ((100, 100), 2, Verdict.DOWN),
        ((1,), 2, Verdict.UNKNOWN),
        ((1,), 1, Verdict.UP),
        ((100, 1), 1, Verdict.UP),
    ],
)
def test_heads_alone_are_down_only_when_all_of_them_are_old(
    ages: tuple[int, ...], required: int, verdict: Verdict
) -> None:
    """Where no header could be read, a young head below the number required is no proof of either."""
    module = BesuModule(min_witnesses=required, max_head_age_seconds=60)

    assert network_verdict(heads(*ages), UNREAD, now=NOW, module=module) is verdict


async def test_two_answers_to_one_call_that_differ_are_none() -> None:
    """The first and the last would each be a choice; equal ones are one."""

    async def twice(request: Seen, writer: Any) -> None:
        first, second = json.loads(request.body)
        answers = [{"id": first["id"], "result": "0x5"}, {"id": second["id"], "result": "0x1"}]
        answers += [{"id": first["id"], "result": "0x9"}, {"id": second["id"], "result": "0x1"}]
        writer.write(http_bytes(json.dumps(answers).encode()))

    async with loopback(twice) as double, open_client() as http:
        client = RpcClient(http=http, access=Access(url=double.url), body_bytes=10_000)
        peers, head = await client.many([("net_peerCount", []), ("eth_blockNumber", [])], Budget.of(limit(5)))

    assert isinstance(peers, CollectorError)
    assert (peers.failure.kind, head) == (Kind.DECODE, "0x1")
