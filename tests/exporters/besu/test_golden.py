"""The whole output of nodes and networks, byte for byte, read back by two parsers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sankofa_exporters.besu.families import FAMILIES
from sankofa_exporters.model.catalogue import COLLECTOR_AGE
from sankofa_exporters.model.exposition import render_text
from sankofa_exporters.probe.runtime import Report
from tests.exporters.doubles import RpcError, loopback, rpc_node
from tests.exporters.golden import complaints, names_in, names_of, settled

from .labchain import WINDOW, chain
from .recorded import HEAD_AT, VALIDATORS, healthy, opened, probed, recorded_head
from .test_events import PERMISSIONS, SLA, TOPIC

FOLDER = Path(__file__).parent / "golden"
CLOCKED = {
    "sankofa_probe_duration_seconds",
    "sankofa_probe_delay_seconds",
    "sankofa_collector_duration_seconds",
    "sankofa_probe_upstream_bytes",
    "sankofa_besu_witness_waiting_age_seconds",
}


async def halted_replica() -> Report:
    """Besu 26.3, a replica that stands still for 90 s, for it lacks nine blocks."""
    syncing = {"startingBlock": "0x0", "currentBlock": "0x57", "highestBlock": "0x60"}
    methods = {**healthy(), "eth_getBlockByNumber": recorded_head(), "eth_syncing": syncing}
    async with loopback(rpc_node(methods)) as node, opened(node.url, calls_per_probe=0) as source:
        return await probed(source, now=lambda: HEAD_AT + 90.0)


async def validator_without_admin() -> Report:
    """Besu 26.3 as it comes: a validator that hides ADMIN and TXPOOL."""
    hidden = {
        "admin_peers": RpcError(-32604),
        "admin_nodeInfo": RpcError(-32604),
        "txpool_besuStatistics": RpcError(-32604),
    }
    methods = {**healthy(), **hidden, "eth_getBlockByNumber": recorded_head()}
    async with loopback(rpc_node(methods)) as node, opened(node.url, role="validator", calls_per_probe=0) as source:
        return await probed(source, now=lambda: HEAD_AT + 1.0)


async def old_quorum_node() -> Report:
    """GoQuorum: istanbul_, the pool as geth tells it, a light eye on everything else."""
    methods = {
        **healthy(),
        "eth_getBlockByNumber": recorded_head(),
        "txpool_status": {"pending": "0x7", "queued": "0x1"},
    }
    for method in ("txpool_besuStatistics", "qbft_getValidatorsByBlockNumber", "qbft_getPendingVotes"):
        del methods[method]
    methods |= {"istanbul_getValidators": VALIDATORS, "istanbul_candidates": {}}
    async with loopback(rpc_node(methods)) as node, opened(node.url, calls_per_probe=0) as source:
        return await probed(source, now=lambda: HEAD_AT + 1.0)


async def light_node() -> Report:
    """A light node: the head, and what describes it."""
    methods = {**healthy(), "eth_getBlockByNumber": recorded_head()}
    async with loopback(rpc_node(methods)) as node, opened(node.url, role="light") as source:
        return await probed(source, now=lambda: HEAD_AT + 1.0)


async def network(dialect: str) -> Report:
    """Four validators of which one is crashed, a fifth voted in, a replica that lags, and contracts that are watched."""
    watch = {"permission_contracts": [PERMISSIONS], "sla_contracts": [SLA]}
    async with chain(dialect=dialect, replicas=2) as lab, lab.watched(**watch) as source:
        await lab.probe(source)
        lab.do("node/validator-1/crash")
        lab.do("join/replica-1")
        lab.do(f"emit/{PERMISSIONS}/{TOPIC['SettlementFinalized']}")
        lab.do(f"emit/{SLA}/{TOPIC['SettlementFinalized']}")
        lab.do("transactions/4")
        lab.do(f"advance/{WINDOW // 2}")
        lab.do("node/replica-2/lag")
        lab.do("advance/3")
        return await lab.probe(source)


WORLDS: dict[str, Callable[[], Awaitable[Report]]] = {
    "besu_26.3_replica_halted": halted_replica,
    "besu_26.3_validator": validator_without_admin,
    "quorum_22.4_replica": old_quorum_node,
    "besu_26.3_light": light_node,
    "network_qbft": lambda: network("qbft"),
    "network_ibft2": lambda: network("ibft2"),
}


@pytest.mark.parametrize("world", WORLDS)
async def test_exposition_equals_the_golden_file(world: str) -> None:
    """Without what the wall clock makes different each time; UPDATE_GOLDEN=1 writes the file anew."""
    report = await WORLDS[world]()
    ages = [one for one in report.samples if one.family is COLLECTOR_AGE and one.labels != ("head",)]
    text = render_text(
        [sample for sample in report.samples if sample.family.name not in CLOCKED and sample not in ages]
    )
    golden = FOLDER / f"{world}.prom"
    assert text == settled(golden, text)


def test_golden_files_read_back_and_are_the_whole_catalogue() -> None:
    """client_python's parser reads them, and together they have every family of the catalogue and no other."""
    assert {path.stem for path in FOLDER.iterdir()} == set(WORLDS)
    assert names_in(FOLDER.iterdir(), "sankofa_besu_") == names_of(FAMILIES) - CLOCKED


@pytest.mark.real("promtool")
@pytest.mark.parametrize("world", WORLDS)
def test_golden_file_passes_promtool(world: str) -> None:
    """Prometheus' own linter has nothing to say about the golden file."""
    assert complaints(FOLDER / f"{world}.prom") == ""
