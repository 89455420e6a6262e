"""Against a double of a node: freshness, missing methods, and a latency histogram that lives between probes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.besu.node.families import CALL_BUCKETS, IS_VALIDATOR, NODE_FAMILIES, SYNC_DISTANCE
from sankofa_exporters.besu.rpc.client import Access
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import APIS
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.model.family import Distribution
from tests.exporters.doubles import (
    Answerer,
    Loopback,
    RpcError,
    Seen,
    constant,
    drip,
    flood,
    hang,
    http_bytes,
    loopback,
    reset,
    rpc_node,
)
from tests.pace import limit

from .recorded import HEAD_AT, healthy, opened, probed, recorded_head, values

TRIES = 20

CALL = ("besu_eth_call_duration_seconds",)


def calls(node: Loopback) -> list[Any]:
    """Every JSON-RPC call that arrived, batches opened."""
    bodies = [json.loads(request.body) for request in node.seen]
    return [call for body in bodies for call in (body if isinstance(body, list) else [body])]


def pair(found: dict[tuple[str, ...], Any]) -> tuple[float, float]:
    return found["besu_up",], found["besu_known",]


async def test_healthy_node_gives_the_whole_catalogue() -> None:
    """Up and known, every family of the catalogue, four calls counted, exposition readable."""
    found: dict[tuple[str, ...], Any] = {}
    for _ in range(TRIES):  # a call that a busy machine stretched is not known
        async with loopback(rpc_node(healthy())) as node, opened(node.url, calls_per_probe=4) as source:
            report = await probed(source, seconds=limit(10))
        found = values(report)
        if CALL in found and found[CALL].counts[-1] == 4:
            break
    names = {family.name for family in text_string_to_metric_families(encode(report.samples).body.decode())}

    assert pair(found) == (1, 1)
    assert found["besu_chain_info", "2021", "besu/v26.3.0/linux-x86_64/openjdk-java-21"] == 1
    assert (found["besu_head_block",], found["besu_head_transactions",], found["besu_head_gas_used_ratio",]) == (
        87,
        2,
        0.5,
    )
    assert (found["besu_peers",], found["besu_syncing",], found["besu_gas_price_wei",]) == (3, 0, 1000)
    assert found[CALL].counts[-1] == 4, report.measured.delay
    whole = [family for family in NODE_FAMILIES if family not in {IS_VALIDATOR, SYNC_DISTANCE}]
    assert {family.base for family in whole if family.kind == "counter"} <= names
    assert {family.name for family in whole if family.kind != "counter"} <= names
    assert report.failures == {}


@pytest.mark.parametrize(("age", "verdict"), [(45, (1, 1)), (61, (0, 1)), (-20, (0, 0))])
async def test_verdict_follows_the_age_of_the_head(age: float, verdict: tuple[int, int]) -> None:
    """A halted chain is down and known, though everything else answers; a head from the future is stale, unknown."""
    head = {**recorded_head(), "timestamp": hex(int(time.time() - age))}
    async with loopback(rpc_node({**healthy(), "eth_getBlockByNumber": head})) as node, opened(node.url) as source:
        report = await probed(source)

    assert pair(values(report)) == verdict
    assert ("head" in report.failures) == (verdict[1] == 0)


async def test_age_of_the_head_is_exported() -> None:
    """The collector's age is our clock against the one in the header."""
    methods = {**healthy(), "eth_getBlockByNumber": recorded_head()}
    async with loopback(rpc_node(methods)) as node, opened(node.url) as source:
        found = values(await probed(source, now=lambda: HEAD_AT + 7.0))

    assert found["collector_age_seconds", "head"] == 7


