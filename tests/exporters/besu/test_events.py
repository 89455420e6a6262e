"""Counters exact by block: validators, votes, permissions, SLA events and gas; each once, whatever happens between probes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.parts import CHECKOUT
from sankofa_exporters.besu.network.snapshot.logs import MAX_LOGS, parse_logs
from sankofa_exporters.besu.network.system.contracts import SLA_EVENTS, ContractWatch, topics_of
from sankofa_exporters.besu.network.system.stream import BlockStream
from sankofa_exporters.besu.rpc.client import Access, RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget

from .labchain import WINDOW, chain
from .test_consensus import ALL, A, B, C, D, header

PERMISSIONS, SLA = "0x" + "aa" * 20, "0x" + "bb" * 20
TOPIC = {name: topic for topic, name in topics_of(()).items()}
ABI = CHECKOUT / "sankofa_observe" / "adapters" / "abi"


def events(found: dict[tuple[str, ...], Any], family: str = "security_events_total") -> dict[str, float]:
    return {key[1]: value for key, value in found.items() if key[0] == f"besu_{family}" and value}


@pytest.mark.parametrize("dialect", ["qbft", "ibft2"])
async def test_validator_voted_in_and_out_is_a_security_event(dialect: str) -> None:
    """Votes are counted as blocks carry them, the change when it decides its first block; the set and the quorum follow."""
    async with chain(dialect=dialect, replicas=1) as lab, lab.watched() as source:
        await lab.seen(source)
        lab.do("join/replica-1")
        lab.do("advance/5")
        joined = await lab.seen(source)
        lab.do("leave/replica-1")
        lab.do("advance/6")
        left = await lab.seen(source)

    assert events(joined) == {"vote_add": 3, "validator_added": 1}
    assert (joined["besu_validators",], joined["besu_quorum_validators",]) == (5, 4)
    assert events(left) == {"vote_add": 3, "validator_added": 1, "vote_drop": 3, "validator_removed": 1}
    assert (left["besu_validators",], left["besu_quorum_validators",]) == (4, 3)


async def test_first_probe_counts_nothing_that_was_before() -> None:
    """A restart begins at the head: what came before is not counted, and the counters exist with zeros."""
    async with chain() as lab, lab.watched() as source:
        lab.do("transactions/5")
        lab.do("advance/1")
        first = await lab.seen(source)
        lab.do("transactions/2")
        lab.do("advance/3")
        second = await lab.seen(source)

    names = ("blocks_total", "transactions_total", "gas_used_total", "skipped_blocks_total")
    assert [first[f"besu_{name}",] for name in names] == [0, 0, 0, 0]
    assert [second[f"besu_{name}",] for name in names] == [3, 2, 42_000, 0]


async def test_gap_between_two_probes_is_read_and_counted() -> None:
    """More blocks than a window and than one probe reads: nothing is lost, the rest comes with the next probes."""
    async with chain() as lab, lab.watched("validator-1", "validator-2") as source:
        await lab.seen(source)
        lab.do("transactions/3")
        lab.do("advance/600")
        counts = [(await lab.seen(source, seconds=20))["besu_blocks_total",] for _ in range(3)]
        found = await lab.seen(source)

    assert (counts[0], counts[-1]) == (512, 600)
    assert (found["besu_transactions_total",], found["besu_skipped_blocks_total",]) == (3, 0)


def test_stream_never_counts_a_height_twice() -> None:
    """A run again, a run that overlaps, another history at the same heights, and a jump."""
    stream = BlockStream()
    stream.begin(header(10, A))
    stream.feed([header(9, D), header(10, A), header(11, B), header(12, C)])
    stream.feed([header(11, B), header(12, C), header(13, D)])
    other = header(13, A, hash=b"\\x07" * 32)
    stream.feed([other, header(14, B, parent_hash=other.hash)])
    stream.feed([header(20, A), header(21, B)])

    assert (stream.blocks, stream.skipped) == (4, 7)
    assert stream.cursor == header(21, B)


def test_stream_sees_who_came_and_went() -> None:
    """One validator exchanged for another is two events; a header without a list is none."""
    stream = BlockStream()
    stream.begin(header(1, A, validators=ALL[:3]))
    stream.feed([header(2, B, validators=(A, B, D)), header(3, A, validators=()), header(4, B, validators=ALL)])

    assert stream.events == {"validator_added": 1, "validator_removed": 1}


async def test_contract_events_are_counted_by_name_with_their_gas() -> None:
    """Permission logs are security events; SLA events are told by name, unknown topics as other; gas is the receipts'."""
    watch = {"permission_contracts": [PERMISSIONS], "sla_contracts": [SLA]}
    async with chain() as lab, lab.watched(**watch) as source:
        lab.do(f"emit/{SLA}/{TOPIC['SettlementFinalized']}")
        lab.do("advance/1")
        first = await lab.seen(source)
        for address, topic in (
            (PERMISSIONS, "0x" + "01" * 32), (SLA, TOPIC["SettlementReported"]), (SLA, TOPIC["SettlementReported"]),
            (SLA, "0x" + "02" * 32), ("0x" + "cc" * 20, TOPIC["SettlementFinalized"]),
        ):  # fmt: skip
            lab.do(f"emit/{address}/{topic}")
        lab.do("advance/2")
        found = await lab.seen(source)
        again = await lab.seen(source)

    assert events(first, "sla_events_total") == {}
    assert first["besu_sla_events_total", "SettlementFinalized"] == 0
    assert events(found, "sla_events_total") == {"SettlementReported": 2, "other": 1}
    assert events(found) == {"permission_changed": 1}
    assert found["besu_sla_gas_used_total",] == 150_000
    assert again["besu_sla_gas_used_total",] == 150_000


