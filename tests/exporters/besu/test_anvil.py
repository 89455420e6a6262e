"""Against a real EVM node: freshness as blocks come and stop, and the latency of its eth_call."""

from __future__ import annotations

import asyncio
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import find_program, need_program
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import Kind
from tests.pace import limit, until

from .recorded import opened, probed, values

pytestmark = pytest.mark.real("anvil")


def start_anvil(processes: Processes, *options: str) -> str:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = processes.start("anvil", [need_program("anvil"), "--port", str(port), *options])
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    processes.wait_until(child, lambda: local.post(url, json=body, timeout=limit(1)).is_success)
    return url


async def test_mining_node_is_up_and_its_head_moves(processes: Processes) -> None:
    """With a block each second the node is up, its head advances, and every probe's calls are counted."""
    url = start_anvil(processes, "--block-time", "1")
    probes = 1
    async with opened(url, calls_per_probe=4, max_head_age_seconds=60) as source:
        second = first = values(await probed(source, seconds=limit(5)))
        while second["besu_head_block",] == first["besu_head_block",]:
            await asyncio.sleep(0.2)
            second, probes = values(report := await probed(source, seconds=limit(5))), probes + 1

    assert (second["besu_up",], second["besu_known",]) == (1, 1)
    assert second["besu_head_block",] > first["besu_head_block",]
    unheard = second["besu_eth_call_not_known_total",]  # by a machine that is busy; the histogram begins anew then
    assert unheard or second["besu_eth_call_duration_seconds",].counts[-1] == 4 * probes
    assert next(key[1] for key in second if key[0] == "besu_chain_info") == "31337"
    # anvil has no peers and no consensus: those families are lost and nothing else, and the probe succeeds.
    lost = ("peers", "validators", "votes", "validator_peers")
    assert {name: failure.kind for name, failure in report.failures.items()} == dict.fromkeys(lost, Kind.PERMISSION)
    assert second["probe_success",] == 1
    assert second["besu_txpool_transactions", "pending"] == 0


async def test_node_that_stops_mining_goes_down_and_then_unknown(processes: Processes) -> None:
    """No new block: down and known. Process killed: unknown."""
    url = start_anvil(processes)
    async with opened(url, max_head_age_seconds=1) as source:
        halted = values(await probed(source))
        while halted["besu_up",]:  # its only block, of the start, grows old
            await asyncio.sleep(0.2)
            halted = values(await probed(source))
        processes.children[0].kill()
        gone = values(await probed(source))

    assert (halted["besu_up",], halted["besu_known",]) == (0, 1)
    assert (gone["besu_up",], gone["besu_known",]) == (0, 0)
    assert gone["collector_error", "head", "refused"] == 1


@pytest.mark.real("promtool")
async def test_exposition_of_a_real_node_passes_promtool(processes: Processes, tmp_path: Path) -> None:
    """Prometheus' own linter has nothing to say about a live probe."""
    url = start_anvil(processes, "--block-time", "1")
    async with opened(url) as source:
        body = encode((await probed(source)).samples).body
    promtool = find_program("promtool")
    assert promtool is not None
    result = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)  # noqa: ASYNC221

    assert (result.returncode, result.stdout + result.stderr) == (0, b"")


REVERTS = "0x60006000fd"  # PUSH1 0 PUSH1 0 REVERT
EMITS = "0x60006000a000"  # an event without topics: PUSH1 0 PUSH1 0 LOG0 STOP


def ask(url: str, method: str, *params: object) -> Any:
    answer = local.post(url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=limit(5))
    return answer.json()["result"]


async def test_contracts_of_a_real_node_are_counted_by_their_receipts(processes: Processes) -> None:
    """Two contracts, one that always fails and one that emits: transactions, reverts, gas and events, as the receipts say."""
    url = start_anvil(processes)
    sender = ask(url, "eth_accounts")[0]
    contracts = {"failing": "0x" + "a1" * 20, "emitting": "0x" + "a2" * 20}
    for name, code in (("failing", REVERTS), ("emitting", EMITS)):
        ask(url, "anvil_setCode", contracts[name], code)
    module = BesuModule(min_witnesses=1, consensus="none", contracts=contracts, max_head_age_seconds=3_600)
    target = BesuTarget(module="m", witnesses={"anvil": url})
    source = open_source(module, target, Bounds())
    try:
        await probed(source)
        for name in ("failing", "failing", "emitting"):
            sent = ask(url, "eth_sendTransaction", {"from": sender, "to": contracts[name], "gas": "0x186a0"})
            until(partial(ask, url, "eth_getTransactionReceipt", sent))  # it answers before the block is there
        head = int(ask(url, "eth_blockNumber"), 16)
        report = await probed(source)
    finally:
        await source.close()
    found = values(report)
    counted = {
        name: [found[f"besu_contract_{what}_total", name] for what in ("transactions", "reverts")] for name in contracts
    }

    assert "executions" not in report.failures
    assert counted == {"failing": [2, 2], "emitting": [1, 0]}
    assert found["besu_contract_events_total", "emitting", "other"] == 1
    assert found["besu_contract_gas_used_total", "failing"] >= 2 * 21_000
    assert found["besu_contract_block",] == head