@pytest.mark.parametrize("code", [-32601, -32604])
@pytest.mark.parametrize(
    ("method", "collector", "lost"),
    [("net_peerCount", "peers", "besu_peers"), ("eth_gasPrice", "gas_price", "besu_gas_price_wei"),
     ("eth_syncing", "sync", "besu_syncing"), ("eth_chainId", "chain", "besu_chain_info")],
)  # fmt: skip
async def test_missing_method_costs_its_family_only(method: str, collector: str, lost: str, code: int) -> None:
    """A method that is not there, or whose API is off, loses one family; the probe still succeeds."""
    async with loopback(rpc_node({**healthy(), method: RpcError(code)})) as node, opened(node.url) as source:
        report = await probed(source)
    found = values(report)

    assert {name: failure.kind for name, failure in report.failures.items()} == {collector: Kind.PERMISSION}
    assert (pair(found), found["probe_success",]) == ((1, 1), 1)
    assert lost not in {key[0] for key in found}


async def test_node_without_web3_keeps_its_chain_id() -> None:
    """The client version is a nicety: without it the chain id is still told."""
    methods = {**healthy(), "web3_clientVersion": RpcError(-32604)}
    async with loopback(rpc_node(methods)) as node, opened(node.url) as source:
        assert values(await probed(source))["besu_chain_info", "2021", ""] == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (constant(b"<html>login</html>"), Kind.DECODE),
        (constant(b"{}"), Kind.DECODE),
        (constant(b"[]"), Kind.DECODE),
        (constant(b'{"jsonrpc":"2.0","id":"other","result":{"number":"0x1","timestamp":"0x1"}}'), Kind.DECODE),
        (constant(b"{}", status="401 Unauthorized"), Kind.AUTH),
        (constant(b"{}", status="403 Forbidden"), Kind.PERMISSION),
        (constant(b'{"error":{"code":-40100}}', status="401 Unauthorized"), Kind.AUTH),
        (constant(b'{"error":{"code":-32005}}', status="400 Bad Request"), Kind.LIMIT),
        (constant(b"no", status="502 Bad Gateway"), Kind.HTTP),
        (constant(b"", status="307 Temporary Redirect", headers={"location": "/"}), Kind.HTTP),
        (flood, Kind.LIMIT),
        (hang, Kind.TIMEOUT),
        (drip, Kind.TIMEOUT),
        (reset, Kind.REFUSED),
    ],
)
async def test_wrong_answers_are_unknown_and_never_down(answer: Answerer, kind: Kind) -> None:
    """Every way of not answering: up 0 with known 0, and the kind of it."""
    async with loopback(answer) as node, opened(node.url) as source:
        report = await probed(source, seconds=0.4 if answer in {hang, drip} else None)

    assert pair(values(report)) == (0, 0)
    assert report.failures["head"].kind is kind


async def test_histogram_accumulates_over_probes_and_failures() -> None:
    """Counts live between probes of one source, and stay visible in a probe whose calls all fail."""
    async with loopback(rpc_node(healthy())) as node, opened(node.url, calls_per_probe=3) as source:
        counts = [values(await probed(source))[CALL].counts[-1] for _ in range(3)]
        source.client.access = Access(url="http://127.0.0.1:1")
        found = values(await probed(source))

    assert counts == [3, 6, 9]
    assert found[CALL].counts[-1] == 9
    assert found["besu_eth_call_errors_total", "refused"] == 3


async def test_timed_out_call_counts_with_the_time_waited() -> None:
    """A call cut off after a second is an observation over the objective, and a timeout; the verdict stays up."""

    async def slow() -> str:
        await asyncio.sleep(30)
        return "0x"

    methods = {**healthy(), "eth_call": slow}
    async with loopback(rpc_node(methods)) as node, opened(node.url, call_timeout_seconds=1) as source:
        found = values(await probed(source))
    observed = found[CALL]

    assert pair(found) == (1, 1)
    assert isinstance(observed, Distribution)
    assert (observed.counts[CALL_BUCKETS.index(0.2)], observed.counts[-1]) == (0, 1)
    assert 1 <= observed.total < limit(3)  # its own end, not the deadline's
    assert found["besu_eth_call_errors_total", "timeout"] == 1