async def test_logs_are_asked_in_bounded_ranges_of_a_witness_that_has_them() -> None:
    """Ten blocks at a time, of the node with the newest head: a lagging one would answer with fewer logs and no error."""
    watch = {"sla_contracts": [SLA], "logs_range_blocks": 10}
    async with chain(replicas=1) as lab, lab.watched("replica-1", "validator-1", **watch) as source:
        await lab.seen(source)
        lab.do("node/replica-1/lag")
        for _ in range(25):
            lab.do(f"emit/{SLA}/{TOPIC['SettlementFinalized']}")
            lab.do("advance/1")
        counts = [(await lab.seen(source))["besu_sla_events_total", "SettlementFinalized"] for _ in range(4)]

    assert counts == [10, 20, 25, 25]


async def test_range_that_fails_is_asked_again_and_counted_once() -> None:
    """A receipt that is missing moves no cursor and adds nothing; the collector says decode."""
    async with chain() as lab, lab.watched(sla_contracts=[SLA]) as source:
        await lab.seen(source)
        lab.do(f"emit/{SLA}/{TOPIC['SettlementFinalized']}")
        lab.do("advance/1")
        ((transaction, done),) = lab.network.executed.items()
        lab.network.executed[transaction] = replace(done, gas_used=-1)
        broken = await lab.probe(source)
        lab.network.executed[transaction] = done
        found = await lab.seen(source)

    assert broken.failures["contracts"].kind is Kind.DECODE
    assert (found["besu_sla_events_total", "SettlementFinalized"], found["besu_sla_gas_used_total",]) == (1, 50_000)


def canonical(argument: dict[str, Any]) -> str:
    """A type as it stands in a signature: a struct by its parts."""
    kind: str = argument["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(canonical, argument['components']))}){kind.removeprefix('tuple')}"


def test_event_names_are_those_of_the_contracts() -> None:
    """Every event of both committed ABIs has its signature here, type by type; pauses are watched of any contract."""
    declared = {
        f"{one['name']}({','.join(map(canonical, one['inputs']))})"
        for file in ABI.glob("*.json")
        for one in json.loads(file.read_text())["abi"]
        if one["type"] == "event"
    }

    assert set(SLA_EVENTS) <= declared
    assert {name.partition("(")[0] for name in declared - set(SLA_EVENTS)} == {"Paused", "Unpaused"}


def log(**more: Any) -> dict[str, Any]:
    plain = {
        "address": SLA, "topics": ["0x01"], "blockNumber": "0x5", "logIndex": "0x0", "transactionHash": "0x" + "0a" * 32,
    }  # fmt: skip
    return {**plain, **more}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, Kind.DECODE), ({}, Kind.DECODE), ("0x", Kind.DECODE), ([None], Kind.DECODE), ([{}], Kind.DECODE),
        ([log(blockNumber="0x4")], Kind.DECODE), ([log(blockNumber="0xb")], Kind.DECODE), ([log(blockNumber=5)], Kind.DECODE),
        ([log(topics=None)], Kind.DECODE), ([log(address="0x1")], Kind.DECODE), ([log(logIndex=None)], Kind.DECODE),
        ([log()] * (MAX_LOGS + 1), Kind.LIMIT),
    ],
)  # fmt: skip
def test_logs_that_cannot_be_trusted_are_refused_whole(value: Any, kind: Kind) -> None:
    """A log left out would be an event that never happened: no list, a stranger's block, a missing field, too many."""
    with pytest.raises(CollectorError) as caught:
        parse_logs(value, 5, 10)

    assert caught.value.failure.kind is kind


def test_logs_told_twice_or_taken_back_count_once_or_not() -> None:
    """One log twice in an answer is one; `removed` is none; one without topics has none."""
    found = parse_logs([log(), log(), log(logIndex="0x1", removed=True), log(logIndex="0x2", topics=[])], 5, 10)

    assert [(one.number, one.topic) for one in found] == [(5, "0x01"), (5, "")]


async def test_two_scrapes_at_once_do_not_count_one_range_twice() -> None:
    """Two Prometheus servers may probe at the same moment."""
    import asyncio

    async with chain() as lab, lab.watched(sla_contracts=[SLA]) as source:
        await lab.seen(source)
        lab.do(f"emit/{SLA}/{TOPIC['SettlementFinalized']}")
        lab.do("advance/1")
        await asyncio.gather(*(lab.probe(source) for _ in range(4)))
        found = await lab.seen(source)

    assert (found["besu_sla_events_total", "SettlementFinalized"], found["besu_blocks_total",]) == (1, 1)


async def test_watch_without_contracts_asks_nothing() -> None:
    """No address, no collector, no series."""
    watch = ContractWatch(module=BesuModule())
    assert (watch.addresses, list(watch.samples())) == ([], [])
    client = RpcClient(http=None, access=Access(), body_bytes=1)  # type: ignore[arg-type]
    watch.cursor = 5
    await watch.advance(client, 5, Budget.of(1))  # a head that has not moved needs no call

    assert watch.cursor == 5
    assert WINDOW > 0
