"""Dialects that the lab's chain does not speak, as networks of two witnesses that tell foreign blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import Kind
from tests.exporters.doubles import Answerer, RpcError, Seen, http_bytes, loopback

from .recorded import probed, values
from .vectors import vector


def teller(blocks: Sequence[dict[str, Any]], more: dict[str, Any] | None = None) -> Answerer:
    """A node that knows these blocks, the last of which is its head, and null for all others."""
    import json

    by_number = {block["number"]: block for block in blocks} | {"latest": blocks[-1]}

    def result(call: dict[str, Any]) -> dict[str, Any]:
        answers = {"eth_chainId": "0x1", **(more or {})}
        if call["method"] == "eth_getBlockByNumber":
            return {"result": by_number.get(call["params"][0])}
        found = answers.get(call["method"], RpcError(-32601))
        return {"error": {"code": found.code}} if isinstance(found, RpcError) else {"result": found}

    async def answer(request: Seen, writer: Any) -> None:
        asked = json.loads(request.body)
        calls = asked if isinstance(asked, list) else [asked]
        documents = [{"jsonrpc": "2.0", "id": call["id"], **result(call)} for call in calls]
        writer.write(http_bytes(json.dumps(documents if isinstance(asked, list) else documents[0]).encode()))

    return answer


NOW = {"besu_present_validators", "besu_fault_margin_validators", "besu_validator_absent"}


@asynccontextmanager
async def told_by_two(one: Answerer, two: Answerer | None = None, **module: Any) -> AsyncIterator[NetworkSource]:
    async with loopback(one) as first, loopback(two or one) as second:
        target = BesuTarget(module="m", witnesses={"first": first.url, "second": second.url})
        source = open_source(BesuModule(**module), target, Bounds())
        assert isinstance(source, NetworkSource)
        try:
            yield source
        finally:
            await source.close()


async def test_quorum_network_of_ibft1_shows_proposers_and_committers_and_no_rounds() -> None:
    """Two real blocks with a validator added between them: the round is not in the header, so no slot is called missed."""
    before, after = vector("ibft1_autonity_38"), vector("ibft1_autonity_39")
    answers = [before]

    async def growing(request: Seen, writer: Any) -> None:
        await teller(answers)(request, writer)

    async with told_by_two(growing) as source:
        await probed(source)
        answers.append(after)
        found = values(await probed(source))
    proposer = after["miner"].lower()

    assert found["besu_consensus_info", "ibft1"] == 1
    assert (found["besu_window_blocks",], found["besu_validators",], found["besu_quorum_validators",]) == (2, 5, 4)
    assert found["besu_distinct_committers",] == 3
    assert not [key for key in found if key[0] in NOW]  # blocks of 2018 show nothing of now
    assert found["besu_validator_proposed_blocks", proposer] == 1
    assert found["besu_security_events_total", "validator_added"] == 1
    assert not [key for key in found if key[0] in {"besu_window_rounds", "besu_validator_missed_proposals"}]


async def test_clique_network_shows_its_signers_and_never_a_fork() -> None:
    """An epoch block lists the signers; Clique has no seals to count, and heads that differ prove nothing."""
    async with told_by_two(teller([vector("clique_rinkeby_30000")])) as source:
        found = values(await probed(source, now=lambda: 1_492_460_450.0))

    assert (found["besu_network_up",], found["besu_network_known",]) == (1, 1)
    assert (found["besu_consensus_info", "clique"], found["besu_validators",], found["besu_window_blocks",]) == (
        1,
        3,
        1,
    )
    assert not [
        key for key in found if key[0] in {"besu_quorum_validators", "besu_distinct_committers", "besu_window_rounds"}
    ]


async def test_chain_that_is_not_bft_keeps_its_heads() -> None:
    """A header of no dialect: consensus is decode and absent, heads and verdict are there."""
    block = {**vector("qbft_london_58866"), "extraData": "0x"}
    async with told_by_two(teller([block])) as source:
        report = await probed(source, now=lambda: int(block["timestamp"], 16) + 5.0)
    found = values(report)

    assert (found["besu_network_up",], found["besu_network_known",]) == (1, 1)
    lost = ("forks", "validators", "consensus", "security", "next_validators")
    assert {name: failure.kind for name, failure in report.failures.items()} == dict.fromkeys(lost, Kind.DECODE)


async def test_unread_heads_that_differ_are_unknown() -> None:
    """Two nodes name different blocks at one height, of a kind that we cannot read: disputed, so unknown."""
    block = {**vector("qbft_london_58866"), "extraData": "0x"}
    other = {**block, "hash": "0x" + "77" * 32}
    async with told_by_two(teller([block]), teller([other])) as source:
        found = values(await probed(source, now=lambda: int(block["timestamp"], 16) + 5.0))

    assert (found["besu_network_up",], found["besu_network_known",]) == (0, 0)


async def test_window_is_as_long_as_its_headers_join() -> None:
    """A node that pruned its past tells one block: a window of one, and nothing attributed that needs a parent."""
    block = vector("qbft_network_7528")
    async with told_by_two(teller([block])) as source:
        found = values(await probed(source))

    assert (found["besu_window_blocks",], found["besu_window_rounds",], found["besu_window_unattributed_rounds",]) == (
        1,
        1,
        1,
    )
    assert {value for key, value in found.items() if key[0] == "besu_validator_missed_proposals"} == {0}