async def test_slow_node_is_measured_and_not_judged() -> None:
    """Calls of a second fall over the objective's bucket; the node is up."""

    async def slow() -> str:
        await asyncio.sleep(1)
        return "0x"

    async with (
        loopback(rpc_node({**healthy(), "eth_call": slow})) as node,
        opened(node.url, calls_per_probe=2) as source,
    ):
        found = values(await probed(source))

    assert pair(found) == (1, 1)
    assert found[CALL].counts[CALL_BUCKETS.index(0.2)] == 0
    assert (found[CALL].counts[-1], found[CALL].total >= 0.6) == (2, True)


async def test_call_is_the_configured_one() -> None:
    """The eth_call that is measured is the module's, against the latest block, one for each of calls_per_probe."""
    call = {"to": "0x" + "ab" * 20, "data": "0x12345678"}
    async with loopback(rpc_node(healthy())) as node, opened(node.url, call=call, calls_per_probe=2) as source:
        await probed(source)
    sent = calls(node)

    assert [one["params"] for one in sent if one["method"] == "eth_call"] == [[call, "latest"]] * 2


async def test_only_reading_methods_are_sent() -> None:
    """The exporter never sends a method that could change anything."""
    async with loopback(rpc_node(healthy())) as node, opened(node.url) as source:
        await probed(source)

    others = {"txpool_status", *(method for api in APIS.values() for method in (api.validators, api.votes))}
    assert {call["method"] for call in calls(node)} == set(healthy()) | others


async def test_probe_is_three_requests_and_learns_what_to_ask() -> None:
    """The head, one batch of what describes, and each eth_call; from the second probe on only one consensus API is asked."""
    async with loopback(rpc_node(healthy())) as node, opened(node.url) as source:
        await probed(source)
        first = len(calls(node))
        await probed(source)

    assert len(node.seen) == 6
    assert (first, len(calls(node)) - first) == (22, 15)


@pytest.mark.parametrize("method", [None, "net_peerCount"])
async def test_node_that_refuses_batches_is_asked_one_by_one(method: str | None) -> None:
    """Without batches nothing is lost but requests; a missing method still costs its own family only."""
    methods = {**healthy(), **({method: RpcError(-32601)} if method else {})}
    async with loopback(rpc_node(methods, batches=False)) as node, opened(node.url) as source:
        report = await probed(source)

    assert set(report.failures) == ({"peers"} if method else set())
    assert values(report)["besu_gas_price_wei",] == 1000
    assert len(node.seen) == 23


async def test_refusal_of_batches_is_remembered_and_one_of_this_moment_is_not() -> None:
    """An error object: no second batch is sent. A 500: the next probe tries again, and goes back to three requests."""
    async with loopback(rpc_node(healthy(), batches=False)) as node, opened(node.url) as source:
        await probed(source)
        await probed(source)
    batches = [request for request in node.seen if request.body.startswith(b"[")]
    failing = [True]

    async def once(request: Seen, writer: asyncio.StreamWriter) -> None:
        if request.body.startswith(b"[") and failing:
            failing.clear()
            writer.write(http_bytes(b"", status="500 Internal Server Error"))
        else:
            await rpc_node(healthy())(request, writer)

    async with loopback(once) as node, opened(node.url) as source:
        first = await probed(source)
        asked = len(node.seen)
        await probed(source)

    assert len(batches) == 1
    assert (first.failures, len(node.seen) - asked) == ({}, 3)


async def test_batch_with_missing_answers_costs_what_is_missing() -> None:
    """A batch cut short, out of order and with a stranger's id: what is there is used, what is not is decode."""

    async def partial(request: Seen, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(request.body)
        if isinstance(asked, list):
            documents = [{"id": call["id"], "result": "0x1"} for call in asked if call["method"] == "eth_gasPrice"]
            writer.write(http_bytes(json.dumps([None, {"id": [], "result": 1}, {"id": True}, *documents]).encode()))
        else:
            await rpc_node(healthy())(request, writer)

    async with loopback(partial) as node, opened(node.url) as source:
        report = await probed(source)

    assert {name: failure.kind for name, failure in report.failures.items()} == dict.fromkeys(
        ("chain", "peers", "sync", "txpool", "validators", "votes", "validator_peers", "periods"), Kind.DECODE
    )
    assert values(report)["besu_gas_price_wei",] == 1
